"""What is in the baskets: the receipt lines of a block's trips.

Model, per line: a category from the member's taste (walk-ins: everybody's taste); a product of it: the member's favourite with probability
loyalty, else by popularity at the member's quality level; then, with probability promo dependence, one of the category's promoted products
instead (promotions.py). To these come lines of planted pairs (pairs.py) and durables (durables.py).
Quantity: by the piece Geometric(0.75), that is mostly 1; durables 1; by weight the category's kilograms * exp(0.5 z), in grams.
Money, per line, in cents: shelf = price(day) * quantity; discount = shelf * depth of the promotion; amount = shelf - discount.
Coupons of manufacturers: a trip uses coupons with probability coupon affinity; then its first line and each other with probability 0.1
carries one, of 0.50, 1.00, 1.50 or 2.00 but never above the line's amount. They are face value only: `amount` is what the shop received,
from whomever. Campaign reductions (`redeem`) come off `amount` and are added to `discount_amount`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from toolkit.simulated.arrays import Arrays
from toolkit.simulated.assortment import BY_WEIGHT, DURABLE, KILOGRAMS
from toolkit.simulated.campaigns import Campaign
from toolkit.simulated.catalogue import Catalogue
from toolkit.simulated.durables import Needs
from toolkit.simulated.pairs import Pairs, planted_lines
from toolkit.simulated.people import People
from toolkit.simulated.promotions import WEEK_DAYS, Promotions
from toolkit.simulated.trips import Trips
from toolkit.simulated.wheel import spin

MORE_SHARE = 0.25
"""Share of lines with more than one piece: the geometric's continuation."""
COUPON_LINE_SHARE = 0.1
COUPON_CENTS = np.array([50, 100, 150, 200])


@dataclass(frozen=True)
class Lines(Arrays):
    """Receipt lines as arrays, sorted by trip."""

    trip: np.ndarray
    product: np.ndarray
    milli: np.ndarray  # quantity in thousandths
    amount: np.ndarray  # cents, as are the next three
    discount: np.ndarray
    coupon: np.ndarray
    off: np.ndarray  # part of discount that a campaign gave
    cause: np.ndarray  # campaign without which the line would not be, -1 = none
    pair: np.ndarray  # planted pair that added the line, -1 = none


def fill_baskets(
    trips: Trips, people: People, catalogue: Catalogue, promotions: Promotions, pairs: Pairs, needs: Needs, rng: np.random.Generator
) -> Lines:
    """Return the lines of all trips, moved ones included, before campaign reductions and returns."""
    trip, product, cause = _by_taste(trips, people, catalogue, promotions, rng)
    row, added, pair = planted_lines(pairs, catalogue, product, rng)
    bought = needs.trip >= 0
    sources = [
        (trip, product, cause, np.full(trip.size, -1)),
        (trip[row], catalogue.launched(added, trips.day[trip[row]]), cause[row], pair),
        (needs.trip[bought], needs.product[bought], np.full(bought.sum(), -1), np.full(bought.sum(), -1)),
    ]
    trip, product, cause, pair = (np.concatenate(column) for column in zip(*sources, strict=True))
    order = np.argsort(trip, kind="stable")
    trip, product, cause, pair = trip[order], product[order], cause[order], pair[order]
    day = trips.day[trip]
    milli = _quantities(catalogue, product, rng)
    shelf = np.rint(catalogue.price_cents(product, day) * milli / 1000).astype(np.int64)
    discount = np.rint(shelf * promotions.depth_of(product, day)).astype(np.int64)
    amount = shelf - discount
    coupon = _coupons(trips, people, trip, amount, rng)
    return Lines(trip, product, milli, amount, discount, coupon, np.zeros_like(amount), cause.astype(np.int32), pair)


def reduce_prices(lines: Lines, share: np.ndarray) -> Lines:
    """Return the lines with a campaign's reduction, a share per trip, taken off (whole cents, rounded down)."""
    off = np.floor(lines.amount * share[lines.trip]).astype(np.int64)
    return replace(
        lines,
        amount=lines.amount - off,
        discount=lines.discount + off,
        off=lines.off + off,
        coupon=np.minimum(lines.coupon, lines.amount - off),
    )


