"""Replaying an offer on the past: accounting, not a forecast. What the offer would have given to whom, and what it must bring to be paid.

Each method has its own counting (`replay_thresholds`, `replay_days`, `replay_goods`); all end in the same columns, so that one reckoning
serves them and methods can be put side by side. Counts and sums are exact integers (minor units); what members would do is never in them
but in two named shares that `reckon` is given.
"""

from __future__ import annotations

import polars as pl

from toolkit.expressions import BASIS_POINTS, divide_half_up

REPLAY = pl.Schema(
    {
        "base_amount": pl.Int64,  # sales the offer is measured against
        "free_rider_count": pl.Int64,  # cases that get the reduction for what they do anyway
        "free_rider_amount": pl.Int64,  # ... and their sales
        "free_cost": pl.Int64,  # ... and the reductions they get
        "within_reach_count": pl.Int64,  # cases that could do what the offer asks
        "within_reach_amount": pl.Int64,  # extra sales, before the reduction, if all of them did
        "within_reach_cost": pl.Int64,  # ... and the reductions they would get
        "movable_cost": pl.Int64,  # reductions if all that could move to the offer's days did
        "contact_count": pl.Int64,  # contacts it takes
    }
)
"""What every replay counts; money in minor units. `within_reach_amount` and costs may be weighted by a chance of redemption."""

RESPONSE_DEPTH = 0.1
"""The depth of a reduction for which a response is stated."""

MICRO = 1_000_000
"""A chance of one, in millionths: sums of integers are the same in any order of rows."""


def response(share: float, depth: pl.Expr) -> pl.Expr:
    """Return the share (0..1) of what is within reach that is assumed to happen: `share` at a depth of 10%, in proportion at others.

    Example
    -------
    >>> pl.select(response(0.1, pl.lit(0.25))).item(), pl.select(response(0.1, pl.lit(1.5))).item()
    (0.25, 1.0)
    """
    return (share * depth / RESPONSE_DEPTH).clip(0, 1)


def reckon(replayed: pl.DataFrame, *, moved_share: float = 0.0, contact_cost: float = 0.0) -> pl.DataFrame:
    """Return replays with their money, in minor units (Float64): the same rows.

    In: columns of REPLAY, `margin_share` (what the shop keeps of a sale before the reduction; null = not known) and `response_share`: this
    share of what is within reach happens. It and `moved_share`, of what could move, are assumed. `contact_cost` is that of one contact.

    Adds `cost` (reductions of free riders, responders and moved, and contacts), `extra_amount` (sales before the reduction),
    `extra_margin`, `net` = extra_margin - cost, `break_even_lift` (by which share of `base_amount` sales must rise so that their margin
    pays the cost), `break_even_rate` (share of what is within reach that must respond for net 0; null where even all of it would not pay,
    or nothing is within reach) and `at_stake_margin` (what free riders' sales bring now). Null wherever the margin is not known.

    Example
    -------
    >>> shop = {name: [0] for name in REPLAY} | {"base_amount": [10_000], "free_cost": [500], "within_reach_amount": [4_000]}
    >>> reckon(pl.DataFrame(shop | {"margin_share": [0.25], "response_share": [0.1]})).row(0, named=True)["net"]
    -400.0
    """
    margin, response_share = pl.col("margin_share"), pl.col("response_share")
    fixed = pl.col("free_cost") + moved_share * pl.col("movable_cost") + contact_cost * pl.col("contact_count")
    gain = margin * pl.col("within_reach_amount") - pl.col("within_reach_cost")
    rate = fixed / pl.when(gain > 0).then(gain)
    return (
        replayed.with_columns(
            (fixed + response_share * pl.col("within_reach_cost")).alias("cost"),
            (response_share * pl.col("within_reach_amount")).alias("extra_amount"),
        )
        .with_columns((margin * pl.col("extra_amount")).alias("extra_margin"))
        .with_columns(
            (pl.col("extra_margin") - pl.col("cost")).alias("net"),
            break_even_lift(margin).alias("break_even_lift"),
            pl.when(rate <= 1).then(rate).alias("break_even_rate"),
            (margin * pl.col("free_rider_amount")).alias("at_stake_margin"),
        )
    )


def break_even_lift(margin: pl.Expr) -> pl.Expr:
    """Share of `base_amount` by which sales must rise so that their margin pays `cost`; null without sales or margin above 0."""
    kept = margin * pl.col("base_amount")
    return pl.col("cost") / pl.when(kept > 0).then(kept)


def best_for_budget(reckoned: pl.DataFrame, by: str = "net") -> pl.Series:
    """Return the rows that are best for some budget: no row that costs as much or less has a higher `by` (ties: cheapest, then first).

    Rows without a value in `by` are never best.
    """
    known = (
        reckoned.select("cost", value=by).with_row_index("row").drop_nulls().sort("cost", "value", "row", descending=[False, True, False])
    )
    before = pl.col("value").cum_max().shift(1)
    best = known.filter(before.is_null() | (pl.col("value") > before))["row"]
    return pl.Series("is_best", [row in set(best) for row in range(reckoned.height)], dtype=pl.Boolean)


def reduction(amount: pl.Expr, depth_bp: int) -> pl.Expr:
    """Return `depth_bp` basis points of an amount in whole minor units, halves up, as a till takes them off."""
    return divide_half_up(amount * depth_bp, pl.lit(BASIS_POINTS, pl.Int64))


def weighted(amount: pl.Expr) -> pl.Expr:
    """Return the sum of an amount, each row by its chance `chance_micro`, in whole minor units (rounded half up once)."""
    return divide_half_up((amount.cast(pl.Int128) * pl.col("chance_micro")).sum(), pl.lit(MICRO, pl.Int128)).cast(pl.Int64)
