"""A panel: the members of a large shop that forecasts learn from, the same ones on every machine and from day to day."""

from __future__ import annotations

import numpy as np
import polars as pl

_LETTERS = 32
"""Letters of an id that are looked at, the last ones: a long one must not cost memory for all."""
_OFFSET, _PRIME = np.uint64(0xCBF29CE484222325), np.uint64(0x100000001B3)


def panel(member_ids: pl.Series, most: int) -> pl.Series:
    """Return, per id, whether the member is in the panel: everybody where there are `most` at the most, else as many, by their ids' hash.

    Who is in it does not rest on the order of the ids, on codes or on what members do; a new member takes the place of one other at most.

    >>> panel(pl.Series(["a", "b", "c", "d"]), 3).sum()
    3
    """
    if len(member_ids) <= most:
        return pl.repeat(True, len(member_ids), eager=True)
    hashes = id_hashes(member_ids)
    place = np.lexsort((member_ids.rank("ordinal").to_numpy(), hashes))
    chosen = np.zeros(len(member_ids), dtype=bool)
    chosen[place[:most]] = True
    return pl.Series(chosen)


def id_hashes(ids: pl.Series) -> np.ndarray:
    """Return a 64-bit hash of each id, the same with every version of every library: FNV-1a over the bytes, mixed once more.

    Source: Fowler, Noll and Vo (1991), FNV-1a; Steele, Lea and Flood, OOPSLA 2014, for the last step.
    """
    encoded = np.array([one.encode() for one in ids.str.tail(_LETTERS).to_list()]) if len(ids) else np.zeros(0, dtype="S1")
    letters = encoded.view(np.uint8).reshape(len(ids), -1)
    hashes = np.full(len(ids), _OFFSET)
    for column in letters.T:  # what is shorter than the longest ends in zeros, which change nothing: an id holds none
        hashes = np.where(column > 0, (hashes ^ column) * _PRIME, hashes)
    hashes = (hashes ^ (hashes >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    hashes = (hashes ^ (hashes >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return hashes ^ (hashes >> np.uint64(31))
