"""Goods that are brought back.

Model. A line sold by the piece is returned with probability return_share times a factor: food 0.3, household, beauty and leisure 2,
durables 5. Of the returns 35% are booked in the same order (same order_id, noticed at the till), the others as an order of their own 1 to
14 days later in the same store (not on a closed day, not after the member's day of lapse or the end of the receipts: then nothing is
returned). A returned line has minus the quantity and minus the amount of the line, no discount and no coupon. Nothing a campaign caused or
reduced is returned.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from toolkit.simulated.assortment import ASSORTMENT, BY_WEIGHT
from toolkit.simulated.baskets import Lines
from toolkit.simulated.catalogue import Catalogue
from toolkit.simulated.clock import Clock
from toolkit.simulated.people import People
from toolkit.simulated.trips import Trips

SAME_ORDER_SHARE = 0.35
LATEST_DAYS = 14
_FACTORS = {"Household": 2.0, "Beauty and health": 2.0, "Leisure": 2.0, "Home and durables": 5.0}
FACTORS = np.where(BY_WEIGHT, 0.0, [_FACTORS.get(department, 0.3) for department in ASSORTMENT["department"]])


@dataclass(frozen=True)
class Returns:
    """Returned lines as arrays."""

    line: np.ndarray  # row of the line that is returned
    same_order: np.ndarray
    day: np.ndarray
    second: np.ndarray


def draw_returns(
    lines: Lines, trips: Trips, people: People, catalogue: Catalogue, clock: Clock, return_share: float, rng: np.random.Generator
) -> Returns:
    """Return what is brought back of the lines."""
    chance = return_share * FACTORS[catalogue.category[lines.product]]
    line = np.flatnonzero(
        (rng.random(lines.trip.size, dtype=np.float32) < chance) & (lines.cause < 0) & (lines.off == 0) & (lines.amount > 0)
    )
    trip = lines.trip[line]
    same = rng.random(line.size) < SAME_ORDER_SHARE
    day = np.where(same, trips.day[trip], trips.day[trip] + rng.integers(1, LATEST_DAYS + 1, line.size))
    lapse = np.concatenate([people.lapse, np.full(people.count - people.members, clock.days)])[trips.person[trip]]
    possible = (day < clock.days) & (day < lapse) & (clock.weights[np.minimum(day, clock.days - 1)] > 0)
    possible &= trips.is_made[trip]
    second = np.where(same, trips.second[trip], rng.integers(9 * 3600, 19 * 3600, line.size))
    return Returns(line[possible], same[possible], day[possible], second[possible])
