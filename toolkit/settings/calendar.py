"""Holidays that move: which there are, when they fall, and for how long shops feel them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import Literal

from pydantic import Field, field_validator

from toolkit.errors import nearest
from toolkit.language import tr, value
from toolkit.settings.family import Family
from toolkit.settings.moving_dates import YEARS, dates_of


@dataclass(frozen=True)
class MovingHoliday:
    """The days on which a holiday falls in a year (none where the library does not know), and how long before and after shops feel it."""

    falls_on: Callable[[int], tuple[date, ...]]
    before_days: int
    after_days: int


def _public(country: str, name: str) -> Callable[[int], tuple[date, ...]]:
    """The first days of a country's public holiday by that English name: lunar calendars are the `holidays` library's."""

    @cache
    def falls_on(year: int) -> tuple[date, ...]:
        return dates_of(name, year) if year in YEARS else of_library(country, name, year)

    return falls_on


def of_library(country: str, name: str, year: int) -> tuple[date, ...]:
    """Return the first days of a country's public holiday in a year, by the `holidays` library."""
    import holidays

    # The year before too: of a feast that lies over the end of a year, the second day is no first one.
    called = holidays.country_holidays(country, years=(year - 1, year), language="en_US", observed=False)
    days = {day for day, words in called.items() if name in words}
    return tuple(sorted(day for day in days if day.year == year and day - timedelta(days=1) not in days))


def _easter(year: int) -> tuple[date]:
    from dateutil.easter import easter

    return (easter(year),)


def _thanksgiving(year: int) -> tuple[date]:
    first = date(year, 11, 1)
    return (first + timedelta(days=(3 - first.weekday()) % 7 + 21),)


HOLIDAYS = {
    value("Chinese New Year"): MovingHoliday(_public("SG", "Chinese New Year"), 28, 14),
    value("Mid-Autumn"): MovingHoliday(_public("CN", "Mid-Autumn"), 21, 3),
    value("Double Eleven"): MovingHoliday(lambda year: (date(year, 11, 11),), 21, 7),
    value("Easter"): MovingHoliday(_easter, 14, 7),
    value("Eid al-Fitr"): MovingHoliday(_public("TR", "Eid al-Fitr"), 30, 7),
    value("Eid al-Adha"): MovingHoliday(_public("TR", "Eid al-Adha"), 14, 5),
    value("Thanksgiving"): MovingHoliday(_thanksgiving, 7, 7),
}
"""Ramadan is the month before Eid al-Fitr; Thanksgiving holds Black Friday and the Monday after it. Double Eleven has
its date, but lies a day or two from it 52 weeks before."""
_ALSO = {"ramadan": "Eid al-Fitr", "eid": "Eid al-Fitr", "black friday": "Thanksgiving", "lunar new year": "Chinese New Year"}
_NOT_PUBLIC = {"Double Eleven": ("CN", "HK", "TW"), "Mid-Autumn": ("HK", "VN", "SG"), "Easter": ("US",)}
"""Where shops feel a holiday on which nobody is off work."""
_ASKED_YEARS = (2021, 2022, 2023)


def known_holiday(name: str) -> tuple[str, ...]:
    """Return the moving holidays that a name stands for: itself, or those that are public holidays of a country; empty = unknown.

    >>> known_holiday("ramadan"), known_holiday("CN")
    (('Eid al-Fitr',), ('Chinese New Year', 'Mid-Autumn', 'Double Eleven'))
    """
    word = " ".join(name.replace("_", " ").split()).casefold()
    folded = {own.casefold(): own for own in HOLIDAYS} | _ALSO
    return (folded[word],) if word in folded else _of_country(word.upper())


@cache
def _of_country(code: str) -> tuple[str, ...]:
    import holidays

    if code not in _countries():
        return ()
    public = holidays.country_holidays(code, years=_ASKED_YEARS, observed=False)

    def is_kept(name: str) -> bool:
        days = [day for year in _ASKED_YEARS for day in HOLIDAYS[name].falls_on(year)]
        # Where the moon is looked for, a feast may come a day later than in the next country; of Easter the Friday or Monday is public.
        around = (0,) if name == "Thanksgiving" else (-2, -1, 0, 1)
        return all(any(day + timedelta(days=near) in public for near in around) for day in days)

    return tuple(name for name in HOLIDAYS if code in _NOT_PUBLIC.get(name, ()) or (name != "Double Eleven" and is_kept(name)))


@cache
def _countries() -> frozenset[str]:
    import holidays

    return frozenset(holidays.list_supported_countries())


class CalendarSettings(Family):
    """Holidays that move from year to year, so that the weeks around them are compared with each other."""

    holidays: tuple[str, ...] = Field(
        (),
        description="Countries (CN, TR, US, ...) whose holidays move, or holidays by name (Chinese New Year, ramadan, ...). Empty: figures "
        "never rest on a guess where a shop sells; where the receipts rose before such a holiday, the answer says which to name.",
    )

    week_starts: Literal["monday", "sunday", "saturday"] = Field(
        "monday", description="The first day of a week, where figures are told by week."
    )
    fiscal: Literal["", "4-4-5", "4-5-4", "5-4-4"] = Field(
        "",
        description="Weeks of the three periods of a fiscal quarter; then month, quarter and year of a figure are fiscal. Empty: as the "
        "calendar has them.",
    )
    fiscal_month: int = Field(
        2, ge=1, le=12, description="The month with whose beginning a fiscal year begins: February, as the NRF has it."
    )
    fiscal_begins: Literal["nearest", "within"] = Field(
        "nearest",
        description="A fiscal year begins with the week that begins nearest to the first of that month, or with the week that holds it. "
        "What is left over once in five or six years is a 53rd week, which its last period takes.",
    )

    @field_validator("holidays")
    @classmethod
    def _known(cls, given: Iterable[str]) -> tuple[str, ...]:
        for name in given:
            if not known_holiday(name):
                near = nearest(name, (*HOLIDAYS, *_ALSO), most=3)
                listed = tr(", ").join(near or HOLIDAYS)
                guess = tr(" (near it: {names})", names=listed) if near else tr(" (known: {names})", names=listed)
                if name.strip().upper() in _countries():
                    raise ValueError(tr("no holiday known here moves in '{country}'", country=name) + guess)
                raise ValueError(tr("'{name}' is no country's code and no holiday that moves", name=name) + guess)
        return tuple(given)

    @property
    def names(self) -> tuple[str, ...]:
        """The moving holidays that were named, each once."""
        return tuple(dict.fromkeys(one for name in self.holidays for one in known_holiday(name)))
