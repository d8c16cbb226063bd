"""What a sum of days will come to by the end of a month, how sure that is, and the chance that a target is reached."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from toolkit.models.student import t_at, t_below

YEAR_DAYS = 364
"""52 weeks: weekdays fall on weekdays."""
BASES = (28, 84)
WEIGHTS = (0.0, 0.5, 1.0)
SHIFT_DAYS = 3
LEAST_ORIGINS, MOST_ORIGINS, STEP_DAYS = 8, 60, 7
_LEAST_SUM = 1e-9


@dataclass(frozen=True)
class Ahead:
    """A sum, or a figure, that is not whole yet.

    `status`: `told`; `seen` (nothing is ahead: it is what it is), `short` (fewer than `LEAST_ORIGINS` earlier times to learn the error
    from) or `silent` (nothing was sold lately). `value` is the forecast, `error` the relative error of what is ahead (standard deviation),
    `seen` what is there already, `freedom` the degrees of freedom of the error, `origins` how many earlier times it was learned from,
    `knows_year` whether the same days of a year ago have a part in it.
    """

    status: Literal["told", "seen", "short", "silent"]
    value: float | None = None
    error: float = 0.0
    seen: float = 0.0
    freedom: float = 0.0
    origins: int = 0
    knows_year: bool = False

    def interval(self, level: float = 0.8) -> tuple[float, float] | None:
        """Return the ends between which the whole falls with this chance; None where it is not told."""
        if self.value is None or self.status not in ("told", "seen"):
            return None
        if self.status == "seen":
            return self.value, self.value
        far = t_at(0.5 + level / 2, self.freedom) * self.error * abs(self.value - self.seen)
        low = self.value - far
        return (max(low, self.seen) if self.seen >= 0 else low), self.value + far

    def chance(self, target: float, *, at_most: bool = False) -> float | None:
        """Return the chance that the whole reaches a target (`at_most`: stays at or below it); None where it is not told."""
        if self.value is None or self.status not in ("told", "seen"):
            return None
        spread = self.error * abs(self.value - self.seen)
        if spread <= 0:
            return float(self.value <= target if at_most else self.value >= target)
        below = t_below((target - self.value) / spread, self.freedom)
        return below if at_most else 1 - below


def sum_ahead(days: np.ndarray, horizon: int, *, seen: float = 0.0) -> Ahead:
    """Return what the `horizon` days after the last one bring, on top of what is `seen` already.

    In: what each day brought, oldest first, without a gap (0 = nothing). A forecast is what the last weeks (`BASES`) brought, by the shares
    of the weekdays, times how the same days of a year ago stood to the weeks before them (to the power of 0, a half or 1). Which of these
    is taken, and how far it errs, is what would have come true at earlier times, a week apart, of which each sees only what lay before it;
    those of the same weeks a year ago count as three, since a season errs by its own measure;
    and a season that came `SHIFT_DAYS` earlier or later would move it.

    Source: forecasts judged at rolling origins (Tashman, International Journal of Forecasting 16 (2000), 437-450); errors of overlapping
    windows count as many degrees of freedom as there are windows side by side.

    Example
    -------
    >>> week = np.array([5, 5, 5, 5, 8, 12, 0.0])
    >>> ahead = sum_ahead(np.tile(week, 30), 10, seen=100.0)
    >>> ahead.status, round(ahead.value), ahead.interval()
    ('told', 155, (155.0, 155.0))
    """
    if horizon <= 0:
        return Ahead("seen", seen, seen=seen)
    until = np.concatenate([[0.0], np.cumsum(np.asarray(days, dtype=float))])
    length = len(days)
    now = _candidates(until, length, horizon)
    if not any(one is not None for one in now):
        return Ahead("silent" if length >= BASES[0] else "short", seen=seen)
    places, errors = _errors(until, length, horizon)
    known = [(choice, errors[choice][~np.isnan(errors[choice])]) for choice in range(len(now)) if now[choice] is not None]
    scored = [(_root_mean(errors[choice], places, length), choice) for choice, some in known if len(some) >= LEAST_ORIGINS]
    if not scored:
        first = next(choice for choice, one in enumerate(now) if one is not None)
        return Ahead("short", seen + float(now[first] or 0), seen=seen, origins=max((len(some) for _, some in known), default=0))
    # Candidates are many and earlier times few: the plainest that errs by no more than 5% above the best.
    best = min(scored)[0]
    error, choice = next(one for one in sorted(scored, key=lambda one: one[1]) if one[0] <= 1.05 * best)
    count = int((~np.isnan(errors[choice])).sum())
    if WEIGHTS[choice % len(WEIGHTS)]:
        error = float(np.hypot(error, _by_shift(until, length, horizon, choice)))
    side_by_side = max(count * STEP_DAYS / max(horizon, STEP_DAYS), 3.0)
    value = seen + float(now[choice] or 0)
    return Ahead("told", value, error, seen, side_by_side, count, WEIGHTS[choice % len(WEIGHTS)] > 0)


def _by_shift(until: np.ndarray, place: int, horizon: int, choice: int) -> float:
    """How far a forecast moves, relatively, if the season comes some days earlier or later than a year ago."""
    moved = [_candidates(until, place, horizon, shift=shift)[choice] for shift in (-SHIFT_DAYS, 0, SHIFT_DAYS)]
    known = [one for one in moved if one]
    return float(np.std(known) / np.mean(known)) if len(known) > 1 else 0.0


def _candidates(until: np.ndarray, place: int, horizon: int, *, shift: int = 0) -> list[float | None]:
    """The forecasts of the `horizon` days from a place on: bases x weights of a year ago; None where one cannot be made."""
    forecasts: list[float | None] = []
    for base in BASES:
        if place < base:
            forecasts += [None] * len(WEIGHTS)
            continue
        lately = until[place] - until[place - base]
        shares = np.diff(until[place - base : place + 1]).reshape(-1, 7).sum(axis=0)
        weeks, rest = divmod(horizon, 7)
        plain = (weeks * lately + shares[:rest].sum()) / (base / 7)
        then = place - YEAR_DAYS + shift
        turn = None
        if then >= base and (before := until[then] - until[then - base]) > _LEAST_SUM:
            usual = np.diff(until[then - base : then + 1]).reshape(-1, 7).sum(axis=0)
            was = (weeks * before + usual[:rest].sum()) / (base / 7)
            ahead = until[then + horizon] - until[then]
            turn = ahead / was if was > _LEAST_SUM and ahead > 0 else None
        for weight in WEIGHTS:
            usable = lately > _LEAST_SUM and (not weight or turn is not None)
            forecasts.append(plain * (turn**weight if weight and turn else 1.0) if usable else None)
    return forecasts


def _errors(until: np.ndarray, length: int, horizon: int) -> tuple[np.ndarray, list[np.ndarray]]:
    """Relative errors of each candidate at earlier times, latest first; nan where it could not be made."""
    places = np.arange(length - horizon, BASES[0] - 1, -STEP_DAYS)[:MOST_ORIGINS]
    rows = []
    for place in places:
        came = until[place + horizon] - until[place]
        rows.append([np.nan if not one else came / one - 1 for one in _candidates(until, int(place), horizon)])
    table = np.array(rows, dtype=float).reshape(len(places), len(BASES) * len(WEIGHTS))
    return places, list(table.T)


def _root_mean(errors: np.ndarray, places: np.ndarray, length: int) -> float:
    known = ~np.isnan(errors)
    of_season = np.abs(length - places[known] - YEAR_DAYS) <= 3 * STEP_DAYS
    weights = np.where(of_season, 3.0, 1.0)
    return float(np.sqrt((weights * errors[known] ** 2).sum() / weights.sum()))


def end_of_month(so_far: Sequence[float | None], whole: Sequence[float | None], now: float | None) -> Ahead:
    """Return what a figure that is no sum (a rate, a count of members) comes to, from how it went on in earlier months.

    In: the figure after as many days of each earlier month, latest first, and of the whole month; and now. The forecast is the figure now
    times the mean of whole / so far, its error their spread; with the same month a year ago (the twelfth) counted twice.

    Example
    -------
    >>> end_of_month([0.10, 0.12, 0.11, 0.10] * 3, [0.20, 0.24, 0.22, 0.20] * 3, 0.11).value
    0.22
    """
    pairs = [
        (end / start, 2.0 if place == 11 else 1.0) for place, (start, end) in enumerate(zip(so_far, whole, strict=True)) if start and end
    ]
    if now is None or len(pairs) < LEAST_ORIGINS:
        return Ahead("short", origins=len(pairs))
    ratios, weights = (np.array(column) for column in zip(*pairs, strict=True))
    mean = float((weights * ratios).sum() / weights.sum())
    spread = float(np.sqrt((weights * (ratios - mean) ** 2).sum() / weights.sum() * len(pairs) / (len(pairs) - 1)))
    error = spread * float(np.sqrt(1 + 1 / len(pairs))) / mean
    return Ahead("told", round(now * mean, 12), error, 0.0, len(pairs) - 1.0, len(pairs), len(pairs) >= 12)
