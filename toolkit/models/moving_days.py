"""Which days of a year ago a coming window is to be compared with, where a holiday moves from one year to the next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

YEAR_DAYS = 364
"""52 whole weeks: weekdays fall on weekdays."""
LEAST_SAVED = 4
"""Days that must lie alike around the holiday and not by the calendar, before a window is moved: fewer are a long weekend."""
_RECENT = ((1, None), (-27, 0), (-90, -28))
"""What a forecast rests on, in days from the day it is made on: its horizon, the last four weeks, the rest of the quarter."""


@dataclass(frozen=True)
class Feast:
    """A holiday that moves: the days it fell or falls on, and how many days before and after it shops feel it.

    `is_set`: the shop says that it keeps it; others are only looked for.
    """

    name: str
    before_days: int
    after_days: int
    days: tuple[date, ...]
    is_set: bool = True


@dataclass(frozen=True)
class YearBefore:
    """The day of a year ago that a day is compared with, and the holiday that chose it (null: 52 weeks before)."""

    on: date
    feast: str | None = None
    feast_on: date | None = None
    feast_then: date | None = None


def year_before(on: date, feasts: Sequence[Feast], *, horizon_days: int) -> YearBefore:
    """Return the day of a year ago from which the weeks before and after it are like those before and after `on`.

    52 weeks before, unless the days around a holiday then lie at least `LEAST_SAVED` days more alike when its two dates are laid on each
    other. Alike: as many days before the holiday, and as many after it, lie in the horizon, in the last four weeks, and in the quarter.
    Holidays that are not set change nothing.

    >>> spring = Feast("Chinese New Year", 28, 14, (date(2023, 1, 22), date(2024, 2, 10)))
    >>> year_before(date(2024, 1, 31), [spring], horizon_days=28).on, year_before(date(2024, 7, 31), [spring], horizon_days=28).on
    (datetime.date(2023, 1, 12), datetime.date(2023, 8, 2))
    """
    feasts = [feast for feast in feasts if feast.is_set]
    calendar = on - timedelta(days=YEAR_DAYS)
    here = {feast.name: _parts(on, feast, horizon_days) for feast in feasts}

    def unlike(then: date) -> int:
        return sum(int(np.abs(here[feast.name] - _parts(then, feast, horizon_days)).sum()) for feast in feasts)

    best, least = YearBefore(calendar), unlike(calendar) - LEAST_SAVED
    for feast in feasts:
        for day, then in zip(feast.days[1:], feast.days, strict=False):
            near = on - timedelta(days=90 + feast.after_days) <= day <= on + timedelta(days=horizon_days + feast.before_days)
            if near and (moved := unlike(on - (day - then))) <= least:
                best, least = YearBefore(on - (day - then), feast.name, day, then), moved - 1
    return best


def touched(on: date, feasts: Sequence[Feast], *, horizon_days: int) -> bool:
    """Say whether a holiday that is set is felt within the horizon after a day, or in the quarter before it."""
    return any(feast.is_set and _parts(on, feast, horizon_days).any() for feast in feasts)


def _parts(on: date, feast: Feast, horizon_days: int) -> np.ndarray:
    """Return how many days before the holiday, and from it on, lie in each part of what a forecast made on a day rests on."""
    counts = np.zeros((len(_RECENT), 2))
    for day in feast.days:
        place = (day - on).days
        for row, (first, last) in enumerate(_RECENT):
            end = horizon_days if last is None else last
            for column, (start, stop) in enumerate(((place - feast.before_days, place - 1), (place, place + feast.after_days))):
                counts[row, column] += max(0, min(end, stop) - max(first, start) + 1)
    return counts


def days_felt(feast: Feast, first: date, last: date) -> int:
    """Return how many days from `first` to `last` lie so near a holiday that shops feel it.

    >>> days_felt(Feast("Chinese New Year", 28, 14, (date(2024, 2, 10),)), date(2024, 2, 1), date(2024, 2, 29))
    24
    """
    spans = [(day - timedelta(days=feast.before_days), day + timedelta(days=feast.after_days)) for day in feast.days]
    return sum(max(0, (min(last, end) - max(first, start)).days + 1) for start, end in spans)


def felt(by_day: np.ndarray, first: date, feast: Feast, *, least_rise: float) -> float | None:
    """Return how many days the receipts' highest weeks ended from a holiday (mean of its days); null where they did not lie around it.

    In: shopping days by day from `first` on. They did where, of each of its days that the receipts hold, the highest two weeks of the two
    months on either side lie within the days on which it is felt, and above the median of those months by `least_rise` (log) and three
    standard errors of a count.
    """
    two_weeks = np.convolve(by_day, np.ones(14), "valid")
    ends = []
    for day in feast.days:
        place = (day - first).days
        if place < feast.before_days + 28 or place + feast.after_days >= len(by_day):
            continue
        start = max(0, place - 61)
        around = two_weeks[start : place + 61 - 13]
        end, usual = start + int(np.argmax(around)) + 13, float(np.median(around))
        rise = np.log(around.max() / usual) if usual > 0 else 0.0
        is_within = place - feast.before_days - 7 <= end - 13 and end <= place + feast.after_days + 7
        if not is_within or rise < max(least_rise, 3 / max(1.0, usual) ** 0.5):
            return None
        ends.append(abs(end - place))
    return float(np.mean(ends)) if ends else None
