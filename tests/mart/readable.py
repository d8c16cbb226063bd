"""Mart tables with ids instead of codes, sorted, so that two marts can be compared whatever codes their imports gave."""

from __future__ import annotations

import polars as pl

from toolkit.mart import Mart
from toolkit.workspace import Workspace


def readable_lines(lines: pl.DataFrame, products: pl.DataFrame) -> pl.DataFrame:
    """Contract lines as the naive mart wants them: minor units, thousandths, category, counted and is_goods beside each line."""
    money = [(pl.col(name) * 100).round().cast(pl.Int64) for name in ("amount", "discount_amount", "coupon_amount")]
    return (
        lines.with_columns(*money, quantity_milli=(pl.col("quantity") * 1_000).round().cast(pl.Int64))
        .join(_with_goods(products).select("product_id", "category", "counted", "is_goods"), on="product_id", how="left")
        .with_columns(pl.col("category").fill_null("(no category)"), pl.col("counted", "is_goods").fill_null(True))
    )


def _with_goods(products: pl.DataFrame) -> pl.DataFrame:
    return products if "is_goods" in products.columns else products.with_columns(is_goods=pl.lit(True))


def members(ws: Workspace, mart: Mart) -> pl.DataFrame:
    """One row per member, sorted by member_id."""
    frame = mart.members.collect()
    frame = _ids(frame, ws.codes("member"), "member_code", "member_id")
    frame = _ids(frame, ws.codes("store"), "home_store_code", "home_store_id")
    frame = _ids(frame, ws.codes("channel"), "top_channel_code", "top_channel")
    frame = _ids(frame, mart.categories.select(code="category_code", id="category"), "top_category_code", "top_category")
    return frame.sort("member_id")


def orders(ws: Workspace, mart: Mart) -> pl.DataFrame:
    """One row per order, sorted by order_id."""
    frame = mart.orders.collect().join(ws.order_ids().collect(), on="order_code", how="left").drop("order_code")
    frame = _ids(frame, ws.codes("member"), "member_code", "member_id")
    frame = _ids(frame, ws.codes("store"), "store_code", "store_id")
    return _ids(frame, ws.codes("channel"), "channel_code", "channel").sort("order_id")


def member_category(ws: Workspace, mart: Mart) -> pl.DataFrame:
    """One row per member x category, sorted."""
    frame = _ids(mart.member_category.collect(), ws.codes("member"), "member_code", "member_id")
    return _ids(frame, mart.categories.select(code="category_code", id="category"), "category_code", "category").sort(
        "member_id", "category"
    )


def products(ws: Workspace, mart: Mart) -> pl.DataFrame:
    """One row per product, sorted by product_id."""
    return _ids(mart.products, ws.codes("product"), "product_code", "product_id").sort("product_id")


def _ids(frame: pl.DataFrame, codes: pl.DataFrame, code: str, name: str) -> pl.DataFrame:
    renamed = codes.select(pl.col("code").alias(code), pl.col("id").alias(name))
    return frame.join(renamed, on=code, how="left").drop(code)
