"""Dates and times as exports write them -> the shop's own wall clock.

Rules. A time without a zone is the shop's local time and is kept as written, unless `source_time_zone` says which zone it is in. A time
with a zone, and a count of seconds since 1970, needs `time_zone`, the shop's zone. Where clocks go back, the earlier of the two instants is
meant; a time that clocks skip does not exist and is set aside. Years outside 1900 to 2100 are impossible.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl

FIRST_YEAR, LAST_YEAR = 1900, 2100
CLOCKS = ("", " %H:%M:%S%.f", " %H:%M", " %I:%M:%S %p", " %I:%M %p")
DATES = (
    "%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y", "%d-%b-%Y", "%d %b %Y", "%d %B %Y",
    "%b %d, %Y", "%B %d, %Y", "%d%b%Y", "%Y年%m月%d日",
)  # fmt: skip
ISO = ("%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d %H:%M", "%Y-%m-%d", "%Y-%m-%d %H:%M:%S%.f%#z", "%Y-%m-%d %H:%M%#z")
COMPACT = {8: "%Y%m%d", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}
MAJORITY = 0.5
"""A format must read at least this share of the sample; the cells it does not read are set aside and counted."""
SHORT_YEAR = re.compile(r"^\d{1,2}[./-]\d{1,2}[./-]\d{2}(\D|$)")
EXCEL_DAY_ZERO = -25569
"""Day 0 of Excel's calendar, 30 December 1899, counted in days from 1970."""
MICROSECONDS = {"epoch_s": 1_000_000, "epoch_ms": 1_000, "epoch_us": 1}
DAY_US = 86_400_000_000


@dataclass(frozen=True)
class TimeStyle:
    """How the times of a column are written: `formats` (the first is the usual one), or why it cannot be told."""

    formats: tuple[str, ...] = ()
    doubt: str = ""
    twins: tuple[str, str] | None = None  # day-month and month-day both fit the sample


def needs_zone(formats: Sequence[str]) -> bool:
    """Return whether times in this format are instants, which only the shop's zone turns into its wall clock."""
    return any("%z" in form or "%#z" in form or form.startswith("epoch") for form in formats)


def spelled(form: str) -> tuple[str, ...]:
    """Return the patterns that a format word stands for."""
    return ISO if form == "iso" else (form,)


def read_times(texts: pl.Series, formats: Sequence[str], zone: str | None) -> pl.Series:
    """Return a text series as wall-clock Datetime("us"); null where no format fits."""
    starts = texts.ne_missing(texts.shift(1)).scatter([0] if texts.len() else [], True)
    if 2 * starts.sum() < texts.len():  # the lines of an order are neighbours and hold the same time
        return read_times(texts.filter(starts), formats, zone).gather(starts.cast(pl.UInt32).cum_sum() - 1)
    if formats[0] in MICROSECONDS or formats[0] == "excel" or formats[0].startswith("days since"):
        return _counted(texts.str.strip_chars().str.replace(",", ".", literal=True).cast(pl.Float64, strict=False), formats[0], zone)
    cleaned = texts.str.strip_chars()
    if needs_zone(formats):
        cleaned = cleaned.str.replace(r" ?UTC$", "Z").str.replace(r"[zZ]$", "+00:00").str.replace(r"(\d) ([+-]\d\d:?\d\d)$", "${1}${2}")
    if any(form.startswith("%Y-%m-%d %H") for form in formats):
        cleaned = cleaned.str.replace("T", " ", literal=True)
    result = pl.Series(texts.name, [None], dtype=pl.Datetime("us")).new_from_index(0, len(texts))
    for form in formats:
        if result.null_count() == texts.null_count():
            break
        result = result.zip_with(result.is_not_null(), _parsed(cleaned, form, zone))
    return result


def _parsed(texts: pl.Series, form: str, zone: str | None) -> pl.Series:
    if form in COMPACT.values():
        length = next(length for length, pattern in COMPACT.items() if pattern == form)
        texts = texts.set(texts.str.len_bytes() != length, None)
    if "%H" in form and "%M" not in form:
        texts, form = texts + ":00", form + ":%M"
    instant = "%z" in form or "%#z" in form
    form = form.replace(" %#z", "%#z").replace(" %z", "%#z").replace("%z", "%#z") if instant else form
    parsed = texts.str.to_datetime(form, time_unit="us", strict=False, exact=True, time_zone="UTC" if instant else None)
    return wall_clock(parsed.dt.replace_time_zone(None), zone or "UTC") if instant else parsed


