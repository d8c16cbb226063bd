"""Whether the coming weeks are like the last ones: what the same weeks of a year ago say, where they exist."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Literal

import numpy as np
import polars as pl

from toolkit.models.moving_days import YEAR_DAYS, Feast, YearBefore, felt, touched, year_before

STAND_OFFSETS = (7, 0, -7)
"""Days around a year ago on which members are looked at to learn from: the weeks that followed are the coming ones."""
_BASE_DAYS, _WINDOW_DAYS, _LEAST_PAIRS, _LATEST_STANDS, _NEAR_DAYS = 91, 28, 5, 4, 45
LEAST_TURN, LEAST_REPEAT, LEAST_SWING = 0.15, 0.6, 0.05
"""Log of a turn that is no chance; correlation of the windows of two years, and the spread they then need."""


@dataclass(frozen=True)
class Season:
    """What is known of the season ahead.

    `status`: `one season` (the receipts do not hold the same weeks of a year ago with a quarter before them: it cannot be told), `none`
    (they do, and show no season), `seasonal`, `moved` (a holiday before which the receipts rose lies otherwise in the weeks ahead than in
    those of a year ago, and the shop does not say that it keeps it). `year_ago` is the day those weeks follow, and the holiday that chose
    it, or that moved. `turn` is the log of what those weeks brought over the quarter before them, per day;
    `repeats` the correlation of such turns between this year and the last (null with too few); `level` what they brought over their year's
    average; `stands` the days to learn from, latest first.
    """

    status: Literal["one season", "none", "seasonal", "moved"]
    turn: float | None = None
    repeats: float | None = None
    level: float = 1.0
    stands: tuple[date, ...] = ()
    year_ago: YearBefore | None = None


def season_ahead(days: pl.DataFrame, *, as_of: date, horizon_days: int, feasts: Sequence[Feast] = ()) -> Season:
    """Return what is known of the season of the `horizon_days` after `as_of`; nothing after `as_of` is read.

    In: the frame of `snapshots.shopping_days`. Shopping days are counted, not money: one large order is no season. The weeks ahead are
    seasonal where those of a year ago turned away from the quarter before them otherwise than the latest windows did, which a model would
    be learned from (by more than chance and `LEAST_TURN`), or where the turns of this year are those of the last (`LEAST_REPEAT`). Those
    of a year ago lie 52 weeks back, unless a holiday that moves and is set says otherwise (`moving_days.year_before`).

    >>> season_ahead(pl.DataFrame({"member_code": [1], "day": [date(2024, 1, 1)]}), as_of=date(2024, 6, 1), horizon_days=28).status
    'one season'
    """
    first = days["day"].min()
    length = (as_of - first).days + 1 if isinstance(first, date) else 0
    opening = as_of - timedelta(days=length - 1)
    then = year_before(as_of, feasts, horizon_days=horizon_days)
    a_year_ago = length - (as_of - then.on).days
    if a_year_ago < max(STAND_OFFSETS) + _BASE_DAYS:
        return Season("one season")
    counted = days.filter(pl.col("day") <= as_of).group_by((pl.col("day") - pl.lit(first)).dt.total_days().alias("place")).len()
    by_day = np.zeros(length)
    by_day[counted["place"].to_numpy()] = counted["len"].to_numpy()
    until = np.concatenate([[0.0], np.cumsum(by_day)])
    turn, error = _turn(until, a_year_ago, horizon_days)
    starts = range(length - _WINDOW_DAYS, YEAR_DAYS + _BASE_DAYS - 1, -_WINDOW_DAYS)
    pairs = [tuple(_turn(until, place, _WINDOW_DAYS)[0] for place in (start, _a_year_before(start, opening, feasts))) for start in starts][
        :13
    ]
    now, before = np.array([pair for pair in pairs if None not in pair], dtype=float).reshape(-1, 2).T
    swings = len(now) >= _LEAST_PAIRS and min(now.std(), before.std()) >= LEAST_SWING
    repeats = float(np.corrcoef(now, before)[0, 1]) if swings else None
    latest = [_turn(until, length - horizon_days - back * _WINDOW_DAYS, horizon_days)[0] for back in range(_LATEST_STANDS)]
    usual = np.mean([one for one in latest if one is not None] or [0.0])
    # A holiday that the shop says it keeps needs less to be believed.
    least = LEAST_SWING if touched(as_of, feasts, horizon_days=horizon_days) else LEAST_TURN
    turned = turn is not None and abs(turn - usual) >= max(least, 3 * error)
    moved = _moved(by_day, opening, as_of, horizon_days, feasts)
    if not turned and (repeats or 0) < LEAST_REPEAT:
        return Season("moved" if moved else "none", turn, repeats, year_ago=moved or then)
    around = until[a_year_ago + horizon_days] - until[max(0, a_year_ago + horizon_days - YEAR_DAYS)]
    average = around / min(YEAR_DAYS, a_year_ago + horizon_days)
    level = float((until[a_year_ago + horizon_days] - until[a_year_ago]) / horizon_days / average) if average > 0 else 1.0
    stands = tuple(then.on + timedelta(days=offset) for offset in STAND_OFFSETS)
    return Season("moved" if moved else "seasonal", turn, repeats, level, stands, moved or then)


def _a_year_before(place: int, first: date, feasts: Sequence[Feast]) -> int:
    """Return the place in the receipts of a year ago of the weeks that start at a place."""
    on = first + timedelta(days=place - 1)
    then = year_before(on, feasts, horizon_days=_WINDOW_DAYS)
    return place - (on - then.on).days


def _moved(by_day: np.ndarray, first: date, as_of: date, horizon_days: int, feasts: Sequence[Feast]) -> YearBefore | None:
    """Return the holiday that the shop does not say it keeps, around which its highest weeks lay, and which lies otherwise in those ahead.

    Of several the one on whose eve those weeks ended; what lies near one that is set is that one's.
    """
    kept = [day for feast in feasts if feast.is_set for day in feast.days]
    found: list[tuple[float, YearBefore]] = []
    for feast in feasts:
        then = year_before(as_of, [replace(feast, is_set=True)], horizon_days=horizon_days)
        if feast.is_set or then.feast_then is None or any(abs((day - then.feast_then).days) <= _NEAR_DAYS for day in kept):
            continue
        if (ended := felt(by_day, first, feast, least_rise=LEAST_TURN)) is not None:
            found.append((ended, then))
    return min(found, key=lambda one: one[0])[1] if found else None


def _turn(until: np.ndarray, place: int, window_days: int) -> tuple[float | None, float]:
    """Return the log of what `window_days` from a place brought over the quarter before it, per day, and its standard error by chance."""
    if place < _BASE_DAYS or place + window_days >= len(until):
        return None, 0.0
    window, base = until[place + window_days] - until[place], until[place] - until[place - _BASE_DAYS]
    if window <= 0 or base <= 0:
        return None, 0.0
    return float(np.log(window / window_days / (base / _BASE_DAYS))), float(np.sqrt(1 / window + 1 / base))
