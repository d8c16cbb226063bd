"""Calendar windows: the days, weeks, months, quarters and years of a period, and what a period is compared with.

Like is compared with like: whole months with the whole months before (or with the same months a year earlier), an unfinished month with
the same first days of the month before, and any other window with as many days just before, or 52 weeks earlier.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from toolkit.errors import BadValue
from toolkit.language import tr
from toolkit.scope.fiscal import fiscal_unit, week_of
from toolkit.scope.period import Period, read_period
from toolkit.settings import CalendarSettings

Unit = Literal["day", "week", "month", "quarter", "year"]
UNITS: tuple[Unit, ...] = ("day", "week", "month", "quarter", "year")
_MONTHS: dict[Unit, int] = {"month": 1, "quarter": 3, "year": 12}
_SHOWN: dict[Unit, int] = {"week": 26, "month": 13, "quarter": 9, "year": 6}
"""How many units a question shows that nobody gave a period: a year and one more, so that each has its like a year earlier."""
_USUAL = CalendarSettings()  # type: ignore[call-arg]


@dataclass(frozen=True)
class Span:
    """A unit of the calendar as far as it is seen: `2017-12`, its days that lie in the period, and whether these are all of it."""

    name: str
    seen: Period
    is_whole: bool
    calendar: CalendarSettings = _USUAL

    def before(self, unit: Unit, *, year: bool = False) -> Period | None:
        """Return the like of the days that are seen in the unit before, or a year earlier; None where the unit's beginning is not seen."""
        if self.seen.start != unit_of(self.seen.start, unit, self.calendar).start:
            return None
        if self.calendar.fiscal and unit in _MONTHS:
            return self._fiscal_before(unit, year=year)
        if unit in _MONTHS:
            return _moved(self.seen, -12 if year else -_MONTHS[unit])
        days = timedelta(days=364 if year else unit_of(self.seen.start, unit).days)
        return Period(self.seen.start - days, self.seen.end - days)

    def _fiscal_before(self, unit: Unit, *, year: bool) -> Period:
        """The same days 52 weeks earlier; or the unit before, of which an unfinished one takes the same first days.

        Periods have four weeks or five: one is compared with as many days just before it where the one before is longer or shorter.
        """
        days = timedelta(days=364)
        if year:
            return Period(self.seen.start - days, self.seen.end - days)
        past = unit_of(self.seen.start - timedelta(days=1), unit, self.calendar)
        if self.is_whole:
            return past if past.days == self.seen.days else self.seen.before()
        return Period(past.start, min(past.end, past.start + (self.seen.end - self.seen.start)))


