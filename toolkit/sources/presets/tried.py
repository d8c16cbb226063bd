"""The formats that a known export brings, each tried on the file's own records first; what does not read is left out."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from toolkit.errors import DataError
from toolkit.language import tr
from toolkit.schemas import CONTRACT, required_columns
from toolkit.sources.columns.contents import Contents
from toolkit.sources.columns.matching import quoted, time_options
from toolkit.sources.presets.known import Preset, folded
from toolkit.sources.records.filled import filled_down
from toolkit.sources.records.shelf import Shelf
from toolkit.sources.records.source_file import scan
from toolkit.sources.specs import TableMapping
from toolkit.sources.styles import times
from toolkit.sources.styles.numbers import NumberStyle, read_number

SIGNS = {"€": ("EUR",), "£": ("GBP",), "¥": ("CNY", "JPY"), "￥": ("CNY", "JPY"), "元": ("CNY",), "円": ("JPY",), "₩": ("KRW",),
         "₹": ("INR",), "zł": ("PLN",), "R$": ("BRL",), "₽": ("RUB",)}  # fmt: skip
"""Currency signs and what they can mean; "$" can be too many to contradict anything."""
MOST_SHOWN = 6
FEWEST_DAYS, FAR_APART = 3, 4


@dataclass(frozen=True)
class Files:
    """The files that a preset maps: those of one header, and those that are joined to them."""

    group: Sequence[Contents]
    joined: dict[str, Sequence[Contents]] = field(default_factory=dict)

    @property
    def names(self) -> set[str]:
        """Every column."""
        return {name for group in (self.group, *self.joined.values()) for name in group[0].names}

    def of(self, columns: Sequence[str]) -> Sequence[Contents]:
        """Return the files that have these columns."""
        return next((group for group in (self.group, *self.joined.values()) if set(columns) <= set(group[0].names)), self.group)


def tried_sections(preset: Preset, files: Files) -> str:
    """Return a preset's sections as text for these files: without what is not there, and without formats that do not read them.

    Such formats are told by detection instead. States that are not known of the export become a TODO: the question on that column stays.
    """
    specs = {name: TableMapping.model_validate(part) for name, part in tomllib.loads(preset.sections).items()}
    kept: dict[str, set[str]] = {}
    for table, spec in specs.items():
        kept[table] = {name for name, column in spec.columns.items() if set(column.raw_columns) <= files.names or name in preset.otherwise}
    pieces = []
    for piece in re.split(r"(?m)^(?=\[)", preset.sections):
        match = re.match(r"\[+(\w+)(?:\.(\w+))?\]", piece)
        if match is None:
            continue
        table, part = match[1], match[2] or ""
        if not set(required_columns(table)) <= kept[table]:
            continue
        heading, *lines = piece.splitlines(True)
        tried = [_tried_line(line, part, preset, specs[table], table, files) for line in lines]
        if part in ("", "columns", "join") or any(text.strip() for text in tried):
            pieces.append("".join([heading, *tried]))
    return "".join(pieces)


def _tried_line(line: str, part: str, preset: Preset, spec: TableMapping, table: str, files: Files) -> str:
    """Return a line of a section, or what stands in its place where the file is otherwise."""
    stated, _, _ = line.partition("#")
    if "=" not in stated or part == "join":
        return line
    ((name, value),) = tomllib.loads(stated).items()
    names = files.names
    if part == "columns":
        return _tried_column(line, name, preset, spec, table, files)
    if part == "values":
        return line if name in spec.columns and set(spec.columns[name].raw_columns) <= names else ""
    if part in ("keep", "drop"):
        if name not in names or (part == "drop" and name in spec.keep):
            return ""
        return _tried_states(name, spec, files.of([name])) if name in spec.drop and name in spec.keep else line
    if name == "fill_down":
        there = [column for column in value if column in names]
        return f"fill_down = [{', '.join(map(quoted, there))}]\n" if there else ""
    if name == "within" and not set(spec.fill_down) & names:
        return ""
    if name == "time_format":
        return _tried_times(line, [value, *preset.times], spec, table, files)
    if name == "decimal":
        contract = CONTRACT[table].columns()
        numbers = [raw for key, column in spec.columns.items() if contract[key].dtype.is_numeric() for raw in column.raw_columns]
        unread = next(
            (raw for raw in numbers for contents in files.of([raw]) if not _reads_numbers(str(spec.decimal), raw, contents)), None
        )
        return line if unread is None else _left_out(line, files.of([unread])[0], (unread,))
    return line


def _tried_times(line: str, stated: Sequence[str], spec: TableMapping, table: str, files: Files) -> str:
    """Return the first of the stated formats that reads the times of these files, or what their cells tell."""
    contract = CONTRACT[table].columns()
    raw = [
        column.raw_columns
        for key, column in spec.columns.items()
        if contract[key].dtype.is_temporal() and column.value is None and column.format is None
    ]
    for form in stated:
        if all(_reads(form, columns, contents) for columns in raw for contents in files.of(columns)):
            return line if form == stated[0] else f"time_format = {quoted(form)}\n"
    first = files.of(raw[0])[0]
    return _left_out(line, first, raw[0]) + "".join(f"{option}\n" for option in time_options(first, raw[0]))


def _tried_column(line: str, name: str, preset: Preset, spec: TableMapping, table: str, files: Files) -> str:
    """Return the line of a contract column: as it is, made otherwise, without what does not read, or none without its columns."""
    column = spec.columns[name]
    group = files.of(column.raw_columns)
    if not set(column.raw_columns) <= files.names:
        return f"{name} = {preset.otherwise[name]}\n" if name in preset.otherwise else ""
    if column.sign == -1 and CONTRACT[table].columns()[name].dtype.is_numeric() and not _is_mostly_negative(column.raw_columns, group):
        return _left_out("sign = -1", group[0], column.raw_columns) + line.replace(", sign = -1", "")
    if column.format is None or all(_reads(column.format, column.raw_columns, contents) for contents in group):
        return line
    rest = re.sub(r', format = "[^"]*"', "", line)
    return _left_out(f"format = {quoted(column.format)}", group[0], column.raw_columns) + rest


def _is_mostly_negative(columns: Sequence[str], group: Sequence[Contents]) -> bool:
    """Return whether no more cells of a number are above zero than below."""
    cells = pl.concat([contents.texts(name) for contents in group for name in columns])
    negative = cells.str.contains(r"^[^\d]*[-−(]|-$")
    return int((cells.str.contains("[1-9]") & ~negative).sum()) <= int((cells.str.contains("[1-9]") & negative).sum())


def _tried_states(column: str, spec: TableMapping, group: Sequence[Contents]) -> str:
    """Return the line that keeps the rows of known states; a TODO where the files hold a state that is not known of the export."""
    wanted: dict[str, pl.DataType] = {name: pl.String() for name in (column, spec.within) if name}
    cells = pl.col(column).str.strip_chars().fill_null("").unique()
    every = [_asked(contents, list(wanted), lambda rows: filled_down(rows, wanted, spec).select(cells)) for contents in group]
    values = pl.concat(every).unique().sort().to_list()
    counts, leaves = (set(map(folded, part[column])) for part in (spec.keep, spec.drop))
    listed = dict.fromkeys([*spec.keep[column], *(value for value in values if folded(value) in counts)])
    line = f"{quoted(column)} = [{', '.join(map(quoted, listed))}]"
    unknown = [value for value in values if folded(value) not in counts | leaves]
    if unknown:
        why = tr(
            "The column also holds {values}, not known of this export: add what counts to the list, and take away the TODO.",
            values=tr(", ").join(map(repr, unknown[:MOST_SHOWN])),
        )
        return f"# TODO {line}  # {why}\n"
    left_out = [value for value in values if folded(value) in leaves]
    return line + (f"  # {tr('left out: {values}', values=tr(', ').join(map(repr, left_out[:MOST_SHOWN])))}" if left_out else "") + "\n"


def _asked(contents: Contents, columns: Sequence[str], question: Callable[[pl.LazyFrame], pl.LazyFrame]) -> pl.Series:
    """Return what the readable rows of a whole file answer; those of its sample where the file cannot be opened as it is."""
    shelf, looked_at = Shelf(), contents.file
    said = {"files": [str(looked_at.path)], "sheet": looked_at.sheet or None, "unfold": looked_at.unfolded or None}
    try:
        file = shelf.open(looked_at.path, TableMapping.model_validate(said))
    except DataError:
        file = None
    there = [name for name in dict.fromkeys(columns) if name in contents.names]
    if file is None or not set(there) <= set(file.schema):
        return question(contents.sample.lazy().select(there)).collect().to_series()
    records = scan([file], there, with_broken=file.has_broken)
    readable = records.filter(pl.col("broken").is_null()) if file.has_broken else records
    texts = readable.select(pl.col(name).cast(pl.String, strict=False) for name in there)
    return question(texts).collect(engine="streaming").to_series()


def left_open(preset: Preset, group: Sequence[Contents]) -> list[str]:
    """Return what a preset leaves out of its amounts although these files have some: a sentence each."""
    said = []
    for column in preset.zero:
        cells = [contents.texts(column) for contents in group if column in contents.names]
        amounts = [cell for part in cells for cell in part.filter(part.str.contains("[1-9]")).head(1)]
        if amounts:
            said.append(
                tr(
                    "The column '{column}' holds amounts ({cell}) that this mapping leaves out of the lines.",
                    column=column,
                    cell=amounts[0],
                )
            )
    return said


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
    return (style.twins is None and "%y" not in form) or _month_is_where_stated(form, columns, contents)


def _patterns(formats: Sequence[str]) -> list[str]:
    return [pattern for form in formats for pattern in times.spelled(form)]


def _count(cells: pl.Series, formats: Sequence[str]) -> int:
    return int(times.read_times(cells, formats, "UTC").dt.year().is_between(times.FIRST_YEAR, times.LAST_YEAR).sum())


def _month_is_where_stated(form: str, columns: Sequence[str], contents: Contents) -> bool:
    """Return whether the whole file does not speak against a format, where the sample fits day-month and month-day.

    It does by rows that only the other reads, or where both read all: by days that lie together as the other reads them, and far apart
    as stated (the 1st to 5th of December, or the 12th of five months).
    """
    text = pl.concat_str([pl.col(name).str.strip_chars() for name in columns], separator=" ")
    cells = _asked(contents, columns, lambda rows: rows.select(text.alias("text")).unique()).drop_nulls()
    turned = form.replace("%d", "%D").replace("%m", "%d").replace("%D", "%m")
    other = [turned] if "%y" in form else _patterns(times.time_style(cells).formats or ("iso",))
    as_stated, as_other = _count(cells, times.spelled(form)), _count(cells, other)
    if as_stated != as_other or _days(cells, times.spelled(form)).len() < FEWEST_DAYS:
        return as_stated >= as_other
    return _span(cells, times.spelled(form)) < FAR_APART * _span(cells, [turned])


def _days(cells: pl.Series, formats: Sequence[str]) -> pl.Series:
    return times.read_times(cells, formats, "UTC").dt.date().drop_nulls().unique()


def _span(cells: pl.Series, formats: Sequence[str]) -> float:
    """Return how many days lie between the first and the last; endless where nothing is read."""
    days = _days(cells, formats).cast(pl.Int32)
    return float(days.max() - days.min() + 1) if days.len() else float("inf")  # type: ignore[operator]


def _reads_numbers(decimal: str, column: str, contents: Contents) -> bool:
    if column not in contents.names or not contents.is_text(column):
        return True
    proved = contents.decimal([column])
    cells = contents.texts(column).to_list()
    style = NumberStyle(decimal, "." if decimal == "," else ",")
    return proved in ("", None, decimal) and sum(read_number(text, style) is not None for text in cells) >= times.MAJORITY * len(cells)


def stated_currency(preset: Preset, group: Sequence[Contents]) -> str:
    """Return the one currency that the column of an export names throughout, or nothing."""
    from babel.numbers import is_currency

    if preset.currency_column not in group[0].names:
        return ""
    named = pl.col(preset.currency_column).str.strip_chars()
    every = pl.concat([_asked(contents, [preset.currency_column], lambda rows: rows.select(named.unique())) for contents in group])
    codes = [code for code in every.unique().to_list() if code]
    return codes[0] if len(codes) == 1 and is_currency(codes[0]) else ""


def contradicted_currency(preset: Preset, group: Sequence[Contents]) -> str:
    """Return why a preset's currency is not believed, or nothing: amounts of the file carry another currency's sign."""
    for text in [text for contents in group for text in contents.numeric_texts()] if preset.currency else []:
        meant: Any = next((codes for sign, codes in SIGNS.items() if sign in text), None)
        if meant and preset.currency not in meant:
            return tr(
                "{currency} is usual for this export, but this file has {cell}: left out", currency=preset.currency, cell=quoted(text)
            )
    return ""
