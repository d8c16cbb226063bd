"""The simulated shop on disk: Parquet parts written as they come, a mapping, and the truth with its own description."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import polars as pl
import tomli_w

from toolkit.errors import DataError
from toolkit.language import tr
from toolkit.simulated.truth import TRUTH

MARK = "simulated_shop.json"
"""File that says a folder was written by this package; only such a folder is ever overwritten."""

SIDE_TABLES = 8
"""Tables that wait beside the lines: each gets this part of a file's rows, or together they would need more memory than the lines."""


class Parts:
    """Tables written in parts: rows wait until there are enough for a file, so memory is bounded by a file and a block."""

    def __init__(self, folder: Path, file_rows: int) -> None:
        """Write below `folder`, about `file_rows` rows a file."""
        self.folder = folder
        self.file_rows = file_rows
        self.rows: dict[str, int] = {}
        self._waiting: dict[str, list[pl.DataFrame]] = {}
        self._files: dict[str, int] = {}

    def add(self, table: str, frame: pl.DataFrame) -> None:
        """Take rows of a table (a name such as "lines" or "truth/effects")."""
        self._waiting.setdefault(table, []).append(frame)
        self.rows[table] = self.rows.get(table, 0) + frame.height
        enough = self.file_rows if table == "lines" else self.file_rows // SIDE_TABLES
        if sum(waiting.height for waiting in self._waiting[table]) >= enough:
            self._write(table)

    def close(self) -> None:
        """Write what still waits; a table with no row at all still gets a file with its columns."""
        for table, waiting in self._waiting.items():
            if waiting:
                self._write(table)

    def _write(self, table: str) -> None:
        frame = pl.concat(self._waiting[table])
        self._waiting[table] = []
        number = self._files.get(table, 0)
        if frame.height == 0 and number > 0:
            return
        target = self.folder / table
        target.mkdir(parents=True, exist_ok=True)
        frame.write_parquet(target / f"part-{number:05d}.parquet")
        self._files[table] = number + 1


def write_table(folder: Path, table: str, frame: pl.DataFrame) -> None:
    """Write a table that fits one file."""
    path = folder / f"{table}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    frame.write_parquet(path)


def write_mapping(folder: Path, tables: dict[str, list[str]]) -> Path:
    """Write the mapping file: where each table lies and that its columns already bear the contract's names."""
    mapping: dict[str, object] = {"name": "simulated shop", "currency": "EUR"}
    for table, columns in tables.items():
        files = f"{table}/*.parquet" if (folder / table).is_dir() else f"{table}.parquet"
        mapping[table] = {"files": files, "columns": {name: name for name in columns}}
    path = folder / "mapping.toml"
    path.write_text(tomli_w.dumps(mapping), encoding="utf-8")
    return path


def write_truth_readme(folder: Path, models: list[str]) -> None:
    """Write truth/README.md: every table and column of the truth in words, then the models they come from."""
    text = ["# What was planted", "", "Money in currency units, shares 0 to 1, null = none.", ""]
    for table, columns in TRUTH.items():
        text += [f"## {table}", "", *(f"- `{name}`: {meaning}" for name, meaning in columns.items()), ""]
    text += ["# How it was made", "", *(f"{model.strip()}\n" for model in models)]
    (folder / "truth" / "README.md").write_text("\n".join(text), encoding="utf-8")


def begin_folder(folder: Path, *, overwrite: bool) -> Path:
    """Return an empty folder beside `folder` to write into; raises DataError where `folder` holds something else already."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        ours = (folder / MARK).is_file()
        if not (ours and overwrite):
            todo = tr("pass overwrite=True to replace it") if ours else tr("give the name of a new folder")
            held = tr("a simulated shop") if ours else tr("other files")
            raise DataError(
                tr("{folder}: an empty or new folder was needed, but it holds {held}; {todo}.", folder=folder, held=held, todo=todo)
            )
    unfinished = folder.parent / f".{folder.name}.unfinished"
    if unfinished.exists():
        shutil.rmtree(unfinished)
    unfinished.mkdir(parents=True)
    return unfinished


def finish_folder(unfinished: Path, folder: Path) -> None:
    """Put the written folder in its place: nobody ever sees half a shop."""
    if folder.exists():
        shutil.rmtree(folder)
    os.replace(unfinished, folder)
