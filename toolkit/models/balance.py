"""How alike two arms were before a campaign: standardised differences, and whether controls like the treated exist at all."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from toolkit.errors import DataError
from toolkit.models.reasons import Reason, Why


def standardised_differences(
    covariates: np.ndarray, treated: np.ndarray, names: Sequence[str], *, control_weights: np.ndarray | None = None
) -> pl.DataFrame:
    """Return one row per covariate: how far apart the arms are, in standard deviations.

    In: one row per member, one column per name; `treated` true or false; `control_weights`, one per control in their order, compares the
    treated with weighted controls instead. Out: `covariate`, `treated_mean`, `control_mean`, `standardised_difference` = difference of
    means / root of the mean of the two variances (of the unweighted arms, so that weighting cannot hide a difference by spreading it);
    null where both arms are constant and equal, infinite where they are constant and differ. Rows as the names come.

    Up to .1 in absolute value is balanced by custom. Source: Austin, Statistics in Medicine 28 (2009).

    >>> age = np.array([[30.0], [50.0], [40.0], [60.0]])
    >>> standardised_differences(age, np.array([False, False, True, True]), ["age"])["standardised_difference"].round(4).to_list()
    [0.7071]
    """
    table, arm = _checked(covariates, treated, names)
    of_treated, of_control = table[arm], table[~arm]
    treated_mean = of_treated.mean(axis=0)
    control_mean = np.average(of_control, axis=0, weights=control_weights)
    spread = np.sqrt((_variance(of_treated) + _variance(of_control)) / 2)
    gap = treated_mean - control_mean
    flat = spread <= 1e-12 * (1 + np.abs(treated_mean))
    same = flat & (np.abs(gap) <= 1e-9 * (1 + np.abs(treated_mean)))
    difference = np.where(flat, np.copysign(np.inf, gap), gap / np.where(flat, 1.0, spread))
    return pl.DataFrame(
        {
            "covariate": list(names),
            "treated_mean": treated_mean,
            "control_mean": control_mean,
            "standardised_difference": pl.Series(difference).zip_with(pl.Series(~same), pl.Series([None] * len(names), dtype=pl.Float64)),
        }
    )


def _variance(table: np.ndarray) -> np.ndarray:
    return table.var(axis=0, ddof=1) if table.shape[0] > 1 else np.zeros(table.shape[1])


@dataclass(frozen=True, slots=True)
class Overlap:
    """Whether the controls hold members like the treated.

    `beyond_share`: share of the treated whose propensity (chance of being chosen, as the covariates tell it) lies beyond the 99th
    percentile of the controls', so that next to no control is like them; about .01 where arms are alike. `effective_controls`: how many
    equally weighted controls the controls amount to once they are weighted to look like the treated (Kish). Figures are None where
    `reason` says why. `alike`: rows of the members who might have been chosen or left out: their propensity is not below that of nearly
    all treated (19 in 20).
    """

    beyond_share: float | None
    effective_controls: float | None
    treated_count: int
    control_count: int
    reason: Reason | None = None
    alike: np.ndarray = field(default_factory=lambda: np.empty(0, dtype=np.int64), compare=False, repr=False)


def propensities(covariates: np.ndarray, treated: np.ndarray, *, penalty: float = 1.0) -> np.ndarray:
    """Return each member's chance of being in the treated arm, by logistic regression on the standardised covariates.

    `penalty` is the ridge in units of one observation: it keeps the fit finite where a rule such as "spent above 100" parts the arms
    completely. By scikit-learn's `LogisticRegression`.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    spread = covariates.std(axis=0)
    kept = spread > 1e-12 * (1 + np.abs(covariates.mean(axis=0)))
    table = (covariates[:, kept] - covariates[:, kept].mean(axis=0)) / spread[kept]
    if not table.shape[1]:
        return np.full(len(treated), treated.mean())
    quick = LogisticRegression(C=1 / penalty, solver="newton-cholesky", max_iter=100)
    with warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)
        try:
            return quick.fit(table, treated).predict_proba(table)[:, 1]
        except ConvergenceWarning:  # its line search may stop in the last digits where columns repeat each other
            slow = LogisticRegression(C=1 / penalty, max_iter=500, tol=1e-6)
    return slow.fit(table, treated).predict_proba(table)[:, 1]


def overlap(covariates: np.ndarray, treated: np.ndarray, *, least_arm: int = 20, most_rows: int = 200_000) -> Overlap:
    """Return whether there are controls like the treated; rows and arms as in `standardised_differences`.

    Of more than `most_rows` members every k-th is taken (in the order of the rows), which these shares do not notice.

    Source: Crump, Hotz, Imbens and Mitnik, Biometrika 96 (2009), for the question; DEFINITIONS.md section 4 for the percentile; Kish,
    Survey Sampling (1965), 11.2, for the effective number.
    """
    table, arm = _checked(covariates, treated, [str(column) for column in range(np.shape(covariates)[1])])
    counts = int(arm.sum()), int((~arm).sum())
    if min(counts) < least_arm:
        name = "treated" if counts[0] < counts[1] else "control"
        return Overlap(None, None, *counts, Reason(Why.FEW_IN_ARM, members=min(counts), name=name, least_arm=least_arm))
    step = -(-arm.size // most_rows)
    chance = propensities(table[::step], arm[::step])
    of_treated, of_control = chance[arm[::step]], chance[~arm[::step]]
    if not of_treated.size or not of_control.size:
        return Overlap(None, None, *counts, Reason(Why.SAMPLE_WITHOUT_ARM))
    odds = of_control / np.maximum(1 - of_control, 1e-12)
    effective = float(odds.sum() ** 2 / (odds**2).sum()) * (counts[1] / of_control.size) if odds.any() else 0.0
    alike = np.flatnonzero(chance >= np.quantile(of_treated, 0.05)) * step
    return Overlap(float(np.mean(of_treated > np.quantile(of_control, 0.99))), effective, *counts, alike=alike)


def _checked(covariates: np.ndarray, treated: np.ndarray, names: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    table, arm = np.asarray(covariates, dtype=np.float64), np.asarray(treated).astype(bool)
    if table.ndim != 2 or table.shape != (arm.size, len(names)):
        raise DataError(f"balance: {arm.size} members and {len(names)} names need a table of that size; it has the shape {table.shape}.")
    if not arm.any() or arm.all():
        raise DataError(f"balance: both arms are needed; {int(arm.sum())} members are treated and {int((~arm).sum())} are controls.")
    bad = int(np.count_nonzero(~np.isfinite(table)))
    if bad:
        raise DataError(f"balance: {bad} values of the covariates are missing or not finite; fill or drop them first.")
    return table, arm
