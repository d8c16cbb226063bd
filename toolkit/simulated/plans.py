"""What head office plans and counts: monthly sales targets and stock.

Model. Target of a store and month = its true sales of that month * exp(0.02 + 0.06 z): a plan by somebody who knows the store well.
Stock is counted on the last day of each of the last three months: on_hand ~ Poisson(2 + 60 * share of the product in what is sold * share
of the store * stores), 0 before a product's launch and in 3% of the counts (out of stock).
"""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl

from toolkit.simulated.assortment import BASE_SHARES
from toolkit.simulated.branches import Branches
from toolkit.simulated.catalogue import Catalogue
from toolkit.simulated.clock import Clock

COUNTS = 3


def months_of(clock: Clock) -> tuple[np.ndarray, list[date]]:
    """Return the month number of each day, and the first day of each month."""
    months = clock.dates(np.arange(clock.days)).astype("datetime64[M]")
    names, numbers = np.unique(months, return_inverse=True)
    return numbers, [month.item() for month in names.astype("datetime64[D]")]


def targets_table(sales_cents: np.ndarray, branches: Branches, clock: Clock, rng: np.random.Generator) -> pl.DataFrame:
    """Return the contract's sales_targets: one row per store x month. `sales_cents` is stores x months."""
    _, months = months_of(clock)
    target = np.maximum(sales_cents, 0) / 100 * np.exp(0.02 + 0.06 * rng.standard_normal(sales_cents.shape))
    stores = [store for store in branches.ids for _ in months]
    return pl.DataFrame({"store_id": stores, "month": months * len(branches.ids), "target_amount": np.round(target.ravel(), -2)})


def stock_table(catalogue: Catalogue, branches: Branches, clock: Clock, rng: np.random.Generator) -> pl.DataFrame:
    """Return the contract's stock: one row per store x product x counted day, only for products already launched."""
    _, months = months_of(clock)
    last = [month - timedelta(days=1) for month in months[1:]] + [clock.date_of(clock.days - 1)]
    frames = []
    share = np.maximum(BASE_SHARES, 0.002)[catalogue.category] * catalogue.popularity
    for counted_on in last[-COUNTS:]:
        sold = np.flatnonzero(catalogue.launch_day <= (counted_on - clock.start).days)
        mean = 2 + 60 * branches.size[:, None] * len(branches.ids) * share[sold]
        on_hand = rng.poisson(mean) * (rng.random(mean.shape) >= 0.03)
        frames.append(
            pl.DataFrame(
                {
                    "store_id": branches.ids.gather(np.repeat(np.arange(len(branches.ids)), sold.size)),
                    "product_id": catalogue.ids.gather(np.tile(sold, len(branches.ids))),
                    "counted_on": pl.repeat(counted_on, mean.size, dtype=pl.Date, eager=True),
                    "on_hand": on_hand.ravel().astype(np.float64),
                }
            )
        )
    return pl.concat(frames)
