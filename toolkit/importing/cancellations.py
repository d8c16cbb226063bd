"""Cancellations that came as orders of their own: the same store, member and lines as an earlier order, with the opposite sign.

Candidates are found by hashes; orders are then compared by their real ids and lines: no collision takes a good order away.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import polars as pl

from toolkit.language import later
from toolkit.sources.plausibility import Question
from toolkit.sources.question_kinds import QuestionKind

LATEST = timedelta(days=2)
"""How long after an order its cancellation may come; what comes back later is a return."""
ORDER = ("order_id", "store_id")
MIRRORED = later(
    "{orders} orders look like cancellations of others (same store and member, the same lines with the opposite sign within {days} days), "
    "such as {cells} in the column '{column}': all of them are counted. Where they are cancelled, leave both out: {write}"
)


@dataclass(frozen=True)
class CancelledOrders:
    """Orders and the orders that cancel them."""

    pairs: pl.DataFrame  # store_id, order_id, cancelled_by: one row per cancelled order
    rows: pl.DataFrame  # source_index, store_id, day, order_id: the lines of both


def mirrored_question(cancelled: CancelledOrders, order_columns: Sequence[str]) -> Question:
    """Return the question whether the orders that mirror others cancel them: returned as a whole, they would be orders, and sales of 0."""
    first = cancelled.pairs.row(0, named=True)
    places = {"orders": f"{cancelled.pairs.height:,}", "days": str(LATEST.days)}
    cells = (str(first["cancelled_by"]), str(first["order_id"]))
    return Question(QuestionKind.CANCELLATIONS, ", ".join(order_columns), cells, MIRRORED, '[lines] cancellations = "mirrored"', places)


def cancelled_orders(lines: pl.LazyFrame, negative: pl.DataFrame, order_key: pl.Expr) -> CancelledOrders:
    """Return the orders that one of the orders with these keys (whose sum is below 0) mirrors, each in one pair at most.

    An order that gives back some lines or part of the money mirrors nothing. Of several that fit, the nearest in time are a pair.
    """
    member = pl.when(pl.col("member_id").is_not_null()).then(pl.col("member_id").hash(seed=3))
    orders = (
        lines.select("ordered_at", "amount", order_key=order_key, member=member)
        .filter(pl.col("member").is_in(negative["member"].unique().implode(), nulls_equal=True))
        .group_by("order_key")
        .agg(pl.col("member").first(), pl.col("amount").sum().alias("total"), pl.col("ordered_at").min())
        .filter(pl.col("total") > 0)
    )
    back = negative.lazy().select("member", total=-pl.col("total"), back_key="order_key", back_at="ordered_at")
    suspects = (
        orders.join(back, on=["member", "total"], nulls_equal=True)
        .filter((pl.col("back_at") - pl.col("ordered_at")).is_between(timedelta(0), LATEST))
        .select("order_key", "back_key")
        .collect(engine="streaming")
    )
    keys = pl.concat([suspects["order_key"], suspects["back_key"]]).unique()
    wanted = ["source_index", *ORDER, "member_id", "product_id", "quantity_milli", "amount", "ordered_at"]
    near = (
        lines.filter(order_key.is_in(keys.implode())).select(wanted).collect(engine="streaming")
        if keys.len()
        else lines.head(0).select(wanted).collect()
    )
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
    rows = near.join(both, on=ORDER, how="semi").select("source_index", "store_id", "order_id", day=pl.col("ordered_at").dt.date())
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
