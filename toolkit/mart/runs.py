"""Runs of equal neighbours, and sums over them.

Lines come sorted by member and time with the rows of an order side by side. So an order, a member's day and a member are runs, and a sum
over a run needs no hash table: one running sum, read at the ends of the runs. That is several times cheaper than a group-by (see
benchmarks/speed.py), and integer sums are the same whatever the thread count. numpy does the walk: running sums of polars take four times
as long.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

Columns = dict[str, np.ndarray]
"""Columns of a table as arrays of equal length."""


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
    def ends(self) -> np.ndarray:
        """Row number behind the last row of each run."""
        return np.append(self.starts[1:], self.row_count) if self.count else self.starts

    @property
    def lengths(self) -> np.ndarray:
        """Rows in each run."""
        return self.ends - self.starts

    def spread(self, values: np.ndarray) -> np.ndarray:
        """Give every row the value of its run."""
        return np.repeat(values, self.lengths)

    def numbers(self) -> np.ndarray:
        """Per row, the number of its run: 0, 1, ... (Int32)."""
        starts = np.zeros(self.row_count, dtype=np.int32)
        starts[self.starts[1:]] = 1
        return np.cumsum(starts, dtype=np.int32)

    def sum(self, values: np.ndarray) -> np.ndarray:
        """Int64 sum of each run of integers or flags. Exact: what a running sum wraps, the difference unwraps."""
        return sums_between(values, self.starts, self.ends)

    def max(self, values: np.ndarray) -> np.ndarray:
        """Largest value of each run."""
        return np.maximum.reduceat(values, self.starts) if self.count else values

    def any(self, flags: np.ndarray) -> np.ndarray:
        """True for the runs with at least one true row."""
        return self.sum(flags) > 0

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
    starts = np.empty(row_count, dtype=bool)
    starts[0] = True
    np.not_equal(columns[0][1:], columns[0][:-1], out=starts[1:])
    for column in columns[1:]:
        starts[1:] |= column[1:] != column[:-1]
    return Runs(np.flatnonzero(starts), row_count)


def running_sums(values: np.ndarray) -> np.ndarray:
    """Sums of the first 0, 1, ..., n values: Int64 of integers, Int32 of flags (several times faster, and a count fits)."""
    dtype = np.int32 if values.dtype == bool else np.int64
    running = np.empty(len(values) + 1, dtype=dtype)
    running[0] = 0
    np.cumsum(values, dtype=dtype, out=running[1:])
    return running


def sums_between(values: np.ndarray, starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Int64 sums of values[start:end] for each pair of bounds."""
    running = running_sums(values)
    return (running[ends] - running[starts]).astype(np.int64, copy=False)


def changes_in(values: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """True where a value differs from the one before, and at the starts."""
    changes = np.empty(len(values), dtype=bool)
    np.not_equal(values[1:], values[:-1], out=changes[1:])
    changes[starts] = True
    return changes


def first_of_largest(values: np.ndarray, runs: Runs) -> np.ndarray:
    """Row number of each run's largest value; of equal ones, the first.

    >>> first_of_largest(np.array([2, 5, 5, 1]), runs_of(np.array([0, 0, 0, 1]))).tolist()
    [1, 3]
    """
    largest = np.flatnonzero(values == runs.spread(runs.max(values)))
    return largest[np.searchsorted(largest, runs.starts)]


def as_array(column: pl.Series, *, null: int | None = None) -> np.ndarray:
    """Return a column as a numpy array of its own type, without a copy where that is possible; `null` stands for missing values."""
    return (column if null is None or not column.null_count() else column.fill_null(null)).to_numpy()


def joined(parts: Sequence[Columns], names: Sequence[str]) -> Columns:
    """Return the columns `names` of all parts, one behind the other; empty Int64 columns without parts."""
    return {name: np.concatenate([part[name] for part in parts]) if parts else np.zeros(0, dtype=np.int64) for name in names}


def as_column(name: str, values: np.ndarray, *, null: int) -> pl.Series:
    """Return an array as a column in which `null` reads as missing."""
    column, missing = pl.Series(name, values), values == null
    return column.set(pl.Series(missing), None) if missing.any() else column


def bits_for(size: int) -> int:
    """Bits that hold the numbers 0..size-1."""
    return max(size - 1, 1).bit_length()


def pack(*parts: tuple[np.ndarray, int]) -> tuple[np.ndarray, list[int]]:
    """Pack non-negative integers into one integer per row that sorts like the tuple of them.

    Each part is (values, number of different values possible). Returns the keys (UInt32 where that is wide enough: it sorts at twice the
    speed of Int64) and, per part, the number of bits that stand below it. One packed key sorts several times faster than a table by
    several columns.
    """
    widths = [bits_for(size) for _, size in parts]
    if sum(widths) > 63:
        raise OverflowError(f"Keys of {widths} bits do not fit 63 bits: the batch of lines is too large.")
    dtype = np.dtype(np.uint32 if sum(widths) <= 32 else np.int64)
    shifts = [sum(widths[position + 1 :]) for position in range(len(parts))]
    keys = parts[0][0].astype(dtype) << dtype.type(shifts[0])
    for (values, _), shift in zip(parts[1:], shifts[1:], strict=True):
        keys |= values.astype(dtype, copy=False) << dtype.type(shift)
    return keys, shifts


def order_of(keys: np.ndarray) -> np.ndarray:
    """Return the rows that put non-negative keys in order, equal ones as they came: a stable argsort, at half its cost.

    The row is written below the key where both fit one integer: plain integers sort faster than rows by their keys.

    >>> order_of(np.array([7, 3, 7])).tolist()
    [1, 0, 2]
    """
    width = bits_for(len(keys))
    if int(keys.max(initial=0)).bit_length() + width > 63:
        return np.argsort(keys, kind="stable")
    both = (keys.astype(np.int64) << width) | np.arange(len(keys))
    both.sort()
    return both & ((1 << width) - 1)


def sum_by_code(codes: np.ndarray, values: np.ndarray, size: int) -> np.ndarray:
    """Exact Int64 sums of `values` per code 0..size-1, in any order of rows.

    `bincount` adds in float64, which is exact below 2**53. Where a sum could pass that, the high and low bits are added apart.
    """
    if len(values) == 0:
        return np.zeros(size, dtype=np.int64)
    largest = max(abs(int(values.max())), abs(int(values.min())))
    if largest * len(values) < 2**53:
        return np.bincount(codes, weights=values, minlength=size).astype(np.int64)
    low = values & (2**20 - 1)
    return (sum_by_code(codes, values >> 20, size) << 20) + sum_by_code(codes, low, size)
