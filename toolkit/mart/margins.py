"""What the shop keeps of its sales: margins by product, by category and of what a group of members buys, from `products.unit_cost`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import polars as pl

from toolkit.expressions import divide_half_up
from toolkit.mart.folder import Mart
from toolkit.workspace import Workspace

PRODUCT_MARGINS = pl.Schema(
    {
        "product_code": pl.UInt32,
        "category_code": pl.UInt32,
        "amount": pl.Int64,  # sales up to as_of, minor units
        "cost_amount": pl.Int64,  # unit cost x units sold; null = not known
        "margin_share": pl.Float64,  # 1 - cost / sales; below 0 where sold under cost; null = not known
    }
)
CATEGORY_MARGINS = pl.Schema(
    {
        "category_code": pl.UInt32,
        "margin_share": pl.Float64,  # of the sales whose cost is known; null = of none
        "known_share": pl.Float64,  # share of the category's sales whose cost is known
    }
)


@dataclass(frozen=True)
class Margin:
    """The share of sales that the shop keeps after the cost of goods.

    `basis`: measured (from unit costs), assumed (a setting says so), or not known (`share` is None: only sales can be spoken of).
    `known_share` is the share of the sales whose cost is known; the rest is taken to be alike.
    """

    share: float | None
    basis: Literal["measured", "assumed", "not known"]
    known_share: float = 0.0


def product_margins(ws: Workspace, mart: Mart) -> pl.DataFrame:
    """Return the margin of each product with a line up to the mart's day: one row per product (schema PRODUCT_MARGINS), by product_code.

    Sales are what the shop received, discounts already off; a return takes off sales and units alike. Not known (null): no unit cost
    stated, goods that are not counted (the mart keeps no quantity of them), and products whose sales or units are not above 0.
    """
    sold = mart.products.select("product_code", "category_code", "counted", "amount", "units_milli")
    table = ws.table("products")
    if table is None or not ws.has_column("products", "unit_cost"):
        sold = sold.with_columns(pl.lit(None, pl.Int64).alias("unit_cost"))
    else:
        codes = ws.codes("product").rename({"code": "product_code", "id": "product_id"})
        costs = codes.join(table.select("product_id", "unit_cost").collect(), on="product_id").select("product_code", "unit_cost")
        sold = sold.join(costs, on="product_code", how="left")
    is_costed = pl.col("counted") & (pl.col("units_milli") > 0) & (pl.col("amount") > 0)
    cost = divide_half_up(pl.col("unit_cost") * pl.col("units_milli"), pl.lit(1000, pl.Int64))
    return (
        sold.with_columns(pl.when(is_costed).then(cost).alias("cost_amount"))
        .with_columns((1 - pl.col("cost_amount") / pl.col("amount")).alias("margin_share"))
        .select(PRODUCT_MARGINS.names())
        .cast(PRODUCT_MARGINS)
        .sort("product_code")
    )


def category_margins(ws: Workspace, mart: Mart) -> pl.DataFrame:
    """Return the margin of each category that was sold: one row per category (schema CATEGORY_MARGINS), by category_code."""
    known = pl.col("amount").filter(pl.col("cost_amount").is_not_null()).sum()
    positive = pl.col("amount").clip(0, None).sum()
    return (
        product_margins(ws, mart)
        .group_by("category_code")
        .agg(
            (1 - pl.col("cost_amount").sum() / pl.when(known > 0).then(known)).alias("margin_share"),
            pl.when(positive > 0).then(known / positive).otherwise(0.0).alias("known_share"),
        )
        .cast(CATEGORY_MARGINS)
        .sort("category_code")
    )


def margin_shares_of(margins: pl.DataFrame, spend: pl.LazyFrame | pl.DataFrame, by: Sequence[str]) -> pl.DataFrame:
    """Return the margin share of what groups buy: one row per group, sorted by `by`.

    In: `margins` of `category_margins`; `spend` with the columns `by`, `category_code` and `amount` (minor units, any rows). Out: `by`,
    `margin_share` (each category at its own margin, weighted by the group's spend in it; null = no cost known) and `known_share` (0..1 of
    the group's spend).
    """
    spent = spend.lazy().group_by(*by, "category_code").agg(pl.col("amount").sum().clip(0, None)).collect(engine="streaming")
    known = pl.col("amount") * pl.col("known_share").fill_null(0)
    mixed = spent.join(margins, on="category_code", how="left", maintain_order="left").sort(*by, "category_code")
    return (
        mixed.with_columns(known.alias("known"), (known * pl.col("margin_share")).alias("kept"))
        .group_by(by, maintain_order=True)
        .agg(pl.col("kept", "known").sum(), pl.col("amount").sum())
        .select(
            *by,
            pl.when(pl.col("known") > 0).then(pl.col("kept") / pl.col("known")).alias("margin_share"),
            pl.when(pl.col("amount") > 0).then(pl.col("known") / pl.col("amount")).otherwise(0.0).alias("known_share"),
        )
    )


def margin_of(margins: pl.DataFrame, spend: pl.LazyFrame | pl.DataFrame, assumed: float | None) -> Margin:
    """Return the margin of all of `spend` (columns `category_code`, `amount`): measured, else the `assumed` share, else not known.

    Example
    -------
    >>> margins = pl.DataFrame({"category_code": [0], "margin_share": [0.25], "known_share": [1.0]})
    >>> margin_of(margins, pl.DataFrame({"category_code": [0], "amount": [400]}), None)
    Margin(share=0.25, basis='measured', known_share=1.0)
    """
    shares = margin_shares_of(margins, spend.lazy().with_columns(pl.lit(0).alias("all")), ["all"])
    if shares.height and shares["margin_share"][0] is not None:
        return Margin(shares["margin_share"][0], "measured", shares["known_share"][0])
    return Margin(assumed, "not known" if assumed is None else "assumed")
