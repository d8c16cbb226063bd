"""Whether an ask keeps people, from campaigns whose arms chance drew, and whether one that fits keeps more of them than one that does not.

A row is somebody who had not come again when a campaign began. Arms are compared within campaigns, as drawn.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class AskTest:
    """Losses of the rows `touched` (`basket_count`, `lost_count`) against `expected`, had they been treated like the others.

    `part`: the share of their losses beyond that, 0 to 1; `chance`: how likely so much or more is by chance, one-sided.
    """

    basket_count: int
    lost_count: int
    expected: float
    low: float
    high: float
    part: float
    chance: float

    @property
    def ratio(self) -> float:
        """Losses over those expected."""
        return self.lost_count / self.expected if self.expected > 0 else float("nan")


def nobody_asked(lost: np.ndarray, treated: np.ndarray, campaign: np.ndarray) -> AskTest | None:
    """Return losses of the control members against the treated of their own campaign; None where no campaign has both arms.

    Sources: Mantel and Haenszel, JNCI 22 (1959), 719-748 (test); Greenland and Robins, Biometrics 41 (1985), 55-68 (interval of the ratio).

    >>> lost = np.array([1, 1, 1, 0, 1, 0, 0, 0]); treated = np.array([0, 0, 0, 0, 1, 1, 1, 1], bool)
    >>> round(nobody_asked(lost, treated, np.zeros(8, int)).expected, 1)
    1.0
    """
    n, m, a, b = _cells(lost, campaign, [~treated, treated])
    both = (n > 0) & (m > 0)
    if not both.any():
        return None
    n, m, a, b = n[both], m[both], a[both], b[both]
    whole, events = n + m, a + b
    mean = n * events / whole
    spread = (n * m * events * (whole - events) / (whole**2 * np.maximum(whole - 1, 1))).sum()
    score = (a - mean).sum() / np.sqrt(spread) if spread > 0 else 0.0
    up, down = (a * m / whole).sum(), (b * n / whole).sum()
    ratio = up / down if down > 0 else np.inf
    error = np.sqrt(((n * m * events - a * b * whole) / whole**2).sum() / max(up * down, 1e-12)) if down > 0 else np.inf
    low, high = (ratio * np.exp(sign * 1.96 * error) if np.isfinite(error) else np.nan for sign in (-1, 1))
    count = int(a.sum())
    expected = float(count / ratio) if np.isfinite(ratio) and ratio > 0 else 0.0
    return AskTest(
        int(n.sum()), count, expected, float(low), float(high), max(0.0, float(1 - 1 / ratio)) if ratio > 0 else 0.0, _upper(score)
    )


def no_fit(lost: np.ndarray, treated: np.ndarray, fits: np.ndarray, campaign: np.ndarray) -> AskTest | None:
    """Return losses of those treated with an offer that does not fit against what a fitting one would have left of them.

    A fitting offer is taken to take as much of the chance of a loss from them as it took from those whom it fitted: the difference of the
    arms where it fits less that where it does not, within campaigns, weighted by how well each tells it. So what parts those whom an offer
    fits from others is in both arms, and cancels out. None where no campaign has all four groups.

    >>> lost = np.array([0] * 10 + [1] * 5 + [0] * 5 + [1] * 5 + [0] * 5 + [1] * 5 + [0] * 5)
    >>> treated, fits = np.array([True] * 10 + [False] * 10 + [True] * 10 + [False] * 10), np.array([True] * 20 + [False] * 20)
    >>> round(no_fit(lost, treated, fits, np.zeros(40, int)).part, 1)
    1.0
    """
    groups = [treated & ~fits, ~treated & ~fits, treated & fits, ~treated & fits]
    cells = _cells(lost, campaign, groups)
    n, a = cells[:4], cells[4:]
    able = np.all([one > 0 for one in n], axis=0)
    if not able.any():
        return None
    n, a = [one[able] for one in n], [one[able] for one in a]
    weight = 1 / np.sum([1 / one for one in n], axis=0)
    weight = weight / weight.sum()
    rate = [one / many for one, many in zip(a, n, strict=True)]
    pooled = [one.sum() / many.sum() for one, many in zip(a, n, strict=True)]
    more = float((weight * ((rate[0] - rate[1]) - (rate[2] - rate[3]))).sum())
    spread = sum((weight**2 * share * (1 - share) / many).sum() for share, many in zip(pooled, n, strict=True))
    error = float(np.sqrt(spread))
    count, own = int(a[0].sum()), float(pooled[0])
    parts = [min(max(one / own, 0.0), 1.0) if own > 0 else 0.0 for one in (more - 1.96 * error, more, more + 1.96 * error)]
    low, high = 1 / (1 - parts[0]) if parts[0] < 1 else np.inf, 1 / (1 - parts[2]) if parts[2] < 1 else np.inf
    chance = _upper(more / error) if error > 0 else 1.0
    return AskTest(int(n[0].sum()), count, count * (1 - parts[1]), float(low), float(high), parts[1], chance)


def _cells(lost: np.ndarray, campaign: np.ndarray, groups: list[np.ndarray]) -> list[np.ndarray]:
    """Rows, then losses, of each group by campaign."""
    places = int(campaign.max(initial=-1)) + 1
    counts = [np.bincount(campaign[group], minlength=places).astype(float) for group in groups]
    return counts + [np.bincount(campaign[group], lost[group].astype(float), places) for group in groups]


def _upper(score: float) -> float:
    from scipy.special import ndtr  # slow to load

    return float(ndtr(-score))
