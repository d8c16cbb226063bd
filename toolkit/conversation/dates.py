"""Times as people say them, as windows of days: always counted from `as_of`, never from the clock."""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import date, timedelta

from toolkit.conversation.numbers import number_of
from toolkit.scope.calendar import Unit, months_later, unit_of
from toolkit.settings.calendar import HOLIDAYS

_MONTHS: tuple[str, ...] = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_UNITS: dict[str, Unit] = {"days": "day", "weeks": "week", "months": "month", "quarters": "quarter", "years": "year"}
_MONTHS_IN = {"months": 1, "quarters": 3, "years": 12}
_ORDINALS = {"first": 1, "second": 2, "third": 3, "fourth": 4, "1st": 1, "2nd": 2, "3rd": 3, "4th": 4, "上": 1, "下": 2}
_SEASONS = {"spring": 3, "summer": 6, "autumn": 9, "winter": 12, "春": 3, "夏": 6, "秋": 9, "冬": 12}
_FEASTS: dict[str, tuple[int, int, int]] = {  # name -> month, day, length; the movable ones are in `_movable`
    "christmas": (12, 18, 9), "xmas": (12, 18, 9), "圣诞": (12, 18, 9), "double eleven": (11, 11, 1), "double 11": (11, 11, 1),
    "singles": (11, 11, 1), "11.11": (11, 11, 1), "双十一": (11, 11, 1), "双11": (11, 11, 1), "双十二": (12, 12, 1), "双12": (12, 12, 1),
    "double twelve": (12, 12, 1), "618": (6, 18, 1), "六一八": (6, 18, 1), "valentine": (2, 14, 1), "情人节": (2, 14, 1),
    "halloween": (10, 31, 1), "new year": (1, 1, 1), "元旦": (1, 1, 1), "国庆": (10, 1, 7), "national day": (10, 1, 7),
    "golden week": (10, 1, 7), "五一": (5, 1, 5), "十一": (10, 1, 7), "christmas eve": (12, 24, 1), "christmas day": (12, 25, 1),
    "boxing day": (12, 26, 1), "平安夜": (12, 24, 1), "new year's eve": (12, 31, 1),
}  # fmt: skip


@dataclass(frozen=True)
class Span:
    """A window of days, both ends inside. `trailing`: so many days up to as_of; `future`: it lies after as_of and is not known."""

    start: date
    end: date
    trailing: bool = False
    future: bool = False

    def text(self, as_of: date) -> str:
        """Return it as a question's `period` takes it."""
        return f"{(self.end - self.start).days + 1}d" if self.trailing and self.end == as_of else f"{self.start}..{self.end}"

    @property
    def month(self) -> str:
        """The calendar month that it is, as YYYY-MM; '' where it is none."""
        whole = self.start.day == 1 and (self.start.year, self.start.month) == (self.end.year, self.end.month)
        return f"{self.start:%Y-%m}" if whole else ""

    def year_before(self) -> Span:
        """Return the same days of the calendar a year earlier."""
        return Span(months_later(self.start, -12), months_later(self.end, -12))


def month_span(year: int, month: int) -> Span:
    """Return a calendar month."""
    within = unit_of(date(year, month, 1), "month")
    return Span(within.start, within.end)


def whole(unit: str, day: date, back: int = 0) -> Span:
    """Return the calendar unit that holds `day`, or the one `back` units before it; weeks begin on Monday.

    >>> whole("quarters", date(2026, 2, 3), 1).text(date(2026, 2, 3))
    '2025-10-01..2025-12-31'
    """
    if unit in ("days", "weeks"):
        within = unit_of(day - timedelta(days=back * (7 if unit == "weeks" else 1)), _UNITS[unit])
    else:
        within = unit_of(months_later(day.replace(day=1), -back * _MONTHS_IN[unit]), _UNITS[unit])
    return Span(within.start, within.end)


def trailing(unit: str, count: float, as_of: date) -> Span:
    """Return so many units up to as_of: days and weeks by days, months and years by the calendar's length of them."""
    if unit in ("days", "weeks"):
        days = int(count * (7 if unit == "weeks" else 1))
        return Span(as_of - timedelta(days=max(days, 1) - 1), as_of, trailing=True)
    months = int(count * _MONTHS_IN[unit]) or 6  # 半年
    return Span(months_later(as_of + timedelta(days=1), -months), as_of)


