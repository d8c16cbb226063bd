"""Levels that multiply: what each store, month or kind of basket adds to an expectation, fitted to the sums of each."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

_ROUNDS = 8
_LOWEST = 0.05


def level_factors(outcome: np.ndarray, codes: Sequence[np.ndarray], *, prior: float, base: np.ndarray | None = None) -> list[np.ndarray]:
    """Return a factor for each value of each code, so that `base` times its factors meets the sums of `outcome` by every code.

    In: `outcome` (mean about 1 where `base` is 1), `codes` (whole numbers from 0, one array a classification), `prior`: so much usual
    outcome stands beside that of each value, so that none has a level of 0. Factors stay above .05.

    Source: iterative proportional fitting, which is the Poisson likelihood's solution (Bishop, Fienberg and Holland, Discrete Multivariate
    Analysis (1975), 3.5).

    >>> [factor.round(2).tolist() for factor in level_factors(np.array([2.0, 0.5, 0.5]), [np.array([0, 1, 1])], prior=0)]
    [[2.0, 0.5]]
    """
    level = np.ones(len(outcome)) if base is None else base.astype(float)
    factors = [np.ones(int(code.max(initial=0)) + 1) for code in codes]
    came = [np.bincount(code, outcome) + prior for code in codes]
    for _ in range(_ROUNDS):
        for place, code in enumerate(codes):
            level /= factors[place][code]
            factors[place] = np.maximum(came[place] / (np.bincount(code, level) + prior), _LOWEST)
            level *= factors[place][code]
    return factors


def levels_of(factors: Sequence[np.ndarray], codes: Sequence[np.ndarray], base: np.ndarray | float = 1.0) -> np.ndarray:
    """Return the product of the factors of each row, times `base`; a code that was not seen has the factor 1."""
    level = np.full(len(codes[0]), 1.0) * base
    for factor, code in zip(factors, codes, strict=True):
        level *= np.where(code < len(factor), factor[np.minimum(code, len(factor) - 1)], 1.0)
    return level
