"""The formats that a known export brings, each tried on the file's own records first; what does not read is left out."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from typing import Any

import polars as pl

from toolkit.errors import DataError
from toolkit.language import tr
from toolkit.schemas import CONTRACT
from toolkit.sources.columns.contents import Contents
from toolkit.sources.columns.matching import quoted, time_options
from toolkit.sources.presets.known import Preset
from toolkit.sources.records.source_file import Shelf, scan
from toolkit.sources.specs import TableMapping
from toolkit.sources.styles import times
from toolkit.sources.styles.numbers import NumberStyle, read_number

SIGNS = {"€": ("EUR",), "£": ("GBP",), "¥": ("CNY", "JPY"), "￥": ("CNY", "JPY"), "元": ("CNY",), "円": ("JPY",), "₩": ("KRW",),
         "₹": ("INR",), "zł": ("PLN",), "R$": ("BRL",), "₽": ("RUB",)}  # fmt: skip
"""Currency signs and what they can mean; "$" can be too many to contradict anything."""


def tried_sections(preset: Preset, group: Sequence[Contents]) -> str:
    """Return a preset's sections as text, without the formats that do not read these files: those are told by detection instead."""
    given = tomllib.loads(preset.sections)
    pieces = re.split(r"(?m)^(?=\[)", preset.sections)
    table = ""
    for number, piece in enumerate(pieces):
        if match := re.match(r"\[(\w+)(\.columns)?\]", piece):
            table = match[1]
            pieces[number] = "".join(
                _tried_line(line, TableMapping.model_validate(given[table]), table, group) for line in piece.splitlines(True)
            )
    return "".join(pieces)


def _tried_line(line: str, spec: TableMapping, table: str, group: Sequence[Contents]) -> str:
    """Return a line of a section, or what stands in its place where the format that it states does not read the file."""
    contract = CONTRACT[table].columns()
    name = line.partition("=")[0].strip()
    if name == "time_format":
        raw = [
            column.raw_columns
            for key, column in spec.columns.items()
            if contract[key].dtype.is_temporal() and column.value is None and column.format is None
        ]
        if all(_reads(str(spec.time_format), columns, contents) for columns in raw for contents in group):
            return line
        return _left_out(line, group[0], raw[0]) + "".join(f"{option}\n" for option in time_options(group[0], raw[0]))
    if name == "decimal":
        numbers = [raw for key, column in spec.columns.items() if contract[key].dtype.is_numeric() for raw in column.raw_columns]
        unread = next((raw for raw in numbers for contents in group if not _reads_numbers(str(spec.decimal), raw, contents)), None)
        return line if unread is None else _left_out(line, group[0], (unread,))
    column = spec.columns.get(name)
    if column is None or column.format is None or all(_reads(column.format, column.raw_columns, contents) for contents in group):
        return line
    rest = re.sub(r', format = "[^"]*"', "", line)
    return _left_out(f"format = {quoted(column.format)}", group[0], column.raw_columns) + rest


def _left_out(stated: str, contents: Contents, columns: Sequence[str]) -> str:
    cell = next(iter(_cells(contents, columns).head(1).to_list()), "")
    why = tr(
        "{stated} is usual for this export but does not read {cell} in this file: left out, and told by the cells instead",
        stated=stated.partition("#")[0].strip(), cell=quoted(cell),
    )  # fmt: skip
    return f"# {why}\n"


def _cells(contents: Contents, columns: Sequence[str]) -> pl.Series:
    parts = [pl.col(name).str.strip_chars() for name in columns]
    cells = contents.sample.select(pl.concat_str(parts, separator=" ").alias("text"))["text"].drop_nulls()
    return cells.filter(cells.str.strip_chars() != "")


def _reads(form: str, columns: Sequence[str], contents: Contents) -> bool:
    """Return whether a stated format reads the times of a file as well as the format that they prove by themselves."""
    if not set(columns) <= set(contents.names) or any(contents.file.schema[name].is_temporal() for name in columns):
        return True
    cells = _cells(contents, columns)
    read = _count(cells, times.spelled(form))
    style = times.time_style(cells)
    if read < times.MAJORITY * cells.len() or (style.formats and read < _count(cells, _patterns(style.formats))):
        return False
    return style.twins is None or _month_is_where_stated(form, columns, contents)


def _patterns(formats: Sequence[str]) -> list[str]:
    return [pattern for form in formats for pattern in times.spelled(form)]


def _count(cells: pl.Series, formats: Sequence[str]) -> int:
    return int(times.read_times(cells, formats, "UTC").dt.year().is_between(times.FIRST_YEAR, times.LAST_YEAR).sum())


def _month_is_where_stated(form: str, columns: Sequence[str], contents: Contents) -> bool:
    """Return whether no more rows of the whole file speak against a format than for it, where the sample fits day-month and month-day."""
    shelf = Shelf()  # its copy is read below, and goes with it
    try:
        file = shelf.open(contents.file.path, TableMapping.model_validate({"files": [str(contents.file.path)], "columns": {}}))
    except DataError:
        file = None
    if file is None or not set(columns) <= set(file.schema):
        return True
    text = pl.concat_str([pl.col(name).str.strip_chars() for name in columns], separator=" ")
    cells = scan([file], columns).select(text.alias("text")).unique().collect(engine="streaming")["text"].drop_nulls()
    style = times.time_style(cells)
    return _count(cells, times.spelled(form)) >= _count(cells, _patterns(style.formats or ("iso",)))


def _reads_numbers(decimal: str, column: str, contents: Contents) -> bool:
    if column not in contents.names or not contents.is_text(column):
        return True
    proved = contents.decimal([column])
    cells = contents.texts(column).to_list()
    style = NumberStyle(decimal, "." if decimal == "," else ",")
    return proved in ("", None, decimal) and sum(read_number(text, style) is not None for text in cells) >= times.MAJORITY * len(cells)


def contradicted_currency(preset: Preset, group: Sequence[Contents]) -> str:
    """Return why a preset's currency is not believed, or nothing: amounts of the file carry another currency's sign."""
    for text in [text for contents in group for text in contents.numeric_texts()] if preset.currency else []:
        meant: Any = next((codes for sign, codes in SIGNS.items() if sign in text), None)
        if meant and preset.currency not in meant:
            return tr(
                "{currency} is usual for this export, but this file has {cell}: left out", currency=preset.currency, cell=quoted(text)
            )
    return ""
