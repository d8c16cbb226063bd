"""Whether a sum of days has left the band that a shop's own past and season give it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from toolkit.models.month_end import YEAR_DAYS

WINDOW, BASE, LEAST_PAST, LATEST = 14, 84, 180, 7
"""Days that are judged, days before them that say what is usual, days of receipts that are needed, days after which an alert is old."""
LIMIT = 3.2
"""Robust standard deviations beyond which a window has left its band; see `benchmarks/truth_guides.py` for what it costs."""
SHIFT = 7
STEEP = 0.25
"""Weeks of which a shift of the season by a week moves what is usual by more than this share are not judged."""
_SPLIT, _OF_PLAIN = 1.4826, (0.8, 0.7)


@dataclass(frozen=True)
class Band:
    """The last window of each day: what came, what was usual, how far that lies apart in its own deviations (null: not told), since "
    "when."""

    came: float
    usual: float
    low: float
    high: float
    score: float
    since: int
    """Days for which it has been out of its band, on the same side; 0 = it is inside."""

    @property
    def is_out(self) -> bool:
        """Whether the last window lies outside."""
        return self.since > 0


def own_band(days: np.ndarray, *, limit: float = LIMIT) -> Band | None:
    """Return where the last `WINDOW` days stand in the band of a shop's own past; None where the past is too short or too thin to say.

    In: what each day brought, oldest first, without a gap. What is usual of a window is what the `BASE` days before it brought, per day,
    times how the same window of a year ago stood to its own days before (where the receipts hold it, and where that foretold the past
    windows better than not). How far windows lie from it is taken from all windows that lie a window or more back, robustly (median
    absolute deviation), so that what is judged has no part in its own band. A score beyond `limit` is out.

    Source: control charts of residuals (Alwan and Roberts 1988, Journal of Business and Economic Statistics 6); limits by count of false
    alarms on shops where nothing happened.

    Example
    -------
    >>> level = np.tile([5, 5, 5, 5, 8, 12, 2.0], 60) * np.random.default_rng(1).normal(1, 0.1, 420)
    >>> own_band(level).is_out, own_band(np.concatenate([level[:-14], level[-14:] * 0.7])).is_out
    (False, True)
    """
    scores = band_scores(days)
    if scores is None or np.isnan(scores.score[-1]):
        return None
    side = np.sign(scores.score[-1])
    out = (np.abs(scores.score) > limit) & (np.sign(scores.score) == side)
    since = int(np.argmin(out[::-1])) if not out.all() else len(out)
    far = limit * scores.spread[-1] * scores.usual[-1]
    centre = scores.usual[-1] * (1 + scores.middle[-1])
    return Band(float(scores.came[-1]), float(centre), float(max(centre - far, 0)), float(centre + far), float(scores.score[-1]), since)


@dataclass(frozen=True)
class Scores:
    """For each day what the window that ends on it brought, what was usual, and its score (nan = not told)."""

    came: np.ndarray
    usual: np.ndarray
    middle: np.ndarray
    spread: np.ndarray
    score: np.ndarray


def band_scores(days: np.ndarray, *, last: int = 60) -> Scores | None:
    """Return the scores of the windows that end on each of the `last` days; None where the receipts are too short."""
    length = len(days)
    if length < LEAST_PAST + WINDOW:
        return None
    until = np.concatenate([[0.0], np.cumsum(np.asarray(days, dtype=float))])
    ends = np.arange(BASE + WINDOW, length + 1)
    came = until[ends] - until[ends - WINDOW]
    plain = (until[ends - WINDOW] - until[ends - WINDOW - BASE]) * (WINDOW / BASE)
    turn, moves = np.full(len(ends), np.nan), np.zeros(len(ends))
    then = ends - YEAR_DAYS
    known = then >= BASE + WINDOW
    with np.errstate(divide="ignore", invalid="ignore"):
        turns = np.stack([_turn(until, then[known] + shift) for shift in (-SHIFT, 0, SHIFT)])
        turn[known], moves[known] = turns.mean(axis=0), turns.std(axis=0) / turns.mean(axis=0)
        residuals = [came / plain - 1, came / (plain * turn) - 1, came / (plain * np.sqrt(turn)) - 1]
    residuals = [np.where(np.isfinite(one), one, np.nan) for one in residuals]
    usuals = [plain, plain * turn, plain * np.sqrt(turn)]
    scored = [np.full(len(ends), np.nan) for _ in range(5)]
    for place in range(max(len(ends) - last, 0), len(ends)):
        chosen = _chosen(residuals, place)
        if chosen is None:
            continue
        which, middle, spread = chosen
        if moves[place] > STEEP:
            continue
        row = came[place], usuals[which][place], middle, spread, (residuals[which][place] - middle) / spread
        for column, one in zip(scored, row, strict=True):
            column[place] = one
    came_, usual, middle, spread, score = (one[-last:] for one in scored)
    return Scores(came_, usual, middle, spread, score)


def _turn(until: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """How windows stood to the days before them, per day; windows beyond the receipts' ends are nan."""
    ends = np.clip(ends, BASE + WINDOW, len(until) - 1)
    return (until[ends] - until[ends - WINDOW]) / ((until[ends - WINDOW] - until[ends - WINDOW - BASE]) * (WINDOW / BASE))


def _chosen(residuals: list[np.ndarray], place: int) -> tuple[int, float, float] | None:
    """The way of telling what is usual that erred least on windows before, with the middle and spread of its residuals."""
    found = []
    now = [not np.isnan(one[place]) for one in residuals]
    for which, one in enumerate(residuals):
        past = one[: max(place - WINDOW + 1, 0)][-YEAR_DAYS:]
        past = past[~np.isnan(past)]
        if not now[which] or len(past) < LEAST_PAST - BASE:
            continue
        middle = float(np.median(past))
        robust, plain = _SPLIT * float(np.median(np.abs(past - middle))), float(np.std(past))
        spread = max(robust, plain * _OF_PLAIN[which > 0], 1e-6)
        found.append((plain if which == 0 else plain * 1.05, which, middle, spread))
    if not found:
        return None
    _, which, middle, spread = min(found)
    return which, middle, spread
