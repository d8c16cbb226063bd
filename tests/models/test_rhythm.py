"""A member's own past: windows by eye, and what a count is worth against it."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl

from toolkit.models.rhythm import day_tails, own_past, surest

ON = date(2024, 6, 30)


def past(*days_ago: int, window: int = 7, most: int = 13) -> tuple:
    days = pl.DataFrame({"member_code": 1, "day": [ON - timedelta(days=ago) for ago in days_ago], "amount": [5] * len(days_ago)})
    return own_past(days, as_of=ON, window_days=window, most_windows=most).drop("member_code", "past_rate").row(0)


def test_windows_by_eye() -> None:
    # windows, with a purchase, days, shopping days, money
    assert past(3) == (0, 0, 0, 0, 0)
    assert past(3, 20) == (1, 0, 7, 0, 0)  # the first day opens the past, and is not part of it
    assert past(3, 7, 13, 21) == (2, 1, 14, 2, 10)
    assert past(6, 28) == (3, 0, 21, 0, 0)
    assert past(*range(0, 200, 7), most=13) == (13, 13, 91, 13, 65)


def test_nothing_after_the_day_is_seen_and_row_order_is_irrelevant() -> None:
    days = pl.DataFrame({"member_code": [1, 2, 1, 1], "day": [ON, ON, ON + timedelta(1), ON - timedelta(40)], "amount": 1})
    made = own_past(days, as_of=ON, window_days=7, most_windows=13)
    assert made.equals(own_past(days.reverse().filter(pl.col("day") <= ON), as_of=ON, window_days=7, most_windows=13))
    assert own_past(days.clear(), as_of=ON, window_days=7, most_windows=13).height == 0


def test_tails_of_a_count() -> None:
    few, many = day_tails(np.array([0, 13, 40, 0]), np.array([52, 52, 52, 0]), np.array([364, 364, 364, 0]), 91)
    assert few[0] < 0.001
    assert few[1] > 0.05
    assert many[1] > 0.05
    assert many[2] < 0.001
    assert np.isnan(few[3])
    short, _ = day_tails(np.array([0]), np.array([2]), np.array([14]), 91)
    assert short[0] > few[0]  # two weeks prove less than a year


def test_the_list_as_a_whole_is_as_sure_as_it_says() -> None:
    doubt = pl.Series([0.5, 0.02, None, 0.3, 0.02, 0.4])
    assert surest(doubt, most=0.1).to_list() == [False, True, False, False, True, False]
    assert surest(doubt, most=0.2).to_list() == [False, True, False, True, True, True]  # (.02 + .02 + .3 + .4) / 4
    assert surest(doubt, most=0.01).to_list() == [False] * 6
    assert surest(pl.Series([0.3, 0.1, 0.3]), most=0.2).to_list() == [False, True, False]  # equal ones go together
    assert surest(pl.Series([], dtype=pl.Float64), most=0.2).to_list() == []
