"""A disk that is full or cannot be written: a sentence for who wanted something kept, another place for what only makes answers quicker."""

from __future__ import annotations

import atexit
import errno
import functools
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import ParamSpec, TypeVar

import polars as pl

from toolkit.errors import WorkspaceError
from toolkit.language import tr

P = ParamSpec("P")
T = TypeVar("T")
FAULTS = (OSError, pl.exceptions.ComputeError)
"""What is raised by a disk: polars wraps some of it into an error of its own."""
_NUMBERS = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM}
_WORDS = ("No space left", "Read-only file system", "Permission denied", "File too large", "Disk quota")
_spares: dict[Path, Path] = {}


class NotWritten(WorkspaceError, OSError):
    """Something could not be kept, since the disk is full or cannot be written."""


def cannot_write(error: BaseException) -> bool:
    """Say whether an error, by number or (polars) by its text, means that a disk takes nothing: it is full, or not ours to write."""
    if isinstance(error, OSError) and error.errno is not None:
        place = error.filename if isinstance(error.filename, str | os.PathLike) else ""
        is_read = error.errno == errno.EACCES and os.path.isfile(place) and not os.access(place, os.R_OK)
        return error.errno in _NUMBERS and not is_read
    return any(words in str(error) for words in _WORDS)


def told_in_words(function: Callable[P, T]) -> Callable[P, T]:
    """Make a function that keeps something say in a sentence that it could not; it leaves nothing half-written."""

    @functools.wraps(function)
    def told(*given: P.args, **named: P.kwargs) -> T:
        try:
            return function(*given, **named)
        except NotWritten:
            raise
        except FAULTS as error:
            if not cannot_write(error):
                raise
            raise NotWritten(not_written(error)) from error

    return told


def not_written(error: BaseException, place: Path | str | None = None) -> str:
    """Return the sentence for an error that `cannot_write`; `place`: what was written to, where the error names nothing."""
    place = getattr(error, "filename", None) or place
    fault = getattr(error, "strerror", None) or next((words for words in _WORDS if words in str(error)), str(error))
    return tr(
        "{place} cannot be written ({fault}), so nothing was kept there. Free some space, or give yourself the right to write there.",
        place=place or tr("The disk"),
        fault=fault,
    )


def with_spare(place: Path, make: Callable[[Path], T]) -> T:
    """Return `make(place)`, or where that place cannot be written what `make` gives in one beside it, which goes with this process.

    For what is derived and only saves time: a question is answered from a disk that is full or read-only, a little later.
    """
    if place in _spares:
        return make(_spares[place])
    try:
        return make(place)
    except FAULTS as error:
        if not cannot_write(error):
            raise
    return make(_spare(place))


def spare_of(place: Path) -> Path | None:
    """Return the place beside `place` that was made in this process, or None."""
    return _spares.get(place)


def _spare(place: Path) -> Path:
    folder = Path(tempfile.mkdtemp(prefix="toolkit-spare-"))  # readable by its owner alone
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    _spares[place] = folder
    return folder
