"""Whether arms were drawn as planned, and what chance alone would do to their difference."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from toolkit.errors import BadValue, DataError


def sample_ratio_p(treated_count: int, control_count: int, control_share: float) -> float:
    """Return how likely arms at least this far from the planned split are (two-sided, exact binomial).

    Below .001 the arms were not drawn as planned, or members fell out of one after the draw. Source: Fabijan et al., KDD 2019.

    >>> sample_ratio_p(50, 50, 0.5)
    1.0
    """
    from scipy.stats import binomtest

    if not 0 < control_share < 1:
        raise BadValue(f"control_share is {control_share}; the planned share of the control lies between 0 and 1.")
    if treated_count + control_count == 0:
        raise DataError("sample ratio: there is no member in either arm.")
    return float(binomtest(control_count, treated_count + control_count, control_share).pvalue)


def arms_differ(past: np.ndarray, treated: np.ndarray) -> float:
    """Return how likely chance alone makes arms differ so much in their past: p of Hotelling's T squared, columns that repeat others left
    out.

    Source: Hotelling, Annals of Mathematical Statistics 2 (1931); as a test of random assignment, Hansen and Bowers, Statistical Science
    23 (2008)."""
    from scipy.stats import f

    spread = past.std(axis=0)
    table = (past - past.mean(axis=0))[:, spread > 1e-9] / spread[spread > 1e-9]
    counts = int(treated.sum()), int((~treated).sum())
    if table.shape[1] == 0 or min(counts) < 3:
        return 1.0
    gap = table[treated].mean(axis=0) - table[~treated].mean(axis=0)
    pooled = sum(
        (count - 1) * np.cov(table[arm], rowvar=False).reshape(table.shape[1], -1)
        for arm, count in ((treated, counts[0]), (~treated, counts[1]))
    )
    freedom = sum(counts) - 2
    values, vectors = np.linalg.eigh(pooled / freedom)
    kept = values > 1e-9 * values.max()
    squared = float((((gap @ vectors[:, kept]) ** 2) / values[kept]).sum() * counts[0] * counts[1] / sum(counts))
    columns = int(kept.sum())
    if freedom - columns + 1 <= 0:
        return 1.0
    return float(f.sf(squared * (freedom - columns + 1) / (freedom * columns), columns, freedom - columns + 1))


@dataclass(frozen=True, slots=True)
class GroupShares:
    """Whether the arms can be told from a group: `p_value` of chance alone, and the group (`code`, `count`, `treated_share`) that is
    furthest from the rest; -1 where none is large enough to speak of."""

    p_value: float
    code: int
    count: int
    treated_share: float


def groups_differ(
    codes: np.ndarray, treated: np.ndarray, *, least_expected: float = 5, draws: int = 400, seed: int = 0
) -> GroupShares | None:
    """Return whether members of some groups (`codes`, whole numbers from 0) were treated more often than chance allows.

    Pearson's chi squared over the groups of two members and more; None where fewer than two are left. Where fewer than `least_expected`
    members of a group are expected in an arm (a shop with hundreds of stores) the statistic is not chi squared distributed: a Gamma
    distribution then has its mean and its variance under `draws` draws of the arms, since counting draws would end at 1 / draws.

    >>> store, treated = np.repeat([0, 1], 50), np.arange(100) < 50
    >>> groups_differ(store, treated).p_value < 1e-20, groups_differ(np.arange(100) % 2, treated).p_value
    (True, 1.0)
    """
    from scipy.special import chdtrc, gammaincc

    arm = np.asarray(treated).astype(np.float64)
    counted = np.bincount(codes)
    inside = counted[codes] > 1
    names, place = np.unique(codes[inside], return_inverse=True)
    arm, share = arm[inside], float(arm[inside].mean()) if inside.any() else 0.0
    if names.size < 2 or not 0 < share < 1:
        return None
    count = np.bincount(place).astype(np.float64)

    def away(one: np.ndarray) -> np.ndarray:
        return (np.bincount(place, weights=one, minlength=names.size) - count * share) ** 2 / (count * share * (1 - share))

    found = away(arm)
    large = count * min(share, 1 - share) >= least_expected
    if large.all():
        p_value = float(chdtrc(names.size - 1, found.sum()))
    else:
        rng = np.random.default_rng(seed)
        times = max(min(draws, 20_000_000 // arm.size), 40)  # of a million members forty draws are a second's work
        drawn = np.array([away(rng.permutation(arm)).sum() for _ in range(times)])
        mean, variance = drawn.mean(), max(float(drawn.var()), 1e-12)
        p_value = float(gammaincc(mean**2 / variance, found.sum() * mean / variance))
    if not large.any():
        return GroupShares(p_value, -1, 0, 0.0)
    furthest = int(np.where(large, found, -1.0).argmax())
    of_furthest = float(arm[place == furthest].mean())
    return GroupShares(p_value, int(names[furthest]), int(count[furthest]), of_furthest)


def members_for_skew(outcome: np.ndarray, *, factor: float = 25.0) -> float:
    """Return how many members an arm needs for the interval of its mean to hold what it says: `factor` * skewness^2; 0 for a constant.

    Source: Cochran's rule, Sampling Techniques (1977), 2.15; Kohavi, Deng, Longbotham and Xu, KDD 2014, take 355.
    """
    from scipy.stats import skew

    values = np.asarray(outcome, dtype=np.float64)
    return 0.0 if values.size < 3 or not np.ptp(values) else float(factor * skew(values) ** 2)


def permutation_p(
    outcome: np.ndarray, treated: np.ndarray, covariates: np.ndarray | None = None, *, permutations: int = 999, seed: int = 0
) -> float | None:
    """Return how often arms drawn anew differ by at least as much, in standard errors, as the arms that were drawn (two-sided).

    One element per member. With `covariates` (rows x columns) it is asked of what they leave untold of the outcome, which they may because
    they were known before the draw. Dividing each difference by its own error (Welch) makes the p right for the mean also where a campaign
    changes the spread alone. The smallest p is 1 / (permutations + 1); None where an arm has fewer than two members or nothing varies.

    Valid for complete randomisation; not for members who were chosen. Source: Janssen, Statistics and Probability Letters 36 (1997);
    Chung and Romano, Annals of Statistics 41 (2013); Zhao and Ding, Journal of Econometrics 225 (2021), for the covariates.
    """
    arm, values = np.asarray(treated).astype(bool), np.asarray(outcome, dtype=np.float64)
    if arm.size != values.size:
        raise DataError(f"permutation: an arm is needed for each outcome; {arm.size} came for {values.size}.")
    count, everybody = int(arm.sum()), arm.size
    if covariates is not None and np.shape(covariates)[1]:
        design = np.column_stack([np.ones(everybody), covariates])
        design = design / np.maximum(np.sqrt((design**2).mean(axis=0)), 1e-300)
        values = values - design @ np.linalg.lstsq(design, values, rcond=None)[0]
    if min(count, everybody - count) < 2 or not np.ptp(values):
        return None
    values = values - values.mean()  # sums of squares of large means would drown the differences
    found = abs(_studentised(values, arm[None, :]))[0]
    rng = np.random.default_rng(seed)
    at_once = max(1, 20_000_000 // everybody)
    as_far = 0
    for start in range(0, permutations, at_once):
        drawn = rng.permuted(np.broadcast_to(arm, (min(at_once, permutations - start), everybody)), axis=1)
        as_far += int((np.abs(_studentised(values, drawn)) >= found * (1 - 1e-9)).sum())
    return (as_far + 1) / (permutations + 1)


def _studentised(values: np.ndarray, arms: np.ndarray) -> np.ndarray:
    """Return Welch's t of each row of `arms`; values are centred."""
    count = arms.sum(axis=1)
    rest = arms.shape[1] - count
    sums, squares = arms @ values, arms @ values**2
    total, total_squares = values.sum(), (values**2).sum()
    mean, other = sums / count, (total - sums) / rest
    variance = (squares / count - mean**2) / (count - 1) + ((total_squares - squares) / rest - other**2) / (rest - 1)
    return (mean - other) / np.sqrt(np.maximum(variance, 1e-300))
