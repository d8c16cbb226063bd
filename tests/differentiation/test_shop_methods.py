"""Second pieces, bundles, gifts, points, newcomers and referrals: against a till in a plain loop, and by hand to the cent."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

import toolkit as tk
from benchmarks.till import END, compared, till_shop
from toolkit.models.replay_members import replay_extra_points, replay_referral_reward, replay_welcome_gift
from toolkit.models.replay_pieces import replay_bundle, replay_nth_piece
from toolkit.workspace import Workspace

COUNTS = ["free_rider_count", "free_rider_amount", "free_cost", "within_reach_count", "within_reach_amount", "within_reach_cost"]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[tuple[str, bool]]]:
    folder = tmp_path_factory.mktemp("till")
    return folder, compared(till_shop(7), folder)


def test_every_offer_is_counted_as_a_till_counts_it(told: tuple[Path, list[tuple[str, bool]]]) -> None:
    assert [text for text, is_alike in told[1] if not is_alike] == []
    assert len(told[1]) == 22


def test_second_pieces_by_hand() -> None:
    # 3 at 3.33: one second piece, 1.665 -> 1.67, and one more piece would make another; 1 at 9.99: lacks one; 4 at 2.50: two second pieces
    goods = pl.DataFrame({"category_code": [1, 1, 1], "pieces": [3, 1, 4], "amount": [999, 999, 1_000]})
    row = replay_nth_piece(goods, nth=2, depth_bp=5_000).select(COUNTS).row(0)
    assert row == (2, 666 + 1_000, 167 + 250, 2, 333 + 999, 167 + 500)
    third_free = replay_nth_piece(goods, nth=3, depth_bp=10_000).select(COUNTS).row(0)
    assert third_free == (2, 999 + 750, 333 + 250, 0, 0, 0)  # 3 and 4 pieces hold a third; none has 2 or 5


def test_a_bundle_by_hand() -> None:
    # receipt 1: two teas at 3.00 and one milk at 1.25; receipt 2 has milk alone; receipt 3 tea alone; receipt 4 neither
    goods = pl.DataFrame(
        {"order_code": [1, 1, 2, 3, 4], "category_code": [1, 2, 2, 1, 9], "pieces": [2, 1, 1, 1, 1], "amount": [600, 125, 130, 310, 50]}
    )
    usual = pl.DataFrame({"category_code": [1, 2], "price": [299, 125]})
    assert replay_bundle(goods, usual, [1, 2], price=400).select(COUNTS).row(0) == (1, 425, 25, 2, 299 + 125, 29 + 35)
    assert replay_bundle(goods, usual, [1, 2], depth_bp=1_000).select(COUNTS).row(0) == (1, 425, 43, 2, 424, 43 + 44)
    dear = replay_bundle(goods, usual, [1, 2], price=900).select(COUNTS).row(0)
    assert (dear[2], dear[5]) == (0, 0)  # a price above the pieces takes nothing off
    assert replay_bundle(goods, usual.head(1), [1, 2], price=400)["within_reach_count"][0] == 1  # no usual price of milk: never lacked
    assert replay_bundle(goods.clear(), usual, [1, 2], price=400).is_empty()


def test_what_members_get_by_hand() -> None:
    points = pl.DataFrame(
        {"order_count": [2, 1, 0, 0], "amount": [5_000, 99, 0, 0], "point_count": [51, 0, 0, 0], "usual_amount": [None, None, 2_049, None]},
        schema_overrides={"usual_amount": pl.Int64},
    )
    row = replay_extra_points(points, more_milli=500, point_cost=0.5, rate=0.01).row(0, named=True)
    assert (row["extra_points"], row["free_cost"]) == (26, 13)  # 25.5 -> 26 points
    assert (row["within_reach_count"], row["within_reach_amount"], row["within_reach_cost"]) == (1, 2_049, 5)  # 10.245 -> 10 points
    joined = pl.DataFrame({"first_amount": [6_000, 300, 4_100, 3_999, None]})
    assert replay_welcome_gift(joined, value=500, minimum=5_000, reach_bp=2_000).select(COUNTS).row(0) == (
        1, 6_000, 500, 2, 900 + 5_000, 1_000,
    )  # fmt: skip
    assert replay_welcome_gift(joined, value=500, minimum=0, reach_bp=2_000)["free_cost"][0] == 500 + 300 + 500 + 500
    assert replay_welcome_gift(joined.tail(1), value=500, minimum=0, reach_bp=2_000)["within_reach_count"][0] == 0
    brought = pl.DataFrame({"amount": [0, 2_500, 100]})
    assert replay_referral_reward(brought, value=1_000, newcomer=500).select(COUNTS).row(0) == (2, 2_600, 3_000, 2, 2_600, 3_000)
    assert replay_referral_reward(brought.head(1), value=1_000, newcomer=0).is_empty()


def test_one_table_of_methods_and_what_they_need(told: tuple[Path, list[tuple[str, bool]]]) -> None:
    ws = Workspace(told[0] / "ws")
    few = {"as_of": END, "settings": {"scope": {"minimum_members": 1}}}
    methods = set(tk.differentiation.offers(ws, **few).table["method"])
    assert {"nth_piece", "bundle", "gift", "extra_points", "welcome_gift", "referral_reward"} <= methods
    for name in ("nth_piece", "bundle", "gift", "extra_points", "welcome_gift", "referral_reward"):
        answer = getattr(tk.differentiation, name)(ws, **few)
        assert answer.table.height > 0
        assert answer.table["cost_amount"].null_count() == 0
        one = tk.differentiation.offers(ws, compare=[answer.table["offer"][0]], **few).table
        money = ["free_rider_count", "cost_amount", "net_amount"]
        assert_frame_equal(one.select(money), answer.table.head(1).select(money))
    unpriced = tk.differentiation.gift(ws, product="jam", threshold=20, **few)
    assert "the unit cost of jam" in unpriced.headline
    both = tk.differentiation.offers(ws, compare="gift of jam from 20, nth_piece 2 50% on DRINKS", **few)
    assert both.table.height == 1
    assert any("unit cost of jam" in str(note) and note.verdict == "NOT MEASURED" for note in both.notes)
