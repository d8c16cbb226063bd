"""The table of promises: what was tried, what survived, what was lost (docs/promises.md says what is promised).

    python -m benchmarks.faults [--times 25] [--flips 8] [--only kills|flips|pairs|disk|fuzz] [--work launch]

Works on a small simulated shop with one of everything (`fault_shop`). Ends with 1 where anything was lost.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import polars as pl

import toolkit as tk
from benchmarks import fault_disk, fault_pairs, fuzz
from benchmarks.fault_flips import flips
from benchmarks.fault_kills import all_kills
from benchmarks.fault_shop import make_receipts, make_shop, told
from toolkit.personal.forget import forget

Row = tuple[str, int, list[str]]
"""A promise, how often it was tried, and a sentence for each time that it did not hold."""


def make_shops(folder: Path) -> None:
    """Make the shop before a second import and after it, one that forgot a member, and one that knows nothing but its receipts."""
    make_receipts(folder / "in")
    make_receipts(folder / "more")
    (path,) = (folder / "more" / "lines").glob("*.parquet")
    lines = pl.read_parquet(path)
    lines.with_columns(amount=pl.col("amount") * 2).write_parquet(path)
    make_shop(folder / "in", folder / "before" / "ws")
    who = tk.campaign(folder / "before" / "ws", "spring").members.filter(pl.col("arm") == "treated")["member_id"].min()
    (folder / "before" / "who").write_text(str(who), "utf-8")
    for name in ("after", "bare", "forgotten"):
        (folder / name).mkdir()
    for name in ("after", "forgotten"):
        shutil.copytree(folder / "before" / "ws", folder / name / "ws")
    forget(folder / "forgotten" / "ws", str(who))
    told(folder / "forgotten" / "ws")
    tk.import_receipts(folder / "more", folder / "after" / "ws", accept_defaults=True, allow_shrinking=True)
    tk.import_receipts(folder / "in", folder / "bare" / "ws", accept_defaults=True)
    told(folder / "after" / "ws")


def promises(folder: Path, *, times: int, flips_each: int, only: str = "", work: str = "") -> Iterator[Row]:
    """Yield the rows of the table as they are tried."""
    if only in ("", "disk"):
        yield from fault_disk.promises(folder)
    if only in ("", "fuzz"):
        for words, tried, survived in fuzz.promises():
            yield words, tried, ["printed above"] * (tried - survived)
    if only in ("", "pairs"):
        yield from fault_pairs.promises(folder)
    if only in ("", "kills"):
        for name, result in all_kills(folder, times=times, only=work):
            yield f"killed: {name}", result.tried, result.lost
    if only in ("", "flips"):
        tried, lost, silent = 0, list[str](), 0
        for _, result in flips(folder / "before" / "ws", folder, times=flips_each):
            tried, silent = tried + result.tried, silent + result.said
            lost += result.lost
        yield f"one bit turned, any kind of file ({silent} said so)", tried, lost


def main() -> int:
    """Print the table; return 1 where anything was lost."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--times", type=int, default=25)
    parser.add_argument("--flips", type=int, default=8)
    parser.add_argument("--only", default="", choices=["", "kills", "flips", "pairs", "disk", "fuzz"])
    parser.add_argument("--work", default="")
    given = parser.parse_args()
    broken = 0
    with tempfile.TemporaryDirectory() as name:
        make_shops(Path(name))
        print(f"{'promise':62} {'tried':>6} {'survived':>9} {'lost':>5}", flush=True)
        for promise, tried, lost in promises(Path(name), times=given.times, flips_each=given.flips, only=given.only, work=given.work):
            broken += len(lost)
            print(f"{promise:62} {tried:6} {tried - len(lost):9} {len(lost):5}", flush=True)
            for sentence in lost:
                print(f"    {sentence}", flush=True)
    return int(broken > 0)


if __name__ == "__main__":
    sys.exit(main())
