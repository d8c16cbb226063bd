"""Member x category -> what categories usually cost, and what each member's goods would cost at that.

The usual unit price of a category is the members' money over the members' units, both of bought lines of counted goods. It is kept as the
exact fraction and, for the second step, as a fixed-point number with nine decimals rounded half up, so that sums of price x units are
integers (Int128) and the same in any order.
"""

from __future__ import annotations

import polars as pl

from toolkit.expressions import divide_half_up
from toolkit.schemas import MEMBER_CATEGORY

FIXED_POINT = 10**9
"""`price_fixed` is minor units per thousandth of a unit, times this."""

_SUMS = ("amount", "units_milli", "priced_amount", "priced_units_milli")


def category_sums(member_category: pl.DataFrame) -> pl.DataFrame:
    """Return one row per category: the sums of MEMBER_CATEGORY over members, with member_count (members who bought it) and order_count."""
    return (
        member_category.lazy()
        .group_by("category_code")
        .agg(
            pl.col(*_SUMS).sum(),
            order_count=pl.col("order_count").cast(pl.Int64).sum(),
            member_count=(pl.col("order_count") > 0).cast(pl.Int64).sum(),
        )
        .sort("category_code")
        .collect()
    )


def add_category_sums(parts: list[pl.DataFrame]) -> pl.DataFrame:
    """Return the category sums of the whole shop from those of its batches."""
    schema = {"category_code": MEMBER_CATEGORY["category_code"], **dict.fromkeys((*_SUMS, "order_count", "member_count"), pl.Int64)}
    parts = [part.select(list(schema)).cast(schema) for part in parts]
    return pl.concat([pl.DataFrame(schema=schema), *parts]).group_by("category_code").sum().sort("category_code")


def usual_prices(categories: pl.DataFrame) -> pl.DataFrame:
    """Return category_code and price_fixed (Int128); null where nobody bought counted goods of the category."""
    money = pl.col("priced_amount").cast(pl.Int128) * FIXED_POINT
    units = pl.col("priced_units_milli").cast(pl.Int128)
    return categories.select("category_code", price_fixed=divide_half_up(money, pl.when(units > 0).then(units)))


def expected_amounts(member_category: pl.DataFrame, prices: pl.DataFrame) -> pl.DataFrame:
    """Return member_code and expected_amount: the member's priced units at each category's usual price, rounded half up to minor units."""
    cost = pl.col("priced_units_milli").cast(pl.Int128) * pl.col("price_fixed").fill_null(0)
    return (
        member_category.lazy()
        .join(prices.lazy(), on="category_code", how="left")
        .group_by("member_code")
        .agg(cost.sum().alias("cost"))
        .select("member_code", expected_amount=divide_half_up(pl.col("cost"), pl.lit(FIXED_POINT, pl.Int128)).cast(pl.Int64))
        .collect(engine="streaming")
    )
