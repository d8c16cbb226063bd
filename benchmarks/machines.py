"""What the mart, the baskets and the sequences cost by line, and what that comes to on many machines.

    python benchmarks/machines.py                  10 million made-up lines (benchmarks/receipts.py), two workers of one thread on loopback
    python benchmarks/machines.py --lines 3        millions of lines

Each is made in a process of its own, once by `engine = "local"` and once by a Dask scheduler with two workers: CPU seconds of driver and
workers, the highest memory of a worker, and whether every file is the same. Then the constants are laid out for 1, 10 and 100 billion lines:
arithmetic on what was measured here, not a measurement. No shuffle is in it: an import has put a member's lines into one partition.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import sys
from datetime import date
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from benchmarks.apart import ROOT, apart, cpu, peak

DOLLARS_AN_HOUR = 0.04  # a virtual processor with 4 GB, on demand, of the large clouds: look up your own


def main() -> int:
    """Measure both engines and print; 1 where a file differs."""
    arguments = _arguments()
    if arguments.part:
        print(json.dumps(_made(arguments.folder, arguments.part)))
        return 0
    from benchmarks.receipts import make_receipts

    folder = arguments.folder / f"{arguments.lines}m"
    make_receipts(folder, arguments.lines * 1_000_000)
    local, spread = (_run(folder, engine) for engine in ("local", "dask"))
    differ = [name for name in local["files"] if spread["files"].get(name) != local["files"][name]]
    millions = arguments.lines
    print(f"{millions} million lines; two workers of one thread; CPU seconds, peak MB of a process")
    print(f"{'':16}{'local':>10}{'dask':>10}")
    for name in ("mart", "baskets", "sequences"):
        print(f"{name:16}{local['cpu'][name]:>10.1f}{spread['cpu'][name]:>10.1f}")
    print(f"{'together':16}{sum(local['cpu'].values()):>10.1f}{sum(spread['cpu'].values()):>10.1f}")
    print(f"{'peak':16}{local['peak']:>10,.0f}{spread['peak']:>10,.0f}")
    print(f"files that differ: {len(differ)} of {len(local['files'])}")
    _lay_out(spread, millions)
    return int(bool(differ))


def _lay_out(spread: dict, millions: int) -> None:
    second = sum(spread["cpu"].values()) / millions  # CPU seconds a million lines
    line = spread["bytes"] / millions / 1e6
    print(
        f"\nby million lines: {second:.2f} CPU seconds, {line * 1e6 / 1e6:.1f} MB on disk (lines {spread['lines_bytes'] / millions / 1e6:.1f})"
    )
    print(f"{'lines':>10}{'partitions':>12}{'disk TB':>10}{'CPU hours':>11}{'on 64':>9}{'dollars':>9}{'sums MB':>9}")
    for billions in (1, 10, 100):
        hours = second * billions * 1_000 / 3_600
        parts = billions * 1_000 // 3
        sums = spread["sum_bytes"] / 1e6
        print(f"{billions:>8} G{parts:>12,}{line * billions * 1e9 / 1e12:>10.2f}{hours:>11.1f}{hours / 64 * 60:>7.0f} m"
              f"{hours * DOLLARS_AN_HOUR:>9.2f}{sums * parts:>9,.0f}")  # fmt: skip
    print("partitions of 3 million lines; sums: what all partitions together send to the driver, one at a time held there")


def _run(folder: Path, engine: str) -> dict:
    """Make the three on a fresh copy of the workspace."""
    workspace = folder / engine
    shutil.rmtree(workspace, ignore_errors=True)
    shutil.copytree(folder / "workspace", workspace, ignore=shutil.ignore_patterns("mart"))
    told: dict = {"cpu": {}, "peak": 0.0}
    for part in ("mart", "baskets", "sequences"):
        one = apart(__file__, "--part", f"{engine}:{part}", "--folder", workspace, threads=1 if engine == "dask" else 2)
        told["cpu"][part], told["peak"], told["sum_bytes"] = one["cpu"], max(told["peak"], one["peak"]), one["sum_bytes"]
    told["files"] = {at.relative_to(workspace).as_posix().split("/", 2)[-1]: _digest(at) for at in workspace.rglob("*.arrow")}
    told["lines_bytes"] = sum(at.stat().st_size for at in (workspace / "lines").rglob("*.parquet"))
    told["bytes"] = told["lines_bytes"] + sum(at.stat().st_size for at in (workspace / "mart").rglob("*") if at.is_file())
    return told


def _digest(at: Path) -> str:
    with at.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _made(workspace: Path, which: str) -> dict:
    engine, part = which.split(":")
    from toolkit.mart import ensure_mart
    from toolkit.mart.baskets import ensure_baskets
    from toolkit.mart.products import SUMS
    from toolkit.mart.sequences import sequences_of
    from toolkit.workspace import Workspace

    ws = Workspace(workspace)
    day = ws.last_day or date.max
    make = {
        "mart": lambda: None,
        "baskets": lambda: ensure_baskets(ws, ensure_mart(ws, day)),
        "sequences": lambda: sequences_of(ws, ensure_mart(ws, day)),
    }
    if engine == "local":
        before = cpu()
        ensure_mart(ws, day)
        make[part]()
        used, most = cpu() - before, peak()
    else:
        from distributed import LocalCluster

        given = {"n_workers": 2, "threads_per_worker": 1, "processes": True, "dashboard_address": None, "host": "127.0.0.1"}
        with LocalCluster(**given, memory_limit="6GB") as cluster:
            ws.write_document("settings", {"machines": {"engine": "dask", "scheduler": cluster.scheduler_address}})
            ws = Workspace(workspace)
            with cluster.get_client() as client:
                client.run(_warm)
                start = sum(client.run(cpu).values()) + cpu()
                ensure_mart(ws, day)
                make[part]()
                used = sum(client.run(cpu).values()) + cpu() - start
                most = max(client.run(peak).values())
    mart = ensure_mart(ws, day)
    return {"cpu": used, "peak": most, "sum_bytes": 8 * len(SUMS) * mart.all_products.height}


def _warm() -> None:
    import toolkit.mart.sequences  # noqa: F401


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, default=10, help="millions of lines")
    parser.add_argument("--folder", type=Path, default=ROOT / "build" / "machines", help="where the receipts and the workspaces are kept")
    parser.add_argument("--part", help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
