"""Orders -> what the whole shop sold, members and non-members apart."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

COUNTS: tuple[str, ...] = (
    "order_count",
    "return_order_count",
    "line_count",
    "amount",
    "discount_amount",
    "promo_amount",
    "coupon_amount",
    "units_milli",
)

Totals = dict[str, dict[str, int]]
"""`member` and `non_member`, each with COUNTS."""


def totals_of(orders: pl.DataFrame) -> Totals:
    """Return the sums of orders (schema ORDERS) of members and of non-members."""
    everybody = _sums(orders)
    nobody = _sums(orders.filter(pl.col("member_code").is_null()))
    return {"member": {name: everybody[name] - nobody[name] for name in COUNTS}, "non_member": nobody}


def _sums(orders: pl.DataFrame) -> dict[str, int]:
    is_order = pl.col("is_order").cast(pl.Int64)
    return orders.select(
        order_count=is_order.sum(),
        return_order_count=(1 - is_order).sum(),
        **{name: pl.col(name).cast(pl.Int64).sum() for name in COUNTS[2:]},
    ).row(0, named=True)


def add_totals(parts: Iterable[Totals]) -> Totals:
    """Return the sums of the whole shop from those of its batches."""
    together = {name: dict.fromkeys(COUNTS, 0) for name in ("member", "non_member")}
    for part in parts:
        for name, sums in part.items():
            for count, value in sums.items():
                together[name][count] += value
    return together
