"""Orders -> favourites: the option (store, channel, weekday, hour band) with most of a member's orders."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from toolkit.mart.runs import first_of_largest, pack, runs_of

_MOST_CELLS = 64
"""Up to this many options every member x option is counted in a table; above, only those that occur are, by sorting."""


@dataclass(frozen=True)
class Favourites:
    """Per member number: how many options were used, the favourite and its count; favourite -1 and count 0 where there is none."""

    option_count: np.ndarray
    favourite: np.ndarray
    count: np.ndarray


def favourites_of(member: np.ndarray, option: np.ndarray, *, member_count: int, option_count: int) -> Favourites:
    """Return each member's favourite among `option` (numbers 0..option_count-1), one row of input per order.

    Most orders wins; ties go to the smaller option number, so options are numbered by rank of their ids.
    """
    if option_count <= _MOST_CELLS:
        return _from_table(member, option, member_count, option_count)
    keys, shifts = pack((member, member_count), (option, option_count))
    keys.sort()
    pairs = runs_of(keys)
    pair = keys[pairs.starts]
    shift = pair.dtype.type(shifts[0])
    members = runs_of(pair >> shift)
    who = (pair >> shift)[members.starts]
    best = first_of_largest(pairs.lengths, members)
    favourites = Favourites(*(np.zeros(member_count, dtype=np.int64) for _ in range(3)))
    favourites.favourite.fill(-1)
    favourites.option_count[who] = members.lengths
    favourites.favourite[who] = (pair & pair.dtype.type((1 << shifts[0]) - 1))[best]
    favourites.count[who] = pairs.lengths[best]
    return favourites


def _from_table(member: np.ndarray, option: np.ndarray, member_count: int, option_count: int) -> Favourites:
    counts = np.bincount(member.astype(np.int64) * option_count + option, minlength=member_count * option_count).reshape(
        member_count, option_count
    )
    most = counts.max(axis=1, initial=0)
    return Favourites((counts > 0).sum(axis=1), np.where(most > 0, counts.argmax(axis=1), -1), most)
