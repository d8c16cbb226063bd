"""Shares and their 95% intervals: of one group, of two set against each other, of people whose counts are alike; counts of rare things."""

from __future__ import annotations

import numpy as np
import polars as pl

Side = tuple[pl.Series, pl.Series, pl.Series, float, float]
"""Per good the sums over people of x, x^2 and x * n, and over all people of the group those of n and n^2: x of the n things a person
bought are the good."""

Z95 = 1.959964
"""A normal value is no further than this many standard deviations from its mean 19 times in 20."""


def wilson(part: pl.Expr, whole: pl.Expr) -> tuple[pl.Expr, pl.Expr]:
    """Return both ends of the 95% interval of a share `part / whole` (Wilson 1927); null where the whole is 0.

    >>> pl.DataFrame({"k": [8], "n": [10]}).select(wilson(pl.col("k"), pl.col("n"))[0].round(3)).item()
    0.49
    """
    share = part / whole
    middle = share + Z95**2 / (2 * whole)
    half = Z95 * (share * (1 - share) / whole + Z95**2 / (4 * whole**2)).sqrt()
    low, high = (pl.when(whole > 0).then((end / (1 + Z95**2 / whole)).clip(0, 1)) for end in (middle - half, middle + half))
    return low, high


def poisson_interval(count: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return both ends of the exact 95% interval of the mean of a Poisson count (Garwood 1936).

    >>> [end.round(2).tolist() for end in poisson_interval(np.array([0, 10]))]
    [[0.0, 4.8], [3.69, 18.39]]
    """
    from scipy.special import gammaincinv

    return np.where(count > 0, gammaincinv(np.maximum(count, 1), 0.025), 0.0), gammaincinv(np.asarray(count) + 1, 0.975)


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
    from scipy.special import ndtri

    with np.errstate(divide="ignore", invalid="ignore"):
        difference = count / total - other_count / other_total
    shares = [(count + 1) / (total + 2), (other_count + 1) / (other_total + 2)]
    variance = sum(share * (1 - share) / (size + 2) for share, size in zip(shares, (total, other_total), strict=True))
    reach = ndtri(0.5 + confidence / 2) * np.sqrt(variance)
    known = np.isfinite(difference)
    low, high = (np.where(known, np.clip(shares[0] - shares[1] + sign * reach, -1, 1), np.nan) for sign in (-1, 1))
    return difference, low, high


def share_index(group: Side, others: Side) -> pl.DataFrame:
    """Return the share of each good in a group over its share in the others: one row per good, as they came.

    Columns: `index` (1 = the same share), `index_low`, `index_high` (95%, on the log scale; null where a share is zero). A share is
    sum x / sum n; its variance is that of a ratio of totals over people, `sum (x - r n)^2 / (sum n)^2`, so that a person who always buys
    the same counts once and not with each purchase. Source: Cochran, Sampling Techniques (1977), section 6.4; delta method for the log.

    >>> one = lambda *values: pl.Series(values, dtype=pl.Float64)
    >>> share_index((one(20), one(40), one(200), 100, 1000), (one(10), one(20), one(100), 100, 1000))["index"].to_list()
    [2.0]
    """
    (share, spread), (other, other_spread) = _share(*group), _share(*others)
    error = np.sqrt(spread + other_spread)
    with np.errstate(divide="ignore", invalid="ignore"):
        index = share / other
        frame = pl.DataFrame({"index": index, "index_low": index * np.exp(-Z95 * error), "index_high": index * np.exp(Z95 * error)})
    known = pl.Series((share > 0) & (other > 0))
    return frame.select(pl.when(known).then(pl.col(name)).alias(name) for name in frame.columns)


def _share(x: pl.Series, xx: pl.Series, xn: pl.Series, n: float, nn: float) -> tuple[np.ndarray, np.ndarray]:
    """Share of each good, and the squared relative error of it."""
    total = x.to_numpy()
    share = total / max(n, 1)
    residual = np.maximum(xx.to_numpy() - 2 * share * xn.to_numpy() + share**2 * nn, 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        return share, np.where(total > 0, residual / total**2, np.inf)
