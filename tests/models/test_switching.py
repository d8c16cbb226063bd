"""Who is taken in place of whom, and shares compared over people."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from toolkit.models.shares import share_index
from toolkit.models.switching import agreement, groups_of, switching


def moves(seed: int, *, close: float, count: int = 4000) -> tuple[np.ndarray, np.ndarray]:
    """Six goods in two groups of three; a switch stays in its group with probability `close`."""
    rng = np.random.default_rng(seed)
    source = rng.integers(0, 6, count)
    inside = (source // 3) * 3 + (source % 3 + rng.integers(1, 3, count)) % 3
    other = rng.integers(0, 6, count)
    return source, np.where(rng.random(count) < close, inside, other)


def test_two_groups_are_found_and_come_again() -> None:
    one, again = (switching(*moves(seed, close=0.6), 6) for seed in (1, 2))
    groups, _ = groups_of(one, 2)
    assert len(set(groups[:3])) == len(set(groups[3:])) == 1
    assert groups[0] != groups[5]
    assert agreement(one, again, 2) == 1
    assert one.more_than_chance(0.05)[0, 1]
    assert not one.more_than_chance(0.05)[0, 4]


def test_no_groups_where_there_are_none() -> None:
    made = [switching(*moves(seed, close=0.0), 6) for seed in range(20)]
    assert sum(bool(one.more_than_chance(0.05).any()) for one in made) <= 3
    agreed = [agreement(one, other, 2) for one, other in zip(made[::2], made[1::2], strict=True)]
    assert np.mean([value for value in agreed if value is not None]) < 0.4


def test_chance_keeps_how_often_a_good_is_switched() -> None:
    one = switching(*moves(3, close=0.3), 6)
    assert one.expected.sum(axis=1) == pytest.approx(one.count.sum(axis=1), rel=1e-3)
    low, high = one.interval(0, 1)
    assert low < one.count[0, 1] / one.expected[0, 1] < high


def test_nothing_switched() -> None:
    still = switching(np.array([0, 1]), np.array([0, 1]), 3)
    assert not still.count.any()
    assert agreement(still, still, 2) is None


def test_a_share_of_one_person_is_not_sure() -> None:
    def side(counts: list[float], size: float) -> tuple:
        x = np.array(counts)
        sums = [pl.Series([float(value)]) for value in (x.sum(), (x**2).sum(), (x * size).sum())]
        return (*sums, len(x) * size, len(x) * size**2)

    spread = share_index(side([2.0] * 50, 20), side([1.0] * 50, 20)).row(0)
    lumped = share_index(side([100.0] + [0.0] * 49, 200), side([50.0] + [0.0] * 49, 200)).row(0)
    assert spread[0] == lumped[0] == pytest.approx(2)
    assert spread[1] > 1.9
    assert lumped[1] < 1
    assert share_index(side([0.0] * 5, 20), side([1.0] * 5, 20)).row(0) == (None, None, None)
