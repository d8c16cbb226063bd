"""What a holdout can see: members needed, the smallest visible lift, the chance to see a lift, sales forgone."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from statistics import NormalDist

import numpy as np

from toolkit.errors import BadValue, DataError
from toolkit.models.lin import standard_errors

_NORMAL = NormalDist()
LARGE = 20_000
"""Most members that one draw of the arms takes."""
DRAWN = 50_000
"""Members that are drawn altogether to tell the noise."""


@dataclass(frozen=True)
class Spread:
    """How a group's outcome over a window spreads: what the power of a test rests on.

    `mean` (per member), `cv` (standard deviation over mean), `rho` (correlation with what was known before: the root of the adjusted R
    squared), `member_count` and `window_count` it was measured on. `noise`: what is left unexplained of CV squared when the regression has
    to learn from arms of a certain size; None = from rho alone.
    """

    mean: float
    cv: float
    rho: float
    member_count: int
    window_count: int = 1
    noise: float | None = None

    @property
    def unexplained(self) -> float:
        """CV squared that the past does not explain: `CV^2 (1 - rho^2)`, or `noise` where it was measured on arms."""
        return self.cv**2 * (1 - self.rho**2) if self.noise is None else self.noise


def noise_factor(power: float = 0.8, false_alarms: float = 0.05) -> float:
    """Return the factor of the formula below: the square of the sum of the two normal quantiles.

    >>> round(noise_factor(), 2)
    7.85
    """
    return (_NORMAL.inv_cdf(1 - false_alarms / 2) + _NORMAL.inv_cdf(power)) ** 2


def widened(lift: float, control_share: float) -> float:
    """Return by how much a true `lift` of each member's own spend widens the noise: `1 - s + s (1 + lift)^2`, s = control share.

    Who spends much gains much: the variance of the treated arm grows by `(1 + lift)^2`, that of the control does not. Without it a plan
    promises 80% where 68% came (lifts of half the spend, a control of a fifth).

    >>> round(widened(0.5, 0.2), 2)
    1.25
    """
    return 1 - control_share + control_share * (1 + lift) ** 2


def members_needed(lift: float, unexplained: float, control_share: float, *, power: float = 0.8) -> int:
    """Return how many members, both arms together, show a `lift` (share of the mean) with this chance (two-sided test at 5%).

    `7.85 CV^2 (1 - rho^2) (1 - s + s (1 + lift)^2) / (lift^2 s (1 - s))`, s = control share. Source: DEFINITIONS.md section 3; the variance
    of a difference of means adjusted for the past, as in Deng, Xu, Kohavi and Walker (CUPED), WSDM 2013; see `widened`.

    >>> members_needed(0.1, 1.0, 0.5)
    3470
    """
    _check(control_share, power)
    if not lift > 0:
        raise BadValue(f"lift is {lift:g}; a share above 0 was needed, such as 0.05 for 5%.")
    noise = unexplained * widened(lift, control_share)
    return math.ceil(noise_factor(power) * noise / (lift**2 * control_share * (1 - control_share)))


def smallest_lift(members: int, unexplained: float, control_share: float, *, power: float = 0.8) -> float | None:
    """Return the smallest lift that so many members show with this chance; None without members, or where no lift shows: a larger one
    brings as much more noise (`widened`).

    >>> round(smallest_lift(3470, 1.0, 0.5), 3)
    0.1
    """
    _check(control_share, power)
    if members <= 0:
        return None
    # lift^2 = known (1 + 2 s lift + s lift^2), the formula of members_needed solved for the lift
    known = noise_factor(power) * unexplained / (members * control_share * (1 - control_share))
    left = 1 - known * control_share
    if left <= 0:
        return None
    return (known * control_share + math.sqrt((known * control_share) ** 2 + known * left)) / left


def chance_to_see(lift: float, members: int, unexplained: float, control_share: float, *, false_alarms: float = 0.05) -> float:
    """Return the chance that a test of so many members finds a true `lift` (two-sided test): the power.

    >>> round(chance_to_see(0.1, 3470, 1.0, 0.5), 2)
    0.8
    """
    _check(control_share, 0.8)
    if members <= 0 or unexplained <= 0:
        return 0.0 if members <= 0 else 1.0
    noise = unexplained * widened(lift, control_share)
    shift = abs(lift) * math.sqrt(members * control_share * (1 - control_share) / noise)
    limit = _NORMAL.inv_cdf(1 - false_alarms / 2)
    return _NORMAL.cdf(shift - limit) + _NORMAL.cdf(-shift - limit)


def spread_of(outcome: np.ndarray, before: np.ndarray) -> Spread:
    """Return the spread of an outcome (one element a member) given what was known `before` (members x columns).

    Raises
    ------
    DataError
        Too few members for the columns, or an outcome whose mean is not above zero: then no lift can be spoken of.
    """
    values, table = np.asarray(outcome, dtype=np.float64), np.asarray(before, dtype=np.float64).reshape(len(outcome), -1)
    if values.size < table.shape[1] + 10:
        raise DataError(f"{values.size} members are too few to measure how their spend spreads; {table.shape[1] + 10} were needed.")
    mean, spread = float(values.mean()), float(values.std(ddof=1))
    if mean <= 0:
        raise DataError("These members bought for nothing in the window measured, so no lift of their spend can be planned.")
    if spread == 0:
        return Spread(mean, 0.0, 0.0, values.size)
    scale = table.std(axis=0)
    design = np.column_stack([np.ones(values.size), (table - table.mean(axis=0))[:, scale > 0] / scale[scale > 0]])
    fitted = design @ np.linalg.lstsq(design, values, rcond=None)[0]
    rank = int(np.linalg.matrix_rank(design))
    unexplained = float(((values - fitted) ** 2).sum()) / (values.size - rank) / spread**2
    return Spread(mean, spread / mean, math.sqrt(max(1 - unexplained, 0.0)), values.size)


def spread_on_arms(
    outcome: np.ndarray, before: np.ndarray, control_share: float, *, spread: Spread | None = None, rough: bool = False, seed: int = 0
) -> Spread:
    """Return the spread with `noise` as a review would meet it: arms are drawn where nothing was done, and the standard errors of Lin's
    regression are averaged.

    A small control group learns the past less well than all members together, and heavy tails make it surer of less: `CV^2 (1 - rho^2)` of
    the whole promises 80% power where about 72% come. Where an arm is too small for the regression, `noise` is None. `spread`: what
    `spread_of` says of the same members, where it is known already.

    Of a few members the heaviest buyers tip single draws, so these are drawn often: 50,000 members are drawn altogether, in 4 to 25 draws
    of at most 20,000 of them. That leaves the noise 1 to 4% off for thousands of members, 5 to 10% for three hundred (less than so few
    members leave open themselves), more where an arm has under fifty; the smallest lift by half of that. `rough`: an eighth of the draws.
    """
    draws = min(max(DRAWN // min(len(outcome), LARGE), 4), 25)
    draws = max(draws // 8 + 1, 2) if rough else draws
    spread, rng = spread or spread_of(outcome, before), np.random.default_rng(seed)
    if len(outcome) <= LARGE:
        parts = [(outcome, before, draws)]
    else:  # other members in each draw
        rows = (rng.choice(len(outcome), LARGE, replace=False) for _ in range(draws))
        parts = [(outcome[some], before[some], 1) for some in rows]
    found = []
    for values, past, times in parts:
        control = round(control_share * len(values))
        arms = np.array([rng.permutation(len(values)) >= control for _ in range(times)])
        found.append(standard_errors(values, arms, past) ** 2 * len(values))
    noise = float(np.concatenate(found).mean()) * control_share * (1 - control_share) / spread.mean**2
    return spread if np.isnan(noise) else replace(spread, noise=noise)


def _check(control_share: float, power: float) -> None:
    if not 0 < control_share < 1:
        raise BadValue(f"control_share is {control_share:g}; a share between 0 and 1 was needed, such as 0.2.")
    if not 0.5 <= power < 1:
        raise BadValue(f"power is {power:g}; a chance from 0.5 to below 1 was needed, such as 0.8.")
