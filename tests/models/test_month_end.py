"""What a month will come to: by hand where it is sure, by seeded days where it is not."""

from __future__ import annotations

import numpy as np
import pytest

from toolkit.models.month_end import end_of_month, sum_ahead


def test_a_shop_like_clockwork_is_told_to_the_day_and_a_month_that_is_over_as_it_is():
    week = np.array([5, 5, 5, 5, 8, 12, 0.0])
    ahead = sum_ahead(np.tile(week, 40), 9, seen=10)
    assert ahead.value == pytest.approx(10 + 40 + 10)
    assert (ahead.chance(60), ahead.chance(61), ahead.chance(60, at_most=True)) == (1, 0, 1)
    over = sum_ahead(week, 0, seen=7)
    assert (over.status, over.interval(), over.chance(7), over.chance(8)) == ("seen", (7, 7), 1, 0)


def test_too_few_days_and_days_without_sales_tell_nothing():
    assert sum_ahead(np.ones(20), 5).status == "short"
    assert sum_ahead(np.ones(60), 20).chance(3) is None
    assert sum_ahead(np.concatenate([np.ones(300), np.zeros(100)]), 5).interval() is None


def test_a_season_is_known_where_it_was_seen_before():
    day = np.arange(3 * 364)
    level = 100 * (1 + (day % 364 >= 336))  # the last four weeks bring twice as much
    ahead = sum_ahead(level[: 3 * 364 - 28].astype(float), 28)
    assert ahead.knows_year
    assert ahead.value == pytest.approx(28 * 200, rel=0.02)
    assert ahead.interval()[0] > 28 * 120


def test_a_rate_goes_on_as_it_did_in_earlier_months():
    so_far, whole = [0.1] * 12, [0.2, 0.22, 0.18, 0.2] * 3
    ahead = end_of_month(so_far, whole, 0.2)
    assert ahead.value == pytest.approx(0.4)
    low, high = ahead.interval()
    assert low < 0.4 < high < 0.5
    assert ahead.chance(0.4) == pytest.approx(0.5)
    assert end_of_month(so_far[:7], whole[:7], 0.2).status == "short"
