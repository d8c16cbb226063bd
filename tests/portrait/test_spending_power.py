"""portrait.spending_power: the ladder by eye, price tiers of two members, and edge cases."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from tests.portrait.ladder import FEW, lines_of, shop_of
from tests.portrait.pictures import axis_titles, spec_of
from tests.shop import make_workspace
from toolkit.portrait import spending_power, traits
from toolkit.workspace import Workspace


def test_the_ladder_by_eye(ladder: Workspace) -> None:
    answer = spending_power(ladder, settings=FEW)
    rows = {row["level"]: row for row in answer.table.to_dicts()}
    # In 365 days: m0 100 and m1 90 in less than a month, m2 80 and m3 70 in 38 days, m4 60 in 96 days; m8, m9 and r nothing.
    month = 365 / 12
    assert list(rows) == ["low", "mid", "high", "not measured"]
    assert [row["member_count"] for row in rows.values()] == [3, 2, 3, 3]
    high = rows["high"]
    assert (high["from_value"], high["to_value"], high["spend_per_month"]) == pytest.approx((80 / 38 * month, 100, 90))
    assert (rows["mid"]["from_value"], rows["mid"]["to_value"]) == pytest.approx((60 / 96 * month, 70 / 38 * month))
    assert rows["high"]["sales"] == 270.0
    assert rows["high"]["sales_share"] == pytest.approx(270 / 345)
    assert answer.table["member_count"].sum() == 11
    assert "the 3 members with high spending power (37.5%) bring 78.3% of the sales to members (n = 8 members)" in answer.headline
    assert answer.figures["high_sales_share"] == rows["high"]["sales_share"]
    assert any(note.verdict == "NOT MEASURED" and "3 members of 11" in note.text for note in answer.notes)


def test_equal_members_are_all_mid(ladder: Workspace) -> None:
    answer = spending_power(ladder, by="order_value", settings=FEW)
    assert answer.table.select("level", "member_count").rows() == [("low", 0), ("mid", 8), ("high", 0), ("not measured", 3)]
    assert "the 0 members with high order value" in answer.headline


def test_a_store_shows_its_members_against_the_chain(ladder: Workspace) -> None:
    answer = spending_power(ladder, store_id="s1", settings=FEW)
    assert answer.headline.startswith("In store s1, ")
    assert "against 37.5% in the chain" in answer.headline
    inside = traits(ladder, store_id="s1", settings=FEW)
    everyone = traits(ladder, settings=FEW).filter(pl.col("member_id").is_in(inside["member_id"].to_list()))
    assert inside.equals(everyone)


def test_price_tiers_are_shrunk_by_shopping_days(tmp_path: Path) -> None:
    orders = [(who, day, "s1", 1, price) for who, price in (("thrifty", 1.0), ("fancy", 3.0)) for day in range(10)]
    lines = lines_of(orders).with_columns((pl.lit("milk-") + pl.col("member_id")).alias("product_id"))
    products = pl.DataFrame({"product_id": ["milk-thrifty", "milk-fancy"], "category": ["dairy"] * 2, "counted": [True, True]})
    ws = make_workspace(tmp_path / "ws", lines, {"products": products})
    # The usual price is 2.00; ten shopping days against kappa 5 keep two thirds of the distance.
    found = traits(ws).select("member_id", "price_tier_index", "price_tier_level").rows()
    assert found == [("fancy", pytest.approx(1 + 0.5 * 2 / 3), "high"), ("thrifty", pytest.approx(1 - 0.5 * 2 / 3), "low")]
    answer = spending_power(ws, by="price_tier", settings=FEW)
    assert {"from_index", "to_index"} <= set(answer.table.columns)
    assert answer.headline.startswith(
        "Across the chain, the middle member pays each category's usual price; the 1 member with a high price tier"
    )


def test_chart(ladder: Workspace) -> None:
    spec = spec_of(spending_power(ladder, settings=FEW))
    assert spec["title"]["text"] == "Spend a month, EUR: the chain"
    assert axis_titles(spec) == {"Spend a month, EUR", "members"}


def test_returns_only_and_nothing_sold(tmp_path: Path) -> None:
    ws = shop_of(tmp_path, lines_of([("r", 3, "s1", -1, -5.0), ("q", 4, "s1", -1, -1.0)]))
    answer = spending_power(ws, settings=FEW)
    assert "is not measured" in answer.headline
    assert answer.table["sales_share"].null_count() == answer.table.height
    assert answer.figures == {}
    answer.to_json()
