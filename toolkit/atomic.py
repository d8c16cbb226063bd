"""Files that a reader finds whole: written beside their place, put on the disk, and renamed into it."""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def private_file(path: Path) -> Path:
    """Make an empty file that its owner alone may read (0600), and return its path: what is then written into it stays so.

    Below a folder with the setgid bit, which a team makes to share, its group may as well (0660).
    """
    mode = 0o660 if path.parent.stat().st_mode & stat.S_ISGID else 0o600
    os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
    path.chmod(mode)
    return path


@contextmanager
def written_beside(path: Path, *, durable: bool = True, private: bool = False) -> Iterator[Path]:
    """Give a path beside `path` to write to; it takes the name when the block ends, and is gone when the block fails.

    A reader finds the old content or the new one, never a part, also after the machine has stopped in between: the content is on the disk
    before it gets the name, and the name is when this returns. Two writers have two such files; the later one wins. What can be made again
    at any time, and is looked at before it is believed, need not wait for the disk (`durable=False`). `private`: the file holds persons
    (`private_file`).
    """
    part = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}.part")
    try:
        if private:
            private_file(part)
        yield part
        if durable:
            synced(part)
        os.replace(part, path)
        if durable:
            synced(path.parent)
    finally:
        part.unlink(missing_ok=True)


def write_atomically(path: Path, text: str, *, private: bool = False) -> None:
    """Write `text` (UTF-8) as `written_beside` does."""
    with written_beside(path, private=private) as part:
        part.write_text(text, encoding="utf-8", newline="\n")


def synced(path: Path) -> None:
    """Wait until a file, or the names in a folder, are on the disk. Folders cannot be waited for on Windows, where this does nothing."""
    if os.name == "nt" and path.is_dir():
        return
    handle = os.open(path, os.O_RDWR if os.name == "nt" else os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
