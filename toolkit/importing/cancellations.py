"""Cancellations that came as orders of their own: the same store, member and lines as an earlier order, with the opposite sign.

Candidates are found by hashes; orders are then compared by their real ids and lines: no collision takes a good order away.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import polars as pl

LATEST = timedelta(days=2)
"""How long after an order its cancellation may come; what comes back later is a return."""
ORDER = ("order_id", "store_id")


@dataclass(frozen=True)
class CancelledOrders:
    """Orders and the orders that cancel them."""

    pairs: pl.DataFrame  # store_id, order_id, cancelled_by: one row per cancelled order
    rows: pl.DataFrame  # source_index, store_id, day: the lines of both


def cancelled_orders(lines: pl.LazyFrame, negative: pl.Series, order_key: pl.Expr) -> CancelledOrders:
    """Return the orders that one of the orders with these keys (whose sum is below 0) mirrors, each in one pair at most.

    An order that gives back some lines or part of the money mirrors nothing. Of several that fit, the nearest in time are a pair.
    """
    shape = pl.col("product_id").hash(seed=4) ^ pl.col("quantity_milli").abs().hash(seed=5) ^ pl.col("amount").abs().hash(seed=6)
    place = pl.col("store_id").hash(seed=2) ^ pl.col("member_id").hash(seed=3)
    keyed = lines.select(
        "source_index",
        *ORDER,
        "member_id",
        "product_id",
        "quantity_milli",
        "amount",
        "ordered_at",
        order_key=order_key,
        place=place,
        shape=shape,
    )
    # 44 bits of each line: the sum over a million lines of one order does not overflow.
    orders = keyed.group_by("order_key", "place").agg(
        pl.len().alias("line_count"), pl.col("amount").sum().abs().alias("total"), (pl.col("shape") // 2**20).sum()
    )
    same = ["place", "line_count", "total", "shape"]
    of_negative = orders.filter(pl.col("order_key").is_in(negative.implode())).select(same).unique()
    suspects = orders.join(of_negative, on=same, how="semi").select("order_key").collect(engine="streaming")
    near = keyed.join(suspects.lazy(), on="order_key", how="semi").collect(engine="streaming")
    sign = pl.when(pl.col("amount").sum().over(ORDER) < 0).then(-1).otherwise(1)
    line = pl.concat_str(
        pl.col("product_id").cast(pl.String), pl.col("quantity_milli").abs(), pl.col("amount") * pl.col("sign"), separator="\x1f"
    )
    whole = (
        near.with_columns(sign.alias("sign"))
        .with_columns(line.alias("line"))
        .group_by(ORDER)
        .agg(pl.col("sign", "member_id").first(), pl.col("ordered_at").min(), pl.col("line").sort().str.join("\x1e").alias("contents"))
    )
    later = whole.filter(pl.col("sign") < 0).select("store_id", "member_id", "contents", cancelled_by="order_id", cancelled_at="ordered_at")
    candidates = (
        whole.filter(pl.col("sign") > 0)
        .join(later, on=["store_id", "member_id", "contents"], nulls_equal=True)
        .with_columns((pl.col("cancelled_at") - pl.col("ordered_at")).alias("gap"))
        .filter(pl.col("gap").is_between(timedelta(0), LATEST))
        .sort("gap", "ordered_at", "store_id", "order_id", "cancelled_by")
    )
    pairs = _nearest(candidates)
    both = pl.concat([pairs.select(ORDER), pairs.select(pl.col("cancelled_by").alias("order_id"), "store_id")])
    rows = near.join(both, on=ORDER, how="semi").select("source_index", "store_id", day=pl.col("ordered_at").dt.date())
    return CancelledOrders(pairs.select("store_id", "order_id", "cancelled_by"), rows)


def _nearest(candidates: pl.DataFrame) -> pl.DataFrame:
    """Return pairs, nearest first, so that no order is in two of them: in each round those that are each other's nearest."""
    chosen = candidates.head(0)
    while candidates.height:
        mutual = candidates.filter(pl.struct(ORDER).is_first_distinct() & pl.struct("cancelled_by", "store_id").is_first_distinct())
        chosen = pl.concat([chosen, mutual])
        candidates = candidates.join(mutual, on=ORDER, how="anti", maintain_order="left").join(
            mutual, on=["cancelled_by", "store_id"], how="anti", maintain_order="left"
        )
    return chosen.sort("ordered_at", "store_id", "order_id")
