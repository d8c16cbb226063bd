"""Receipts of a block in contract form: orders (the heads), lines, redemptions, and which return belongs to which purchase.

An order's number is its place in the block's trips by time; returns that are orders of their own follow. Trips that a campaign pulled
forward keep their number and have no lines.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from toolkit.simulated.baskets import Lines
from toolkit.simulated.branches import Branches
from toolkit.simulated.campaigns import Campaign, campaign_ids
from toolkit.simulated.catalogue import Catalogue
from toolkit.simulated.clock import Clock
from toolkit.simulated.people import People
from toolkit.simulated.returns import Returns
from toolkit.simulated.trips import CHANNELS, Trips

BLOCK_ORDERS = 10_000_000
"""Order numbers set aside for a block: order_id = block * BLOCK_ORDERS + running number."""


def orders_table(
    trips: Trips, lines: Lines, returns: Returns, people: People, member_ids: pl.Series, clock: Clock, branches: Branches, block: int
) -> pl.DataFrame:
    """Return the heads of all lines: one row per trip, then one per return that is an order of its own."""
    later = ~returns.same_order
    origin = lines.trip[returns.line[later]]
    person = np.concatenate([trips.person, trips.person[origin]])
    day = np.concatenate([trips.day, returns.day[later]])
    second = np.concatenate([trips.second, returns.second[later]])
    channel = np.concatenate([trips.channel, np.zeros(origin.size, np.int64)])
    store = np.concatenate([trips.store, trips.store[origin]])
    number = np.arange(person.size, dtype=np.int64) + block * BLOCK_ORDERS
    member = pl.Series(np.where(person < people.members, person, -1)).replace(-1, None)
    return pl.DataFrame(
        {
            "member_id": member_ids.gather(member),
            "order_id": pl.Series(number).cast(pl.String).str.zfill(12),
            "store_id": branches.ids.gather(store),
            "ordered_at": clock.moments(day, second),
            "channel": pl.Series(CHANNELS).gather(channel),
        }
    )


def lines_table(orders: pl.DataFrame, lines: Lines, trips: Trips, returns: Returns, catalogue: Catalogue) -> pl.DataFrame:
    """Return the contract's lines: bought ones in the order of time, a return after the lines of its order."""
    sold = np.flatnonzero(trips.is_made[lines.trip])
    every = np.concatenate([lines.trip[sold], _return_rows(trips, lines, returns)])
    row = np.concatenate([sold, returns.line])
    place = np.argsort(every, kind="stable")
    every, row, bought = every[place], row[place], place < sold.size
    sign = np.where(bought, 1, -1)
    heads = orders[every]
    return pl.DataFrame(
        {
            "member_id": heads["member_id"],
            "order_id": heads["order_id"],
            "store_id": heads["store_id"],
            "product_id": catalogue.ids.gather(lines.product[row]),
            "ordered_at": heads["ordered_at"],
            "quantity": sign * lines.milli[row] / 1000,
            "amount": sign * lines.amount[row] / 100,
            "discount_amount": np.where(bought, lines.discount[row], 0) / 100,
            "coupon_amount": np.where(bought, lines.coupon[row], 0) / 100,
            "channel": heads["channel"],
            "is_goods": np.ones(every.size, dtype=bool),
        }
    )


def returns_truth(orders: pl.DataFrame, lines: Lines, returns: Returns, trips: Trips, catalogue: Catalogue) -> pl.DataFrame:
    """Return `TRUTH["returns"]` of a block."""
    origin = lines.trip[returns.line]
    order = _return_rows(trips, lines, returns)
    ids = orders["order_id"]
    product = catalogue.ids.gather(lines.product[returns.line])
    return pl.DataFrame({"order_id": ids.gather(order), "original_order_id": ids.gather(origin), "product_id": product})


def redemptions_table(
    orders: pl.DataFrame, lines: Lines, trips: Trips, redeemed: np.ndarray, campaigns: tuple[Campaign, ...]
) -> pl.DataFrame:
    """Return the contract's redemptions of a block: one row per order with a campaign's reduction."""
    rows = np.flatnonzero(redeemed >= 0)
    value = np.bincount(lines.trip, lines.off, minlength=trips.count)[rows]
    heads = orders[rows]
    return pl.DataFrame(
        {
            "campaign_id": campaign_ids(campaigns).gather(redeemed[rows]),
            "member_id": heads["member_id"],
            "redeemed_at": heads["ordered_at"],
            "order_id": heads["order_id"],
            "value": value / 100,
        }
    )


def _return_rows(trips: Trips, lines: Lines, returns: Returns) -> np.ndarray:
    """Return the row in orders of each return."""
    later = ~returns.same_order
    order = lines.trip[returns.line].copy()
    order[later] = trips.count + np.arange(later.sum())
    return order
