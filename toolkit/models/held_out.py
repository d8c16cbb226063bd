"""The effect of a treatment whose arms chance drew one by one: judged against what other draws of the same arms would have shown."""

from __future__ import annotations

import numpy as np

from toolkit.models.lin import Effect, not_measured
from toolkit.models.reasons import Reason, Why

_DRAWS = 999
_MANY = 2_000
"""With so many in the smaller arm the distribution over draws is the normal one."""


def held_out_effect(
    outcome: np.ndarray,
    treated: np.ndarray,
    covariates: np.ndarray | None = None,
    *,
    confidence: float = 0.95,
    least_arm: int = 30,
    seed: int = 0,
) -> Effect:
    """Return the effect per treated row, with an interval and a p-value from redrawing who was treated.

    One element a row: `outcome`, `treated` as drawn (each by the same chance), `covariates` known before. What the covariates tell is taken
    off the outcome by least squares; the difference of the arms' means over its standard error is then held against the same figure in 999
    redrawings of the arms. So a small held-out arm and a few very large purchases make the interval wider and lopsided, as they should: at
    54 held out of 480 and very unequal purchases the usual regression (`lin_effect`) claims an effect in 11 of 100 shops that have none.

    Source: Janssen, Annals of the Institute of Statistical Mathematics 49 (1997); Zhao and Ding, Journal of Econometrics 225 (2021).

    >>> spend, on_list = np.tile([9.0, 11.0, 11.0, 13.0], 20), np.tile([False, False, True, True], 20)
    >>> effect = held_out_effect(spend, on_list)
    >>> effect.estimate, effect.base, effect.p_value < 0.01
    (2.0, 10.0, True)
    """
    counts = int(treated.sum()), int((~treated).sum())
    for name, count in (("treated", counts[0]), ("control", counts[1])):
        if count < least_arm:
            return not_measured(Reason(Why.FEW_IN_ARM, members=count, name=name, least_arm=least_arm), *counts)
    if np.ptp(outcome) == 0:
        return not_measured(Reason(Why.ALL_THE_SAME), *counts)
    left = _unexplained(outcome, covariates)
    estimate, error = _difference(left[treated], left[~treated])
    if not error > 0:
        return not_measured(Reason(Why.NOTHING_LEFT), *counts)
    drawn = _redrawn(left, counts[1], seed)
    tail = (1 - confidence) / 2
    low, high = np.quantile(drawn, [tail, 1 - tail])
    beyond = float((np.abs(drawn) >= abs(estimate / error) - 1e-12).mean())
    p_value = (beyond * _DRAWS + 1) / (_DRAWS + 1)
    base = float(outcome[treated].mean() - estimate)
    base_error = float(np.std(left[~treated], ddof=1) / np.sqrt(counts[1]))
    return Effect(estimate, error, estimate - float(high) * error, estimate - float(low) * error, p_value, base, *counts, base_error)


def _unexplained(outcome: np.ndarray, covariates: np.ndarray | None) -> np.ndarray:
    if covariates is None or covariates.size == 0:
        return outcome - outcome.mean()
    spread = covariates.std(axis=0)
    known = (covariates - covariates.mean(axis=0))[:, spread > 0] / spread[spread > 0]
    table = np.column_stack([np.ones(len(outcome)), known])
    fitted = table @ np.linalg.lstsq(table, outcome, rcond=None)[0]
    return outcome - fitted


def _difference(treated: np.ndarray, control: np.ndarray) -> tuple[float, float]:
    error = np.sqrt(treated.var(ddof=1) / len(treated) + control.var(ddof=1) / len(control))
    return float(treated.mean() - control.mean()), float(error)


def _redrawn(values: np.ndarray, controls: int, seed: int) -> np.ndarray:
    """The studentised difference in many draws of the arms, sorted by nothing; normal where both arms are large."""
    rng, count = np.random.default_rng(seed), len(values)
    if min(controls, count - controls) >= _MANY:
        return rng.standard_normal(_DRAWS * 20)
    small = min(controls, count - controls)
    squares, total, whole = values**2, values.sum(), (values**2).sum()
    drawn = np.empty(_DRAWS)
    for number in range(_DRAWS):
        rows = rng.choice(count, small, replace=False, shuffle=False)
        inside, inside_squares, many = values[rows].sum(), squares[rows].sum(), count - small
        mean, other = inside / small, (total - inside) / many
        variance = (inside_squares - small * mean**2) / (small - 1) / small
        variance += (whole - inside_squares - many * other**2) / (many - 1) / many
        drawn[number] = (other - mean) / np.sqrt(max(variance, 1e-300))
    return drawn if small == controls else -drawn
