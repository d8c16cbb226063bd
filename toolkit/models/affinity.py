"""How likely members are to buy a category again, or at all: their own days with it, shrunk to what members like them would have.

A member's shopping days with a category are Poisson with rate E * index, where E is what the member would have with the taste of the
whole shop, and the index is Gamma(prior, prior) around 1 before anything is seen. After x days it is Gamma(prior + x, prior + E), so that
days with the category in a time in which the shop's taste would give e more are negative binomial, with
P(none) = ((prior + E) / (prior + E + e)) ** (prior + x). Source: gamma-Poisson shrinkage as in DuMouchel, American Statistician 53 (1999),
177-190 (the taste index of the portrait); Ehrenberg, Repeat-Buying (1988), for the negative binomial of purchases.
"""

from __future__ import annotations

import numpy as np

PRIOR = 2.0
"""Strength of the prior where nothing else is stated: this many expected days of 'as everybody'. On the Complete Journey .5 to 4 differ by
less than one hit in a hundred."""


def expected_days(days: np.ndarray, shop_share: np.ndarray) -> np.ndarray:
    """Return what each member would have with the shop's taste: members x goods.

    `days`: members x goods, shopping days with each; `shop_share`: of all such days in the shop, the share of each good.

    >>> expected_days(np.array([[4, 0]]), np.array([0.25, 0.75])).tolist()
    [[1.0, 3.0]]
    """
    return days.sum(axis=1, keepdims=True) * shop_share


def affinity_index(days: np.ndarray, expected: np.ndarray, prior: float = PRIOR) -> np.ndarray:
    """Return the shrunk ratio of days to expected days: 1 = as everybody. Arrays of one shape.

    >>> affinity_index(np.array([6.0]), np.array([2.0])).tolist()
    [2.0]
    """
    return (prior + days) / (prior + expected)


def buying_probability(days: np.ndarray, expected: np.ndarray, ahead: np.ndarray, prior: float = PRIOR) -> np.ndarray:
    """Return P(at least one day with the good) in a time in which the shop's taste would give `ahead` days.

    >>> buying_probability(np.array([0.0]), np.array([2.0]), np.array([4.0])).round(9).tolist()
    [0.75]
    """
    return -np.expm1((prior + days) * (np.log(prior + expected) - np.log(prior + expected + ahead)))


def best_columns(scores: np.ndarray, most: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the columns of the `most` highest scores of each row and those scores, best first; equal scores in the order of the columns.

    A score of -inf is never chosen: its column is -1.

    >>> columns, values = best_columns(np.array([[1.0, 3.0, 3.0]]), 2)
    >>> columns.tolist()
    [[1, 2]]
    """
    left = scores.copy()
    rows = np.arange(len(left))
    columns, values = np.full((len(left), most), -1, dtype=np.int64), np.full((len(left), most), -np.inf)
    for place in range(min(most, left.shape[1])):
        column = left.argmax(axis=1)
        value = left[rows, column]
        columns[:, place] = np.where(np.isfinite(value), column, -1)
        values[:, place] = value
        left[rows, column] = -np.inf
    return columns, values
