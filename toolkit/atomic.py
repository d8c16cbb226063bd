"""Files that a reader finds whole: written beside their place and renamed into it."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def written_beside(path: Path) -> Iterator[Path]:
    """Give a path beside `path` to write to; it takes the name when the block ends, and is gone when the block fails.

    A reader finds the old content or the new one, never a part. Two writers have two such files; the later one wins.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}.part")
    try:
        yield part
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def write_atomically(path: Path, text: str) -> None:
    """Write `text` (UTF-8) so that a reader finds the old content or the new one, also after the machine has stopped in between."""
    with written_beside(path) as part, part.open("w", encoding="utf-8", newline="\n") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
