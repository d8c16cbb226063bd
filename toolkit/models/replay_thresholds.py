"""Replaying offers with a threshold: spend X save Y, and coupons with a minimum."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from toolkit.expressions import BASIS_POINTS
from toolkit.models.replay import MICRO, REPLAY, weighted


def replay_full_reduction(
    baskets: pl.LazyFrame | pl.DataFrame,
    thresholds: Sequence[int],
    reductions: Sequence[int],
    *,
    reach_bp: int,
    repeated: bool = False,
    by: Sequence[str] = (),
) -> pl.DataFrame:
    """Return each `threshold` x `reduction` counted on past baskets: one row per group, threshold and reduction that is below it.

    A basket at or above the threshold is a free rider: it gets the reduction once, or (`repeated`) once per full threshold. A basket is
    within reach when it lacks at most `reach_bp` basis points of the threshold (rounded down to a minor unit); `repeated` also counts those
    above it that lack as little to the next full one. If all of them topped up to just the threshold, the shop would sell
    `within_reach_amount` more and give one reduction more to each.

    Parameters
    ----------
    baskets
        `amount` (Int64 minor units, above 0) and the columns `by`; one row per basket.
    thresholds, reductions
        Minor units, above 0.

    Returns
    -------
    DataFrame
        `by`, `threshold`, `reduction`, `basket_count`, `reduction_count` (given to free riders) and REPLAY, sorted by all but the counts.
        Without a basket: no row.

    Example
    -------
    >>> found = replay_full_reduction(pl.DataFrame({"amount": [6_500, 5_100, 900]}), [6_000], [1_000], reach_bp=2_000)
    >>> found.select("free_rider_count", "within_reach_count", "within_reach_amount").row(0)
    (1, 1, 900)
    """
    frame, amount = baskets.lazy(), pl.col("amount")
    aggregates = [pl.len().cast(pl.Int64).alias("basket_count"), amount.sum().alias("base_amount")]
    for place, threshold in enumerate(thresholds):
        allowed = threshold * reach_bp // BASIS_POINTS
        above = amount >= threshold
        if repeated:
            times = amount // threshold
            lacks = (times + 1) * threshold - amount
            near = lacks <= allowed
        else:  # the same without dividing, which costs most
            times, lacks = above.cast(pl.Int64), threshold - amount
            near = (amount >= threshold - allowed) & ~above
        aggregates += [
            above.sum().cast(pl.Int64).alias(f"free_rider_count {place}"),
            amount.filter(above).sum().alias(f"free_rider_amount {place}"),
            times.sum().alias(f"reduction_count {place}"),
            near.sum().cast(pl.Int64).alias(f"within_reach_count {place}"),
            lacks.filter(near).sum().alias(f"within_reach_amount {place}"),
        ]
    counted = (frame.group_by(by).agg(aggregates) if by else frame.select(aggregates)).collect(engine="streaming")
    counted = counted.filter(pl.col("basket_count") > 0)
    named = ("free_rider_count", "free_rider_amount", "reduction_count", "within_reach_count", "within_reach_amount")
    rows = [
        counted.select(
            *by,
            pl.lit(threshold, pl.Int64).alias("threshold"),
            "basket_count",
            "base_amount",
            *[pl.col(f"{n} {place}").alias(n) for n in named],
        )
        for place, threshold in enumerate(thresholds)
    ]
    grid = pl.concat(rows).join(pl.DataFrame({"reduction": pl.Series(reductions, dtype=pl.Int64)}), how="cross")
    given = [(pl.col("reduction") * pl.col(f"{count}_count")) for count in ("reduction", "within_reach")]
    zero = pl.lit(0, pl.Int64)
    return (
        grid.filter(pl.col("reduction") < pl.col("threshold"))
        .with_columns(
            given[0].alias("free_cost"), given[1].alias("within_reach_cost"), zero.alias("movable_cost"), zero.alias("contact_count")
        )
        .select(*by, "threshold", "reduction", "basket_count", "reduction_count", *REPLAY)
        .sort(*by, "threshold", "reduction")
    )


def replay_coupon(members: pl.DataFrame, *, value: int, minimum: int, reach_bp: int, by: Sequence[str] = ()) -> pl.DataFrame:
    """Return a coupon of `value` from `minimum` on, one per member, counted on their past baskets: one row per group.

    Whoever has a basket at or above the minimum would use it on their largest: a free rider. Within reach are members whose largest basket
    lacks at most `reach_bp` basis points of the minimum, and the quiet, without a basket in the window, who would come with their usual one
    (topped up to the minimum). Money is weighted by each member's chance of redeeming. A coupon never takes off more than the basket.

    Parameters
    ----------
    members
        `largest_amount` (largest basket of the window, minor units; null = none), `usual_amount` (usual basket; null = not known),
        `amount` (sales of the window), `chance_micro` (chance of redeeming, millionths), `is_contacted`; the columns `by`.

    Returns
    -------
    DataFrame
        `by`, `member_count`, `quiet_count`, `redeemer_micro` (chances of free riders, summed) and REPLAY; sorted by `by`.
    """
    largest, quiet = pl.col("largest_amount"), pl.col("largest_amount").is_null()
    free = (largest >= max(minimum, 1)).fill_null(False)
    near = (~free & (minimum - largest <= minimum * reach_bp // BASIS_POINTS)).fill_null(False)
    coming = quiet & (pl.col("usual_amount") > 0).fill_null(False)
    spend = pl.max_horizontal(pl.col("usual_amount"), pl.lit(minimum, pl.Int64))
    extra = pl.when(near).then(minimum - largest).when(coming).then(spend).otherwise(0)
    basket = pl.when(coming).then(spend).otherwise(pl.max_horizontal(largest, pl.lit(minimum, pl.Int64)))
    off = pl.min_horizontal(pl.lit(value, pl.Int64), basket).fill_null(0)
    sent = members.with_columns(
        free.alias("free"), (near | coming).alias("within"), extra.alias("extra"), off.alias("off"), largest.fill_null(0).alias("largest")
    )
    got = sent.filter("is_contacted")
    counts = [
        pl.col("free").sum().cast(pl.Int64).alias("free_rider_count"),
        weighted(pl.col("largest") * pl.col("free")).alias("free_rider_amount"),
        weighted(pl.col("off") * pl.col("free")).alias("free_cost"),
        pl.col("within").sum().cast(pl.Int64).alias("within_reach_count"),
        weighted(pl.col("extra") * pl.col("within")).alias("within_reach_amount"),
        weighted(pl.col("off") * pl.col("within")).alias("within_reach_cost"),
        pl.lit(0, pl.Int64).alias("movable_cost"),
        pl.len().cast(pl.Int64).alias("contact_count"),
        (pl.col("chance_micro") * pl.col("free")).sum().alias("redeemer_micro"),
    ]
    whole = [
        pl.len().cast(pl.Int64).alias("member_count"),
        pl.col("largest_amount").is_null().sum().cast(pl.Int64).alias("quiet_count"),
        pl.col("amount").sum().alias("base_amount"),
    ]
    keys = list(by) or ["all"]
    sent, got = (frame if by else frame.with_columns(pl.lit(0).alias("all")) for frame in (sent, got))
    made = sent.group_by(keys).agg(whole).join(got.group_by(keys).agg(counts), on=keys, how="left")
    return (
        made.with_columns(pl.selectors.integer().fill_null(0))
        .sort(keys)
        .select(*by, "member_count", "quiet_count", "redeemer_micro", *REPLAY)
    )


def chances(share: pl.Expr) -> pl.Expr:
    """Return a chance (0..1) in whole millionths; null is none."""
    return (share.clip(0, 1) * MICRO).round().cast(pl.Int64).fill_null(0)
