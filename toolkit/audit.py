"""Who did what in a workspace: `audit.jsonl`, one JSON object a line, each holding the hash of the line before.

No line names a member: it has counts and the hashes of files. A changed, removed or moved line breaks the chain; a shortened log no longer
reaches the head, which is kept in a file of its own and, where TOOLKIT_AUDIT_HEADS names a folder, outside the workspace too. Whoever can
write everything, heads included, can write another log: a head that was noted elsewhere (`toolkit audit --head`) shows that as well.
"""

from __future__ import annotations

import getpass
import hashlib
import json
import os
import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock

from toolkit.atomic import write_atomically
from toolkit.errors import WorkspaceError
from toolkit.integrity import seal_now
from toolkit.language import tr

LOG, HEAD = "audit.jsonl", ".audit-head"
HEADS_VARIABLE = "TOOLKIT_AUDIT_HEADS"
"""A folder outside the workspaces in which the head of every log is kept too."""
USER_VARIABLE = "TOOLKIT_USER"
"""The name of who is at work where the system's user is not them: a job for somebody, a server that knows its users."""
HUB_VARIABLE = "JUPYTERHUB_USER"
PAGE_USERS_VARIABLE = "TOOLKIT_APP_USERS"
"""The folder in which the server of the apps writes who opened the page of which kernel (`toolkit.apps.serving.users`)."""
NOBODY = "(nobody)"
FIRST = "0" * 64
_acting: ContextVar[tuple[str, str] | None] = ContextVar("acting", default=None)


@dataclass(frozen=True)
class Entry:
    """One line: when, who, from where (shell, page, agent), what was done, with what."""

    number: int
    at: str
    who: str
    how: str
    did: str
    about: Mapping[str, Any]
    before: str
    hash: str


@dataclass(frozen=True)
class Audit:
    """The log as it stands: its entries, the head, and what does not fit, a sentence each (empty = whole)."""

    entries: tuple[Entry, ...]
    head: str
    faults: tuple[str, ...]


@contextmanager
def acting(who: str, how: str) -> Iterator[None]:
    """Say who is at work, and from where, for all that is done inside."""
    token = _acting.set((who, how))
    try:
        yield
    finally:
        _acting.reset(token)


def user() -> tuple[str, str]:
    """Return who is at work and from where: as `acting` says, else who opened the page, the environment, a hub, the user of the system."""
    if (named := _acting.get()) is not None:
        return named
    if folder := os.environ.get(PAGE_USERS_VARIABLE):
        return _of_page(Path(folder)), "page"
    for variable, how in ((USER_VARIABLE, "environment"), (HUB_VARIABLE, "hub")):
        if os.environ.get(variable):
            return os.environ[variable], how
    with suppress(ImportError, KeyError, AttributeError):  # the account itself: LOGNAME can say anything
        import pwd

        return pwd.getpwuid(os.getuid()).pw_name, "shell"
    return getpass.getuser(), "shell"


def _of_page(folder: Path) -> str:
    """Who opened the page of this kernel; nobody before somebody did, and in the server itself."""
    connection = next((Path(word).stem for word in sys.argv if word.endswith(".json")), "")
    try:
        return (folder / connection.removeprefix("kernel-")).read_text("utf-8") if connection else NOBODY
    except OSError:
        return NOBODY


def record(workspace: Path, did: str, *, files: Iterable[Path] = (), **about: Any) -> str:
    """Append a line on what was done and return the new head.

    Parameters
    ----------
    did
        saved, exported, launched, forgot, ...: one word that never changes, so that a log can be searched.
    files
        Files that came of it: they are kept with their SHA-256.
    about
        What it was about: names, counts; never the id of a member.

    Raises
    ------
    WorkspaceError
        The log cannot be written: then nobody would know what was done.
    """
    who, how = user()
    hashes = {str(path): seal_now(path).sha256 for path in files}
    about = {**about, **({"files": hashes} if hashes else {})}
    try:
        with FileLock(workspace / ".audit.lock"):
            return _append(workspace, {"at": datetime.now(UTC).isoformat(timespec="seconds"), "who": who, "how": how, "did": did, **about})
    except OSError as error:
        raise WorkspaceError(
            tr("{path} cannot be written ({error}), so that nobody would know what was done.", path=workspace / LOG, error=error)
        ) from error


