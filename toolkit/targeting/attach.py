"""Attach: what else is in the basket when a good is, and in whose."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
import polars as pl

from toolkit import columns as c
from toolkit.answer import Finding, Note
from toolkit.columns import AnswerTable
from toolkit.errors import BadValue
from toolkit.language import tr, value, word
from toolkit.models.multiple_tests import benjamini_hochberg
from toolkit.models.pairs import chance_of
from toolkit.models.shares import wilson
from toolkit.portrait.measures.scorecard import chosen_map, current_scorecard
from toolkit.portrait.measures.scores import chain_scores
from toolkit.registry import question
from toolkit.scope.hiding import too_few
from toolkit.scope.period import Period
from toolkit.scope.view import View
from toolkit.targeting.measures.goods import Good, ScopedBaskets, find_good, good_or_most_bought, labels_of, scoped_baskets, window_of
from toolkit.targeting.measures.member_list import listed, member_table
from toolkit.targeting.measures.pairs import buyers_of

if TYPE_CHECKING:
    import altair as alt

MOST_GOODS = 50
"""Rows of the table."""
_CHART_GOODS = 15
MORE, LESS, AS_CHANCE = value("more often than by chance"), value("less often than by chance"), value("as by chance")
NON_MEMBERS = value("non-members")
NO_SEGMENT = value("no segment")
_BOTH = c.count("both_count", "With both", "orders with A and the other")
_ORDERS = c.count("order_count", "Orders", "orders with A")
_RATE = c.interval(c.share("attach_rate", "Attach rate", "of the orders with A, those with both (Wilson)"))
GOODS = c.table(
    "one row per other good",
    c.text("goods", "Goods", "the other good"),
    _BOTH,
    _ORDERS,
    _RATE,
    c.share("expected_rate", "By chance", "what it would be by chance"),
    c.index("together_index", "Times as by chance", "rate over expected"),
    c.text("verdict", "Verdict", "more, less or as by chance; at most 5% of the verdicts false"),
)
SEGMENTS = c.table(
    "one row per segment of buyers",
    c.text("segment", "Segment"),
    c.members("buyer_count", "Buyers", "members who bought A", null="non-members"),
    _ORDERS,
    _BOTH,
    _RATE,
    few="drop",
)
BUYERS = member_table(_ORDERS, _BOTH)
_CANDIDATES = c.table(
    "one row per other good that is in enough orders with A",
    c.count("good", hidden_by=None),
    c.count("both_count"),
    c.number("expected_count"),
    c.text("verdict"),
    c.members("person_count", meaning="different people who bought both in one order"),
    few="drop",
)


@question(
    "targeting",
    "What else do people buy with it, and who does?",
    words=(
        "attach rate, what is bought with a category or product",
        "when they buy this, what else is in the basket",
        "who adds a second good to the basket, attach by segment",
        "probability of buying B given A",
        "连带率 搭配购买",
        "what goes well with coffee",
        "买了这个的人还买什么",
    ),
    tables=(GOODS, SEGMENTS, BUYERS),
    figures=(c.share("attach_rate", "Attach rate"), c.count("members_in_all", "Members in all")),
)
def attach(
    view: View,
    *,
    goods: str = "",
    with_goods: str | None = None,
    by: Literal["goods", "segment"] = "goods",
    members: Literal["with", "without"] | None = None,
) -> Finding:
    """Return how often other goods stand in the orders with a good, against chance: one row per other good, or per segment of buyers.

    The attach rate is the share of orders with A that hold B too, P(B | A). What chance would make of it depends on the size of the orders
    with A: it is the expected count of the test of `bought_together`. Orders are those of the past year (goods.window_days), members and
    others, unless a period is given.

    Parameters
    ----------
    goods
        A: a category, a product_id or a product name; empty = the category in most orders. Other goods are of the same kind, unless
        `with_goods` says otherwise.
    with_goods
        B; of the same kind as A. Empty with `by="segment"`: the good that goes with A in most orders beyond chance.
    by
        `goods`: what else, one row per other good in most orders with A. `segment`: from whom, one row per segment of members (the
        scorecard's map) and one for non-members.
    members
        Lists members instead, for an audience: `with`, who had A and B in one order; `without`, who bought A, but never with B. (Who bought
        A and no B at all: `buyers(goods=A, without=B)`.)

    Raises
    ------
    UnknownName, BadValue
        There is no such good, several products have the name, A and B are of two kinds, or members are asked for without a B.

    Notes
    -----
    Attach has a second meaning, units per order: see `units_per_order`. Source: DEFINITIONS.md section 2; Wilson, JASA 22 (1927), 209-212.

    Example
    -------
    >>> tk.targeting.attach(ws, goods="BREAD", by="segment").table      # doctest: +SKIP
    """
    good = good_or_most_bought(view, goods, "targeting.attach", product=True)
    other = find_good(view, with_goods, "targeting.attach") if with_goods else None
    if other and other.level != good.level:
        raise BadValue(
            tr(
                "targeting.attach: '{label}' is a {level} and '{with_goods}' a {other_level}; two of a kind were needed.",
                label=good.label,
                level=word(good.level),
                with_goods=with_goods,
                other_level=word(other.level),
            )
        )
    if other and other.code == good.code:
        raise BadValue(tr("targeting.attach: goods and with_goods are both '{label}'; two different goods were needed.", label=good.label))
    if members and not other:
        raise BadValue(
            tr(
                "targeting.attach: members='{members}' needs with_goods too: with or without which other {level}?",
                members=members,
                level=word(good.level),
            )
        )
    period = window_of(view)
    scoped = scoped_baskets(view, period, good.level, "order")
    number = np.repeat(np.arange(scoped.baskets.basket_count), scoped.baskets.sizes)
    orders = number[scoped.baskets.good == good.code]
    if members and other:
        return _list(view, period, scoped, good, other, orders, number, members)
    buyers = scoped.members[orders]
    person_count = len(np.unique(buyers[buyers >= 0])) + int((buyers < 0).sum())
    people = view.say("people bought {label}", label=good.label)
    if few := too_few(view, SEGMENTS if by == "segment" else GOODS, person_count, people, window=period):
        return few
    rows = _rates(view, scoped, good, orders, number)
    if by == "segment" and (other or rows.height):
        other = other or _strongest(view, rows)
        return _from_whom(view, period, scoped, good, other, orders, number)
    rows = rows.filter(pl.col("good") == other.code) if other else rows
    return _what_else(view, period, scoped, good, other, rows, len(orders))


def _list(
    view: View, period: Period, scoped: ScopedBaskets, good: Good, other: Good, orders: np.ndarray, number: np.ndarray, asked: str
) -> Finding:
    both = np.isin(orders, number[scoped.baskets.good == other.code])
    bought = pl.DataFrame({"member_code": scoped.members[orders], "both": both}).filter(pl.col("member_code") >= 0)
    counted = bought.group_by(pl.col("member_code").cast(pl.UInt32)).agg(
        pl.len().cast(pl.Int64).alias("order_count"), pl.col("both").sum().cast(pl.Int64).alias("both_count")
    )
    is_with = asked == "with"
    return listed(
        view,
        BUYERS,
        counted.filter(pl.col("both_count") > 0 if is_with else pl.col("both_count") == 0),
        view.say(
            "bought {label}[is_with? and {other} in one order|, but never with {other}]",
            label=good.label,
            other=other.label,
            is_with=is_with,
        ),
        period,
        by="both_count" if is_with else "order_count",
        ask_next=[("targeting.attach", {"goods": good.label, "by": "segment"})] if good.level == "category" else [],
    )


def _rates(view: View, scoped: ScopedBaskets, good: Good, orders: np.ndarray, number: np.ndarray) -> pl.DataFrame:
    """One row per other good in at least one order with A: code `good`, `both_count`, `expected_count`, and the verdict."""
    from scipy.special import gammainc, gammaincc

    with_a = np.zeros(scoped.baskets.basket_count, dtype=bool)
    with_a[orders] = True
    chance = chance_of(scoped.baskets)
    both = np.bincount(scoped.baskets.good[with_a[number]], minlength=scoped.baskets.good_count)
    expected = np.maximum(chance.expected_with(good.code), 1e-12)
    known = np.flatnonzero(chance.good_counts >= view.settings.goods.minimum_baskets)
    known = known[known != good.code]
    many, mean = both[known], expected[known]
    above = np.where(many > 0, gammainc(np.maximum(many, 1), mean), 1.0)  # P(X >= many)
    below = gammaincc(many + 1, mean)  # P(X <= many)
    # Both directions are looked at: twice the tests.
    share = view.settings.goods.false_share
    more = benjamini_hochberg(above, 2 * len(known), share)
    less = benjamini_hochberg(below, 2 * len(known), share)
    verdict = np.where(more, MORE, np.where(less, LESS, AS_CHANCE))
    return pl.DataFrame(
        {"good": known, "both_count": many, "expected_count": mean, "verdict": pl.Series(verdict.astype(object), dtype=pl.String)}
    )


def _what_else(
    view: View, period: Period, scoped: ScopedBaskets, good: Good, other: Good | None, rows: pl.DataFrame, order_count: int
) -> Finding:
    seen = rows.filter(pl.col("both_count") >= view.settings.goods.minimum_both)
    candidates = seen.sort("both_count", "good", descending=[True, False]).head(2 * MOST_GOODS)
    people = buyers_of(scoped, candidates.select(pl.lit(good.code, pl.Int64).alias("first"), pl.col("good").alias("second")))
    enough = _CANDIDATES.of(candidates.with_columns(person_count=people), view)
    first = enough.frame.head(MOST_GOODS)
    names = labels_of(view, good.level, first["good"].to_list())
    whole = pl.lit(order_count)
    low, high = wilson(pl.col("both_count"), whole)
    frame = first.select(
        pl.col("good").replace_strict(names, return_dtype=pl.String, default=None).alias("goods"),
        "both_count",
        whole.alias("order_count"),
        (pl.col("both_count") / whole).alias("attach_rate"),
        low.alias("attach_rate_low"),
        high.alias("attach_rate_high"),
        (pl.col("expected_count") / whole).alias("expected_rate"),
        (pl.col("both_count") / pl.col("expected_count")).alias("together_index"),
        "verdict",
    )
    shown = GOODS.of(frame.sort("both_count", "goods", descending=[True, False]), view)
    notes: list[str | Note] = [
        tr("A good that is in many orders anyway has a high attach rate with everything: look at the rate expected by chance beside it."),
        tr("An attach rate is no effect: only a test tells whether promoting one good sells the other."),
    ]
    if enough.few_rows:
        notes.append(
            view.say(
                "Not shown: {few:good} that fewer than {least} people bought with it (setting scope.minimum_members).",
                few=enough.few_rows,
            )
        )
    if not shown.height:
        advice = view.say(
            "[{asked}|Any other good] is in too few of these orders to speak of: choose a longer period or a larger scope.",
            asked=other.label if other else None,
        )
        notes.append(Note(advice, "NOT MEASURED"))
    return Finding(
        headline=_what_else_headline(view, period, good, shown, order_count),
        table=shown,
        chart=(lambda: _chart(view, period, good, shown.frame)) if shown.height else None,
        notes=notes,
        ask_next=[("targeting.attach", {"goods": good.label, "by": "segment"}), ("targeting.bought_together", {"goods": good.label})]
        if good.level == "category"
        else [],
        figures={"attach_rate": shown.row()["attach_rate"] if shown.height else None},
    )


def _what_else_headline(view: View, period: Period, good: Good, shown: AnswerTable, order_count: int) -> str:
    if not shown.height:
        return view.say(
            "{where}, {window:in}, nothing else stands in enough of the {orders:,} orders with {label} to speak of.",
            window=period, orders=order_count, label=good.label,
        )  # fmt: skip
    best = max(shown.rows(), key=lambda row: (row["verdict"] == MORE, row["both_count"] - row["expected_rate"] * order_count))
    top = shown.row()
    return view.say(
        "{where}, {window:in}, {attach_rate} of {order_count} orders with {label} hold {goods} too ({attach_rate_low} to "
        "{attach_rate_high}), {verdict} ({expected_rate})[; most often there is {top} ({top_rate:share}), {top_verdict:word}].",
        best, window=period, label=good.label, top=top["goods"] if top["goods"] != best["goods"] else None,
        top_rate=top["attach_rate"], top_verdict=top["verdict"],
    )  # fmt: skip


def _strongest(view: View, rows: pl.DataFrame) -> Good:
    first = rows.sort(pl.col("both_count") - pl.col("expected_count"), "good", descending=[True, False]).row(0, named=True)
    return Good("category", first["good"], "")


def _from_whom(
    view: View, period: Period, scoped: ScopedBaskets, good: Good, other: Good, orders: np.ndarray, number: np.ndarray
) -> Finding:
    other = Good(good.level, other.code, labels_of(view, good.level, [other.code])[other.code])
    with_b = np.zeros(scoped.baskets.basket_count, dtype=bool)
    with_b[number[scoped.baskets.good == other.code]] = True
    card, card_notes = current_scorecard(view)
    names, map_notes = chosen_map(view, card, None)
    segments = names.apply(chain_scores(view, card.ruler)).select(
        pl.col("member_code").cast(pl.Int64), pl.col("segment").cast(pl.String).fill_null(NO_SEGMENT)
    )
    bought = pl.DataFrame({"member_code": scoped.members[orders], "both": with_b[orders]})
    of_member = bought.join(segments, on="member_code", how="left").with_columns(
        pl.when(pl.col("member_code") < 0).then(pl.lit(NON_MEMBERS)).otherwise(pl.col("segment").fill_null(NO_SEGMENT)).alias("segment")
    )
    counted = of_member.group_by("segment").agg(
        pl.col("member_code").n_unique().cast(pl.Int64).alias("buyer_count"),
        pl.len().cast(pl.Int64).alias("order_count"),
        pl.col("both").sum().cast(pl.Int64).alias("both_count"),
    )
    is_other = pl.col("segment") == NON_MEMBERS
    order = pl.DataFrame({"segment": [*names.names, NO_SEGMENT, NON_MEMBERS]})
    low, high = wilson(pl.col("both_count"), pl.col("order_count"))
    frame = order.join(counted, on="segment", how="inner", maintain_order="left").with_columns(
        # An order without a member counts as a person where too few are looked for.
        pl.when(is_other).then("order_count").otherwise("buyer_count").alias("buyer_count"),
        (pl.col("both_count") / pl.col("order_count")).alias("attach_rate"),
        low.alias("attach_rate_low"),
        high.alias("attach_rate_high"),
    )
    shown = SEGMENTS.of(frame, view)
    shown = shown.cut(shown.frame.with_columns(pl.when(~is_other).then("buyer_count").alias("buyer_count")))
    rate = float(with_b[orders].mean())
    return Finding(
        headline=_from_whom_headline(view, period, good, other, shown, len(orders), rate),
        table=shown,
        chart=(lambda: _segment_chart(view, period, good, other, shown.frame, rate)) if shown.height else None,
        notes=[
            *card_notes,
            *map_notes,
            tr("Intervals take orders as independent; orders of one member are alike, so they are a little too narrow."),
        ],
        ask_next=[("targeting.attach", {"goods": good.label}), ("targeting.bought_together", {"goods": good.label})]
        if good.level == "category"
        else [],
        figures={"attach_rate": rate},
    )


def _from_whom_headline(view: View, period: Period, good: Good, other: Good, shown: AnswerTable, order_count: int, rate: float) -> str:
    words = {"window": period, "rate": rate, "orders": order_count, "label": good.label, "other": other.label}
    if shown.height < 2:
        return view.say(
            "{where}, {window:in}, {rate:share} of {orders:,} orders with {label} hold {other} too; segments are too small to compare.",
            **words,
        )
    rows = list(shown.rows())
    # By the near end of the intervals: a handful of orders may reach any share.
    most, least = max(rows, key=lambda row: row["attach_rate_low"]), min(rows, key=lambda row: row["attach_rate_high"])
    if most["attach_rate_low"] <= least["attach_rate_high"]:
        return view.say(
            "{where}, {window:in}, {rate:share} of {orders:,} orders with {label} hold {other} too; the {segments} segments cannot be told "
            "apart.",
            segments=shown.height, **words,
        )  # fmt: skip
    return view.say(
        "{where}, {window:in}, {rate:share} of {orders:,} orders with {label} hold {other} too: from {segment} {attach_rate} (n = "
        "{order_count}), from {fewest:word} {fewest_rate:share} (n = {fewest_orders:,}).",
        most, fewest=least["segment"], fewest_rate=least["attach_rate"], fewest_orders=least["order_count"], **words,
    )  # fmt: skip


def _chart(view: View, period: Period, good: Good, table: pl.DataFrame) -> alt.Chart | alt.LayerChart:
    from toolkit.charts.bars import measured_bars

    return measured_bars(
        table.head(_CHART_GOODS),
        label="goods",
        measures={"attach_rate": tr("share of orders"), "expected_rate": tr("by chance")},
        title=view.say("What is bought with {label}", label=good.label),
        subtitle=view.say("{place}, {period}; n = {orders:,} orders", period=period, orders=table["order_count"][0]),
        value_title=view.say("Share of orders with {label}", label=good.label),
    )


def _segment_chart(view: View, period: Period, good: Good, other: Good, table: pl.DataFrame, rate: float) -> alt.Chart | alt.LayerChart:
    from toolkit.charts.ranges import ranges

    return ranges(
        table,
        label="segment",
        value="attach_rate",
        low="attach_rate_low",
        high="attach_rate_high",
        n="order_count",
        kind="share1",
        reference=rate,
        reference_title=tr("all orders"),
        title=view.say("Who adds {added} to {label}", added=other.label, label=good.label),
        subtitle=view.say("{place}, {period}; n = orders", period=period),
        value_title=tr("Attach rate"),
    )
