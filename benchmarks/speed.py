"""Speed and memory of the mart and of the import, beside the floor and beside peers that install.

    python benchmarks/speed.py                        the Complete Journey (1.5 million lines) and 10 million made-up lines
    python benchmarks/speed.py --lines 10 100         millions of made-up lines; cj = the Complete Journey
    python benchmarks/speed.py --peers-python PATH    the environment with duckdb, pandas, lifetimes, openretailscience

Every measure runs in a fresh process with two threads, `--repeat` times (the median counts): CPU seconds, user and system, of the work alone,
without start-up and imports; peak memory of the whole process. The floor is a scan and one group-by of members (sum, latest time, count) of
the same lines: once as the workspace keeps them, once as a plain folder in time order. Ratios, not seconds, travel between machines.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from benchmarks.apart import ROOT, apart

OURS = ("floor_workspace", "floor_plain", "mart")
IMPORTS = ("sink", "sink_lz4", "import")
PEERS = ("duckdb_mart", "pandas_mart", "lifetimes_summary", "openretailscience_rfm")
WHAT = {
    "floor_workspace": "floor: scan + one group-by of members, workspace lines",
    "floor_plain": "floor: the same, plain lines in time order",
    "mart": "toolkit mart: all tables, written",
    "duckdb_mart": "DuckDB SQL: the same tables, written",
    "pandas_mart": "pandas: the same but products and order gaps",
    "lifetimes_summary": "lifetimes: 4 columns a member",
    "openretailscience_rfm": "openretailscience: 6 columns a member",
    "sink": "floor: scan and sink of the same columns, zstd (the default)",
    "sink_lz4": "floor: the same, lz4 (as the workspace keeps them)",
    "import": "toolkit import: checks, codes, partitions",
}
PANDAS_MOST = 20_000_000  # lines; beyond, pandas-based peers do not fit the memory


def main() -> int:
    """Make the receipts, measure, print one table per size."""
    arguments = _arguments()
    if arguments.make:
        print(json.dumps(make(arguments.folder, arguments.lines[0])))
        return 0
    for size in arguments.lines:
        folder = arguments.folder / size
        apart(__file__, "--make", "--folder", folder, "--lines", size)
        lines = json.loads((folder / "size.json").read_text())["lines"]
        names = [*OURS, *(() if arguments.no_import else IMPORTS)]
        peers = [name for name in PEERS if lines <= PANDAS_MOST or name == "duckdb_mart"]
        results = {name: _measure(sys.executable, name, folder, arguments.repeat) for name in names}
        if not arguments.no_peers:
            results |= {
                name: _measure(arguments.peers_python, name, folder, 1 if lines > PANDAS_MOST else arguments.repeat) for name in peers
            }
        _print(size, lines, results)
    return 0


def make(folder: Path, size: str) -> None:
    """Write the receipts of a size unless they are there."""
    from benchmarks.receipts import complete_journey, make_receipts

    if size == "cj":
        complete_journey(folder)
    else:
        make_receipts(folder, round(float(size) * 1_000_000))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", nargs="+", default=["cj", "10"], help="millions of lines, or cj (default: cj 10)")
    parser.add_argument("--folder", type=Path, default=ROOT / "build" / "bench", help="where the receipts are kept (default: build/bench)")
    parser.add_argument("--repeat", type=int, default=3, help="runs of each measure; the median counts (default: 3)")
    peers = ROOT / ".venv-bench" / "bin" / "python"
    parser.add_argument("--peers-python", default=str(peers) if peers.exists() else sys.executable, help="python of the peers' environment")
    parser.add_argument("--no-peers", action="store_true", help="measure the toolkit alone")
    parser.add_argument("--no-import", action="store_true", help="leave the import out")
    parser.add_argument("--make", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


def _measure(python: str, name: str, folder: Path, repeat: int) -> dict[str, float] | None:
    """Return the medians of `cpu` and `peak` (MB) of a measure; None where its package is not installed."""
    runs = []
    for _ in range(repeat):
        out = folder / "out" / name
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir(parents=True)
        answer = apart(ROOT / "benchmarks" / "measure.py", name, folder, out, python=python)
        shutil.rmtree(out, ignore_errors=True)
        if answer is None:
            return None
        runs.append(answer)
    return {key: statistics.median(run[key] for run in runs) for key in ("cpu", "peak")}


def _print(size: str, lines: int, results: dict[str, dict[str, float] | None]) -> None:
    print(f"\n{'the Complete Journey' if size == 'cj' else f'{size} million made-up lines'}: {lines:,} lines")
    print("| | CPU s | peak MB | x floor (workspace) | x floor (plain) | x toolkit mart |\n|---|---|---|---|---|---|")
    for name, result in results.items():
        if result is None:
            print(f"| {WHAT[name]} | not installed | | | | |")
            continue
        if name in IMPORTS:
            ratios = ["", f"{result['cpu'] / results['sink']['cpu']:.1f} x sink", ""]
        else:
            ratios = [f"{result['cpu'] / results[base]['cpu']:.1f}" for base in OURS]
        print(f"| {WHAT[name]} | {result['cpu']:.2f} | {result['peak']:.0f} | {' | '.join(ratios)} |", flush=True)


if __name__ == "__main__":
    sys.exit(main())
