"""Documents that a person may edit: what they were when the toolkit wrote or first read them, so that a change since is said.

A letter that somebody changed and a bit that turned look alike: neither is refused, and neither is silent. `documents/.known.json` holds
the SHA-256 of each text; where one is another now, every answer that may rest on it says so, until somebody takes it as it is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock

from toolkit.atomic import write_atomically
from toolkit.integrity import read_signed, signed
from toolkit.language import tr

FOLDER, KNOWN = "documents", ".known.json"
_Known = dict[str, tuple[str, list[str]]]  # name -> when it was written or first read, and the SHA-256 that it may have


@dataclass(frozen=True)
class Edit:
    """A document that was changed by no command of the toolkit since it was written or first read (`since`, UTC)."""

    name: str
    since: str


def write_document(folder: Path, name: str, text: str) -> Path:
    """Write a text below documents/ in one step, readable by its owner alone; from now on it is known as it is now."""
    path = folder / name
    with _known(folder) as known:
        before = known[name][1][-1:] if name in known else []
        known[name] = (_now(), [*before, _digest(text.encode())])  # both: a process that is killed leaves the old text or the new one
    write_atomically(path, text, private=True)
    return path


def edits(folder: Path, names: Iterable[str] | None = None) -> list[Edit]:
    """Return the documents (those on top of the folder, or `names`) that are not as they were; one that is new is known from now on."""
    known = _read(folder)
    found, new = list[Edit](), {}
    for name in sorted(path.name for path in folder.glob("*.toml")) if names is None else names:
        with suppress(OSError):
            digest = _digest((folder / name).read_bytes())
            if name not in known:
                new[name] = (_now(), [digest])
            elif digest not in known[name][1]:
                found.append(Edit(name, known[name][0]))
    if new:
        with suppress(OSError), _known(folder) as kept:
            kept |= {name: value for name, value in new.items() if name not in kept}
    return found


def edit_notes(workspace: Path, names: Iterable[str] | None = None) -> list[str]:
    """Return a note of an answer on the documents of a workspace that were edited; none where none was."""
    if not (found := edits(workspace / FOLDER, names)):
        return []
    listed = tr(", ").join(tr("{document} (known since {time})", document=f"{FOLDER}/{edit.name}", time=edit.since) for edit in found)
    return [
        tr(
            "Changed by hand, or damaged: {documents}. Figures may rest on it. Look at it, then: toolkit doctor {path} --take-edits",
            documents=listed,
            path=workspace,
        )
    ]


def take_edits(folder: Path) -> list[Edit]:
    """Take every document as it is now, and return those that were edited."""
    found = edits(folder, sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.toml")))
    if found:
        with _known(folder) as known:
            known |= {edit.name: (_now(), [_digest((folder / edit.name).read_bytes())]) for edit in found}
    return found


@contextmanager
def _known(folder: Path) -> Iterator[_Known]:
    """Give what is known, to be changed; it is written when the block ends."""
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / f"{KNOWN}.lock"):
        known = _read(folder)
        yield known
        write_atomically(folder / KNOWN, signed({"documents": known}), private=True)


def _read(folder: Path) -> _Known:
    try:
        values = read_signed((folder / KNOWN).read_text("utf-8"))["documents"]
        return {name: (str(since), list(digests)) for name, (since, digests) in values.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _now() -> str:
    return datetime.now(UTC).isoformat(sep=" ", timespec="minutes").replace("+00:00", " UTC")
