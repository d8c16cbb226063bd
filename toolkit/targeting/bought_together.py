"""Goods that go together: in one basket, and with the same members; two questions, one honest test."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import polars as pl

from toolkit import wording
from toolkit.answer import Finding, Note
from toolkit.language import tr, trn, value, word
from toolkit.registry import question
from toolkit.scope.period import Period
from toolkit.scope.view import View
from toolkit.targeting.measures.goods import Good, Level, Unit, find_good, opening, window_of
from toolkit.targeting.measures.pairs import Found, found_pairs, only_with, shown_pairs

if TYPE_CHECKING:
    import altair as alt

MOST_PAIRS = 50
"""Rows of the table."""
_CHART_PAIRS = 15
_PLURAL = {"category": value("categories"), "product": value("products")}


@question(
    "targeting",
    "Which goods are bought together?",
    words=(
        "goods in the same basket, basket analysis, association rules",
        "what goes with what, cross-selling, bundles, market basket",
        "product pairs, category pairs, lift, affinity",
        "连带 关联购买 购物篮分析",
        "哪些商品经常一起买",
    ),
)
def bought_together(
    view: View, *, level: Level = "category", goods: str | None = None, rank: Literal["volume", "strength"] = "volume"
) -> Finding:
    """Return the pairs of goods that stand in one order more often than chance would put them: one row per pair.

    Chance keeps the size of every basket and how often each good is bought in baskets of that size: a large basket holds many goods, so any
    two meet in it. A pair is shown when so many orders with both are unlikely by chance, with at most 5% false ones among all pairs
    shown (settings goods.false_share), all possible pairs counted as tests. Orders are those of the past year (goods.window_days), members
    and others, unless a period is given.

    Parameters
    ----------
    level
        `category` or `product`.
    goods
        Only pairs with this category, product_id or product name.
    rank
        `volume`: most orders beyond chance first. `strength`: most times as often as by chance first (lower limit of the interval).

    Returns
    -------
    Answer
        Table columns: `goods`, `goes_with`; `both_count` (orders with both), `expected_count` (orders, by chance), `extra_count` (the
        difference); `together_index` (observed over expected, 1 = chance) with its exact 95% interval `together_index_low`,
        `together_index_high`; `buyer_count` (different members who bought both in one order; an order without a member counts as one);
        `goods_count`, `goes_with_count` (orders with each).

    Raises
    ------
    UnknownName, BadValue
        There is no such good, or several products have the name.

    Notes
    -----
    One-sided Poisson test on the expected count over classes of basket size, Benjamini-Hochberg: DEFINITIONS.md section 2, bought together;
    `toolkit.models.pairs`.

    Example
    -------
    >>> tk.targeting.bought_together(ws, goods="BREAD").table           # doctest: +SKIP
    """
    return _together(view, level, goods, rank, "order")


@question(
    "targeting",
    "Which goods do the same members like?",
    words=(
        "goods bought by the same members, on whichever visit",
        "members who buy this also buy that",
        "taste pairs, recommend a category to members who like another",
        "liked together, same customers",
        "同一会员 喜好关联",
    ),
)
def liked_together(
    view: View, *, level: Level = "category", goods: str | None = None, rank: Literal["volume", "strength"] = "volume"
) -> Finding:
    """Return the pairs of goods that the same members buy more often than chance would have it, on whichever visit: one row per pair.

    The same test as for one basket, with everything a member bought in the window as the basket: chance keeps how many different goods each
    member buys, and how often each good is bought by members who buy so many. So a member who buys everything tells nothing of a pair.

    Parameters
    ----------
    level, goods, rank
        As for `bought_together`, with members in place of orders.

    Returns
    -------
    Answer
        Table columns as those of `bought_together`; `both_count` are members who bought both, `buyer_count` is the same, `goods_count` and
        `goes_with_count` are members with each.

    Raises
    ------
    UnknownName, BadValue
        As for `bought_together`.

    Notes
    -----
    Goods that replace each other may well be liked by the same members; `decision_tree` tells more. Source: DEFINITIONS.md section 2.

    Example
    -------
    >>> tk.targeting.liked_together(ws, rank="strength").table          # doctest: +SKIP
    """
    return _together(view, level, goods, rank, "member")


def _together(view: View, level: Level, goods: str | None, rank: str, unit: Unit) -> Finding:
    name = "bought_together" if unit == "order" else "liked_together"
    good = find_good(view, goods, f"targeting.{name}") if goods else None
    level = good.level if good else level
    period = window_of(view)
    found = found_pairs(view, period, level, unit)
    found = only_with(found, good) if good else found
    table, suppressed = shown_pairs(view, found, level, rank=rank, most=MOST_PAIRS)
    return Finding(
        headline=_headline(view, period, found, table, level, good, unit),
        table=table,
        chart=(lambda: _chart(view, period, table, unit)) if table.height else None,
        notes=_notes(view, found, table, suppressed, level, unit),
        ask_next=[
            *([("targeting.attach", {"goods": table["goods"][0]})] if table.height and level == "category" else []),
            (f"targeting.{'liked' if unit == 'order' else 'bought'}_together", {"goods": goods} if goods else {}),
            (f"targeting.{name}", {"rank": "strength" if rank == "volume" else "volume"}),
        ],
        figures={"pair_count": float(found.pairs.height), "tested_pair_count": float(found.tested)},
    )


def _headline(view: View, period: Period, found: Found, table: pl.DataFrame, level: Level, good: Good | None, unit: Unit) -> str:
    basis = wording.some(found.baskets, unit)
    about, plural = opening(view, period), word(_PLURAL[level])
    together = tr("stand in one basket") if unit == "order" else tr("are bought by the same members")
    if not found.tested:
        least = view.settings.goods.minimum_baskets
        return tr(
            "{about}, no two {plural} are in {least:,} or more of {basis}: too little to tell what goes together.",
            about=about,
            plural=plural,
            least=least,
            basis=basis,
        )
    pairs = wording.some(found.tested, "pair")
    if table.is_empty() and good:
        return tr("{about}, nothing goes with {label} more often than by chance (n = {basis}).", about=about, label=good.label, basis=basis)
    if table.is_empty():
        return tr(
            "{about}, none of {pairs} of {plural} {together} more often than by chance (n = {basis}).",
            about=about,
            pairs=pairs,
            plural=plural,
            together=together,
            basis=basis,
        )
    best = table.row(0, named=True)
    said = tr(
        "{goods} with {goes_with}: {both} with both where chance makes {expected}, {times} as often "
        "({together_index_low:,.2f} to {together_index_high:,.2f})",
        goods=best["goods"],
        goes_with=best["goes_with"],
        both=wording.some(best["both_count"], unit),
        expected=_counted(best["expected_count"]),
        times=_times(best["together_index"]),
        together_index_low=best["together_index_low"],
        together_index_high=best["together_index_high"],
    )
    if good:
        return trn(
            "{about}, {number} goes with {label} more often than by chance; first {said} (n = {basis}).",
            "{about}, {number} go with {label} more often than by chance; first {said} (n = {basis}).",
            found.pairs.height,
            about=about,
            number=wording.some(found.pairs.height, level, _PLURAL[level]),
            label=good.label,
            said=said,
            basis=basis,
        )
    return tr(
        "{about}, {found:,} of {pairs} of {plural} {together} more often than by chance; first {said} (n = {basis}).",
        about=about,
        found=found.pairs.height,
        pairs=pairs,
        plural=plural,
        together=together,
        said=said,
        basis=basis,
    )


def _counted(expected: float) -> str:
    return f"{expected:,.0f}" if expected >= 10 else f"{expected:,.1f}"


def _times(index: float) -> str:
    return tr("{index:,.1f} times", index=index) if index >= 1.95 else tr("{index:,.2f} times", index=index)


def _notes(view: View, found: Found, table: pl.DataFrame, suppressed: int, level: Level, unit: Unit) -> list[str | Note]:
    goods = view.settings.goods
    kept = tr("the size of every basket") if unit == "order" else tr("how many different goods each member buys")
    notes: list[str | Note] = [
        tr(
            "Chance keeps {kept} and the share of each good in it; {false_share:.0%} of the pairs called together are "
            "false at most. Together is not because of each other: tastes, a season or a shelf can put two goods into "
            "one basket. Only a test tells whether promoting one sells the other.",
            kept=kept,
            false_share=goods.false_share,
        )
    ]
    if not found.tested:
        return [*notes, Note(tr("Too few receipts for pairs: choose a longer period, or a larger scope."), "NOT MEASURED")]
    if found.pairs.height > table.height + suppressed:
        notes.append(
            tr(
                "The first {shown:,} of {pairs:,} pairs are shown; name `goods` to see the others.",
                shown=table.height,
                pairs=found.pairs.height,
            )
        )
    if suppressed:
        least = view.settings.scope.minimum_members
        notes.append(
            tr(
                "Not shown: {pairs} that fewer than {least} people bought (setting scope.minimum_members).",
                pairs=wording.some(suppressed, "pair"),
                least=least,
            )
        )
    if found.left_out:
        notes.append(
            tr(
                "Left out: {orders} with more than {largest_basket} different {plural} (setting goods.largest_basket), "
                "purchases for a trade rather than a household's basket.",
                orders=wording.some(found.left_out, "order"),
                largest_basket=goods.largest_basket,
                plural=word(_PLURAL[level]),
            )
        )
    return notes


def _chart(view: View, period: Period, table: pl.DataFrame, unit: Unit) -> alt.Chart | alt.LayerChart:
    from toolkit.charts.ranges import ranges

    place, shown = view.place, table.head(_CHART_PAIRS).with_columns(pair=pl.concat_str("goods", pl.lit(" + "), "goes_with"))
    return ranges(
        shown,
        label="pair",
        value="together_index",
        low="together_index_low",
        high="together_index_high",
        n="both_count",
        reference=1.0,
        reference_title=tr("chance"),
        title=tr("In one basket more often than by chance")
        if unit == "order"
        else tr("Bought by the same members more often than by chance"),
        subtitle=tr("{place}, {period}; n = orders with both", place=place, period=period)
        if unit == "order"
        else tr("{place}, {period}; n = members with both", place=place, period=period),
        value_title=tr("Times as often as by chance"),
    )
