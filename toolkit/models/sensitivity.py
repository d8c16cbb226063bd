"""How strong a hidden reason would have to be to undo an effect, beside how strong the reasons are that were measured."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


def robustness_value(t_value: float, freedom: float, *, share: float = 1.0, alpha: float | None = None) -> float:
    """Return the share (0..1) of what is left of both choice and outcome that a hidden reason must tell to take off `share` of an effect.

    With `alpha`, to make it no longer differ from zero at that level. 0 = it does not differ as it is.

    Source: Cinelli and Hazlett, Journal of the Royal Statistical Society B 82 (2020), section 4.2.

    >>> round(robustness_value(4.1844, 783), 3), round(robustness_value(4.1844, 783, alpha=0.05), 3)
    (0.139, 0.076)
    """
    from scipy.special import stdtrit

    reach = share * abs(t_value) / np.sqrt(freedom)
    noise = 0.0 if alpha is None else float(stdtrit(freedom - 1, 1 - alpha / 2)) / np.sqrt(freedom - 1)
    left = reach - noise
    if left <= 0:
        return 0.0
    if noise and reach >= 1 / noise:
        return float((reach**2 - noise**2) / (1 + reach**2))
    return float((np.sqrt(left**4 + 4 * left**2) - left**2) / 2)


def hidden_bias(standard_error: float, freedom: float, of_choice: float, of_outcome: float) -> float:
    """Return how far a hidden reason moves an estimate that tells the share `of_choice` of what the covariates leave of who was chosen,
    and `of_outcome` of what they and the choice leave of the outcome (partial R squared).

    Source: Cinelli and Hazlett (2020), equation 7.

    >>> round(hidden_bias(0.02326, 783, 0.00916, 0.12464), 4)
    0.0221
    """
    return float(standard_error * np.sqrt(freedom * of_outcome * of_choice / (1 - of_choice))) if of_choice < 1 else np.inf


def bounds_of(of_choice: float, of_outcome: float, *, times: float = 1.0) -> tuple[float, float]:
    """Return the two shares of `hidden_bias` for a reason `times` as strong as a measured one, from that one's partial R squared.

    Source: Cinelli and Hazlett (2020), section 4.4. Infinitely strong (1, 1) where no such reason can exist beside the measured ones.

    >>> [round(value, 4) for value in bounds_of(0.00908, 0.1091)]
    [0.0092, 0.1247]
    """
    if times * of_choice >= 1 - of_choice:
        return 1.0, 1.0
    chosen = times * of_choice / (1 - of_choice)
    both = times * of_choice**2 / ((1 - times * of_choice) * (1 - of_choice))
    outcome = (np.sqrt(times) + np.sqrt(both)) ** 2 / (1 - both) * of_outcome / (1 - of_outcome)
    return float(chosen), float(min(outcome, 1.0))


@dataclass(frozen=True, slots=True)
class Strength:
    """How much all measured covariates together tell: of who was chosen (`of_choice`), and of the outcome given that (`of_outcome`), R
    squared less what chance alone tells; and `bias`, what a hidden reason so many times as strong moves the estimate by, in the outcome's
    unit (infinite where it would leave nothing to compare by)."""

    of_choice: float
    of_outcome: float
    bias: float


def measured_strength(outcome: np.ndarray, treated: np.ndarray, covariates: np.ndarray, *, times: float = 1.0) -> Strength:
    """Return how strong the measured reasons are, one row per member in all inputs, and what a hidden one `times` as strong would
    do.

    They are taken together, as one reason: columns of the past repeat each other, so that each would look weak beside the rest. The
    yardstick is the plain regression of the outcome on the choice and the covariates.

    Source: Cinelli and Hazlett (2020), sections 3.2 and 4.4, the covariates as one group.
    """
    arm = np.asarray(treated).astype(np.float64)
    choice, values, rows = arm - arm.mean(), outcome - outcome.mean(), arm.size
    basis = _basis(covariates - covariates.mean(axis=0))
    columns = basis.shape[1]
    choice_left, values_left = (one - basis @ (basis.T @ one) for one in (choice, values))
    spread, spread_left = float(choice @ choice), float(choice_left @ choice_left)
    inside = values - choice * float(choice @ values) / max(spread, 1e-300)
    left = values_left - choice_left * float(choice_left @ values_left) / max(spread_left, 1e-300)
    of_choice = _less_chance(spread_left, spread, rows, columns)
    of_outcome = _less_chance(float(left @ left), float(inside @ inside), rows, columns)
    if of_choice >= 1 or spread_left <= 0:
        return Strength(of_choice, of_outcome, np.inf)
    chosen, told = bounds_of(of_choice, min(of_outcome, 0.999), times=times)
    freedom = max(rows - columns - 2, 1)
    standard_error = np.sqrt(float(left @ left) / freedom / spread_left)
    return Strength(of_choice, of_outcome, hidden_bias(standard_error, freedom, chosen, told))


def _less_chance(left: float, whole: float, rows: int, columns: int) -> float:
    """R squared, adjusted for the number of columns."""
    if whole <= 0:
        return 0.0
    return float(np.clip(1 - left / whole * (rows - 1) / max(rows - columns - 1, 1), 0.0, 1.0))


def _basis(table: np.ndarray) -> np.ndarray:
    """Orthonormal columns that span those of a centred table; constant ones and repetitions add none."""
    size = np.sqrt((table**2).sum(axis=0))
    scaled = table[:, size > 1e-9] / size[size > 1e-9]
    values, ways = np.linalg.eigh(scaled.T @ scaled)
    used = values > 1e-9 * max(values.max(initial=0.0), 1e-300)
    return scaled @ (ways[:, used] / np.sqrt(values[used]))
