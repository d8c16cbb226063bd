"""Which goods go together more often than chance would put them: the honest test of co-occurrence.

A large basket holds many goods, so any two goods meet in it more often than their shares of all baskets suggest. Plain lift and Fisher's
test take that for association. Here chance means: each basket keeps its number of goods, each good its share of the baskets of every size,
and nothing else links them.

Expected count of a and b: `E = sum over sizes k of n_k (p_ak p_bk - c_ak c_bk)`, where p_ak is the share of the n_k baskets of size k that
hold a, and c solves `c_ak (sum c_k - c_ak) = p_ak (1 - p_ak)`. To first order in p that is
`n_k p_ak p_bk (1 - 1/k) / (1 - sum q^2)` with q = p / k, the formula of DEFINITIONS.md section 2; the fixed point also holds where a good
is in every basket (then nothing goes together with it) and in baskets of two. Source: Deville and Tille, Journal of Statistical Planning
and Inference 128 (2005), 569-591 (joint inclusion probabilities at fixed sample size); Benjamini and Hochberg, JRSS B 57 (1995), 289-300.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
import polars as pl

from toolkit.models.multiple_tests import benjamini_hochberg
from toolkit.models.shares import poisson_interval

LAST_EXACT_SIZE = 20
"""Up to this size every size is a class of its own; above, a class spans about a tenth: its baskets differ less than chance does."""
_CLASS_SPAN = 1.1
_CLASS_BASKETS = 30  # a class of fewer is joined to the next: with its shares from so few, it would expect what it sees
_MOST_ROUNDS, _CLOSE = 60, 1e-5
_DENSE_GOODS = 3_000
_FEW_PAIRS = 20_000  # so few are summed one by one: a store's; for all pairs of a chain one product of matrices is faster
_PAIRS_AT_ONCE = 100_000
_BLOCK_WORK = 20_000_000  # pairs of a block of goods counted at once: bounds the memory

PAIRS = pl.Schema(
    {
        "first": pl.Int64,
        "second": pl.Int64,
        "first_count": pl.Int64,
        "second_count": pl.Int64,
        "both_count": pl.Int64,
        "expected_count": pl.Float64,
        "together_index": pl.Float64,
        "together_index_low": pl.Float64,
        "together_index_high": pl.Float64,
        "p_value": pl.Float64,
        "is_pair": pl.Boolean,
    }
)


@dataclass(frozen=True)
class Baskets:
    """Which goods are in which basket: row i says that basket `basket[i]` holds `good[i]`.

    `basket` ascends; a good stands once in a basket; goods are 0 .. `good_count` - 1. A basket may be an order, or a member with all they
    bought.
    """

    basket: np.ndarray
    good: np.ndarray
    good_count: int

    @cached_property
    def starts(self) -> np.ndarray:
        """Row at which each basket starts, and the number of rows."""
        changes = np.flatnonzero(self.basket[1:] != self.basket[:-1]) + 1
        return np.concatenate([[0], changes, [len(self.basket)]]) if len(self.basket) else np.zeros(1, dtype=np.int64)

    @property
    def basket_count(self) -> int:
        """Number of baskets."""
        return len(self.starts) - 1

    @cached_property
    def sizes(self) -> np.ndarray:
        """Goods in each basket."""
        return np.diff(self.starts)

    def at_most(self, size: int) -> Baskets:
        """Return the baskets with at most `size` goods."""
        if not self.basket_count or self.sizes.max() <= size:
            return self
        kept = np.repeat(self.sizes <= size, self.sizes)
        return Baskets(self.basket[kept], self.good[kept], self.good_count)


@dataclass(frozen=True)
class Chance:
    """What chance expects of baskets: per class of basket size, the share of baskets with each good, and the correction for fixed size."""

    basket_counts: np.ndarray
    shares: np.ndarray  # class x good, times the root of the class's weight
    corrections: np.ndarray  # class x good, the same
    good_counts: np.ndarray

    def expected(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        """Return the expected number of baskets with both, for pairs of goods."""
        if len(first) > _FEW_PAIRS and self.shares.shape[1] <= _DENSE_GOODS:
            return (self.shares.T @ self.shares - self.corrections.T @ self.corrections)[first, second]
        shares, corrections = np.ascontiguousarray(self.shares.T), np.ascontiguousarray(self.corrections.T)
        parts = [
            np.einsum("ps,ps->p", shares[a], shares[b]) - np.einsum("ps,ps->p", corrections[a], corrections[b])
            for a, b in ((first[at : at + _PAIRS_AT_ONCE], second[at : at + _PAIRS_AT_ONCE]) for at in range(0, len(first), _PAIRS_AT_ONCE))
        ]
        return np.concatenate(parts) if parts else np.zeros(0)

    def expected_with(self, good: int) -> np.ndarray:
        """Return the expected number of baskets that hold both `good` and each good."""
        return self.shares.T @ self.shares[:, good] - self.corrections.T @ self.corrections[:, good]


def chance_of(baskets: Baskets) -> Chance:
    """Return what chance expects of these baskets. Baskets of one good say nothing of pairs and count in `good_counts` alone."""
    counts = np.bincount(baskets.good, minlength=baskets.good_count)
    classes, sizes = _size_classes(baskets.sizes)
    class_count = len(sizes)
    of_row = np.repeat(classes, baskets.sizes)
    used = of_row >= 0
    held = np.bincount(
        of_row[used] * baskets.good_count + baskets.good[used].astype(np.int64), minlength=class_count * baskets.good_count
    ).reshape(class_count, baskets.good_count)
    number = np.bincount(classes[classes >= 0], minlength=class_count)
    shares = held / np.maximum(number, 1)[:, None]
    spread = np.array([(within.astype(float) ** 2).mean() / within.mean() ** 2 for within in sizes])  # 1 where all sizes are the same
    corrections = np.zeros_like(shares)
    present = np.flatnonzero(counts)  # a store sells a part of the products
    corrections[:, present] = _corrections(shares[:, present], spread)
    return Chance(number, shares * np.sqrt(number * spread)[:, None], corrections * np.sqrt(number)[:, None], counts)


def associated_pairs(
    baskets: Baskets, *, minimum_baskets: int = 20, minimum_both: int = 5, false_share: float = 0.05, failed: bool = False
) -> tuple[pl.DataFrame, int]:
    """Return the pairs of goods that go together, and how many pairs were tested: one row per pair that passes.

    Parameters
    ----------
    baskets
        What is in each.
    minimum_baskets
        Goods in fewer baskets take no part. All pairs of the others are tested, those never seen together too: the number of tests is that
        of the question, not of the findings.
    minimum_both
        Pairs in fewer baskets are tested but not returned.
    false_share
        Share of false ones among the pairs called so, at most (Benjamini-Hochberg).
    failed
        Return the pairs that do not pass too.

    Returns
    -------
    (DataFrame, int)
        Columns (PAIRS), strongest first, ties in the order of goods: `first` < `second`, `first_count`, `second_count`, `both_count`
        (baskets), `expected_count` by chance, `together_index` (observed over expected), `together_index_low` and `_high` (its exact 95%
        Poisson interval), `p_value` (chance of so many or more; Poisson, which spreads wider than fixed margins do), `is_pair` (passes).

    Example
    -------
    >>> import numpy as np
    >>> rng = np.random.default_rng(1)
    >>> both = rng.random((3000, 6)) < 0.2
    >>> both[:, 1] |= both[:, 0] & (rng.random(3000) < 0.2)
    >>> basket, good = np.nonzero(both)
    >>> pairs, tested = associated_pairs(Baskets(basket, good, 6))
    >>> tested, pairs.select("first", "second").rows()
    (15, [(0, 1)])
    """

    from scipy.special import gammainc

    counts = np.bincount(baskets.good, minlength=baskets.good_count)
    eligible = np.flatnonzero(counts >= max(minimum_baskets, 1))
    tested = len(eligible) * (len(eligible) - 1) // 2
    if not tested:
        return PAIRS.to_frame(), 0
    chance = chance_of(baskets)
    first, second, both = _together(baskets, eligible, max(minimum_both, 1))
    expected = np.maximum(chance.expected(first, second), 1e-12)
    p_value = np.where(both > expected, gammainc(both, expected), 1.0)
    frame = pl.DataFrame(
        {
            "first": first,
            "second": second,
            "first_count": counts[first],
            "second_count": counts[second],
            "both_count": both,
            "expected_count": expected,
            "p_value": p_value,
            "is_pair": benjamini_hochberg(p_value, tested, false_share),
        }
    )
    frame = frame if failed else frame.filter("is_pair")
    return with_interval(frame).match_to_schema(PAIRS, integer_cast="upcast").sort(
        "is_pair", "together_index_low", "first", "second", descending=[True, True, False, False]
    ), tested


def with_interval(frame: pl.DataFrame) -> pl.DataFrame:
    """Return the frame with `together_index` and its exact 95% Poisson interval from `both_count` and `expected_count`."""
    both, expected = frame["both_count"].to_numpy(), frame["expected_count"].to_numpy()
    low, high = poisson_interval(both)
    added = {"together_index": both / expected, "together_index_low": low / expected, "together_index_high": high / expected}
    wider = frame.with_columns(pl.Series(name, values, dtype=pl.Float64) for name, values in added.items())
    return wider.select([name for name in PAIRS.names() if name in wider.columns])


def _size_classes(sizes: np.ndarray) -> tuple[np.ndarray, list[np.ndarray]]:
    """Per basket the number of its class (-1 = a single good), and per class the sizes of its baskets."""
    histogram = np.bincount(sizes, minlength=3) if len(sizes) else np.zeros(3, dtype=np.int64)
    bounds: list[int] = []
    start = 2
    while start < len(histogram):
        end = start + 1 if start <= LAST_EXACT_SIZE else max(start + 1, int(start * _CLASS_SPAN) + 1)
        while end < len(histogram) and histogram[start:end].sum() < _CLASS_BASKETS:
            end += 1
        bounds.append(start)
        start = end
    if len(bounds) > 1 and histogram[bounds[-1] :].sum() < _CLASS_BASKETS:
        bounds.pop()
    if not bounds:
        return np.full(len(sizes), -1, dtype=np.int64), []
    classes = np.where(sizes >= 2, np.searchsorted(bounds, sizes, side="right") - 1, -1)
    every = np.arange(len(histogram))
    spans = [slice(low, high) for low, high in zip(bounds, [*bounds[1:], None], strict=True)]
    grouped = [np.repeat(every[span], histogram[span]) for span in spans]
    kept = [number for number, within in enumerate(grouped) if len(within)]
    again = np.full(len(grouped) + 1, -1)
    again[kept] = np.arange(len(kept))
    return again[classes], [grouped[number] for number in kept]


def _corrections(shares: np.ndarray, spread: np.ndarray) -> np.ndarray:
    """Solve c_a (sum c - c_a) = p_a (1 - p_a) per class."""
    variance = np.maximum(shares * (1 - spread[:, None] * shares), 0.0)
    total = variance.sum(axis=1, keepdims=True)
    values = variance / np.sqrt(np.maximum(total, 1e-300))
    for _ in range(_MOST_ROUNDS):
        total = values.sum(axis=1, keepdims=True)
        # The mean of the old and the new value: the plain iteration swings where one good carries much of the variance.
        better = (values + variance / np.maximum(total - values, np.maximum(total / 2, 1e-300))) / 2
        change = np.abs(better - values).max(initial=0)
        values = better
        if change < _CLOSE:
            break
    return values


def _together(baskets: Baskets, eligible: np.ndarray, minimum_both: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pairs of eligible goods in at least `minimum_both` baskets: first < second, and in how many. Sparse, block of goods by block."""

    from scipy.sparse import csr_array

    number = np.full(baskets.good_count, -1, dtype=np.int32)
    number[eligible] = np.arange(len(eligible), dtype=np.int32)
    good = number[baskets.good]
    rows = good >= 0
    starts = np.concatenate([[0], np.cumsum(rows)])[baskets.starts].astype(np.int32 if rows.sum() < 2**31 else np.int64)
    ones = np.ones(int(starts[-1]), dtype=np.int32)
    table = csr_array((ones, good[rows].astype(starts.dtype), starts), shape=(baskets.basket_count, len(eligible)))
    columns = csr_array(table.T)
    work = np.cumsum(np.bincount(good[rows], weights=np.repeat(np.diff(starts), np.diff(starts)), minlength=len(eligible)))
    bounds = [0, *np.searchsorted(work, np.arange(_BLOCK_WORK, work[-1], _BLOCK_WORK)).tolist(), len(eligible)]
    found: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
    for low, high in pairwise(bounds):
        if low == high:
            continue
        block = csr_array(columns[low:high] @ table).tocoo()
        first, second = block.coords[0] + low, block.coords[1]
        kept = (second > first) & (block.data >= minimum_both)
        found.append((first[kept].astype(np.int64), second[kept].astype(np.int64), block.data[kept].astype(np.int64)))
    first, second, both = (np.concatenate(part) for part in zip(*found, strict=True))
    return eligible[first], eligible[second], both
