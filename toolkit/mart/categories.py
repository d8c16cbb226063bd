"""Lines -> member x category: one row per member and category."""

from __future__ import annotations

import numpy as np
import polars as pl

from toolkit.expressions import day_number
from toolkit.mart.catalogue import Catalogue
from toolkit.mart.lines import Lines
from toolkit.mart.runs import as_array, runs_of, shifts_for, sums_between, unpack
from toolkit.schemas import MEMBER_CATEGORY


def member_categories_of(lines: Lines, orders: pl.DataFrame, catalogue: Catalogue) -> pl.DataFrame:
    """Return one row per member x category (schema MEMBER_CATEGORY), members in the order of the lines, categories by code.

    `orders` are those of the lines; lines of non-members are left out.

    Lines are put in order of (member, category, not bought, line) with one packed key: then each pair is a run whose bought lines come
    first and in time order, and a distinct order or day is one that differs from the row before.
    """
    members = runs_of(as_array(orders["member_code"].fill_null(0)))
    sizes = (members.count, catalogue.categories.height, 2, lines.count, 2)
    shifts = shifts_for(*sizes)
    keys = _sorted_keys(lines, orders, members.numbers(), catalogue, shifts)
    if not len(keys):
        return pl.DataFrame(schema=MEMBER_CATEGORY)
    line = unpack(keys, shifts[3], sizes[3])
    pair = keys >> shifts[1]
    pairs = runs_of(pair)
    bought_ends = pairs.starts + pairs.sum(keys & (1 << shifts[2]) == 0)
    order = lines.orders.numbers().astype(np.int32)[line]
    day = as_array(orders.select(day_number(pl.col("ordered_at")).cast(pl.Int32)).to_series())[order]
    amount, units = lines.amount[line], lines.units[line]
    first = pair[pairs.starts]
    return pl.DataFrame(
        {
            "member_code": as_array(orders["member_code"].fill_null(0))[members.starts][first >> (shifts[0] - shifts[1])],
            "category_code": unpack(first, 0, sizes[1]),
            "order_count": sums_between(_changes(order, pairs.starts), pairs.starts, bought_ends),
            "day_count": sums_between(_changes(day, pairs.starts), pairs.starts, bought_ends),
            "amount": pairs.sum(amount),
            "units_milli": pairs.sum(units),
            "priced_amount": sums_between(amount * (keys & 1), pairs.starts, bought_ends),
            "priced_units_milli": sums_between(units, pairs.starts, bought_ends),
        }
    ).cast(dict(MEMBER_CATEGORY))


def _sorted_keys(lines: Lines, orders: pl.DataFrame, member: np.ndarray, catalogue: Catalogue, shifts: list[int]) -> np.ndarray:
    """Keys of (member, category, not bought, line, counted) of the members' lines, ascending."""
    product_part = (catalogue.category_of_product << shifts[1]) | catalogue.counted
    keys = lines.orders.spread(member << shifts[0])
    keys |= product_part[lines.product]
    keys += ~lines.bought * np.int64(1 << shifts[2])
    keys += np.arange(lines.count) << shifts[3]
    by_member = lines.by_member(orders)
    if by_member is not None:
        keys = keys[by_member]
    keys.sort()
    return keys


def _changes(values: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """True where a value differs from the one before, and at the starts."""
    changes = np.empty(len(values), dtype=bool)
    np.not_equal(values[1:], values[:-1], out=changes[1:])
    changes[starts] = True
    return changes
