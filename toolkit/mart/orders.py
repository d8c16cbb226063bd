"""Lines -> orders: one row per order."""

from __future__ import annotations

import numpy as np
import polars as pl

from toolkit.expressions import day_number
from toolkit.mart.catalogue import Ranks
from toolkit.mart.lines import NOT_A_MEMBER, Lines
from toolkit.mart.runs import as_array, as_column
from toolkit.schemas import ORDERS


def orders_of(lines: Lines, channels: Ranks) -> pl.DataFrame:
    """Return one row per order (schema ORDERS), in the order of the lines.

    An order counts as one (`is_order`) if at least one line is bought, or paid for without a quantity; otherwise it is a return or a coupon
    alone. Where its lines state several channels, the order's is the one that sorts first.
    """
    frame, runs = lines.frame, lines.orders
    discount = as_array(frame["discount_amount"])
    # A line that makes an order: `toolkit.expressions.makes_order`, on arrays.
    is_order = runs.any(lines.bought | ((lines.quantity == 0) & (lines.amount > 0)))
    starts = pl.Series(runs.starts, dtype=pl.UInt32)
    orders = pl.DataFrame([frame[name].gather(starts) for name in ("member_code", "order_code", "ordered_at", "store_code")]).with_columns(
        _channels(lines, channels),
        pl.Series("is_order", is_order, dtype=pl.Boolean),
        pl.Series("amount", runs.sum(lines.amount)),
        pl.Series("discount_amount", runs.sum(discount)),
        pl.Series("promo_amount", runs.sum(lines.amount * (discount > 0))),
        pl.Series("coupon_amount", runs.sum(as_array(frame["coupon_amount"]))),
        pl.Series("units_milli", runs.sum(lines.units)),
        pl.Series("line_count", runs.lengths),
    )
    return orders.with_columns(_gaps(orders)).select(pl.col(name).cast(dtype) for name, dtype in ORDERS.items())


def _channels(lines: Lines, channels: Ranks) -> pl.Series:
    """The channel of each order."""
    channel = lines.frame["channel_code"]
    stated = as_array(channel, null=channels.count)  # no code is as large: codes are dense
    changes = stated[1:] != stated[:-1]
    changes[lines.orders.starts[1:] - 1] = False  # from one order to the next it may change
    if not changes.any():
        return channel.gather(pl.Series(lines.orders.starts, dtype=pl.UInt32))
    rank = np.append(channels.rank_of_code, channels.count)[stated]
    lowest = -lines.orders.max(-rank)
    return as_column("channel_code", np.append(channels.code_of_rank, -1)[lowest], null=-1)


def _gaps(orders: pl.DataFrame) -> pl.Series:
    """Days since the day of the member's previous order; null for the first, for non-members and where the row is no order."""
    member = as_array(orders["member_code"], null=NOT_A_MEMBER)
    rows = np.flatnonzero(as_array(orders["is_order"] & orders["member_code"].is_not_null()))
    day = as_array(orders.select(day_number(pl.col("ordered_at"))).to_series())[rows]
    later = np.flatnonzero(member[rows][1:] == member[rows][:-1]) + 1
    gaps = np.full(orders.height, -1, dtype=np.int64)
    gaps[rows[later]] = day[later] - day[later - 1]
    return as_column("gap_days", gaps, null=-1)
