"""What one more day costs beside a full build: import, mart, and the tables behind the first page.

    python benchmarks/nights.py                       10 million made-up lines (benchmarks/receipts.py), a week of nights
    python benchmarks/nights.py --lines 100 --days 1  millions of lines; how many nights come one after the other

The receipts are two years; all but the last days are imported and asked as on a first evening (the full build), then each day comes as a file
of its own. Every step runs in a fresh process with two threads: CPU seconds, user and system, without start-up and imports, and the peak
of its memory. Bars: a day's steps together cost at most a fifth of the full build's; after the last night the workspace holds at most four
times the bytes of its lines.
"""

from __future__ import annotations

import argparse
import importlib
import json
import shutil
import sys
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from benchmarks.apart import ROOT, apart, spent

STEPS = ("import", "mart", "page")
BAR_CPU, BAR_BYTES = 0.20, 4.0
LAST_DAY = date(2024, 12, 31)


def main() -> int:
    """Make the receipts, build, let the nights pass, print; 1 where a bar is missed."""
    arguments = _arguments()
    if arguments.step:
        print(json.dumps(_measured(arguments.step, arguments.folder)))
        return 0
    folder = arguments.folder / f"{arguments.lines}m"
    _make(folder, arguments.lines * 1_000_000, arguments.days)
    workspace = folder / "nightly"
    shutil.rmtree(workspace, ignore_errors=True)
    full = _evening(folder, "history.toml", workspace)
    nights = [_evening(folder, f"day-{number}.toml", workspace) for number in range(arguments.days)]
    return _print(arguments.lines, workspace, full, nights)


def _make(folder: Path, lines: int, days: int) -> None:
    """Write the receipts as a history and one file for each of the last days, each with its mapping."""
    import polars as pl

    from benchmarks.receipts import make_receipts, mapping_of

    make_receipts(folder, lines, workspace=False)
    plain = pl.scan_parquet(sorted((folder / "plain").glob("*.parquet")))
    first = LAST_DAY - timedelta(days=days - 1)
    parts = {"history": pl.col("ordered_at").dt.date() < first}
    parts |= {f"day-{number}": pl.col("ordered_at").dt.date() == first + timedelta(days=number) for number in range(days)}
    for name, rows in parts.items():
        if not (folder / f"{name}.parquet").exists():
            plain.filter(rows).sink_parquet(folder / f"{name}.parquet", compression="lz4", engine="streaming")
        (folder / f"{name}.toml").write_text(mapping_of(f"{name}.parquet", products=name == "history"), "utf-8")


def _evening(folder: Path, mapping: str, workspace: Path) -> dict[str, dict[str, float]]:
    """Import, mart and first page, each in a process of its own."""
    return {step: apart(__file__, "--step", f"{step}:{folder / mapping}", "--folder", workspace) for step in STEPS}


def _measured(step: str, workspace: Path) -> dict[str, float]:
    """Run one step on a workspace and return its CPU seconds and peak megabytes."""
    name, mapping = step.split(":", 1)
    from toolkit.apps.serving.entry import STEPS as CARDS
    from toolkit.importing import import_receipts
    from toolkit.mart import ensure_mart
    from toolkit.registry import find_question
    from toolkit.workspace import Workspace

    questions = [find_question(card.question) for card in CARDS] if name == "page" else []
    for module in ("sklearn.ensemble", "sklearn.linear_model", "scipy.stats", "scipy.optimize") if questions else ():
        importlib.import_module(module)
    if name == "import":
        return spent(lambda: import_receipts(mapping, workspace, accept_defaults=True))
    if name == "mart":
        ws = Workspace(workspace)
        return spent(lambda: ensure_mart(ws, ws.last_day or LAST_DAY))
    return spent(lambda: [_asked(question, workspace) for question in questions])


def _asked(question: Callable[[Path], object], workspace: Path) -> None:
    from toolkit.errors import ToolkitError

    try:
        question(workspace)
    except ToolkitError as error:
        print(f"{question}: {error}", file=sys.stderr)


def _print(lines: int, workspace: Path, full: dict, nights: list[dict]) -> int:
    print(f"{lines} million lines: CPU seconds (peak MB)")
    columns = ["full build", *(f"night {number + 1}" for number in range(len(nights)))]
    print(f"{'':14}" + "".join(f"{name:>18}" for name in columns))
    for step in STEPS:
        print(f"{step:14}" + "".join(f"{one[step]['cpu']:>9.1f} ({one[step]['peak']:5.0f})" + "  " for one in (full, *nights)))
    sums = [sum(one[step]["cpu"] for step in STEPS) for one in (full, *nights)]
    print(f"{'together':14}" + "".join(f"{value:>9.1f}         " for value in sums))
    share = sum(sums[1:]) / len(nights) / sums[0]
    size = {part: _bytes(workspace / part) for part in ("lines", "mart", "codes", "tables", "rejected")}
    ratio = sum(size.values()) / size["lines"]
    print(f"a night costs {share:.1%} of the full build (bar {BAR_CPU:.0%})")
    told = ", ".join(f"{part} {value / 1e6:,.0f}" for part, value in size.items())
    print(f"the workspace holds {ratio:.2f} times the bytes of its lines (bar {BAR_BYTES:.0f}): MB {told}")
    return int(share > BAR_CPU or ratio > BAR_BYTES)


def _bytes(folder: Path) -> int:
    """Bytes on disk, what has several names counted once."""
    sizes = {(at.st_dev, at.st_ino): at.st_size for path in folder.rglob("*") if path.is_file() for at in [path.stat()]}
    return sum(sizes.values())


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, default=10, help="millions of lines")
    parser.add_argument("--days", type=int, default=7, help="nights measured, one after the other; in a week of them one learns forecasts")
    parser.add_argument("--folder", type=Path, default=ROOT / "build" / "nights", help="where the receipts and the workspace are kept")
    parser.add_argument("--step", help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
