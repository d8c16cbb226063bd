"""The industry profile by hand: frequency and ticket of each category, cuts on the edge, and what cannot be told."""

from __future__ import annotations

from datetime import datetime, timedelta

import polars as pl
import pytest

import toolkit as tk
from tests.shop import AS_OF, make_workspace, random_lines, random_products
from toolkit.differentiation.industry_profile import GROUPS, STRESSES, WHOLE

FEW = {"scope": {"minimum_members": 1}}
LINES = random_lines(4, lines=1_500, members=25)


def rows(ws, playbook=None, **more) -> dict[str, dict]:
    answer = tk.differentiation.industry_profile(ws, settings=FEW | {"playbook": playbook or {}}, **more)
    return {row["goods"]: row for row in answer.table.iter_rows(named=True)}


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    return make_workspace(tmp_path_factory.mktemp("industry") / "ws", LINES, {"products": random_products()})


@pytest.mark.parametrize("store", [None, "s2"])
def test_frequency_and_ticket_by_hand(shop, store):
    found = rows(shop, store_id=store)
    lines = LINES.filter(pl.col("member_id").is_not_null(), pl.col("ordered_at").dt.date() > AS_OF - timedelta(days=365))
    lines = lines if store is None else lines.filter(pl.col("store_id") == store)
    lines = lines.join(random_products(), on="product_id").with_columns(pl.col("amount").mul(100).round().cast(pl.Int64))
    year = 365 / 365
    for name, row in found.items():
        mine = lines if name == WHOLE else lines.filter(pl.col("category") == name)
        bought = mine.filter(pl.col("quantity") > 0)
        orders, buyers = bought["order_id"].n_unique(), bought["member_id"].n_unique()
        assert (row["order_count"], row["buyer_count"]) == (orders, buyers)
        assert row["orders_per_year"] == pytest.approx(orders / buyers * year)
        assert round(row["sales"] * 100) == mine["amount"].sum()
        assert row["ticket_value"] == pytest.approx(mine["amount"].sum() / 100 / orders)
    assert set(found) == {WHOLE, "a", "b", "c", "d"}
    assert next(iter(found)) == WHOLE


def four(path, *, days: int = 360):
    """Ten members; tea often and cheap, cream often and dear, oven seldom and dear, mug seldom and cheap."""
    kinds = {"tea": (30, 4.0), "cream": (60, 40.0), "oven": (days, 400.0), "mug": (days, 4.0)}
    start = datetime.combine(AS_OF, datetime.min.time()) - timedelta(days=days - 1)
    rows = [
        (f"m{who}", f"{kind}-{who}-{day}", "s1", kind, start + timedelta(days=day), 1.0, price, 0.0, 0.0, None)
        for who in range(10)
        for kind, (step, price) in kinds.items()
        for day in range(0, days, step)
    ]
    names = ["member_id", "order_id", "store_id", "product_id", "ordered_at", "quantity", "amount", "discount_amount", "coupon_amount",
             "channel"]  # fmt: skip
    lines = pl.DataFrame(rows, schema=names, orient="row", schema_overrides={"ordered_at": pl.Datetime("us"), "channel": pl.String})
    return make_workspace(path, lines, {"products": pl.DataFrame({"product_id": list(kinds), "category": list(kinds)})})


def test_each_kind_stands_in_its_quarter(tmp_path):
    ws = four(tmp_path / "ws")
    found = rows(ws, {"ticket_cut": 40.0})  # a value on the cut is high
    assert {name: row["group"] for name, row in found.items() if name != WHOLE} == {
        "tea": GROUPS["high", "low"], "cream": GROUPS["high", "high"], "oven": GROUPS["low", "high"], "mug": GROUPS["low", "low"],
    }  # fmt: skip
    assert all(row["stresses"] == STRESSES[row["group"]] for row in found.values())
    assert found["cream"]["orders_per_year"] == pytest.approx(6 * 365 / 331)  # the last receipt is 331 days after the first
    assert found[WHOLE]["group"] == GROUPS["high", "high"]  # 640 of 692 a member come from dear categories
    assert found[WHOLE]["sales_share"] is None
    assert sum(row["sales_share"] for name, row in found.items() if name != WHOLE) == pytest.approx(1)
    assert rows(ws, {"order_value_cut": 1_000})[WHOLE]["group"] == GROUPS["high", "low"]
    assert rows(ws, {"frequency_cut": 100, "order_value_cut": 1})[WHOLE]["group"] == GROUPS["low", "high"]


def test_without_a_stated_cut_dear_is_three_times_the_middle_purchase(tmp_path):
    ws = four(tmp_path / "ws")
    answer = tk.differentiation.industry_profile(ws, settings=FEW)
    assert "dear from €12.00 a purchase (not stated: 3 times" in str(answer.notes[0])  # 13 of 20 purchases cost 4
    assert answer.figures["frequent_sales_share"] == pytest.approx((12 * 4 + 6 * 40) / (12 * 4 + 6 * 40 + 400 + 4))
    assert answer.chart is not None


def test_what_cannot_be_told_is_not(tmp_path, shop):
    short = tk.differentiation.industry_profile(shop, period="90d", settings=FEW)
    assert "not measured" in short.headline
    assert short.table.is_empty()
    few = tk.differentiation.industry_profile(four(tmp_path / "ws"), settings={"scope": {"minimum_members": 10}})
    assert few.table.height == 5
    half = tk.differentiation.industry_profile(shop, period="200d", settings=FEW)
    assert any("brought to a year" in str(note) for note in half.notes)
    bare = make_workspace(tmp_path / "bare", LINES)
    assert "not measured" in tk.differentiation.industry_profile(bare, settings=FEW).headline
