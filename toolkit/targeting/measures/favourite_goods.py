"""The good that a member comes for."""

from __future__ import annotations

import polars as pl

from toolkit.mart.baskets import read_baskets
from toolkit.scope.view import View

_LEAST_DAYS = 3


def favourite_goods(view: View) -> pl.DataFrame:
    """Return the product that each member bought on most days, at least three: `member_code`, `product_code`, `known_on` (second day)."""
    parts = []
    for part in read_baskets(view.workspace, view.mart):
        orders = part.orders.lazy().with_row_index("order").filter(pl.col("member_code").is_not_null())
        bought = part.goods.lazy().filter("is_bought").join(orders, on="order")
        days = bought.select("member_code", "product_code", pl.col("ordered_at").dt.date().alias("day")).unique()
        of_good = days.group_by("member_code", "product_code").agg(
            pl.len().alias("days"), pl.col("day").sort().get(1, null_on_oob=True).alias("known_on")
        )
        most = of_good.filter(pl.col("days") >= _LEAST_DAYS).sort("member_code", "days", "product_code", descending=[False, True, False])
        parts.append(most.unique("member_code", keep="first", maintain_order=True).select("member_code", "product_code", "known_on"))
    return pl.concat(pl.collect_all(parts))
