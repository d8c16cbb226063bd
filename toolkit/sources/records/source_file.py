"""What is learned of one file, once: how it is written, its columns, how many records it holds; and those records as a lazy frame."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import polars as pl
from polars.exceptions import PolarsError

from toolkit.errors import DataError
from toolkit.sources.records.delimited import MARK, Prepared, prepare, prepare_start
from toolkit.sources.specs import TableMapping
from toolkit.sources.written.dialect import Dialect, find_dialect, positions
from toolkit.sources.written.packing import Start, WrongEncoding, read_start

SPREADSHEETS = (".xlsx", ".xls", ".xlsm", ".ods", ".numbers")
SAMPLE_RECORDS = 2000
STATED = ("format", "encoding", "delimiter", "quote", "header", "skip_rows")
"""What a mapping may say of a file's writing: tables that say the same read the same file alike."""


@dataclass(frozen=True)
class SourceFile:
    """One file, looked at: a table and a proposal alike read it by what is known here."""

    path: Path
    schema: dict[str, pl.DataType]  # all its columns; those of a text file are text
    rows: int  # data records; empty lines of a text file are counted in, and passed over
    dialect: Dialect | None = None  # how a text file is written; None = Parquet
    scanned: Path | bytes | None = None  # the copy that is read instead
    empty: int = 0
    broken: int = 0  # totals included
    totals: int = 0
    first_index: int = 0  # of its first record, among the files of a table
    is_hive: bool = False  # some columns are in the names of its folders

    @property
    def first_row(self) -> int:
        """The number that a person gives to the first data row."""
        return self.dialect.skip_lines + 1 if self.dialect else 1


def spreadsheet_fault(path: Path) -> str:
    """Return what to do with a spreadsheet, or nothing where the file is none."""
    is_spreadsheet = path.suffix.lower() in SPREADSHEETS
    return f"{path} is a spreadsheet; save the sheet as CSV (UTF-8) and name that file." if is_spreadsheet else ""


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
        start = read_start(path)
        if spec.format == "parquet" or (spec.format is None and start.is_parquet):
            file = _open_parquet(path, is_hive=any(f"{name}=" in part for part in path.parts for name in wanted))
        else:
            file = self._open_text(start, spec)
        if file is not None:
            self._files.setdefault(path, []).append((stated, file))
        return file

    def place(self, name: str) -> Path:
        """Return where a copy can be written that is read as long as the shelf is there."""
        self._scratch.mkdir(parents=True, exist_ok=True)
        return Path(tempfile.mkdtemp(dir=self._scratch)) / name

    def _open_text(self, start: Start, spec: TableMapping) -> SourceFile | None:
        dialect = find_dialect(start, spec)
        if dialect is None:
            return None
        copy = self.place("copy.csv")
        try:
            prepared = prepare(start, dialect, copy)
        except WrongEncoding as fault:
            # The start of the file was plain ASCII, or fitted by chance: choose again by the bytes that did not fit.
            again = None if spec.encoding else find_dialect(start, spec, telling=fault.around)
            try:
                if again is None or again.encoding == dialect.encoding:
                    raise fault
                dialect, prepared = again, prepare(start, again, copy)
            except WrongEncoding as still:
                raise DataError(
                    f"{start.path} does not decode as {dialect.encoding}: offset {still.offset}, line {still.line}; "
                    "state the `encoding` it is in, or have the damaged line written again."
                ) from None
        return _text_file(start.path, dialect, prepared)


