"""The files of an import, each opened once whatever it is: text, Parquet, JSON, a sheet of a workbook, packed or not."""

from __future__ import annotations

import re
import tempfile
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import polars as pl
from polars.exceptions import PolarsError

from toolkit.errors import DataError
from toolkit.language import tr
from toolkit.sources.databases.addresses import SourceTable
from toolkit.sources.databases.arrival import arrive
from toolkit.sources.databases.arrival import opened as opened_source
from toolkit.sources.records.delimited import MARK, Prepared, prepare, prepare_start
from toolkit.sources.records.json_records import JSON_ENDINGS, is_json, read_json
from toolkit.sources.records.source_file import SAMPLE_RECORDS, SourceFile
from toolkit.sources.records.workbook import OLE, OTHER_SPREADSHEETS, WORKBOOKS, Workbook, marked, text_of
from toolkit.sources.specs import TableMapping
from toolkit.sources.written.archives import ZIP, is_zip, members_of, zip_of
from toolkit.sources.written.dialect import Dialect, find_dialect, positions
from toolkit.sources.written.odd_lines import OddLines, is_by_lines
from toolkit.sources.written.packing import Start, WrongEncoding, read_start

ENDINGS = (".csv", ".tsv", ".txt", ".tab", ".psv", ".dat", ".parquet", ".pq", *JSON_ENDINGS, *WORKBOOKS)
"""Endings of the files that are looked for in folders and zips."""
STATED = (
    "format", "encoding", "delimiter", "quote", "header", "skip_rows", "sheet", "unfold", "url", "table", "query", "first_rows", "from_day",
)  # fmt: skip
"""What a mapping may say of a file's writing: tables that say the same read the same file alike."""


def spreadsheet_fault(path: Path) -> str:
    """Return what to do with a spreadsheet of a kind that is not read, or nothing where the file is none."""
    is_other = path.suffix.lower() in OTHER_SPREADSHEETS
    return f"{path} is a spreadsheet; save the sheet as CSV (UTF-8) and name that file." if is_other else ""


def is_workbook(path: Path) -> bool:
    """Return whether a file is a spreadsheet: an .xls that holds text is what many tills write and is read as text."""
    if path.suffix.lower() not in WORKBOOKS:
        return False
    if zip_of(path) is not None:
        raise DataError(tr("{path} is a spreadsheet within a zip; unpack it and name the file.", path=path))
    with path.open("rb") as stream:
        start = stream.read(512)
    if path.suffix.lower() != ".xls" or start.startswith((OLE, ZIP)):
        return True
    if start.lstrip(b"\xef\xbb\xbf \r\n\t").lower().startswith((b"<html", b"<!doctype", b"<table", b"<?xml", b"<meta")):
        raise DataError(
            tr("{path} is a web page that is named .xls; open it in a spreadsheet program, save it as .xlsx and name that.", path=path)
        )
    return False


class Shelf:
    """The files of one import: each is looked at once, however many tables are read from it; text copies lie in `scratch`."""

    def __init__(self, scratch: Path | None = None) -> None:
        self._temporary = None if scratch else tempfile.TemporaryDirectory(prefix="toolkit-")  # goes with the shelf
        self._scratch = scratch or Path(self._temporary.name)  # type: ignore[union-attr]
        self._files: dict[Path, list[tuple[tuple, SourceFile]]] = {}

    def open(self, path: Path, spec: TableMapping) -> SourceFile | None:
        """Return a file as a table's section says to read it, or None where it holds no line at all.

        Raises: `DataError` where it cannot be read.
        """
        stated, wanted = tuple(getattr(spec, name) for name in STATED), set(spec.raw_columns)
        for as_stated, file in self._files.get(path, ()):
            if as_stated == stated and wanted <= set(file.schema):
                return file
        if (source := spec.rows_of_source) is not None:
            return self._open_source(path, source, spec, stated)
        if spec.format is None and is_workbook(path):
            file = self._open_sheet(path, spec)
        elif is_json(path, spec.format):
            file = _json_file(read_start(path), spec, self._folder())
        else:
            start = read_start(path)
            if spec.format == "parquet" or (spec.format is None and start.is_parquet):
                file = _open_parquet(path, is_hive=any(f"{name}=" in part for part in path.parts for name in wanted))
            else:
                file = self._open_text(start, spec)
        if file is not None:
            self._files.setdefault(path, []).append((stated, file))
        return file

    def _open_source(self, path: Path, source: SourceTable, spec: TableMapping, stated: tuple) -> SourceFile:
        """Return a table of a database, its rows copied; where it lacks a wanted column nothing is read of it but its columns."""
        with opened_source(source) as reader:
            if set(spec.raw_columns) - set(reader.types):
                return SourceFile(path, dict.fromkeys(reader.types, pl.String()), 0, types=reader.types, source=source)
            arrived = arrive(reader, self._folder(), most=spec.first_rows)
        file = SourceFile(
            path,
            arrived.schema,
            arrived.rows,
            scanned=arrived.parts,
            types=arrived.types,
            source=source,
            first_rows=spec.first_rows or 0 if arrived.rows == spec.first_rows else 0,
        )
        self._files.setdefault(path, []).append((stated, file))
        return file

    def place(self, name: str) -> Path:
        """Return where a copy can be written that is read as long as the shelf is there."""
        return self._folder() / name

    def _folder(self) -> Path:
        self._scratch.mkdir(parents=True, exist_ok=True)
        return Path(tempfile.mkdtemp(dir=self._scratch))

    def _open_sheet(self, path: Path, spec: TableMapping) -> SourceFile | None:
        book = Workbook(path)
        name = book.chosen(spec.sheet, spec.raw_columns)
        return None if name is None else _sheet_file(book, name, spec, self._folder())

    def _open_text(self, start: Start, spec: TableMapping) -> SourceFile | None:
        dialect = find_dialect(start, spec)
        if dialect is None:
            return None
        copy = self.place("copy.csv")
        try:
            prepared = prepare(start, dialect, copy)
        except WrongEncoding as fault:
            dialect, prepared = _in_spite_of(fault, start, dialect, spec, copy)
        return _text_file(start.path, dialect, prepared)


