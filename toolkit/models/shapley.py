"""A change of a product of factors, split so that the parts add up exactly."""

from __future__ import annotations

from itertools import combinations
from math import factorial

import numpy as np

from toolkit.errors import DataError


def shapley_parts(before: np.ndarray, now: np.ndarray) -> np.ndarray:
    """Return how much each factor changed the product: an array like the inputs, whose columns add up to `now.prod - before.prod`.

    In: one row per thing (a store), one column per factor, finite. A factor's part is its change times the other factors, half of them
    changed already and half not yet, averaged over all orders in which they could have changed: so no factor is first, no residual is
    left, and two factors that change alike get alike parts.

    Source: Shorrocks, Decomposition procedures for distributional analysis (2013), J. Econ. Inequality 11; for two factors this is
    Marshall-Edgeworth, and near the logarithmic mean index (Ang 2005), which knows no zeros.

    >>> shapley_parts(np.array([[10.0, 3.0]]), np.array([[12.0, 2.0]])).tolist()
    [[5.0, -11.0]]
    """
    if before.shape != now.shape or before.ndim != 2:
        raise DataError(f"shapley_parts: two tables of the same shape were needed, but {before.shape} and {now.shape} came.")
    count = before.shape[1]
    change = now - before
    parts = np.zeros(before.shape)
    for factor in range(count):
        others = [other for other in range(count) if other != factor]
        for size in range(count):
            weight = factorial(size) * factorial(count - size - 1) / factorial(count)
            for changed in combinations(others, size):
                rest = [other for other in others if other not in changed]
                parts[:, factor] += weight * now[:, list(changed)].prod(axis=1) * before[:, rest].prod(axis=1) * change[:, factor]
    return parts


def whole_parts(parts: np.ndarray, totals: np.ndarray) -> np.ndarray:
    """Return the parts as whole numbers (Int64) that add up to whole `totals`: rounded down, the rest to the largest remainders.

    >>> whole_parts(np.array([[1.5, 2.4, -0.9]]), np.array([3])).tolist()
    [[2, 2, -1]]
    """
    floors = np.floor(parts)
    missing = np.asarray(totals, dtype=np.int64) - floors.sum(axis=1).astype(np.int64)
    # Float noise apart, as many remainders are rounded up as are missing; ties go to the first column.
    rank = np.argsort(np.argsort(-(parts - floors), axis=1, kind="stable"), axis=1, kind="stable")
    made = floors.astype(np.int64) + (rank < missing[:, None])
    made[:, 0] += np.asarray(totals, dtype=np.int64) - made.sum(axis=1)
    return made
