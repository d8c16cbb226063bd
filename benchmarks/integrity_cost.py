"""What it costs to be sure that files are what was written, on a shop of a given size.

    python -m benchmarks.integrity_cost [--lines 4000000]

Printed: the first look of a machine at everything (each file is read whole and hashed), the looks of every question after it, and both
beside what a question and an import cost. What the import costs beside an earlier revision: `python -m benchmarks.import_cost REVISION`.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.fault_shop import forget_what_was_read
from benchmarks.import_cost import write_receipts

BAR_LOOK = 0.01
"""Seconds that the looks of one question may take."""


def seconds(work: Callable[[], object]) -> float:
    """Return what a call takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def main() -> int:
    """Print the costs; return 1 where the looks of a question cost more than the bar."""
    import toolkit as tk
    from toolkit.doctor.damage import damaged_marts, data_faults
    from toolkit.integrity import STATE, folder_faults
    from toolkit.workspace import Workspace

    parser = argparse.ArgumentParser()
    parser.add_argument("--lines", type=int, default=4_000_000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_receipts(folder, given.lines)
        path = folder / "ws"
        importing = seconds(lambda: tk.import_receipts(folder / "parquet.toml", path, accept_defaults=True))
        building = seconds(lambda: tk.portrait.overview(path))
        asking = min(seconds(lambda: tk.portrait.overview(path)) for _ in range(5))
        ws = Workspace(path)
        mart = next(item for item in ws.mart_folder.iterdir() if item.is_dir())
        size = sum(file.stat().st_size for part in (path / "lines", mart) for file in part.rglob("*") if file.is_file()) / 1e6

        def look() -> None:
            ws.data_files(ws.manifest.live())
            folder_faults(mart)

        forget_what_was_read()
        for state in path.rglob(STATE):
            state.unlink()
        first = seconds(look)
        forget_what_was_read()
        of_process = seconds(look)
        later = min(seconds(look) for _ in range(20))
        doctor = seconds(lambda: (data_faults(ws), damaged_marts(ws)))
    files = len(ws.manifest.live()) + len(list(ws.manifest.files))
    print(
        f"{given.lines:,} lines, {size:,.0f} MB, {files} files: import {importing:.1f} s, first question (builds the mart) {building:.1f} s, later ones {asking:.3f} s"
    )
    print(f"first look of a machine: {first:.2f} s ({size / first:,.0f} MB/s); first look of a process: {1000 * of_process:.1f} ms")
    print(
        f"looks of one question: {1000 * later:.2f} ms (bar {1000 * BAR_LOOK:.0f} ms), {later / asking:.1%} of it; all of it anew, as the doctor does: {doctor:.2f} s"
    )
    return int(later > BAR_LOOK)


if __name__ == "__main__":
    sys.exit(main())
