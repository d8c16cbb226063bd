"""Shops in which it is known which goods of a category stand in for each other, and which have nothing that takes their place.

    shop = assortment_shop(seed=1)
    ws = shop.imported(folder)
    shop.replaceable, shop.alone                 # goods that others take the place of; goods whose buyers would go without

Every member has needs of their own within one category and meets them in some of their visits. A need for which there are several goods is
met by any of them, mostly a favourite; a need for which there is a single good goes unmet without it. Planted decoys: two goods of other seasons that
are never together and yet replace nothing; a good that most buyers of a need with two goods insist on; goods of single needs that the same members buy.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from benchmarks.goods_shops import DAYS, imported_lines, receipts_of
from toolkit.workspace import Workspace

CATEGORY = "CARE"
NEEDS = {"pair": ("S0", "S1"), "triple": ("S2", "S3", "S4"), "few": ("S5", "S6"), "insist": ("L0", "L1"),
         **{f"single {one}": (f"U{one}",) for one in range(4)}, "summer": ("W0",), "winter": ("W1",)}  # fmt: skip


@dataclass(frozen=True)
class AssortmentShop:
    """Its receipts, and the goods by what is true of them."""

    lines: pl.DataFrame
    replaceable: frozenset[str]
    alone: frozenset[str]

    def imported(self, folder: Path) -> Workspace:
        """Return a workspace of the shop."""
        ids = self.lines["product_id"].unique().sort()
        category = [CATEGORY if one[0] in "SLUW" else f"K{int(one[1:]) % 6}" for one in ids]
        return imported_lines(folder, self.lines, pl.DataFrame({"product_id": ids, "category": category, "brand": ids}))


def assortment_shop(*, seed: int = 1, members: int = 2500) -> AssortmentShop:
    """Return a shop with needs of one and of several goods; of the buyers of a good that others take the place of, 5% take no other."""
    rng = np.random.default_rng(seed)
    pace = rng.gamma(2.0, 1 / 16, members).clip(0.01, 0.6)
    member, day = np.nonzero(rng.random((members, DAYS)) < pace[:, None])
    parts = []
    for need, goods in NEEDS.items():
        has = rng.random(members) < rng.uniform(0.2, 0.45)
        rate = np.where(has, rng.beta(2, 5, members), 0)
        season = np.ones(DAYS)
        if need in ("summer", "winter"):
            at_height = np.cos(2 * np.pi * (np.arange(DAYS) / 364 - (0.5 if need == "summer" else 0.0))) > 0.2
            season = np.where(at_height, 1.8, 0.0)
        wants = np.flatnonzero(rng.random(len(member)) < (rate[member] * season[day]).clip(0, 0.95))
        favourite = rng.integers(0, len(goods), members)
        stubborn = rng.random(members) < np.where((need == "insist") & (favourite == 0), 0.8, 0.05)
        loyal = np.where(stubborn, 1.0, rng.beta(4, 3, members))
        who = member[wants]
        other = (favourite[who] + rng.integers(1, max(len(goods), 2), len(who))) % len(goods)
        chosen = np.where(rng.random(len(who)) < loyal[who], favourite[who], other)
        parts.append((wants, [goods[one] for one in chosen], np.ones(len(wants)), np.full(len(wants), rng.uniform(1.5, 6.0))))
    row = np.repeat(np.arange(len(member)), 1 + rng.poisson(2.0, len(member)))
    random_good = rng.integers(0, 60, len(row))
    parts.append((row, [f"R{one}" for one in random_good], np.ones(len(row)), 1 + random_good * 0.1))
    return AssortmentShop(
        receipts_of(member, day, parts),
        frozenset({"S0", "S1", "S2", "S3", "S4", "S5", "S6", "L1"}),
        frozenset({"L0", "U0", "U1", "U2", "U3", "W0", "W1"}),
    )
