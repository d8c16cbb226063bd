"""Files that a reader finds whole: written beside their place, put on the disk, and renamed into it."""

from __future__ import annotations

import os
import shutil
import stat
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_OLD_SECONDS = 24 * 3600


def private_file(path: Path) -> Path:
    """Make an empty file that its owner alone may read (0600), and return its path: what is then written into it stays so.

    Below a folder with the setgid bit, which a team makes to share, its group may as well (0660).
    """
    os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
    mode = 0o660 if path.parent.stat().st_mode & stat.S_ISGID else 0o600
    if stat.S_IMODE(path.stat().st_mode) != mode:  # else it stays untouched: its times tell whether somebody wrote to it
        path.chmod(mode)
    return path


def private_folder(path: Path) -> Path:
    """Make a folder that its owner alone may enter (in a team's folder, its group too), and those above it; return it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.mkdir(mode=0o700)
    path.chmod(0o2770 if path.parent.stat().st_mode & stat.S_ISGID else 0o700)
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


def is_part(path: Path) -> bool:
    """Say whether a file is one that a writer who was killed left beside its place."""
    return path.name.startswith(".") and path.name.endswith(".part")


def sweep_parts(folder: Path) -> int:
    """Remove what writers who were killed left below a folder, and return how many; what a writer may still be at stays."""
    return sum(_is_dropped(path) for path in sorted(folder.rglob(".*.part")))


def _is_dropped(path: Path) -> bool:
    process = path.name.removesuffix(".part").rpartition(".")[2].split("-")[0]
    is_gone = process.isdigit() and Path("/proc/self").exists() and not Path(f"/proc/{process}").exists()
    with suppress(OSError):
        if is_gone or time.time() - path.stat().st_mtime > _OLD_SECONDS:
            shutil.rmtree(path) if path.is_dir() else os.unlink(path)
            return True
    return False


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


WHOLE = ".whole"
"""Within a folder: a set of files that is written and being moved to its place; `names` lists them."""


@contextmanager
def written_together(folder: Path) -> Iterator[Path]:
    """Give a folder to write files into; when the block ends all of them stand in `folder`, and none of them when it fails or is killed.

    A folder that was not there appears in one step. Into one that was, whole files are moved one after the other; where that is broken off,
    the next set that is written into the folder moves the rest, and may replace what it moved (`broken_off`).
    """
    is_new = not folder.exists()
    part = folder.with_name(f".{folder.name}.{os.getpid()}.part") if is_new else folder / f".{os.getpid()}.part"
    part.parent.mkdir(parents=True, exist_ok=True)
    for stale in part.parent.glob(f".{folder.name}.*.part" if is_new else ".*.part"):
        if stale.is_dir() and not _is_running(stale.name.split(".")[-2]):
            shutil.rmtree(stale, ignore_errors=True)
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir()
    try:
        yield part
        for path in (*part.iterdir(), part):
            synced(path)
        if is_new and not folder.exists():
            os.rename(part, folder)
            synced(folder.parent)
        else:
            (part / "names").write_text("\n".join(sorted(path.name for path in part.iterdir())), "utf-8")
            _move_rest(folder)
            os.rename(part, folder / WHOLE)
            _move_rest(folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def broken_off(folder: Path) -> set[str]:
    """Return the names of a set of files whose move into a folder was broken off: they are nobody's finished work."""
    try:
        return set((folder / WHOLE / "names").read_text("utf-8").splitlines())
    except OSError:
        return set()


def _move_rest(folder: Path) -> None:
    for path in (folder / WHOLE).glob("*"):
        if path.name != "names":
            os.replace(path, folder / path.name)
    shutil.rmtree(folder / WHOLE, ignore_errors=True)
    synced(folder)


def _is_running(process: str) -> bool:
    """Say whether a process of this machine runs, where that can be known; else it is taken to."""
    return not process.isdigit() or not Path("/proc/self").exists() or Path(f"/proc/{process}").exists()