def look_at(path: Path) -> SourceFile | None:
    """Return what the start of a file tells where no mapping says anything of it yet, or None where it holds no line at all.

    The header is that of the file, or `column_1`, `column_2`, ... where its first line holds values; records are those of the start.

    Raises: `DataError` for a file that does not exist, is a spreadsheet or cannot be read.
    """
    if not path.is_file():
        raise DataError(f"There is no file {path}.")
    if fault := spreadsheet_fault(path):
        raise DataError(fault)
    start = read_start(path)
    if start.is_parquet:
        return _open_parquet(path, is_hive=False)
    dialect = find_dialect(start, TableMapping.model_validate({"files": [str(path)]}))
    if dialect is None:
        return None
    names = dialect.names
    if not any(character.isalpha() for name in names for character in name) or sum(map(_is_value, names)) > len(names) / 2:
        dialect = replace(dialect, names=positions(len(names)), skip_lines=dialect.skip_lines - 1, header=b"")
    return _text_file(path, dialect, prepare_start(start, dialect))


def _is_value(name: str) -> bool:
    return bool(re.fullmatch(r"[\d.,:/\- ]+", name))


def _text_file(path: Path, dialect: Dialect, prepared: Prepared) -> SourceFile:
    schema: dict[str, Any] = dict.fromkeys(dialect.names, pl.String())
    scanned = None if prepared.scanned == path else prepared.scanned
    return SourceFile(path, schema, prepared.records, dialect, scanned, prepared.empty, prepared.broken, prepared.totals)


def _open_parquet(path: Path, *, is_hive: bool) -> SourceFile:
    try:
        frame = pl.scan_parquet(path, hive_partitioning=is_hive)
        schema, rows = dict(frame.collect_schema()), frame.select(pl.len()).collect().item()
    except (PolarsError, OSError) as error:
        raise DataError(f"{path} cannot be read as Parquet ({str(error).splitlines()[0]}); write it again.") from None
    return SourceFile(path, schema, rows, is_hive=is_hive)


def scan(files: Sequence[SourceFile], columns: Iterable[str], *, with_broken: bool = False) -> pl.LazyFrame:
    """Return the records of files with the same columns as one frame: the columns, source_index (+ broken: text of an unreadable row)."""
    if files[0].dialect:
        frames = [_scan_text(file, file.dialect, list(columns), with_broken) for file in files if file.dialect]
    else:
        frames = [_scan_parquet(run).select(*columns, pl.col("source_index").cast(pl.Int64)) for run in _runs(files)]
    return frames[0] if len(frames) == 1 else pl.concat(frames)


def _runs(files: Sequence[SourceFile]) -> list[list[SourceFile]]:
    """Return the files in runs that follow each other without a gap: each run is one scan."""
    runs: list[list[SourceFile]] = []
    for file in files:
        if runs and runs[-1][-1].first_index + runs[-1][-1].rows == file.first_index:
            runs[-1].append(file)
        else:
            runs.append([file])
    return runs


def _scan_parquet(files: Sequence[SourceFile]) -> pl.LazyFrame:
    return pl.scan_parquet(
        [file.path for file in files],
        row_index_name="source_index",
        row_index_offset=files[0].first_index,
        hive_partitioning=files[0].is_hive,
        extra_columns="ignore",
    )


def _scan_text(file: SourceFile, dialect: Dialect, columns: list[str], with_broken: bool) -> pl.LazyFrame:
    frame = pl.scan_csv(
        file.scanned or file.path,
        separator=dialect.separator,
        quote_char=dialect.quote or None,
        has_header=False,
        skip_lines=dialect.skip_lines,
        schema=file.schema,
        infer_schema=False,
        row_index_name="source_index",
        row_index_offset=file.first_index,
        raise_if_empty=False,
    )
    if file.empty:
        frame = frame.filter(~pl.all_horizontal(pl.col(name).is_null() for name in dialect.names))
    first = dialect.names[0]
    wanted = [pl.col(name) for name in columns]
    if with_broken:
        marked = pl.col(first).str.starts_with(MARK).fill_null(False)
        if file.broken and first in columns:
            wanted[columns.index(first)] = pl.when(~marked).then(pl.col(first)).alias(first)
        broken = pl.when(marked).then(pl.col(first)) if file.broken else pl.lit(None, pl.String)
        wanted.append(broken.alias("broken"))
    return frame.select(*wanted, pl.col("source_index").cast(pl.Int64))
