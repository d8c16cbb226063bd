"""The files of a table, found and made readable: raw columns as lazy frames, every row with its number.

`source_index` counts the rows of all files of a table from 0, in file-name order. `locate` turns it back into file and row: the row as a
spreadsheet numbers it (the header line is row 1), for Parquet the first row is 1.
"""

from __future__ import annotations

import glob
import os
import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl
from polars.exceptions import PolarsError

from toolkit.errors import DataError, MappingError, nearest
from toolkit.sources.blocks import WrongEncoding
from toolkit.sources.delimited import MARK, Dialect, prepare
from toolkit.sources.dialect import find_dialect
from toolkit.sources.mapping import Mapping
from toolkit.sources.specs import TableMapping

TEXT_ENDINGS = (".csv", ".tsv", ".txt", ".tab", ".psv", ".dat")
SPREADSHEETS = (".xlsx", ".xls", ".xlsm", ".ods", ".numbers")
MOST_FAULTS = 20


@dataclass(frozen=True)
class SourceFile:
    """One file of a table, and how it is read."""

    path: Path
    format: str  # parquet or csv
    rows: int  # data rows; empty lines of a text file are counted in, and passed over
    empty: int = 0
    broken: int = 0
    first_index: int = 0
    first_row: int = 1  # the number a person gives to the first data row
    dialect: Dialect | None = None
    scanned: Path | None = None  # the copy that is read instead


@dataclass(frozen=True)
class RawGroup:
    """Files with the same columns and types, as one lazy frame of raw columns + source_index (+ broken: text of an unreadable row)."""

    frame: pl.LazyFrame
    schema: dict[str, pl.DataType]
    files: tuple[SourceFile, ...]
    has_broken: bool
    samples: tuple[pl.LazyFrame, ...] = ()  # the first, the middle and the last file, to look at formats


def find_files(mapping: Mapping, table: str) -> list[Path]:
    """Return the files of a table, each once, in the order of their names.

    Raises: `MappingError` where a pattern finds nothing or finds spreadsheets.
    """
    found: dict[str, Path] = {}
    faults = []
    for pattern in mapping.tables[table].files:
        place = os.path.join(mapping.folder, pattern)
        matches = [Path(place)] if os.path.exists(place) else [Path(match) for match in glob.glob(place, recursive=True)]
        paths = [path for match in matches for path in (_inside(match) if match.is_dir() else [match])]
        if not paths:
            faults.append(f"{mapping.label} [{table}] files: {pattern!r} finds no file (looked in {Path(mapping.folder).resolve()}).")
        for path in paths:
            if path.suffix.lower() in SPREADSHEETS:
                faults.append(f"{path} is a spreadsheet; save the sheet as CSV (UTF-8) and name that file.")
            found[str(path)] = path
    if faults:
        raise MappingError("\n".join(faults[:MOST_FAULTS]))
    return [found[name] for name in sorted(found)]


def _inside(folder: Path) -> list[Path]:
    def wanted(path: Path) -> bool:
        name = re.sub(r"\.(gz|zip)$", "", path.name.lower())
        hidden = any(part.startswith((".", "_")) for part in path.relative_to(folder).parts)
        return path.is_file() and not hidden and name.endswith((*TEXT_ENDINGS, ".parquet", ".pq"))

    return [path for path in sorted(folder.rglob("*")) if wanted(path)]


def is_parquet(path: Path) -> bool:
    """Return whether a file is Parquet, by its first bytes."""
    with path.open("rb") as stream:
        return stream.read(4) == b"PAR1"


def open_table(mapping: Mapping, table: str, scratch: Path) -> list[RawGroup]:
    """Return the raw rows of a table, in groups of files that share their columns' types; text copies are written to `scratch`.

    Raises: `MappingError` naming every file that lacks a mapped column, with the nearest column; `DataError` where a file cannot be read.
    """
    spec = mapping.tables[table]
    faults: list[str] = []
    groups: dict[tuple, list[tuple[SourceFile, dict[str, pl.DataType]]]] = {}
    first = 0
    for number, path in enumerate(find_files(mapping, table)):
        format_ = spec.format or ("parquet" if is_parquet(path) else "csv")
        if format_ == "parquet":
            opened = _open_parquet(path, spec)
        else:
            opened = _open_text(path, spec, scratch / f"{table}-{number}.csv")
        if opened is None:
            continue
        file, schema = opened
        missing = [name for name in spec.raw_columns if name not in schema]
        faults += [_missing(mapping, table, path, name, list(schema)) for name in missing]
        needed = {name: schema[name] for name in schema if name in spec.raw_columns}
        file = _replace(file, first_index=first)
        first += file.rows
        key = ("csv",) if format_ == "csv" else tuple(sorted((name, str(dtype)) for name, dtype in needed.items()))
        groups.setdefault(key, []).append((file, schema if format_ == "csv" else needed))
    if faults:
        more = [f"... and {len(faults) - MOST_FAULTS} more like these."] if len(faults) > MOST_FAULTS else []
        raise MappingError("\n".join(faults[:MOST_FAULTS] + more))
    return [_grouped(members, spec) for members in groups.values()]


def _missing(mapping: Mapping, table: str, path: Path, name: str, known: list[str]) -> str:
    twice = [column for column in known if re.fullmatch(re.escape(name) + r" \(\d+\)", column)]
    if twice:
        which = " or ".join(f"'{column}'" for column in twice[:2])
        return f"{path.name} has {len(twice)} columns named '{name}'; {mapping.label} [{table}.columns] must say which: {which}."
    near = nearest(name, known)
    guess = f"did you mean '{near[0]}'?" if near else f"it has: {', '.join(known[:30])}{', ...' if len(known) > 30 else ''}."
    return f"{path.name} has no column '{name}', which {mapping.label} [{table}.columns] names; {guess}"


