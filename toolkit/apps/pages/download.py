"""A table as a CSV file that a spreadsheet opens well and that cannot run anything there."""

from __future__ import annotations

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
