"""One block of members from traits to tables: the unit of randomness, memory and parallel work.

Everything of a block comes from `SeedSequence(seed, spawn_key=(1, block))`, so a block is the same whichever thread, file or order it is
made in. Each step has a stream of its own: a change in one leaves the draws of the others alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from toolkit.simulated.baskets import Lines, fill_baskets, redeem
from toolkit.simulated.branches import Branches, shop_branches
from toolkit.simulated.browsing import browse_events
from toolkit.simulated.campaigns import Campaign, Participation, campaign_ids, contacts_table, run_campaign, shop_campaigns
from toolkit.simulated.catalogue import Catalogue, shop_catalogue
from toolkit.simulated.clock import Clock, shop_clock
from toolkit.simulated.durables import durable_needs
from toolkit.simulated.effects import effects_truth
from toolkit.simulated.pairs import Pairs, count_sides, shop_pairs
from toolkit.simulated.people import TIERS, People, draw_people
from toolkit.simulated.plans import months_of
from toolkit.simulated.promotions import Promotions, shop_promotions
from toolkit.simulated.receipts import lines_table, orders_table, redemptions_table, returns_truth
from toolkit.simulated.returns import Returns, draw_returns
from toolkit.simulated.settings import ShopSettings
from toolkit.simulated.trips import Trips, base_trips, in_time_order
from toolkit.simulated.truth import carts_truth, durables_truth, members_truth, niches_truth


@dataclass(frozen=True)
class World:
    """What all blocks share. It does not depend on the number of members."""

    settings: ShopSettings
    clock: Clock
    branches: Branches
    catalogue: Catalogue
    promotions: Promotions
    pairs: Pairs
    campaigns: tuple[Campaign, ...]


@dataclass(frozen=True)
class Block:
    """Tables of one block, and exact sums for the tables about the whole shop."""

    tables: dict[str, pl.DataFrame]
    sales_cents: np.ndarray  # stores x months
    orders: int  # with something bought
    pair_orders: np.ndarray  # pairs x (first, second, both)
    pair_lines: np.ndarray  # lines each pair added


def shop_world(settings: ShopSettings) -> World:
    """Return the world of a shop."""
    streams = np.random.default_rng(np.random.SeedSequence(settings.seed, spawn_key=(0,))).spawn(4)
    clock = shop_clock(settings)
    catalogue = shop_catalogue(settings, clock, streams[0])
    return World(
        settings=settings,
        clock=clock,
        branches=shop_branches(settings, streams[1]),
        catalogue=catalogue,
        promotions=shop_promotions(catalogue, clock, streams[2]),
        pairs=shop_pairs(settings, catalogue, streams[3]),
        campaigns=shop_campaigns(settings, clock),
    )


def simulate_block(world: World, block: int) -> Block:
    """Return the tables of a block, complete and in contract form."""
    streams = np.random.default_rng(np.random.SeedSequence(world.settings.seed, spawn_key=(1, block))).spawn(10)
    clock, catalogue, branches = world.clock, world.catalogue, world.branches
    people = draw_people(world.settings, clock, branches, catalogue, block, streams[0])
    member_ids = pl.Series("member_id", np.arange(people.members) + people.first_number + 1).cast(pl.String).str.zfill(8)
    trips, part = _with_campaigns(world, people, streams[1], streams[2])
    needs = durable_needs(people, trips, clock.days, streams[3])
    lines = fill_baskets(trips, people, catalogue, world.promotions, world.pairs, needs, streams[4])
    lines, redeemed = redeem(lines, trips, people, world.campaigns, _treated(part, people, len(world.campaigns)), streams[5])
    returns = draw_returns(lines, trips, people, catalogue, clock, world.settings.return_share, streams[6])
    bought = lines.take(trips.is_made[lines.trip])
    orders = orders_table(trips, lines, returns, people, member_ids, clock, branches, block)
    order_ids = orders["order_id"].head(trips.count)
    events, carts = browse_events(trips, bought, people, catalogue, clock, member_ids, streams[8], streams[9])
    tables = {
        "members": _members(people, member_ids, world),
        "lines": lines_table(orders, lines, trips, returns, catalogue),
        "events": events,
        "truth/members": members_truth(people, member_ids, clock),
        "truth/niches": niches_truth(people, member_ids),
        "truth/carts": carts_truth(carts, catalogue, order_ids, member_ids, clock),
        "truth/durables": durables_truth(needs, catalogue, order_ids, member_ids, clock),
        "truth/returns": returns_truth(orders, lines, returns, trips, catalogue),
    }
    if part is not None:
        caused = np.flatnonzero(trips.is_extra & trips.is_made)
        ids = campaign_ids(world.campaigns)
        tables |= {
            "contacts": contacts_table(part, world.campaigns, member_ids, clock, streams[7]),
            "redemptions": redemptions_table(orders, lines, trips, redeemed, world.campaigns),
            "truth/effects": effects_truth(part, world.campaigns, trips, lines, redeemed, people, member_ids),
            "truth/caused_orders": pl.DataFrame({"order_id": order_ids.gather(caused), "campaign_id": ids.gather(trips.cause[caused])}),
        }
    return Block(
        tables=tables,
        sales_cents=_sales(bought, lines, trips, returns, world),
        orders=int(trips.is_made.sum()),
        pair_orders=count_sides(world.pairs, bought.trip, bought.product),
        pair_lines=np.bincount(bought.pair[bought.pair >= 0], minlength=world.pairs.count),
    )


def _with_campaigns(
    world: World, people: People, trip_rng: np.random.Generator, campaign_rng: np.random.Generator
) -> tuple[Trips, Participation | None]:
    trips = base_trips(people, world.clock, world.branches, trip_rng)
    parts = []
    for number, campaign in enumerate(world.campaigns):
        trips, part = run_campaign(number, campaign, trips, people, world.clock, world.branches, campaign_rng)
        parts.append(part)
    return in_time_order(trips), parts[0].joined(*parts[1:]) if parts else None


def _treated(part: Participation | None, people: People, campaigns: int) -> np.ndarray:
    treated = np.zeros((campaigns, people.count), bool)
    if part is not None:
        treated[part.campaign[part.treated], part.member[part.treated]] = True
    return treated


def _members(people: People, member_ids: pl.Series, world: World) -> pl.DataFrame:
    contactable = pl.Series(people.contactable)
    return pl.DataFrame(
        {
            "member_id": member_ids,
            "joined_on": world.clock.dates(people.joined),
            "tier": pl.Series(TIERS).gather(people.tier),
            "home_store_id": world.branches.ids.gather(people.home[: people.members]),
            "contactable": contactable.replace_strict([1, 0, -1], [True, False, None], return_dtype=pl.Boolean),
            "referred_by": member_ids.gather(pl.Series(people.referrer).replace(-1, None)),
        }
    )


def _sales(bought: Lines, lines: Lines, trips: Trips, returns: Returns, world: World) -> np.ndarray:
    month, months = months_of(world.clock)
    shape = (len(world.branches.ids), len(months))
    place = trips.store[bought.trip] * shape[1] + month[trips.day[bought.trip]]
    back = trips.store[lines.trip[returns.line]] * shape[1] + month[returns.day]
    size = shape[0] * shape[1]
    sums = np.bincount(place, bought.amount, minlength=size) - np.bincount(back, lines.amount[returns.line], minlength=size)
    return np.rint(sums).astype(np.int64).reshape(shape)
