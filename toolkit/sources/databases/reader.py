"""What every kind of database gives: its columns with their types, and its rows in frames of a bounded size."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

import polars as pl

from toolkit.errors import DataError, nearest
from toolkit.language import tr
from toolkit.sources.databases.addresses import SourceTable


@dataclass(frozen=True)
class Reader:
    """One table or query, open."""

    types: dict[str, str]  # column -> its type as the database calls it
    frames: Callable[[int | None], Iterator[pl.DataFrame]]  # its rows; with a number no more than that many
    left_out: tuple[str, ...] = ()  # columns of bytes, which hold nothing of a receipt


def exact_decimals(frame: pl.DataFrame, scales: Mapping[str, int], source: SourceTable) -> pl.DataFrame:
    """Return a frame whose numbers that came as text are decimals with as many digits behind the point as `scales` says.

    What stands for no number (NaN) is empty.

    Raises: `DataError` where a number has more digits than fit.
    """
    exact = frame.with_columns(pl.col(name).cast(pl.Decimal(38, scale), strict=False) for name, scale in scales.items())
    for name in scales:
        lost = frame[name].filter(exact[name].is_null() & frame[name].str.contains(r"^-?\d"))
        if lost.len() or (frame[name].is_in(["Infinity", "-Infinity"])).any():
            shown = lost[0] if lost.len() else "Infinity"
            raise DataError(
                tr(
                    "{source}: the number {number} in the column {column} is larger than any amount can be; mend it there.",
                    source=source, number=shown if len(shown) < 60 else f"{shown[:60]}...", column=name,
                )
            )  # fmt: skip
    return exact


def nearest_table(wanted: str, known: Iterable[Iterable[str]]) -> str:
    """Return the table that is called most like another; each is known by several names, the fullest first.

    >>> nearest_table("reciepts", [("shop.receipts", "receipts")])
    'shop.receipts'
    """
    names = {name: listed[0] for row in known for listed in [list(row)] for name in reversed(listed)}
    return names[near[0]] if (near := nearest(wanted, names)) else ""
