"""The shop's events and contacts as analyses see them: coded, up to as_of, within a window."""

from __future__ import annotations

from datetime import datetime, time, timedelta

import polars as pl

from toolkit.answer import Finding, Note
from toolkit.columns import Table
from toolkit.language import value
from toolkit.portrait.measures.tastes import NO_CATEGORY
from toolkit.scope.view import View

LOOKS = ("view", "search", "favourite")
CART = "cart"
NOT_STATED = value("(not stated)")


def has_events(view: View) -> bool:
    """Whether the shop handed over any events."""
    return view.workspace.table("events") is not None


def events_in(view: View) -> pl.LazyFrame:
    """Return the events of the window `view.period` by members with receipts, one row each.

    Columns: `member_code`, `occurred_at`, `kind` (lower case), `touchpoint` (`(not stated)` where null), `product_code`, `category_code`
    (of the product, or as the event names it; null where neither is known). Needs an events table.
    """
    table = view.workspace.table("events")
    assert table is not None, "ask has_events first"
    columns = table.collect_schema().names()
    for name in ("touchpoint", "product_id", "category"):
        if name not in columns:
            table = table.with_columns(pl.lit(None, pl.String).alias(name))
    products = view.workspace.codes("product").rename({"code": "product_code", "id": "product_id"})
    by_product = products.join(_categories_of_products(view, products), on="product_code", how="left")
    named = view.categories.filter(pl.col("category") != NO_CATEGORY).select("category", pl.col("category_code").alias("named_code"))
    return (
        table.filter(in_window(view, "occurred_at"))
        .join(view.population.lazy().select("member_id", "member_code"), on="member_id")
        .join(by_product.lazy(), on="product_id", how="left")
        .join(named.lazy(), on="category", how="left")
        .select(
            "member_code",
            "occurred_at",
            pl.col("kind").str.to_lowercase().str.strip_chars(),
            pl.col("touchpoint").fill_null(NOT_STATED),
            "product_code",
            pl.coalesce("category_code", "named_code").alias("category_code"),
        )
    )


def in_window(view: View, column: str) -> pl.Expr:
    """Return the expression that is true for times within `view.period`, which never reaches beyond as_of."""
    start = datetime.combine(view.period.start, time())
    end = datetime.combine(min(view.period.end, view.as_of) + timedelta(days=1), time())
    return (pl.col(column) >= start) & (pl.col(column) < end)


def _categories_of_products(view: View, products: pl.DataFrame) -> pl.DataFrame:
    """`product_code`, `category_code`: from the products table, since what is only looked at has no line in the mart."""
    table = view.workspace.table("products")
    if table is None:
        return view.mart.products.select("product_code", "category_code")
    names = view.categories.filter(pl.col("category") != NO_CATEGORY).select("category", "category_code")
    stated = table.select("product_id", "category").collect().join(names, on="category")
    others = view.mart.all_products.filter(~pl.col("is_goods"))
    goods = products.join(others, on="product_code", how="anti", maintain_order="left")
    return goods.join(stated, on="product_id").select("product_code", "category_code")


def window_key(view: View) -> str:
    """Return the window as part of the name of a kept table."""
    return f"{view.period.start}-{view.period.end}"


def no_events(view: View, what: str, table: Table | dict[str, type[pl.DataType]]) -> Finding:
    """Return the answer of a shop without an events table: `table` as it is declared (or its schema), without rows."""
    advice = view.say(
        "No `events` table: {what} are not measured. Import one (member_id, occurred_at, kind; touchpoint, product_id and category where "
        "known).",
        what=what,
    )
    return Finding(
        headline=view.say("{where}, {what} are not measured: the shop handed over no `events` table.", what=what),
        table=table.empty() if isinstance(table, Table) else pl.DataFrame(schema=table),
        notes=[Note(advice, "NOT MEASURED")],
    )
