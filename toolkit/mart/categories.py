"""Lines -> member x category: one row per member and category."""

from __future__ import annotations

import numpy as np
import polars as pl

from toolkit.expressions import day_number
from toolkit.mart.catalogue import Catalogue
from toolkit.mart.lines import Lines
from toolkit.mart.runs import Runs, as_array, changes_in, pack, runs_of, sum_by_code, sums_between
from toolkit.schemas import MEMBER_CATEGORY

_SUMS = ("order_count", "day_count", "amount", "units_milli", "priced_amount", "priced_units_milli")


def member_categories_of(lines: Lines, orders: pl.DataFrame, catalogue: Catalogue) -> pl.DataFrame:
    """Return one row per member x category (schema MEMBER_CATEGORY), members in the order of the lines, categories by code.

    `orders` are those of the lines; lines of non-members are left out.

    The lines are sorted by category alone, keeping their order: a counting sort, which costs a fraction of a group-by. Since they came by
    member and time, each member x category is then a run, in time order.
    """
    codes = as_array(orders["member_code"].fill_null(0))
    members = runs_of(codes)
    by_member = lines.by_member(orders)
    rows = slice(None) if by_member is None else np.flatnonzero(by_member)
    category = catalogue.small_category_of_product[lines.product[rows]]
    line = np.argsort(category, kind="stable")
    category = category[line]
    line = line if by_member is None else rows[line]
    order = lines.order[line]
    member = members.numbers()[order]
    pairs = runs_of(category, member)
    sums = _sums(lines, line, order, pairs, orders, catalogue)
    member, category = member[pairs.starts], category[pairs.starts].astype(np.int64)
    keys, shifts = pack((member, members.count), (category, catalogue.categories.height), (np.arange(pairs.count), pairs.count))
    keys.sort()
    pair = keys & ((1 << shifts[1]) - 1)
    return pl.DataFrame(
        {
            "member_code": codes[members.starts][member[pair]],
            "category_code": category[pair],
            **{name: sums[name][pair] for name in _SUMS},
        }
    ).cast(dict(MEMBER_CATEGORY))


def _sums(
    lines: Lines, line: np.ndarray, order: np.ndarray, pairs: Runs, orders: pl.DataFrame, catalogue: Catalogue
) -> dict[str, np.ndarray]:
    """The sums of each run of `line`, line numbers by category and member."""
    amount, units = lines.amount[line], lines.units[line]
    sums = {"amount": pairs.sum(amount), "units_milli": pairs.sum(units)}
    priced_amount, priced_sums = amount, sums["amount"]
    if not lines.counted.all():
        priced_amount = amount * lines.counted[line]
        priced_sums = pairs.sum(priced_amount)
    # What is not bought (returns, fees) is taken off again: it is rare.
    other = np.flatnonzero(~lines.bought[line])
    pair = np.searchsorted(pairs.starts, other, side="right") - 1
    starts = pairs.starts - np.searchsorted(other, pairs.starts)
    ends = np.append(starts[1:], len(line) - len(other))
    bought_order = np.delete(order, other) if len(other) else order
    day = as_array(orders.select(day_number(pl.col("ordered_at")).cast(pl.Int32)).to_series())[bought_order]
    inside = starts[starts < len(bought_order)]
    return sums | {
        "order_count": sums_between(changes_in(bought_order, inside), starts, ends),
        "day_count": sums_between(changes_in(day, inside), starts, ends),
        "priced_amount": priced_sums - sum_by_code(pair, priced_amount[other], pairs.count),
        "priced_units_milli": sums["units_milli"] - sum_by_code(pair, units[other], pairs.count),
    }
