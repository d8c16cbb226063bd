"""A new product: how many who tried it buy it again, and what its volume was taken from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from toolkit.models.shares import Z95

LEAST_TRIERS, LEAST_STRENGTH, WIDEST = 30, 10**0.5, 1.0
"""Nothing is told of fewer triers who can be followed, of a difference of their later purchases of it below so many standard errors (an F
of 10: Staiger and Stock, Econometrica 65 (1997)), or where the interval is wider than all of its sales."""


@dataclass(frozen=True)
class Source:
    """Of each unit of the new product, how much was taken from other goods: in all (`share`, with `low` and `high`), and from each."""

    share: float
    low: float
    high: float
    by_good: np.ndarray
    low_by_good: np.ndarray
    high_by_good: np.ndarray
    triers: int
    others: int


def bought_again(days: np.ndarray, again: np.ndarray, within: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return the share who bought again within so many days (Kaplan-Meier), both ends of its 95% interval, and who was watched so long.

    In: per person the `days` to the next purchase, or until the last day seen where there is none (`again` false): who tried lately counts
    as long as they could be seen. NaN where nobody was watched so long. Interval: Greenwood's, on log(-log) of who is left.

    >>> share, low, high, watched = bought_again(np.array([3, 9, 5]), np.array([True, False, False]), np.array([4]))
    >>> share.round(3).tolist(), watched.tolist()
    ([0.333], [2])
    """
    share, low, high = (np.full(len(within), np.nan) for _ in range(3))
    watched = (days[None, :] >= within[:, None]).sum(1)
    steps = np.unique(days[again])
    risk = np.array([(days >= step).sum() for step in steps], dtype=float)
    events = np.array([((days == step) & again).sum() for step in steps], dtype=float)
    left = np.cumprod(1 - events / np.maximum(risk, 1))
    spread = np.cumsum(events / np.maximum(risk * (risk - events), 1e-9))
    for place, until in enumerate(within):
        if not watched[place]:
            continue
        at = np.searchsorted(steps, until, side="right") - 1
        survival, variance = (left[at], spread[at]) if at >= 0 else (1.0, 0.0)
        share[place] = 1 - survival
        if 0 < survival < 1:
            half = Z95 * np.sqrt(variance) / abs(np.log(survival))
            low[place], high[place] = 1 - survival ** np.exp(-half), 1 - survival ** np.exp(half)
        else:
            low[place] = high[place] = share[place]
    return share, low, high, watched


def source_of_volume(
    person: np.ndarray, tried: np.ndarray, past: np.ndarray, days: np.ndarray, product: np.ndarray, goods: np.ndarray
) -> Source | None:
    """Return what the volume of a new product was taken from, or None where it cannot be told.

    In, one row per person and purchase of the category after the launch and up to their first of the product: `person`, whether the product
    was bought (`tried`: the person's last row), `past` (what they bought before that day, and the week: a column each), the `days` followed
    after it, and what was spent in them on the `product` and on the other `goods` of the category (a column each).

    Who took the product on a day and who took something else of the category on one, with a like past, would have bought alike later; so
    what the first spend less on other goods afterwards, over what they spend more on the product, is its source. Both may buy it later: a
    ratio of two differences (instrumental variable; Wald 1940), each from least squares with `past`, weighted by days. Intervals: each
    person's part in the ratio, squared (persons may be in several rows).
    """
    if len(np.unique(person[tried])) < LEAST_TRIERS or len(np.unique(person[~tried])) < LEAST_TRIERS:
        return None
    root = np.sqrt(days)
    design = np.column_stack([np.ones(len(days)), past]) * root[:, None]
    rates = np.column_stack([product, goods]) / days[:, None] * root[:, None]
    both = np.column_stack([tried * root, rates])
    left = both - design @ np.linalg.lstsq(design, both, rcond=None)[0]
    treated, bought, others = left[:, 0], left[:, 1], left[:, 2:]
    more = float(treated @ bought)
    _, of_person = np.unique(person, return_inverse=True)
    slope = more / float(treated @ treated)
    noise = np.bincount(of_person, treated * (bought - slope * treated))
    if more <= 0 or more < LEAST_STRENGTH * np.sqrt((noise**2).sum()):
        return None
    columns = np.column_stack([others.sum(1), others])
    shares = -(treated @ columns) / more
    parts = treated[:, None] * (columns + bought[:, None] * shares)
    errors = np.sqrt([(np.bincount(of_person, part) ** 2).sum() for part in parts.T]) / more
    low, high = shares - Z95 * errors, shares + Z95 * errors
    if high[0] - low[0] > WIDEST:
        return None
    return Source(
        float(shares[0]), float(low[0]), float(high[0]), shares[1:], low[1:], high[1:],
        len(np.unique(person[tried])), len(np.unique(person[~tried])),
    )  # fmt: skip
