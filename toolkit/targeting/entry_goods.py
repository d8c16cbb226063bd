"""Entry goods: what a member's first purchase says about how much they are worth later."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import polars as pl

from toolkit import columns as c
from toolkit.answer import Finding, Note
from toolkit.charts.ranges import ranges
from toolkit.columns import AnswerTable, Table
from toolkit.language import tr, value
from toolkit.models.first_purchases import later_worth
from toolkit.registry import question
from toolkit.scope.view import View
from toolkit.targeting.measures.first_visits import By, Entrants, entrants, first_goods, first_visits
from toolkit.targeting.measures.goods import labels_of

if TYPE_CHECKING:
    import altair as alt

MOST_ROWS = 200
_MUCH = 1.2
_COARSER = {"product": "category", "category": "department"}
MORE, LESS, NO_DIFFERENT = value("worth more"), value("worth less"), value("no different")

_WORTH = (
    c.members(meaning="n; goods with fewer than 30 first buyers, or scope.minimum_members if more, are left out"),
    c.money("later_spend", "Spend later", "of a member"),
    c.money("expected_spend", "Spend of like members", "of a member with a first day of like worth"),
    c.index("worth_index", "Later worth (1 = as others)", "later over expected, shrunk; 1 = no more than others"),
    c.index("worth_index_low", "Later worth from", "its 95% interval"),
    c.index("worth_index_high", "Later worth to", "its 95% interval"),
    c.index("raw_index", "Before shrinking"),
    c.text(
        "reading",
        "How to read it",
        "worth more, worth less: the interval leaves out 1 and a test on ranks holds, at most 5% false of those called; else no different",
    ),
)
BY_PLACE = c.table("one row per category or department of the first day, surest first", c.text("good"), _WORTH)
BY_PRODUCT = c.table("one row per product of the first day, surest first", c.text("good"), c.text("category"), _WORTH)


@question(
    "targeting",
    "Which first purchase makes a member worth most later?",
    words=(
        "entry goods, gateway products, first category and later spend",
        "which first purchase leads to valuable members",
        "what should a new member buy first",
        "首购 引流 商品 长期价值",
    ),
    tables=(BY_PLACE, BY_PRODUCT),
    figures=(c.members("entrant_count", "Entrants"),),
)
def entry_goods(view: View, *, by: By = "category") -> Finding:
    """Return how much members spend later by what was in their first basket: one row per category, department or product of the first day.

    Later spend is that of the sequences.later_days after the first shopping day, across the chain; a store or region counts the members who
    began there. Since a large first basket holds nearly everything and comes from whoever spends much anyway, each member is compared with
    members whose first day was worth about as much (five bands). The index is drawn towards 1 by as much as chance explains, and a good is
    only called worth more or less where a test says so that reckons with all goods tested together: of thousands of products, hundreds
    would stand out by luck.

    Parameters
    ----------
    by
        `category`, `department` or `product`. A member counts in every one that the first day held. Of products, the 200 surest are shown.

    Notes
    -----
    Empirical Bayes shrinkage: Efron and Morris, JASA 70 (1975), 311-319. Many goods at once: Benjamini and Hochberg, JRSS B 57 (1995),
    289-300. No experiment: members chose their first purchase themselves.

    Example
    -------
    >>> tk.targeting.entry_goods(ws, by="department").table            # doctest: +SKIP
    """
    settings = view.settings.sequences
    new = entrants(view)
    ripe = new.members.filter(pl.col("first_day") <= view.as_of - timedelta(days=settings.later_days))
    members = _worths(view, ripe)
    least, declared = max(30, view.least), BY_PRODUCT if by == "product" else BY_PLACE
    goods = first_goods(view, by).join(members, on="member_code", how="semi")
    worth = later_worth(members, goods, least=least) if members.height >= least else None
    if worth is None or worth.is_empty():
        return _unmeasured(view, declared, new, members.height, least, by)
    frame = _readings(view, _named(view, worth, by))
    ranked = declared.of(frame.drop("id"), view)
    follows = {"category": "product", "product": "department", "department": "category"}[by]
    return Finding(
        headline=_headline(view, ranked, members.height, by),
        table=ranked.cut(ranked.frame.head(MOST_ROWS)),
        chart=lambda: _chart(view, ranked.frame, by),
        notes=_notes(view, new, members.height, goods["good"].n_unique() - ranked.height, least, ranked.frame),
        ask_next=[
            ("targeting.path_members", {"entered_with": frame["id"][0]}),
            ("targeting.entry_goods", {"by": follows}),
            ("targeting.paths", {}),
        ],
        figures={"entrant_count": float(members.height)},
    )


def _worths(view: View, ripe: pl.DataFrame) -> pl.DataFrame:
    """`member_code`, `first_amount` and `later_amount` (minor units) of the members given."""
    worths = view.chainwide("first_worths", _first_worths, "sequences")
    return worths.join(ripe, on="member_code", how="semi", maintain_order="left")


def _first_worths(view: View) -> pl.DataFrame:
    """Of the whole chain, sorted by member_code."""
    first = first_visits(view, "category").select(
        "member_code", pl.col("day_1").alias("first_day"), pl.col("amount_1").alias("first_amount")
    )
    day = pl.col("ordered_at").dt.date()
    last = pl.col("first_day") + pl.duration(days=view.settings.sequences.later_days)
    later = (
        view.orders.join(first.lazy(), on="member_code")
        .filter((day > pl.col("first_day")) & (day <= last))
        .group_by("member_code")
        .agg(pl.col("amount").sum().alias("later_amount"))
        .collect(engine="streaming")
    )
    joined = first.join(later, on="member_code", how="left", maintain_order="left").with_columns(pl.col("later_amount").fill_null(0))
    return joined.select("member_code", "first_amount", "later_amount").sort("member_code")


def _named(view: View, worth: pl.DataFrame, by: By) -> pl.DataFrame:
    """The goods with their name `good` and the `id` by which they can be asked for; products with their `category` too."""
    if by != "product":
        return worth.with_columns(pl.col("good").alias("id"))
    labels = labels_of(view, "product", worth["good"].to_list())
    ids = view.workspace.codes("product").select(pl.col("code").alias("good"), "id")
    kinds = view.mart.products.select(pl.col("product_code").alias("good"), "category_code").join(
        view.categories.select("category_code", "category"), on="category_code"
    )
    named = worth.join(ids, on="good", how="left", maintain_order="left").join(kinds, on="good", how="left", maintain_order="left")
    return named.with_columns(pl.col("good").replace_strict(labels, return_dtype=pl.String))


def _readings(view: View, worth: pl.DataFrame) -> pl.DataFrame:
    more = pl.col("is_told") & (pl.col("ratio_low") > 1)
    less = pl.col("is_told") & (pl.col("ratio_high") < 1)
    reading = pl.when(more).then(pl.lit(MORE)).when(less).then(pl.lit(LESS)).otherwise(pl.lit(NO_DIFFERENT))
    return worth.select(
        "good",
        *[name for name in ("category",) if name in worth.columns],
        "member_count",
        view.major("later_mean").alias("later_spend"),
        view.major("expected_mean").alias("expected_spend"),
        pl.col("ratio_shrunk").alias("worth_index"),
        pl.col("ratio_low").alias("worth_index_low"),
        pl.col("ratio_high").alias("worth_index_high"),
        pl.col("ratio").alias("raw_index"),
        reading.alias("reading"),
        "id",
    ).sort(pl.col("reading") == NO_DIFFERENT, "worth_index_low", "id", descending=[False, True, False])


def _headline(view: View, ranked: AnswerTable, new_count: int, by: By) -> str:
    if ranked.height == 1:
        return view.say(
            "{where}, entry goods cannot be compared: {good} is the only {by:word} with enough first buyers among {new:entrant}.",
            ranked.row(), by=by, new=new_count,
        )  # fmt: skip
    best = ranked.find(reading=MORE)
    if best is None:
        return view.say(
            "{where}, no first purchase tells later worth: among {new:entrant}, none of [is_category?{goods:category|categories}|"
            "[is_product?{goods:product}|{goods:department}]] makes a difference for the better to the next {sequences.later_days} days "
            "beyond chance, once first baskets of like worth are compared.",
            new=new_count, goods=ranked.height, is_category=by == "category", is_product=by == "product",
        )  # fmt: skip
    return view.say(
        "{where}, members who start with {good} (n = {member_count}) are worth most later: {later_spend} in the next "
        "{sequences.later_days} days, {worth_index} times members with a first basket of like worth ({worth_index_low} to "
        "{worth_index_high}).",
        best,
    )


def _notes(view: View, new: Entrants, new_count: int, small: int, least: int, table: pl.DataFrame) -> list[str | Note]:
    notes: list[str | Note] = [
        Note(
            tr(
                "Members chose their first purchase themselves: whoever starts with a good may be another kind of shopper. "
                "Selling it to others need not make them worth more; only a trial with a control group would tell."
            ),
            "REVIEW",
        ),
        new.note(view),
        view.say(
            "n = {new:entrant} watched for {sequences.later_days} days each; {late:few} came too late for that.",
            new=new_count, late=new.members.height - new_count,
        ),
        tr(
            "The index is shrunk towards 1: of many goods the best is partly lucky, and would fall back next year (regression to the mean)."
        ),
    ]  # fmt: skip
    apart = (pl.col("raw_index") > _MUCH) | (pl.col("raw_index") < 1 / _MUCH)
    lucky = table.filter((pl.col("reading") == NO_DIFFERENT) & apart).height
    if lucky:
        notes.append(
            view.say(
                "{lucky:good} of {tested} seem {much:g} times as good or as bad before shrinking, and may still be chance: not called "
                "worth more or less.",
                lucky=lucky, tested=table.height, much=_MUCH,
            )
        )  # fmt: skip
    if table.height > MOST_ROWS:
        notes.append(view.say("The {shown} surest of {goods} are shown.", shown=MOST_ROWS, goods=table.height))
    if small > 0:
        notes.append(
            view.say(
                "Not shown: {small:good} with fewer than {least} first buyers, or with none who spent later.", small=small, least=least
            )
        )
    return notes


def _unmeasured(view: View, declared: Table, new: Entrants, new_count: int, least: int, by: By) -> Finding:
    advice = view.say(
        "Entry goods: no {by:word} has {least} first buyers among {new:few} entrants who could be watched for {sequences.later_days} "
        "days. Choose a larger scope, or a shorter sequences.later_days.",
        by=by, least=least, new=new_count,
    )  # fmt: skip
    return Finding(
        headline=view.say(
            "{where}, entry goods are not measured: no {by:word} has {least} first buyers among {new:few} entrants who could be watched "
            "for {sequences.later_days} days.",
            by=by, least=least, new=new_count,
        ),
        table=declared.empty(),
        notes=[Note(advice, "NOT MEASURED"), new.note(view)],
        ask_next=[("targeting.entry_goods", {"by": coarser})] if (coarser := _COARSER.get(by)) else [],
    )  # fmt: skip


def _chart(view: View, table: pl.DataFrame, by: str) -> alt.Chart | alt.LayerChart:
    is_long = table.height > 16
    return ranges(
        pl.concat([table.head(10), table.tail(6)]) if is_long else table,
        label="good",
        value="worth_index",
        low="worth_index_low",
        high="worth_index_high",
        n="member_count",
        kind="index",
        reference=1.0,
        reference_title=tr("as others"),
        title=view.say("Later worth by first purchase: {place}"),
        value_title=tr("Later spend over that of like members"),
        subtitle=view.say(
            "Spend in the {sequences.later_days} days after the first day, by {by:word}[is_long?; the first 10 and last 6 of {goods:,}]",
            by=by, goods=table.height, is_long=is_long,
        ),
    )  # fmt: skip
