"""The stores of the simulated shop: region, format, size, and the hours people come.

Model. A store's size is lognormal (sigma 0.6). Its hour pattern (7 to 21 h) mixes a midday and an evening peak with a mix of its own;
orders by app or online follow one evening pattern around the clock. A member goes to the home store with probability 0.8, else to any
store of the chain by size. Half of a member's orders come at the member's own hour, half at an hour drawn from the pattern.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from toolkit.simulated.settings import ShopSettings
from toolkit.simulated.wheel import wheel

REGIONS = ("North", "East", "South", "West")
FORMATS = ("hypermarket", "supermarket", "supermarket", "neighbourhood")
FORMAT_SIZE = {"hypermarket": 2.2, "supermarket": 1.0, "neighbourhood": 0.5}
PLACES = (
    "Market Square", "Station", "Old Harbour", "Mill Road", "University", "Garden City", "Airport Road", "Castle Hill", "Riverside",
    "New Town",
)  # fmt: skip
HOUR_SLOTS = 256
STORE_SLOTS = 1024


@dataclass(frozen=True)
class Branches:
    """Stores as arrays over store numbers."""

    ids: pl.Series
    region: tuple[str, ...]
    format: tuple[str, ...]
    size: np.ndarray  # share of visits by people with no home store
    hour_shares: np.ndarray  # (stores + 1) x 24; the last row is app and online
    hours: np.ndarray  # wheels of hour_shares
    visits: np.ndarray  # one wheel over stores by size


def shop_branches(settings: ShopSettings, rng: np.random.Generator) -> Branches:
    """Return the stores of a shop."""
    count = settings.stores
    formats = tuple(FORMATS[number % len(FORMATS)] for number in range(count))
    size = np.array([FORMAT_SIZE[name] for name in formats]) * np.exp(0.6 * rng.standard_normal(count))
    hour = np.arange(24)
    evening_share = rng.uniform(0.35, 0.8, count)[:, None]
    peaks = (1 - evening_share) * np.exp(-(((hour - 11) / 2.5) ** 2)) + evening_share * np.exp(-(((hour - 17.5) / 2.2) ** 2))
    in_store = np.where((hour >= 7) & (hour <= 21), peaks + 0.05, 0.0)
    online = 0.03 + np.exp(-(((hour - 20.5) / 2.5) ** 2)) + 0.3 * np.exp(-(((hour - 12.5) / 2) ** 2))
    shares = np.vstack([in_store, online])
    shares /= shares.sum(axis=1, keepdims=True)
    return Branches(
        ids=pl.Series("store_id", [f"{number + 1:03d}" for number in range(count)]),
        region=tuple(REGIONS[(number // 3) % len(REGIONS)] for number in range(count)),
        format=formats,
        size=size / size.sum(),
        hour_shares=shares,
        hours=wheel(shares, HOUR_SLOTS),
        visits=wheel(size[None, :], STORE_SLOTS),
    )


def stores_table(branches: Branches) -> pl.DataFrame:
    """Return the contract's stores: one row per store."""
    names = [f"{PLACES[number % len(PLACES)]} {number // len(PLACES) + 1}" for number in range(len(branches.ids))]
    return pl.DataFrame({"store_id": branches.ids, "name": names, "region": list(branches.region), "format": list(branches.format)})
