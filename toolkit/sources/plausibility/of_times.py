"""Two columns that could both be the time of an order: created, paid, shipped."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from toolkit.language import later
from toolkit.sources.plausibility.names import is_called
from toolkit.sources.plausibility.question import Question, other_column
from toolkit.sources.plausibility.seen import Seen
from toolkit.sources.question_kinds import QuestionKind
from toolkit.sources.styles import times

OTHER_DAYS = 0.05
FEWEST_TIMES = 20
NEAR_DAYS = 31
"""Days that are not called like a time of sales are one where they lie this near to those that are read."""
DATE = r"^\d{1,4}[-./年]\d{1,2}[-./月]\d{1,4}"


def other_times(seen: Seen) -> Iterator[Question]:
    """Doubt the time where another column names other days; names of sales, orders and receipts settle it (`settled_time`)."""
    name = seen.column("ordered_at")
    if name is None or is_called(name, "settled_time"):
        return
    days = _days(seen.sample[name])
    if days is None:
        return
    for other in seen.unused:
        is_named = is_called(other, "time")
        if is_called(other, "no_time") or not (is_named or _looks_like_times(seen.sample[other])):
            continue
        others = _days(seen.sample[other])
        rows = (
            pl.DataFrame([days.alias("day"), others.alias("other")]).with_row_index().drop_nulls() if others is not None else pl.DataFrame()
        )
        apart = rows.filter(pl.col("day") != pl.col("other")) if rows.height else rows
        if apart.height < FEWEST_TIMES or apart.height < OTHER_DAYS * rows.height:
            continue
        distance = apart.select((pl.col("day") - pl.col("other")).dt.total_days().abs().median()).item()
        if not is_named and distance > NEAR_DAYS:  # a birthday, a date of joining
            continue
        row = int(apart["index"][0])
        doubt = later(
            "Both '{column}' and '{other}' could be the time of an order, and in {share} of the rows that were looked at they name "
            "different days ({cells}). '{column}' is read; where the other is meant, write {write}"
        )
        cells = (str(seen.sample[name][row]), str(seen.sample[other][row]))
        places = {"other": other, "share": f"{apart.height / rows.height:.0%}"}
        yield Question(QuestionKind.TIME, name, cells, doubt, other_column(QuestionKind.TIME, "ordered_at", other), places)
        return


def _looks_like_times(cells: pl.Series) -> bool:
    filled = cells.drop_nulls()
    return filled.len() >= FEWEST_TIMES and bool(filled.str.contains(DATE).all())


def _days(cells: pl.Series) -> pl.Series | None:
    style = times.time_style(cells.drop_nulls())
    if not style.formats:
        return None
    patterns = [pattern for form in style.formats for pattern in times.spelled(form)]
    return times.read_times(cells, patterns, "UTC").dt.date()
