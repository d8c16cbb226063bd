"""Which marts stay on the disk: all of today's receipts, and of earlier receipts what a later mart can be carried forward from."""

from __future__ import annotations

import shutil
from pathlib import Path

from toolkit.mart.carried import link
from toolkit.mart.derived import CARRIED
from toolkit.readers import leased_states
from toolkit.workspace import Workspace

BUILDING = ".building-"
"""How the folder of a mart is called while it is being built."""
MOST_TIMES_LINES, LEAST_BUDGET = 2.5, 200_000_000
"""Marts may take this many times the bytes of the lines, or this many bytes where that is more; beyond it those of earlier receipts go."""
_MOST_CARRIED = 8


def sweep(folder: Path) -> None:
    """Remove what killed builds left."""
    for item in folder.iterdir():
        if item.is_dir() and item.name.startswith(BUILDING):
            shutil.rmtree(item, ignore_errors=True)


def take_over(finished: Path) -> None:
    """Give a new mart what those beside it have that does not rest on the day: they may be gone before it is asked for."""
    found = sorted(finished.parent.glob(f"*-*-*-*/derived/{CARRIED}*.parquet"), key=lambda path: path.stat().st_mtime_ns)
    for path in found[-_MOST_CARRIED:]:
        target = finished / "derived" / path.name
        if not target.exists():
            link(path, target)


def prune(ws: Workspace, newest: Path) -> None:
    """Remove marts of earlier receipts: those of the same day, and the oldest beyond the budget; what two marts share counts once.

    A mart that somebody reads stays, and so does one of later receipts than ours: it is another's to keep.
    """
    held_by_readers = leased_states(ws.path)
    marts = [path for path in newest.parent.iterdir() if (path / "mart.json").exists()]
    budget = max(MOST_TIMES_LINES * sum((ws.path / file.path).stat().st_size for file in ws.manifest.line_files), LEAST_BUDGET)
    seen: set[tuple[int, int]] = set()
    held = 0
    for path in sorted(marts, key=lambda path: (_version(path) == _version(newest), (path / "mart.json").stat().st_mtime_ns), reverse=True):
        for item in path.rglob("*"):
            at = item.stat()
            held += 0 if (at.st_dev, at.st_ino) in seen else at.st_size
            seen.add((at.st_dev, at.st_ino))
        version = _version(path)
        is_free = version.isdigit() and int(version) < ws.manifest.data_version and int(version) not in held_by_readers
        if is_free and (path.name.rpartition("-")[0] == newest.name.rpartition("-")[0] or held > budget):
            shutil.rmtree(path, ignore_errors=True)


def _version(mart: Path) -> str:
    return mart.name.rpartition("-")[2]
