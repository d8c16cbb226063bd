"""Weekly price promotions, and how people answer to them.

Model. Each week (7 days from the start) each product is on promotion with probability 0.12, at 10, 20, 30 or 40% off (shares .3, .4, .2,
.1). A line first takes a product without regard to promotions; then, with probability equal to the member's promo dependence, it takes
instead one of the promoted products of the same category, if there is one that week. So
P(line on discount) = dependence * available + (1 - dependence * available) * 0.12, available = 1 where the category has a promotion.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from toolkit.simulated.catalogue import Catalogue
from toolkit.simulated.clock import Clock

PROMOTED_SHARE = 0.12
DEPTHS = np.array([0.1, 0.2, 0.3, 0.4])
DEPTH_SHARES = np.array([0.3, 0.4, 0.2, 0.1])
HUNT_SLOTS = 4
WEEK_DAYS = 7


@dataclass(frozen=True)
class Promotions:
    """What is on promotion in which week."""

    depth: np.ndarray  # weeks x products, share taken off
    hunted: np.ndarray  # weeks x categories x slots: promoted products of the category, -1 = none

    def depth_of(self, product: np.ndarray, day: np.ndarray) -> np.ndarray:
        """Return the share taken off a product on a day."""
        return self.depth[day // WEEK_DAYS, product]


def shop_promotions(catalogue: Catalogue, clock: Clock, rng: np.random.Generator) -> Promotions:
    """Return the promotion calendar; a product is never promoted before its launch."""
    weeks = -(-clock.days // WEEK_DAYS)
    products = catalogue.category.size
    promoted = rng.random((weeks, products)) < PROMOTED_SHARE
    promoted &= catalogue.launch_day[None, :] <= np.arange(weeks)[:, None] * WEEK_DAYS
    depth = np.where(promoted, rng.choice(DEPTHS, (weeks, products), p=DEPTH_SHARES), 0.0).astype(np.float32)
    hunted = np.full((weeks, catalogue.categories, HUNT_SLOTS), -1, dtype=np.int32)
    order = rng.random((weeks, products))  # a shuffled list of the promoted, repeated over the slots
    for category, (start, end) in enumerate(zip(catalogue.first[:-1], catalogue.first[1:], strict=True)):
        rank = np.where(promoted[:, start:end], order[:, start:end], 2.0)
        ranked = np.argsort(rank, axis=1)
        available = promoted[:, start:end].sum(axis=1)
        for slot in range(HUNT_SLOTS):
            pick = ranked[np.arange(weeks), slot % np.maximum(available, 1)]
            hunted[:, category, slot] = np.where(available > 0, start + pick, -1)
    return Promotions(depth, hunted)
