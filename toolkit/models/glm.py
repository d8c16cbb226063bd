"""Logistic and Poisson regression by Newton's method, whose result depends on neither row order nor thread count."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

Family = Literal["logistic", "poisson"]


@dataclass(frozen=True, slots=True)
class Regression:
    """A fitted regression on standardised features; `converged` is False where Newton's steps did not settle.

    `highest` is the largest linear predictor among the rows learned from: predictions stop there, since a log link carried beyond what
    was seen promises fortunes.
    """

    family: Family
    intercept: float
    coefficients: tuple[float, ...]
    centre: tuple[float, ...]
    scale: tuple[float, ...]
    highest: float
    row_count: int
    converged: bool

    def predict(self, features: np.ndarray) -> np.ndarray:
        """Return the probability (logistic) or the expected value (poisson) per row of `features`."""
        # Summed column by column: a matrix product may round differently with another number of threads.
        linear = np.full(features.shape[0], self.intercept)
        for column, (coefficient, centre, scale) in enumerate(zip(self.coefficients, self.centre, self.scale, strict=True)):
            linear += coefficient * ((features[:, column] - centre) / scale)
        return _mean(np.minimum(linear, self.highest), self.family)


def _mean(linear: np.ndarray, family: Family) -> np.ndarray:
    from scipy.special import expit

    return expit(linear) if family == "logistic" else np.exp(np.clip(linear, -700, 700))


def _penalised_deviance(outcome: np.ndarray, mean: np.ndarray, beta: np.ndarray, ridge: float, family: Family) -> float:
    from scipy.special import xlogy

    if family == "logistic":
        fit = -(xlogy(outcome, np.maximum(mean, 1e-300)) + xlogy(1 - outcome, np.maximum(1 - mean, 1e-300))).sum()
    else:
        fit = (mean - xlogy(outcome, np.maximum(mean, 1e-300))).sum()
    return float(fit + 0.5 * ridge * (beta[1:] ** 2).sum())


def fit_regression(features: np.ndarray, outcome: np.ndarray, *, family: Family, ridge: float = 1.0, most_steps: int = 60) -> Regression:
    """Return the regression of `outcome` on `features` (rows x columns, finite), each feature standardised first.

    `ridge` is the penalty on the squared standardised coefficients, in units of one observation (for `poisson`, one of average
    outcome): it only matters where features say the same thing twice or separate the outcome completely. `poisson` is the
    quasi-likelihood with a log link: any outcome >= 0 may come, and with its intercept the fitted values add up to the outcomes.

    Rows are sorted and sums are taken column by column, so rows in another order give the same bits.

    Source: McCullagh and Nelder, Generalized Linear Models (1989), 2.5.
    """
    order = np.lexsort((outcome, *features.T))
    rows, target = features[order].astype(np.float64), outcome[order].astype(np.float64)
    centre = rows.mean(axis=0)
    spread = np.sqrt(((rows - centre) ** 2).mean(axis=0))
    scale = np.where(spread > 1e-12, spread, 1.0)
    columns = [np.ones(rows.shape[0]), *((rows - centre) / scale).T]
    # In cents or in currency, a Poisson outcome must meet the same penalty: it is measured in its own mean.
    unit = float(target.mean()) if family == "poisson" and target.mean() > 0 else 1.0
    target = target / unit
    base = float(np.clip(target.mean(), 1e-9, 1 - 1e-9 if family == "logistic" else np.inf))
    beta = np.zeros(len(columns))
    beta[0] = np.log(base / (1 - base)) if family == "logistic" else np.log(base)
    penalty = np.full(beta.size, ridge)
    penalty[0] = 0.0
    mean = np.full(rows.shape[0], base)
    deviance = _penalised_deviance(target, mean, beta, ridge, family)
    converged = False
    for _ in range(most_steps):
        weight = mean * (1 - mean) if family == "logistic" else mean
        gradient = np.array([np.sum(column * (target - mean)) for column in columns]) - penalty * beta
        hessian = np.diag(penalty + 1e-9)
        for i, first in enumerate(columns):
            weighted = first * weight
            for j in range(i, len(columns)):
                hessian[i, j] += np.sum(weighted * columns[j])
                hessian[j, i] = hessian[i, j]
        step = np.linalg.solve(hessian, gradient)
        # Halve the step until it helps: Newton overshoots where a heavy-tailed outcome meets a log link.
        for _ in range(30):
            trial = beta + step
            trial_mean = _mean(np.asarray(sum(b * column for b, column in zip(trial, columns, strict=True))), family)
            trial_deviance = _penalised_deviance(target, trial_mean, trial, ridge, family)
            if trial_deviance <= deviance + 1e-12 * abs(deviance):
                break
            step = step / 2
        beta, mean, deviance = trial, trial_mean, trial_deviance
        if np.max(np.abs(step)) < 1e-8:
            converged = True
            break
    beta[0] += np.log(unit)
    highest = float(np.max(sum(b * column for b, column in zip(beta, columns, strict=True))))
    return Regression(
        family, float(beta[0]), tuple(beta[1:].tolist()), tuple(centre.tolist()), tuple(scale.tolist()), highest, rows.shape[0], converged
    )
