"""One measure of benchmarks/speed.py, in a process of its own: prints CPU seconds of the work and peak memory as JSON, or null."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from benchmarks.apart import spent


def floor(files: list[Path], member: str) -> Callable[[], object]:
    import polars as pl

    lines = pl.scan_parquet(files).group_by(member)
    return lambda: lines.agg(pl.col("amount").sum(), pl.col("ordered_at").max(), pl.len()).collect(engine="streaming")


def mart(folder: Path, as_of: date) -> Callable[[], object]:
    import shutil

    from toolkit.mart import build_mart
    from toolkit.workspace import Workspace

    shutil.rmtree(folder / "workspace" / "mart", ignore_errors=True)
    ws = Workspace(folder / "workspace")
    return lambda: build_mart(ws, as_of)


def sink(folder: Path, out: Path, compression: str = "zstd") -> Callable[[], object]:
    import polars as pl

    lines = pl.scan_parquet(sorted((folder / "plain").glob("*.parquet")))
    return lambda: lines.sink_parquet(out / "lines.parquet", compression=compression, engine="streaming")


def import_lines(folder: Path, out: Path) -> Callable[[], object]:
    from toolkit.importing import import_receipts

    return lambda: import_receipts(folder / "mapping.toml", out / "workspace")


def work(name: str, folder: Path, out: Path, as_of: date) -> Callable[[], object]:
    """Return what is to be measured, everything it needs already imported."""
    if name == "floor_workspace":
        return floor(sorted((folder / "workspace" / "lines").rglob("part-*.parquet")), "member_code")
    if name == "floor_plain":
        return floor(sorted((folder / "plain").glob("*.parquet")), "member_id")
    if name == "mart":
        return mart(folder, as_of)
    if name == "sink":
        return sink(folder, out)  # as polars writes by default
    if name == "sink_lz4":
        return sink(folder, out, "lz4")  # as the workspace keeps its lines
    if name == "import":
        return import_lines(folder, out)
    from benchmarks.peers import NEEDS, PEERS

    for module in NEEDS[name]:
        importlib.import_module(module)
    return lambda: PEERS[name](folder, out, as_of)


def main() -> None:
    name, folder, out = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    as_of = date.fromisoformat(json.loads((folder / "size.json").read_text("utf-8"))["as_of"])
    try:
        do = work(name, folder, out, as_of)
    except ModuleNotFoundError:
        print("null")
        return
    print(json.dumps(spent(do)))


if __name__ == "__main__":
    main()
