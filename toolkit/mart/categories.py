"""Lines -> member x category: one row per member and category."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from toolkit.mart.catalogue import Catalogue
from toolkit.mart.lines import NONE, Lines
from toolkit.mart.orders import MICROSECONDS_A_DAY
from toolkit.mart.runs import Columns, Runs, changes_in, joined, pack, running_sums, runs_of, sum_by_code, sums_between
from toolkit.schemas import MEMBER_CATEGORY


def member_categories_in(lines: Lines, orders: Columns, catalogue: Catalogue) -> Columns:
    """Return columns of MEMBER_CATEGORY with an element per member x category, members in the order of the lines, categories by code.

    `orders` are the columns of `orders_in` of the same lines; lines of non-members are left out.

    The lines are sorted by category alone, keeping their order, with one small packed key. Since they came by member and time, each
    member x category is then a run, in time order.
    """
    members = runs_of(orders["member_code"])
    rows = None if lines.everybody else np.flatnonzero(orders["member_code"][lines.order] != NONE)
    category = catalogue.category_of_product[lines.product if rows is None else lines.product[rows]]
    count = catalogue.categories.height
    keys, shifts = pack((category, count), (np.arange(len(category)), len(category)))
    keys.sort()
    line = (keys & keys.dtype.type((1 << shifts[0]) - 1)).astype(np.int64)
    line = line if rows is None else rows[line]
    order = lines.order[line]
    category, member = keys >> keys.dtype.type(shifts[0]), members.numbers()[order]
    pairs = runs_of(category, member)
    first = category[pairs.starts].astype(np.int64)
    counted = None if catalogue.counted_category is None else catalogue.counted_category[first]
    sums = _sums(lines, line, order, pairs, orders, counted)
    member, category = member[pairs.starts], first
    keys, shifts = pack((member, members.count), (category, count), (np.arange(pairs.count), pairs.count))
    keys.sort()
    pair = (keys & keys.dtype.type((1 << shifts[1]) - 1)).astype(np.int64)
    codes = orders["member_code"][members.starts]
    return {"member_code": codes[member[pair]], "category_code": category[pair], **{name: values[pair] for name, values in sums.items()}}


def member_category_table(parts: Sequence[Columns]) -> pl.DataFrame:
    """Return one row per member x category (schema MEMBER_CATEGORY) from the columns of `member_categories_in`."""
    return pl.DataFrame(joined(parts, MEMBER_CATEGORY.names())).cast(MEMBER_CATEGORY)


def _sums(lines: Lines, line: np.ndarray, order: np.ndarray, pairs: Runs, orders: Columns, counted: np.ndarray | None) -> Columns:
    """The sums of each run of `line` (line numbers by category and member); `order` has their order numbers.

    `counted` says of each run whether its goods are counted, None where that differs within runs.
    """
    amount, units = lines.amount[line], lines.units[line]
    sums = {"amount": pairs.sum(amount), "units_milli": pairs.sum(units)}
    if counted is None:
        priced = amount * lines.counted[line]
        priced_amount = pairs.sum(priced)
    else:
        priced, priced_amount = amount, sums["amount"]
    # What is not bought (returns, fees) is taken off again: it is rare.
    not_bought = ~lines.bought[line]
    other = np.flatnonzero(not_bought)
    pair = np.searchsorted(pairs.starts, other, side="right") - 1
    starts = pairs.starts - running_sums(not_bought)[pairs.starts]
    ends = np.append(starts[1:], len(line) - len(other))
    bought_order = np.delete(order, other) if len(other) else order
    day = (orders["ordered_at"] // MICROSECONDS_A_DAY).astype(np.int32)[bought_order]
    # A distinct order or day is one that differs from the line before, or starts its run.
    inside = starts[starts < len(bought_order)]
    return sums | {
        "order_count": sums_between(changes_in(bought_order, inside), starts, ends),
        "day_count": sums_between(changes_in(day, inside), starts, ends),
        "priced_amount": (priced_amount - sum_by_code(pair, priced[other], pairs.count)) * (True if counted is None else counted),
        "priced_units_milli": sums["units_milli"] - sum_by_code(pair, units[other], pairs.count),
    }
