"""Replays against counts by plain loops, to the cent, and against figures by hand."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit.models.replay import MICRO, REPLAY, best_for_budget, reckon
from toolkit.models.replay_days import member_days, replay_member_day
from toolkit.models.replay_goods import replay_discount, replay_service
from toolkit.models.replay_thresholds import replay_coupon, replay_full_reduction

AMOUNTS = st.lists(st.tuples(st.sampled_from("ab"), st.integers(1, 20_000)), min_size=1, max_size=40)
GRID = st.lists(st.integers(1, 9_000), min_size=1, max_size=4, unique=True)


def half_up(number: Fraction) -> int:
    return (2 * number.numerator + number.denominator) // (2 * number.denominator)


@settings(max_examples=60)
@given(AMOUNTS, GRID, GRID, st.integers(1, 10_000), st.booleans())
def test_full_reduction_agrees_with_a_loop(rows: list, thresholds: list, reductions: list, reach_bp: int, repeated: bool) -> None:
    baskets = pl.DataFrame(rows, schema={"who": pl.String, "amount": pl.Int64}, orient="row")
    found = replay_full_reduction(baskets, thresholds, reductions, reach_bp=reach_bp, repeated=repeated, by=["who"])
    expected = []
    for who in sorted({name for name, _ in rows}):
        mine = [amount for name, amount in rows if name == who]
        for x in sorted(thresholds):
            for y in sorted(reductions):
                if y >= x:
                    continue
                free = free_amount = given_out = near = gaps = 0
                for amount in mine:
                    times = amount // x
                    if amount >= x:
                        free, free_amount = free + 1, free_amount + amount
                        given_out += times if repeated else 1
                    lacks = x * (times + 1) - amount
                    if (repeated or amount < x) and Fraction(lacks, x) <= Fraction(reach_bp, 10_000):
                        near, gaps = near + 1, gaps + lacks
                expected.append((who, x, y, len(mine), given_out, sum(mine), free, free_amount, y * given_out, near, gaps, y * near, 0, 0))
    assert found.columns == ["who", "threshold", "reduction", "basket_count", "reduction_count", *REPLAY]
    assert found.rows() == expected


def test_full_reduction_by_hand() -> None:
    baskets = pl.DataFrame({"amount": [5_999, 6_000, 12_500, 4_800, 4_799, 11_000]})
    once, often = (
        replay_full_reduction(baskets, [6_000], [1_000, 6_000], reach_bp=2_000, repeated=repeated).row(0, named=True)
        for repeated in (False, True)
    )
    # 60.00, 125.00 and 110.00 are above; 59.99 and 48.00 lack at most 12.00
    assert (once["free_rider_count"], once["free_cost"], once["within_reach_count"], once["within_reach_amount"]) == (3, 3_000, 2, 1_201)
    # 125.00 gets it twice; 110.00 lacks 10.00 to the second
    assert (often["reduction_count"], often["free_cost"], often["within_reach_count"], often["within_reach_amount"]) == (4, 4_000, 3, 2_201)
    assert replay_full_reduction(baskets.clear(), [6_000], [1_000], reach_bp=2_000).is_empty()


def test_the_money_of_a_replay_by_hand() -> None:
    row = {"base_amount": 100_000, "free_rider_count": 4, "free_rider_amount": 50_000, "free_cost": 4_000, "within_reach_count": 10,
           "within_reach_amount": 40_000, "within_reach_cost": 10_000, "movable_cost": 2_000, "contact_count": 20}  # fmt: skip
    cases = pl.DataFrame([row, row, row | {"within_reach_amount": 20_000}]).with_columns(
        pl.Series("margin_share", [0.4, None, 0.5]), response_share=pl.lit(0.25)
    )
    first, unknown, never = reckon(cases, moved_share=0.5, contact_cost=25).iter_rows(named=True)
    # 40.00 free riders + 10.00 moved + 5.00 contacts + 25.00 responders; 100.00 more sales at 40%
    assert (first["cost"], first["extra_amount"], first["extra_margin"], first["net"]) == (8_000, 10_000, 4_000, -4_000)
    assert first["break_even_lift"] == pytest.approx(8_000 / 40_000)
    assert first["break_even_rate"] == pytest.approx(5_500 / (16_000 - 10_000))
    assert first["at_stake_margin"] == pytest.approx(20_000)
    assert (unknown["cost"], unknown["net"], unknown["break_even_lift"], unknown["break_even_rate"]) == (8_000, None, None, None)
    assert never["break_even_rate"] is None  # each responder costs as much as they bring


def test_best_for_budget() -> None:
    frame = pl.DataFrame({"cost": [5.0, 1.0, 3.0, 3.0, 9.0], "net": [-1.0, -3.0, -2.0, -2.0, None]})
    assert best_for_budget(frame).to_list() == [True, True, True, False, False]


def test_coupon_by_hand() -> None:
    members = pl.DataFrame(
        {
            "who": ["a", "a", "a", "a", "a", "b"],
            "largest_amount": [4_000, 2_500, 2_000, None, None, 9_000],
            "usual_amount": [2_000, 2_500, 900, 4_500, None, 9_000],
            "amount": [6_000, 2_500, 2_000, 0, 0, 9_000],
            "chance_micro": [MICRO // 2, MICRO // 4, MICRO, MICRO // 10, MICRO, MICRO],
            "is_contacted": [True, True, True, True, True, False],
        }
    )
    a, b = replay_coupon(members, value=500, minimum=3_000, reach_bp=2_000, by=["who"]).iter_rows(named=True)
    # free: the first (half of 5.00); near: 25.00 lacks 5.00 (a quarter); quiet: comes with 45.00 (a tenth); 20.00 lacks too much
    assert (a["member_count"], a["quiet_count"], a["free_rider_count"], a["free_cost"], a["free_rider_amount"]) == (5, 2, 1, 250, 2_000)
    assert (a["within_reach_count"], a["within_reach_amount"], a["within_reach_cost"]) == (2, 125 + 450, 125 + 50)
    assert (a["contact_count"], a["base_amount"], a["redeemer_micro"]) == (5, 10_500, MICRO // 2)
    assert (b["member_count"], b["free_cost"], b["contact_count"], b["base_amount"]) == (1, 0, 0, 9_000)
    small = pl.DataFrame({"largest_amount": [300], "usual_amount": [300], "amount": [300], "chance_micro": [MICRO], "is_contacted": [True]})
    assert replay_coupon(small, value=500, minimum=0, reach_bp=2_000)["free_cost"].to_list() == [300]  # never more than the basket


@settings(max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 40), st.integers(1, 9_999)), min_size=1, max_size=40),
       st.integers(1, 7), st.integers(1, 3), st.integers(0, 3), st.integers(1, 9_999))  # fmt: skip
def test_member_day_agrees_with_a_loop(rows: list, weekday: int, every: int, move: int, depth: int) -> None:
    first, last = date(2024, 5, 1), date(2024, 6, 10)
    rows = [(who, first + timedelta(days=shift), amount) for who, shift, amount in rows]
    baskets = pl.DataFrame(rows, schema={"member_code": pl.UInt32, "day": pl.Date, "amount": pl.Int64}, orient="row")
    days = member_days(weekday, first, last, every)
    assert all(day.isoweekday() == weekday and first <= day <= last for day in days)
    found = replay_member_day(baskets, days, depth_bp=depth, move_days=move).row(0, named=True)
    free = near = away = near_cost = free_cost = free_amount = 0
    touched = set()
    for who, day, amount in rows:
        off = half_up(Fraction(amount * depth, 10_000))
        if day in days:
            free, free_cost, free_amount = free + 1, free_cost + off, free_amount + amount
            touched.add(who)
        elif any(abs((day - other).days) <= move for other in days):
            near, near_cost = near + 1, near_cost + off
            touched.add(who)
    for who in {row[0] for row in rows} - touched:
        mine = [amount for name, _, amount in rows if name == who]
        away += half_up(Fraction(sum(mine), len(mine)))
    assert (found["free_rider_count"], found["free_rider_amount"], found["free_cost"]) == (free, free_amount, free_cost)
    assert (found["movable_count"], found["movable_cost"], found["within_reach_amount"]) == (near, near_cost, away)
    assert found["base_amount"] == sum(row[2] for row in rows)


def test_discount_and_service_by_hand() -> None:
    bought = pl.DataFrame({"member_code": [1, 2, 1], "category_code": [7, 7, 8], "amount": [1_005, 995, 300]})
    knew = pl.DataFrame({"member_code": [1, 2, 3, 4, 3], "category_code": [7, 7, 7, 7, 9]})
    tea, salt = replay_discount(bought, knew, depth_bp=1_000).iter_rows(named=True)
    # 10% of 10.05 and of 9.95 is 1.01 and 1.00; two members used to buy it, each worth 10.00
    assert (tea["base_amount"], tea["free_rider_count"], tea["free_cost"]) == (2_000, 2, 201)
    assert (tea["within_reach_count"], tea["within_reach_amount"], tea["within_reach_cost"]) == (2, 2_000, 200)
    assert (salt["category_code"], salt["within_reach_count"], salt["within_reach_amount"]) == (8, 0, 0)
    due = pl.DataFrame(
        {"member_code": [1, 2], "category_code": [7, 7], "chance_micro": [MICRO // 4, MICRO // 2], "price": [10_000, 20_000]}
    )
    (touch,) = replay_service(due, trade_in=1_000).iter_rows(named=True)
    assert (touch["need_count"], touch["expected_buyers"], touch["contact_count"]) == (2, 0.75, 2)
    assert (touch["base_amount"], touch["free_cost"], touch["within_reach_amount"], touch["within_reach_cost"]) == (
        12_500,
        750,
        17_500,
        1_250,
    )
    assert (touch["free_rider_count"], touch["within_reach_count"]) == (1, 1)
