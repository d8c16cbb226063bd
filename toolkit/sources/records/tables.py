"""The files of a table, found and opened: their records in as few lazy frames as their columns allow, every row with its number.

`source_index` counts the rows of all files of a table from 0, in file-name order. `locate` turns it back into file and row: the row as a
spreadsheet numbers it (the header line is row 1), for Parquet the first row is 1.
"""

from __future__ import annotations

import glob
import os
import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import polars as pl

from toolkit.errors import MappingError
from toolkit.schemas import CONTRACT
from toolkit.sources.mapping import Mapping, did_you_mean
from toolkit.sources.records.filled import filled_down
from toolkit.sources.records.shelf import ENDINGS, Shelf, is_workbook, spreadsheet_fault, tables_in
from toolkit.sources.records.source_file import SAMPLE_RECORDS, SourceFile, scan
from toolkit.sources.specs import CELLS, FileEntry, TableMapping
from toolkit.sources.written.archives import is_zip, zip_of

MOST_FAULTS = 20


@dataclass(frozen=True)
class Records:
    """The raw records of files with the same columns and types: the columns a table needs, source_index (+ broken)."""

    frame: pl.LazyFrame
    schema: dict[str, pl.DataType]
    files: tuple[SourceFile, ...]
    spec: TableMapping | None = None  # the section as it goes for these files
    only: pl.Expr | None = None  # the rows that the mapping asks for; none = all
    orphans: dict[str, str] = field(default_factory=dict)  # column that marks rows without a partner in joined files -> the reason
    is_copy: bool = False  # the frame is a copy on disk, with columns that the files themselves do not have

    def narrowed(self, only: pl.Expr) -> Records:
        """Return the records that hold a condition."""
        return replace(self, frame=self.frame.filter(only), only=only)

    @property
    def has_broken(self) -> bool:
        """Whether there are rows that could not be read: their text is in the column `broken`."""
        return any(file.has_broken for file in self.files)

    @property
    def unusable(self) -> pl.Expr | None:
        """Which rows could not be read or have no partner; none where all are whole."""
        marks = [pl.col("broken").is_not_null()] if self.has_broken else []
        marks += [pl.col(name) for name in self.orphans]
        return pl.any_horizontal(marks) if marks else None

    @cached_property
    def sample(self) -> pl.DataFrame:
        """The first records of the first, the middle and the last file: what formats are told by."""
        if not self.files:
            return self.frame.select(*self.schema).collect()
        shown = [self.files[number] for number in sorted({0, len(self.files) // 2, len(self.files) - 1})]
        if self.is_copy:
            ranges = [pl.col("source_index").is_between(file.first_index, file.first_index + file.rows - 1) for file in shown]
            return pl.concat([self.frame.filter(rows).select(*self.schema).head(SAMPLE_RECORDS) for rows in ranges]).collect()
        scans = [frame for file in shown for frame in _scans([file], self.schema, self.spec, with_broken=self.has_broken)]
        scans = scans if self.only is None else [frame.filter(self.only) for frame in scans]
        return pl.concat([frame.select(*self.schema).head(SAMPLE_RECORDS) for frame in scans]).collect()


def find_files(mapping: Mapping, table: str) -> list[tuple[Path, FileEntry]]:
    """Return the files of a table, each once (each sheet that is named of it once), in the order of their names, with their entries.

    A file that several entries find is that of the one which states how it is written, the last of those.

    Raises: `MappingError` where a pattern finds nothing or finds spreadsheets of a kind that is not read.
    """
    files: dict[tuple[str, str | int | None], tuple[Path, FileEntry]] = {}
    faults = []
    for entry in sorted(mapping.tables[table].files, key=lambda entry: bool(entry.stated)):
        if (mapping.tables[table].of(entry)).source_table is not None:
            files[entry.path, None] = Path(entry.path), entry
            continue
        place = os.path.join(mapping.folder, entry.path)
        pattern = os.path.join(glob.escape(str(mapping.folder)), entry.path)
        is_there = os.path.exists(place) or zip_of(Path(place)) is not None
        matches = [Path(place)] if is_there else [Path(match) for match in glob.glob(pattern, recursive=True)]
        paths = [path for match in matches for path in (_inside(match) if match.is_dir() else [match])]
        if not paths:
            faults.append(f"{mapping.label} [{table}] files: {entry.path!r} finds no file (looked in {Path(mapping.folder).resolve()}).")
        faults += [fault for path in paths if (fault := spreadsheet_fault(path))]
        for part in [] if faults else [part for path in paths for part in _unzipped(path, entry, mapping.tables[table])]:
            real = os.path.realpath(part)  # a pattern and a name, or two names, may find the same file
            if entry.sheet is not None:
                files.pop((real, None), None)
            if entry.stated or (real, None) not in files:
                files[real, entry.sheet] = part, entry
    if faults:
        raise MappingError("\n".join(faults[:MOST_FAULTS]))
    return sorted(files.values(), key=lambda found: str(found[0]))


def _unzipped(path: Path, entry: FileEntry, spec: TableMapping) -> list[Path]:
    """Return a file as it is, or the files in it where it is a zip."""
    if zip_of(path) is not None or is_workbook(path) or not is_zip(path):
        return [path]
    return tables_in(path, entry.member or spec.member)


def _inside(folder: Path) -> list[Path]:
    def wanted(path: Path) -> bool:
        hidden = any(part.startswith((".", "_", "~$")) for part in path.relative_to(folder).parts)
        return path.is_file() and not hidden and re.sub(r"\.(gz|zip)$", "", path.name.lower()).endswith(ENDINGS)

    return [path for path in sorted(folder.rglob("*")) if wanted(path)]


def open_table(mapping: Mapping, table: str, shelf: Shelf) -> list[Records]:
    """Return the raw records of a table, in groups of files that are written alike.

    Raises: `MappingError` naming every file that lacks a mapped column, with the nearest column; `DataError` where a file cannot be read.
    """
    whole = mapping.tables[table]
    specs = {entry: whole.of(entry) for entry in whole.files}
    faults: list[str] = []
    groups: dict[tuple, tuple[TableMapping, list[SourceFile]]] = {}
    first = 0
    opened = [(path, specs[entry], shelf.open(path, specs[entry])) for path, entry in find_files(mapping, table)]
    others = _of_other_tables([(path, spec, file) for path, spec, file in opened if file is not None])
    needed = tuple(dict.fromkeys([*whole.raw_columns, *whole.fill_down]))
    for path, spec, file in opened:
        if file is None or path in others:
            continue
        if left := [other.name for other in others if others[other] == path]:
            file = replace(file, beside=tuple(left))
        faults += [_missing(mapping, table, path, name, list(file.schema)) for name in needed if name not in file.schema]
        types = tuple(sorted((name, str(file.schema.get(name))) for name in spec.raw_columns))
        if file.dialect and not file.sheet:
            types = (file.dialect.delimiter,)
        # files whose cells the mapping says to be written otherwise are a group of their own
        key = (bool(file.dialect), types, tuple(getattr(spec, name) for name in CELLS))
        groups.setdefault(key, (spec, []))[1].append(replace(file, first_index=first))
        first += file.rows
    if faults:
        more = [f"... and {len(faults) - MOST_FAULTS} more like these."] if len(faults) > MOST_FAULTS else []
        raise MappingError("\n".join(faults[:MOST_FAULTS] + more))
    return [_together(tuple(files), spec) for spec, files in groups.values()]


def _of_other_tables(opened: Sequence[tuple[Path, TableMapping, SourceFile]]) -> dict[Path, Path]:
    """Return the files of zips that lack wanted columns while another of the same zip has them all: each with that other."""
    lacking: dict[Path, list[Path]] = {}
    first: dict[Path, Path] = {}
    for path, spec, file in opened:
        archive = zip_of(path)
        if archive is not None and {*spec.raw_columns, *spec.fill_down} <= set(file.schema):
            first.setdefault(archive, path)
        elif archive is not None:
            lacking.setdefault(archive, []).append(path)
    return {path: first[archive] for archive, paths in lacking.items() if archive in first for path in paths}


def _together(files: tuple[SourceFile, ...], spec: TableMapping) -> Records:
    wanted = spec.raw_columns
    schema = {name: dtype for name, dtype in files[0].schema.items() if name in wanted}
    scans = _scans(files, schema, spec, with_broken=any(file.has_broken for file in files))
    return Records(scans[0] if len(scans) == 1 else pl.concat(scans), schema, files, spec)


def _scans(
    files: Sequence[SourceFile], schema: dict[str, pl.DataType], spec: TableMapping | None, *, with_broken: bool
) -> list[pl.LazyFrame]:
    """Return the records of files: as few frames as can be, or one a file where order fields are filled down in each."""
    if spec is None or not spec.fill_down:
        return [scan(files, schema, with_broken=with_broken)]
    return [filled_down(scan([file], schema, with_broken=with_broken), schema, spec, has_broken=with_broken) for file in files]


def _missing(mapping: Mapping, table: str, path: Path, name: str, known: list[str]) -> str:
    twice = [column for column in known if re.fullmatch(re.escape(name) + r" \(\d+\)", column)]
    if twice:
        which = " or ".join(f"'{column}'" for column in twice[:2])
        return f"{path.name} has {len(twice)} columns named '{name}'; {mapping.label} [{table}.columns] must say which: {which}."
    hint = did_you_mean(name, known, f"; it has: {', '.join(known[:30])}{', ...' if len(known) > 30 else ''}.")
    spec = mapping.tables[table]
    named = {name for column in (*spec.columns.values(), *spec.attributes.values()) for name in column.raw_columns}
    parts = {"columns": named, "keep": spec.keep, "drop": spec.drop}
    section = next((f"[{table}.{part}]" for part, columns in parts.items() if name in columns), f"[{table}] fill_down or within")
    if table not in CONTRACT or name in spec.also_read:  # a section of the whole shop
        section = f"[{table}]" if table not in CONTRACT else "[currency_rates]"
    return f"{path.name} has no column '{name}', which {mapping.label} {section} names{hint}"


def locate(rows: pl.DataFrame, files: Sequence[SourceFile]) -> pl.DataFrame:
    """Return the rows with source_file and source_row in place of source_index."""
    starts = [file.first_index for file in files]
    indexes = rows["source_index"].to_list()
    of_file: dict[int, list[int]] = {}
    for place, index in enumerate(indexes):
        of_file.setdefault(bisect_right(starts, index) - 1, []).append(place)
    names, numbers = [""] * len(indexes), [0] * len(indexes)
    for number, places in of_file.items():
        file = files[number]
        found = file.row_numbers([indexes[place] - file.first_index for place in places])
        for place, row in zip(places, found, strict=True):
            names[place], numbers[place] = str(file.path), row
    located = pl.DataFrame(
        {"source_file": names, "source_row": numbers},
        schema={"source_file": pl.String, "source_row": pl.Int64},
    )
    return pl.concat([located, rows.drop("source_index")], how="horizontal")
