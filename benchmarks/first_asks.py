"""What a question costs that nobody asked before: the mart is there, and nothing that is made beside it on first use.

    python -m benchmarks.first_asks                       10 million made-up lines (benchmarks/receipts.py), the dearest questions
    python -m benchmarks.first_asks --lines 3 --questions targeting.niches,portrait.rfm

Each is asked in a process of its own with two threads: CPU seconds of the question, start-up and imports left out, and the peak. Bar: 5 CPU
seconds at 10 million lines.
"""

from __future__ import annotations

import argparse
import importlib
import json
import shutil
import sys
from datetime import date
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from benchmarks.apart import ROOT, apart, spent

BAR = 5.0
QUESTIONS = "portrait.lifetime_value,targeting.paths,targeting.niches,differentiation.holdout,targeting.core_goods,portrait.movement,portrait.personas,differentiation.next_best"


def main() -> int:
    """Print the table; 1 where a question costs more than the bar."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, default=10, help="millions of lines")
    parser.add_argument("--questions", default=QUESTIONS)
    parser.add_argument("--folder", type=Path, default=ROOT / "build" / "first_asks", help="where the receipts and the workspace are kept")
    parser.add_argument("--ask", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.ask:
        print(json.dumps(asked(given.ask, given.folder)))
        return 0
    from benchmarks.receipts import make_receipts

    folder = given.folder / f"{given.lines}m"
    make_receipts(folder, given.lines * 1_000_000)
    apart(__file__, "--ask", "mart", "--folder", folder / "workspace")
    print(f"first ask at {given.lines} million lines | CPU s | peak MB | bar {BAR} s\n---|---:|---:|---")
    missed = False
    for name in given.questions.split(","):
        one = apart(__file__, "--ask", name, "--folder", folder / "workspace")
        missed |= one["cpu"] > BAR
        print(f"{name} | {one['cpu']:.1f} | {one['peak']:.0f} | {'missed' if one['cpu'] > BAR else 'met'}", flush=True)
    return int(missed)


def asked(name: str, workspace: Path) -> dict[str, float]:
    """Ask in this process, after what was made for other questions is gone."""
    from toolkit.mart import ensure_mart
    from toolkit.registry import find_question
    from toolkit.workspace import Workspace

    ws = Workspace(workspace)
    mart = ensure_mart(ws, ws.last_day or date.max)
    if name == "mart":
        return {}
    for made in (mart.path / "derived", mart.path / "baskets"):
        shutil.rmtree(made, ignore_errors=True)
    for module in ("sklearn.ensemble", "sklearn.linear_model", "scipy.stats", "scipy.optimize"):
        importlib.import_module(module)
    question = find_question(name)
    return spent(lambda: question(Workspace(workspace)))


if __name__ == "__main__":
    sys.exit(main())
