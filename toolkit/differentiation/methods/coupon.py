"""Coupon: one per member, a value from a minimum on, replayed on what the members bought; who redeems is measured where it can be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from toolkit.answer import Finding, Note
from toolkit.charts.bars import ranked_bars
from toolkit.differentiation.measures.amounts import proposed_thresholds, read_amounts, read_budget, read_share, round_amount
from toolkit.differentiation.measures.past import BASIS_POINTS, Past, accounting_notes, contact_cost, reach_bp
from toolkit.differentiation.measures.reckoning import (
    MONEY,
    amount_text,
    best_of,
    in_currency,
    money_columns,
    money_notes,
    nobody,
    outcome,
    reckoned,
    too_dear,
)
from toolkit.differentiation.measures.redeeming import redeem_chances
from toolkit.errors import BadValue
from toolkit.expressions import divide_half_up
from toolkit.language import tr
from toolkit.models.replay import MICRO, response
from toolkit.models.replay_thresholds import chances, replay_coupon
from toolkit.registry import question
from toolkit.scope.phrases import where
from toolkit.scope.view import View
from toolkit.wording import share, some

if TYPE_CHECKING:
    import altair as alt

COUPONS = pl.Schema(
    {
        "value_amount": pl.Float64,
        "minimum_amount": pl.Float64,
        "contact_count": pl.Int64,
        "free_rider_count": pl.Int64,
        "would_redeem_count": pl.Float64,
        "within_reach_count": pl.Int64,
        **MONEY,
    }
)


@question(
    "differentiation",
    "What would a coupon cost us, and who would use it?",
    words=(
        "coupon value and minimum spend, who redeems",
        "money-off voucher for members, break even",
        "how many would use a coupon anyway",
        "优惠券 券 面额 门槛 核销",
        "should we give coupons",
    ),
)
def coupon(
    view: View,
    *,
    value: str | float | list[float] = "",
    minimum: str | float | list[float] = "",
    reach: float = 1.0,
    budget: float | None = None,
) -> Finding:
    """Return coupons of a value from a minimum on, one per member who may be contacted: one row per value and minimum.

    Accounting on the period: who has a basket at or above the minimum anyway is a free rider; within reach are members whose largest basket
    lacks at most setting offers.reach_share of it, and those without a basket in the period, who would come with their usual one. Each
    redeems with their own chance: what past coupons of the shop measured for their level of coupon affinity, else the affinity itself, else
    setting offers.redemption_share.

    Parameters
    ----------
    value, minimum
        Currency units, one or several ("2, 5"), a minimum of 0 = none; empty = proposed from the members' own baskets.
    reach
        Share of the members who may be contacted that the coupon gets to, 0..1.
    budget
        Most that it may cost, in currency units; empty = no limit.

    Returns
    -------
    Answer
        Table columns: `value_amount`, `minimum_amount`; `contact_count` (members who may be contacted), `free_rider_count`,
        `would_redeem_count` (of the free riders, by their chances), `within_reach_count`; and the money columns of
        `differentiation.full_reduction`, contacts in the cost, sales measured against those of all baskets.

    Raises
    ------
    BadValue
        An amount that is none, a value that is not below its minimum, a share out of its range, a budget of nothing.

    Example
    -------
    >>> tk.differentiation.coupon(ws, value=5, minimum=30).headline      # doctest: +SKIP
    """
    spend, past = read_budget(budget, "differentiation.coupon"), Past(view)
    share_bp = read_share(reach, "reach")
    values, minima = read_amounts(value, "value", view), read_amounts(minimum, "minimum", view, zero=True)
    if past.baskets.is_empty():
        return nobody(view, past, tr("coupon"), COUPONS)
    middle = round(past.sales / past.baskets.height)
    minima = minima or proposed_thresholds(past.baskets["amount"], 4)
    values = values or sorted({round_amount(max(minima[len(minima) // 2], middle) * depth) for depth in (0.05, 0.1, 0.15, 0.2)})
    pairs = [(worth, least) for least in minima for worth in values if worth < least or least == 0]
    if not pairs:
        raise BadValue(
            tr(
                "value: {min} is not below the minimum of {max}: the basket would be free. Give a value below the minimum.",
                min=view.money(min(values)),
                max=view.money(max(minima)),
            )
        )
    sent, basis = coupon_members(past, share_bp)
    cells = reckoned(past, pl.concat([replayed_coupon(past, sent, *pair, share_bp) for pair in pairs]))
    best = best_of(view, cells, spend, "minimum", "value")
    return Finding(
        headline=_headline(view, past, cells, best, spend),
        table=_table(view, cells),
        chart=lambda: _chart(view, past, cells),
        notes=_notes(view, past, cells, best, basis, len(values) * len(minima) - len(pairs), reach),
        ask_next=[("differentiation.offers", {}), ("portrait.price_sensitivity", {})],
        figures={"best_net_amount": best["net"] / view.minor_units} if best and best["net"] is not None else {},
    )


def coupon_members(past: Past, share_bp: int = BASIS_POINTS) -> tuple[pl.DataFrame, str | Note]:
    """Return the members as `replay_coupon` takes them, chances times the share that is reached, and where the chances come from."""
    view = past.view
    found, basis = redeem_chances(view)
    largest = past.baskets.group_by("member_code").agg(pl.col("amount").max().alias("largest_amount"), pl.col("amount").sum())
    orders = pl.col("order_count").cast(pl.Int64)
    usual = view.population.select(
        "member_code", pl.when(orders > 0).then(divide_half_up(pl.col("amount"), pl.when(orders > 0).then(orders))).alias("usual_amount")
    )
    sent = past.members.join(largest, on="member_code", how="left", maintain_order="left").join(usual, on="member_code", how="left")
    chance = chances(pl.col("chance") * share_bp / BASIS_POINTS).alias("chance_micro")
    joined = sent.join(found.select("member_code", chance), on="member_code", how="left", maintain_order="left")
    return joined.with_columns(pl.col("amount", "chance_micro").fill_null(0)), basis


def replayed_coupon(past: Past, sent: pl.DataFrame, value: int, minimum: int, share_bp: int = BASIS_POINTS) -> pl.DataFrame:
    """Return one coupon as `reckon` takes it: one row per group of `past`."""
    counted = replay_coupon(sent, value=value, minimum=minimum, reach_bp=reach_bp(past.view), by=past.by)
    contacted = divide_half_up(pl.col("contact_count") * share_bp, pl.lit(BASIS_POINTS, pl.Int64))
    middle = past.sales / max(past.baskets.height, 1)
    depth = response(past.view.settings.offers.response_share, pl.lit(value / max(minimum, middle, 1)))
    return past.with_margin(counted).with_columns(
        contacted.alias("contact_count"),
        depth.alias("response_share"),
        pl.lit(value, pl.Int64).alias("value"),
        pl.lit(minimum, pl.Int64).alias("minimum"),
    )


def _table(view: View, cells: pl.DataFrame) -> pl.DataFrame:
    return cells.select(
        view.major("value").alias("value_amount"),
        view.major("minimum").alias("minimum_amount"),
        "contact_count",
        "free_rider_count",
        (pl.col("redeemer_micro") / MICRO).alias("would_redeem_count"),
        "within_reach_count",
        *money_columns(view),
    ).match_to_schema(COUPONS)


def _called(view: View, row: dict[str, Any]) -> str:
    return tr("{value} off from {minimum}", value=view.money(row["value"]), minimum=view.money(row["minimum"]))


def _headline(view: View, past: Past, cells: pl.DataFrame, best: dict[str, Any] | None, budget: float | None) -> str:
    what = some(cells.height, "coupon")
    if best is None:
        return too_dear(view, cells, budget or 0, what, _called(view, cells.sort("cost", "minimum", "value").row(0, named=True)))
    return tr(
        "{where}, the best of {what}{within_the_budget} is {called}: of {members}, {contacts:,} get it; {free_riders:,} have such a "
        "basket anyway, of whom some {redeemers:,.0f} would use it, and {within_reach:,} are within reach; {outcome}",
        where=where(view),
        what=what,
        within_the_budget=tr(" within the budget") if budget else "",
        called=_called(view, best),
        members=some(past.members.height, "member"),
        contacts=best["contact_count"],
        free_riders=best["free_rider_count"],
        redeemers=best["redeemer_micro"] / MICRO,
        within_reach=best["within_reach_count"],
        outcome=outcome(view, best, tr("those within reach who redeem buy more for it")),
    )


def _notes(
    view: View, past: Past, cells: pl.DataFrame, best: dict[str, Any] | None, basis: str | Note, dropped: int, reach: float
) -> list[str | Note]:
    settings = view.settings.offers
    notes = accounting_notes(
        past,
        tr(
            "of those within reach who redeem, {response_share} buy what they would not have bought, where the coupon is "
            "10% of the basket, in proportion otherwise (setting offers.response_share); within reach: lacks at most "
            "{reach_share} of the minimum (setting offers.reach_share), or had no basket in the period.",
            response_share=share(settings.response_share, 0),
            reach_share=share(settings.reach_share, 0),
        ),
    )
    notes += [basis, contact_cost(view)[1]]
    notes += money_notes(past, cells, best, _called(view, best) if best else "", _name(view))
    if "contactable" in view.members.columns:
        barred = past.members.height - int(past.members["is_contacted"].sum())
        notes.append(tr("{members} who may not be contacted, or of whom the shop does not know, get none.", members=some(barred, "member")))
    if reach < 1:
        notes.append(
            tr(
                "It is taken to get to {reach} of the others; free riders and those within reach are counted among all.",
                reach=share(reach, 0),
            )
        )
    if dropped:
        notes.append(tr("Left out: {coupons} whose value is not below the minimum.", coupons=some(dropped, "coupon")))
    return notes


def _name(view: View) -> pl.Expr:
    name = pl.format("{} off from {}", amount_text("value", view.minor_units), amount_text("minimum", view.minor_units))
    return name.alias("coupon")


def _chart(view: View, past: Past, cells: pl.DataFrame) -> alt.Chart | alt.LayerChart:
    known = past.margin.share is not None
    drawn = cells.select(
        _name(view),
        view.major("net" if known else "cost").alias("value"),
        "within_reach_count",
    )
    what = tr("Expected net") if known else tr("Cost")
    return ranked_bars(
        drawn.head(24), label="coupon", value="value", n="within_reach_count", kind="money", ranked=False,
        value_title=in_currency(what, view), title=tr("Coupons: {place}", place=view.place),
        subtitle=tr("{what} on {baskets}, {period}; n = members within reach", what=what, baskets=some(past.baskets.height, "basket"),
                    period=view.period),
    )  # fmt: skip
