"""The split of a product's change: by hand, against all orders written out, and exact to the unit."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

from toolkit.errors import DataError
from toolkit.models.shapley import shapley_parts, whole_parts


def by_orders(before: np.ndarray, now: np.ndarray) -> np.ndarray:
    """Every factor changed one after the other, in every order, and the average of what each step added."""
    count, parts, orders = len(before), np.zeros(len(before)), 0
    for order in permutations(range(count)):
        state = before.copy()
        for factor in order:
            old = state.prod()
            state[factor] = now[factor]
            parts[factor] += state.prod() - old
        orders += 1
    return parts / orders


def test_as_all_orders_say() -> None:
    rng = np.random.default_rng(3)
    before, now = rng.gamma(1, 3, (20, 4)), rng.gamma(1, 3, (20, 4))
    before[3, 1] = now[5, 0] = 0
    found = shapley_parts(before, now)
    assert np.allclose(found, [by_orders(*pair) for pair in zip(before, now, strict=True)])
    assert np.allclose(found.sum(axis=1), now.prod(axis=1) - before.prod(axis=1))
    assert np.allclose(shapley_parts(now, before), -found)  # looked at backwards, the same with the other sign


def test_a_factor_that_did_not_change_has_no_part() -> None:
    assert shapley_parts(np.array([[2.0, 5.0, 7.0]]), np.array([[3.0, 5.0, 7.0]])).tolist() == [[35.0, 0.0, 0.0]]


def test_whole_parts_add_up() -> None:
    rng = np.random.default_rng(4)
    parts = rng.normal(0, 1e6, (200, 5))
    totals = np.rint(parts.sum(axis=1)).astype(np.int64)
    made = whole_parts(parts, totals)
    assert made.sum(axis=1).tolist() == totals.tolist()
    assert np.abs(made - parts).max() < 2
    assert whole_parts(np.zeros((2, 3)), np.zeros(2)).tolist() == [[0, 0, 0]] * 2


def test_shapes_must_agree() -> None:
    with pytest.raises(DataError, match="same shape"):
        shapley_parts(np.zeros((2, 3)), np.zeros((2, 2)))