def read_audit(workspace: Path, *, head: str = "") -> Audit:
    """Return the log with everything that does not fit, also with a `head` that was noted earlier."""
    entries, faults = [], []
    before = FIRST
    hashes = {FIRST}
    for place, line in enumerate(_lines(workspace), start=1):
        try:
            values = json.loads(line)
            entry = Entry(
                values["number"], values["at"], values["who"], values["how"], values["did"],
                {key: value for key, value in values.items() if key not in Entry.__dataclass_fields__},
                values["before"], values["hash"],
            )  # fmt: skip
        except (ValueError, KeyError, TypeError):
            faults.append(tr("Line {place} cannot be read.", place=place))
            continue
        if _hash(values) != entry.hash:
            faults.append(tr("Line {place} was changed.", place=place))
        if entry.before != before:
            faults.append(tr("Before line {place} a line is missing, was moved or was changed.", place=place))
        before = entry.hash
        hashes.add(before)
        entries.append(entry)
    for kept, where in [*_heads(workspace), *([(head, tr("the head that was given"))] if head else [])]:
        if kept not in hashes:
            faults.append(
                tr("The log does not reach {where} ({head}): lines at its end were removed or changed.", where=where, head=kept[:16])
            )
    return Audit(tuple(entries), before, tuple(faults))


def audit_copy(workspace: Path, folder: Path) -> dict[str, Path]:
    """Copy the log and its head, as they belong together, into a folder; return name -> copy of those that are there."""
    with FileLock(workspace / ".audit.lock"):
        return {name: Path(shutil.copyfile(workspace / name, folder / name)) for name in (LOG, HEAD) if (workspace / name).exists()}


def _append(workspace: Path, values: dict[str, Any]) -> str:
    lines = _lines(workspace)
    path = workspace / LOG
    whole = path.read_bytes().endswith(b"\n") if path.exists() and path.stat().st_size else True
    if not whole:  # the machine stopped while a line was written: its piece is no line, and no head knows it
        _cut_to_last_line(path)
        lines, values = _lines(workspace), {**values, "after": "a line that was cut off"}
    last = _last(lines)
    values = {"number": last[0] + 1, **values, "before": last[1]}
    values["hash"] = _hash(values)
    handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(handle, (json.dumps(values, ensure_ascii=False, default=str) + "\n").encode("utf-8", "backslashreplace"))
        os.fsync(handle)
    finally:
        os.close(handle)
    for place in _head_places(workspace):
        write_atomically(place, json.dumps({"number": values["number"], "head": values["hash"]}))
    return values["hash"]


def _hash(values: Mapping[str, Any]) -> str:
    text = json.dumps({key: values[key] for key in values if key != "hash"}, sort_keys=True, ensure_ascii=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def _lines(workspace: Path) -> list[str]:
    try:
        return (workspace / LOG).read_text("utf-8", "replace").splitlines()
    except FileNotFoundError:
        return []


def _last(lines: list[str]) -> tuple[int, str]:
    """The number and the hash that the next line follows; of a last line that cannot be read, the hash of its text."""
    if not lines:
        return 0, FIRST
    try:
        values = json.loads(lines[-1])
        return int(values["number"]), str(values["hash"])
    except (ValueError, KeyError, TypeError):
        return len(lines), hashlib.sha256(lines[-1].encode()).hexdigest()


def _cut_to_last_line(path: Path) -> None:
    content = path.read_bytes()
    with path.open("r+b") as file:
        file.truncate(content.rfind(b"\n") + 1)


def _head_places(workspace: Path) -> list[Path]:
    """Where the head is kept: in the workspace, and in a folder outside, named by the workspace's place."""
    places = [workspace / HEAD]
    if folder := os.environ.get(HEADS_VARIABLE):
        place = Path(folder)
        place.mkdir(parents=True, exist_ok=True)
        resolved = str(workspace.resolve())
        places.append(place / f"{workspace.resolve().name}-{hashlib.sha256(resolved.encode()).hexdigest()[:12]}.json")
    return places


def _heads(workspace: Path) -> list[tuple[str, str]]:
    heads = []
    for place in _head_places(workspace):
        try:
            heads.append((str(json.loads(place.read_text("utf-8"))["head"]), str(place)))
        except (OSError, ValueError, KeyError, TypeError):
            if place.name == HEAD and (workspace / LOG).exists():
                heads.append(("?", str(place)))
    return heads
