"""The demo's receipts against a count of DuckDB on the raw files: the shop's own time, what is no goods, and what an order is."""

from __future__ import annotations

from datetime import datetime
from importlib.util import find_spec
from pathlib import Path

import duckdb
import polars as pl
import pytest

import toolkit as tk
from toolkit.scope.view import open_view
from toolkit.sources.presets.complete_journey import PACKAGE
from toolkit.workspace import Workspace

LINES = """
select basket_id, store_id, t.product_id, product_category, quantity, sales_value,
  -- New York is four hours behind UTC from 12 March 2017, 07:00 UTC, to 5 November, 06:00 UTC, else five.
  transaction_timestamp - case when transaction_timestamp >= timestamp '2017-03-12 07:00:00'
    and transaction_timestamp < timestamp '2017-11-05 06:00:00' then interval 4 hour else interval 5 hour end as at_shop,
  coalesce(product_category = 'COUPON/MISC ITEMS' and not starts_with(product_type, 'GASOLINE'), false) as no_goods
from '{data}/transactions.parquet' t left join '{data}/products.parquet' p on p.product_id = t.product_id
"""
RECEIPTS = """
select store_id, basket_id, min(at_shop) as at_shop, sum(round(100 * sales_value)::bigint) as amount,
  bool_or(not no_goods and quantity >= 0 and sales_value > 0) as is_order
from lines group by all
"""


@pytest.fixture(scope="module")
def raw() -> duckdb.DuckDBPyConnection:
    spec = find_spec(PACKAGE)
    assert spec is not None
    assert spec.origin is not None
    con = duckdb.connect()
    con.execute(f"create table lines as {LINES.format(data=Path(spec.origin).parent / 'data')}")
    con.execute(f"create table receipts as {RECEIPTS}")
    return con


def test_orders_sales_and_the_hours_of_the_day(journey: Path, raw: duckdb.DuckDBPyConnection) -> None:
    counted = raw.execute(
        "select count(*), count(*) filter (is_order), sum(amount), sum(amount) filter (is_order), min(at_shop), max(at_shop) from receipts"
    ).fetchone()
    view = open_view(Workspace(journey))
    orders = view.mart.orders
    ours = orders.select(
        pl.len(),
        pl.col("is_order").sum().alias("orders"),
        pl.col("amount").sum(),
        pl.col("amount").filter("is_order").sum().alias("order_sales"),
        pl.col("ordered_at").min().alias("first"),
        pl.col("ordered_at").max().alias("last"),
    )
    assert ours.collect().row(0) == counted
    assert counted is not None
    assert counted[1:3] == (155_053, 459_603_958)
    assert counted[4:] == (datetime(2017, 1, 1, 6, 53, 26), datetime(2017, 12, 31, 23, 1, 20))
    by_hour = dict(raw.execute("select hour(at_shop), count(*) from receipts group by 1").fetchall())
    assert max(by_hour, key=lambda hour: by_hour[hour]) == 17
    hours = orders.group_by(pl.col("ordered_at").dt.hour().alias("hour")).len().collect()
    assert dict(hours.rows()) == by_hour


def test_days_of_redemptions_stay_as_they_are(journey: Path) -> None:
    redeemed = Workspace(journey).table("redemptions")
    assert redeemed is not None
    assert redeemed.select(pl.col("redeemed_at").dt.date().min().alias("first"), pl.col("redeemed_at").dt.hour().max()).collect().row(
        0
    ) == (
        datetime(2017, 1, 1).date(),
        0,
    )


def test_what_is_no_goods_is_in_sales_alone(journey: Path, raw: duckdb.DuckDBPyConnection) -> None:
    counted = raw.execute(
        "select count(distinct product_id), count(*), sum(round(100 * sales_value)::bigint) from lines where no_goods"
    ).fetchone()
    view = open_view(Workspace(journey))
    held = view.mart.totals["not_goods"]
    assert (held["product_count"], held["line_count"], held["amount"]) == counted
    assert not {"COUPON/MISC ITEMS", "(no goods)"} & set(view.categories["category"])
    fuel = raw.execute(
        "select sum(round(100 * sales_value)::bigint) from lines where product_category in ('FUEL', 'COUPON/MISC ITEMS') and not no_goods"
    ).fetchone()
    assert view.categories.filter(pl.col("category") == "FUEL")["amount"].to_list() == list(fuel or ())
    for answer in (tk.targeting.core_goods(journey), tk.targeting.entry_goods(journey)):
        assert "COUPON" not in answer.table.write_json()
