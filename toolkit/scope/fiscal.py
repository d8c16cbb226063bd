"""Weeks and fiscal years as a shop counts them: from which day a week runs, and years of whole weeks cut into periods of four and five.

A fiscal year has 52 weeks, now and then 53 (the last period takes the 53rd), as the National Retail Federation's calendar has it: 4-5-4
from the Sunday nearest the first of February. It is called by the calendar year in which it begins.
"""

from __future__ import annotations

from datetime import date, timedelta

from toolkit.scope.period import Period
from toolkit.settings import CalendarSettings

_WEEKDAYS = {"monday": 0, "saturday": 5, "sunday": 6}
_WEEK = timedelta(days=7)


def week_of(day: date, calendar: CalendarSettings) -> Period:
    """Return the week that a day lies in.

    >>> str(week_of(date(2026, 11, 25), CalendarSettings(week_starts="sunday")))
    '2026-11-22 to 2026-11-28'
    """
    start = day - timedelta(days=(day.weekday() - _WEEKDAYS[calendar.week_starts]) % 7)
    return Period(start, start + timedelta(days=6))


def last_week_end(day: date, calendar: CalendarSettings) -> date:
    """Return the last day of the last whole week up to a day: the day itself where the shop counts weeks in no way of its own.

    >>> last_week_end(date(2026, 11, 25), CalendarSettings(week_starts="sunday")), last_week_end(date(2026, 11, 25), CalendarSettings())
    (datetime.date(2026, 11, 21), datetime.date(2026, 11, 25))
    """
    if not calendar.fiscal and calendar.week_starts == "monday":
        return day
    week = week_of(day, calendar)
    return week.end if week.end == day else week.start - timedelta(days=1)


def year_start(year: int, calendar: CalendarSettings) -> date:
    """Return the first day of a fiscal year: of the week that begins nearest to the first of its month, or of the week that holds it.

    >>> year_start(2023, CalendarSettings(fiscal="4-5-4", week_starts="sunday"))
    datetime.date(2023, 1, 29)
    """
    first = date(year, calendar.fiscal_month, 1)
    start = week_of(first, calendar).start
    is_later = calendar.fiscal_begins == "nearest" and (first - start).days > 3
    return start + _WEEK if is_later else start


def fiscal_year_of(day: date, calendar: CalendarSettings) -> int:
    """Return the fiscal year that a day lies in."""
    year = day.year + 1  # a year whose first week begins before January is later than the day's own
    while year_start(year, calendar) > day:
        year -= 1
    return year


def fiscal_week_of(day: date, calendar: CalendarSettings) -> tuple[int, int]:
    """Return fiscal year and week (1 to 53) of a day.

    >>> fiscal_week_of(date(2024, 2, 3), CalendarSettings(fiscal="4-5-4", week_starts="sunday"))
    (2023, 53)
    """
    year = fiscal_year_of(day, calendar)
    return year, (day - year_start(year, calendar)).days // 7 + 1


def fiscal_unit(day: date, unit: str, calendar: CalendarSettings) -> tuple[str, Period]:
    """Return the fiscal month (period), quarter or year that a day lies in: its name and its days.

    >>> name, days = fiscal_unit(date(2024, 1, 31), "month", CalendarSettings(fiscal="4-5-4", week_starts="sunday"))
    >>> name, str(days)
    ('FY2023-P12', '2023-12-31 to 2024-02-03')
    """
    year, week = fiscal_week_of(day, calendar)
    start, after = year_start(year, calendar), year_start(year + 1, calendar)
    if unit == "year":
        return f"FY{year}", Period(start, after - timedelta(days=1))
    quarter = min((week - 1) // 13, 3)
    if unit == "quarter":
        end = after if quarter == 3 else start + (quarter + 1) * 13 * _WEEK
        return f"FY{year}-Q{quarter + 1}", Period(start + quarter * 13 * _WEEK, end - timedelta(days=1))
    lengths = [int(weeks) for weeks in calendar.fiscal.split("-")]
    begins = [0, lengths[0], lengths[0] + lengths[1]]
    within = max(place for place, at in enumerate(begins) if week - 1 - quarter * 13 >= at)
    number = quarter * 3 + within
    first = start + (quarter * 13 + begins[within]) * _WEEK
    end = after if number == 11 else first + lengths[within] * _WEEK
    return f"FY{year}-P{number + 1:02d}", Period(first, end - timedelta(days=1))
