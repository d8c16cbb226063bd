"""A clock that runs as fast as the shop is busy at that time of the year: after a high season a month away is less than a month."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl

from toolkit.models.moving_days import YEAR_DAYS

_SMOOTH_DAYS, _LEAST_PACE = 28, 0.1


@dataclass(frozen=True)
class SeasonClock:
    """Usual days that have passed by the end of each day from `first` on (`told`, ascending; the last is that of the last day)."""

    first: date
    told: tuple[float, ...]

    def usual(self, days: pl.DataFrame) -> pl.DataFrame:
        """Return the rows with `day` as the clock has it: two days apart by it are two usual days apart."""
        place = (pl.col("day") - pl.lit(self.first)).dt.total_days()
        passed = place.replace_strict(range(len(self.told)), [round(usual) for usual in self.told], return_dtype=pl.Int64)
        return days.with_columns((pl.lit(self.first) + pl.duration(days=passed)).cast(pl.Date).alias("day"))

    def calendar_days(self, usual_days: int, *, as_of: date) -> int:
        """Return the days before `as_of` in which so many usual ones passed; before the receipts a day is a usual one."""
        told = np.array(self.told[: (as_of - self.first).days + 1])
        passed = told[-1] - told[::-1]
        reached = int(np.searchsorted(passed, usual_days - 1e-9))
        return reached if reached < len(passed) else len(passed) - 1 + round(usual_days - passed[-1])


def season_clock(days: pl.DataFrame, *, as_of: date) -> SeasonClock:
    """Return the clock of the shopping days up to `as_of` (`member_code`, `day`).

    The pace of a day is that of the four weeks around it a year ago over the year around those, so that members who leave now do not slow
    the clock that they are judged by; in the first year, where nothing lies before, its own.

    >>> days = pl.DataFrame({"member_code": 1, "day": pl.date_range(date(2022, 1, 1), date(2023, 12, 31), eager=True)})
    >>> season_clock(days, as_of=date(2023, 12, 31)).calendar_days(30, as_of=date(2023, 12, 31))
    30
    """
    seen = days.filter(pl.col("day") <= as_of)
    first = seen["day"].min()
    if not isinstance(first, date):
        return SeasonClock(as_of, (0.0,))
    length = (as_of - first).days + 1
    by_day = np.bincount((seen["day"] - first).dt.total_days().to_numpy(), minlength=length)

    def mean(width: int) -> np.ndarray:
        until = np.concatenate([[0.0], np.cumsum(by_day)])
        start = np.maximum(0, np.arange(length) - width // 2)
        end = np.minimum(length, np.arange(length) + width - width // 2)
        return (until[end] - until[start]) / (end - start)

    pace = np.maximum(_LEAST_PACE, mean(_SMOOTH_DAYS) / np.maximum(mean(YEAR_DAYS), 1e-9))
    if length > YEAR_DAYS:
        pace[YEAR_DAYS:] = pace[: length - YEAR_DAYS].copy()
    return SeasonClock(first, tuple(np.cumsum(pace).tolist()))
