"""Coupon: one per member, a value from a minimum on, replayed on what the members bought; who redeems is measured where it can be."""

from __future__ import annotations

import polars as pl

from toolkit import columns as c
from toolkit.answer import Finding, Note
from toolkit.differentiation.measures.amounts import proposed_thresholds, read_amounts, read_budget, read_share, round_amount, tenths_off
from toolkit.differentiation.measures.past import BASIS_POINTS, Past, accounting_notes, contact_cost, reach_bp
from toolkit.differentiation.measures.redeeming import redeem_chances
from toolkit.differentiation.methods.method import BEST_NET, MONEY_OF_MEMBERS, Method, answered, money_bars, nothing_to_replay, reckoned
from toolkit.errors import BadValue
from toolkit.expressions import divide_half_up
from toolkit.language import later, tr
from toolkit.ledger.offer import Offer, plain
from toolkit.models.replay import MICRO, response
from toolkit.models.replay_thresholds import chances, replay_coupon
from toolkit.registry import question
from toolkit.scope.view import View


def coupon_members(past: Past, share_bp: int = BASIS_POINTS) -> tuple[pl.DataFrame, str | Note]:
    """Return the members as `replay_coupon` takes them, chances times the share that is reached, and where the chances come from."""
    view = past.view
    redeemers, basis = redeem_chances(view)
    largest = past.baskets.group_by("member_code").agg(pl.col("amount").max().alias("largest_amount"), pl.col("amount").sum())
    orders = pl.col("order_count").cast(pl.Int64)
    usual = view.population.select(
        "member_code", pl.when(orders > 0).then(divide_half_up(pl.col("amount"), pl.when(orders > 0).then(orders))).alias("usual_amount")
    )
    sent = past.members.join(largest, on="member_code", how="left", maintain_order="left").join(usual, on="member_code", how="left")
    chance = chances(pl.col("chance") * share_bp / BASIS_POINTS).alias("chance_micro")
    joined = sent.join(redeemers.select("member_code", chance), on="member_code", how="left", maintain_order="left")
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


def _replay(past: Past, offer: Offer) -> pl.DataFrame:
    return replayed_coupon(past, coupon_members(past)[0], past.minor(offer.value), past.minor(offer.threshold))


def _proposed(past: Past) -> pl.DataFrame:
    pairs, sent = tenths_off(past.baskets["amount"], past.view.settings.offers.grid_thresholds), coupon_members(past)[0]
    return pl.concat([replayed_coupon(past, sent, saving, limit) for limit, saving in pairs]) if pairs else pl.DataFrame()


