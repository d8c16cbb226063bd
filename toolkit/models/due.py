"""When goods are bought again: a curve from closed and open gaps, its window, and a member's own place on it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

LEAST_RETURNED = 0.3
"""Share that must have come back within the days watched: with less, the curve has only shown its quick buyers."""
POOL_UNIT = 100
"""Gaps of goods with a stated life are pooled in hundredths of that life."""


@dataclass(frozen=True)
class GapCurve:
    """How a gap between two purchases of a good ends. `survival[d]` = share not bought again by day d (0 = the day of purchase), up to the
    last day at which enough gaps were still watched; beyond it nothing is known. `closed_median` is the naive median of closed gaps."""

    survival: np.ndarray
    closed_count: int
    closed_median: float | None

    @property
    def horizon(self) -> int:
        """Last day that is known."""
        return self.survival.size - 1

    @property
    def returned_share(self) -> float:
        """Share that buys again here within the horizon; the others have replaced it elsewhere, or no more."""
        return float(1 - self.survival[-1])

    @property
    def median(self) -> int | None:
        """Day by which half of all gaps have closed, open ones included; None where fewer than half do."""
        reached = np.flatnonzero(self.survival <= 0.5)
        return int(reached[0]) if reached.size else None

    @property
    def middle(self) -> int:
        """Day by which half of those who buy again have done so."""
        return int(np.flatnonzero(1 - self.survival >= self.returned_share / 2)[0])

    def extended(self, days: int) -> GapCurve:
        """Return the curve up to a day beyond the last one watched, as it fell over the second half of the days watched.

        On the log-log scale: those who have not come back yet are ever more the slow ones, so that the rate falls as 1 / time. Without it
        a window would be that of the quick buyers alone.
        """
        half = self.horizon // 2
        if days <= self.horizon or half < 1 or self.survival[-1] <= 0:
            return self
        slope = np.log(self.survival[half] / self.survival[-1]) / np.log(self.horizon / half)
        beyond = self.survival[-1] * (np.arange(self.horizon + 1, days + 1) / self.horizon) ** -slope
        return GapCurve(np.concatenate([self.survival, beyond]), self.closed_count, self.closed_median)

    def at(self, days: np.ndarray) -> np.ndarray:
        """Return the survival at times that need not be whole days; flat beyond the horizon."""
        return np.interp(days, np.arange(self.survival.size), self.survival)


def gap_curve(closed: pl.DataFrame, still_open: pl.DataFrame, *, minimum_at_risk: int = 30) -> GapCurve:
    """Return the Kaplan-Meier curve of gaps counted by their length (columns `gap_days`, `gap_count`).

    An open gap has not ended yet: it counts as watched for its length, then leaves. A median of the closed gaps alone is too short, since
    long gaps are the ones still open. Source: Kaplan and Meier, JASA 53 (1958), 457-481.
    """
    longest = max(0, *(int(str(frame["gap_days"].max() or 0)) for frame in (closed, still_open)))
    ended = np.bincount(closed["gap_days"].to_numpy(), closed["gap_count"].to_numpy(), minlength=longest + 1)
    left = np.bincount(still_open["gap_days"].to_numpy(), still_open["gap_count"].to_numpy(), minlength=longest + 1)
    ended[0] = left[0] = 0
    at_risk = np.cumsum((ended + left)[::-1])[::-1]
    watched = np.flatnonzero(at_risk >= minimum_at_risk)
    horizon = int(watched[-1]) if watched.size else 0
    hazard = ended[: horizon + 1] / np.maximum(at_risk[: horizon + 1], 1)
    count = int(ended.sum())
    median = float(np.searchsorted(np.cumsum(ended), count / 2)) if count else None
    return GapCurve(np.cumprod(1 - hazard), count, median)


def in_life(curve: GapCurve, life_days: float) -> GapCurve:
    """Return a curve in hundredths of a service life as one in days."""
    days = np.arange(int(curve.horizon * life_days / POOL_UNIT) + 1)
    median = None if curve.closed_median is None else curve.closed_median * life_days / POOL_UNIT
    return GapCurve(curve.at(days * POOL_UNIT / life_days), curve.closed_count, median)


def shortest_window(curve: GapCurve, share: float) -> tuple[int, int]:
    """Return the shortest stretch of days that holds `share` of the purchases of those who buy again within the horizon.

    The shortest, not the middle: who replaced it elsewhere comes back a whole life later, and that second hump must not widen the window.
    """
    bought = 1 - curve.survival
    need = bought[:-1] + share * bought[-1]  # to be reached from the day after each day
    end = np.searchsorted(bought, need - 1e-12)
    width = np.where(end < bought.size, end - np.arange(end.size), bought.size)
    start = int(np.argmin(width))
    return start + 1, int(min(end[start], bought.size - 1))


@dataclass(frozen=True)
class Regularity:
    """Of a good: mean of the log gaps, their variance between members and within a member; arrays stand for a good a row."""

    mean: float | np.ndarray
    between: float | np.ndarray
    within: float | np.ndarray


def regularity(members: int, gaps: int, total: float, squares: float, member_squares: float, count_squares: float) -> Regularity:
    """Return how alike the gaps of one member are, and how unlike those of different members, for one good.

    From sums over the members with a closed gap: their number, the number of their gaps, the sums of log gaps and of their squares, of each
    member's (sum of log gaps)^2 / number of gaps, and of each member's number of gaps squared. Between and within by the method of moments
    of a one-way random model; with fewer than 10 members or 10 further gaps everybody is taken to be as the shop.
    """
    if not gaps:
        return Regularity(0.0, 0.0, 1.0)
    mean = total / gaps
    spare = gaps - members
    if members < 10 or spare < 10:
        return Regularity(mean, 0.0, max(squares / gaps - mean**2, 1e-4))
    within = max((squares - member_squares) / spare, 1e-4)
    spread = member_squares - gaps * mean**2
    return Regularity(mean, max(0.0, (spread - (members - 1) * within) / (gaps - count_squares / gaps)), within)


def own_place(count: np.ndarray, total: np.ndarray, good: Regularity) -> tuple[np.ndarray, np.ndarray]:
    """Return, per member, by how much their log gaps are longer than the shop's, and how wide they spread against the shop's (1 = as
    wide).

    `count` gaps whose logs add up to `total`. Shrunk: the own mean weighs n between / (n between + within), so that two
    gaps move little and ten move much.
    """
    weight = count * good.between / np.maximum(count * good.between + good.within, 1e-12)
    own = total / np.maximum(count, 1)
    left = good.within + good.between * (1 - weight)
    return weight * np.where(count > 0, own - good.mean, 0.0), np.sqrt(left / np.maximum(good.within + good.between, 1e-12))


def to_shop_time(days: np.ndarray, mean: float | np.ndarray, shift: np.ndarray, spread: np.ndarray) -> np.ndarray:
    """Return a member's days as days on the shop's curve: their own rhythm is the shop's, moved and narrowed on the log scale."""
    return np.exp(mean + (np.log(np.maximum(days, 0.5)) - mean - shift) / spread)


def to_own_time(days: np.ndarray | float, mean: float | np.ndarray, shift: np.ndarray, spread: np.ndarray) -> np.ndarray:
    """Return days on the shop's curve as a member's days: the inverse of `to_shop_time`."""
    return np.exp(mean + shift + spread * (np.log(np.maximum(days, 0.5)) - mean))
