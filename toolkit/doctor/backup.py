"""A workspace in a folder of backups: each content once, whatever its name, and a list of what lay where.

    backups/
      contents/ab/ab12...            a file by its SHA-256; one that is there is not written again
      backup-20261130-190501.json    a backup: path -> (SHA-256, size), with a digest of its own

In a backup is what cannot be made again: the manifest and its data files, documents, campaigns. What is made from the receipts (marts,
reports) and files on their way in (inbox, uploads) are not. Contents come first, onto the disk, then the list; so a backup that is broken
off is none, and the next one goes on where it ended.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from toolkit.atomic import private_file, synced, write_atomically, written_beside
from toolkit.errors import BadValue, WorkspaceError
from toolkit.integrity import Seal, read_signed, seal_now, seal_of, signed
from toolkit.language import tr
from toolkit.workspace import COPY, Workspace

KEPT_FOLDERS = ("documents", "campaigns")
FORMAT = 1
"""Layout of a backup."""


@dataclass(frozen=True)
class Backup:
    """What a backup holds, and what had to be written for it."""

    path: Path
    files: int
    size: int
    written: int
    written_size: int


def back_up(workspace: Path, folder: Path, *, now: datetime) -> Backup:
    """Write a backup of a workspace into a folder of backups and return what it holds. Imports may run meanwhile: it is of one state.

    Raises
    ------
    WorkspaceError
        A data file is not what was written: a damaged file replaces no whole one.
    BadValue
        The folder is the workspace, or within it.
    """
    if folder.resolve().is_relative_to(workspace.resolve()):
        raise BadValue(tr("{folder} is in the workspace itself. Give a folder elsewhere, best on another disk.", folder=folder))
    ws = Workspace(workspace).snapshot()
    sealed = {name: ws.manifest.files[name] for name in ws.manifest.live() if name in ws.manifest.files}
    ws.data_files(list(sealed))
    others = [name for name in ws.manifest.live() if name not in sealed]
    others += [path.relative_to(ws.path).as_posix() for place in KEPT_FOLDERS for path in _files(ws.path / place)]
    contents = folder / "contents"
    contents.mkdir(parents=True, exist_ok=True)
    written = written_size = 0
    files = dict[str, Seal]()
    manifest = signed(ws.manifest.model_dump(mode="json"))
    for name in [*sealed, *others]:
        seal = sealed.get(name) or seal_now(ws.path / name)
        files[name] = seal
        if not _is_there(contents, seal):
            _put(contents, seal, ws.path / name)
            written, written_size = written + 1, written_size + seal.size
    text = manifest.encode()
    files["manifest.json"] = Seal(hashlib.sha256(text).hexdigest(), len(text))
    if not _is_there(contents, files["manifest.json"]):
        place = _place(contents, files["manifest.json"])
        place.parent.mkdir(exist_ok=True)
        write_atomically(place, manifest, private=True)
        written, written_size = written + 1, written_size + len(text)
    for place in [contents, *contents.iterdir()]:
        synced(place)
    path = folder / f"backup-{now:%Y%m%d-%H%M%S}.json"
    kept = {"format": FORMAT, "made_at": now.isoformat(timespec="seconds"), "data_version": ws.manifest.data_version, "files": files}
    write_atomically(path, signed(kept))
    return Backup(path, len(files), sum(seal.size for seal in files.values()), written, written_size)


def backups(folder: Path) -> list[Path]:
    """Return the backups of a folder, the earliest first."""
    return sorted(folder.glob("backup-*.json"))


def restore(folder: Path, target: Path, *, backup: str = "") -> Backup:
    """Write the latest backup of a folder (or the one called `backup`) as a new workspace; every content is looked at on the way.

    Raises
    ------
    WorkspaceError
        There is no such backup, or a content of it is not what was written.
    BadValue
        Something is at `target` already: nothing is written over.
    """
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise BadValue(tr("{target} is there already. Give a new folder: a backup is written over nothing.", target=target))
    known = backups(folder)
    chosen = [path for path in known if path.name.removesuffix(".json") == backup.removesuffix(".json")] if backup else known[-1:]
    if not chosen:
        listed = tr(" It holds: {names}.", names=", ".join(path.stem for path in known)) if known else ""
        raise WorkspaceError(tr("{folder} has no such backup.", folder=folder) + listed)
    try:
        kept = read_signed(chosen[0].read_text("utf-8"))
        files = {name: Seal(*seal) for name, seal in kept["files"].items()}
    except (OSError, ValueError, KeyError, TypeError):
        raise WorkspaceError(tr("{file} is not what was written. Take an earlier backup.", file=chosen[0])) from None
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    shutil.rmtree(part, ignore_errors=True)
    try:
        for name, seal in files.items():
            copied = part / name
            copied.parent.mkdir(parents=True, exist_ok=True)
            place = _place(folder / "contents", seal)
            try:
                shutil.copyfile(place, private_file(copied))
                is_whole = seal_of(copied) == seal
            except OSError:
                is_whole = False
            if not is_whole:
                raise WorkspaceError(
                    tr("{file}, which is {name}, is not what was written. Take an earlier backup (--backup).", file=place, name=name)
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


def _files(folder: Path) -> Iterable[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file() and path.suffix not in (".part", ".lock") and path.name != ".lock")


def _place(contents: Path, seal: Seal) -> Path:
    return contents / seal.sha256[:2] / seal.sha256


def _is_there(contents: Path, seal: Seal) -> bool:
    try:
        return _place(contents, seal).stat().st_size == seal.size
    except OSError:
        return False


def _put(contents: Path, seal: Seal, path: Path) -> None:
    """Copy a file to its place, and look at what was written."""
    place = _place(contents, seal)
    place.parent.mkdir(exist_ok=True)
    with written_beside(place, private=True) as part:
        shutil.copyfile(path, part)
        if seal_now(part) != seal:
            raise WorkspaceError(tr("{file} changed while it was copied. Make the backup again.", file=path))
