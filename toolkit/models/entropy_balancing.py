"""Weights that make the controls look like the treated: the cross-check of a regression."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from toolkit.errors import DataError
from toolkit.models.lin import Effect, effect_from, not_measured
from toolkit.models.reasons import Reason, Why


@dataclass(frozen=True, slots=True)
class Balancing:
    """`weights` of the controls in their order (they add up to 1), how many equal ones they amount to (`effective_controls`), and the
    largest gap left between weighted controls and treated, in standard deviations of the treated and controls together (`worst_gap`).
    No weights where `reason` says why: mostly no mix of controls has the means of the treated."""

    weights: np.ndarray | None
    effective_controls: float | None
    worst_gap: float | None
    reason: Reason | None = None


def entropy_balance(controls: np.ndarray, target: np.ndarray, *, tolerance: float = 0.01, most_steps: int = 60) -> Balancing:
    """Return the weights closest to equal ones under which the controls (rows x columns) have the means `target`.

    Found in the dual, `min log sum exp(X l) - l'target`, by scipy's Newton method with a trust region; columns that are constant among
    the controls are left out. Without such weights, or with a gap above `tolerance` left, there is a reason instead.

    Source: Hainmueller, Political Analysis 20 (2012), equations 5 to 8.

    >>> found = entropy_balance(np.array([[0.0], [1.0]]), np.array([0.75]))
    >>> found.weights.round(3).tolist(), round(found.effective_controls, 2)
    ([0.25, 0.75], 1.6)
    """
    from scipy.optimize import minimize
    from scipy.special import logsumexp, softmax

    table, aim = np.asarray(controls, dtype=np.float64), np.asarray(target, dtype=np.float64)
    if table.ndim != 2 or table.shape[1] != aim.size or not table.shape[0]:
        raise DataError(f"entropy balancing: a mean for each of the columns is needed; {aim.size} came for a table of shape {table.shape}.")
    spread = table.std(axis=0)
    varied = spread > 1e-9 * (1 + np.abs(table.mean(axis=0)))
    table, aim = (table[:, varied] - aim[varied]) / spread[varied], np.zeros(int(varied.sum()))
    # A combination of columns that is constant too would leave the dual flat: only independent directions are kept.
    values, ways = np.linalg.eigh(np.cov(table, rowvar=False).reshape(aim.size, aim.size)) if aim.size else (aim, table)
    turned = table @ (ways[:, values > 1e-8] / np.sqrt(values[values > 1e-8])) if aim.size else table

    def dual(slopes: np.ndarray) -> tuple[float, np.ndarray]:
        return float(np.asarray(logsumexp(turned @ slopes))), softmax(turned @ slopes) @ turned

    def curvature(slopes: np.ndarray) -> np.ndarray:
        weights = softmax(turned @ slopes)
        mean = weights @ turned
        return (turned * weights[:, None]).T @ turned - np.outer(mean, mean)

    def apart(slopes: np.ndarray) -> None:
        # All controls lie on one side of the target: no weights exist, and the dual falls without end.
        if (turned @ slopes).max() < 0:
            raise StopIteration

    if turned.shape[1]:
        start, options = np.zeros(turned.shape[1]), {"maxiter": most_steps, "gtol": 1e-8}
        found = minimize(dual, start, jac=True, hess=curvature, method="trust-exact", options=options, callback=apart)
        weights = softmax(turned @ found.x)
    else:
        weights = np.full(len(table), 1 / len(table))
    worst = float(np.max(np.abs(weights @ table), initial=0.0))
    if not np.isfinite(worst) or worst > tolerance:
        return Balancing(None, None, worst, Reason(Why.NOBODY_ALIKE))
    return Balancing(weights, float(1 / (weights**2).sum()), worst)


def balanced_effect(
    outcome: np.ndarray, treated: np.ndarray, covariates: np.ndarray, *, least_arm: int = 20, least_effective: float = 10
) -> Effect:
    """Return treated less weighted controls, the weights from `entropy_balance` on the means of the covariates of the treated.

    The error is that of the outcome's residual from a regression with the same weights: balancing on X takes what X tells out of both
    arms (Zhao and Percival, Journal of Causal Inference 5, 2017: the two are one estimator seen from two sides). Not measured where no
    weights exist or fewer than `least_effective` controls carry them.
    """
    arm, values = np.asarray(treated).astype(bool), np.asarray(outcome, dtype=np.float64)
    table = np.asarray(covariates, dtype=np.float64)
    counts = int(arm.sum()), int((~arm).sum())
    if min(counts) < least_arm:
        return not_measured(Reason(Why.FEW_TO_BALANCE, members=min(counts), least_arm=least_arm), *counts)
    found = entropy_balance(table[~arm], table[arm].mean(axis=0))
    if found.weights is None or found.effective_controls is None:
        return not_measured(found.reason, *counts)
    if found.effective_controls < least_effective:
        return not_measured(Reason(Why.FEW_EFFECTIVE, effective_controls=found.effective_controls), *counts)
    base = float(found.weights @ values[~arm])
    of_control = _residual(values[~arm], table[~arm], found.weights)
    of_treated = _residual(values[arm], table[arm], np.full(counts[0], 1 / counts[0]))
    control_variance = float((found.weights**2 * of_control**2).sum())
    treated_variance = float((of_treated**2).sum() / counts[0] ** 2)
    if control_variance + treated_variance <= 0:
        return not_measured(Reason(Why.ALL_THE_SAME), *counts)
    return effect_from(
        float(values[arm].mean()) - base,
        float(np.sqrt(control_variance + treated_variance)),
        base=base,
        base_standard_error=float(np.sqrt(control_variance)),
        treated_count=counts[0],
        control_count=counts[1],
        freedom=max(found.effective_controls - 1, 1),
        effective_controls=found.effective_controls,
    )


def _residual(values: np.ndarray, table: np.ndarray, weights: np.ndarray) -> np.ndarray:
    spread = table.std(axis=0)
    kept = spread > 1e-9 * (1 + np.abs(table.mean(axis=0)))
    design = np.column_stack([np.ones(len(table)), (table[:, kept] - table[:, kept].mean(axis=0)) / spread[kept]])
    root = np.sqrt(weights)
    slopes = np.linalg.lstsq(design * root[:, None], values * root, rcond=None)[0]
    lost = len(values) / max(len(values) - design.shape[1], 1)
    return (values - design @ slopes) * np.sqrt(lost)
