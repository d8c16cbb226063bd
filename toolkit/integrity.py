"""Whether a file is what was written: its size and SHA-256, made when it was written, compared before it is read.

A file is read whole and hashed the first time that this machine reads it, whenever its inode, size or times are not what they were then,
and once a day beside that: a disk that rots changes no time. Between, a look costs microseconds (`python -m benchmarks.integrity_cost`).
What was looked at is kept in `.verified.json` of the folder; where that cannot be written, each process looks for itself.

Folders that are renamed into place whole (a mart, the tables beside it) carry a `seal.json` that names all of their files. Whoever
writes such a folder calls `seal_folder` before the rename, and whoever reads it `folder_faults`.
"""

from __future__ import annotations

import glob
import hashlib
import json
import os
import stat
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal, NamedTuple

from toolkit.atomic import private_file, synced, write_atomically, written_beside
from toolkit.language import tr

SEAL = "seal.json"
STATE = ".verified.json"
TRUSTED_SECONDS = 24 * 3600
"""For so long a look at inode, size and times is enough after a file was hashed."""
_HASHED_AT_ONCE, _SYNCED_AT_ONCE = 2, 8
_OUTSIDE = (STATE, SEAL)


class Seal(NamedTuple):
    """What a file was when it was written."""

    sha256: str
    size: int


class NotAsWritten(ValueError):
    """A text whose digest does not agree with what it says."""


class Fault(NamedTuple):
    """A file that cannot be read as it was written."""

    path: Path
    kind: Literal["missing", "unreadable", "changed"]

    def __str__(self) -> str:
        """Say which file, and what is wrong with it."""
        if self.kind == "missing":
            return tr("{file} is not there.", file=self.path)
        if self.kind == "unreadable":
            return tr("{file} cannot be read.", file=self.path)
        return tr("{file} is not what was written: it is damaged, or another program changed it.", file=self.path)


Look = tuple[int, int, int, int]
_Known = tuple[Look, str, float]
_seen: dict[str, _Known] = {}


def seal_of(path: Path) -> Seal:
    """Return the seal of a file that was just written, once all of it is on the disk."""
    synced(path)
    return seal_now(path)


def seal_now(path: str | Path) -> Seal:
    """Return the seal of a file as it stands."""
    with open(path, "rb") as file:
        return Seal(hashlib.file_digest(file, "sha256").hexdigest(), file.tell())


def seals_of(folder: Path, names: Sequence[str]) -> dict[str, Seal]:
    """Return the seals of files that were just written in a folder; they and the names of all folders above them are on the disk."""
    with ThreadPoolExecutor(_SYNCED_AT_ONCE) as pool:
        seals = dict(zip(names, pool.map(lambda name: seal_of(folder / name), names), strict=True))
    for place in {folder, *((folder / name).parents[up] for name in names for up in range(len(Path(name).parents)))}:
        synced(place)
    _remember(folder, seals)
    return seals


def faults_in(folder: Path, seals: Mapping[str, Seal], *, anew: bool = False) -> list[Fault]:
    """Return the files that are not what was written, of those named (paths within the folder); with `anew` all are hashed."""
    now, faults, unsure = time.time(), list[Fault](), list[tuple[str, str, Look, Seal]]()
    state: dict[str, Any] | None = None
    for name, seal in seals.items():
        path = os.path.join(folder, name)
        try:
            look = look_at(path)
        except FileNotFoundError:
            faults.append(Fault(Path(path), "missing"))
            continue
        except OSError:
            faults.append(Fault(Path(path), "unreadable"))
            continue
        if look[1] != seal.size:
            faults.append(Fault(Path(path), "changed"))
            continue
        if anew or not _is_known(_seen.get(path), look, seal, now):
            if state is None:
                state = {} if anew else _read_state(folder)
            if not anew and _is_known(_of_state(state.get(name)), look, seal, now):
                _seen[path] = _of_state(state[name])  # type: ignore[assignment]
            else:
                unsure.append((name, path, look, seal))
    if unsure:
        faults += _hash_them(folder, unsure, now)
    return faults


def _hash_them(folder: Path, unsure: list[tuple[str, str, Look, Seal]], now: float) -> list[Fault]:
    """Hash the files that nothing vouches for, and note those that are as they were written."""
    faults, sound = list[Fault](), dict[str, _Known]()
    with ThreadPoolExecutor(_HASHED_AT_ONCE) as pool:
        for (name, path, look, seal), made in zip(unsure, pool.map(lambda one: _tried(one[1]), unsure), strict=True):
            if made == seal:
                sound[name] = _seen[path] = (look, seal.sha256, now)
            else:
                faults.append(Fault(Path(path), "unreadable" if made is None else "changed"))
    if sound:
        _write_state(folder, {**_read_state(folder), **sound})
    return faults


def _remember(folder: Path, seals: Mapping[str, Seal]) -> None:
    """Note that files were hashed as they were written."""
    looks = {name: (look_at(folder / name), seal.sha256, time.time()) for name, seal in seals.items()}
    _seen.update({os.path.join(folder, name): known for name, known in looks.items()})
    _write_state(folder, {**_read_state(folder), **looks})


