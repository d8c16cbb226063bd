"""A small world and one block of its people, made once: what the tests of single modules look at."""

from __future__ import annotations

from functools import cache

import numpy as np

from toolkit.simulated.block import World, shop_world
from toolkit.simulated.people import People, draw_people
from toolkit.simulated.settings import shop_settings
from toolkit.simulated.trips import Trips, base_trips


@cache
def world(**settings: float) -> World:
    """Return a year's world of 500 members and few stores; `settings` change it."""
    return shop_world(shop_settings(**{"members": 500, "years": 1, "seed": 2, "stores": 4, "products": 300, **settings}))


@cache
def people() -> People:
    """Return the people of the first block."""
    small = world()
    return draw_people(small.settings, small.clock, small.branches, small.catalogue, 0, rng())


@cache
def trips() -> Trips:
    """Return their trips without any campaign."""
    small = world()
    return base_trips(people(), small.clock, small.branches, rng())


def rng(seed: int = 1) -> np.random.Generator:
    """Return a stream of random numbers, the same each time."""
    return np.random.default_rng(seed)
