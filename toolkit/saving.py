"""Answers as files of a spreadsheet: they open well there, and cannot run anything."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence

import polars as pl

from toolkit import wording
from toolkit.answer import Answer

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


def file_name(answer: Answer) -> str:
    """Return the name of the file: question, scope and date, in characters that every disk takes.

    The scope is shortened: an audience may be long.
    """
    words = re.sub(r"[^\w-]+", "-", f"{answer.name.split('.')[-1]}-{answer.scope}").strip("-")
    return f"{words[:60]}-{answer.as_of}.csv"


def workbook(answers: Sequence[Answer]) -> bytes:
    """Return the tables as an Excel workbook: one sheet an answer, headline on top, nothing that can run."""
    from xlsxwriter import Workbook  # slow to load, and only needed here

    made = io.BytesIO()
    never = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False, "in_memory": True}
    with Workbook(made, never) as book:
        bold = book.add_format({"bold": True})
        for answer in answers:
            sheet = book.add_worksheet(answer.name.split(".")[-1][:31])
            sheet.write_string(0, 0, harmless(answer.headline))
            for place, label in enumerate(wording.labels_of(answer.columns)):
                sheet.write_string(2, place, harmless(label), bold)
            for number, row in enumerate(answer.table.iter_rows(), start=3):
                for place, value in enumerate(row):
                    if isinstance(value, bool) or value is None:
                        sheet.write(number, place, value)
                    elif value != value:  # not a number: a cell without one
                        sheet.write_blank(number, place, None)
                    elif isinstance(value, (int, float)):
                        sheet.write_number(number, place, value)
                    else:
                        told = wording.value_of(answer.table.columns[place], str(value))
                        sheet.write_string(number, place, harmless(told)[:32_767])
            for number, note in enumerate(answer.notes, start=answer.table.height + 4):
                sheet.write_string(number, 0, harmless(str(note))[:32_767])
            sheet.freeze_panes(3, 1)
    return made.getvalue()