def unit_of(day: date, unit: Unit, calendar: CalendarSettings = _USUAL) -> Period:
    """Return the day, week, month, quarter or year that a day lies in, as the shop counts them (from Monday, by the calendar).

    >>> str(unit_of(date(2026, 11, 22), "quarter"))
    '2026-10-01 to 2026-12-31'
    """
    if unit == "day":
        return Period(day, day)
    if unit == "week":
        return week_of(day, calendar)
    if calendar.fiscal:
        return fiscal_unit(day, unit, calendar)[1]
    months = _MONTHS[unit]
    start = date(day.year, (day.month - 1) // months * months + 1, 1)
    return Period(start, months_later(start, months) - timedelta(days=1))


def months_later(day: date, months: int) -> date:
    """Return the same day of the month so many months later (earlier: below 0), the last one where that month is shorter.

    >>> months_later(date(2026, 3, 31), -1)
    datetime.date(2026, 2, 28)
    """
    place = day.year * 12 + day.month - 1 + months
    year, month = divmod(place, 12)
    after = date(year + (month == 11), (month + 1) % 12 + 1, 1)
    return date(year, month + 1, min(day.day, (after - timedelta(days=1)).day))


def spans(period: Period, unit: Unit, first_day: date, calendar: CalendarSettings = _USUAL) -> list[Span]:
    """Return the units of a period, oldest first; of one that nobody gave, the last ones since the receipts start."""
    start = period.start
    if period.is_default and unit in _SHOWN:
        start = unit_of(period.end, unit, calendar).start
        for _ in range(_SHOWN[unit] - 1):
            start = unit_of(start - timedelta(days=1), unit, calendar).start
        start = max(start, first_day)
    found, day = list[Span](), start
    while day <= period.end:
        whole = unit_of(day, unit, calendar)
        seen = Period(max(whole.start, start), min(whole.end, period.end))
        found.append(Span(_name(whole, unit, calendar), seen, seen == whole and whole.start >= first_day, calendar))
        day = whole.end + timedelta(days=1)
    return found


def _name(whole: Period, unit: Unit, calendar: CalendarSettings) -> str:
    day = whole.start
    if calendar.fiscal and unit in _MONTHS:
        return fiscal_unit(day, unit, calendar)[0]
    return {"month": f"{day:%Y-%m}", "quarter": f"{day.year}-Q{(day.month + 2) // 3}", "year": f"{day.year}"}.get(unit, day.isoformat())


def unfinished(period: Period) -> Period | None:
    """Return the month that a period is the first days of, or None: it is whole, begins within a month or reaches into another one."""
    month = unit_of(period.start, "month")
    return month if period.start == month.start and period.end < month.end else None


def _whole_months(period: Period) -> int:
    """How many calendar months a period is, 0 where it is not made of whole ones."""
    after = period.end + timedelta(days=1)
    is_whole = period.start.day == 1 and after.day == 1
    return (after.year - period.start.year) * 12 + after.month - period.start.month if is_whole else 0


def period_before(period: Period) -> Period:
    """Return what a period is compared with: see the module.

    >>> str(period_before(Period(date(2026, 3, 1), date(2026, 3, 31)))), str(period_before(Period(date(2026, 3, 1), date(2026, 3, 10))))
    ('2026-02-01 to 2026-02-28', '2026-02-01 to 2026-02-10')
    """
    months = _whole_months(period) or int(unfinished(period) is not None)
    return _moved(period, -months) if months else period.before()


def year_before(period: Period) -> Period:
    """Return the like of a period a year earlier: the same months, the same first days of a month, or the days 52 weeks before."""
    return _moved(period, -12) if _whole_months(period) or unfinished(period) else period.year_before()


def _moved(period: Period, months: int) -> Period:
    """A period from the first of a month so many months later; the last day of a month stays one."""
    end = months_later(period.end, months)
    ends_month = (period.end + timedelta(days=1)).day == 1
    return Period(months_later(period.start, months), unit_of(end, "month").end if ends_month else end)


def read_against(against: str | None, period: Period, as_of: date, *, name: str) -> Period:
    """Return the period to compare with: empty = the one before, 'year' = a year earlier, or 'FIRST..LAST' before this one.

    Raises
    ------
    BadValue
        It is no period, or does not end before this one starts.
    """
    if against in (None, ""):
        return period_before(period)
    if against == "year":
        return year_before(period)
    return stated_before(str(against), period, as_of, name=name)


def stated_before(against: str, period: Period, as_of: date, *, name: str) -> Period:
    """Return the period that was stated to compare with, 'FIRST..LAST'; `name` is the question that was asked.

    Raises
    ------
    BadValue
        It is no period, or does not end before this one starts.
    """
    if ".." not in against:
        raise BadValue(
            tr(
                "{name}: against is '{against}'; 'year', or a period such as '2026-01-01..2026-03-31', was needed.",
                name=name,
                against=against,
            )
        )
    other = read_period(against, as_of, 1)
    if other.end >= period.start:
        raise BadValue(
            tr(
                "{name}: against is {against}, but it must end before this period, {period}, starts.",
                name=name,
                against=other,
                period=period,
            )
        )
    return other
