"""Goods with a service life: bought once, needed again when they are used up.

Model. A member owns a durable of category c with the category's share of owners. The first need arises at a uniform point of a service
life counted from the start of the receipts (or joining). A need is met at the member's first own trip on or after the day of need (trips
caused by campaigns excepted); with probability 0.15 it is met elsewhere on that very day, and the shop does not see it. The next need
arises after service_life_days * Gamma(20)/20 (coefficient of variation .22) from the day it was met. A member stays with one product per
category.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from toolkit.simulated.assortment import DURABLE, OWNERS, SERVICE_LIFE
from toolkit.simulated.people import People
from toolkit.simulated.trips import Trips

ELSEWHERE_SHARE = 0.15
LIFE_SHAPE = 20.0
MOST_NEEDS = 400


@dataclass(frozen=True)
class Needs:
    """Needs that arose within the receipts, as arrays."""

    member: np.ndarray
    product: np.ndarray
    due: np.ndarray  # day the need arose
    met: np.ndarray  # day it was met
    trip: np.ndarray  # trip it was met in, -1 = elsewhere


def durable_needs(people: People, trips: Trips, days: int, rng: np.random.Generator) -> Needs:
    """Return every need for a durable that was met, here or elsewhere, in the order of rounds."""
    own = rng.random((people.members, DURABLE.size)) < OWNERS
    member, durable = np.nonzero(own)
    life = SERVICE_LIFE[durable]
    first_day, end_day = people.alive
    need = first_day[member] + (rng.random(member.size) * life).astype(np.int64)
    rows = np.flatnonzero((trips.person < people.members) & (trips.cause < 0) & trips.is_made)
    key = trips.person[rows] * (days + 1) + trips.day[rows]
    order = np.argsort(key, kind="stable")
    # A last entry that belongs to nobody: whoever has no trip left finds it.
    rows, key = np.append(rows[order], -1), np.append(key[order], people.count * (days + 1))
    owner, day = np.append(trips.person, -1), np.append(trips.day, days)
    rounds: list[tuple[np.ndarray, ...]] = []
    for _ in range(MOST_NEEDS):
        going = need < np.minimum(days, end_day[member])
        member, durable, need, life = member[going], durable[going], need[going], life[going]
        if member.size == 0:
            break
        trip = rows[np.searchsorted(key, member * (days + 1) + need)]
        here = owner[trip] == member
        elsewhere = rng.random(member.size) < ELSEWHERE_SHARE
        met = np.where(elsewhere, need, np.where(here, day[trip], days))
        is_met = elsewhere | here
        rounds.append((member[is_met], durable[is_met], need[is_met], met[is_met], np.where(elsewhere, -1, trip)[is_met]))
        need = met + 1 + (life * rng.standard_gamma(LIFE_SHAPE, member.size) / LIFE_SHAPE).astype(np.int64)
    columns = [np.concatenate(column) for column in zip(*rounds, strict=True)] if rounds else [np.zeros(0, np.int64)] * 5
    return Needs(columns[0], people.favourite[columns[0], DURABLE[columns[1]]].astype(np.int64), *columns[2:])