COUPON = Method(
    table=c.table(
        "one row per value and minimum",
        c.money("value_amount", "Coupon"),
        c.money("minimum_amount", "From"),
        c.members("contact_count", "Contacts", "members who may be contacted"),
        c.members("free_rider_count", "Get it anyway", "members with a basket from the minimum on"),
        c.count(
            "would_redeem_count", "Would redeem", "of the free riders, by their chances", dtype=pl.Float64, hidden_by="free_rider_count"
        ),
        c.members("within_reach_count", "Within reach", "members who lack little of the minimum, or had no basket"),
        *MONEY_OF_MEMBERS,
    ),
    figures=lambda view: [
        view.major("value").alias("value_amount"),
        view.major("minimum").alias("minimum_amount"),
        pl.col("contact_count", "free_rider_count", "within_reach_count"),
        (pl.col("redeemer_micro") / MICRO).alias("would_redeem_count"),
    ],
    keys=("minimum", "value"),
    headline=later(
        "{where}, the best of {n:coupon}[budget? within the budget] is {value_amount} off from {minimum_amount}: of {member_count:member}, "
        "{contact_count} get it; {free_rider_count} have such a basket anyway[redeemers?, of whom some {redeemers} would use it,] and "
        "{within_reach_count} are within reach; it costs {cost_amount}[leaves? and leaves {net_amount} net, if {response_share} of those "
        "within reach who redeem buy more for it.][loses? and loses {loss:money}: to pay for itself [rise_pays?sales must rise by "
        "{break_even_share}|no rise of sales is enough]. Doing nothing is better on these figures.][no_margin? for {extra_sales} of extra "
        "sales; what that leaves is not known without a margin.]"
    ),
    too_dear=later(
        "{where}, none of {n:coupon} fits a budget of {budget:money}: the cheapest, {value_amount} off from {minimum_amount}, costs "
        "{cost_amount}."
    ),
    called=later("{value_amount} off from {minimum_amount}"),
    label="{value_amount} off from {minimum_amount}",
    replay=_replay,
    proposed=_proposed,
    text=lambda view, cell: f"coupon {plain(cell['value'] / view.minor_units)} from {plain(cell['minimum'] / view.minor_units)}",
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
    tables=COUPON.table,
    figures=BEST_NET,
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
    redeems with their own chance: what past coupons of the shop measured for members with as many coupon days (low, mid, high), else the
    chance of a coupon day in 28 days at their own pace, else setting offers.redemption_share. Contacts are in the cost; sales are measured
    against those of all baskets.

    Parameters
    ----------
    value, minimum
        Currency units, one or several ("2, 5"), a minimum of 0 = none; empty = proposed from the members' own baskets.
    reach
        Share of the members who may be contacted that the coupon gets to, 0..1.
    budget
        Most that it may cost, in currency units; empty = no limit.

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
        return nothing_to_replay(past, COUPON.table, tr("coupon"))
    middle = round(past.sales / past.baskets.height)
    minima = minima or proposed_thresholds(past.baskets["amount"], 4)
    values = values or sorted({round_amount(max(minima[len(minima) // 2], middle) * depth) for depth in (0.05, 0.1, 0.15, 0.2)})
    pairs = [(worth, least) for least in minima for worth in values if worth < least or least == 0]
    if not pairs:
        raise BadValue(
            view.say(
                "value: {smallest:minor} is not below the minimum of {largest:minor}: the basket would be free. Give a value below the "
                "minimum.", smallest=min(values), largest=max(minima),
            )
        )  # fmt: skip
    sent, basis = coupon_members(past, share_bp)
    cells = reckoned(past, pl.concat([replayed_coupon(past, sent, *pair, share_bp) for pair in pairs]))
    assumed = view.say(
        "Assumed, not measured: of those within reach who redeem, {offers.response_share:.0%} buy what they would not have bought, where "
        "the coupon is 10% of the basket, in proportion otherwise (setting offers.response_share); within reach: lacks at most "
        "{offers.reach_share:.0%} of the minimum (setting offers.reach_share), or had no basket in the period. A campaign with a control "
        "group measures it."
    )
    more_notes = list[str]()
    if "contactable" in view.members.columns:
        more_notes.append(
            view.say(
                "{barred:member} who may not be contacted, or of whom the shop does not know, get none.",
                barred=past.members.height - int(past.members["is_contacted"].sum()),
            )
        )
    if reach < 1:
        more_notes.append(
            view.say(
                "It is taken to get to {reach:.0%} of the others; free riders and those within reach are counted among all.", reach=reach
            )
        )
    if dropped := len(values) * len(minima) - len(pairs):
        more_notes.append(view.say("Left out: {dropped:coupon} whose value is not below the minimum.", dropped=dropped))
    return answered(
        COUPON, past, cells, spend, notes=[*accounting_notes(past, assumed), basis, contact_cost(view)[1]], more_notes=more_notes,
        more=lambda cell: {"redeemers": f"{cell['redeemer_micro'] / MICRO:,.0f}" * (not 0 < cell["free_rider_count"] < view.least)},
        chart=lambda table, best: money_bars(
            COUPON, past, table, n="within_reach_count", most=24, title=view.say("Coupons: {place}"),
            subtitle=later("{what} on {n:basket}, {period}; n = members within reach"),
        ),
        ask_next=[("differentiation.offers", {}), ("portrait.price_sensitivity", {})],
    )  # fmt: skip