def resolved(rule: str, words: list[str], as_of: date) -> Span | None:
    """Return the days that a named time means, seen from as_of; None where it is no time of the calendar.

    Without a year the latest one is meant that has begun by as_of. `rule` is the name of the grammar's rule, `words` what it read.
    """
    unit = words[-1] if words and words[-1] in ("days", "weeks", "months", "quarters", "years") else ""
    year = next((int(found.group()) for word in words if (found := re.search(r"(?<!\d)(19|20)\d\d(?!\d)", word))), None)
    rest = [word for word in words if word and word != unit and not re.fullmatch(r",?\s*(19|20)\d\d(年?的?)?", word)]
    name = rest[0].casefold() if rest else ""
    if rule in ("month_last_year", "quarter_last_year", "half_last_year", "festival_last_year"):
        year, rule = as_of.year - 1, rule.removesuffix("_last_year")
    if rule == "previous":
        return whole(unit, as_of, 1)
    if rule == "ago":
        return whole(_unit_in(words[0]), as_of, 2 if re.search("before last|上上", words[0]) else int(number_of(words[0])))
    if rule == "half_year":
        return trailing("months", 6, as_of)
    if rule == "to_date":
        return _until(whole(_unit_in(words[0]), as_of), as_of)
    if rule == "current":
        return _until(whole(unit, as_of), as_of)
    if rule == "last_one":
        return trailing(unit, 1, as_of)
    if rule == "last":
        return trailing(unit, number_of(rest[0]), as_of)
    if rule == "future":
        return Span(as_of + timedelta(days=1), as_of + timedelta(days=1), future=True)
    if rule in ("year_to_date", "this_year"):
        return Span(date(as_of.year, 1, 1), as_of)
    if rule == "last_year":
        return whole("years", as_of, 1)
    if rule == "year" and year:
        return _seen(Span(date(year, 1, 1), date(year, 12, 31)), as_of)
    if rule == "last_weekend":
        week = whole("weeks", as_of, 1)
        return Span(week.end - timedelta(days=1), week.end)
    if rule == "yesterday":
        return Span(as_of - timedelta(days=1), as_of - timedelta(days=1))
    if rule == "day":
        return _day(words[0], as_of)
    if rule == "iso_month":
        found = re.split(r"\D", words[0])
        return _seen(month_span(int(found[0]), int(found[1])), as_of)
    if rule == "month":
        return _latest([month_span(y, _month(name)) for y in _years(year, as_of)], as_of)
    if rule in ("day_of_month", "day_of_month_zh"):
        return _day_of_month(rest, year, as_of)
    if rule == "quarter":
        quarter = _ordinal(name)
        return _latest([whole("quarters", date(y, 3 * quarter, 1)) for y in _years(year, as_of)], as_of)
    if rule == "half":
        half = _ordinal(name)
        return _latest([Span(date(y, 6 * half - 5, 1), month_span(y, 6 * half).end) for y in _years(year, as_of)], as_of)
    if rule == "season":
        first = next(month for season, month in _SEASONS.items() if name.startswith(season))
        return _latest([Span(begun := date(y, first, 1), months_later(begun, 3) - timedelta(days=1)) for y in _years(year, as_of)], as_of)
    if rule in ("festival", "festival_last"):
        feasts = [feast for y in _years(year, as_of) if (feast := _feast(name, y))]
        return _latest(feasts, as_of) if feasts else None
    return None


def _unit_in(text: str) -> str:
    """The unit of time that some words name."""
    names = {"weeks": "week|周|星期|wtd", "months": "month|月|mtd", "quarters": "quarter|季|qtd", "years": "year|年|ytd"}
    return next(unit for unit, words in names.items() if re.search(words, text.casefold()))


def _years(year: int | None, as_of: date) -> list[int]:
    return [year] if year else [as_of.year, as_of.year - 1]


def _latest(spans: list[Span], as_of: date) -> Span:
    """The first of these that has begun by as_of, cut off there."""
    return next((_until(span, as_of) for span in spans if span.start <= as_of), Span(spans[0].start, spans[0].end, future=True))


def _seen(span: Span, as_of: date) -> Span:
    return _latest([span], as_of)


def _until(span: Span, as_of: date) -> Span:
    return Span(span.start, min(span.end, as_of))


def _day(text: str, as_of: date) -> Span | None:
    try:
        day = date(*(int(part) for part in re.split(r"\D", text)))
    except ValueError:
        return None
    return _seen(Span(day, day), as_of)


def _day_of_month(words: list[str], year: int | None, as_of: date) -> Span | None:
    day = next(
        (found.group() for word in words if (found := re.match(r"(\d{1,2}|[一二三四五六七八九十]+)(?=st|nd|rd|th|日|号|$)", word.strip()))),
        "",
    )
    number = int(number_of(day)) if day else 0
    month = next((_month(word.casefold()) for word in words if word[:3].casefold() in _MONTHS or "月" in word), 0)
    days = [date(y, month, number) for y in _years(year, as_of) if month and 1 <= number <= calendar.monthrange(y, month)[1]]
    return _latest([Span(day, day) for day in days], as_of) if days else None


def _month(name: str) -> int:
    return _MONTHS.index(name[:3]) + 1 if name[:3] in _MONTHS else int(number_of(name.rstrip("份").rstrip("月")))


def _ordinal(name: str) -> int:
    return next((number for word, number in _ORDINALS.items() if word in name), 0) or int(number_of(name.lstrip("qh第")))


def _feast(name: str, year: int) -> Span | None:
    named = max((known for known in _FEASTS if name.startswith(known) and "chinese" not in name), key=len, default="")
    if fixed := _FEASTS.get(named):
        first = date(year, *fixed[:2])
        return Span(first, first + timedelta(days=fixed[2] - 1))
    return _movable(name, year)


def _movable(name: str, year: int) -> Span | None:
    """The feasts whose day moves from year to year: of those of the moon the days off in China, which is what people mean by them."""
    if name.startswith(("thanksgiving", "black friday", "黑")):
        (thanksgiving,) = HOLIDAYS["Thanksgiving"].falls_on(year)
        day = thanksgiving + timedelta(days=not name.startswith("thanksgiving"))
        return Span(day, day)
    if name.startswith("easter"):
        (sunday,) = HOLIDAYS["Easter"].falls_on(year)
        return Span(sunday - timedelta(days=2), sunday + timedelta(days=1))
    import holidays  # its tables of movable days

    country = "CN" if name[0] > "z" or name.startswith(("chinese", "spring")) else "DE"
    known = holidays.country_holidays(country, years=year, language="en_US")
    wanted = "Mid-Autumn" if name.startswith("中秋") else "Chinese New Year"
    days = sorted(day for day, called in known.items() if wanted in called)
    return Span(days[0], days[-1]) if days else None
