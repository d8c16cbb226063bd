"""The one place that knows the folder on disk.

    workspace/
      manifest.json     which data files are live: the single truth, replaced in one step
      lines/ codes/ tables/ rejected/    data files, one sub-folder per commit, never changed once listed
      mart/             tables derived from the lines, one folder per (as_of, data version)
      inbox/ uploads/   files on their way in (toolkit.importing.arrivals)
      documents/        small TOML texts a person may edit: settings, scorecard, audiences
      campaigns/        the ledger: one folder a campaign, frozen at launch (toolkit.ledger); guides.days/: one a day of guides' lists

A data file that the manifest does not list does not exist for readers. A commit writes its files first, waits until they are on the disk,
then replaces the manifest, which names the SHA-256 of each; a process killed at any moment, or a machine that stops, leaves the old state
or the new one, and what it left lying about is swept by the next writer. Readers get data files from `data_files` alone, which looks
whether they are what was written.
"""

from __future__ import annotations

import json
import shutil
import tomllib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from copy import copy
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl
import tomli_w
from filelock import FileLock, Timeout
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from toolkit import edits
from toolkit.atomic import is_part, write_atomically
from toolkit.disk import FAULTS, NotWritten, cannot_write, not_written, told_in_words
from toolkit.errors import StateMoved, WorkspaceError, fault_words, shorten
from toolkit.integrity import STATE, Fault, Look, NotAsWritten, Seal, faults_in, look_at, read_signed, seals_of, signed
from toolkit.language import tr
from toolkit.readers import FOLDER as READERS
from toolkit.readers import Lease, drop_states, has_moved, keep_state, kept_manifests

FORMAT = 3
"""Version of the layout (docs/workspace-format.md). One of a newer toolkit is refused, one of an older toolkit upgraded."""


def _named_sources(_: Path, manifest: dict[str, Any]) -> dict[str, Any]:
    """Return the manifest of layout 1 with the source of its lines: their one import name; of several names none can be told."""
    names = {record["name"] for record in manifest.get("imports", ()) if record["table"] == "lines"}
    source = names.pop() if len(names) == 1 else UNNAMED
    return {**manifest, "line_files": [{**file, "source": source} for file in manifest.get("line_files", ())]}


def _without_seals(_: Path, manifest: dict[str, Any]) -> dict[str, Any]:
    """Return the manifest of layout 2 as it is: what its files were when they were written nobody knows; `toolkit doctor` seals them."""
    return manifest