def _replace(file: SourceFile, **changes: object) -> SourceFile:
    return SourceFile(**{**file.__dict__, **changes})  # type: ignore[arg-type]


def _open_parquet(path: Path, spec: TableMapping) -> tuple[SourceFile, dict[str, pl.DataType]]:
    try:
        scan = pl.scan_parquet(path, hive_partitioning=_hive(path, spec))
        schema = dict(scan.collect_schema())
        rows = scan.select(pl.len()).collect().item()
    except (PolarsError, OSError) as error:
        raise DataError(f"{path} cannot be read as Parquet ({str(error).splitlines()[0]}); write it again.") from None
    return SourceFile(path, "parquet", rows), schema


def _hive(path: Path, spec: TableMapping) -> bool:
    return any(f"{name}=" in part for part in path.parts for name in spec.raw_columns)


def _open_text(path: Path, spec: TableMapping, copy: Path) -> tuple[SourceFile, dict[str, pl.DataType]] | None:
    dialect = find_dialect(path, spec)
    if dialect is None:
        return None
    try:
        prepared = prepare(path, dialect, copy)
    except WrongEncoding as fault:
        # The start of the file was plain ASCII, or fitted by chance: choose again by the bytes that did not fit.
        again = None if spec.encoding else find_dialect(path, spec, sample=fault.around)
        try:
            if again is None or again.encoding == dialect.encoding:
                raise fault
            dialect, prepared = again, prepare(path, again, copy)
        except WrongEncoding as still:
            raise DataError(
                f"{path} does not decode as {dialect.encoding}: offset {still.offset}, line {still.line}; "
                "state the `encoding` it is in, or have the damaged line written again."
            ) from None
    if prepared.path == copy:
        scanned: Path | None = copy
    else:
        scanned = None
    rows = prepared.records
    file = SourceFile(path, "csv", rows, prepared.empty, prepared.broken, 0, dialect.skip_lines + 1, dialect, scanned)
    return file, dict.fromkeys(dialect.names, pl.String())


def _grouped(members: list[tuple[SourceFile, dict[str, pl.DataType]]], spec: TableMapping) -> RawGroup:
    files = tuple(file for file, _ in members)
    has_broken = any(file.broken for file in files)
    needed = {name: dtype for name, dtype in members[0][1].items() if name in spec.raw_columns}
    if files[0].format == "parquet":
        frames = [_scan_parquet(run, spec) for run in _runs(files)]
        frames = [frame.select(*needed, pl.col("source_index").cast(pl.Int64)) for frame in frames]
    else:
        frames = [_scan_text(file, list(needed), has_broken) for file in files]
    frame = frames[0] if len(frames) == 1 else pl.concat(frames)
    shown = sorted({0, len(files) // 2, len(files) - 1})
    if files[0].format == "parquet":
        samples = [_scan_parquet([files[number]], spec).select(*needed) for number in shown]
    else:
        samples = [_scan_text(files[number], list(needed), has_broken).select(*needed) for number in shown]
    return RawGroup(frame, needed, files, has_broken, tuple(samples))


def _runs(files: Sequence[SourceFile]) -> list[list[SourceFile]]:
    """Return the files in runs that follow each other without a gap: each run is one scan."""
    runs: list[list[SourceFile]] = []
    for file in files:
        if runs and runs[-1][-1].first_index + runs[-1][-1].rows == file.first_index:
            runs[-1].append(file)
        else:
            runs.append([file])
    return runs


def _scan_parquet(files: Sequence[SourceFile], spec: TableMapping) -> pl.LazyFrame:
    return pl.scan_parquet(
        [file.path for file in files],
        row_index_name="source_index",
        row_index_offset=files[0].first_index,
        hive_partitioning=_hive(files[0].path, spec),
        extra_columns="ignore",
    )


def _scan_text(file: SourceFile, needed: list[str], has_broken: bool) -> pl.LazyFrame:
    dialect = file.dialect
    assert dialect is not None
    frame = pl.scan_csv(
        file.scanned or file.path,
        separator=dialect.separator,
        quote_char=dialect.quote or None,
        has_header=False,
        skip_lines=dialect.skip_lines,
        schema=dict.fromkeys(dialect.names, pl.String()),
        infer_schema=False,
        row_index_name="source_index",
        row_index_offset=file.first_index,
        raise_if_empty=False,
    )
    if file.empty:
        frame = frame.filter(~pl.all_horizontal(pl.col(name).is_null() for name in dialect.names))
    first = dialect.names[0]
    columns = [pl.col(name) for name in needed]
    if has_broken:
        marked = pl.col(first).str.starts_with(MARK).fill_null(False)
        broken = pl.when(marked).then(pl.col(first)) if file.broken else pl.lit(None, pl.String)
        if file.broken and first in needed:
            columns[needed.index(first)] = pl.when(~marked).then(pl.col(first)).alias(first)
        columns.append(broken.alias("broken"))
    return frame.select(*columns, pl.col("source_index").cast(pl.Int64))


def locate(rows: pl.DataFrame, files: Sequence[SourceFile]) -> pl.DataFrame:
    """Return the rows with source_file and source_row in place of source_index."""
    starts = [file.first_index for file in files]
    places = [bisect_right(starts, index) - 1 for index in rows["source_index"].to_list()]
    names = [str(files[place].path) for place in places]
    numbers = [
        index - files[place].first_index + files[place].first_row
        for index, place in zip(rows["source_index"].to_list(), places, strict=True)
    ]
    located = pl.DataFrame({"source_file": names, "source_row": numbers}, schema={"source_file": pl.String, "source_row": pl.Int64})
    return pl.concat([located, rows.drop("source_index")], how="horizontal")
