"""What came since the last night: files that were read before and are as they were are skipped; of those that grew the last days count.

What was read is kept in the workspace (`documents/read/`), a TOML file for each source of receipts: a person who wants a file read again
takes it out there. A file is known by its name, size and time, or by its content where only the time is another. Of a file that was read
before and has changed, rows are looked at from some days before the last receipts on (late receipts, corrections): those store days are
replaced whole, as ever. A new file is read whole.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from toolkit import language
from toolkit.errors import DataError
from toolkit.integrity import seal_now
from toolkit.language import later, tr, trn
from toolkit.sources.convert import Typed
from toolkit.sources.mapping import Mapping, Since
from toolkit.sources.records.tables import find_files
from toolkit.sources.specs import FileEntry
from toolkit.sources.written.archives import zip_of
from toolkit.workspace import Workspace

OVERLAP_DAYS = 3
"""Days before the last receipts from which rows are looked at again: tills that were not connected send theirs late."""
_BEFORE = timedelta(days=2)
"""Days more that a database is asked for: of the night before the first day, and of a zone that is not the shop's."""
SHRINK_LIMIT = 0.5
"""A file that has less than this share of the bytes it had is refused: an export that broke off."""
_KINDS = (
    (pl.Boolean, later("yes or no")),
    (pl.String, later("text")),
    (pl.Categorical, later("text")),
    (pl.Datetime, later("times")),
    (pl.Date, later("dates")),
)


@dataclass(frozen=True)
class News:
    """What a mapping's files hold that was not read before."""

    mapping: Mapping | None  # of the files to be read; None = there is nothing new
    notes: tuple[str, ...]  # what was not looked at, a sentence each
    read: dict[str, Any]  # what will have been read once the import is done


def since_last(source: Mapping, workspace: str | Path, *, overlap_days: int = OVERLAP_DAYS, allow_shrinking: bool = False) -> News:
    """Return what is new in the files of a mapping since they were last read into a workspace.

    Raises
    ------
    MappingError
        A pattern finds no file.
    DataError
        A file has less than half of its bytes, or a column of it is of another type than it was.
    """
    there = (Path(workspace) / "manifest.json").exists()
    ws = Workspace(workspace) if there else None
    known = ws.document(_place(source)) if ws else {}
    before: dict[str, dict[str, Any]] = {file["path"]: file for file in known.get("files", ())}
    last = ws.sources().get(source.source_name, (None, None, 0))[1] if ws else None
    first_day = None if last is None else last - timedelta(days=overlap_days)
    files, tables, days, faults, skipped, notes = dict(before), {}, {}, [], 0, []
    asked = []
    for name, spec in source.tables.items():
        entries, same = [], []
        for path, entry in find_files(source, name):
            if spec.of(entry).source_table is not None:  # a database is asked for its new rows; its other tables are read whole
                if name == "lines" and first_day is not None and spec.replaces == "days":
                    days[os.path.realpath(path)] = first_day
                    asked.append(path.as_posix())
                entries.append(entry)
                continue
            file = _seen(path, name)
            old = before.get(file["path"])
            if old is not None and _is_same(path, file, old):
                files[file["path"]] = {**old, "time": file["time"]}
                same.append(FileEntry(path=os.path.abspath(path), **entry.stated))
                continue
            if old is not None:
                faults += [] if allow_shrinking else _shrunk(file, old)
                if name == "lines" and first_day is not None and spec.replaces == "days":
                    days[os.path.realpath(path)] = first_day
            files[file["path"]] = {**file, "types": _types(path, spec.raw_columns)}
            faults += _other_types(files[file["path"]], old or _of_table(before, name))
            entries.append(FileEntry(path=os.path.abspath(path), **entry.stated))
        if entries and name != "lines":  # who is on no file of the members may not be contacted any more: a table is whole or not there
            entries, same = entries + same, []
        skipped += len(same)
        if entries:
            from_day = None if name != "lines" or first_day is None else first_day - _BEFORE
            tables[name] = spec.model_copy(update={"files": tuple(entries), "from_day": from_day})
    if faults:
        raise DataError("\n".join([*faults, tr("Nothing was changed.")]))
    if skipped:
        told = trn("{files:,} file was read before and is as it was: it was not read again.",
                   "{files:,} files were read before and are as they were: they were not read again.", skipped, files=skipped)  # fmt: skip
        notes.append(told)
    if asked and first_day is not None:
        told = tr("Of {tables}, receipts before {day} were not looked at; to have all of them read, import without --since.",
                  tables=tr(", ").join(asked), day=language.day(first_day))  # fmt: skip
        notes.append(told)
    if len(days) > len(asked) and first_day is not None:
        notes.append(
            tr(
                "Of files that were read before and have changed, receipts before {day} were not looked at; to have all of them read, "
                "import without --since.",
                day=language.day(first_day),
            )
        )
    mapping = source.model_copy(update={"tables": tables, "since": Since(days=days, not_after=latest_day(source.time_zone))})
    return News(mapping if tables else None, tuple(notes), {"source": source.source_name, "files": list(files.values())})


def all_read(source: Mapping) -> dict[str, Any]:
    """Return what will have been read once all files of a mapping are imported."""
    files = [_seen(path, name) | {"types": _types(path, spec.raw_columns)} for name, spec in source.tables.items()
             for path, entry in find_files(source, name) if spec.of(entry).source_table is None]  # fmt: skip
    return {"source": source.source_name, "files": files}


