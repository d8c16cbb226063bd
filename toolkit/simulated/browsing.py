"""What members look at: app and web events, with and without an order after them.

Model. (a) Before an order by app or online each line is viewed with probability 0.35, up to 40 minutes earlier, and then put in the cart
within the last minute with probability 0.6; carts that became no order: module carts. (b) Members with a digital share > 0 browse without
buying: sessions ~ Poisson(0.04 * digital share * active days), at any time of day; a session begins with a search for a category of the
member's taste (probability 0.4), then 1 + Poisson(1.5) views of products one quality level above the member's own; with probability 0.1 the
last one becomes a favourite, with 0.03 the member asks for service. (c) Members with a wish view a product of that category, one level
above their own, at Poisson(0.05 * active days) times, and never buy the category.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from toolkit.simulated.assortment import CATEGORY_NAMES
from toolkit.simulated.baskets import Lines
from toolkit.simulated.carts import Carts, draw_carts
from toolkit.simulated.catalogue import LEVELS, Catalogue
from toolkit.simulated.clock import DAY_SECONDS, Clock
from toolkit.simulated.people import People
from toolkit.simulated.trips import Trips
from toolkit.simulated.wheel import spin

KINDS = pl.Series("kind", ["view", "search", "cart", "favourite", "service"])
VIEW, SEARCH, CART, FAVOURITE, SERVICE = range(5)
TOUCHPOINTS = pl.Series("touchpoint", ["store", "app", "web"])
VIEWED_SHARE, CARTED_SHARE = 0.35, 0.6
SESSION_RATE, WISH_RATE = 0.04, 0.05


def browse_events(
    trips: Trips,
    lines: Lines,
    people: People,
    catalogue: Catalogue,
    clock: Clock,
    member_ids: pl.Series,
    rng: np.random.Generator,
    cart_rng: np.random.Generator,
) -> tuple[pl.DataFrame, Carts]:
    """Return the contract's events of a block in the order of time, one row per event, and the carts among them."""
    before, carted = _before_orders(trips, lines, people, rng)
    carts = draw_carts(trips, lines, carted, people, catalogue, clock, cart_rng)
    parts = [before, _sessions(people, catalogue, clock, rng), _wishes(people, catalogue, clock, rng), _carts_left(carts, cart_rng)]
    person, day, second, kind, touchpoint, product, category = (np.concatenate(column) for column in zip(*parts, strict=True))
    order = np.lexsort((kind, person, second, day))
    person, kind, touchpoint, product, category = person[order], kind[order], touchpoint[order], product[order], category[order]
    events = pl.DataFrame(
        {
            "member_id": member_ids.gather(person),
            "occurred_at": clock.moments(day[order], second[order]),
            "kind": KINDS.gather(kind),
            "touchpoint": TOUCHPOINTS.gather(touchpoint),
            "product_id": catalogue.ids.gather(pl.Series(product).replace(-1, None)),
            "category": CATEGORY_NAMES.gather(pl.Series(category).replace(-1, None)),
        }
    )
    return events, carts


def _before_orders(trips: Trips, lines: Lines, people: People, rng: np.random.Generator) -> tuple[tuple[np.ndarray, ...], np.ndarray]:
    """The events before orders, and the lines that were in a cart."""
    digital = (trips.channel > 0) & (trips.person < people.members) & trips.is_made
    row = np.flatnonzero(digital[lines.trip])
    row = row[rng.random(row.size) < VIEWED_SHARE]
    carted = row[rng.random(row.size) < CARTED_SHARE]
    early = np.concatenate([rng.integers(60, 2400, row.size), rng.integers(5, 60, carted.size)])
    kind = np.repeat([VIEW, CART], [row.size, carted.size])
    row = np.concatenate([row, carted])
    trip = lines.trip[row]
    second = np.maximum(trips.second[trip] - early, 0)
    return (trips.person[trip], trips.day[trip], second, kind, trips.channel[trip], lines.product[row], np.full(row.size, -1)), carted


def _carts_left(carts: Carts, rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    left = carts.take(np.flatnonzero(carts.trip < 0))
    again = left.take(np.flatnonzero(left.back_day >= 0))
    carted, seen = left.person.size, again.person.size
    product = np.concatenate([left.product, left.product, again.product])
    return (
        np.concatenate([left.person, left.person, again.person]),
        np.concatenate([left.day, left.day, again.back_day]),
        np.concatenate([left.second - rng.integers(10, 600, carted), left.second, rng.integers(7 * 3600, DAY_SECONDS - 3600, seen)]),
        np.repeat([VIEW, CART, VIEW], [carted, carted, seen]),
        np.concatenate([left.channel, left.channel, again.channel]),
        product,
        np.full(product.size, -1),
    )


def _sessions(people: People, catalogue: Catalogue, clock: Clock, rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    member, day, second = _moments(people, clock, SESSION_RATE * people.digital[: people.members], rng)
    category = spin(rng, people.taste, member).astype(np.int64)
    touchpoint = np.where(rng.random(member.size) < people.app_share[member], 1, 2)
    views = 1 + rng.poisson(1.5, member.size)
    searches = np.flatnonzero(rng.random(member.size) < 0.4)
    favourites = np.flatnonzero(rng.random(member.size) < 0.1)
    services = np.flatnonzero(rng.random(member.size) < 0.03)
    seen = np.repeat(np.arange(member.size), views)
    session = np.concatenate([searches, seen, favourites, services])
    kind = np.repeat([SEARCH, VIEW, FAVOURITE, SERVICE], [searches.size, seen.size, favourites.size, services.size])
    after = np.where(kind == SEARCH, 0, np.where(kind == VIEW, rng.integers(5, 900, kind.size), 900 + rng.integers(0, 60, kind.size)))
    wheels = np.minimum(people.level[member[session]] + 1, LEVELS - 1) * catalogue.categories + category[session]
    product = spin(rng, catalogue.picks, wheels).astype(np.int64)
    product = catalogue.launched(product, day[session])
    product = np.where((kind == VIEW) | (kind == FAVOURITE), product, -1)
    named = np.where(kind == SEARCH, category[session], -1)
    second = np.minimum(second[session] + after, DAY_SECONDS - 1)
    return member[session], day[session], second, kind, touchpoint[session], product, named


def _wishes(people: People, catalogue: Catalogue, clock: Clock, rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    member, day, second = _moments(people, clock, WISH_RATE * (people.wish >= 0), rng)
    wheels = np.minimum(people.level[member] + 1, LEVELS - 1) * catalogue.categories + people.wish[member]
    product = spin(rng, catalogue.picks, wheels).astype(np.int64)
    product = catalogue.launched(product, day)
    return member, day, second, np.full(member.size, VIEW), np.ones(member.size, np.int64), product, np.full(member.size, -1)


def _moments(people: People, clock: Clock, rate: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    first_day, end_day = people.alive
    active = np.maximum(np.minimum(end_day, clock.days) - first_day, 0)
    member = np.repeat(np.arange(people.members), rng.poisson(rate * active))
    day = first_day[member] + (rng.random(member.size) * active[member]).astype(np.int64)
    return member, day, rng.integers(7 * 3600, DAY_SECONDS - 3600, member.size)
