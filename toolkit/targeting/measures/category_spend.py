"""What each member spent on each good of a category in two periods."""

from __future__ import annotations

import polars as pl

from toolkit.language import value
from toolkit.scope.period import Period
from toolkit.scope.view import View
from toolkit.targeting.measures.goods import By, good_names, scoped_parts

MOST_GOODS = 20
"""Goods of a category told apart, the best-selling first."""
OTHERS = value("other goods of the category")


def category_spend(view: View, now: Period, before: Period, category: int, by: By) -> pl.DataFrame:
    """Return members' spend on each good of a category: one row per member and good bought or given back in either period.

    Columns: `member_code`, `goods` (label; beyond the best-selling, of too few members or nameless: `OTHERS`), `before`, `now` (minor
    units, returns subtracted), `bought_before`, `bought_now`.
    """
    sides = [_side(view, now, category, True), _side(view, before, category, False)]
    lines = pl.concat(sides)
    names = good_names(view, lines["product_code"].unique(), by)
    lines = lines.join(names, on="product_code", how="left").with_columns(pl.col("goods").fill_null(OTHERS))
    known = lines.filter(pl.col("goods") != OTHERS).group_by("goods").agg(
        pl.col("amount").sum(), pl.col("member_code").n_unique().alias("members")
    ).filter(pl.col("members") >= view.least).sort("amount", "goods", descending=[True, False])["goods"].head(MOST_GOODS)  # fmt: skip
    told = pl.when(pl.col("goods").is_in(known.implode())).then("goods").otherwise(pl.lit(OTHERS))
    return (
        lines.group_by("member_code", told.alias("goods"))
        .agg(
            *[pl.col("amount").filter(pl.col("is_now") == side).sum().alias(name) for name, side in (("before", False), ("now", True))],
            *[
                (pl.col("is_bought") & (pl.col("is_now") == side)).any().alias(f"bought_{name}")
                for name, side in (("before", False), ("now", True))
            ],
        )
        .sort("member_code", "goods")
    )


def _side(view: View, period: Period, category: int, is_now: bool) -> pl.DataFrame:
    frames = []
    for part in scoped_parts(view, period):
        orders = part.orders.select("order", "member_code").drop_nulls("member_code")
        inside = part.goods.filter(pl.col("category_code") == category).select("order", "product_code", "amount", "is_bought")
        frames.append(inside.join(orders, on="order").drop("order"))
    return pl.concat(frames).with_columns(pl.lit(is_now).alias("is_now"))
