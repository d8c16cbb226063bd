"""When people come: one row per trip (an order to be), before anything is in the basket.

Model. A member's trips are a renewal process in shop time (clock.py): gaps are Gamma(k) with mean 1 / rate, from joining (old members:
from well before the start, so that the process is in equilibrium on day 0) until the day of lapse. Each walk-in comes once, uniformly in
shop time. Lines of a trip: 1 + floor(lines_mean * exp(0.6 z - 0.18)), with four times lines_mean in 3% of the trips (stocking up), at most
120: on average about 1.09 lines_mean + 0.5.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from toolkit.simulated.arrays import Arrays
from toolkit.simulated.branches import Branches
from toolkit.simulated.clock import Clock
from toolkit.simulated.people import People
from toolkit.simulated.wheel import spin

CHANNELS = ("store", "app", "online")
HOME_SHARE = 0.8
OWN_HOUR_SHARE = 0.5
MOST_LINES = 120


@dataclass(frozen=True)
class Trips(Arrays):
    """Trips as arrays of equal length."""

    person: np.ndarray
    day: np.ndarray
    lines: np.ndarray  # lines planned without any campaign
    extra_lines: np.ndarray  # lines added by a campaign
    cause: np.ndarray  # campaign that caused the trip (extra trip) or its extra lines, -1 = none
    is_extra: np.ndarray  # the whole trip is caused by `cause`
    moved_by: np.ndarray  # campaign that pulled this trip forward: it is not made; -1 = made
    store: np.ndarray
    channel: np.ndarray
    second: np.ndarray

    @property
    def is_made(self) -> np.ndarray:
        """Whether each trip is made: no campaign has pulled it forward."""
        return self.moved_by < 0

    @property
    def count(self) -> int:
        """Number of trips."""
        return self.person.size


def base_trips(people: People, clock: Clock, branches: Branches, rng: np.random.Generator) -> Trips:
    """Return the trips that would be made without any campaign."""
    person, day = _renewals(people, clock, rng)
    walk_ins = people.count - people.members
    walk_day = clock.day_of(rng.random(walk_ins) * clock.shop_time[-1])
    person = np.concatenate([person, np.arange(people.members, people.count)])
    day = np.concatenate([day, walk_day])
    return furnish(person, day, people, branches, rng)


def furnish(person: np.ndarray, day: np.ndarray, people: People, branches: Branches, rng: np.random.Generator) -> Trips:
    """Return trips with size, store, channel and time of day drawn; no campaign has touched them yet."""
    count = person.size
    size = people.lines_mean[person] * np.exp(0.6 * rng.standard_normal(count) - 0.18)
    size *= np.where(rng.random(count) < 0.03, 4.0, 1.0)
    digital = rng.random(count) < people.digital[person]
    by_app = rng.random(count) < people.app_share[person]
    at_home = digital | (rng.random(count) < HOME_SHARE)
    store = np.where(at_home, people.home[person], spin(rng, branches.visits, np.zeros(count, np.int64)))
    pattern = np.where(digital, branches.hours.shape[0] - 1, store)
    hour = np.where(rng.random(count) < OWN_HOUR_SHARE, people.hour[person], spin(rng, branches.hours, pattern))
    nobody = np.full(count, -1, np.int32)
    return Trips(
        person=person,
        day=day,
        lines=np.minimum(1 + size.astype(np.int64), MOST_LINES),
        extra_lines=np.zeros(count, np.int64),
        cause=nobody,
        is_extra=np.zeros(count, bool),
        moved_by=nobody,
        store=store,
        channel=np.where(digital, np.where(by_app, 1, 2), 0),
        second=hour.astype(np.int64) * 3600 + rng.integers(0, 3600, count),
    )


def in_time_order(trips: Trips) -> Trips:
    """Return the trips by day, time of day and person, as tills would have written them."""
    return trips.take(np.lexsort((trips.person, trips.second, trips.day)))


def shopped(trips: Trips, people: People, first_day: int, end_day: int, weights: np.ndarray | None = None) -> np.ndarray:
    """Return per member how many trips (or how much weight) were made from `first_day` to before `end_day`."""
    seen = (trips.day >= first_day) & (trips.day < end_day) & (trips.person < people.members) & trips.is_made
    return np.bincount(trips.person[seen], None if weights is None else weights[seen], minlength=people.members)


def _renewals(people: People, clock: Clock, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    first_day, end_day = people.alive
    alive = (end_day > first_day) & (first_day < clock.days)
    begin = clock.shop_time[np.minimum(first_day, clock.days)]
    end = clock.shop_time[np.clip(end_day, 0, clock.days)]
    lead = np.where(people.joined < 0, (4 + rng.random(people.members)) / people.rate, 0.0)
    expected = (end - begin + lead) * people.rate
    draws = np.where(alive, np.ceil(expected + 8 * np.sqrt(expected / people.regularity) + 12), 0).astype(np.int64)
    person = np.repeat(np.arange(people.members), draws)
    gaps = rng.standard_gamma(people.regularity[person]) / (people.regularity * people.rate)[person]
    starts = np.cumsum(draws) - draws
    joins = alive & (people.joined >= 0)
    gaps[starts[joins]] = 0.0  # the first order is made on the day of joining
    total = np.cumsum(gaps)
    before = np.concatenate([[0.0], total])[starts]
    moment = (begin - lead)[person] + total - before[person]
    seen = (moment >= begin[person]) & (moment < end[person])
    person, moment = person[seen], moment[seen]
    return person, np.maximum(clock.day_of(moment), first_day[person])