def _in_spite_of(fault: WrongEncoding, start: Start, dialect: Dialect, spec: TableMapping, copy: Path) -> tuple[Dialect, Prepared]:
    """Return how to scan a file that does not decode to its end: without a few damaged lines, or in another encoding.

    Raises: `DataError` where neither fits.
    """
    odd = OddLines()
    if is_by_lines(dialect.encoding):
        prepared = prepare(start, dialect, copy, odd)
        if odd.are_damage(is_stated=bool(spec.encoding)):
            return dialect, prepared
    # The start of the file was plain ASCII, or fitted by chance: choose again by the bytes that did not fit.
    again = None if spec.encoding else find_dialect(start, spec, telling=fault.around)
    try:
        if again is None or again.encoding == dialect.encoding:
            raise fault
        return again, prepare(start, again, copy)
    except WrongEncoding as still:
        raise DataError(
            tr(
                "{path} does not decode as {encoding}: offset {offset}, line {line}; "
                "state the `encoding` it is in, or have the damaged line written again.",
                path=start.path,
                encoding=dialect.encoding,
                offset=still.offset,
                line=still.line,
            )
        ) from None


def parts_of(path: Path) -> list[tuple[Path, str | None]]:
    """Return what is to be looked at in a file: the files in a zip, the sheets of a spreadsheet that hold rows, or the file itself.

    Raises: `DataError` where it cannot be read.
    """
    if not path.is_file():
        return [(path, None)]
    if is_workbook(path):
        return [(path, sheet) for sheet in Workbook(path).sheet_names()]
    return [(member, None) for member in tables_in(path)] if is_zip(path) else [(path, None)]


def tables_in(path: Path, wanted: str | None = None) -> list[Path]:
    """Return the files of a zip that may be tables by their endings, or all where none has one; `wanted` is a name or a pattern.

    Raises: `DataError` where it holds none.
    """
    members = members_of(path, wanted)
    if not members:
        raise DataError(tr("{path} is an empty zip; fetch or pack it again.", path=path))
    tables = [member for member in members if re.sub(r"\.gz$", "", member.name.lower()).endswith(ENDINGS)]
    return tables if tables and wanted is None else members


def look_at_source(source: SourceTable) -> SourceFile:
    """Return what the first rows of a table in a database tell; no more of it is read.

    Raises: `DataError` where it cannot be read.
    """
    with opened_source(source) as reader, tempfile.TemporaryDirectory(prefix="toolkit-") as folder:
        arrived = arrive(reader, Path(folder), most=SAMPLE_RECORDS)
        sample = BytesIO()
        pl.read_parquet(list(arrived.parts), glob=False).write_parquet(sample)
    return SourceFile(source.path, arrived.schema, arrived.rows, scanned=sample.getvalue(), types=arrived.types, source=source)