def redeem(
    lines: Lines, trips: Trips, people: People, campaigns: tuple[Campaign, ...], treated: np.ndarray, rng: np.random.Generator
) -> tuple[Lines, np.ndarray]:
    """Return the reduced lines and, per trip, the campaign redeemed in it (-1 = none). `treated` is campaigns x people.

    A coupon takes 5.00 off one order of at least 20.00: extra orders redeem with probability 0.9, others with min(0.9, 0.05 + 2 * coupon
    affinity). Full reduction: 10.00 off every order of at least 60.00. Discount: 10%, member day: 5% off every order of the window.
    Service: nothing.
    """
    total = np.bincount(lines.trip, lines.amount, minlength=trips.count)
    chance = np.where(trips.is_extra, 0.9, np.minimum(0.9, 0.05 + 2 * people.coupon_affinity[trips.person]))
    willing = rng.random(trips.count) < chance
    share = np.zeros(trips.count)
    redeemed = np.full(trips.count, -1, np.int32)
    for number, campaign in enumerate(campaigns):
        inside = campaign.covers(trips.day) & treated[number, trips.person] & trips.is_made & (redeemed < 0) & (total > 0)
        if campaign.method == "coupon":
            rows = np.flatnonzero(inside & willing & (total >= 2000))
            rows = rows[np.unique(trips.person[rows], return_index=True)[1]]  # one coupon a member: the first order that takes it
            share[rows] = 500 / total[rows]
        elif campaign.method == "full_reduction":
            rows = np.flatnonzero(inside & (total >= 6000))
            share[rows] = 1000 / total[rows]
        elif campaign.method in {"discount", "member_day"}:
            rows = np.flatnonzero(inside)
            share[rows] = 0.10 if campaign.method == "discount" else 0.05
        else:
            continue
        redeemed[rows] = number
    return reduce_prices(lines, share), redeemed


def _by_taste(
    trips: Trips, people: People, catalogue: Catalogue, promotions: Promotions, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    total = trips.lines + trips.extra_lines
    trip = np.repeat(np.arange(trips.count), total)
    place = np.arange(trip.size) - np.repeat(np.cumsum(total) - total, total)
    cause = np.where(trips.is_extra[trip] | (place >= trips.lines[trip]), trips.cause[trip], -1)
    person = trips.person[trip]
    row = people.taste_row[person]
    category = spin(rng, people.taste, row).astype(np.int64)
    product = spin(rng, catalogue.picks, people.level[person] * catalogue.categories + category)
    loyal = (rng.random(trip.size, dtype=np.float32) < people.loyalty[person]) & (person < people.members)
    product = np.where(loyal, people.favourite[row, category], product).astype(np.int64)
    week = trips.day[trip] // WEEK_DAYS
    offered = promotions.hunted[week, category, rng.integers(0, promotions.hunted.shape[2], trip.size, dtype=np.int8)]
    hunts = rng.random(trip.size, dtype=np.float32) < people.promo_dependence[person]
    product = np.where(hunts & (offered >= 0), offered, product)
    return trip, catalogue.launched(product, trips.day[trip]), cause


def _quantities(catalogue: Catalogue, product: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    category = catalogue.category[product]
    pieces = np.where(np.isin(category, DURABLE), 1, rng.geometric(1 - MORE_SHARE, product.size))
    milli = pieces * 1000
    weighed = np.flatnonzero(BY_WEIGHT[category])
    kilograms = KILOGRAMS[category[weighed]] * np.exp(0.5 * rng.standard_normal(weighed.size))
    milli[weighed] = np.maximum(20, np.rint(kilograms * 1000))
    return milli


def _coupons(trips: Trips, people: People, trip: np.ndarray, amount: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    uses = rng.random(trips.count) < people.coupon_affinity[trips.person]
    is_first = np.diff(trip, prepend=-1) > 0
    carries = uses[trip] & (is_first | (rng.random(trip.size, dtype=np.float32) < COUPON_LINE_SHARE))
    return np.where(carries, np.minimum(COUPON_CENTS[rng.integers(0, COUPON_CENTS.size, trip.size, dtype=np.int8)], amount), 0)
