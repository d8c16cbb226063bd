"""Pairs of goods of a scope: tested and named."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from toolkit.models.pairs import Baskets, associated_pairs
from toolkit.scope.period import Period
from toolkit.scope.view import View
from toolkit.targeting.measures.goods import Good, Level, ScopedBaskets, Unit, labels_of, scoped_baskets

_FACTS = ("tested_count", "basket_count", "left_out_count")


@dataclass(frozen=True)
class AssociatedPairs:
    """The pairs that pass the test (schema models.pairs.PAIRS), and of how many tests, baskets and orders too large to be in."""

    pairs: pl.DataFrame
    tested: int
    baskets: int
    left_out: int


def found_pairs(view: View, period: Period, level: Level, unit: Unit) -> AssociatedPairs:
    """Return the pairs of the scope that pass the test; those of the chain are kept beside the mart."""
    if not view.scope.is_chain:
        return _tested(view, period, level, unit)
    name = f"pairs-{level}-{unit}-{period.start}-{period.end}"
    kept = view.chainwide(name, lambda chain: _as_table(_tested(chain, period, level, unit)), "goods", "scope")
    tested, baskets, left_out = kept.select(_FACTS).row(0)
    return AssociatedPairs(kept.filter("is_pair").drop(_FACTS), tested, baskets, left_out)


def named_pairs(view: View, associated: AssociatedPairs, level: Level, rank: str) -> pl.DataFrame:
    """Return the pairs as a table of names, by rank: `volume` (most beyond chance) or `strength` (most times chance, lower limit)."""
    extra = pl.col("both_count") - pl.col("expected_count")
    pairs = associated.pairs.sort(extra if rank == "volume" else pl.col("together_index_low"), descending=True, maintain_order=True)
    names = labels_of(view, level, [*pairs["first"], *pairs["second"]])
    return pairs.select(
        pl.col("first").replace_strict(names, return_dtype=pl.String, default=None).alias("goods"),
        pl.col("second").replace_strict(names, return_dtype=pl.String, default=None).alias("goes_with"),
        "both_count",
        "expected_count",
        extra.alias("extra_count"),
        "together_index",
        "together_index_low",
        "together_index_high",
        "buyer_count",
        pl.col("first_count").alias("goods_count"),
        pl.col("second_count").alias("goes_with_count"),
    )


def buyers_of(scoped: ScopedBaskets, pairs: pl.DataFrame) -> np.ndarray:
    """Return how many different people bought both goods of each pair; orders without a member count as a person each."""
    if pairs.is_empty():
        return np.zeros(0, dtype=np.int64)
    first, second = pairs["first"].to_numpy(), pairs["second"].to_numpy()
    holding = baskets_with(scoped.baskets, np.unique(np.concatenate([first, second])))
    person = _people(scoped.members)
    held = np.zeros(scoped.baskets.basket_count, dtype=bool)
    counts = np.zeros(len(first), dtype=np.int64)
    last = -1
    for pair in np.lexsort((second, first)):  # pairs of one first good side by side: its baskets are marked once
        if first[pair] != last:
            held[:] = False
            held[holding[int(first[pair])]] = True
            last = first[pair]
        other = holding[int(second[pair])]
        people = person[other[held[other]]]
        counts[pair] = 1 + np.count_nonzero(people[1:] != people[:-1])
    return counts


def _people(members: np.ndarray) -> np.ndarray:
    """A number per basket that is the same for the baskets of a member, which stand together, and an own one without a member."""
    changes = np.append(True, (members[1:] != members[:-1]) | (members[1:] < 0))
    return np.cumsum(changes)


def baskets_with(baskets: Baskets, goods: np.ndarray) -> dict[int, np.ndarray]:
    """Return, for some goods, the numbers of the baskets that hold them, ascending."""
    wanted = np.zeros(baskets.good_count, dtype=bool)
    wanted[goods] = True
    rows = np.flatnonzero(wanted[baskets.good])
    place = np.repeat(np.arange(baskets.basket_count), baskets.sizes)[rows]
    good = baskets.good[rows]
    order = np.argsort(good, kind="stable")
    bounds = np.searchsorted(good[order], goods), np.searchsorted(good[order], goods, side="right")
    return {int(one): place[order[low:high]] for one, low, high in zip(goods, *bounds, strict=True)}


def only_with(associated: AssociatedPairs, good: Good) -> AssociatedPairs:
    """Return the pairs that one good stands in, it first."""
    first, second = pl.col("first"), pl.col("second")
    swap = second == good.code
    pairs = associated.pairs.filter((first == good.code) | swap).with_columns(
        first=pl.when(swap).then(second).otherwise(first),
        second=pl.when(swap).then(first).otherwise(second),
        first_count=pl.when(swap).then("second_count").otherwise("first_count"),
        second_count=pl.when(swap).then("first_count").otherwise("second_count"),
    )
    return AssociatedPairs(pairs, associated.tested, associated.baskets, associated.left_out)


def _tested(view: View, period: Period, level: Level, unit: Unit) -> AssociatedPairs:
    settings = view.settings.goods
    scoped = scoped_baskets(view, period, level, unit)
    # A pair of fewer people would be suppressed anyway, and each stands for a basket at least.
    least = max(settings.minimum_both, view.settings.scope.minimum_members)
    pairs, tested = associated_pairs(
        scoped.baskets, minimum_baskets=settings.minimum_baskets, minimum_both=least, false_share=settings.false_share
    )
    buyers = pairs["both_count"] if unit == "member" else pl.Series(buyers_of(scoped, pairs), dtype=pl.Int64)
    return AssociatedPairs(pairs.with_columns(buyer_count=buyers), tested, scoped.baskets.basket_count, scoped.left_out)


def _as_table(associated: AssociatedPairs) -> pl.DataFrame:
    """What is kept: the pairs that pass, or one row without a pair, so that the facts are kept with it."""
    pairs = associated.pairs
    if pairs.is_empty():
        pairs = pl.concat([pairs, pl.DataFrame([{"is_pair": False}])], how="diagonal")
    facts = (associated.tested, associated.baskets, associated.left_out)
    return pairs.with_columns(pl.lit(value, pl.Int64).alias(name) for name, value in zip(_FACTS, facts, strict=True))
