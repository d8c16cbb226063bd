"""Orders -> what the whole shop sold, members and non-members apart."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

COUNTS = ("order_count", "return_order_count", "line_count", "amount", "discount_amount", "promo_amount", "coupon_amount", "units_milli")

Totals = dict[str, dict[str, int]]
"""`member` and `non_member`, each with COUNTS."""


def totals_of(orders: pl.DataFrame) -> Totals:
    """Return the sums of orders (schema ORDERS) of members and of non-members."""
    sums = orders.with_columns(order_count=pl.col("is_order"), return_order_count=~pl.col("is_order"))
    member = pl.col("member_code").is_not_null()
    return {
        name: sums.filter(who).select(pl.col(COUNTS).cast(pl.Int64).sum()).row(0, named=True)
        for name, who in (("member", member), ("non_member", ~member))
    }


def add_totals(parts: Iterable[Totals]) -> Totals:
    """Return the sums of the whole shop from those of its batches."""
    together = {name: dict.fromkeys(COUNTS, 0) for name in ("member", "non_member")}
    for part in parts:
        for name, sums in part.items():
            for count, value in sums.items():
                together[name][count] += value
    return together
