"""How strong a hidden reason would have to be to undo an effect, beside how strong the reasons are that were measured."""

from __future__ import annotations

from collections.abc import Sequence
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
class Yardstick:
    """The strongest single measured reason: `column` of the covariates, and what it tells, taken alone, `of_choice` and `of_outcome`.

    `estimate`, `standard_error` and `freedom` are those of the plain regression in which hidden reasons are weighed, on `members` members.
    """

    column: int
    of_choice: float
    of_outcome: float
    estimate: float
    standard_error: float
    freedom: float
    members: int

    def bias(self, times: float = 1.0) -> float:
        """Return what a hidden reason `times` as strong moves the estimate by, in the outcome's unit; infinite where none is left."""
        return hidden_bias(self.standard_error, self.freedom, *bounds_of(self.of_choice, self.of_outcome, times=times))

    def times(self, distance: float, *, most: float = 100.0) -> float:
        """Return how many times as strong a hidden reason must be to move the estimate by `distance`, at most `most`."""
        if distance <= 0:
            return 0.0
        low, high = 0.0, most
        for _ in range(50):  # the bias grows with the strength
            middle = (low + high) / 2
            low, high = (low, middle) if self.bias(middle) >= distance else (middle, high)
        return high

    def share(self, distance: float) -> float:
        """Return which share of what is left of both choice and outcome a hidden reason must tell to move the estimate by `distance`."""
        return robustness_value(max(distance, 0.0) / self.standard_error, self.freedom)


def strongest_reason(
    outcome: np.ndarray,
    treated: np.ndarray,
    covariates: np.ndarray,
    *,
    reasons: Sequence[int] | None = None,
    least_choice: float = 0.0,
    least_arm: int = 30,
) -> Yardstick | None:
    """Return the single covariate that would do most harm if it were hidden, one row per member in all inputs; None where an arm has
    fewer than `least_arm` members or choice or outcome follows from the covariates.

    Each covariate is taken alone, since columns of the past repeat each other and any of them looks weak beside the rest; the
    hidden reason is weighed in the regression on all of them, so it tells of what they leave as much as the strongest tells of the
    whole. `reasons`: the columns that count as a reason of their own (all). `least_choice`: a reason is taken to tell at least this share
    of who was chosen; where the choice hardly depends on anything that is measured, such a weak reason would be no yardstick.

    Give the members whom the choice could have left out or taken (`Overlap.alike`): among all, a rule such as "spent above 100" tells
    who was chosen, and no hidden reason is as strong as a rule.

    Source: Cinelli and Hazlett (2020), sections 3.2 and 4.4.
    """
    arm = np.asarray(treated).astype(np.float64)
    if min(arm.sum(), arm.size - arm.sum()) < least_arm:
        return None
    table = covariates - covariates.mean(axis=0)
    basis, choice, values = _basis(table), arm - arm.mean(), outcome - outcome.mean()
    freedom = arm.size - basis.shape[1] - 2
    choice_left, values_left = (one - basis @ (basis.T @ one) for one in (choice, values))
    spread_left = float(choice_left @ choice_left)
    if freedom <= 0 or spread_left <= 1e-9 * arm.size:
        return None
    estimate = float(choice_left @ values_left) / spread_left
    left = values_left - choice_left * estimate
    standard_error = float(np.sqrt(left @ left / freedom / spread_left))
    if standard_error <= 1e-12 * (1 + float(np.abs(outcome).max())):
        return None
    alone = [(column, *_alone(choice, values, table[:, column])) for column in (range(table.shape[1]) if reasons is None else reasons)]
    strengths = [
        Yardstick(column, max(of_choice, least_choice), min(of_outcome, 0.999), estimate, standard_error, freedom, arm.size)
        for column, of_choice, of_outcome in alone
    ]
    return max(strengths, key=Yardstick.bias, default=None)


def _alone(choice: np.ndarray, values: np.ndarray, reason: np.ndarray) -> tuple[float, float]:
    """What one centred covariate tells of the choice, and of the outcome given the choice: R squared less what chance tells."""
    size = float(reason @ reason)
    if size <= 1e-18 * reason.size:
        return 0.0, 0.0
    way = reason / np.sqrt(size)
    spread = float(choice @ choice)
    inside, way_inside = (one - choice * float(choice @ one) / spread for one in (values, way))
    told = float(way_inside @ inside) ** 2 / max(float(way_inside @ way_inside), 1e-300)
    whole = float(inside @ inside)
    return _less_chance(spread - float(way @ choice) ** 2, spread, reason.size, 1), _less_chance(whole - told, whole, reason.size, 1)


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
