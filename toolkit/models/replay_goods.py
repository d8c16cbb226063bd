"""Replaying offers on goods: a discount on categories, and a service at the time goods are due again."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from toolkit.expressions import divide_half_up
from toolkit.models.replay import MICRO, REPLAY, reduction, weighted


def replay_discount(bought: pl.DataFrame, knew: pl.DataFrame, *, depth_bp: int, by: Sequence[str] = ()) -> pl.DataFrame:
    """Return a discount on each category counted on what members bought: one row per group and category with a buyer.

    Buyers of the window are free riders, all their spend in the category gets cheaper. Within reach are members who bought the category
    before the window and still come, but did not buy it in the window: each could spend what a buyer did on average.

    Parameters
    ----------
    bought
        `member_code`, `category_code`, `amount` (spend of the window, Int64 minor units, above 0) and the columns `by`; one row per member
        and category.
    knew
        `member_code`, `category_code` and `by`: members who come and have bought the category at any time, one row each.

    Returns
    -------
    DataFrame
        `by`, `category_code` and REPLAY, whose `base_amount` are the window's sales of the category; sorted by `by` and category.
    """
    keys, amount = [*by, "category_code"], pl.col("amount")
    buyers = bought.group_by(keys).agg(
        amount.sum().alias("base_amount"),
        pl.len().cast(pl.Int64).alias("free_rider_count"),
        amount.sum().alias("free_rider_amount"),
        reduction(amount, depth_bp).sum().alias("free_cost"),
    )
    absent = knew.join(bought.select("member_code", *keys), on=["member_code", *keys], how="anti")
    near = absent.group_by(keys).agg(pl.len().cast(pl.Int64).alias("within_reach_count"))
    zero = pl.lit(0, pl.Int64)
    return (
        buyers.join(near, on=keys, how="left")
        .with_columns(pl.col("within_reach_count").fill_null(0))
        .with_columns(
            divide_half_up(pl.col("base_amount") * pl.col("within_reach_count"), pl.col("free_rider_count")).alias("within_reach_amount")
        )
        .with_columns(reduction(pl.col("within_reach_amount"), depth_bp).alias("within_reach_cost"))
        .with_columns(zero.alias("movable_cost"), zero.alias("contact_count"))
        .select(*keys, *REPLAY)
        .sort(keys)
    )


def replay_service(due: pl.DataFrame, *, trade_in: int, by: Sequence[str] = ()) -> pl.DataFrame:
    """Return a touch at the time goods are due again, with `trade_in` off the new one: one row per group and category.

    Needs that members will meet here anyway (the sum of their probabilities) are free riders; the rest of the needs is within reach.

    Parameters
    ----------
    due
        `member_code`, `category_code`, `chance_micro` (of buying here without a touch, millionths), `price` (usual unit price, minor units)
        and the columns `by`; one row per member and category.

    Returns
    -------
    DataFrame
        `by`, `category_code`, `need_count`, `expected_buyers` (Float64) and REPLAY: counts of needs (free riders rounded half up), money
        weighted by chance; `base_amount` is what they will spend anyway, `contact_count` one per member and category; sorted.
    """
    keys = [*by, "category_code"]
    off = pl.min_horizontal(pl.lit(trade_in, pl.Int64), pl.col("price"))
    met = due.group_by(keys).agg(
        pl.len().cast(pl.Int64).alias("need_count"),
        pl.col("chance_micro").sum().alias("chance_sum"),
        weighted(pl.col("price")).alias("base_amount"),
        weighted(off).alias("free_cost"),
        pl.col("price").sum().alias("all_amount"),
        off.sum().alias("all_cost"),
    )
    free = divide_half_up(pl.col("chance_sum"), pl.lit(MICRO, pl.Int64))
    return (
        met.with_columns(
            (pl.col("chance_sum") / MICRO).alias("expected_buyers"),
            free.alias("free_rider_count"),
            pl.col("base_amount").alias("free_rider_amount"),
            (pl.col("need_count") - free).alias("within_reach_count"),
            (pl.col("all_amount") - pl.col("base_amount")).alias("within_reach_amount"),
            (pl.col("all_cost") - pl.col("free_cost")).alias("within_reach_cost"),
            pl.lit(0, pl.Int64).alias("movable_cost"),
            pl.col("need_count").alias("contact_count"),
        )
        .select(*keys, "need_count", "expected_buyers", *REPLAY)
        .sort(keys)
    )
