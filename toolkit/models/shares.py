"""Shares of two groups of people compared, where a person's counts are alike."""

from __future__ import annotations

import numpy as np
import polars as pl

Side = tuple[pl.Series, pl.Series, pl.Series, float, float]
"""Per good the sums over people of x, x^2 and x * n, and over all people of the group those of n and n^2: x of the n things a person
bought are the good."""

_Z = 1.959964


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
        frame = pl.DataFrame({"index": index, "index_low": index * np.exp(-_Z * error), "index_high": index * np.exp(_Z * error)})
    known = pl.Series((share > 0) & (other > 0))
    return frame.select(pl.when(known).then(pl.col(name)).alias(name) for name in frame.columns)


def _share(x: pl.Series, xx: pl.Series, xn: pl.Series, n: float, nn: float) -> tuple[np.ndarray, np.ndarray]:
    """Share of each good, and the squared relative error of it."""
    total = x.to_numpy()
    share = total / max(n, 1)
    residual = np.maximum(xx.to_numpy() - 2 * share * xn.to_numpy() + share**2 * nn, 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        return share, np.where(total > 0, residual / total**2, np.inf)
