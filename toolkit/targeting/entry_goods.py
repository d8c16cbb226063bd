"""Entry goods: what a member's first purchase says about how much they are worth later."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import polars as pl

from toolkit import wording
from toolkit.answer import Finding, Note
from toolkit.charts.ranges import ranges
from toolkit.language import tr, value, word
from toolkit.models.first_purchases import later_worth
from toolkit.registry import question
from toolkit.scope.phrases import where
from toolkit.scope.view import View
from toolkit.targeting.measures.first_visits import By, Entrants, entrants, first_goods, first_visits
from toolkit.targeting.measures.goods import labels_of

if TYPE_CHECKING:
    import altair as alt

_SCHEMA = {"good": pl.String, "member_count": pl.Int64, "later_spend": pl.Float64, "worth_index": pl.Float64}
MOST_ROWS = 200
_MUCH = 1.2
_COARSER = {"product": "category", "category": "department"}
_READINGS = MORE, LESS, NO_DIFFERENT = value("worth more"), value("worth less"), value("no different")


@question(
    "targeting",
    "Which first purchase makes a member worth most later?",
    words=(
        "entry goods, gateway products, first category and later spend",
        "which first purchase leads to valuable members",
        "what should a new member buy first",
        "首购 引流 商品 长期价值",
    ),
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

    Returns
    -------
    Answer
        Table columns: `good`; `member_count` (n; goods with fewer than 30 first buyers, or scope.minimum_members if more, are left out);
        `later_spend` and `expected_spend` (currency units a member; expected = of members with a first day of like worth); `worth_index`
        (later / expected, shrunk; 1 = no more than others) with `worth_index_low`, `worth_index_high` (95%); `raw_index` (before
        shrinking); `reading` (`worth more`, `worth less`: the interval leaves out 1 and the test on ranks holds, at most 5% false of those
        called; else `no different`). With `product` also `category`.

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
    least = max(30, view.settings.scope.minimum_members)
    goods = first_goods(view, by).join(members, on="member_code", how="semi")
    found = later_worth(members, goods, least=least) if members.height >= least else None
    if found is None or found.is_empty():
        return _unmeasured(view, new, members.height, least, by)
    table = _table(view, _named(view, found, by))
    follows = {"category": "product", "product": "department", "department": "category"}[by]
    return Finding(
        headline=_headline(view, table, members.height, by),
        table=table.head(MOST_ROWS).drop("id"),
        chart=lambda: _chart(view, table, by),
        notes=_notes(view, new, members.height, goods["good"].n_unique() - table.height, least, table),
        ask_next=[
            ("targeting.path_members", {"entered_with": table["id"][0]}),
            ("targeting.entry_goods", {"by": follows}),
            ("targeting.paths", {}),
        ],
        figures={"new_member_count": float(members.height)},
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


def _named(view: View, found: pl.DataFrame, by: By) -> pl.DataFrame:
    """The goods with their name `good` and the `id` by which they can be asked for; products with their `category` too."""
    if by != "product":
        return found.with_columns(pl.col("good").alias("id"))
    labels = labels_of(view, "product", found["good"].to_list())
    ids = view.workspace.codes("product").select(pl.col("code").alias("good"), "id")
    kinds = view.mart.products.select(pl.col("product_code").alias("good"), "category_code").join(
        view.categories.select("category_code", "category"), on="category_code"
    )
    named = found.join(ids, on="good", how="left", maintain_order="left").join(kinds, on="good", how="left", maintain_order="left")
    return named.with_columns(pl.col("good").replace_strict(labels, return_dtype=pl.String))


def _table(view: View, found: pl.DataFrame) -> pl.DataFrame:
    more = pl.col("is_told") & (pl.col("ratio_low") > 1)
    less = pl.col("is_told") & (pl.col("ratio_high") < 1)
    reading = pl.when(more).then(pl.lit(MORE)).when(less).then(pl.lit(LESS)).otherwise(pl.lit(NO_DIFFERENT))
    return found.select(
        "good",
        *[name for name in ("category",) if name in found.columns],
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


def _headline(view: View, table: pl.DataFrame, n: int, by: By) -> str:
    days = view.settings.sequences.later_days
    best = table.filter(pl.col("reading") == MORE)
    if table.height == 1:
        return tr(
            "{where}, entry goods cannot be compared: {good} is the only {by} with enough first buyers among {new_members}.",
            where=where(view),
            good=table["good"][0],
            by=word(by),
            new_members=wording.some(n, "new member"),
        )
    if best.is_empty():
        return tr(
            "{where}, no first purchase tells later worth: among {new_members}, none of {goods} makes a difference for "
            "the better to the next {days} days beyond chance, once first baskets of like worth are compared.",
            where=where(view),
            new_members=wording.some(n, "new member"),
            goods=_goods(table.height, by),
            days=days,
        )
    first = best.row(0, named=True)
    return tr(
        "{where}, members who start with {good} (n = {members:,}) are worth most later: {later_spend} in the next {days} days, "
        "{times:.2f} times members with a first basket of like worth ({times_low:.2f} to {times_high:.2f}).",
        where=where(view),
        good=first["good"],
        members=first["member_count"],
        later_spend=wording.money(first["later_spend"], view.currency),
        days=days,
        times=first["worth_index"],
        times_low=first["worth_index_low"],
        times_high=first["worth_index_high"],
    )


def _goods(count: int, by: By) -> str:
    """'1 category', '214 products'."""
    if by == "department":
        return wording.some(count, "department")
    return wording.some(count, "category", "categories") if by == "category" else wording.some(count, "product")


def _notes(view: View, new: Entrants, n: int, small: int, least: int, table: pl.DataFrame) -> list[str | Note]:
    days = view.settings.sequences.later_days
    notes: list[str | Note] = [
        Note(
            tr(
                "Members chose their first purchase themselves: whoever starts with a good may be another kind of shopper. "
                "Selling it to others need not make them worth more; only a trial with a control group would tell."
            ),
            "REVIEW",
        ),
        new.note(view),
        tr(
            "n = {new_members} watched for {days} days each; {late:,} came too late for that.",
            new_members=wording.some(n, "new member"),
            days=days,
            late=new.members.height - n,
        ),
        tr(
            "The index is shrunk towards 1: of many goods the best is partly lucky, and would fall back next year (regression to the mean)."
        ),
    ]
    apart = (pl.col("raw_index") > _MUCH) | (pl.col("raw_index") < 1 / _MUCH)
    lucky = table.filter((pl.col("reading") == NO_DIFFERENT) & apart).height
    if lucky:
        notes.append(
            tr(
                "{goods} of {tested:,} seem {much:g} times as good or as bad before shrinking, and may still be chance: not "
                "called worth more or less.",
                goods=wording.some(lucky, "good"),
                tested=table.height,
                much=_MUCH,
            )
        )
    if table.height > MOST_ROWS:
        notes.append(tr("The {shown} surest of {goods:,} are shown.", shown=MOST_ROWS, goods=table.height))
    if small > 0:
        notes.append(
            tr(
                "Not shown: {goods} with fewer than {least} first buyers, or with none who spent later.",
                goods=wording.some(small, "good"),
                least=least,
            )
        )
    return notes


def _unmeasured(view: View, new: Entrants, n: int, least: int, by: By) -> Finding:
    days = view.settings.sequences.later_days
    said = tr(
        "no {by} has {least} first buyers among {new_members} who could be watched for {days} days",
        by=word(by),
        least=least,
        new_members=wording.some(n, "new member"),
        days=days,
    )
    return Finding(
        headline=tr("{where}, entry goods are not measured: {said}.", where=where(view), said=said),
        table=pl.DataFrame(schema=_SCHEMA),
        notes=[
            Note(tr("Entry goods: {said}. Choose a larger scope, or a shorter sequences.later_days.", said=said), "NOT MEASURED"),
            new.note(view),
        ],
        ask_next=[("targeting.entry_goods", {"by": coarser})] if (coarser := _COARSER.get(by)) else [],
    )


def _chart(view: View, table: pl.DataFrame, by: str) -> alt.Chart | alt.LayerChart:
    shown = table if table.height <= 16 else pl.concat([table.head(10), table.tail(6)])
    rest = "" if table.height <= 16 else tr("; the first 10 and last 6 of {goods}", goods=table.height)
    return ranges(
        shown,
        label="good",
        value="worth_index",
        low="worth_index_low",
        high="worth_index_high",
        n="member_count",
        kind="index",
        reference=1.0,
        reference_title=tr("as others"),
        title=tr("Later worth by first purchase: {place}", place=view.place),
        value_title=tr("Later spend over that of like members"),
        subtitle=tr(
            "Spend in the {later_days} days after the first day, by {by}{rest}",
            later_days=view.settings.sequences.later_days,
            by=word(by),
            rest=rest,
        ),
    )
