"""Whether arms were drawn as planned, and what chance alone would do to their difference."""

from __future__ import annotations

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
