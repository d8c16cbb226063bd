"""Groups of members by k-means, and whether the groups are there or only drawn: bootstrap agreement."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np

from toolkit.errors import BadValue
from toolkit.models.reasons import Reason, Why


@dataclass(frozen=True, slots=True)
class Clusters:
    """A grouping of the rows as they came.

    `labels`: 0 = largest group ... (-1 in no group: `not measured`). `centres`: in standard deviations from the mean, one row per group.
    `agreement`: mean adjusted Rand index between this grouping and those of resampled members; 1 = always the same
    groups, 0 = as chance.
    `status`: `stable`, `not stable` or `not measured`, with the reason.
    """

    labels: np.ndarray
    centres: np.ndarray
    sizes: tuple[int, ...]
    agreement: float | None
    status: str
    reason: Reason


def adjusted_rand(first: np.ndarray, second: np.ndarray) -> float:
    """Return the adjusted Rand index of two groupings of the same rows: 1 = the same groups, about 0 = as two chance groupings.

    Source: Hubert and Arabie, Journal of Classification 2 (1985), 193-218; by scikit-learn.

    >>> adjusted_rand(np.array([0, 0, 1, 1]), np.array([5, 5, 3, 3]))
    1.0
    """
    from sklearn.metrics import adjusted_rand_score  # slow to load

    return float(adjusted_rand_score(first, second))


def cluster(
    features: np.ndarray,
    *,
    count: int,
    seed: int = 0,
    resamples: int = 20,
    stable_from: float = 0.6,
    minimum_rows: int = 100,
    most_rows: int = 20_000,
    starts: int = 5,
) -> Clusters:
    """Return `count` groups of the rows of `features` (rows x columns, finite), and whether resampled members give the same groups.

    Features are standardised. Centres are found on at most `most_rows` rows (every k-th of the sorted rows), all rows are then
    assigned. For the agreement the rows are drawn again with replacement `resamples` times, grouped anew, and all rows assigned to
    those groups; below `stable_from` the grouping is `not stable`: other members of the same shop would have given other groups, so
    name none of them.

    Rows in another order get the same groups. Raises `BadValue` for fewer than two groups.

    Source: Hennig, Computational Statistics and Data Analysis 52 (2007), 258-271 (stability by resampling); DEFINITIONS.md section 1 (0.6).
    K-means (k-means++ starts) by scikit-learn.
    """
    if count < 2:
        raise BadValue(f"cluster: `count` must be at least 2, but {count} came.")
    size = features.shape[0]

    def not_measured(reason: Reason) -> Clusters:
        return Clusters(np.full(size, -1), np.zeros((0, features.shape[1])), (), None, "not measured", reason)

    if size < minimum_rows:
        return not_measured(Reason(Why.FEW_ROWS, members=size, minimum_rows=minimum_rows))
    order = np.lexsort(features.T[::-1])
    ordered = features[order].astype(np.float64)
    spread = ordered.std(axis=0)
    points = (ordered - ordered.mean(axis=0)) / np.where(spread > 1e-12, spread, 1.0)
    drawn = points[:: -(-size // most_rows)]
    distinct = np.unique(drawn, axis=0).shape[0]
    if distinct < count:
        return not_measured(Reason(Why.FEW_DIFFERENT, distinct=distinct, count=count))
    from sklearn.cluster import KMeans  # slow to load
    from sklearn.exceptions import ConvergenceWarning
    from threadpoolctl import threadpool_limits

    def grouped(rows: np.ndarray, start: int) -> Any:
        with warnings.catch_warnings(action="ignore", category=ConvergenceWarning):  # resampled rows may hold fewer different ones
            return KMeans(count, n_init=starts, random_state=seed + start).fit(rows)  # type: ignore[arg-type]

    rng = np.random.default_rng(seed)
    with threadpool_limits(1):  # sums split between threads would differ with their number
        found = grouped(drawn, 0)
        label, agreements = found.predict(drawn), []
        for resample in range(1, resamples + 1):
            again = drawn[np.sort(rng.integers(drawn.shape[0], size=drawn.shape[0]))]
            agreements.append(adjusted_rand(label, grouped(again, resample).predict(drawn)))
        centres, everyone = found.cluster_centers_, found.predict(points)
    agreement = float(np.mean(agreements))
    by_size = np.lexsort((*centres.T[::-1], -np.bincount(everyone, minlength=count)))
    labels = np.empty(size, dtype=np.int64)
    labels[order] = np.argsort(by_size)[everyone]
    sizes = tuple(np.bincount(labels, minlength=count).tolist())
    status = "stable" if agreement >= stable_from else "not stable"
    reason = Reason(Why.AGREEMENT, agreement=agreement, stable_from=stable_from)
    return Clusters(labels, centres[by_size], sizes, agreement, status, reason)
