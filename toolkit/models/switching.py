"""Which goods are taken in place of which: people who switch between them against a choice that knows no neighbours."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from toolkit.models.clusters import adjusted_rand
from toolkit.models.multiple_tests import benjamini_hochberg
from toolkit.models.shares import poisson_interval


@dataclass(frozen=True)
class Switching:
    """Switches between goods 0..n-1: `count` and `expected` by chance (n x n, symmetrical, zero diagonal)."""

    count: np.ndarray
    expected: np.ndarray

    @property
    def index(self) -> np.ndarray:
        """Observed over expected, each with one switch added: a pair hardly seen is near 1 and not at an end."""
        return (self.count + 1) / (self.expected + 1)

    def more_than_chance(self, false_share: float) -> np.ndarray:
        """Which pairs are switched between more often than by chance (n x n): one-sided Poisson, Benjamini-Hochberg over all pairs."""

        from scipy.special import gammainc

        upper = np.triu_indices(len(self.count), 1)
        count, expected = self.count[upper], np.maximum(self.expected[upper], 1e-12)
        p_values = np.where(count > expected, gammainc(np.maximum(count, 1), expected), 1.0)
        passed = np.zeros(self.count.shape, dtype=bool)
        passed[upper] = benjamini_hochberg(p_values, max(len(p_values), 1), false_share)
        return passed | passed.T

    def interval(self, first: int, second: int) -> tuple[float, float]:
        """Exact 95% Poisson interval of observed over expected."""
        low, high = (float(end) for end in poisson_interval(self.count[first, second]))
        expected = max(float(self.expected[first, second]), 1e-12)
        return low / expected, high / expected


def count_switches(source: np.ndarray, target: np.ndarray, good_count: int) -> Switching:
    """Return the switches between goods, from what was taken one time and the next; staying with a good is no switch.

    By chance, somebody who leaves a good takes any of the others as often as people switch to or from it in all: expected = x_a x_b with
    `x_a (sum x - x_a)` = all switches of a (quasi-independence of a table without a diagonal; Goodman, JASA 63 (1968), 1091-1131). So a
    popular good is no closer substitute for being popular.

    >>> moves = count_switches(np.array([0, 1, 0, 2, 3, 2]), np.array([1, 0, 1, 3, 2, 3]), 4)
    >>> bool(moves.index[0, 1] > 1 > moves.index[0, 2])
    True
    """
    moved = source != target
    count = np.zeros((good_count, good_count))
    np.add.at(count, (source[moved], target[moved]), 1)
    count = count + count.T
    rows = count.sum(axis=1)
    part = rows / np.sqrt(max(rows.sum(), 1))
    for _ in range(60):
        total = part.sum()
        part = (part + rows / np.maximum(total - part, max(total / 2, 1e-12))) / 2
    expected = np.outer(part, part)
    np.fill_diagonal(expected, 0)
    return Switching(count, expected)


def groups_of(switches: Switching, group_count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the group of each good (1, 2, ...) and the tree: average linkage on minus the log of the index, cut into groups."""

    from scipy.cluster.hierarchy import fcluster, linkage

    distance = -np.log(switches.index)
    upper = np.triu_indices(len(distance), 1)
    condensed = distance[upper] - distance[upper].min()
    tree = linkage(condensed, method="average")
    return fcluster(tree, t=group_count, criterion="maxclust"), tree


def agreement(first: Switching, second: Switching, group_count: int) -> float | None:
    """Return how alike the groups of two halves of the people are (adjusted Rand index, 1 = the same); None where a half has no switch.

    Source: Hubert and Arabie, Journal of Classification 2 (1985), 193-218.
    """
    if not first.count.any() or not second.count.any():
        return None
    one, other = groups_of(first, group_count)[0], groups_of(second, group_count)[0]
    return adjusted_rand(one, other)
