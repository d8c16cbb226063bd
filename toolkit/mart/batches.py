"""Which rows of the line files are read together: batches that hold whole members, of a bounded number of lines.

A partition is a list of files, one per import; together they hold every line of its members. Small partitions are read together, so that
a small shop is one batch; large ones are cut between members, so that memory depends on the batch and not on the shop.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from typing import cast

import numpy as np
import polars as pl

from toolkit.mart.lines import last_start, slices_of
from toolkit.mart.runs import as_array, runs_of
from toolkit.schemas import STORED_LINES

MOST_LINES = 2_000_000
"""Lines of a batch of small partitions, and of a cut of a partition with several files, which is put in time order in memory (about 120
bytes a line). A partition of one file is read as a stream, however large."""

_ROWS_READ_AT_ONCE = 500_000
"""Small enough that the memory of one reading serves the next, large enough that few row groups are read twice."""


@dataclass(frozen=True)
class Piece:
    """`rows` rows of a file of lines from row `offset` on."""

    path: Path
    offset: int
    rows: int


Share = tuple[Piece, ...]
"""Pieces of one partition that hold the same members: one per import."""

Batch = tuple[Share, ...]
"""Shares that are read together; each holds all lines of its members."""


def plan_batches(partitions: Sequence[Sequence[Path]], *, most_lines: int = MOST_LINES) -> list[Batch]:
    """Return the batches that cover every row of the partitions once, whole members in each."""
    shares: list[Share] = []
    for files in partitions:
        share = tuple(piece for path in files if (piece := Piece(path, 0, _row_count(path))).rows)
        if not share:
            continue
        too_large = len(share) > 1 and sum(piece.rows for piece in share) > most_lines
        shares.extend(_cut(share, most_lines) if too_large else [share])
    batches: list[Batch] = []
    together: list[Share] = []
    size = 0
    for share in shares:
        rows = sum(piece.rows for piece in share)
        if together and size + rows > most_lines:
            batches.append(tuple(together))
            together, size = [], 0
        together.append(share)
        size += rows
    return [*batches, tuple(together)] if together else batches


def read_slices(batch: Batch, as_of: date, lines_at_once: int) -> Iterator[tuple[pl.DataFrame, int]]:
    """Yield the lines of a batch up to `as_of` in slices of whole members (schema STORED_LINES), and how many lines of each are later.

    A slice has about `lines_at_once`, fewer at the end; a member with more lines is not cut.
    """
    end = datetime.combine(as_of, time.max)
    held: list[pl.DataFrame] = []
    for share in batch:
        for rows in _read_share(share):
            held.append(rows)
            if sum(frame.height for frame in held) >= lines_at_once:
                yield from (_up_to(part, end) for part in slices_of(pl.concat(held), lines_at_once))
                held = []
    if held:
        yield _up_to(pl.concat(held), end)


def _up_to(lines: pl.DataFrame, end: datetime) -> tuple[pl.DataFrame, int]:
    latest = cast("datetime | None", lines["ordered_at"].max())
    if latest is None or latest <= end:
        return lines, 0
    seen = lines.filter(pl.col("ordered_at") <= end)
    return seen, lines.height - seen.height


def _read_share(share: Share) -> Iterator[pl.DataFrame]:
    """Yield the lines of a share, whole members in each frame."""
    if len(share) != 1:
        yield in_time_order(pl.concat([_read(piece, 0, piece.rows) for piece in share]))
        return
    piece = share[0]
    held: list[pl.DataFrame] = []
    for offset in range(0, piece.rows, _ROWS_READ_AT_ONCE):
        rows = _read(piece, offset, _ROWS_READ_AT_ONCE)
        cut = last_start(rows)
        if cut:
            yield pl.concat([*held, rows[:cut]])
            held = []
        held.append(rows[cut:])
    yield pl.concat(held)


def _read(piece: Piece, offset: int, rows: int) -> pl.DataFrame:
    scan = pl.scan_parquet(piece.path).select(STORED_LINES.names())
    return scan.slice(piece.offset + offset, min(rows, piece.rows - offset)).collect()


def in_time_order(lines: pl.DataFrame) -> pl.DataFrame:
    """Return lines whose orders are runs, with the orders sorted by (member, time, order); the rows of an order keep their order.

    Only the orders are sorted; their rows follow as ranges. That is several times cheaper than sorting the lines.
    """
    runs = runs_of(as_array(lines["order_code"]))
    starts = pl.Series("start", runs.starts)
    orders = lines.select("member_code", "ordered_at", "order_code")[starts].with_columns(
        starts, pl.Series("end", runs.starts + runs.lengths)
    )
    ranges = orders.sort("member_code", "ordered_at", "order_code", nulls_last=True).select(pl.int_ranges("start", "end"))
    return lines[ranges.to_series().explode(empty_as_null=False)]


def _row_count(path: Path) -> int:
    return pl.scan_parquet(path).select(pl.len()).collect().item()


def _cut(share: Share, most_lines: int) -> list[Share]:
    """Cut a share between members into shares of about `most_lines`, and the non-members' lines of each file, where only orders matter."""
    spans = [_member_span(piece) for piece in share]
    # A sample is enough to place the cuts: they need not be of equal size, only the same member codes in every file.
    sample = np.sort(np.concatenate([codes[::64] for _, codes in spans]))
    count = -(-sum(len(codes) for _, codes in spans) // most_lines)
    cuts = np.unique(sample[np.arange(1, count) * len(sample) // count]) if len(sample) else sample
    shares: list[Share] = []
    bounds = [[0, *np.searchsorted(codes, cuts, side="left").tolist(), len(codes)] for _, codes in spans]
    for part in range(len(cuts) + 1):
        pieces = (
            Piece(piece.path, piece.offset + start + bound[part], bound[part + 1] - bound[part])
            for piece, (start, _), bound in zip(share, spans, bounds, strict=True)
        )
        shares.append(tuple(piece for piece in pieces if piece.rows))
    for piece, (start, codes) in zip(share, spans, strict=True):
        shares.append((Piece(piece.path, piece.offset + (0 if start else len(codes)), piece.rows - len(codes)),))
    return [share for share in shares if share and share[0].rows]


def _member_span(piece: Piece) -> tuple[int, np.ndarray]:
    """Where the members' lines start in a file (non-members stand all before or all after them), and their codes, ascending."""
    codes = pl.scan_parquet(piece.path).select("member_code").collect().to_series()
    nulls = codes.null_count()
    start = nulls if nulls and codes[0] is None else 0
    return start, as_array(codes.slice(start, len(codes) - nulls))
