"""Lines -> products: money, units and orders of each product, of members and of everybody."""

from __future__ import annotations

import numpy as np
import polars as pl

from toolkit.mart.catalogue import Catalogue
from toolkit.mart.orders import NOT_A_MEMBER, order_runs
from toolkit.mart.runs import as_array, pack, sum_by_code, unpack

SUMS = ("line_count", "amount", "units_milli", "order_count", "member_amount", "member_units_milli", "member_order_count")


def product_sums(lines: pl.DataFrame, catalogue: Catalogue) -> dict[str, np.ndarray]:
    """Return Int64 sums per product_code 0..N-1 of the lines given.

    line_count, amount, units_milli (counted goods) over all lines; order_count: orders with a bought line of the product; `member_...`: the
    same of members alone.
    """
    size = len(catalogue.counted)
    product = as_array(lines["product_code"])
    member = as_array(lines["member_code"], null=NOT_A_MEMBER) != NOT_A_MEMBER
    amount = as_array(lines["amount"])
    units = as_array(lines["quantity_milli"]) * catalogue.counted[product]
    bought, by_member = _distinct_orders(lines, product, member)
    everybody = bool(member.all())
    sums = {
        "line_count": np.bincount(product, minlength=size),
        "amount": sum_by_code(product, amount, size),
        "units_milli": sum_by_code(product, units, size),
        "order_count": np.bincount(bought, minlength=size),
    }
    if everybody:
        return sums | {f"member_{name}": sums[name] for name in ("amount", "units_milli", "order_count")}
    return sums | {
        "member_amount": sum_by_code(product, amount * member, size),
        "member_units_milli": sum_by_code(product, units * member, size),
        "member_order_count": np.bincount(bought[by_member], minlength=size),
    }


def product_table(sums: dict[str, np.ndarray], catalogue: Catalogue) -> pl.DataFrame:
    """Return one row per product that has a line: product_code, category_code, counted and the sums."""
    codes = pl.DataFrame(
        {
            "product_code": np.arange(len(catalogue.counted), dtype=np.uint32),
            "category_code": catalogue.category_of_product.astype(np.uint32),
            "counted": catalogue.counted,
        }
    )
    return codes.with_columns(pl.Series(name, sums[name], dtype=pl.Int64) for name in SUMS).filter(pl.col("line_count") > 0)


def _distinct_orders(lines: pl.DataFrame, product: np.ndarray, member: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The product of each distinct (order, product) with a bought line, and whether a member bought it."""
    rows = np.flatnonzero(as_array(lines["quantity_milli"]) > 0)
    orders = order_runs(lines)
    size = int(product.max(initial=0)) + 1
    keys, shifts = pack((orders.numbers()[rows], orders.count), (product[rows], size), (member[rows], 2))
    if (keys[1:] < keys[:-1]).any():
        keys.sort()
    distinct = keys[np.flatnonzero(np.diff(keys, prepend=-1))]
    return unpack(distinct, shifts[1], size), unpack(distinct, shifts[2], 2) == 1
