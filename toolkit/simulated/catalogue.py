"""The products of the simulated shop, and which one a line takes.

Model. A product's price is its category's median price times exp(0.35 z), times 0.8 for an own brand (a quarter of the products), rounded
to end in 9 cents; its cost is price * (1 - margin), the margin being the category's, plus 0.06 for an own brand. Prices rise by 0.75% a
quarter. Within a category, a product's popularity at quality level l = 0, 1, 2 (low, middle, high) is zipf(rank, exponent 0.8) * exp((l -
1) * z): a member of a higher level takes dearer goods. One product in twelve that is sold by the piece is launched during the period;
before its launch its buyers take the category's most popular product.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import polars as pl

from toolkit.simulated.assortment import ASSORTMENT, BRANDS, BY_WEIGHT, CATEGORY_NAMES, DURABLE, OWN_BRANDS, VARIANTS, WEIGHTS
from toolkit.simulated.clock import Clock
from toolkit.simulated.settings import ShopSettings
from toolkit.simulated.wheel import wheel

LEVELS = 3
PICK_SLOTS = 512
INFLATION_A_QUARTER = 0.0075
QUARTER_DAYS = 91


@dataclass(frozen=True)
class Catalogue:
    """Products as arrays over product numbers, sorted by category."""

    ids: pl.Series
    category: np.ndarray  # category number
    cents: np.ndarray  # shelf price at the start
    cost_cents: np.ndarray
    own_brand: np.ndarray
    launch_day: np.ndarray  # -1 = before the start
    leader: np.ndarray  # most popular product of the same category: stands in before a launch
    popularity: np.ndarray  # share within the category, middle level
    first: np.ndarray  # first product of each category (and one past the last)
    picks: np.ndarray  # wheels: (level * categories + category) x slots -> product
    names: tuple[str, ...]
    brands: tuple[str, ...]

    @property
    def categories(self) -> int:
        """Number of categories."""
        return ASSORTMENT.height

    def launched(self, product: np.ndarray, day: np.ndarray) -> np.ndarray:
        """Return the products, those not yet on sale that day replaced by the leader of their category."""
        return np.where(self.launch_day[product] > day, self.leader[product], product)

    def price_cents(self, product: np.ndarray, day: np.ndarray) -> np.ndarray:
        """Return the shelf price of one unit on a day, in cents."""
        return np.rint(self.cents[product] * (1 + INFLATION_A_QUARTER) ** (day // QUARTER_DAYS)).astype(np.int64)


def shop_catalogue(settings: ShopSettings, clock: Clock, rng: np.random.Generator) -> Catalogue:
    """Return the products of a shop."""
    room = np.sqrt(np.where(WEIGHTS > 0, WEIGHTS, 0.3))
    sizes = np.maximum(2, np.rint(room / room.sum() * settings.products).astype(int))
    first = np.concatenate([[0], np.cumsum(sizes)])
    category = np.repeat(np.arange(ASSORTMENT.height), sizes)
    count = category.size
    z = rng.standard_normal(count)
    own_brand = rng.random(count) < 0.25
    median = ASSORTMENT["price"].to_numpy()[category]
    cents = np.maximum(19, np.rint(median * np.exp(0.35 * z) * np.where(own_brand, 0.8, 1.0) * 10).astype(np.int64) * 10 - 1)
    margin = ASSORTMENT["margin"].to_numpy()[category] + 0.06 * own_brand
    rank = np.concatenate([rng.permutation(size) for size in sizes])
    zipf = (rank + 1.0) ** -0.8
    launched = (rng.random(count) < 1 / 12) & (rank > 0) & ~np.isin(category, DURABLE) & ~BY_WEIGHT[category]
    launch_day = np.where(launched, rng.integers(1, clock.days, count), -1)
    weights = np.zeros((LEVELS * ASSORTMENT.height, count))
    for level in range(LEVELS):
        weights[level * ASSORTMENT.height + category, np.arange(count)] = zipf * np.exp((level - 1) * z)
    leader = first[:-1] + np.array([np.argmin(rank[start:end]) for start, end in pairwise(first)])
    names, brands = _names(category, rank, own_brand, rng)
    return Catalogue(
        ids=pl.Series("product_id", (np.arange(count) * 7 + 101).astype(str)).str.zfill(6),
        category=category,
        cents=cents,
        cost_cents=np.rint(cents * (1 - margin)).astype(np.int64),
        own_brand=own_brand,
        launch_day=launch_day,
        leader=leader[category],
        popularity=zipf / np.bincount(category, zipf)[category],
        first=first,
        picks=wheel(weights, PICK_SLOTS),
        names=names,
        brands=brands,
    )


def _names(
    category: np.ndarray, rank: np.ndarray, own_brand: np.ndarray, rng: np.random.Generator
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    variants = rng.integers(0, len(VARIANTS), category.size)
    numbers = rng.integers(0, len(BRANDS), category.size)
    brands = tuple(OWN_BRANDS[n % len(OWN_BRANDS)] if own else BRANDS[n] for n, own in zip(numbers, own_brand, strict=True))
    rows = zip(brands, category, variants, rank, strict=True)
    return tuple(f"{brand} {CATEGORY_NAMES[int(c)]}, {VARIANTS[v]} {r + 1}" for brand, c, v, r in rows), brands


def products_table(catalogue: Catalogue, clock: Clock) -> pl.DataFrame:
    """Return the contract's products: one row per product; `launched_on` null = before the receipts start."""
    rows = ASSORTMENT[catalogue.category]
    life = pl.when(pl.col("kind") == "durable").then("parameter").cast(pl.Int64)
    return rows.select(
        catalogue.ids,
        "category",
        "department",
        pl.Series("brand", catalogue.brands),
        pl.Series("name", catalogue.names),
        pl.Series("unit_cost", catalogue.cost_cents / 100),
        life.alias("service_life_days"),
        pl.Series("launched_on", [clock.date_of(day) if day >= 0 else None for day in catalogue.launch_day], dtype=pl.Date),
        pl.Series("own_brand", catalogue.own_brand),
        (pl.col("kind").ne_missing("weight")).alias("counted"),
        pl.lit(True).alias("is_goods"),
    )
