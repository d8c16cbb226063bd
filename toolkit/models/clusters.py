"""Groups of members by k-means, and whether the groups are there or only drawn: bootstrap agreement."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from toolkit.errors import BadValue
from toolkit.language import tr, value


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
    reason: str


def adjusted_rand(first: np.ndarray, second: np.ndarray) -> float:
    """Return the adjusted Rand index of two groupings of the same rows: 1 = the same groups, about 0 = as two chance groupings.

    Source: Hubert and Arabie, Journal of Classification 2 (1985), 193-218.

    >>> adjusted_rand(np.array([0, 0, 1, 1]), np.array([5, 5, 3, 3]))
    1.0
    """
    rows, columns = np.unique(first, return_inverse=True)[1], np.unique(second, return_inverse=True)[1]
    table = np.bincount(rows * (columns.max() + 1) + columns, minlength=(rows.max() + 1) * (columns.max() + 1))
    table = table.reshape(rows.max() + 1, columns.max() + 1).astype(np.float64)

    def pairs(counts: np.ndarray) -> float:
        return float((counts * (counts - 1) / 2).sum())

    together, by_row, by_column = pairs(table), pairs(table.sum(axis=1)), pairs(table.sum(axis=0))
    chance = by_row * by_column / pairs(np.array([first.size]))
    most = (by_row + by_column) / 2
    return 1.0 if most == chance else (together - chance) / (most - chance)


def _nearest(points: np.ndarray, centres: np.ndarray) -> np.ndarray:
    # One centre at a time, without a matrix product: the same bits for any number of threads, and memory stays one column wide.
    return np.argmin(np.stack([((points - centre) ** 2).sum(axis=1) for centre in centres], axis=1), axis=1)


def _k_means(points: np.ndarray, count: int, rng: np.random.Generator, *, starts: int, most_rounds: int = 100) -> np.ndarray:
    """Return the centres of the best of several k-means runs, each begun at far-apart points (k-means++)."""
    best: tuple[float, np.ndarray] | None = None
    for _ in range(starts):
        centres = points[rng.integers(points.shape[0])][None, :]
        for _ in range(count - 1):
            distance = np.min(np.stack([((points - centre) ** 2).sum(axis=1) for centre in centres], axis=1), axis=1)
            total = distance.sum()
            pick = int(np.searchsorted(np.cumsum(distance), rng.random() * total)) if total > 0 else int(rng.integers(points.shape[0]))
            centres = np.vstack([centres, points[min(pick, points.shape[0] - 1)]])
        for _ in range(most_rounds):
            label = _nearest(points, centres)
            size = np.bincount(label, minlength=count)
            sums = np.stack([np.bincount(label, weights=column, minlength=count) for column in points.T], axis=1)
            moved = np.where(size[:, None] > 0, sums / np.maximum(size, 1)[:, None], centres)
            if np.array_equal(moved, centres):
                break
            centres = moved
        spread = float(((points - centres[_nearest(points, centres)]) ** 2).sum())
        if best is None or spread < best[0]:
            best = (spread, centres)
    return best[1]  # type: ignore[index]


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
    """
    if count < 2:
        raise BadValue(tr("cluster: `count` must be at least 2, but {count} came.", count=count))
    size = features.shape[0]
    if size < minimum_rows:
        reason = tr("only {members} members; {minimum_rows} are needed to tell groups from chance", members=size, minimum_rows=minimum_rows)
        return Clusters(np.full(size, -1), np.zeros((0, features.shape[1])), (), None, "not measured", reason)
    order = np.lexsort(features.T[::-1])
    ordered = features[order].astype(np.float64)
    spread = ordered.std(axis=0)
    points = (ordered - ordered.mean(axis=0)) / np.where(spread > 1e-12, spread, 1.0)
    drawn = points[:: -(-size // most_rows)]
    distinct = np.unique(drawn, axis=0).shape[0]
    if distinct < count:
        reason = tr("only {distinct} different members; {count} groups were asked for", distinct=distinct, count=count)
        return Clusters(np.full(size, -1), np.zeros((0, features.shape[1])), (), None, "not measured", reason)
    rng = np.random.default_rng(seed)
    centres = _k_means(drawn, count, rng, starts=starts)
    label = _nearest(drawn, centres)
    agreements = []
    for _ in range(resamples):
        again = drawn[np.sort(rng.integers(drawn.shape[0], size=drawn.shape[0]))]
        agreements.append(adjusted_rand(label, _nearest(drawn, _k_means(again, count, rng, starts=starts))))
    agreement = float(np.mean(agreements))
    everyone = _nearest(points, centres)
    by_size = np.lexsort((*centres.T[::-1], -np.bincount(everyone, minlength=count)))
    labels = np.empty(size, dtype=np.int64)
    labels[order] = np.argsort(by_size)[everyone]
    sizes = tuple(np.bincount(labels, minlength=count).tolist())
    status = value("stable") if agreement >= stable_from else value("not stable")
    reason = tr(
        "resampled members agree with these groups at {agreement:.2f} (1 = always the same; {stable_from:g} is needed to name them)",
        agreement=agreement,
        stable_from=stable_from,
    )
    return Clusters(labels, centres[by_size], sizes, agreement, status, reason)