def _counted(numbers: pl.Series, form: str, zone: str | None) -> pl.Series:
    """Return Excel days, days since a day, or seconds (ms, us) since 1970, as wall-clock Datetime("us")."""
    if form == "excel":
        bounded = numbers.set(~numbers.is_between(1, 80_000), None)
        days = bounded.floor()
        # A spreadsheet keeps time as a fraction of a day: good to the millisecond, no further.
        milliseconds = ((bounded - days) * 86_400_000).round(0)
        micro = ((days.cast(pl.Int64) + EXCEL_DAY_ZERO) * DAY_US) + milliseconds.cast(pl.Int64) * 1000
        return micro.cast(pl.Datetime("us"))
    if form.startswith("days since"):
        first = date.fromisoformat(form.removeprefix("days since "))
        days = numbers.set(numbers.abs() > 100_000, None) + (first - date(1970, 1, 1)).days
        return (days * DAY_US).round(0).cast(pl.Int64).cast(pl.Datetime("us"))
    factor = MICROSECONDS[form]
    bounded = numbers.set(numbers.abs() > 5e15 / factor, None)
    instants = ((bounded * factor).round(0).cast(pl.Int64) // factor * factor).cast(pl.Datetime("us"))
    return wall_clock(instants, zone or "UTC")


def wall_clock(instants: pl.Series, zone: str) -> pl.Series:
    """Return times in UTC (Datetime("us") without a zone) as the wall clock of a zone shows them.

    >>> wall_clock(pl.Series(["2017-03-12 06:59:59", "2017-03-12 07:00:00"]).str.to_datetime(time_unit="us"), "America/New_York").to_list()
    [datetime.datetime(2017, 3, 12, 1, 59, 59), datetime.datetime(2017, 3, 12, 3, 0)]
    """
    return _by_day(instants, lambda some: some.dt.replace_time_zone("UTC").dt.convert_time_zone(zone).dt.replace_time_zone(None))


def instants_of(times: pl.Series, zone: str) -> pl.Series:
    """Return wall-clock times of a zone in UTC: the earlier instant where clocks go back, null where they skip the time."""

    def instants(some: pl.Series) -> pl.Series:
        zoned = some.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
        return zoned.dt.convert_time_zone("UTC").dt.replace_time_zone(None)

    return times if zone == "UTC" else _by_day(times, instants)


def _by_day(times: pl.Series, move: Callable[[pl.Series], pl.Series]) -> pl.Series:
    """Return times moved from one clock to another: one by one only on days that do not begin and end with the same difference.

    A zone's offset costs as much as all that is done besides to a row, and it changes twice a year.
    """
    micro = times.to_physical()
    days = micro // DAY_US
    first, last = days.min(), days.max()
    if first is None or last - first > times.len():  # type: ignore[operator]
        return move(times)
    starts = pl.int_range(first, last + 1, eager=True) * DAY_US  # type: ignore[operator]
    begins, ends = ((move(at.cast(pl.Datetime("us"))).to_physical() - at) for at in (starts, starts + DAY_US - 1))
    shifts = begins.set(begins.ne_missing(ends), None)
    moved = (micro + shifts.gather(days - first)).cast(pl.Datetime("us"))
    single = moved.is_null() & times.is_not_null()
    return moved.scatter(single.arg_true(), move(times.filter(single))) if single.any() else moved


def possible(time: pl.Expr) -> pl.Expr:
    """Return whether a time lies in the years that are possible."""
    return time.is_between(pl.datetime(FIRST_YEAR, 1, 1), pl.datetime(LAST_YEAR, 12, 31, 23, 59, 59))


def time_style(sample: pl.Series) -> TimeStyle:
    """Return the format of a sample of texts: the patterns of one family that read nearly all of it.

    >>> time_style(pl.Series(["31.12.2017 08:15", "1.1.2018 9:00"])).formats
    ('%d.%m.%Y %H:%M',)
    """
    texts = sample.drop_nulls().str.strip_chars()
    texts = texts.filter(texts != "")
    if texts.len() == 0:
        return TimeStyle(("iso",))
    counted = _counted_format(texts)
    if counted:
        return TimeStyle((counted,))
    needed = max(1, round(MAJORITY * texts.len()))
    if _count(texts, ISO) >= needed:
        return TimeStyle(("iso",))
    zoned = tuple(form + clock + "%#z" for form in DATES[1:] for clock in CLOCKS[1:3])
    families = [(form, tuple(form + clock for clock in CLOCKS)) for form in (*DATES, "%Y%m%d")] + [(form, (form,)) for form in zoned]
    counts = {form: (_count(texts, patterns), patterns) for form, patterns in families}
    best = max(count for count, _ in counts.values())
    if best < needed:
        short = [text for text in texts.to_list() if SHORT_YEAR.match(text)]
        example = ", ".join(repr(text) for text in (short or texts.to_list())[:3])
        why = "the year has two digits" if short else "no format that is known fits"
        return TimeStyle(doubt=f'{example}: {why}; state time_format, such as "{"%d.%m.%y" if short else "%d.%m.%Y %H:%M"}"')
    # One row of rubbish must not decide between day-month and month-day: the winner must be clear.
    winners = [form for form, (count, _) in counts.items() if count == best]
    patterns = tuple(pattern for pattern in counts[winners[0]][1] if _count(texts, (pattern,)) > 0)
    twin = next((form for form in winners[1:] if sorted(form) == sorted(winners[0])), None)
    return TimeStyle(patterns, twins=(winners[0], twin) if twin else None)


def _count(texts: pl.Series, formats: Sequence[str]) -> int:
    read = read_times(texts, formats, "UTC")
    return int((read.dt.year().is_between(FIRST_YEAR, LAST_YEAR)).sum())


def _counted_format(texts: pl.Series) -> str | None:
    """Return the format of plain numbers, by their size; numbers that could be two things are taken for none."""
    if not texts.str.contains(r"^\d+([.,]\d+)?$").all():
        return None
    whole = texts.str.extract(r"^(\d+)")
    lengths = whole.str.len_bytes()
    fractions = texts.str.contains(r"[.,]").any()
    if (
        not fractions
        and lengths.n_unique() == 1
        and lengths[0] in COMPACT
        and _count(texts, (COMPACT[lengths[0]],)) >= MAJORITY * texts.len()
    ):
        return COMPACT[lengths[0]]
    numbers = whole.cast(pl.Float64)
    for form, low, high in (("excel", 15_000, 73_415), ("epoch_s", 3e8, 4.2e9), ("epoch_ms", 3e11, 4.2e12), ("epoch_us", 3e14, 4.2e15)):
        if numbers.is_between(low, high).all():
            return form
    return None


def swap(patterns: Sequence[str], twins: tuple[str, str]) -> tuple[str, ...]:
    """Return the patterns with day and month the other way round."""
    return tuple(pattern.replace(twins[0], twins[1]) for pattern in patterns)
