"""The window of days that sales figures are of: read from what a person writes, moved back, said in words."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta

import polars as pl

from toolkit.errors import BadValue, quoted, shorten
from toolkit.language import tr

FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(2199, 12, 31)
"""Days that are read: beyond them a window of the same length before or after leaves the calendar."""


@dataclass(frozen=True)
class Period:
    """A window of days, both ends included. `is_default`: nobody asked for it; questions about longer habits then take a longer one."""

    start: date
    end: date
    is_default: bool = False

    @property
    def days(self) -> int:
        """Length in days."""
        return (self.end - self.start).days + 1

    def before(self) -> Period:
        """Return the window of the same length that ends the day before this one starts."""
        return Period(self.start - timedelta(days=self.days), self.start - timedelta(days=1))

    def year_before(self) -> Period:
        """Return the window 364 days (52 whole weeks) earlier, so that weekdays fall on weekdays."""
        return Period(self.start - timedelta(days=364), self.end - timedelta(days=364))

    def __str__(self) -> str:
        return tr("{start} to {end}", start=self.start, end=self.end)

    def holds(self, column: str = "ordered_at") -> pl.Expr:
        """Return the expression that is true for times within the window."""
        return pl.col(column).dt.date().is_between(self.start, self.end)


def read_period(period: str | int | None, as_of: date, default_days: int) -> Period:
    """Return the window of sales figures: days up to as_of ('91d', 91), or 'first..last' (both included).

    >>> str(read_period("7d", date(2026, 1, 31), 91))
    '2026-01-25 to 2026-01-31'
    """
    if period in (None, ""):
        return replace(read_period(default_days, as_of, default_days), is_default=True)
    text = _written(period)
    if ".." in text:
        start, end = (read_date(part.strip(), "period") for part in text.split("..", 1))
        if start > end:
            raise BadValue(tr("period is '{text}', but its first day is after its last.", text=text))
        if end > as_of:
            raise BadValue(
                tr(
                    "period ends on {end}, after as_of {as_of}: nothing after as_of is seen. Choose a later as_of or an earlier end.",
                    end=end,
                    as_of=as_of,
                )
            )
        return Period(start, end)
    digits = text.removesuffix("d").strip()
    if not digits.isdecimal() or len(digits) > 9 or not 1 <= int(digits) <= 36500:
        raise BadValue(
            tr(
                "period is '{text}'; it takes a number of days such as '91d', or 'FIRST..LAST' such as '2026-01-01..2026-03-31'.",
                text=shorten(text),
            )
        )
    return Period(as_of - timedelta(days=int(digits) - 1), as_of)


def _written(value: object) -> str:
    try:
        return str(value).strip()
    except ValueError:  # a whole number of some thousand digits
        return quoted(value)


def read_date(value: date | str, name: str) -> date:
    """Return a date as a person writes it (YYYY-MM-DD).

    Raises
    ------
    BadValue
        It is no such date; `name` is what it was given as.
    """
    if isinstance(value, date):
        day = value if type(value) is date else value.date()  # type: ignore[attr-defined]
    else:
        try:
            day = date.fromisoformat(str(value).strip())
        except ValueError:
            came = shorten(value if isinstance(value, str) else quoted(value))
            raise BadValue(
                tr("{name} is '{value}', but a date as YYYY-MM-DD was needed, such as 2026-01-31.", name=name, value=came)
            ) from None
    if not FIRST_DAY <= day <= LAST_DAY:
        raise BadValue(tr("{name} is {day}; days from {first} to {last} are read.", name=name, day=day, first=FIRST_DAY, last=LAST_DAY))
    return day


def days_in(period: Period) -> str:
    """Return a window as it ends a sentence."""
    return tr("on {end}", end=period.end) if period.start == period.end else tr("from {period}", period=period)
