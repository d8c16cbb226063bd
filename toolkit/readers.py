"""Who reads which state of a workspace: what is read stays until its reader lets go of it.

A state is what one manifest names; its number is the manifest's `data_version`. Each process that reads has a lease in `.readers/` of
the workspace that lists the states it reads and says until when. A writer keeps the files of leased states, and the marts made of them;
it sweeps them once the lease is given back, has run out, or its process is gone from this machine. Where no lease can be written (a disk
that is read only for the reader), nothing holds a writer back: a question that finds its files swept is asked again of the new state.

A reader takes its lease first and looks at the manifest again after it; a writer replaces the manifest first and looks at the leases
after it. So one of the two sees the other, whatever the order.
"""

from __future__ import annotations

import atexit
import json
import os
import socket
import threading
import time
import weakref
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from toolkit.atomic import written_beside

FOLDER = ".readers"
LEASE_SECONDS = 12 * 3600
"""A process that asked nothing for so long lets go: a notebook that was left open moves to the new state with its next question."""

_lock = threading.RLock()
_held: dict[Path, Counter[int]] = {}
_until: dict[Path, float] = {}
_answered: dict[Path, int] = {}
_process = os.getpid()


class Lease:
    """A state of a workspace that stays while this object does."""

    def __init__(self, workspace: Path, state: int) -> None:
        self.state = state
        place = workspace.resolve()
        with _lock:
            _after_fork()
            _held.setdefault(place, Counter())[state] += 1
            if _held[place][state] == 1 or _until.get(place, 0) < time.time() + LEASE_SECONDS / 2:
                _write(place)
        self._end = weakref.finalize(self, _let_go, place, state, os.getpid())

    def end(self) -> None:
        """Let go now."""
        self._end()


def leased_states(workspace: Path) -> set[int]:
    """Return the states that somebody reads, and remove the leases that have run out or whose process is gone."""
    states = set[int]()
    for path in (workspace / FOLDER).glob("*.lease"):
        try:
            lease = json.loads(path.read_text("utf-8"))
            alive = lease["until"] > time.time() and not _is_gone(lease)
            states |= set(lease["states"]) if alive else set()
        except FileNotFoundError:
            continue
        except (OSError, ValueError, KeyError, TypeError):
            alive = False
        if not alive:
            with suppress(OSError):
                path.unlink()
    return states


def keep_state(workspace: Path, state: int) -> None:
    """Keep the manifest of a state that is about to be replaced, for as long as somebody reads it."""
    with suppress(OSError):
        (workspace / FOLDER).mkdir(exist_ok=True)
        with written_beside(workspace / FOLDER / f"{state}.manifest", durable=False, private=True) as part:
            part.write_bytes((workspace / "manifest.json").read_bytes())


def drop_states(workspace: Path) -> None:
    """Keep no earlier state, whoever reads it."""
    for path in (workspace / FOLDER).glob("*.manifest"):
        path.unlink(missing_ok=True)


def kept_manifests(workspace: Path) -> Iterator[dict[str, Any]]:
    """Yield the manifests of earlier states that somebody reads; those that nobody reads any more are removed."""
    leased = leased_states(workspace)
    for path in (workspace / FOLDER).glob("*.manifest"):
        if path.stem.isdigit() and int(path.stem) in leased:
            with suppress(OSError, ValueError):
                yield json.loads(path.read_text("utf-8"))
        else:
            path.unlink(missing_ok=True)


def has_moved(workspace: Path, state: int) -> bool:
    """Say whether an earlier question of this process read an older state; from now on `state` is the one that it has read."""
    place = workspace.resolve()
    with _lock:
        earlier = _answered.get(place, state)
        _answered[place] = max(state, earlier)
    return earlier < state


def _let_go(place: Path, state: int, process: int) -> None:
    if process != os.getpid():  # a fork took the object along, not the lease
        return
    with _lock:
        held = _held.get(place, Counter())
        held[state] -= 1
        if held[state] <= 0:
            del held[state]
            _write(place)


def _write(place: Path) -> None:
    """Write what this process reads in a workspace, or remove its lease where that is nothing."""
    path = place / FOLDER / f"{socket.gethostname()}-{os.getpid()}.lease"
    _until[place] = time.time() + LEASE_SECONDS
    lease = {"host": socket.gethostname(), "process": os.getpid(), "began": _began(os.getpid()), "until": _until[place]}
    with suppress(OSError):
        if not _held.get(place):
            path.unlink(missing_ok=True)
            return
        path.parent.mkdir(exist_ok=True)
        with written_beside(path, durable=False) as part:
            part.write_text(json.dumps({**lease, "states": sorted(_held[place])}), "utf-8")


def _is_gone(lease: dict[str, Any]) -> bool:
    """Say whether the process of a lease is known not to run any more: of this machine's processes, where they can be looked at."""
    if lease["host"] != socket.gethostname() or not Path("/proc/self/stat").exists():
        return False
    return lease["began"] is None or _began(lease["process"]) != lease["began"]


def _began(process: int) -> str | None:
    """Return when a process began (by the machine's own count): a number is given to another process some day."""
    try:
        return Path(f"/proc/{process}/stat").read_text("utf-8", errors="replace").rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return None


def _after_fork() -> None:
    """Forget the leases of the process that this one was forked from."""
    global _process  # noqa: PLW0603 - once per process
    if _process != os.getpid():
        _process = os.getpid()
        _held.clear()
        _until.clear()


@atexit.register
def _let_go_of_all() -> None:
    _after_fork()
    for place in list(_held):
        _held[place].clear()
        _write(place)