def seal_folder(folder: Path, *, taken_over_from: Iterable[Path] = ()) -> dict[str, Seal]:
    """Write `seal.json` into a folder that is finished, all of it on the disk and its owner's alone when this returns; return the seals.

    `taken_over_from`: sealed folders some of whose files may have a second name in this one (hard links): they keep the seal that
    they were written with, and are not read again.
    """
    names = [path.relative_to(folder).as_posix() for path in sorted(folder.rglob("*")) if path.is_file() and path.name not in _OUTSIDE]
    for name in names:
        private_file(folder / name)
    known = {
        look_at(other / name)[:3]: seal
        for other in taken_over_from
        for name, seal in (read_seal(other) or {}).items()
        if (other / name).is_file()
    }
    kept = {name: known[look] for name in names if (look := look_at(folder / name)[:3]) in known}
    seals = kept | seals_of(folder, [name for name in names if name not in kept])
    write_atomically(folder / SEAL, signed({"files": seals}), private=True)
    return seals


def read_seal(folder: Path) -> dict[str, Seal] | None:
    """Return the seals of a folder's files; None where there is no seal, or one that is damaged."""
    try:
        look = look_at(folder / SEAL)
        if (known := _seals.get(folder)) is not None and known[0] == look:
            return known[1]
        values = read_signed((folder / SEAL).read_text("utf-8"))
        seals = {name: Seal(*seal) for name, seal in values["files"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    _seals[folder] = (look, seals)
    while len(_seals) > _MOST_SEALS:
        _seals.pop(next(iter(_seals)))
    return seals


_seals: dict[Path, tuple[Look, dict[str, Seal]]] = {}
_MOST_SEALS = 64


def folder_faults(folder: Path, *, anew: bool = False) -> list[Fault]:
    """Return what is wrong with a sealed folder: empty = every file is what was written."""
    seals = read_seal(folder)
    if seals is None:
        return [Fault(folder / SEAL, "changed" if (folder / SEAL).exists() else "missing")]
    return faults_in(folder, seals, anew=anew)


# -- files that are named by their content ----------------------------------------------------------------------------------------------


def write_content_named(folder: Path, stem: str, ending: str, write: Callable[[Path], Any], *, durable: bool = True) -> Path:
    """Write a file as `<stem>.<SHA-256><ending>`, and remove what was called `stem` before; return its path."""
    earlier = _named(folder, stem, ending)
    part = folder / f".{stem}.{os.getpid()}-{threading.get_ident()}.part"
    try:
        write(private_file(part))
        path = folder / f"{stem}.{seal_now(part).sha256}{ending}"
        if durable:
            synced(part)
        os.replace(part, path)
        if durable:
            synced(folder)
    finally:
        part.unlink(missing_ok=True)
    for old in earlier:
        if old != path:
            old.unlink(missing_ok=True)
    return path


def content_named(folder: Path, stem: str, ending: str) -> Path | None:
    """Return the file called `stem` whose content is what its name says; None where there is none."""
    return next((path for path in _named(folder, stem, ending) if is_as_named(path)), None)


def is_as_named(path: Path, *, anew: bool = False) -> bool:
    """Say whether the content of a file is what its name says: `<stem>.<SHA-256><ending>`."""
    try:
        seal = Seal(path.name.split(".")[-2], path.stat().st_size)
    except OSError:
        return False
    return not faults_in(path.parent, {path.name: seal}, anew=anew)


def _named(folder: Path, stem: str, ending: str) -> list[Path]:
    length = len(stem) + 65 + len(ending)
    return sorted(path for path in folder.glob(f"{glob.escape(stem)}.*{ending}") if len(path.name) == length)


# -- JSON that vouches for itself ------------------------------------------------------------------------------------------------------


def signed(values: Mapping[str, Any]) -> str:
    """Return JSON text with the digest of its own values as its last key: a changed figure in it is seen."""
    return json.dumps({**values, "digest": _digest(values)}, indent=1, ensure_ascii=False)


def read_signed(text: str) -> dict[str, Any]:
    """Return the values of `signed` without their digest.

    Raises
    ------
    NotAsWritten, ValueError
        It is not what was written; it is no JSON.
    """
    values = json.loads(text)
    if not isinstance(values, dict) or values.pop("digest", None) != _digest(values):
        raise NotAsWritten(tr("it is not what was written"))
    return values


def _digest(values: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(values, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


# -- inside ----------------------------------------------------------------------------------------------------------------------------


def _tried(path: str) -> Seal | None:
    try:
        return seal_now(path)
    except OSError:
        return None


def look_at(path: str | Path) -> Look:
    """Return what tells that a file was written to: inode, size, and when its content and its entry were changed (ns)."""
    found = os.stat(path)
    if not stat.S_ISREG(found.st_mode):
        raise IsADirectoryError(path)
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _is_known(known: _Known | None, look: Look, seal: Seal, now: float) -> bool:
    return known is not None and known[0] == look and known[1] == seal.sha256 and 0 <= now - known[2] < TRUSTED_SECONDS


def _of_state(entry: Any) -> _Known | None:
    try:
        inode, size, modified, changed = entry[0]
        return (inode, size, modified, changed), entry[1], float(entry[2])
    except (TypeError, ValueError, IndexError):
        return None


def _write_state(folder: Path, state: Mapping[str, Any]) -> None:
    with suppress(OSError), written_beside(folder / STATE, durable=False) as part:
        part.write_text(json.dumps(state), "utf-8")


def _read_state(folder: Path) -> dict[str, Any]:
    try:
        state = json.loads((folder / STATE).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return state if isinstance(state, dict) else {}
