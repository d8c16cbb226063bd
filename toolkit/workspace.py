"""The one place that knows the folder on disk.

    workspace/
      manifest.json     which data files are live: the single truth, replaced in one step
      lines/ codes/ tables/ rejected/    data files, one sub-folder per commit, never changed once listed
      mart/             tables derived from the lines, one folder per (as_of, data version)
      inbox/ uploads/   files on their way in (toolkit.importing.arrivals)
      documents/        small TOML texts a person may edit: settings, scorecard, audiences
      campaigns/        the ledger: one folder a campaign, frozen at launch (toolkit.ledger)

A data file that the manifest does not list does not exist for readers. A commit writes its files first, then replaces the manifest; a
process killed at any moment leaves the old state or the new one, and what it left lying about is swept by the next writer.
"""

from __future__ import annotations

import errno
import json
import shutil
import tomllib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl
import tomli_w
from filelock import FileLock, Timeout
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from toolkit.atomic import write_atomically
from toolkit.disk import told_in_words
from toolkit.errors import WorkspaceError, fault_words, shorten
from toolkit.language import tr

FORMAT = 2
"""Version of the layout (docs/workspace-format.md). One of a newer toolkit is refused, one of an older toolkit upgraded."""


def _named_sources(_: Path, manifest: dict[str, Any]) -> dict[str, Any]:
    """Return the manifest of layout 1 with the source of its lines: their one import name; of several names none can be told."""
    names = {record["name"] for record in manifest.get("imports", ()) if record["table"] == "lines"}
    source = names.pop() if len(names) == 1 else UNNAMED
    return {**manifest, "line_files": [{**file, "source": source} for file in manifest.get("line_files", ())]}


UPGRADES: dict[int, Callable[[Path, dict[str, Any]], dict[str, Any]]] = {1: _named_sources}
"""Layout -> the step to the next one: takes the folder and the manifest as JSON values, and gives the manifest of the next layout.

A step may write new files; it never changes or removes one that the manifest lists. The new manifest comes last and in one piece, so a step
that is broken off leaves the workspace as it was, and the next writer sweeps what it wrote.
"""
UNNAMED = ""
"""The source of lines that were imported under several names before sources had one: whichever source brings them again replaces them."""
ALIASES = "member_aliases"
"""What the manifest calls the ids that are a member's under another id, beside the dictionaries."""
_UPGRADE_SECONDS = 60
"""How long an upgrade waits for another process: two that open an old workspace at once are both served."""


class LineFile(BaseModel):
    """One live file of lines."""

    model_config = ConfigDict(frozen=True)
    path: str
    ids_path: str
    partition: int
    rows: int
    first_day: date
    last_day: date
    source: str = UNNAMED  # where the lines come from: an import replaces lines of its own source only


class ImportRecord(BaseModel):
    """What one import did; `rows_in == rows_kept + rows_rejected + rows_left_out` for every table."""

    model_config = ConfigDict(frozen=True)
    import_id: str
    name: str
    source: str = UNNAMED
    table: str
    rows_in: int
    rows_kept: int
    rows_rejected: int
    rows_replaced: int = 0
    first_day: date | None = None
    last_day: date | None = None
    rejected_path: str | None = None
    reasons: dict[str, int] = Field(default_factory=dict)
    examples: dict[str, tuple[str, int]] = Field(default_factory=dict)  # reason -> the cell of its first row, and the row's number
    left_out: dict[str, int] = Field(default_factory=dict)  # rows that are good and that the mapping does not want, by its line
    notes: tuple[str, ...] = ()
    types: dict[str, str] = Field(default_factory=dict)  # mapped columns of a database: what they hold, in a word

    @property
    def rows_left_out(self) -> int:
        """Rows that the mapping leaves out."""
        return sum(self.left_out.values())


class Manifest(BaseModel):
    """Which data files are live and what they hold."""

    model_config = ConfigDict(frozen=True)
    format: int = FORMAT
    currency: str
    minor_digits: int
    partitions: int | None = None  # chosen by the first import of lines
    data_version: int = 0
    line_files: tuple[LineFile, ...] = ()
    line_columns: tuple[str, ...] = ()  # optional contract columns of lines that at least one import had
    codes: dict[str, str] = Field(default_factory=dict)  # dictionary name -> file
    tables: dict[str, str] = Field(default_factory=dict)  # contract table name -> file
    imports: tuple[ImportRecord, ...] = ()


