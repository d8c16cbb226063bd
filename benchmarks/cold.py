"""What a question costs from a cold shell: `toolkit answer`, a new process each time, start-up and imports within.

    python -m benchmarks.cold WORKSPACE                            bar 1.2 CPU seconds for each of four questions
    python -m benchmarks.cold WORKSPACE --questions targeting.attach,portrait.why

The mart is there and what a question keeps beside it was made by the question before. Each is started `--repeat` times, the median counts:
with bytecode, which `make setup` and pip write (here it is written to a folder of its own), and without any, as where Python is told to write
none and nobody compiled. The floor is the packages without which no table can be read: polars and numpy.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from pathlib import Path

from benchmarks.apart import ROOT, whole

BAR = 1.2
QUESTIONS = "portrait.overview,portrait.segments,targeting.core_goods,targeting.paths"


def main() -> int:
    """Print the table; 1 where a question costs more than the bar with bytecode."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("workspace", type=Path)
    parser.add_argument("--questions", default=QUESTIONS)
    parser.add_argument("--repeat", type=int, default=5)
    given = parser.parse_args()
    commands = {
        "python": ["-c", "pass"],
        "floor: polars and numpy": ["-c", "import numpy, polars"],
        "toolkit --help": ["-m", "toolkit.cli", "--help"],
    }
    asked = given.questions.split(",")
    commands |= {name: ["-m", "toolkit.cli", "answer", str(given.workspace.resolve()), name] for name in asked}
    with tempfile.TemporaryDirectory(prefix="toolkit-bytecode-") as folder:
        kept = {"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": folder}
        none = {"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1", "PYTHONPYCACHEPREFIX": f"{folder}/none"}
        print(f"CPU seconds of a process, median of {given.repeat} | with bytecode | without | bar\n---|---:|---:|---")
        missed = False
        for name, words in commands.items():
            command = [sys.executable, *words]
            whole(command, kept)  # once ahead: it writes the bytecode, and a question keeps what it makes
            with_it, without = (
                statistics.median(whole(command, environment)["cpu"] for _ in range(given.repeat)) for environment in (kept, none)
            )
            told = "" if name not in asked else f"{BAR} {'met' if with_it <= BAR else 'missed'}"
            missed |= "missed" in told
            print(f"{name} | {with_it:.2f} | {without:.2f} | {told}", flush=True)
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
