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
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import polars as pl

from toolkit.errors import MappingError
from toolkit.sources.mapping import Mapping, did_you_mean
from toolkit.sources.records.filled import filled_down
from toolkit.sources.records.source_file import SAMPLE_RECORDS, Shelf, SourceFile, scan, spreadsheet_fault
from toolkit.sources.specs import TableMapping

ENDINGS = (".csv", ".tsv", ".txt", ".tab", ".psv", ".dat", ".parquet", ".pq")
MOST_FAULTS = 20


@dataclass(frozen=True)
class Records:
    """The raw records of files with the same columns and types: the columns a table needs, source_index (+ broken)."""

    frame: pl.LazyFrame
    schema: dict[str, pl.DataType]
    files: tuple[SourceFile, ...]
    only: pl.Expr | None = None  # the rows that the mapping asks for; none = all
    spec: TableMapping | None = None  # where it says that order fields stand on the first line alone

    def narrowed(self, only: pl.Expr) -> Records:
        """Return the records that hold a condition."""
        return replace(self, frame=self.frame.filter(only), only=only)

    @property
    def has_broken(self) -> bool:
        """Whether there are rows that could not be read: their text is in the column `broken`."""
        return any(file.broken for file in self.files)

    @cached_property
    def sample(self) -> pl.DataFrame:
        """The first records of the first, the middle and the last file: what formats are told by."""
        if not self.files:
            return self.frame.select(*self.schema).collect()
        shown = [self.files[number] for number in sorted({0, len(self.files) // 2, len(self.files) - 1})]
        scans = [frame for file in shown for frame in _scans([file], self.schema, self.spec, with_broken=self.has_broken)]
        scans = scans if self.only is None else [frame.filter(self.only) for frame in scans]
        return pl.concat([frame.select(*self.schema).head(SAMPLE_RECORDS) for frame in scans]).collect()


def find_files(mapping: Mapping, table: str) -> list[Path]:
    """Return the files of a table, each once, in the order of their names.

    Raises: `MappingError` where a pattern finds nothing or finds spreadsheets.
    """
    files: dict[str, Path] = {}
    faults = []
    for pattern in mapping.tables[table].files:
        place = os.path.join(mapping.folder, pattern)
        matches = [Path(place)] if os.path.exists(place) else [Path(match) for match in glob.glob(place, recursive=True)]
        paths = [path for match in matches for path in (_inside(match) if match.is_dir() else [match])]
        if not paths:
            faults.append(f"{mapping.label} [{table}] files: {pattern!r} finds no file (looked in {Path(mapping.folder).resolve()}).")
        faults += [fault for path in paths if (fault := spreadsheet_fault(path))]
        files |= {str(path): path for path in paths}
    if faults:
        raise MappingError("\n".join(faults[:MOST_FAULTS]))
    return [files[name] for name in sorted(files)]


def _inside(folder: Path) -> list[Path]:
    def wanted(path: Path) -> bool:
        hidden = any(part.startswith((".", "_")) for part in path.relative_to(folder).parts)
        return path.is_file() and not hidden and re.sub(r"\.(gz|zip)$", "", path.name.lower()).endswith(ENDINGS)

    return [path for path in sorted(folder.rglob("*")) if wanted(path)]


def open_table(mapping: Mapping, table: str, shelf: Shelf) -> list[Records]:
    """Return the raw records of a table, in groups of files that share their columns' types.

    Raises: `MappingError` naming every file that lacks a mapped column, with the nearest column; `DataError` where a file cannot be read.
    """
    spec = mapping.tables[table]
    faults: list[str] = []
    groups: dict[tuple, list[SourceFile]] = {}
    first = 0
    needed = tuple(dict.fromkeys([*spec.raw_columns, *spec.fill_down]))
    for path in find_files(mapping, table):
        file = shelf.open(path, spec)
        if file is None:
            continue
        faults += [_missing(mapping, table, path, name, list(file.schema)) for name in needed if name not in file.schema]
        types = ("text",) if file.dialect else tuple(sorted((name, str(file.schema.get(name))) for name in spec.raw_columns))
        groups.setdefault(types, []).append(replace(file, first_index=first))
        first += file.rows
    if faults:
        more = [f"... and {len(faults) - MOST_FAULTS} more like these."] if len(faults) > MOST_FAULTS else []
        raise MappingError("\n".join(faults[:MOST_FAULTS] + more))
    return [_together(tuple(files), spec) for files in groups.values()]


def _together(files: tuple[SourceFile, ...], spec: TableMapping) -> Records:
    wanted = spec.raw_columns
    schema = {name: dtype for name, dtype in files[0].schema.items() if name in wanted}
    scans = _scans(files, schema, spec, with_broken=any(file.broken for file in files))
    return Records(scans[0] if len(scans) == 1 else pl.concat(scans), schema, files, spec=spec if spec.fill_down else None)


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
    return f"{path.name} has no column '{name}', which {mapping.label} {section} names{hint}"


def locate(rows: pl.DataFrame, files: Sequence[SourceFile]) -> pl.DataFrame:
    """Return the rows with source_file and source_row in place of source_index."""
    starts = [file.first_index for file in files]
    places = [(index, files[bisect_right(starts, index) - 1]) for index in rows["source_index"].to_list()]
    located = pl.DataFrame(
        {
            "source_file": [str(file.path) for _, file in places],
            "source_row": [index - file.first_index + file.first_row for index, file in places],
        },
        schema={"source_file": pl.String, "source_row": pl.Int64},
    )
    return pl.concat([located, rows.drop("source_index")], how="horizontal")
