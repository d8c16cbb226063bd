"""A change of a product of factors, or of a ratio of sums, split so that the parts add up exactly."""

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


def ratio_parts(before: np.ndarray, now: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return what each group adds to the change of a ratio of sums: by its own ratio, and by its weight.

    In: two rows, of sums over and under the line, a column per group. With w a group's share of what is under the line, r its own ratio and
    R the ratio of all, means over both times with a bar: own = w̄ Δr, weight = Δw (r̄ - R̄). All parts together are ΔR. A group that is
    not there at one time keeps its ratio of the other.

    Source: Bennet's means (Journal of the Royal Statistical Society 83 (1920), 455-462), which are Shapley's value for two factors.

    Example
    -------
    >>> own, weight = ratio_parts(np.array([[10.0, 40.0], [1.0, 2.0]]), np.array([[11.0, 40.0], [1.0, 2.0]]))
    >>> own.round(3).tolist(), np.abs(weight).tolist()
    ([0.333, 0.0], [0.0, 0.0])
    """
    weights, ratios = [], []
    for over, under in (before, now):
        weights.append(under / under.sum())
        ratios.append(np.divide(over, under, out=np.full(len(over), np.nan), where=under > 0))
    first, second = (np.where(np.isnan(one), other, one) for one, other in (ratios, ratios[::-1]))
    first, second = np.nan_to_num(first), np.nan_to_num(second)
    middle = (before[0].sum() / before[1].sum() + now[0].sum() / now[1].sum()) / 2
    return (weights[0] + weights[1]) / 2 * (second - first), (weights[1] - weights[0]) * ((first + second) / 2 - middle)


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
