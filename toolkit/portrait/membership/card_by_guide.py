"""Orders with a card by guide: how often each asks, against colleagues of the same store at the same hours."""

from __future__ import annotations

import polars as pl

from toolkit import columns as c
from toolkit.models.book_index import book_index
from toolkit.models.shares import wilson
from toolkit.scope.sales import within
from toolkit.scope.view import View

BY_GUIDE = c.table(
    "one row per guide, by store and guide: the index says how they stand, and within which bounds",
    c.text("guide_id", "Guide"),
    c.text("store_id", "Store"),
    c.count("order_count", "Orders served", "with goods that were paid for"),
    c.count("card_count", "Orders with a card"),
    *c.interval(c.share("card_share", "Share with a card", "of the orders", null="no orders")),
    *c.interval(
        c.index(
            "card_index",
            "Index",
            "1 = as colleagues of the store at the same hours; drawn to 1 as far as chance explains",
            null="nobody else there",
        )
    ),
    c.count("missed_count", "Orders to win", "more with a card, had colleagues served them", null="at or above colleagues"),
)
_HOURS = 4
_LEAST_ORDERS = 30


def served_rows(view: View) -> pl.DataFrame:
    """Return the orders of the period in scope that name a guide: `guide_id`, `store_id`, `has_card`, `kind` (weekend and hours)."""
    stores = view.stores.select("store_code", "store_id").lazy()
    weekend = (pl.col("ordered_at").dt.weekday() > 5).cast(pl.Int64)
    kind = weekend * (24 // _HOURS) + (pl.col("ordered_at").dt.hour() // _HOURS).cast(pl.Int64)
    orders = view.orders.filter("is_order", within(view.period)).select(
        "order_code", "store_code", has_card=pl.col("member_code").is_not_null(), kind=kind
    )
    named = view.workspace.order_guides().with_columns(pl.col("guide_id").str.strip_chars()).filter(pl.col("guide_id") != "")
    return orders.join(named, on="order_code").join(stores, on="store_code").drop("order_code", "store_code").collect(engine="streaming")


def by_guide(rows: pl.DataFrame) -> pl.DataFrame:
    """Return one row per guide and store of `served_rows` (columns of BY_GUIDE).

    The index is `models.book_index`: with a card over expected from what colleagues of the store do at the same hours. Regular customers
    come with a card by habit, so orders are not as independent as the interval takes them: nobody is named.
    """
    pairs = rows.select("guide_id", "store_id").unique().sort("store_id", "guide_id").with_row_index("book")
    stores = pairs.select("store_id").unique().sort("store_id").with_row_index("place")
    coded = rows.join(pairs, on=["guide_id", "store_id"]).join(stores, on="store_id").sort("book", "kind", "has_card")
    index = book_index(
        coded["has_card"].cast(pl.Float64).to_numpy(), coded["book"].cast(pl.Int64).to_numpy(), coded["place"].cast(pl.Int64).to_numpy(),
        coded["kind"].to_numpy(), least=_LEAST_ORDERS,
    )  # fmt: skip
    told = pairs.with_columns(
        pl.Series("card_index", index.shrunk), pl.Series("card_index_low", index.low), pl.Series("card_index_high", index.high),
        pl.Series("expected", index.expected),
    ).with_columns(pl.col(pl.Float64).fill_nan(None))  # fmt: skip
    counted = coded.group_by("book").agg(
        pl.len().cast(pl.Int64).alias("order_count"), pl.col("has_card").sum().cast(pl.Int64).alias("card_count")
    )
    low, high = wilson(pl.col("card_count"), pl.col("order_count"))
    missed = (pl.col("expected") - pl.col("card_count")).round().cast(pl.Int64)
    return told.join(counted, on="book").with_columns(
        (pl.col("card_count") / pl.col("order_count")).alias("card_share"), low.alias("card_share_low"), high.alias("card_share_high"),
        pl.when(missed > 0).then(missed).alias("missed_count"),
    ).sort("book").drop("book", "expected")  # fmt: skip
