"""What a mart was made of, kept beside it, so that the next one can be carried forward (`toolkit.mart.carried`).

Products are summed over everybody's lines, of which those that went with a correction are no longer there. So their sums up to a settled
day, some weeks back, are kept, and the lines since are summed anew each night; a receipt that changes before the settled day costs one walk
over all lines.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from toolkit.engine import Spread
from toolkit.mart.catalogue import Catalogue
from toolkit.mart.folder import MADE_OF
from toolkit.mart.lines import lines_of, slices_of
from toolkit.mart.orders import are_orders, bought_in_orders
from toolkit.mart.products import SUMS, add_product_sums
from toolkit.mart.runs import Columns
from toolkit.mart.tables import lines_at_once
from toolkit.schemas import STORED_LINES
from toolkit.workspace import LineFile, Workspace

SETTLED_DAYS = 35
"""Days after which products' sums are kept: late receipts and corrections of the last weeks cost nothing more."""
_SETTLED = "settled.parquet"


def note_origin(ws: Workspace, folder: Path, settled: date, sums: Columns) -> None:
    """Write down beside a mart what it was made of, and the sums of products up to the settled day."""
    text = json.dumps({"files": [stamp(ws, file) for file in ws.manifest.line_files], "settled": settled.isoformat()})
    (folder / MADE_OF).write_text(text, "utf-8")
    frame = pl.DataFrame({"product_code": np.arange(len(sums["line_count"]), dtype=np.uint32), **{name: sums[name] for name in SUMS}})
    frame.filter(pl.col("line_count") > 0).write_parquet(folder / _SETTLED)


def stamp(ws: Workspace, file: LineFile) -> list[Any]:
    """What a file of lines is known by: one that was imported anew under the same name has another time."""
    at = (ws.path / file.path).stat()
    return [file.path, file.rows, at.st_size, at.st_mtime_ns]


def settled_day(as_of: date) -> date:
    """Return the day up to which products' sums are kept with the mart of a day."""
    return max(as_of, date.min + timedelta(days=SETTLED_DAYS)) - timedelta(days=SETTLED_DAYS)


def add(sums: Columns, others: Columns, sign: int) -> Columns:
    """Return sums with others added to them (sign 1) or taken off (-1)."""
    return {name: values + sign * others[name] for name, values in sums.items()}


def product_sums_after(
    ws: Workspace, days: Sequence[date], as_of: date, catalogue: Catalogue, spread: Spread | None = None
) -> list[Columns]:
    """Return, for each of some days, the sums of products (`products.SUMS`, by code) over the lines after it up to `as_of`.

    A partition's lines are in memory at a time; `spread` (`toolkit.engine`) works on several.
    """
    sums = [{name: np.zeros(len(catalogue.counted), dtype=np.int64) for name in SUMS} for _ in days]
    files = [file for file in ws.manifest.line_files if file.last_day > min(days)]
    parts = [
        ws.data_files([file.path for file in files if file.partition == partition])
        for partition in sorted({one.partition for one in files})
    ]
    found = (
        spread(_sums_of_part, parts, days, as_of, catalogue) if spread else (_sums_of_part(part, days, as_of, catalogue) for part in parts)
    )
    for of_part in found:
        for mine, theirs in zip(sums, of_part, strict=True):
            for name, values in theirs.items():
                mine[name] += values
    return sums


def _sums_of_part(paths: Sequence[Path], days: Sequence[date], as_of: date, catalogue: Catalogue) -> list[Columns]:
    sums = [{name: np.zeros(len(catalogue.counted), dtype=np.int64) for name in SUMS} for _ in days]
    lines = pl.scan_parquet(list(paths)).select(STORED_LINES.names()).filter(_between(min(days), as_of)).collect()
    for day, added in zip(days, sums, strict=True):
        rows = lines if day == min(days) else lines.filter(_between(day, as_of))
        for part in slices_of(rows, lines_at_once(catalogue)) if rows.height else []:
            walked = lines_of(part, catalogue)
            are = are_orders(walked.orders, walked.product, walked.quantity, walked.paid)
            add_product_sums(added, bought_in_orders(walked, are))
    return sums


def _between(day: date, as_of: date) -> pl.Expr:
    return pl.col("ordered_at").is_between(datetime.combine(day, time.max), datetime.combine(as_of, time.max), closed="right")


def kept_sums(mart: Path, product_count: int) -> Columns:
    """Return the sums of products up to the settled day of a mart."""
    settled = pl.read_parquet(mart / _SETTLED)
    sums = {name: np.zeros(product_count, dtype=np.int64) for name in SUMS}
    for name in SUMS:
        sums[name][settled["product_code"].to_numpy()] = settled[name].to_numpy()
    return sums
