"""Entry goods: what a member's first purchase says about how much they are worth later."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import polars as pl

from toolkit import columns as c
from toolkit.answer import Finding, Note
from toolkit.charts.ranges import ranges
from toolkit.columns import AnswerTable, Table
from toolkit.language import tr, value
from toolkit.models.first_purchases import later_worth
from toolkit.models.strata import WITHIN, in_strata
from toolkit.registry import question
from toolkit.scope.view import View
from toolkit.targeting.measures.first_visits import By, Entrants, entrants, first_goods, first_visits
from toolkit.targeting.measures.goods import labels_of, level_of_shop

if TYPE_CHECKING:
    import altair as alt

MOST_ROWS = 200
_MUCH = 1.2
_COARSER = {"product": "category", "category": "department"}
MORE, LESS, NO_DIFFERENT = value("worth more"), value("worth less"), value("no different")

_WORTH = (
    c.members(meaning="n, first buyers with like members to compare with; goods with fewer than 30 or scope.minimum_members are left out"),
    c.count("like_count", "Like members without it", "same first store, season of joining and worth of the first basket"),
    c.money("later_spend", "Spend later", "of a first buyer; strata weigh as they tell"),
    c.money("expected_spend", "Spend of like members", "of a like member who began without it"),
    c.index("worth_index", "Later worth (1 = as like members)", "later over expected inside strata, shrunk; 1 = no more than like members"),
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
    began there. First buyers of a good are compared with like members who began without it: in the same store and the same month, with a
    first day worth about as much (five bands), as far as there are five such members; else by quarter, then by such a basket, then in the
    same store alone. Otherwise a store that sells a good more and keeps its members better, or December, or large first baskets (which hold
    nearly everything) would make entry goods of goods that are none. The index is drawn towards 1 by as much as chance explains, and a good
    is only called worth more or less where a test says so that reckons with all goods tested together: of thousands of products, hundreds
    would stand out by luck.

    Parameters
    ----------
    by
        `category`, `department` or `product`. A member counts in every one that the first day held. Of products, the 200 surest are shown.

    Notes
    -----
    Strata: Mantel and Haenszel, JNCI 22 (1959), 719-748. Empirical Bayes shrinkage: Efron and Morris, JASA 70 (1975), 311-319. Many goods
    at once: Benjamini and Hochberg, JRSS B 57 (1995), 289-300. No experiment: members chose their first purchase themselves.

    Example
    -------
    >>> tk.targeting.entry_goods(ws, by="department").table            # doctest: +SKIP
    """
    settings = view.settings.sequences
    by, instead = level_of_shop(view, by) if by == "category" else (by, [])
    new = entrants(view)
    ripe = new.members.filter(pl.col("first_day") <= view.as_of - timedelta(days=settings.later_days))
    members = _worths(view, ripe)
    least, declared = max(30, view.least), BY_PRODUCT if by == "product" else BY_PLACE
    goods = first_goods(view, by).join(members, on="member_code", how="semi")
    buyers = goods.group_by("good").len().filter(pl.col("len") >= least)
    if buyers.is_empty():
        found = _unmeasured(view, declared, new, members.height, least, by)
        return replace(found, notes=[*instead, *found.notes])
    strata = in_strata(members)
    worth = later_worth(strata, goods, least=least)
    if worth.is_empty():
        found = _incomparable(view, declared, new, _named(view, buyers, by), members.height, by)
        return replace(found, notes=[*instead, *found.notes])
    frame = _readings(view, _named(view, worth, by))
    ranked = declared.of(frame.drop("id"), view)
    follows = {"category": "product", "product": "department", "department": "category"}[by]
    return Finding(
        headline=_headline(view, ranked, members.height, by),
        table=ranked.cut(ranked.frame.head(MOST_ROWS)),
        chart=lambda: _chart(view, ranked.frame, by),
        notes=[*instead, *_notes(view, new, strata, goods["good"].n_unique() - ranked.height, least, ranked.frame)],
        ask_next=[
            ("targeting.path_members", {"entered_with": frame["id"][0]}),
            ("targeting.entry_goods", {"by": follows}),
            ("targeting.paths", {}),
        ],
        figures={"entrant_count": float(members.height)},
    )


