"""Goods that go together: in one basket, and with the same members; two questions, one honest test."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import polars as pl

from toolkit import columns as c
from toolkit.answer import Finding, Note
from toolkit.columns import AnswerTable
from toolkit.language import tr, value
from toolkit.registry import question
from toolkit.scope.period import Period
from toolkit.scope.view import View
from toolkit.targeting.measures.goods import Good, Level, Unit, find_good, level_of_shop, window_of
from toolkit.targeting.measures.pairs import AssociatedPairs, found_pairs, named_pairs, only_with

if TYPE_CHECKING:
    import altair as alt

MOST_PAIRS = 50
"""Rows of the table."""
_CHART_PAIRS = 15
_PLURAL = {"category": value("categories"), "product": value("products")}
_GOODS = (c.text("goods", "Goods"), c.text("goes_with", "Goes with"))
_CHANCE = (
    c.count("expected_count", "By chance", "as many would be by chance", dtype=pl.Float64),
    c.count("extra_count", "Beyond chance", "the difference", dtype=pl.Float64),
    *c.interval(c.index("together_index", "Times as by chance", "observed over expected, 1 = chance; exact")),
)
TOGETHER = c.table(
    "one row per pair of goods in one order",
    _GOODS,
    c.count("both_count", "With both", "orders with both"),
    _CHANCE,
    c.members("buyer_count", "Buyers", "different members who bought both in one order; an order without a member counts as one"),
    c.count("goods_count", "With the first", "orders with it"),
    c.count("goes_with_count", "With the second", "orders with it"),
    few="drop",
    note=False,
)
LIKED = c.table(
    "one row per pair of goods of the same members",
    _GOODS,
    c.members("both_count", "With both", "members who bought both"),
    _CHANCE,
    c.members("buyer_count", "Buyers", "the same"),
    c.members("goods_count", "With the first", "members who bought it"),
    c.members("goes_with_count", "With the second", "members who bought it"),
    few="drop",
    note=False,
)
_FIGURES = (c.count("pair_count", "Pairs"), c.count("tested_pair_count", "Pairs tested"))


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
    tables=TOGETHER,
    figures=_FIGURES,
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
        `category` or `product`; products where the shop's goods have fewer than two categories.
    goods
        Only pairs with this category, product_id or product name.
    rank
        `volume`: most orders beyond chance first. `strength`: most times as often as by chance first (lower limit of the interval).

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
    tables=LIKED,
    figures=_FIGURES,
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
    level, instead = (good.level, []) if good else level_of_shop(view, level)
    period = window_of(view)
    associated = found_pairs(view, period, level, unit)
    associated = only_with(associated, good) if good else associated
    every = (TOGETHER if unit == "order" else LIKED).of(named_pairs(view, associated, level, rank), view)
    by = "extra_count" if rank == "volume" else "together_index_low"
    shown = every.cut(every.frame.head(MOST_PAIRS).sort(by, "goods", "goes_with", descending=[True, False, False]))
    return Finding(
        headline=_headline(view, period, associated, shown, level, good, unit),
        table=shown,
        chart=(lambda: _chart(view, period, shown.frame, unit)) if shown.height else None,
        notes=[*instead, *_notes(view, associated, shown, level, unit)],
        ask_next=[
            *([("targeting.attach", {"goods": shown.frame["goods"][0]})] if shown.height and level == "category" else []),
            (f"targeting.{'liked' if unit == 'order' else 'bought'}_together", {"goods": goods} if goods else {}),
            (f"targeting.{name}", {"rank": "strength" if rank == "volume" else "volume"}),
        ],
        figures={"pair_count": float(associated.pairs.height), "tested_pair_count": float(associated.tested)},
    )


def _headline(
    view: View, period: Period, associated: AssociatedPairs, shown: AnswerTable, level: Level, good: Good | None, unit: Unit
) -> str:
    count = associated.pairs.height
    words = {"window": period, "plural": _PLURAL[level], "of_orders": unit == "order", "n": associated.baskets, "tested": associated.tested}
    if not associated.tested:
        return view.say(
            "{where}, {window:in}, no two {plural:word} are in {goods.minimum_baskets:,} or more of [of_orders?{n:order}|{n:member}]: "
            "too little to tell what goes together.",
            **words,
        )
    if not shown.height and good:
        return view.say(
            "{where}, {window:in}, nothing goes with {label} more often than by chance (n = [of_orders?{n:order}|{n:member}]).",
            label=good.label, **words,
        )  # fmt: skip
    if not shown.height:
        return view.say(
            "{where}, {window:in}, none of {tested:pair} of {plural:word} [of_orders?stand in one basket|are bought by the same members] "
            "more often than by chance (n = [of_orders?{n:order}|{n:member}]).",
            **words,
        )
    best = shown.row()
    words |= {"expected": _counted(best["expected_count"]), "times": _times(best["together_index"])}
    if good:
        return view.say(
            "{where}, {window:in}, [of_products?{count:product}|{count:category|categories}] [is_one?goes|go] with {label} more often than "
            "by chance; first {goods} with {goes_with}: [of_orders?{both_count:order}|{both_count:member}] with both where chance makes "
            "{expected}, {times} times as often ({together_index_low:,.2f} to {together_index_high:,.2f}) (n = "
            "[of_orders?{n:order}|{n:member}]).",
            best, count=count, is_one=count == 1, of_products=level == "product", label=good.label, **words,
        )  # fmt: skip
    return view.say(
        "{where}, {window:in}, {count:,} of {tested:pair} of {plural:word} [of_orders?stand in one basket|are bought by the same members] "
        "more often than by chance; first {goods} with {goes_with}: [of_orders?{both_count:order}|{both_count:member}] with both where "
        "chance makes {expected}, {times} times as often ({together_index_low:,.2f} to {together_index_high:,.2f}) (n = "
        "[of_orders?{n:order}|{n:member}]).",
        best, count=count, **words,
    )  # fmt: skip


def _counted(expected: float) -> str:
    return f"{expected:,.0f}" if expected >= 10 else f"{expected:,.1f}"


def _times(index: float) -> str:
    return f"{index:,.1f}" if index >= 1.95 else f"{index:,.2f}"


def _notes(view: View, associated: AssociatedPairs, shown: AnswerTable, level: Level, unit: Unit) -> list[str | Note]:
    notes: list[str | Note] = [
        view.say(
            "Chance keeps [of_orders?the size of every basket|how many different goods each member buys] and the share of each good in it; "
            "{goods.false_share:.0%} of the pairs called together are false at most. Together is not because of each other: tastes, a "
            "season or a shelf can put two goods into one basket. Only a test tells whether promoting one sells the other.",
            of_orders=unit == "order",
        )
    ]
    if not associated.tested:
        return [*notes, Note(tr("Too few receipts for pairs: choose a longer period, or a larger scope."), "NOT MEASURED")]
    count = associated.pairs.height
    if count > shown.height + shown.few_rows:
        notes.append(view.say("The first {n} of {count} pairs are shown; name `goods` to see the others.", n=shown.height, count=count))
    if shown.few_rows:
        notes.append(
            view.say("Not shown: {few:pair} that fewer than {least} people bought (setting scope.minimum_members).", few=shown.few_rows)
        )
    if associated.left_out:
        notes.append(
            view.say(
                "Left out: {left_out:order} with more than {goods.largest_basket} different {plural:word} (setting goods.largest_basket), "
                "purchases for a trade rather than a household's basket.",
                left_out=associated.left_out,
                plural=_PLURAL[level],
            )
        )
    return notes


def _chart(view: View, period: Period, table: pl.DataFrame, unit: Unit) -> alt.Chart | alt.LayerChart:
    from toolkit.charts.ranges import ranges

    return ranges(
        table.head(_CHART_PAIRS).with_columns(pair=pl.concat_str("goods", pl.lit(" + "), "goes_with")),
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
        subtitle=view.say(
            "{place}, {period}; n = [of_orders?orders with both|members with both]", period=period, of_orders=unit == "order"
        ),
        value_title=tr("Times as often as by chance"),
    )
