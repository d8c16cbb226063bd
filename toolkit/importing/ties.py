"""Ties between things -> groups: connected components by the smallest number, in arrays."""

from __future__ import annotations

import numpy as np


def tied_groups(one: np.ndarray, other: np.ndarray, count: int) -> np.ndarray:
    """Return for each of `count` things the smallest number that it is tied to, over any number of ties; its own where there is none.

    Each round hooks groups that touch to the smaller of the two and shortens all ways to the top, so rounds grow with the logarithm of
    the longest chain.

    Parameters
    ----------
    one, other
        The two ends of each tie, numbers from 0.

    Example
    -------
    >>> tied_groups(np.array([4, 1]), np.array([3, 4]), 6).tolist()
    [0, 1, 2, 1, 1, 5]
    """
    top = np.arange(count, dtype=np.int64)
    while len(one):
        first, second = top[one], top[other]
        apart = first != second
        one, other, first, second = one[apart], other[apart], first[apart], second[apart]
        np.minimum.at(top, np.maximum(first, second), np.minimum(first, second))
        while not np.array_equal(above := top[top], top):
            top = above
    return top
