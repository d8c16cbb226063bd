"""Lines -> orders: one row per order."""

from __future__ import annotations

import numpy as np
import polars as pl

from toolkit.expressions import day_number, makes_order
from toolkit.mart.catalogue import Catalogue
from toolkit.mart.runs import Runs, as_array, as_column, runs_of
from toolkit.schemas import ORDERS

NOT_A_MEMBER = -1
"""Stands for a null member_code inside arrays."""


def order_runs(lines: pl.DataFrame) -> Runs:
    """Return where each order starts in lines that hold the rows of an order side by side."""
    return runs_of(as_array(lines["order_code"]), as_array(lines["member_code"], null=NOT_A_MEMBER))


def orders_of(lines: pl.DataFrame, catalogue: Catalogue) -> pl.DataFrame:
    """Return one row per order (schema ORDERS), in the order of the lines.

    Parameters
    ----------
    lines
        Schema STORED_LINES, sorted by member and time, the rows of an order side by side, all lines of each member present.
    catalogue
        Says which products are counted as units.

    An order counts as one if at least one line is bought, or paid for without a quantity; otherwise it is a return or a coupon alone.
    """
    runs = order_runs(lines)
    counted = pl.Series(catalogue.counted[as_array(lines["product_code"])], dtype=pl.Boolean)
    amount, quantity = pl.col("amount"), pl.col("quantity_milli")
    values = lines.select(
        "amount",
        "discount_amount",
        "coupon_amount",
        promo_amount=pl.when(pl.col("discount_amount") > 0).then(amount).otherwise(0),
        units_milli=pl.when(counted).then(quantity).otherwise(0),
    )
    is_order = runs.any(lines.select(makes_order(quantity, amount)).to_series().to_numpy())
    constant = lines.select("member_code", "order_code", "ordered_at", "store_code", "channel_code")
    orders = constant[pl.Series(runs.starts)].with_columns(
        pl.Series("is_order", is_order, dtype=pl.Boolean),
        pl.Series("line_count", runs.lengths),
        *(pl.Series(name, sums) for name, sums in runs.sums(values).items()),
    )
    return orders.with_columns(_gaps(orders)).select(ORDERS.names()).cast(dict(ORDERS))


def _gaps(orders: pl.DataFrame) -> pl.Series:
    """Days since the day of the member's previous order; null for the first, for non-members and where the row is no order."""
    member = as_array(orders["member_code"], null=NOT_A_MEMBER)
    rows = np.flatnonzero(as_array(orders["is_order"]) & (member != NOT_A_MEMBER))
    day = as_array(orders.select(day_number(pl.col("ordered_at"))).to_series())[rows]
    later = np.flatnonzero(member[rows][1:] == member[rows][:-1]) + 1
    gaps = np.full(orders.height, -1, dtype=np.int64)
    gaps[rows[later]] = day[later] - day[later - 1]
    return as_column("gap_days", gaps, null=-1)
