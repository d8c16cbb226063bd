"""Answers as files of a spreadsheet: they open well there, and cannot run anything."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl

from toolkit import wording
from toolkit.answer import Answer

_LONG_AGO = datetime(2000, 1, 1)
_FORMULA = r"^[\s\x00]*[=+\-@\t\r\n\x0b\x0c＝＋－＠]"
"""A spreadsheet takes a cell that starts like this for a formula; full-width signs too, in some languages."""


def harmless(text: str) -> str:
    """Return text that a spreadsheet shows as it is: an apostrophe is put before what would start a formula.

    >>> harmless("=1+1"), harmless("bread")
    ("'=1+1", 'bread')
    """
    return f"'{text}" if re.match(_FORMULA, text) else text


def csv_text(table: pl.DataFrame, labels: Sequence[str]) -> str:
    """Return a table as CSV: `labels` as headers, our words as the reader says them, text harmless, numbers as numbers, null as nothing.

    It starts with a byte order mark, so that Excel reads it as UTF-8.
    """
    shown = table.with_columns(
        *(pl.col(name).cast(pl.List(pl.String)).list.join("; ") for name, kind in table.schema.items() if isinstance(kind, pl.List))
    )
    shown = shown.with_columns(pl.col(pl.Categorical, pl.Enum, pl.Duration, pl.Object).cast(pl.String))
    words = {
        name: {value: wording.value_of(name, value) for value in shown[name].drop_nulls().unique()}
        for name in shown.columns
        if shown.schema[name] == pl.String
    }
    shown = shown.with_columns(pl.col(name).replace(told) for name, told in words.items())
    text = pl.col(pl.String)
    shown = shown.with_columns(pl.when(text.str.contains(_FORMULA)).then(pl.lit("'") + text).otherwise(text).name.keep())
    return "\ufeff" + shown.rename({name: harmless(label) for name, label in zip(shown.columns, labels, strict=True)}).write_csv(
        line_terminator="\r\n"
    )


def file_stem(answer: Answer) -> str:
    """Return the name of the file without its ending: question, scope and date, in characters that every disk takes.

    The scope is shortened: an audience may be long.
    """
    words = re.sub(r"[^\w-]+", "-", f"{answer.name.split('.')[-1]}-{answer.scope}").strip("-")
    return f"{words[:60]}-{answer.as_of}"


def file_name(answer: Answer) -> str:
    """Return the name of the file of an answer's table as CSV."""
    return f"{file_stem(answer)}.csv"


@dataclass(frozen=True)
class Sheet:
    """A sheet of a workbook: what stands above the table, its headings and rows, and sentences below it."""

    name: str
    above: str
    labels: Sequence[str]
    rows: Iterable[Sequence[Any]]
    below: Sequence[str] = ()


def workbook(answers: Sequence[Answer]) -> bytes:
    """Return the tables as an Excel workbook: one sheet an answer, headline on top, nothing that can run."""
    return book_of(
        Sheet(
            answer.name.split(".")[-1],
            answer.headline,
            wording.labels_of(answer.columns),
            (_told(answer.table.columns, row) for row in answer.table.iter_rows()),
            [str(note) for note in answer.notes],
        )
        for answer in answers
    )


def _told(names: Sequence[str], row: Sequence[Any]) -> list[Any]:
    """The cells of a row: our words as the reader says them, numbers as numbers."""
    return [
        value if value is None or isinstance(value, (bool, int, float)) else wording.value_of(name, str(value))
        for name, value in zip(names, row, strict=True)
    ]


def book_of(sheets: Iterable[Sheet]) -> bytes:
    """Return sheets as an Excel workbook in which nothing can run; null and not-a-number are empty cells."""
    from xlsxwriter import Workbook  # slow to load, and only needed here

    made = io.BytesIO()
    never = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False, "in_memory": True}
    with Workbook(made, never) as book:
        book.set_properties({"created": _LONG_AGO})  # the same sheets give the same file: no clock
        bold = book.add_format({"bold": True})
        for given in sheets:
            sheet = book.add_worksheet(given.name[:31])
            sheet.write_string(0, 0, harmless(given.above))
            for place, label in enumerate(given.labels):
                sheet.write_string(2, place, harmless(label), bold)
            number = 2
            for number, row in enumerate(given.rows, start=3):
                for place, value in enumerate(row):
                    if isinstance(value, bool) or value is None:
                        sheet.write(number, place, value)
                    elif value != value:  # not a number: a cell without one
                        sheet.write_blank(number, place, None)
                    elif isinstance(value, (int, float)):
                        sheet.write_number(number, place, value)
                    else:
                        sheet.write_string(number, place, harmless(str(value))[:32_767])
            for line, sentence in enumerate(given.below, start=number + 2):
                sheet.write_string(line, 0, harmless(sentence)[:32_767])
            sheet.freeze_panes(3, 1)
    return made.getvalue()