def remember(source: Mapping, workspace: str | Path, read: dict[str, Any]) -> None:
    """Write down what was read; called after an import, so that what broke off is read again."""
    Workspace(workspace).write_document(_place(source), read)


def rows_since(typed: Typed, lines: pl.LazyFrame, since: Since) -> tuple[pl.LazyFrame, int]:
    """Return the lines that are to be looked at, and how many are not: those of changed files before their first day, with whole orders.

    Raises
    ------
    DataError
        Receipts are later than today: a clock is off.
    """
    day = pl.col("ordered_at").dt.date()
    late = lines.filter(day > since.not_after).select(rows=pl.len(), last=pl.col("ordered_at").max()).collect(engine="streaming").row(0)
    if late[0]:
        raise DataError(
            trn(
                "{rows:,} receipt line is later than today ({today}), up to {last}: a clock is off, or the times are of another zone "
                "(`time_zone`). Nothing was changed; mend the export, or import it without --since if the receipts are right.",
                "{rows:,} receipt lines are later than today ({today}), up to {last}: a clock is off, or the times are of another zone "
                "(`time_zone`). Nothing was changed; mend the export, or import it without --since if the receipts are right.",
                late[0], rows=late[0], today=language.day(since.not_after), last=language.day(late[1].date()),
            )
        )  # fmt: skip
    left = 0
    for file in typed.files:
        if (first := since.days.get(os.path.realpath(file.path))) is None:
            continue
        ours = pl.col("source_index").is_between(file.first_index, file.first_index + file.rows - 1)
        key = ["store_id", "order_id"]
        night = lines.filter(ours, day == first - timedelta(days=1)).select(key).unique()  # an order over midnight is of the day before
        over = (
            lines.filter(ours, day == first).select(*key, "source_index").join(night, on=key, how="semi").select("source_index").collect()
        )
        early = ours & ((day < first) | pl.col("source_index").is_in(over["source_index"].implode()))
        left += lines.filter(early).select(pl.len()).collect(engine="streaming").item()
        lines = lines.filter(~early)
    return lines, left


def left_out_since(typed: Typed, rows: pl.LazyFrame, since: Since | None) -> pl.LazyFrame:
    """Return the rows that a mapping leaves out without those of days that are not looked at: they speak of no day then."""
    for file in typed.files if since is not None else ():
        if since is not None and (first := since.days.get(os.path.realpath(file.path))) is not None:
            ours = pl.col("source_index").is_between(file.first_index, file.first_index + file.rows - 1)
            rows = rows.filter(~(ours & (pl.col("ordered_at").dt.date() < first)))
    return rows


def latest_day(zone: str | None) -> date:
    """Return today in the shop's zone; where it states none, the latest day that it is anywhere."""
    now = datetime.now(UTC)
    return now.astimezone(ZoneInfo(zone)).date() if zone else (now + timedelta(hours=14)).date()


def _place(source: Mapping) -> str:
    return f"read/{hashlib.sha256(source.source_name.encode()).hexdigest()[:12]}"


def _seen(path: Path, table: str) -> dict[str, Any]:
    at = (zip_of(path) or path).stat()
    return {"table": table, "path": f"{table}:{os.path.realpath(path)}", "size": at.st_size, "time": at.st_mtime_ns}


def _is_same(path: Path, file: dict[str, Any], old: dict[str, Any]) -> bool:
    """Return whether a file is as it was; its content is read only where its time alone is another."""
    if file["size"] == old["size"] and file["time"] == old["time"]:
        file["hash"] = old.get("hash", "")
        return True
    file["hash"] = seal_now(zip_of(path) or path).sha256
    return file["size"] == old["size"] and file["hash"] == old.get("hash")


def _shrunk(file: dict[str, Any], old: dict[str, Any]) -> list[str]:
    if file["size"] >= SHRINK_LIMIT * old["size"]:
        return []
    return [
        tr(
            "{path} has {now:,} bytes and had {before:,} when it was last read: an export that broke off? If it is right, import it with "
            "--replace.",
            path=file["path"].partition(":")[2],
            now=file["size"],
            before=old["size"],
        )
    ]


def _types(path: Path, columns: Sequence[str]) -> dict[str, str]:
    """Return what kind of values each column holds that the mapping reads, where the file itself says so."""
    if path.suffix.lower() not in (".parquet", ".pq") or zip_of(path) is not None:
        return {}
    schema = pl.read_parquet_schema(path)
    return {name: _kind(schema[name]) for name in sorted(columns) if name in schema}


def _kind(dtype: pl.DataType) -> str:
    if dtype.is_integer():
        return later("whole numbers")
    if dtype.is_numeric():
        return later("numbers")
    return next((kind for base, kind in _KINDS if dtype.base_type() == base), str(dtype))


def _of_table(before: dict[str, dict[str, Any]], table: str) -> dict[str, Any] | None:
    """Return the file of a table that was read last."""
    return max((file for file in before.values() if file["table"] == table), key=lambda file: file["time"], default=None)


def _other_types(file: dict[str, Any], old: dict[str, Any] | None) -> list[str]:
    types = (old or {}).get("types", {})
    return [
        tr(
            "{path}: the column {column} holds {now} and held {before} when the table was last read: what it says may mean something "
            "else (0017 and 17 are two members). Mend the export; if it is right, import it without --since.",
            path=file["path"].partition(":")[2], column=name, now=tr(kind), before=tr(types[name]),
        )
        for name, kind in file["types"].items() if types.get(name, kind) != kind
    ]  # fmt: skip
