"""Runs of equal neighbours, and sums over them.

Lines come sorted by member and time with the rows of an order side by side. So an order, a member's day and a member are runs, and a sum
over a run needs no hash table: one walk over the column. That is several times cheaper than a group-by (see benchmarks/speed.py), and
integer sums are the same whatever the thread count. numpy's `reduceat` does the walk; polars' cumulative sums take four times as long.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl


@dataclass(frozen=True)
class Runs:
    """Where each run starts, in a column of `row_count` rows."""

    starts: np.ndarray
    row_count: int

    @property
    def count(self) -> int:
        """Number of runs."""
        return len(self.starts)

    @property
    def lengths(self) -> np.ndarray:
        """Rows in each run."""
        return np.diff(self.starts, append=self.row_count)

    @property
    def lasts(self) -> np.ndarray:
        """Row number of the last row of each run."""
        return self.starts + self.lengths - 1

    def numbers(self) -> np.ndarray:
        """Per row, the number of its run: 0, 1, ..."""
        return np.repeat(np.arange(self.count), self.lengths)

    def sum(self, values: np.ndarray) -> np.ndarray:
        """Sum of each run. Integers in, exact integers out."""
        return _reduce(np.add, values, self.starts)

    def max(self, values: np.ndarray) -> np.ndarray:
        """Largest value of each run."""
        return _reduce(np.maximum, values, self.starts)

    def any(self, flags: np.ndarray) -> np.ndarray:
        """True for the runs with at least one true row."""
        return _reduce(np.logical_or, flags, self.starts)

    def sums(self, values: pl.DataFrame) -> dict[str, np.ndarray]:
        """Sum of each run for every column of a frame."""
        return {name: self.sum(as_array(values[name])) for name in values.columns}


def runs_of(*columns: np.ndarray) -> Runs:
    """Return the runs of rows whose `columns` all equal those of the row before.

    >>> runs_of(np.array([7, 7, 3, 7])).starts.tolist()
    [0, 2, 3]
    """
    row_count = len(columns[0])
    if row_count == 0:
        return Runs(np.zeros(0, dtype=np.int64), 0)
    changes = columns[0][1:] != columns[0][:-1]
    for column in columns[1:]:
        changes |= column[1:] != column[:-1]
    return Runs(np.concatenate([np.zeros(1, dtype=np.int64), np.flatnonzero(changes) + 1]), row_count)


def as_array(column: pl.Series, *, null: int | None = None) -> np.ndarray:
    """Return a column as a numpy array without a copy where that is possible; `null` stands for missing values."""
    if null is not None:
        column = column.cast(pl.Int64).fill_null(null)
    return column.rechunk().to_numpy()


def as_column(name: str, values: np.ndarray, *, null: int) -> pl.Series:
    """Return an array as a column in which `null` reads as missing."""
    column = pl.Series(name, values)
    return column.to_frame().select(pl.when(pl.col(name) != null).then(pl.col(name)).alias(name)).to_series()


def pack(*parts: tuple[np.ndarray, int]) -> tuple[np.ndarray, list[int]]:
    """Pack non-negative integers into one Int64 per row that sorts like the tuple of them.

    Each part is (values, number of different values possible). Returns the keys and, per part, the number of bits that stand below it,
    so that `(keys >> shift) & mask` gives it back. One packed key sorts several times faster than a table by several columns.
    """
    widths = [max(size - 1, 1).bit_length() for _, size in parts]
    if sum(widths) > 63:
        raise OverflowError(f"keys of {widths} bits do not fit 63 bits: the batch of lines is too large.")
    shifts = [sum(widths[position + 1 :]) for position in range(len(parts))]
    keys = np.zeros(len(parts[0][0]), dtype=np.int64)
    for (values, _), shift in zip(parts, shifts, strict=True):
        keys |= values.astype(np.int64, copy=False) << shift
    return keys, shifts


def unpack(keys: np.ndarray, shift: int, size: int) -> np.ndarray:
    """Return the part of packed keys that was packed with this shift and size."""
    return (keys >> shift) & ((1 << max(size - 1, 1).bit_length()) - 1)


def sum_by_code(codes: np.ndarray, values: np.ndarray, size: int) -> np.ndarray:
    """Exact Int64 sums of `values` per code 0..size-1, in any order of rows.

    `bincount` adds in float64, which is exact below 2**53. Where a sum could pass that, the high and low halves are added apart.
    """
    if len(values) == 0:
        return np.zeros(size, dtype=np.int64)
    largest = max(abs(int(values.max())), abs(int(values.min())))
    if largest * len(values) < 2**53:
        return np.bincount(codes, weights=values, minlength=size).astype(np.int64)
    low = values & (2**20 - 1)
    return (sum_by_code(codes, values >> 20, size) << 20) + sum_by_code(codes, low, size)


def _reduce(operation: np.ufunc, values: np.ndarray, starts: np.ndarray) -> np.ndarray:
    if len(starts) == 0:
        return np.zeros(0, dtype=values.dtype)
    return operation.reduceat(values, starts)
