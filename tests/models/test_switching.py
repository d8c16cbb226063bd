"""Who is taken in place of whom."""

from __future__ import annotations

import numpy as np
import pytest

from toolkit.models.switching import agreement, count_switches, groups_of


def moves(seed: int, *, close: float, count: int = 4000) -> tuple[np.ndarray, np.ndarray]:
    """Six goods in two groups of three; a switch stays in its group with probability `close`."""
    rng = np.random.default_rng(seed)
    source = rng.integers(0, 6, count)
    inside = (source // 3) * 3 + (source % 3 + rng.integers(1, 3, count)) % 3
    other = rng.integers(0, 6, count)
    return source, np.where(rng.random(count) < close, inside, other)


def test_two_groups_are_found_and_come_again() -> None:
    one, again = (count_switches(*moves(seed, close=0.6), 6) for seed in (1, 2))
    groups, _ = groups_of(one, 2)
    assert len(set(groups[:3])) == len(set(groups[3:])) == 1
    assert groups[0] != groups[5]
    assert agreement(one, again, 2) == 1
    assert one.more_than_chance(0.05)[0, 1]
    assert not one.more_than_chance(0.05)[0, 4]


def test_no_groups_where_there_are_none() -> None:
    made = [count_switches(*moves(seed, close=0.0), 6) for seed in range(20)]
    assert sum(bool(one.more_than_chance(0.05).any()) for one in made) <= 3
    agreed = [agreement(one, other, 2) for one, other in zip(made[::2], made[1::2], strict=True)]
    assert np.mean([value for value in agreed if value is not None]) < 0.4


def test_chance_keeps_how_often_a_good_is_switched() -> None:
    one = count_switches(*moves(3, close=0.3), 6)
    assert one.expected.sum(axis=1) == pytest.approx(one.count.sum(axis=1), rel=1e-3)
    low, high = one.interval(0, 1)
    assert low < one.count[0, 1] / one.expected[0, 1] < high


def test_nothing_switched() -> None:
    still = count_switches(np.array([0, 1]), np.array([0, 1]), 3)
    assert not still.count.any()
    assert agreement(still, still, 2) is None
