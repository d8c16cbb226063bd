"""Lines -> member x category: one row per member and category."""

from __future__ import annotations

import numpy as np
import polars as pl

from toolkit.expressions import day_number
from toolkit.mart.catalogue import Catalogue
from toolkit.mart.orders import order_runs
from toolkit.mart.runs import Runs, as_array, pack, runs_of, unpack
from toolkit.schemas import MEMBER_CATEGORY


def member_categories_of(lines: pl.DataFrame, catalogue: Catalogue) -> pl.DataFrame:
    """Return one row per member x category (schema MEMBER_CATEGORY), members in the order of the lines, categories by code.

    Takes the same lines as `orders_of`; lines of non-members are left out.

    Lines are put in order of (member, category, not bought, row) with one packed key: then each pair is a run, its bought lines come
    first and in time order, and a distinct order or day is one that differs from the row before.
    """
    lines = lines.filter(pl.col("member_code").is_not_null()) if lines["member_code"].null_count() else lines
    if lines.height == 0:
        return pl.DataFrame(schema=MEMBER_CATEGORY)
    members = runs_of(as_array(lines["member_code"]))
    product = as_array(lines["product_code"])
    quantity = as_array(lines["quantity_milli"])
    category_count = catalogue.categories.height
    keys, shifts = pack(
        (members.numbers(), members.count),
        (catalogue.category_of_product[product], category_count),
        (quantity <= 0, 2),
        (np.arange(lines.height), lines.height),
        (catalogue.counted[product], 2),
    )
    keys.sort()
    row = unpack(keys, shifts[3], lines.height)
    bought = unpack(keys, shifts[2], 2) == 0
    counted = unpack(keys, shifts[4], 2) == 1
    pair = keys >> shifts[1]
    pairs = runs_of(pair)
    amount = as_array(lines["amount"])[row]
    units = quantity[row] * counted
    priced = bought & counted
    order_count, day_count = _distinct(lines, row, bought, pairs)
    first = pair[pairs.starts]
    return pl.DataFrame(
        {
            "member_code": as_array(lines["member_code"])[members.starts][first >> (shifts[0] - shifts[1])],
            "category_code": unpack(first, 0, category_count),
            "order_count": order_count,
            "day_count": day_count,
            "amount": pairs.sum(amount),
            "units_milli": pairs.sum(units),
            "priced_amount": pairs.sum(amount * priced),
            "priced_units_milli": pairs.sum(units * priced),
        }
    ).cast(dict(MEMBER_CATEGORY))


def _distinct(lines: pl.DataFrame, row: np.ndarray, bought: np.ndarray, pairs: Runs) -> tuple[np.ndarray, np.ndarray]:
    """Distinct orders and distinct days of the bought lines of each pair."""
    orders = order_runs(lines)
    order = orders.numbers()[row]
    ordered_at = lines["ordered_at"].gather(pl.Series(orders.starts)).to_frame()
    day = as_array(ordered_at.select(day_number(pl.col("ordered_at"))).to_series())[order]
    new_order, new_day = np.empty(len(row), dtype=bool), np.empty(len(row), dtype=bool)
    for flags, values in ((new_order, order), (new_day, day)):
        np.not_equal(values[1:], values[:-1], out=flags[1:])
        flags[pairs.starts] = True
        flags &= bought
    return pairs.sum(new_order.astype(np.int64)), pairs.sum(new_day.astype(np.int64))
