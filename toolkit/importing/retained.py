"""How long a line keeps its member: older ones come in as sales of non-members (documents/personal.toml, `toolkit forget --retain`)."""

from __future__ import annotations

import re
from datetime import date, datetime, time

import polars as pl

from toolkit.errors import BadValue
from toolkit.language import tr
from toolkit.workspace import Workspace

DOCUMENT = "personal"
"""documents/personal.toml: what the shop decided on personal data."""


def months_of(text: str) -> int:
    """Return a stretch of time in months.

    >>> months_of("36m"), months_of("3y")
    (36, 36)

    Raises
    ------
    BadValue
        It is none.
    """
    found = re.fullmatch(r"\s*([1-9]\d{0,3})\s*([my])\s*", text.lower())
    if found is None:
        raise BadValue(tr("'{text}' is no stretch of time; months or years were needed, such as 36m or 3y.", text=text))
    return int(found[1]) * (12 if found[2] == "y" else 1)


def oldest_day(last_day: date, retain: str) -> date:
    """Return the first day whose lines keep their member, counted back from the last day of the receipts.

    >>> oldest_day(date(2024, 3, 31), "1m"), oldest_day(date(2024, 6, 30), "36m")
    (datetime.date(2024, 2, 29), datetime.date(2021, 6, 30))
    """
    return pl.Series([last_day]).dt.offset_by(f"-{months_of(retain)}mo")[0]


def without_old_members(ws: Workspace, lines: pl.LazyFrame) -> pl.LazyFrame:
    """Return lines of an import with nobody as the member of those that are older than the workspace keeps members."""
    retain = ws.document(DOCUMENT).get("retain")
    if not retain or ws.last_day is None:
        return lines
    first = datetime.combine(oldest_day(ws.last_day, str(retain)), time())
    return lines.with_columns(pl.when(pl.col("ordered_at") >= first).then("member_id").alias("member_id"))
