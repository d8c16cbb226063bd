"""Attach: what else is in the basket when a good is, and in whose."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
import polars as pl

from toolkit import wording
from toolkit.answer import Finding, Note
from toolkit.errors import BadValue
from toolkit.language import tr, value, word
from toolkit.models.multiple_tests import benjamini_hochberg
from toolkit.models.pairs import chance_of
from toolkit.models.shares import wilson
from toolkit.portrait.measures.scorecard import chosen_map, current_scorecard
from toolkit.portrait.measures.scores import chain_scores
from toolkit.registry import question
from toolkit.scope.period import Period
from toolkit.scope.view import View
from toolkit.targeting.measures.goods import (
    Good,
    ScopedBaskets,
    find_good,
    good_or_most_bought,
    labels_of,
    opening,
    scoped_baskets,
    window_of,
)
from toolkit.targeting.measures.member_list import listed
from toolkit.targeting.measures.pairs import buyers_of

if TYPE_CHECKING:
    import altair as alt

MOST_GOODS = 50
"""Rows of the table."""
_CHART_GOODS = 15
MORE, LESS, AS_CHANCE = value("more often than by chance"), value("less often than by chance"), value("as by chance")
NON_MEMBERS = value("non-members")
NO_SEGMENT = value("no segment")


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

    Returns
    -------
    Answer
        Table columns: `goods` (the other good), `both_count`, `order_count` (orders with A), `attach_rate` (0..1) with its 95% interval
        `attach_rate_low`, `attach_rate_high` (Wilson), `expected_rate` (by chance), `together_index` (rate over expected), `verdict` (more,
        less or as by chance; at most 5% of the verdicts false). By segment: `segment`, `buyer_count` (members who bought A; null for
        non-members), `order_count`, `both_count`, `attach_rate`, `attach_rate_low`, `attach_rate_high`. With `members`: `member_id`,
        `order_count` (orders with A), `both_count` (with both), `reachable`.

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
    good = good_or_most_bought(view, goods, "targeting.attach")
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
    if few := _too_few(view, period, good, scoped, orders):
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
    said = (
        tr("bought {label} and {other} in one order", label=good.label, other=other.label)
        if asked == "with"
        else tr("bought {label}, but never with {other}", label=good.label, other=other.label)
    )
    return listed(
        view,
        None,
        counted.filter(pl.col("both_count") > 0 if asked == "with" else pl.col("both_count") == 0),
        said,
        period,
        by="both_count" if asked == "with" else "order_count",
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
    enough = candidates.filter(pl.Series(people >= view.settings.scope.minimum_members, dtype=pl.Boolean))
    shown = enough.head(MOST_GOODS)
    names = labels_of(view, good.level, shown["good"].to_list())
    whole = pl.lit(order_count)
    table = shown.select(
        pl.col("good").replace_strict(names, return_dtype=pl.String, default=None).alias("goods"),
        "both_count",
        whole.cast(pl.Int64).alias("order_count"),
        (pl.col("both_count") / whole).alias("attach_rate"),
        wilson(pl.col("both_count"), whole)[0].alias("attach_rate_low"),
        wilson(pl.col("both_count"), whole)[1].alias("attach_rate_high"),
        (pl.col("expected_count") / whole).alias("expected_rate"),
        (pl.col("both_count") / pl.col("expected_count")).alias("together_index"),
        "verdict",
    ).sort("both_count", "goods", descending=[True, False])
    notes: list[str | Note] = [
        tr("A good that is in many orders anyway has a high attach rate with everything: look at the rate expected by chance beside it."),
        tr("An attach rate is no effect: only a test tells whether promoting one good sells the other."),
    ]
    if candidates.height > enough.height:
        least = view.settings.scope.minimum_members
        notes.append(
            tr(
                "Not shown: {goods} that fewer than {least} people bought with it (setting scope.minimum_members).",
                goods=wording.some(candidates.height - enough.height, "good"),
                least=least,
            )
        )
    if not table.height:
        asked = other.label if other else tr("Any other good")
        notes.append(
            Note(
                tr("{asked} is in too few of these orders to speak of: choose a longer period or a larger scope.", asked=asked),
                "NOT MEASURED",
            )
        )
    return Finding(
        headline=_what_else_headline(view, period, good, table, order_count),
        table=table,
        chart=(lambda: _chart(view, period, good, table)) if table.height else None,
        notes=notes,
        ask_next=[("targeting.attach", {"goods": good.label, "by": "segment"}), ("targeting.bought_together", {"goods": good.label})]
        if good.level == "category"
        else [],
        figures={"attach_rate": table["attach_rate"][0]} if table.height else {},
    )


def _what_else_headline(view: View, period: Period, good: Good, table: pl.DataFrame, order_count: int) -> str:
    about = opening(view, period)
    if not table.height:
        return tr(
            "{about}, nothing else stands in enough of the {order_count:,} orders with {label} to speak of.",
            about=about,
            order_count=order_count,
            label=good.label,
        )
    best = max(table.to_dicts(), key=lambda row: (row["verdict"] == MORE, row["both_count"] - row["expected_rate"] * order_count))
    top = table.row(0, named=True)
    said = tr(
        "{about}, {attach_rate} of {order_count:,} orders with {label} hold {goods} too ({attach_rate_low} to "
        "{attach_rate_high}), {verdict} ({expected_rate})",
        about=about,
        attach_rate=wording.share(best["attach_rate"]),
        order_count=order_count,
        label=good.label,
        goods=best["goods"],
        attach_rate_low=wording.share(best["attach_rate_low"]),
        attach_rate_high=wording.share(best["attach_rate_high"]),
        verdict=word(best["verdict"]),
        expected_rate=wording.share(best["expected_rate"]),
    )
    if top["goods"] != best["goods"]:
        said += tr(
            "; most often there is {goods} ({attach_rate}), {verdict}",
            goods=top["goods"],
            attach_rate=wording.share(top["attach_rate"]),
            verdict=word(top["verdict"]),
        )
    return tr("{said}.", said=said)


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
    segments = names.apply(chain_scores(view, card.r_edges)).select(
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
    enough = pl.when(is_other).then("order_count").otherwise("buyer_count") >= view.settings.scope.minimum_members
    hidden = counted.filter(~enough)
    order = pl.DataFrame({"segment": [*names.names, NO_SEGMENT, NON_MEMBERS]})
    table = order.join(counted.filter(enough), on="segment", how="inner", maintain_order="left").select(
        "segment",
        pl.when(~is_other).then("buyer_count").alias("buyer_count"),
        "order_count",
        "both_count",
        (pl.col("both_count") / pl.col("order_count")).alias("attach_rate"),
        wilson(pl.col("both_count"), pl.col("order_count"))[0].alias("attach_rate_low"),
        wilson(pl.col("both_count"), pl.col("order_count"))[1].alias("attach_rate_high"),
    )
    total, both = len(orders), int(with_b[orders].sum())
    notes: list[str | Note] = [
        *card_notes,
        *map_notes,
        tr("Intervals take orders as independent; orders of one member are alike, so they are a little too narrow."),
    ]
    if hidden.height:
        notes.append(
            tr(
                "Not shown: {segments} with fewer than {minimum_members} buyers of {label} (setting scope.minimum_members).",
                segments=wording.some(hidden.height, "segment"),
                minimum_members=view.settings.scope.minimum_members,
                label=good.label,
            )
        )
    return Finding(
        headline=_from_whom_headline(view, period, good, other, table, total, both),
        table=table,
        chart=(lambda: _segment_chart(view, period, good, other, table, both / total)) if table.height else None,
        notes=notes,
        ask_next=[("targeting.attach", {"goods": good.label}), ("targeting.bought_together", {"goods": good.label})]
        if good.level == "category"
        else [],
        figures={"attach_rate": both / total},
    )


def _from_whom_headline(view: View, period: Period, good: Good, other: Good, table: pl.DataFrame, total: int, both: int) -> str:
    said = tr(
        "{about}, {both} of {total:,} orders with {label} hold {other} too",
        about=opening(view, period),
        both=wording.share(both / total),
        total=total,
        label=good.label,
        other=other.label,
    )
    if table.height < 2:
        return said + tr("; segments are too small to compare.")
    rows = table.to_dicts()
    # By the near end of the intervals: a handful of orders may reach any share.
    most, least = max(rows, key=lambda row: row["attach_rate_low"]), min(rows, key=lambda row: row["attach_rate_high"])
    if most["attach_rate_low"] <= least["attach_rate_high"]:
        return tr("{said}; the {segments} segments cannot be told apart.", said=said, segments=table.height)
    return tr(
        "{said}: from {most} {most_rate} (n = {most_orders:,}), from {least} {least_rate} (n = {least_orders:,}).",
        said=said,
        most=word(most["segment"]),
        most_rate=wording.share(most["attach_rate"]),
        most_orders=most["order_count"],
        least=word(least["segment"]),
        least_rate=wording.share(least["attach_rate"]),
        least_orders=least["order_count"],
    )


def _too_few(view: View, period: Period, good: Good, scoped: ScopedBaskets, orders: np.ndarray) -> Finding | None:
    members = scoped.members[orders]
    people = len(np.unique(members[members >= 0])) + int((members < 0).sum())
    least = view.settings.scope.minimum_members
    if people >= least:
        return None
    said = (
        tr("{persons} bought {label}", persons=wording.some(people, "person", "people"), label=good.label)
        if people
        else tr("nobody bought {label}", label=good.label)
    )
    return Finding(
        headline=tr(
            "{about}, {said}: fewer than the {least} that figures may speak of.",
            about=opening(view, period),
            said=said,
            least=least,
        ),
        table=pl.DataFrame(schema={"goods": pl.String, "both_count": pl.Int64, "order_count": pl.Int64, "attach_rate": pl.Float64}),
        notes=[Note(tr("Not measured for so few: choose a longer period, a larger scope or another good."), "NOT MEASURED")],
    )


def _chart(view: View, period: Period, good: Good, table: pl.DataFrame) -> alt.Chart | alt.LayerChart:
    from toolkit.charts.bars import measured_bars

    return measured_bars(
        table.head(_CHART_GOODS),
        label="goods",
        measures={"attach_rate": tr("share of orders"), "expected_rate": tr("by chance")},
        title=tr("What is bought with {label}", label=good.label),
        subtitle=tr("{place}, {period}; n = {orders:,} orders", place=view.place, period=period, orders=table["order_count"][0]),
        value_title=tr("Share of orders with {label}", label=good.label),
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
        title=tr("Who adds {added} to {label}", added=other.label, label=good.label),
        subtitle=tr("{place}, {period}; n = orders", place=view.place, period=period),
        value_title=tr("Attach rate"),
    )
