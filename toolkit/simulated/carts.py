"""Carts, and those among them that become no order.

Model. Of a digital order the goods that `browsing` puts in the cart are one cart. Its price tier is that of its dearest good: 0, 1 or 2,
the thirds of a category's products by price. A cart of tier t is left behind with probability `LEFT_BEHIND[t]`: before each cart that
became an order, Geometric many of the same member, touchpoint and tier did not. A cart left behind holds one product, of a category of the
member's taste and on sale from the start, on any active day; it is viewed just before, and with probability `COME_BACK` viewed again 1 to
10 days later. No receipt depends on a cart.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from toolkit.simulated.arrays import Arrays
from toolkit.simulated.baskets import Lines
from toolkit.simulated.catalogue import Catalogue
from toolkit.simulated.clock import DAY_SECONDS, Clock
from toolkit.simulated.people import People
from toolkit.simulated.trips import Trips
from toolkit.simulated.wheel import spin

LEFT_BEHIND = (0.5, 0.6, 0.7)
COME_BACK, LATEST_BACK = 0.5, 10
TIERS = 3


@dataclass(frozen=True)
class Carts(Arrays):
    """One entry per cart: those that became an order first."""

    trip: np.ndarray  # the order it became, -1 = left behind
    person: np.ndarray
    day: np.ndarray
    second: np.ndarray
    channel: np.ndarray
    product: np.ndarray  # the dearest
    tier: np.ndarray
    back_day: np.ndarray  # viewed again on this day, -1 = never


def price_tiers(catalogue: Catalogue) -> np.ndarray:
    """Return each product's third of its category by price: 0, 1 or 2."""
    order = np.lexsort((catalogue.cents, catalogue.category))
    place = np.empty(order.size, np.int64)
    place[order] = np.arange(order.size)
    first = np.searchsorted(catalogue.category, catalogue.category, "left")
    size = np.searchsorted(catalogue.category, catalogue.category, "right") - first
    return (place - first) * TIERS // size


def draw_carts(
    trips: Trips, lines: Lines, carted: np.ndarray, people: People, catalogue: Catalogue, clock: Clock, rng: np.random.Generator
) -> Carts:
    """Return the carts of the lines `carted`, which were bought, and those left behind."""
    tiers = price_tiers(catalogue)
    product = lines.product[carted]
    dearest = np.lexsort((product, -catalogue.cents[product], -tiers[product], lines.trip[carted]))
    trip, at = np.unique(lines.trip[carted][dearest], return_index=True)
    product = product[dearest][at]
    none = np.full(trip.size, -1)
    bought = Carts(trip, trips.person[trip], trips.day[trip], trips.second[trip], trips.channel[trip], product, tiers[product], none)
    return bought.joined(_left_behind(bought, people, catalogue, tiers, clock, rng))


def _left_behind(bought: Carts, people: People, catalogue: Catalogue, tiers: np.ndarray, clock: Clock, rng: np.random.Generator) -> Carts:
    cart = np.repeat(np.arange(bought.trip.size), rng.geometric(1 - np.array(LEFT_BEHIND)[bought.tier]) - 1)
    person = bought.person[cart]
    first_day, lapse = people.alive
    end = np.minimum(lapse, clock.days)[person]
    day = first_day[person] + (rng.random(cart.size) * (end - first_day[person])).astype(np.int64)
    second = rng.integers(7 * 3600, DAY_SECONDS - 3600, cart.size)
    product = _products_of(catalogue, tiers, spin(rng, people.taste, person).astype(np.int64), bought.tier[cart], rng)
    back_day = day + rng.integers(1, LATEST_BACK + 1, cart.size)
    back_day = np.where((rng.random(cart.size) < COME_BACK) & (back_day < end), back_day, -1)
    return Carts(np.full(cart.size, -1), person, day, second, bought.channel[cart], product, tiers[product], back_day)


def _products_of(catalogue: Catalogue, tiers: np.ndarray, category: np.ndarray, tier: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return a product on sale from the start of each category and tier; the category's leader where there is none."""
    shelf = catalogue.category * TIERS + tiers
    old = np.flatnonzero(catalogue.launch_day < 0)
    old = old[np.argsort(shelf[old], kind="stable")]
    wanted = category * TIERS + tier
    first, past = np.searchsorted(shelf[old], wanted, "left"), np.searchsorted(shelf[old], wanted, "right")
    pick = old[np.minimum(first + (rng.random(wanted.size) * (past - first)).astype(np.int64), old.size - 1)]
    return np.where(past > first, pick, catalogue.leader[catalogue.first[category]])
