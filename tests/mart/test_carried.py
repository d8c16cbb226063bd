"""A mart that is carried forward is, to the last bit, the one that is built from nothing."""

from __future__ import annotations

import shutil
from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from tests.shop import random_lines, random_products
from toolkit.importing import import_receipts, respread
from toolkit.importing import lines as line_steps
from toolkit.mart import build, build_mart, ensure_mart, load_mart, pruning
from toolkit.mart.folder import Mart
from toolkit.workspace import Workspace

START = date(2023, 6, 1)
MAPPING = """
currency = "EUR"
[lines]
files = "lines.parquet"
[lines.columns]
member_id = "member_id"
order_id = "order_id"
store_id = "store_id"
product_id = "product_id"
ordered_at = "ordered_at"
quantity = "quantity"
amount = "amount"
discount_amount = "discount_amount"
coupon_amount = "coupon_amount"
channel = "channel"
"""
PRODUCTS = """
[products]
files = "products.parquet"
columns = { product_id = "product_id", category = "category", counted = "counted" }
"""


def assert_same(mart: Mart, other: Mart) -> None:
    """Two marts hold the same rows; where a row stands depends on the nights before."""
    for table, keys in (("orders", ["order_code"]), ("member_category", ["member_code", "category_code"]), ("members", ["member_code"])):
        one, two = (getattr(each, table).collect().sort(keys) for each in (mart, other))
        assert one.equals(two), table
    assert mart.all_categories.equals(other.all_categories)
    assert mart.all_products.equals(other.all_products)
    assert mart.totals == other.totals


def from_nothing(ws: Workspace, as_of: date, monkeypatch) -> Mart:
    copy = ws.path.with_name("copy")
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(ws.path, copy, ignore=shutil.ignore_patterns("mart", ".lock"))
    with monkeypatch.context() as patch:
        patch.setattr(build, "_carried_sums", lambda *_: None)
        return ensure_mart(Workspace(copy), as_of)


class Shop:
    """A shop whose evenings come one after the other; `carried` counts the marts that were not built from nothing."""

    def __init__(self, folder, seed: int, monkeypatch) -> None:
        self.folder, self.rng, self.monkeypatch = folder, np.random.default_rng(seed), monkeypatch
        days = pl.col("ordered_at") - pl.lit(timedelta(days=(date(2024, 6, 30) - START).days - 320))
        self.all = random_lines(seed, lines=6_000, members=60, days=420).with_columns(days)
        self.products = random_products()
        self.carried = 0
        carry = build.carry

        def counted(*given):
            made = carry(*given)
            self.carried += made is not None
            return made

        monkeypatch.setattr(build, "carry", counted)

    def night(self, rows: pl.DataFrame, *, products: bool = False, replace: bool = False, by: str = "days") -> Workspace:
        if rows.is_empty():
            return Workspace(self.folder / "ws")
        rows.write_parquet(self.folder / "lines.parquet")
        if products:
            self.products.write_parquet(self.folder / "products.parquet")
        (self.folder / "mapping.toml").write_text(
            MAPPING.replace("[lines.", f'replaces = "{by}"\n[lines.', 1) + (PRODUCTS if products else ""), "utf-8"
        )
        import_receipts(self.folder / "mapping.toml", self.folder / "ws", accept_defaults=True, allow_shrinking=replace)
        return Workspace(self.folder / "ws")

    def of_days(self, first: date, last: date) -> pl.DataFrame:
        return self.all.filter(pl.col("ordered_at").dt.date().is_between(first, last))


