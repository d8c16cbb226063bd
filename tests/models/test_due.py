"""Curves of gaps by hand: censoring, windows, the member's own rhythm."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from toolkit.models.due import Regularity, gap_curve, in_life, own_place, regularity, shortest_window, to_own_time, to_shop_time


def counted(gaps: dict[int, int]) -> pl.DataFrame:
    return pl.DataFrame({"gap_days": list(gaps), "gap_count": list(gaps.values())}, schema={"gap_days": pl.Int64, "gap_count": pl.Int64})


def test_open_gaps_make_the_wait_longer() -> None:
    curve = gap_curve(counted({10: 50, 30: 50}), counted({20: 100}))
    # At 10 days 50 of 200 close; the 100 open ones leave at 20; of the 50 left all close at 30.
    assert curve.survival[[0, 9, 10, 29, 30]].tolist() == [1, 1, 0.75, 0.75, 0]
    assert curve.median == 30
    assert curve.closed_median == 10
    assert curve.closed_count == 100


def test_nothing_is_known_beyond_the_days_watched() -> None:
    curve = gap_curve(counted({10: 100, 90: 5}), counted({50: 100}))
    assert curve.horizon == 50
    assert curve.returned_share == pytest.approx(100 / 205)
    assert curve.median is None
    assert gap_curve(counted({}), counted({})).horizon == 0
    assert gap_curve(counted({}), counted({40: 100})).returned_share == 0


def test_the_window_is_the_hump_not_the_middle() -> None:
    curve = gap_curve(counted(dict.fromkeys(range(55, 66), 100) | dict.fromkeys(range(115, 126), 20)), counted({}))
    start, end = shortest_window(curve, 0.7)
    assert 55 <= start < end <= 65
    bought = 1 - curve.survival
    assert bought[end] - bought[start - 1] >= 0.7 - 1e-9


def test_lives_are_pooled_in_parts_of_a_life() -> None:
    curve = in_life(gap_curve(counted({90: 40, 110: 60}), counted({})), 50.0)
    assert curve.horizon == 55
    assert curve.at(np.array([44.0, 46.0, 55.0])).tolist() == pytest.approx([1, 0.6, 0], abs=0.31)


def test_own_rhythm_is_shrunk_and_inverts() -> None:
    rng = np.random.default_rng(2)
    count = np.full(400, 8)
    centre = rng.normal(3.0, 0.5, 400)
    logs = rng.normal(centre[:, None], 0.4, (400, 8))
    total = logs.sum(axis=1)
    good = regularity(400, 3200, float(total.sum()), float((logs**2).sum()), float((total**2 / 8).sum()), 400 * 64.0)
    assert good.between**0.5 == pytest.approx(0.5, abs=0.06)
    assert good.within**0.5 == pytest.approx(0.4, abs=0.02)
    shift, spread = own_place(count.astype(float), total, good)
    assert np.corrcoef(shift, centre)[0, 1] > 0.95
    assert (np.abs(shift) < np.abs(total / 8 - good.mean) + 1e-12).all()
    nobody, wide = own_place(np.zeros(1), np.zeros(1), good)
    assert (nobody[0], wide[0]) == (0, 1)
    assert (spread < 0.75).all()
    days = np.array([5.0, 20.0, 80.0])
    there = to_shop_time(days, good.mean, shift[:3], spread[:3])
    assert to_own_time(there, good.mean, shift[:3], spread[:3]) == pytest.approx(days)


def test_few_members_are_as_the_shop() -> None:
    assert regularity(3, 6, 18.0, 60.0, 55.0, 12.0).between == 0
    assert regularity(0, 0, 0.0, 0.0, 0.0, 0.0) == Regularity(0.0, 0.0, 1.0)
