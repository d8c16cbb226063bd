"""What is learned of one file, once: how it is written, its columns, how many records it holds; and those records as a lazy frame."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from toolkit.sources.databases.addresses import SourceTable
from toolkit.sources.records.delimited import MARK
from toolkit.sources.records.json_records import RECORD, UNREAD
from toolkit.sources.records.workbook import as_type
from toolkit.sources.written.dialect import Dialect

SAMPLE_RECORDS = 2000


@dataclass(frozen=True)
class SourceFile:
    """One file, looked at: a table and a proposal alike read it by what is known here."""

    path: Path
    schema: dict[str, pl.DataType]  # all its columns; those of a text file are text, of a sheet what all their cells are
    rows: int  # data records; empty lines of a text file are counted in, and passed over
    dialect: Dialect | None = None  # how a text file is written; None = Parquet
    scanned: Path | bytes | tuple[Path, ...] | None = None  # the copy that is read instead; of a database in parts
    empty: int = 0
    broken: int = 0  # totals included
    totals: int = 0
    first_index: int = 0  # of its first record, among the files of a table
    is_hive: bool = False  # some columns are in the names of its folders
    sheet: str = ""  # of a spreadsheet: the one that is read
    marked: frozenset[str] = frozenset()  # columns with cells that cannot be believed: they stand behind MARK and a key of BROKEN
    unfolded: str = ""  # of JSON: the list whose items are the rows
    is_numbered: bool = False  # the copy says which record a row comes from
    beside: tuple[str, ...] = ()  # other files of its zip, which lack wanted columns and are left out
    counts_from_1904: bool = False  # a spreadsheet whose days are counted from there
    types: Mapping[str, str] = field(default_factory=dict, hash=False)  # of a table in a database: column -> its type there
    source: SourceTable | None = None  # that table
    first_rows: int = 0  # of a table in a database of which no more was looked at

    @property
    def first_row(self) -> int:
        """The number that a person gives to the first data row."""
        return self.dialect.skip_lines + 1 if self.dialect else 1

    def row_numbers(self, places: Sequence[int]) -> list[int]:
        """Return the numbers that a person gives to rows, by their places among the rows of the file."""
        if not self.is_numbered:
            return [place + self.first_row for place in places]
        numbers = pl.scan_parquet(self.scanned, glob=False).select(RECORD).collect()[RECORD]  # type: ignore[arg-type]
        return numbers.gather(list(places)).to_list()

    @property
    def title(self) -> str:
        """What a person calls it."""
        if self.source:
            return self.path.as_posix()
        return f"{self.path.name} {self.sheet!r}" if self.sheet else self.path.name

    @property
    def has_broken(self) -> bool:
        """Whether some of its rows may not be readable."""
        return bool(self.broken or self.marked)


def scan(files: Sequence[SourceFile], columns: Iterable[str], *, with_broken: bool = False) -> pl.LazyFrame:
    """Return the records of files with the same columns as one frame: the columns, source_index (+ broken: text of an unreadable row)."""
    if files[0].dialect:
        frames = [_scan_text(file, file.dialect, list(columns), with_broken) for file in files if file.dialect]
    else:
        frames = [
            _scan_parquet(run).select(*columns, *_no_records(run[0], with_broken), pl.col("source_index").cast(pl.Int64))
            for run in _runs(files)
        ]
    return frames[0] if len(frames) == 1 else pl.concat(frames)


def _no_records(file: SourceFile, with_broken: bool) -> list[pl.Expr]:
    """Return the column of texts that are no records, where it is asked for, marked as records that could not be read."""
    if not with_broken:
        return []
    marked = MARK + "j" + pl.col(UNREAD) if file.broken else pl.lit(None, pl.String)
    return [marked.alias("broken")]


def _runs(files: Sequence[SourceFile]) -> list[list[SourceFile]]:
    """Return the files in runs that follow each other without a gap: each run is one scan."""
    runs: list[list[SourceFile]] = []
    for file in files:
        if runs and not (file.scanned or runs[-1][-1].scanned) and runs[-1][-1].first_index + runs[-1][-1].rows == file.first_index:
            runs[-1].append(file)
        else:
            runs.append([file])
    return runs


def _scan_parquet(files: Sequence[SourceFile]) -> pl.LazyFrame:
    copy = files[0].scanned
    return pl.scan_parquet(
        list(copy) if isinstance(copy, tuple) else copy or [file.path for file in files],
        row_index_name="source_index",
        row_index_offset=files[0].first_index,
        hive_partitioning=files[0].is_hive,
        extra_columns="ignore",
        glob=False,
    )


def _scan_text(file: SourceFile, dialect: Dialect, columns: list[str], with_broken: bool) -> pl.LazyFrame:
    frame = pl.scan_csv(
        file.scanned or file.path,  # type: ignore[arg-type] - no copy in parts
        separator=dialect.separator,
        quote_char=dialect.quote or None,
        has_header=False,
        skip_lines=dialect.skip_lines,
        schema=dict.fromkeys(dialect.names, pl.String()),
        infer_schema=False,
        row_index_name="source_index",
        row_index_offset=file.first_index,
        raise_if_empty=False,
        glob=False,
    )
    if file.empty:
        frame = frame.filter(~pl.all_horizontal(pl.col(name).is_null() for name in dialect.names))
    first = dialect.names[0]
    wanted = [as_type(pl.col(name), file.schema[name]).alias(name) for name in columns]
    if with_broken:
        marked = pl.col(first).str.starts_with(MARK).fill_null(False)
        if file.broken and first in columns:
            wanted[columns.index(first)] = pl.when(~marked).then(wanted[columns.index(first)]).alias(first)
        broken = pl.when(marked).then(pl.col(first)) if file.broken else pl.lit(None, pl.String)
        wanted.append(pl.coalesce(broken, *_unbelieved(file, columns)).alias("broken"))
    return frame.select(*wanted, pl.col("source_index").cast(pl.Int64))


def _unbelieved(file: SourceFile, columns: Sequence[str]) -> list[pl.Expr]:
    """Return the rows of a sheet in which a wanted cell cannot be believed, as records that could not be read: marked, with their text."""
    cells = [pl.col(name).fill_null("").str.replace(f"^{MARK}.", "") for name in columns]
    text = pl.concat_str(cells, separator="\x1f")
    return [
        pl.when(pl.col(name).str.starts_with(MARK)).then(pl.concat_str(pl.col(name).str.head(2), text))
        for name in columns
        if name in file.marked
    ]