@pytest.mark.parametrize(("seed", "rows_a_partition", "rows_a_part"), [(1, 10_000, 10_000), (2, 1_000, 700)])
def test_nights_in_any_order(tmp_path, monkeypatch, seed, rows_a_partition, rows_a_part):
    monkeypatch.setattr(line_steps, "ROWS_PER_PARTITION", rows_a_partition)
    monkeypatch.setattr(respread, "MOST_FILES", 4)  # files are put together again on the way: nothing of the receipts changes
    shop = Shop(tmp_path, seed, monkeypatch)
    today = START + timedelta(days=250)
    ws = shop.night(shop.of_days(START - timedelta(days=100), today), products=True)
    assert len(list((build_mart(ws, today, most_lines=rows_a_part).path / "orders").iterdir())) == (1 if seed == 1 else 5)
    kinds = ["a day", "several days", "late receipts", "a correction", "a deletion", "an old deletion", "new products", "a new category"]
    for kind in [*shop.rng.permutation(kinds), "nothing", "a day"]:
        first = today
        if kind in ("a day", "several days"):
            first, today = today + timedelta(days=1), today + timedelta(days=1 if kind == "a day" else 40)
            ws = shop.night(shop.of_days(first, today))
        elif kind == "late receipts":
            late = shop.of_days(today - timedelta(days=3), today)
            ws = shop.night(late.with_columns(pl.col("order_id") + "-late", amount=pl.col("amount") + 1), by="orders")
        elif kind == "a correction":
            day = today - timedelta(days=int(shop.rng.integers(0, 20)))
            ws = shop.night(shop.of_days(day, today).with_columns(amount=pl.col("amount") * 2), replace=True)
        elif kind in ("a deletion", "an old deletion"):
            day = today - timedelta(days=2 if kind == "a deletion" else 90)
            ws = shop.night(shop.of_days(day, day + timedelta(days=1)).gather_every(4), replace=True)
        elif kind == "new products":
            day, today = today + timedelta(days=1), today + timedelta(days=1)
            shop.products = pl.concat([shop.products, pl.DataFrame({"product_id": ["new"], "category": ["a"], "counted": [True]})])
            ws = shop.night(shop.of_days(day, today).with_columns(product_id=pl.lit("new")), products=True)
        elif kind == "a new category":
            shop.products = pl.concat([shop.products, pl.DataFrame({"product_id": ["z"], "category": ["aa"], "counted": [True]})])
            ws = shop.night(shop.of_days(today, today).with_columns(product_id=pl.lit("z")), products=True, replace=True)
        else:
            today += timedelta(days=30)
        assert_same(ensure_mart(ws, today), from_nothing(ws, today, monkeypatch))
    assert shop.carried >= 8


def test_what_did_not_change_is_the_same_file(tmp_path, monkeypatch):
    shop = Shop(tmp_path, 3, monkeypatch)
    day = START + timedelta(days=100)
    ws = shop.night(shop.of_days(START, day), products=True)
    before = ensure_mart(ws, day)
    places = {path.name: path.stat().st_ino for path in (before.path / "orders").iterdir()}
    ws = shop.night(shop.of_days(day + timedelta(days=1), day + timedelta(days=5)))
    after = ensure_mart(ws, day)
    assert {path.name: path.stat().st_ino for path in (after.path / "orders").iterdir()} == places
    assert not before.path.exists()  # of the same day, for receipts that were replaced
    assert_same(after, from_nothing(ws, day, monkeypatch))


def test_a_product_that_becomes_another_is_built_from_nothing(tmp_path, monkeypatch):
    shop = Shop(tmp_path, 4, monkeypatch)
    day = START + timedelta(days=60)
    ensure_mart(shop.night(shop.of_days(START, day), products=True), day)
    shop.products = shop.products.with_columns(category=pl.when(pl.col("product_id") == "p05").then(pl.lit("d")).otherwise("category"))
    ws = shop.night(shop.of_days(day, day), products=True)
    assert_same(ensure_mart(ws, day), from_nothing(ws, day, monkeypatch))
    assert shop.carried == 0


def test_marts_of_earlier_receipts_go_beyond_the_budget(tmp_path, monkeypatch):
    monkeypatch.setattr(pruning, "LEAST_BUDGET", 0)
    shop = Shop(tmp_path, 5, monkeypatch)
    day = START + timedelta(days=60)
    ws = shop.night(shop.of_days(START, day), products=True)
    kept = [ensure_mart(ws, day - timedelta(days=back)).path for back in (2, 1, 0)]
    assert all(path.exists() for path in kept)  # of these receipts all may be asked for
    ws = shop.night(shop.of_days(day + timedelta(days=1), day + timedelta(days=1)))
    ensure_mart(ws, day + timedelta(days=1))
    assert not any(path.exists() for path in kept)
    assert load_mart(ws, day + timedelta(days=1)) is not None
