"""The shop's clock: how busy each day is, and time that runs faster on busy days.

Model. Day d has weight w(d) = season(week of the year) * weekday(d), 0 on the two closed days (25 December, 1 January), scaled to mean 1.
season = 1 + 0.10 cos(2 pi (week - 50) / 52) + 0.25 in the three weeks before Christmas - 0.10 in weeks 30 to 33.
Shop time at the start of day d is W(d) = w(0) + ... + w(d-1). Members come at their own steady rate in shop time, so seasons and weekdays
are the same for everybody and a member's true rate is one number: expected orders on day d = rate * w(d).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from toolkit.simulated.settings import ShopSettings

WEEKDAY_WEIGHTS = np.array([0.85, 0.82, 0.88, 0.95, 1.20, 1.45, 0.85])  # Monday first
DAY_SECONDS = 86400


@dataclass(frozen=True)
class Clock:
    """Days of the simulation, numbered from 0 at `start`."""

    start: date
    days: int
    weights: np.ndarray  # one per day, mean 1
    shop_time: np.ndarray  # days + 1 values: shop time at the start of each day

    def day_of(self, shop_time: np.ndarray) -> np.ndarray:
        """Return the day number at a shop time."""
        return np.searchsorted(self.shop_time, shop_time, side="right") - 1

    def date_of(self, day: int) -> date:
        """Return the date of a day number."""
        return self.start + timedelta(days=int(day))

    def dates(self, days: np.ndarray) -> np.ndarray:
        """Return dates (datetime64[D]) of day numbers."""
        return np.datetime64(self.start, "D") + days.astype("timedelta64[D]")

    def moments(self, days: np.ndarray, seconds: np.ndarray) -> np.ndarray:
        """Return datetimes (datetime64[us]) of day numbers and seconds of the day."""
        return self.dates(days).astype("datetime64[us]") + (seconds.astype(np.int64) * 1_000_000).astype("timedelta64[us]")


def shop_clock(settings: ShopSettings) -> Clock:
    """Return the clock of a shop."""
    dates = [settings.start + timedelta(days=day) for day in range(settings.days)]
    week = np.array([(day.timetuple().tm_yday - 1) / 7 for day in dates])
    season = 1 + 0.10 * np.cos(2 * np.pi * (week - 50) / 52)
    season += 0.25 * ((week >= 48) & (week < 51.2)) - 0.10 * ((week >= 30) & (week < 34))
    weekday = WEEKDAY_WEIGHTS[[day.weekday() for day in dates]]
    is_open = np.array([(day.month, day.day) not in {(12, 25), (1, 1)} for day in dates])
    weights = season * weekday * is_open
    weights = weights / weights.mean()
    return Clock(settings.start, settings.days, weights, np.concatenate([[0.0], np.cumsum(weights)]))