def _worths(view: View, ripe: pl.DataFrame) -> pl.DataFrame:
    """`member_code`, `first_day`, `first_store`, `first_amount` and `later_amount` (minor units) of the members given."""
    worths = view.chainwide("first_worths_by_store", _first_worths, "sequences")
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
    stores = view.workspace.codes("store").select(pl.col("code").alias("store_code"), pl.col("id").alias("first_store"))
    began = (  # of several stores on the first day: the one with most money, ties to the id that sorts first
        view.orders.with_columns(day.alias("first_day"))
        .filter("is_order")
        .join(first.lazy(), on=["member_code", "first_day"], how="semi")
        .group_by("member_code", "store_code")
        .agg(pl.col("amount").sum())
        .join(stores.lazy(), on="store_code", how="left")
        .sort("member_code", "amount", "first_store", descending=[False, True, False])
        .unique("member_code", keep="first", maintain_order=True)
        .select("member_code", "first_store")
        .collect()
    )
    joined = first.join(later, on="member_code", how="left", maintain_order="left").join(began, on="member_code", how="left")
    columns = ("member_code", "first_day", "first_store", "first_amount", pl.col("later_amount").fill_null(0))
    return joined.select(*columns).sort("member_code")


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
        "like_count",
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
    best = ranked.find(reading=MORE)
    if best is None:
        return view.say(
            "{where}, no first purchase tells later worth: among {new:entrant}, none of [is_category?{goods:category|categories}|"
            "[is_product?{goods:product}|{goods:department}]] makes a difference for the better to the next {sequences.later_days} days "
            "beyond chance, once members of the same first store, season and first basket's worth are compared.",
            new=new_count, goods=ranked.height, is_category=by == "category", is_product=by == "product",
        )  # fmt: skip
    return view.say(
        "{where}, members who start with {good} (n = {member_count}) are worth most later: {later_spend} in the next "
        "{sequences.later_days} days, {worth_index} times like members who began without it ({worth_index_low} to {worth_index_high}; "
        "n = {like_count}).",
        best,
    )


def _notes(view: View, new: Entrants, strata: pl.DataFrame, small: int, least: int, table: pl.DataFrame) -> list[str | Note]:
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
            new=strata.height, late=new.members.height - strata.height,
        ),
        _likeness(view, strata),
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
                "Not shown: {small:good} with fewer than {least} first buyers who have like members to compare with, or with none who "
                "spent later.",
                small=small, least=least,
            )
        )  # fmt: skip
    return notes


def _likeness(view: View, strata: pl.DataFrame) -> Note:
    """How alike those are who were compared."""
    counts = dict(strata["within"].value_counts().iter_rows())
    month, quarter, basket, store = (counts.get(within, 0) for within in WITHIN)
    text = view.say(
        "Compared in the same first store[; {month:few} also by month of joining and worth of the first basket][; {quarter:few} "
        "by quarter and basket][; {basket:few} by basket][; {store:few} by nothing more, their stores being small][; {alone:few} "
        "with nobody: alone in their store]. What such a comparison still mixes of months and baskets is taken out as far as their "
        "sums tell it.",
        month=month, quarter=quarter, basket=basket, store=store, alone=counts.get(None, 0),
    )  # fmt: skip
    return Note(text, "REVIEW" if 2 * (month + quarter) < strata.height else None)


def _incomparable(view: View, declared: Table, new: Entrants, buyers: pl.DataFrame, new_count: int, by: By) -> Finding:
    only = buyers["good"][0] if buyers.height == 1 else None
    return Finding(
        headline=view.say(
            "{where}, entry goods cannot be compared: [only?{only} is the only {by:word} with enough first buyers among {new:entrant}|"
            "of {new:entrant}, too few began without the goods that all the others of their store and season began with].",
            only=only, by=by, new=new_count,
        ),
        table=declared.empty(),
        notes=[
            Note(tr("Entry goods: what everybody begins with has nobody to be compared with."), "NOT MEASURED"),
            new.note(view),
        ],
        ask_next=[("targeting.entry_goods", {"by": "product" if by != "product" else "category"})],
    )  # fmt: skip


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
