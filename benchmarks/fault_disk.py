"""The order in which an import reaches the disk, by the system calls that it makes: data and folders first, then the manifest that names them."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from toolkit.workspace import Workspace

CODE = "import sys, toolkit as tk; tk.import_receipts(sys.argv[1], sys.argv[2], accept_defaults=True)"
_SYNCED = re.compile(r"fsync\(\d+<([^>]+)>\)\s+= 0|fsync resumed.*")
_RENAMED = re.compile(r'rename(?:at2?)?\((?:AT_FDCWD[^,]*, )?"([^"]+)", (?:AT_FDCWD[^,]*, )?"([^"]+)"')
_BEGUN = re.compile(r"^(\d+)\s+fsync\(\d+<([^>]+)>")
_ENDED = re.compile(r"^(\d+)\s+<\.\.\. fsync resumed>.*= 0")


def trace(receipts: Path, workspace: Path, log: Path) -> None:
    """Run an import under strace and write its calls that order the disk."""
    calls = ["strace", "-f", "-y", "-qq", "-s", "4096", "-e", "trace=fsync,rename,renameat,renameat2", "-o", str(log)]
    subprocess.run([*calls, sys.executable, "-c", CODE, str(receipts), str(workspace)], check=True, capture_output=True)


def not_synced(log: Path, workspace: Path) -> tuple[int, list[str]]:
    """Return how many files and folders the last manifest needs on the disk before it, and those that were not there."""
    synced, waiting, at_commit = set[str](), dict[str, str](), set[str]()
    after = set[str]()
    for line in log.read_text("utf-8", "replace").splitlines():
        if (ended := _ENDED.match(line)) and ended[1] in waiting:
            synced.add(waiting.pop(ended[1]))
        elif begun := _BEGUN.match(line):
            if "unfinished" in line:
                waiting[begun[1]] = begun[2]
            elif line.rstrip().endswith("= 0"):
                synced.add(begun[2])
                after.add(begun[2])
        elif (renamed := _RENAMED.search(line)) and renamed[2].endswith("/manifest.json"):
            at_commit, after = set(synced) | ({renamed[2]} if renamed[1] in synced else set()), set()
    place = workspace.resolve()
    manifest = Workspace(workspace).manifest
    files = [place / name for name in manifest.live()]
    folders = {folder for file in files for folder in file.parents if folder.is_relative_to(place)}
    needed = [*map(str, files), *map(str, folders), str(workspace / "manifest.json")]
    known = at_commit | {str(Path(one).resolve()) for one in at_commit}
    missing = [name for name in needed if name not in known]
    if str(place) not in after and str(workspace) not in after:
        missing.append(f"{workspace} after the manifest was put in its place")
    return len(needed) + 1, missing


def promises(folder: Path) -> Iterator[tuple[str, int, list[str]]]:
    """Yield the row of the table, or nothing where there is no strace."""
    if shutil.which("strace") is None:
        print("skipped: strace is not installed, so nobody looked in which order an import reaches the disk")
        return
    log, workspace = folder / "calls.log", folder / "traced"
    trace(folder / "in", workspace, log)
    tried, missing = not_synced(log, workspace)
    yield "on the disk before the manifest names it (strace)", tried, [f"not synced: {name}" for name in missing]
