"""What an import costs in CPU beside an earlier revision, on receipts that need none of what came since.

    python -m benchmarks.import_cost REVISION [--lines 2000000]

Two million lines as Parquet and half of them as CSV are made, and imported three times by each, and so is The Complete Journey, whose mapping
has learned since which zone its times are in and what of it is no goods; the least CPU seconds count. Bar: 1.15.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import polars as pl

# By the folder, not as a package: `benchmarks` is also in the other revision's tree.
sys.path.insert(0, str(Path(__file__).resolve().parent))
from apart import apart, spent

MAPPING = """currency = "EUR"
[lines]
files = "FILE"
columns = { order_id = "order", member_id = "member", store_id = "store", product_id = "sku", ordered_at = "time", quantity = "qty", amount = "amount" }
"""
BAR = 1.15
DEMO = "complete-journey"


def write_receipts(folder: Path, count: int) -> None:
    """Write lines.parquet and lines.csv, each with its mapping."""
    rng = np.random.default_rng(1)
    order = np.sort(rng.integers(0, count // 5, count))
    seconds = (order / (count // 5) * 365 * 86_400).astype("timedelta64[s]")
    lines = pl.DataFrame(
        {
            "order": order,
            "member": order * 7919 % 60_000,
            "store": order % 50,
            "sku": rng.integers(0, 3000, count),
            "time": np.datetime64("2024-01-01", "us") + seconds,
            "qty": rng.integers(1, 4, count),
            "amount": rng.integers(100, 5000, count) / 100,
        }
    )
    lines.write_parquet(folder / "lines.parquet")
    lines.head(count // 2).write_csv(folder / "lines.csv")
    for ending in ("parquet", "csv"):
        (folder / f"{ending}.toml").write_text(MAPPING.replace("FILE", f"lines.{ending}"), "utf-8")


def cost(mapping: str) -> float:
    """Return the CPU seconds of one import, in this process."""
    from toolkit.importing import import_receipts

    with tempfile.TemporaryDirectory() as folder:
        return spent(lambda: import_receipts(mapping if mapping == DEMO else Path(mapping), Path(folder) / "ws"))["cpu"]


def cost_of(tree: Path, mapping: str) -> float:
    """Return the least cost of three imports by the code of a folder."""
    return apart(Path(__file__).resolve(), "--import", mapping, also={"PYTHONPATH": str(tree)})


def main() -> int:
    """Print the ratios; return 1 where one is above the bar."""
    parser = argparse.ArgumentParser()
    parser.add_argument("revision", nargs="?")
    parser.add_argument("--lines", type=int, default=2_000_000)
    parser.add_argument("--import", dest="mapping")
    given = parser.parse_args()
    if given.mapping:
        print(min(cost(given.mapping) for _ in range(3)))
        return 0
    here = Path(__file__).resolve().parents[1]
    worst = 0.0
    with tempfile.TemporaryDirectory() as name:
        folder, tree = Path(name), Path(name) / "tree"
        write_receipts(folder, given.lines)
        subprocess.run(["git", "-C", str(here), "worktree", "add", "--quiet", "--detach", str(tree), given.revision], check=True)
        try:
            for written in ("parquet", "csv", DEMO):
                mapping = DEMO if written == DEMO else str(folder / f"{written}.toml")
                before, now = cost_of(tree, mapping), cost_of(here, mapping)
                worst = max(worst, now / before)
                print(f"{written:16} {before:6.2f} s -> {now:6.2f} s of CPU, {now / before:.2f} times (bar {BAR})")
        finally:
            subprocess.run(["git", "-C", str(here), "worktree", "remove", "--force", str(tree)], check=True)
    return int(worst > BAR)


if __name__ == "__main__":
    sys.exit(main())
