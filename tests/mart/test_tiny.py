"""The tiny shop, feature by feature: every number here can be checked by eye against tests/shop.py."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from tests.mart import readable
from tests.shop import AS_OF, make_workspace, tiny_lines, tiny_products
from toolkit import schemas
from toolkit.mart import build_mart


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    ws = make_workspace(tmp_path_factory.mktemp("tiny") / "shop", tiny_lines(), {"products": tiny_products()})
    return ws, build_mart(ws, AS_OF)


@pytest.fixture(scope="module")
def members(shop):
    return {row["member_id"]: row for row in readable.members(*shop).iter_rows(named=True)}


def expect(row: dict, **values) -> None:
    assert {name: row[name] for name in values} == values


def test_schemas_are_kept(shop):
    _, mart = shop
    assert mart.orders.collect_schema() == schemas.ORDERS
    assert mart.member_category.collect_schema() == schemas.MEMBER_CATEGORY
    assert mart.members.collect_schema() == schemas.MEMBER_FEATURES


def test_days_and_orders(members):
    # a1 and a2 are two orders of one day; a4 is a return alone: no order, no day, but money.
    expect(members["anna"], order_count=4, return_order_count=1, day_count=3, line_count=7, amount=1_600, units_milli=9_000)
    expect(members["anna"], first_ordered_on=date(2024, 1, 1), last_ordered_on=date(2024, 6, 3), active_month_count=2)
    # Days 1, 11 January and 3 June: gaps of 10 and 144 days.
    expect(members["anna"], gap_days_mean=77.0, last_gap_days=144)
    assert members["anna"]["gap_days_std"] == pytest.approx(94.752308678997, abs=1e-9)
    expect(members["ben"], order_count=1, day_count=1, gap_days_mean=None, gap_days_std=None, last_gap_days=None)
    expect(members["emil"], order_count=2, day_count=1, return_order_count=1)


def test_windows_end_at_as_of(members):
    # as_of is 30 June, a Sunday: 3 June is day 28 of the last 28, 5 May is in the last 91, 1 April would be day 91.
    expect(members["anna"], amount_28d=700, amount_91d=700, amount_prev_91d=900, amount_365d=1_600)
    expect(members["anna"], order_count_28d=1, order_count_91d=1, order_count_prev_91d=3, order_count_365d=4)
    expect(members["anna"], day_count_28d=1, day_count_56d=1, day_count_91d=1)
    expect(members["ben"], day_count_28d=0, day_count_56d=0, day_count_91d=1, amount_28d=0)
    expect(members["cleo"], amount_prev_91d=-600, order_count_prev_91d=0)


def test_favourites_and_their_ties(members):
    # anna has two orders in each store, two on either channel and two in each of two bands: the smaller id, the earlier hour.
    expect(members["anna"], home_store_id="s1", home_store_order_count=2, store_count=2, top_channel="app", top_channel_order_count=2)
    expect(members["anna"], top_weekday=1, top_weekday_order_count=3, top_hour_band=2, top_hour_band_order_count=2)
    expect(members["anna"], category_count=3, top_category="bakery", top_category_amount=600)  # dairy has 6.00 as well
    expect(members["emil"], home_store_id="s1", top_weekday=6, top_category="dairy", top_category_amount=500)
    expect(members["dora"], top_channel=None, top_channel_order_count=0, top_weekday=7, top_hour_band=5)


def test_discounts_and_coupons(members):
    # Shares of the day bought on discount: 3.00 of 6.00, 0 of 6.00, 4.00 of 7.00; all three dates have odd day numbers.
    expect(members["anna"], promo_amount=700, discount_amount=300, promo_days_odd=3, promo_days_even=0, promo_bp_odd=5_000 + 5_714)
    expect(members["anna"], promo_bp_sq=5_000**2 + 5_714**2, coupon_day_count=2, coupon_bp_odd=20_000, coupon_bp_even=0)
    # dora: 1.25 of 3.25 on an even day.
    expect(members["dora"], promo_days_even=1, promo_bp_even=3_846, coupon_days_even=1)


def test_returns_alone_are_no_shopping(members):
    expect(members["cleo"], order_count=0, return_order_count=1, day_count=0, amount=-600, units_milli=-1_000, category_count=0)
    expect(members["cleo"], first_ordered_on=None, last_ordered_on=None, home_store_id=None, top_weekday=None, top_category=None)
    expect(members["cleo"], promo_days_odd=0, promo_days_even=0, coupon_day_count=0, expected_amount=0)


def test_negative_totals(members):
    expect(members["emil"], amount=-700, repeat_amount=-1_200, amount_28d=-700)


def test_goods_by_volume_and_weight_are_not_units(members):
    # 89,638 units of fuel and half a kilo of apples: money, not units.
    expect(members["ben"], amount=12_150, units_milli=1_000, top_category="petrol", category_count=2, priced_amount=150)
    expect(members["dora"], units_milli=0, order_count=1, line_count=2)


def test_expected_amount(members):
    # Dairy: 12.50 for 12 pieces. ben's one piece would cost 1.0417, anna's six 6.25; bread 3.00 and soap 4.00 are hers alone.
    expect(members["ben"], expected_amount=104)
    expect(members["anna"], priced_amount=1_900, expected_amount=625 + 900 + 400)


def test_orders(shop):
    orders = {row["order_id"]: row for row in readable.orders(*shop).iter_rows(named=True)}
    assert len(orders) == 13
    assert [name for name, row in orders.items() if not row["is_order"]] == ["a4", "c1", "e3", "n2"]
    assert {name: row["gap_days"] for name, row in orders.items() if row["gap_days"] is not None} == {"a2": 0, "a3": 10, "a5": 144, "e2": 0}
    expect(orders["a5"], amount=700, discount_amount=200, promo_amount=400, coupon_amount=100, units_milli=4_000, line_count=2)
    expect(orders["n1"], member_id=None, amount=200, line_count=2, channel="store")


def test_member_category(shop):
    rows = {(row["member_id"], row["category"]): row for row in readable.member_category(*shop).iter_rows(named=True)}
    assert len(rows) == 9
    expect(rows["anna", "dairy"], order_count=3, day_count=2, amount=600, priced_amount=600, priced_units_milli=6_000)
    # The returned loaf lowers money and units, not what was paid for bread.
    expect(rows["anna", "bakery"], order_count=2, amount=600, units_milli=2_000, priced_amount=900, priced_units_milli=3_000)
    expect(rows["cleo", "care"], order_count=0, day_count=0, amount=-600)
    expect(rows["dora", "(no category)"], order_count=1, amount=325, priced_units_milli=0)


def test_categories_products_and_totals(shop):
    _, mart = shop
    categories = {row["category"]: row for row in mart.categories.iter_rows(named=True)}
    assert mart.categories["category"].to_list() == ["(no category)", "bakery", "care", "dairy", "petrol"]
    expect(categories["dairy"], department="food", amount=1_250, order_count=6, member_count=3, priced_amount=1_250)
    products = {row["product_id"]: row for row in readable.products(*shop).iter_rows(named=True)}
    expect(products["milk"], line_count=8, amount=1_450, member_amount=1_250, order_count=7, member_order_count=6, counted=True)
    expect(products["fuel"], counted=False, units_milli=0)
    assert mart.totals["member"]["amount"] == 12_775
    assert mart.totals["non_member"] == {
        **dict.fromkeys(("discount_amount", "promo_amount", "coupon_amount"), 0),
        "order_count": 1,
        "return_order_count": 1,
        "line_count": 3,
        "amount": -100,
        "units_milli": 1_000,
    }
    assert (mart.totals["first_day"], mart.totals["last_day"]) == ("2024-01-01", "2024-06-30")
    assert "1 of 6" in mart.notes[0]  # nobody said whether the fee is counted


def test_two_channels_in_one_order_are_the_one_that_sorts_first(tmp_path):
    # Not what a shop should hand over, but no answer may depend on the order of the lines.
    lines = tiny_lines().filter(pl.col("order_id") == "a1").with_columns(channel=pl.Series(["store", "app"]))
    for number, rows in enumerate((lines, lines.reverse())):
        ws = make_workspace(tmp_path / str(number), rows, {"products": tiny_products()})
        assert readable.orders(ws, build_mart(ws, AS_OF))["channel"].to_list() == ["app"]
