"""A workspace in a folder of backups, or in an object store (`stores`): each content once, whatever its name, and a list of what lay where.

    backups/
      contents/ab/ab12...            a file by its SHA-256; one that is there is not written again
      backup-20261130-190501.json    a backup: path -> (SHA-256, size), with a digest of its own

In a backup is what cannot be made again: the manifest and its data files, documents, campaigns, the audit log, the receipts of who was
forgotten. What is made from the receipts (marts,
reports) and files on their way in (inbox, uploads) are not. Contents come first, onto the disk, then the list; so a backup that is broken
off is none, and the next one goes on where it ended.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePath

from toolkit.atomic import private_file, synced
from toolkit.audit import audit_copy
from toolkit.doctor.stores import Store, store_of
from toolkit.errors import BadValue, WorkspaceError, shorten
from toolkit.integrity import Seal, read_signed, seal_now, seal_of, signed
from toolkit.language import tr
from toolkit.workspace import COPY, Workspace

KEPT_FOLDERS = ("documents", "campaigns", "forgotten", "asked")
FORMAT = 1
"""Layout of a backup."""


@dataclass(frozen=True)
class Backup:
    """What a backup holds, and what had to be written for it."""

    path: PurePath
    files: int
    size: int
    written: int
    written_size: int


def back_up(workspace: Path, folder: Path | str, *, now: datetime) -> Backup:
    """Write a backup of a workspace into a folder of backups and return what it holds. Imports may run meanwhile: it is of one state.

    `folder` may be the address of an object store, such as `s3://bucket/shop`.

    Raises
    ------
    WorkspaceError
        A data file is not what was written: a damaged file replaces no whole one. Or the store cannot be reached.
    BadValue
        The folder is the workspace, or within it.
    """
    if "://" not in str(folder) and Path(folder).resolve().is_relative_to(workspace.resolve()):
        raise BadValue(tr("{folder} is in the workspace itself. Give a folder elsewhere, best on another disk.", folder=folder))
    store = store_of(folder)
    ws = Workspace(workspace).snapshot()
    sealed = {name: ws.manifest.files[name] for name in ws.manifest.live() if name in ws.manifest.files}
    ws.data_files(list(sealed))
    others = [name for name in ws.manifest.live() if name not in sealed]
    others += [path.relative_to(ws.path).as_posix() for place in KEPT_FOLDERS for path in _files(ws.path / place)]
    files, written = dict[str, Seal](), list[Seal]()

    def keep(name: str, path: Path, seal: Seal) -> None:
        files[name] = seal
        if store.size(_place(seal)) != seal.size:
            if store.put(_place(seal), path) != seal:
                raise WorkspaceError(tr("{file} changed while it was copied. Make the backup again.", file=path))
            written.append(seal)

    with _reached(folder), tempfile.TemporaryDirectory(prefix="toolkit-backup-") as aside:
        for name in [*sealed, *others]:
            keep(name, ws.path / name, sealed.get(name) or seal_now(ws.path / name))
        for name, path in audit_copy(ws.path, Path(aside)).items():
            keep(name, path, seal_of(path))
        text = Path(aside) / "manifest.json"
        text.write_text(signed(ws.manifest.model_dump(mode="json")), "utf-8")
        keep("manifest.json", text, seal_of(text))
        store.finished()
        kept = {"format": FORMAT, "made_at": now.isoformat(timespec="seconds"), "data_version": ws.manifest.data_version, "files": files}
        listed = Path(aside) / f"backup-{now:%Y%m%d-%H%M%S}.json"
        listed.write_text(signed(kept), "utf-8")
        store.put(listed.name, listed)
        path = next(one for one in store.listed() if one.name == listed.name)
    return Backup(path, len(files), sum(seal.size for seal in files.values()), len(written), sum(seal.size for seal in written))


def backups(folder: Path | str) -> list[PurePath]:
    """Return the backups of a folder or a store, the earliest first."""
    return store_of(folder).listed()


def restore(folder: Path | str, target: Path, *, backup: str = "") -> Backup:
    """Write the latest backup of a folder (or the one called `backup`) as a new workspace; every content is looked at on the way.

    Raises
    ------
    WorkspaceError
        There is no such backup, a content of it is not what was written, or the store cannot be reached.
    BadValue
        Something is at `target` already: nothing is written over.
    """
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise BadValue(tr("{target} is there already. Give a new folder: a backup is written over nothing.", target=target))
    store = store_of(folder)
    with _reached(folder):
        known = store.listed()
    chosen = [path for path in known if path.name.removesuffix(".json") == backup.removesuffix(".json")] if backup else known[-1:]
    if not chosen:
        listed = tr(" It holds: {names}.", names=", ".join(path.stem for path in known)) if known else ""
        raise WorkspaceError(tr("{folder} has no such backup.", folder=folder) + listed)
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True, mode=0o700)
    try:
        files = _files_of(store, chosen[0], part / "backup.json")
        for name, seal in files.items():
            copied = part / name
            copied.parent.mkdir(parents=True, exist_ok=True)
            if not _got(store, _place(seal), private_file(copied), seal):
                raise WorkspaceError(
                    tr(
                        "{file}, which is {name}, is not what was written. Take an earlier backup (--backup).",
                        file=PurePath(chosen[0].parent, _place(seal)),
                        name=name,
                    )
                )
        shutil.copyfile(part / "manifest.json", private_file(part / COPY))
        for place in [part, *(path for path in part.rglob("*") if path.is_dir())]:
            synced(place)
        if target.exists():
            target.rmdir()
        os.rename(part, target)
        synced(target.parent)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    size = sum(seal.size for seal in files.values())
    return Backup(chosen[0], len(files), size, len(files), size)


def _files_of(store: Store, listed: PurePath, aside: Path) -> dict[str, Seal]:
    """What a backup lists."""
    try:
        store.get(listed.name, aside)
        kept = read_signed(aside.read_text("utf-8"))
        return {name: Seal(*seal) for name, seal in kept["files"].items()}
    except (OSError, ValueError, KeyError, TypeError):
        raise WorkspaceError(tr("{file} is not what was written. Take an earlier backup.", file=listed)) from None
    finally:
        aside.unlink(missing_ok=True)


def _got(store: Store, name: str, copied: Path, seal: Seal) -> bool:
    """Fetch a content, and say whether it is what was written."""
    try:
        store.get(name, copied)
        return seal_of(copied) == seal
    except OSError:
        return False


@contextmanager
def _reached(folder: Path | str) -> Iterator[None]:
    """Say in a sentence that an object store could not be reached; what a folder's disk does is said by who asked."""
    try:
        yield
    except OSError as error:
        if "://" not in str(folder):
            raise
        raise WorkspaceError(tr("{address} cannot be reached: {fault}", address=folder, fault=shorten(str(error), 300))) from error


def _files(folder: Path) -> Iterable[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file() and path.suffix not in (".part", ".lock") and path.name != ".lock")


def _place(seal: Seal) -> str:
    return f"contents/{seal.sha256[:2]}/{seal.sha256}"
