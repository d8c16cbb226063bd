"""Member x category -> what categories usually cost, and what each member's goods would cost at that.

The usual unit price of a category is the members' money over the members' units, both of bought lines of counted goods. It is kept as the
exact fraction and, for the second step, as a fixed-point number with nine decimals rounded half up, so that sums of price x units are
integers (Int128) and the same in any order.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from toolkit.expressions import divide_half_up
from toolkit.mart.runs import Columns, as_array, runs_of, sum_by_code

FIXED_POINT = 10**9
"""`price_fixed` is minor units per thousandth of a unit, times this."""

_SUMS: tuple[str, ...] = ("amount", "units_milli", "priced_amount", "priced_units_milli")


def category_sums(member_category: pl.DataFrame, category_count: int) -> Columns:
    """Return sums over members per category_code 0..category_count-1: those of MEMBER_CATEGORY, and member_count, members who bought it."""
    category = as_array(member_category["category_code"]).astype(np.int64)
    bought = as_array(member_category["order_count"]).astype(np.int64)
    return {
        **{name: sum_by_code(category, as_array(member_category[name]), category_count) for name in _SUMS},
        "order_count": sum_by_code(category, bought, category_count),
        "member_count": np.bincount(category[bought > 0], minlength=category_count),
    }


def category_table(sums: Columns, categories: pl.DataFrame) -> pl.DataFrame:
    """Return `categories` with the sums of the whole shop."""
    return categories.with_columns(pl.Series(name, values, dtype=pl.Int64) for name, values in sums.items())


def usual_prices(categories: pl.DataFrame) -> pl.DataFrame:
    """Return category_code and price_fixed (Int128); null where nobody bought counted goods of the category."""
    money = pl.col("priced_amount").cast(pl.Int128) * FIXED_POINT
    units = pl.col("priced_units_milli").cast(pl.Int128)
    return categories.select("category_code", price_fixed=divide_half_up(money, pl.when(units > 0).then(units)))


def expected_amounts(member_category: pl.DataFrame, prices: pl.DataFrame) -> pl.Series:
    """Return the expected amount of each member, in the order they come: the member's priced units at each category's usual price.

    Int64 minor units, rounded half up. `prices` has a row per category_code, in that order.
    """
    ends = runs_of(as_array(member_category["member_code"])).ends
    price = prices["price_fixed"].fill_null(0).gather(member_category["category_code"])
    running = (member_category["priced_units_milli"].cast(pl.Int128) * price).cum_sum().gather(pl.Series(ends - 1, dtype=pl.UInt32))
    cost = (running - running.shift(1, fill_value=0)).to_frame("cost")
    return cost.select(expected_amount=divide_half_up(pl.col("cost"), pl.lit(FIXED_POINT, pl.Int128)).cast(pl.Int64)).to_series()
