"""Lines -> products: money, units and orders of each product, of members and of everybody."""

from __future__ import annotations

import numpy as np
import polars as pl

from toolkit.mart.catalogue import Catalogue
from toolkit.mart.lines import NONE, Lines
from toolkit.mart.runs import Columns, pack, runs_of, sum_by_code

SUMS: tuple[str, ...] = ("line_count", "amount", "units_milli", "order_count", "member_amount", "member_units_milli", "member_order_count")


def add_product_sums(sums: Columns, lines: Lines) -> None:
    """Add these lines to `sums`: Int64 arrays by product_code, named as SUMS.

    line_count, amount, units_milli (counted goods) over all lines; order_count: orders with a bought line of the product; `member_...`: the
    same of members alone.
    """
    size = len(sums["amount"])
    distinct, shift = _distinct_orders(lines, size)
    product = distinct & distinct.dtype.type((1 << shift) - 1)
    sums["line_count"] += np.bincount(lines.product, minlength=size)
    everybody = {
        "amount": sum_by_code(lines.product, lines.amount, size),
        "units_milli": sum_by_code(lines.product, lines.units, size),
        "order_count": np.bincount(product, minlength=size),
    }
    for name, values in everybody.items():
        sums[name] += values
    by_member = lines.member != NONE
    if lines.everybody:
        members = everybody
    elif by_member.any():
        order = distinct >> distinct.dtype.type(shift)
        members = {
            "amount": sum_by_code(lines.product, lines.amount * by_member, size),
            "units_milli": sum_by_code(lines.product, lines.units * by_member, size),
            "order_count": np.bincount(product[by_member[lines.orders.starts][order]], minlength=size),
        }
    else:
        return
    for name, values in members.items():
        sums[f"member_{name}"] += values


def product_table(sums: Columns, catalogue: Catalogue) -> pl.DataFrame:
    """Return one row per product that has a line: product_code, category_code, counted, is_goods and the sums."""
    codes = pl.DataFrame(
        {
            "product_code": np.arange(len(catalogue.counted), dtype=np.uint32),
            "category_code": catalogue.category_of_product.astype(np.uint32),
            "counted": catalogue.counted,
            "is_goods": np.ones(len(catalogue.counted), dtype=bool) if catalogue.goods is None else catalogue.goods,
        }
    )
    return codes.with_columns(pl.Series(name, sums[name], dtype=pl.Int64) for name in SUMS).filter(pl.col("line_count") > 0)


def _distinct_orders(lines: Lines, size: int) -> tuple[np.ndarray, int]:
    """Each distinct pair of order number and product with a bought line, packed, and the bits of the product in it."""
    keys, shifts = pack((lines.order, lines.orders.count), (lines.product, size))
    if not lines.bought.all():
        keys = keys[lines.bought]
    # Lines that came sorted by product within the order need no sorting here.
    if (keys[1:] < keys[:-1]).any():
        keys.sort()
    return keys[runs_of(keys).starts], shifts[0]