UPGRADES: dict[int, Callable[[Path, dict[str, Any]], dict[str, Any]]] = {1: _named_sources, 2: _without_seals}
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
    files: dict[str, Seal] = Field(default_factory=dict)  # file -> what it was when it was written; older ones may have none

    def live(self) -> list[str]:
        """Return every data file that is live, once."""
        names = [name for file in self.line_files for name in (file.path, file.ids_path)]
        names += [*self.tables.values(), *self.codes.values(), *(record.rejected_path for record in self.imports if record.rejected_path)]
        return list(dict.fromkeys(names))


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
        self._lease: Lease | None = None
        self.state, self.manifest = self._read()

    @classmethod
    @told_in_words
    def create(cls, path: str | Path, *, currency: str, minor_digits: int) -> Workspace:
        """Make an empty workspace at `path`, or open the one that is there (its currency must agree)."""
        folder = _plain_name(Path(path))
        if (folder / "manifest.json").exists():
            workspace = cls(folder)
            if (workspace.manifest.currency, workspace.manifest.minor_digits) != (currency, minor_digits):
                raise WorkspaceError(
                    tr(
                        "{folder} keeps its money in {kept} with {decimals} decimals, "
                        "but this import is in {currency} with {minor_digits}. Import it into a workspace of its own.",
                        folder=folder,
                        kept=workspace.manifest.currency,
                        decimals=workspace.manifest.minor_digits,
                        currency=currency,
                        minor_digits=minor_digits,
                    )
                )
            return workspace
        if folder.exists() and any(item.name not in _OURS and not is_part(item) for item in folder.iterdir()):
            raise WorkspaceError(
                tr("{folder} is a folder with other things in it. Give an empty or new folder for the workspace.", folder=folder)
            )
        folder.mkdir(parents=True, exist_ok=True)
        write_manifest(folder, Manifest(currency=currency, minor_digits=minor_digits))
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
            if self._read()[1].data_version == 0:
                for name in {"manifest.json", COPY, STATE, READERS, *_DATA_FOLDERS} - before:
                    place = self.path / name
                    shutil.rmtree(place, ignore_errors=True) if place.is_dir() else place.unlink(missing_ok=True)
                if ".lock" not in before:
                    (self.path / ".lock").unlink(missing_ok=True)
        finally:
            lock.release()
        for place in missing:  # the folder itself, then those above it; one with something in it stays
            with suppress(OSError):
                place.rmdir()

    def snapshot(self) -> Workspace:
        """Return the workspace as it stands now, to be read whole: its files stay for as long as the object does (`toolkit.readers`).

        The workspace itself moves to that state, too; a snapshot stays what it is.
        """
        if self._lease is not None:
            return self
        for _ in range(_MOST_TRIES):
            self.state, self.manifest = self._read()
            held = self.unheld()
            held._lease = Lease(self.path, self.manifest.data_version)
            if self._read()[0] == self.state:
                return held
            held._lease.end()  # receipts came in at this moment
        raise StateMoved(tr("Receipts come into {path} faster than they can be read. Ask again.", path=self.path))

    def unheld(self) -> Workspace:
        """Return the same state without a hold on its files: for a key of what was read from it, by state (`==`)."""
        same = copy(self)
        same._lease = None
        return same

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Workspace) and (self.path, self.state) == (other.path, other.state)

    def __hash__(self) -> int:
        return hash((self.path, self.state))

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
        files: dict[str, list[str]] = {}
        for file in self.manifest.line_files:
            files.setdefault(file.source, []).append(file.path)
        return {source: pl.scan_parquet(self.data_files(files[source])) for source in sorted(files)}

    def sketch(self, folder: Path) -> Workspace:
        """Return a workspace at `folder` that reads this one's data where they lie: whatever is committed there changes nothing here."""

        def here(path: str) -> str:
            return str((self.path / path).resolve())

        manifest = self.manifest
        files = [file.model_copy(update={"path": here(file.path), "ids_path": here(file.ids_path)}) for file in manifest.line_files]
        places: dict[str, Any] = {
            kind: {name: here(path) for name, path in getattr(manifest, kind).items()} for kind in ("codes", "tables")
        }
        folder.mkdir(parents=True)
        places["files"] = {here(path): seal for path, seal in manifest.files.items()}
        write_manifest(folder, manifest.model_copy(update={"line_files": tuple(files), **places}))
        return Workspace(folder)

    def data_files(self, names: Sequence[str]) -> list[Path]:
        """Return where data files of the manifest lie, once each is found to be what was written.

        Raises
        ------
        WorkspaceError
            One is not there, cannot be read, or is not what was written: which, and what to do.
        StateMoved
            They were swept since, because others came in their place.
        """
        sealed = {name: self.manifest.files[name] for name in names if name in self.manifest.files}
        faults = faults_in(self.path, sealed)
        faults += [Fault(self.path / name, "missing") for name in names if name not in sealed and not (self.path / name).exists()]
        if faults:
            raise self.damaged(faults)
        return [self.path / name for name in names]

    def data_file(self, name: str) -> Path:
        """Return where one data file lies, as `data_files`."""
        return self.data_files([name])[0]

    def damaged(self, faults: Sequence[Fault]) -> WorkspaceError:
        """The sentence about data files that cannot be read: the first of them, how many others, what to do."""
        if any(fault.kind == "missing" for fault in faults) and self._read()[0] != self.state:
            return StateMoved(
                tr(
                    "New receipts have come into {path} since it was opened, and what was read is no longer there. Ask again.",
                    path=self.path,
                )
            )
        more = tr(" So are {others:,} other files.", others=len(faults) - 1) if len(faults) > 1 else ""
        mend = tr(
            "Restore a backup (`toolkit restore`), or see what else is wrong and what to import again: toolkit doctor {path}",
            path=self.path,
        )
        return WorkspaceError(f"{faults[0]}{more} {mend}")

    def written_at(self) -> int:
        """Return when the manifest that was read was written (ns)."""
        return self.state[2]

    def line_partitions(self) -> list[list[Path]]:
        """Return, per partition, the live files of lines in the order they were imported."""
        partitions: list[list[Path]] = [[] for _ in range(self.manifest.partitions or 0)]
        for file in self.manifest.line_files:
            partitions[file.partition].append(self.path / file.path)
        self.data_files([file.path for file in self.manifest.line_files])
        return partitions

    def order_ids(self) -> pl.LazyFrame:
        """Return (order_code, order_id): the shop's own id of every order."""
        files = self.data_files([file.ids_path for file in self.manifest.line_files])
        ids = {"order_code": pl.Int64, "order_id": pl.String}
        return pl.scan_parquet(files, extra_columns="ignore", schema=ids) if files else pl.LazyFrame(schema=ids)

    def order_guides(self) -> pl.LazyFrame:
        """Return (order_code, guide_id): who served, of the orders that name a guide."""
        guides = {"order_code": pl.Int64, "guide_id": pl.String}
        files = self.data_files([file.ids_path for file in self.manifest.line_files])
        named = [path for path in files if "guide_id" in pl.read_parquet_schema(path)]
        return pl.scan_parquet(named).select(*guides).drop_nulls("guide_id") if named else pl.LazyFrame(schema=guides)

    def codes(self, name: str) -> pl.DataFrame:
        """Return the dictionary `name` (member, store, product, channel) as (code, id); `not_goods`: products whose lines are no goods."""
        if name not in self.manifest.codes:
            return pl.DataFrame(schema={"code": pl.UInt32, "id": pl.String})
        return pl.read_parquet(self.data_file(self.manifest.codes[name]))

    def aliases(self) -> pl.DataFrame:
        """Return (id, member_id): ids that are a member's under another id, as identity tables and folded spellings said."""
        if ALIASES not in self.manifest.codes:
            return pl.DataFrame(schema={"id": pl.String, "member_id": pl.String})
        return pl.read_parquet(self.data_file(self.manifest.codes[ALIASES]))

    def table(self, name: str) -> pl.LazyFrame | None:
        """Return a contract table other than lines, or None where the shop has none."""
        if name not in self.manifest.tables:
            return None
        return pl.scan_parquet(self.data_file(self.manifest.tables[name]))

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
            self.state, self.manifest = self._read()
            self._sweep()
            yield f"{self.manifest.data_version + 1:06d}"
        except FAULTS as error:
            self._sweep()
            if cannot_write(error):
                raise NotWritten(not_written(error, self.path)) from error
            raise
        except BaseException:
            self._sweep()
            raise
        finally:
            lock.release()

    def commit(self, *, forgets: bool = False, **changes: Any) -> None:
        """Replace the manifest by one with `changes`, in one step, its files on the disk before it. Only inside `writing()`.

        `forgets`: nothing of earlier states may stay, whoever reads them.
        """
        values = {name: getattr(self.manifest, name) for name in Manifest.model_fields}
        manifest = Manifest(**{**values, "data_version": self.manifest.data_version + 1, **changes})
        before, live = set(self.manifest.live()), manifest.live()
        kept = {name: manifest.files[name] for name in live if name in manifest.files}
        written = seals_of(self.path, [name for name in live if name not in before])
        manifest = manifest.model_copy(update={"files": kept | written})
        keep_state(self.path, self.manifest.data_version)
        if forgets:
            drop_states(self.path)
        write_manifest(self.path, manifest)
        self.state, self.manifest = self._read()
        has_moved(self.path, manifest.data_version)  # who brings receipts in need not be told of them
        self._sweep()

    def document(self, name: str) -> dict[str, Any]:
        """Return the TOML document `name` (settings, scorecard, ...); empty if there is none."""
        path = self.path / edits.FOLDER / f"{name}.toml"
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
        """Write the TOML document `name` in one step and return its path; its owner alone may read it."""
        self.document_file(f"{name}.toml")
        return edits.write_document(self.path / edits.FOLDER, f"{name}.toml", tomli_w.dumps(values))

    @told_in_words
    def document_file(self, name: str) -> Path:
        """Return where a file of documents/ lies, its folder made: `audiences/core.toml`, and what belongs to it."""
        path = self.path / edits.FOLDER / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def documents(self, folder: str) -> list[str]:
        """Return the names of the TOML documents in a sub-folder of documents/, sorted, as `document` takes them."""
        return sorted(f"{folder}/{path.stem}" for path in (self.path / edits.FOLDER / folder).glob("*.toml"))

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

    def _read(self) -> tuple[Look, Manifest]:
        """Return the manifest as it stands now, and what tells it from any other state of the workspace."""
        path, state = self.path / "manifest.json", None
        with suppress(OSError, ValueError):
            state = look_at(path)
            if (known := _manifests.get(path)) is not None and known[0] == (state, FORMAT):
                return state, known[1]
        raw = self._manifest_values()
        manifest = self._checked(raw) if raw["format"] == FORMAT else self._upgraded(raw["format"])
        if state is None or look_at(path) != state:  # upgraded just now, or replaced
            return self._read()
        _manifests[path] = ((state, FORMAT), manifest)
        while len(_manifests) > _MOST_MANIFESTS:
            _manifests.pop(next(iter(_manifests)))
        return state, manifest

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
                write_manifest(self.path, manifest)
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
            text = path.read_text("utf-8")
            raw = json.loads(text)
            if isinstance(raw, dict) and ("digest" in raw or raw.get("format", 0) in range(_SIGNED, FORMAT + 1)):
                raw = read_signed(text)
        except FileNotFoundError:
            raise WorkspaceError(
                tr("{path} is not a workspace: it has no manifest.json. Make one with `toolkit import MAPPING {path}`.", path=self.path)
            ) from None
        except NotADirectoryError:
            raise WorkspaceError(tr("{path} is a file; a workspace is a folder.", path=self.path)) from None
        except (TypeError, json.JSONDecodeError, UnicodeDecodeError, NotAsWritten) as error:
            raise WorkspaceError(
                tr("{path} is damaged ({error}). Mend it with: toolkit doctor {folder}", path=path, error=error, folder=self.path)
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

    def _sweep(self) -> None:
        """Remove commit folders that neither the manifest nor a state that is still read speaks of, and files of replaced imports."""
        live = set(self._read()[1].live())
        for kept in kept_manifests(self.path):
            live |= set(self._checked(kept).live())
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
COPY = "manifest.copy.json"
"""The manifest once more, for `toolkit doctor`: a bit that rots in the one file that names all others must not cost them."""
_SIGNED = 3
"""Manifests carry their own digest from this layout on."""
_MOST_TRIES = 20
_MOST_MANIFESTS = 16
_manifests: dict[Path, tuple[tuple[Look, int], Manifest]] = {}
_OURS = {
    "manifest.json",
    COPY,
    STATE,
    READERS,
    ".lock",
    "mart",
    edits.FOLDER,
    "reports",
    "campaigns",
    "inbox",
    "uploads",
    "exports",
    *_DATA_FOLDERS,
}
_OURS |= {"nightly", "forgotten", "asked", "audit.jsonl", ".audit-head", ".audit.lock", "damaged"}


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Replace the manifest of a workspace, in one step and on the disk, and then its copy."""
    text = signed(manifest.model_dump(mode="json"))
    write_atomically(folder / "manifest.json", text, private=True)  # it says an example of each kind of row that was set aside
    write_atomically(folder / COPY, text, private=True)


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