class Workspace:
    """A shop's receipts and everything made from them, in one folder.

    Parameters
    ----------
    path
        The folder. `Workspace(path)` opens an existing workspace; `Workspace.create` makes a new one.

    Raises
    ------
    WorkspaceError
        The folder is no workspace, is damaged, was written by a newer version of the toolkit, or by an older one and cannot be upgraded.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = _plain_name(Path(path))
        self.manifest = self._read_manifest()

    @classmethod
    @told_in_words
    def create(cls, path: str | Path, *, currency: str, minor_digits: int) -> Workspace:
        """Make an empty workspace at `path`, or open the one that is there (its currency must agree)."""
        folder = _plain_name(Path(path))
        if (folder / "manifest.json").exists():
            workspace = cls(folder)
            if (workspace.manifest.currency, workspace.manifest.minor_digits) != (currency, minor_digits):
                raise WorkspaceError(
                    f"{folder} keeps its money in {workspace.manifest.currency} with {workspace.manifest.minor_digits} decimals, but this "
                    f"import is in {currency} with {minor_digits}. Import it into a workspace of its own."
                )
            return workspace
        if folder.exists() and any(item.name not in _OURS for item in folder.iterdir()):
            raise WorkspaceError(f"{folder} is a folder with other things in it. Give an empty or new folder for the workspace.")
        folder.mkdir(parents=True, exist_ok=True)
        write_atomically(folder / "manifest.json", Manifest(currency=currency, minor_digits=minor_digits).model_dump_json(indent=1))
        return cls(folder)

    @classmethod
    @contextmanager
    def for_import(cls, path: str | Path, *, currency: str, minor_digits: int) -> Iterator[Workspace]:
        """Give the workspace at `path`, made where there is none; where the import fails, nothing stays that was not there."""
        folder = Path(path)
        is_new = not (folder / "manifest.json").exists()
        missing = [place for place in (folder, *folder.parents) if not place.exists()]
        before = {item.name for item in folder.iterdir()} if folder.is_dir() else set()
        workspace = cls.create(folder, currency=currency, minor_digits=minor_digits)
        try:
            yield workspace
        except BaseException:
            if is_new:
                workspace._discard(before, missing)
            raise

    def _discard(self, before: set[str], missing: Sequence[Path]) -> None:
        """Remove what a failed first import made, unless another one has made something of it meanwhile."""
        try:
            lock = self._locked(seconds=0)
        except WorkspaceError:
            return
        try:
            if self._read_manifest().data_version == 0:
                for name in {"manifest.json", *_DATA_FOLDERS} - before:
                    place = self.path / name
                    shutil.rmtree(place, ignore_errors=True) if place.is_dir() else place.unlink(missing_ok=True)
                if ".lock" not in before:
                    (self.path / ".lock").unlink(missing_ok=True)
        finally:
            lock.release()
        for place in missing:  # the folder itself, then those above it; one with something in it stays
            with suppress(OSError):
                place.rmdir()

    def __repr__(self) -> str:
        """Say where the workspace is and what it holds."""
        span = f"{self.first_day} to {self.last_day}" if self.manifest.line_files else "no receipts yet"
        return f"Workspace({str(self.path)!r}: {self.line_count:,} lines, {span}, {self.manifest.currency})"

    # -- what it holds -------------------------------------------------------------------------------------------------------------

    @property
    def line_count(self) -> int:
        """Receipt lines that are live."""
        return sum(file.rows for file in self.manifest.line_files)

    @property
    def first_day(self) -> date | None:
        """Day of the earliest line, None without lines."""
        return min((file.first_day for file in self.manifest.line_files), default=None)

    @property
    def last_day(self) -> date | None:
        """Day of the latest line, None without lines."""
        return max((file.last_day for file in self.manifest.line_files), default=None)

    def sources(self) -> dict[str, tuple[date, date, int]]:
        """Return first day, last day and lines of every source of receipts, the earliest first; `""` is that of unnamed lines."""
        sources: dict[str, tuple[date, date, int]] = {}
        for file in sorted(self.manifest.line_files, key=lambda file: (file.first_day, file.source)):
            first, last, rows = sources.get(file.source, (file.first_day, file.last_day, 0))
            sources[file.source] = (first, max(last, file.last_day), rows + file.rows)
        return sources

    def source_lines(self) -> dict[str, pl.LazyFrame]:
        """Return the live lines of every source of receipts, by its name in order."""
        files: dict[str, list[Path]] = {}
        for file in self.manifest.line_files:
            files.setdefault(file.source, []).append(self.path / file.path)
        return {source: pl.scan_parquet(files[source]) for source in sorted(files)}

    def sketch(self, folder: Path) -> Workspace:
        """Return a workspace at `folder` that reads this one's data where they lie: whatever is committed there changes nothing here."""

        def here(path: str) -> str:
            return str((self.path / path).resolve())

        manifest = self.manifest
        files = [file.model_copy(update={"path": here(file.path), "ids_path": here(file.ids_path)}) for file in manifest.line_files]
        places = {kind: {name: here(path) for name, path in getattr(manifest, kind).items()} for kind in ("codes", "tables")}
        folder.mkdir(parents=True)
        sketched = manifest.model_copy(update={"line_files": tuple(files), **places})
        write_atomically(folder / "manifest.json", sketched.model_dump_json(indent=1))
        return Workspace(folder)

    def written_at(self) -> int:
        """Return when the manifest was last replaced (ns): a key for what was read from the workspace."""
        return (self.path / "manifest.json").stat().st_mtime_ns

    def line_partitions(self) -> list[list[Path]]:
        """Return, per partition, the live files of lines in the order they were imported."""
        partitions: list[list[Path]] = [[] for _ in range(self.manifest.partitions or 0)]
        for file in self.manifest.line_files:
            partitions[file.partition].append(self.path / file.path)
        return partitions

    def order_ids(self) -> pl.LazyFrame:
        """Return (order_code, order_id): the shop's own id of every order."""
        files = [self.path / file.ids_path for file in self.manifest.line_files]
        return pl.scan_parquet(files) if files else pl.LazyFrame(schema={"order_code": pl.Int64, "order_id": pl.String})

    def codes(self, name: str) -> pl.DataFrame:
        """Return the dictionary `name` (member, store, product, channel) as (code, id); `not_goods`: products whose lines are no goods."""
        if name not in self.manifest.codes:
            return pl.DataFrame(schema={"code": pl.UInt32, "id": pl.String})
        return self._read_parquet(self.manifest.codes[name])

    def aliases(self) -> pl.DataFrame:
        """Return (id, member_id): ids that are a member's under another id, as identity tables and folded spellings said."""
        if ALIASES not in self.manifest.codes:
            return pl.DataFrame(schema={"id": pl.String, "member_id": pl.String})
        return self._read_parquet(self.manifest.codes[ALIASES])

    def table(self, name: str) -> pl.LazyFrame | None:
        """Return a contract table other than lines, or None where the shop has none."""
        if name not in self.manifest.tables:
            return None
        path = self.path / self.manifest.tables[name]
        if not path.exists():
            raise WorkspaceError(
                tr(
                    "{path} is listed in {manifest} but is not there. Import the table again.",
                    path=path,
                    manifest=self.path / "manifest.json",
                )
            )
        return pl.scan_parquet(path)

    def has_column(self, table: str, column: str) -> bool:
        """Say whether the shop handed over this optional column."""
        if table == "lines":
            return column in self.manifest.line_columns
        frame = self.table(table)
        return frame is not None and column in frame.collect_schema()

    # -- writing -------------------------------------------------------------------------------------------------------------------

    @contextmanager
    def writing(self) -> Iterator[str]:
        """Hold the writer's lock and give the id of the next commit; a full disk ends in a sentence.

        Files go to `<kind>/<commit id>/`; nothing of them is live until `commit`. Whatever an earlier writer left unlisted is swept first.
        """
        lock = self._locked(seconds=0)
        try:
            self.manifest = self._read_manifest()
            self._sweep()
            yield f"{self.manifest.data_version + 1:06d}"
        except (OSError, pl.exceptions.ComputeError) as error:
            self._sweep()
            if is_disk_full(error):
                raise WorkspaceError(
                    tr("The disk of {path} is full. Nothing was changed; free some space and run the command again.", path=self.path)
                ) from error
            raise
        except BaseException:
            self._sweep()
            raise
        finally:
            lock.release()

    def commit(self, **changes: Any) -> None:
        """Replace the manifest by one with `changes`, in one step. Only inside `writing()`."""
        values = {name: getattr(self.manifest, name) for name in Manifest.model_fields}
        manifest = Manifest(**{**values, "data_version": self.manifest.data_version + 1, **changes})
        write_atomically(self.path / "manifest.json", manifest.model_dump_json(indent=1))
        self.manifest = manifest
        self._sweep()

    def document(self, name: str) -> dict[str, Any]:
        """Return the TOML document `name` (settings, scorecard, ...); empty if there is none."""
        path = self.path / "documents" / f"{name}.toml"
        try:
            return tomllib.loads(path.read_text("utf-8"))
        except FileNotFoundError:
            return {}
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise WorkspaceError(
                tr("{path} is not valid TOML: {error}. Mend it, or remove it to go back to the defaults.", path=path, error=error)
            ) from None

    @told_in_words
    def write_document(self, name: str, values: dict[str, Any]) -> Path:
        """Write the TOML document `name` in one step and return its path."""
        path = self.document_file(f"{name}.toml")
        write_atomically(path, tomli_w.dumps(values))
        return path

    @told_in_words
    def document_file(self, name: str) -> Path:
        """Return where a file of documents/ lies, its folder made: `audiences/core.toml`, and what belongs to it."""
        path = self.path / "documents" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def documents(self, folder: str) -> list[str]:
        """Return the names of the TOML documents in a sub-folder of documents/, sorted, as `document` takes them."""
        return sorted(f"{folder}/{path.stem}" for path in (self.path / "documents" / folder).glob("*.toml"))

    # -- inside --------------------------------------------------------------------------------------------------------------------

    @told_in_words
    def _locked(self, *, seconds: float) -> FileLock:
        """Return the writer's lock, taken."""
        lock = FileLock(self.path / ".lock")
        try:
            lock.acquire(timeout=seconds)
        except Timeout:
            raise WorkspaceError(
                tr("{path} is being written by another process. Wait for it to end, then run the command again.", path=self.path)
            ) from None
        return lock

    def _read_manifest(self) -> Manifest:
        raw = self._manifest_values()
        return self._checked(raw) if raw["format"] == FORMAT else self._upgraded(raw["format"])

    def _upgraded(self, layout: int) -> Manifest:
        """Bring the workspace from an older layout to today's: under the lock, step by step, the manifest replaced once at the end."""
        if missing := [step for step in range(layout, FORMAT) if step not in UPGRADES]:
            raise WorkspaceError(
                tr(
                    "{path} has layout {layout}, which this toolkit no longer reads (it reads {oldest} to {known}). "
                    "Import the receipts again into a new folder.",
                    path=self.path,
                    layout=layout,
                    oldest=max(missing) + 1,
                    known=FORMAT,
                )
            )
        try:
            lock = self._locked(seconds=_UPGRADE_SECONDS)
            try:
                raw = self._manifest_values()  # another process may have been first
                for step in range(raw["format"], FORMAT):
                    raw = {**UPGRADES[step](self.path, raw), "format": step + 1}
                manifest = self._checked(raw)
                write_atomically(self.path / "manifest.json", manifest.model_dump_json(indent=1))
            finally:
                lock.release()
        except OSError as error:
            raise WorkspaceError(
                tr(
                    "{path} was written by an older toolkit and must be upgraded once (layout {layout} to {known}), which failed: {error}. "
                    "Nothing was changed; open it where the folder may be written and has room.",
                    path=self.path,
                    layout=layout,
                    known=FORMAT,
                    error=error,
                )
            ) from error
        return manifest

    def _manifest_values(self) -> dict[str, Any]:
        """Return the manifest as JSON values with a layout that is not newer than ours."""
        path = self.path / "manifest.json"
        try:
            raw = json.loads(path.read_text("utf-8"))
        except FileNotFoundError:
            raise WorkspaceError(
                tr("{path} is not a workspace: it has no manifest.json. Make one with `toolkit import MAPPING {path}`.", path=self.path)
            ) from None
        except NotADirectoryError:
            raise WorkspaceError(tr("{path} is a file; a workspace is a folder.", path=self.path)) from None
        except (json.JSONDecodeError, UnicodeDecodeError) as error:
            raise WorkspaceError(
                tr("{path} is damaged ({error}). Restore it from a backup, or import the receipts again.", path=path, error=error)
            ) from None
        except (OSError, ValueError) as error:  # no right to read it, a name that no file can have
            fault = getattr(error, "strerror", None) or error
            raise WorkspaceError(tr("{path} cannot be read: {fault}.", path=shorten(str(path), 200), fault=fault)) from None
        if not isinstance(raw, dict) or not isinstance(raw.get("format"), int):
            raise WorkspaceError(tr("{path} has no format number: it is not a workspace of this toolkit.", path=path))
        if raw["format"] > FORMAT:
            raise WorkspaceError(
                tr(
                    "{path} was written by a newer toolkit (layout {layout}; this one reads up to {known}). Update the toolkit.",
                    path=self.path,
                    layout=raw["format"],
                    known=FORMAT,
                )
            )
        return raw

    def _checked(self, raw: dict[str, Any]) -> Manifest:
        path = self.path / "manifest.json"
        try:
            return Manifest.model_validate(raw)
        except ValidationError as error:
            first = error.errors()[0]
            raise WorkspaceError(
                tr(
                    "{path} is damaged: {place}: {fault}. Restore a backup, or import the receipts again.",
                    path=path,
                    place=".".join(map(str, first["loc"])),
                    fault=fault_words(first),
                )
            ) from None

    def _read_parquet(self, relative: str) -> pl.DataFrame:
        path = self.path / relative
        if not path.exists():
            raise WorkspaceError(
                tr(
                    "{path} is listed in {manifest} but is not there. Import the receipts again.",
                    path=path,
                    manifest=self.path / "manifest.json",
                )
            )
        return pl.read_parquet(path)

    def _sweep(self) -> None:
        """Remove commit folders that the manifest does not speak of, and files of replaced imports."""
        manifest = self._read_manifest()
        live = {file.path for file in manifest.line_files} | {file.ids_path for file in manifest.line_files}
        live |= set(manifest.tables.values()) | set(manifest.codes.values())
        live |= {record.rejected_path for record in manifest.imports if record.rejected_path}
        for kind in _DATA_FOLDERS:
            for folder in (self.path / kind).glob("*"):
                files = [item for item in folder.rglob("*") if item.is_file()]
                live_files = [item for item in files if item.relative_to(self.path).as_posix() in live]
                if not live_files:
                    shutil.rmtree(folder, ignore_errors=True)
                    continue
                for item in set(files) - set(live_files):
                    item.unlink(missing_ok=True)

    @cached_property
    def mart_folder(self) -> Path:
        """Folder of the marts."""
        return self.path / "mart"


_DATA_FOLDERS = ("lines", "codes", "tables", "rejected", "staging")
_OURS = {"manifest.json", ".lock", "mart", "documents", "reports", "campaigns", "inbox", "uploads", *_DATA_FOLDERS}
_OURS |= {"forgotten", "audit.jsonl", ".audit-head", ".audit.lock"}


def opened(workspace: Workspace | str | Path) -> Workspace:
    """Return the workspace itself, or the one in a folder: what a function that takes either begins with."""
    return workspace if isinstance(workspace, Workspace) else Workspace(workspace)


def _plain_name(folder: Path) -> Path:
    """Return the folder, if its name can be no pattern: files in `shop[1]` or `shop*` would be read as those of other folders."""
    if any(sign in str(folder) for sign in "*?["):
        raise WorkspaceError(
            tr("{path} has one of * ? [ in its name, which would be read as a pattern: give the folder another name.", path=folder)
        )
    return folder


def is_disk_full(error: BaseException) -> bool:
    """Say whether an error, by number or (polars) by its text, means that the disk is full."""
    return (isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)) or "No space left" in str(error)
