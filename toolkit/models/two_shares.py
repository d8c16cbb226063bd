"""Two shares set against each other: how much one is above the other, and how sure we are."""

from __future__ import annotations

import numpy as np


def share_difference(
    count: np.ndarray, total: np.ndarray, other_count: np.ndarray, other_total: np.ndarray, *, confidence: float = 0.95
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return `count / total - other_count / other_total` and the ends of its interval, element by element; NaN where a total is 0.

    The interval of Agresti and Caffo: a success and a failure are added to each group, so that it covers what it says also for small groups
    and for shares of 0 or 1, where the plain one has no width. It is cut to -1..1.

    Source: Agresti and Caffo, The American Statistician 54 (2000).

    >>> [round(float(end[0]), 3) for end in share_difference(*(np.array([value]) for value in (8, 10, 2, 10)))]
    [0.6, 0.154, 0.846]
    """
    from scipy.stats import norm

    with np.errstate(divide="ignore", invalid="ignore"):
        difference = count / total - other_count / other_total
    shares = [(count + 1) / (total + 2), (other_count + 1) / (other_total + 2)]
    variance = sum(share * (1 - share) / (size + 2) for share, size in zip(shares, (total, other_total), strict=True))
    reach = norm.ppf(0.5 + confidence / 2) * np.sqrt(variance)
    known = np.isfinite(difference)
    low, high = (np.where(known, np.clip(shares[0] - shares[1] + sign * reach, -1, 1), np.nan) for sign in (-1, 1))
    return difference, low, high