def look_at(path: Path, sheet: str | None = None) -> SourceFile | None:
    """Return what the start of a file tells where no mapping says anything of it yet, or None where it holds no line at all.

    The header is that of the file, or `column_1`, `column_2`, ... where its first line holds values; records are those of the start.

    Raises: `DataError` for a file that does not exist, is a spreadsheet or cannot be read.
    """
    if not path.is_file() and zip_of(path) is None:
        raise DataError(tr("There is no file {path}.", path=path))
    if fault := spreadsheet_fault(path):
        raise DataError(fault)
    spec = TableMapping.model_validate({"files": [str(path)], "sheet": sheet})
    if is_workbook(path):
        book = Workbook(path)
        name = book.chosen(sheet, ())
        with tempfile.TemporaryDirectory(prefix="toolkit-") as folder:
            file = None if name is None else _sheet_file(book, name, spec, Path(folder), is_proposed=True)
            return file and replace(file, scanned=Path(str(file.scanned)).read_bytes())
    if is_json(path, None):
        with tempfile.TemporaryDirectory(prefix="toolkit-") as folder:
            file = _json_file(read_start(path), spec, Path(folder), is_proposed=True)
            return file and replace(file, scanned=Path(str(file.scanned)).read_bytes())
    start = read_start(path)
    if start.is_parquet:
        return _open_parquet(path, is_hive=False)
    dialect = find_dialect(start, spec)
    if dialect is None:
        return None
    dialect = _headed(dialect)
    return _text_file(path, dialect, prepare_start(start, dialect))


def _headed(dialect: Dialect) -> Dialect:
    """Return how a file is written of which nothing is stated: a first line that holds values is no header."""
    names = dialect.names
    if not any(character.isalpha() for name in names for character in name) or sum(map(_is_value, names)) > len(names) / 2:
        return replace(dialect, names=positions(len(names)), skip_lines=dialect.skip_lines - 1, header=b"")
    return dialect


def _is_value(name: str) -> bool:
    return bool(re.fullmatch(r"[\d.,:/\- ]+", name))


def _text_file(path: Path, dialect: Dialect, prepared: Prepared) -> SourceFile:
    schema: dict[str, Any] = dict.fromkeys(dialect.names, pl.String())
    scanned = None if prepared.scanned == path else prepared.scanned
    return SourceFile(path, schema, prepared.records, dialect, scanned, prepared.empty, prepared.broken, prepared.totals)


def _sheet_file(book: Workbook, name: str, spec: TableMapping, folder: Path, *, is_proposed: bool = False) -> SourceFile | None:
    """Return a sheet as a file: its cells lie in a text copy, one line a row of the sheet."""
    sheet = book.sheet(name)
    text_spec = spec.model_copy(update={"encoding": "utf-8", "delimiter": ",", "quote": '"'})
    top = text_of(sheet.cells.head(SAMPLE_RECORDS)).write_csv(include_header=False).encode()
    dialect = find_dialect(Start(book.path, top, is_packed=False), text_spec) if sheet.cells.height else None
    if dialect is None:
        return None
    dialect = _headed(dialect) if is_proposed else dialect
    types = book.types(name, dialect.skip_lines)
    cells, places = marked(sheet, types, MARK)
    cells.write_csv(folder / "sheet.csv", include_header=False)
    prepared = prepare(read_start(folder / "sheet.csv"), dialect, folder / "copy.csv")
    file = replace(_text_file(book.path, dialect, prepared), scanned=prepared.scanned, sheet=name)
    return replace(
        file,
        schema={column: types[place] if place < len(types) else pl.String() for place, column in enumerate(dialect.names)},
        marked=frozenset(dialect.names[place] for place in places),
        counts_from_1904=sheet.counts_from_1904,
    )


def _json_file(start: Start, spec: TableMapping, folder: Path, *, is_proposed: bool = False) -> SourceFile | None:
    found = read_json(start, spec.unfold, folder, is_proposed=is_proposed)
    if found is None:
        return None
    return SourceFile(
        start.path,
        found.schema,
        found.rows,
        scanned=found.copy,
        broken=found.broken,
        unfolded=found.unfolded,
        is_numbered=True,
    )


def _open_parquet(path: Path, *, is_hive: bool) -> SourceFile:
    try:
        frame = pl.scan_parquet(path, hive_partitioning=is_hive, glob=False)
        schema, rows = dict(frame.collect_schema()), frame.select(pl.len()).collect().item()
    except (PolarsError, OSError) as error:
        raise DataError(
            tr("{path} cannot be read as Parquet ({error}); write it again.", path=path, error=str(error).splitlines()[0])
        ) from None
    return SourceFile(path, schema, rows, is_hive=is_hive)
