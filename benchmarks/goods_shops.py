"""Shops in which it is known who switched from which good to which, and what a new product's sales were taken from.

    shop = goods_shop(seed=1, switched=0.3, taken=0.6)
    ws = shop.imported(folder)                   # mapping -> import, as any stranger's receipts
    shop.moved, shop.taken                       # what went from good A to good B, and what the new product took

Members come at a pace of their own, buy the category in some of their visits, mostly their favourite of it and now and then another one, and
other goods at random. Planted: from a day on a share of who liked A like B instead; a new product that those who like it take, each time either
in place of what they would have taken or on top. Everything is drawn from a seed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from toolkit.importing import import_receipts
from toolkit.workspace import Workspace

START, DAYS = date(2023, 1, 2), 546
GOODS, CATEGORY, NEW = 9, "DRINKS", "P99"
"""Goods of the category are P0 to P8; P0 and P1 cost the same."""
CHANGED, LAUNCHED = DAYS - 91, DAYS - 91
"""The day on which tastes change and the new product comes: the last 13 weeks lie after it."""
_MAPPING = """name = "goods"
currency = "EUR"
[lines]
files = "lines.parquet"
[lines.columns]
order_id = "order_id"
member_id = "member_id"
store_id = "store_id"
product_id = "product_id"
ordered_at = "ordered_at"
quantity = "quantity"
amount = "amount"
[products]
files = "products.parquet"
[products.columns]
product_id = "product_id"
category = "category"
brand = "brand"
"""


@dataclass(frozen=True)
class GoodsShop:
    """Its receipts, what moved from P0 to P1 in the last 13 weeks (of who bought the category a year before), and what the new product sold and took (currency units)."""

    lines: pl.DataFrame
    moved: float
    taken: float
    new_sales: float
    taken_from: dict[str, float]

    def imported(self, folder: Path) -> Workspace:
        """Return a workspace of the shop."""
        ids = self.lines["product_id"].unique().sort()
        products = pl.DataFrame(
            {
                "product_id": ids,
                "category": [CATEGORY if one.startswith("P") else f"K{int(one[1:]) % 6}" for one in ids],
                "brand": [f"B{int(one[1:]) % 3}" for one in ids],
            }
        )
        return imported_lines(folder, self.lines, products)


def receipts_of(
    member: np.ndarray, day: np.ndarray, parts: Sequence[tuple[np.ndarray, Sequence[str], np.ndarray, np.ndarray]]
) -> pl.DataFrame:
    """Return the lines of visits (`member` and `day` of each) from parts: the visit, the good, the units and the amount of each line."""
    at = np.concatenate([part[0] for part in parts])
    lines = pl.DataFrame(
        {
            "order_id": pl.Series(at).cast(pl.String),
            "member_id": pl.Series(member[at]).cast(pl.String),
            "store_id": pl.Series(member[at] % 4).cast(pl.String),
            "product_id": [one for part in parts for one in part[1]],
            "ordered_at": pl.Series(day[at]),
            "quantity": np.concatenate([part[2] for part in parts]).astype(float),
            "amount": np.round(np.concatenate([part[3] for part in parts]), 2),
        }
    )
    at_noon = (pl.lit(START) + pl.duration(days="ordered_at")).cast(pl.Datetime("us")) + pl.duration(hours=12)
    return lines.with_columns(at_noon.alias("ordered_at"))


def imported_lines(folder: Path, lines: pl.DataFrame, products: pl.DataFrame) -> Workspace:
    """Return a workspace of some receipts and the table of their products, taken in through the front door."""
    folder.mkdir(parents=True, exist_ok=True)
    lines.write_parquet(folder / "lines.parquet")
    products.write_parquet(folder / "products.parquet")
    (folder / "mapping.toml").write_text(_MAPPING, "utf-8")
    import_receipts(folder / "mapping.toml", folder / "ws")
    return Workspace(folder / "ws")


def goods_shop(*, seed: int = 1, members: int = 2500, switched: float = 0.0, taken: float | None = None, season: float = 1.0) -> GoodsShop:
    """Return a shop in which a share `switched` of who liked P0 likes P1 instead, and a new product takes a share `taken` (None: none comes).

    `season` is how many times as often the category is bought in the last 13 weeks, as in those of a year before.
    """
    rng = np.random.default_rng(seed)
    pace = rng.gamma(2.0, 1 / 16, members).clip(0.01, 0.6)  # visits a day
    member, day = np.nonzero(rng.random((members, DAYS)) < pace[:, None])
    likes = rng.beta(2, 3, members)
    busy = np.where((day >= CHANGED) | ((day >= CHANGED - 364) & (day < DAYS - 364)), season, 1.0)
    wants = rng.random(len(member)) < likes[member] * busy / max(season, 1.0)
    weight = rng.dirichlet(np.full(GOODS, 3.0))
    weight[[0, 1]] = weight.mean()
    weight /= weight.sum()
    favourite = rng.choice(GOODS, members, p=weight)
    turns = (favourite == 0) & (rng.random(members) < switched)
    loyal = rng.beta(6, 3, members)
    price = np.round(rng.uniform(1.5, 4.5, GOODS), 2)
    price[1] = price[0]
    of_favourite = rng.random(len(member)) < loyal[member]
    other = rng.choice(GOODS, len(member), p=weight)
    turned = turns[member] & (day >= CHANGED) & of_favourite
    good = np.where(of_favourite, np.where(turned, 1, favourite[member]), other)
    units = 1 + rng.poisson(0.4, len(member))
    before = wants & (day >= CHANGED - 364) & (day < DAYS - 364)
    known = np.bincount(member[before], minlength=members) > 0  # who bought none of it then is new to the category, and switched nothing
    moved = float((units * price[0])[turned & wants & known[member]].sum())
    keeps, takes = wants.copy(), np.zeros(len(member), bool)
    if taken is not None:
        keen = np.where(rng.random(members) < 0.35, rng.beta(2, 3, members), 0.02)
        tries = wants & (day >= LAUNCHED) & (rng.random(len(member)) < keen[member])
        takes = tries
        keeps &= ~(tries & (rng.random(len(member)) < taken))
    lost = takes & ~keeps
    new_price = 3.0
    rest = 1 + rng.poisson(2.0, len(member))
    row = np.repeat(np.arange(len(member)), rest)
    random_good = rng.integers(0, 60, len(row))
    parts = [
        (np.flatnonzero(keeps), [f"P{one}" for one in good[keeps]], units[keeps], (units * price[good])[keeps]),
        (np.flatnonzero(takes), [NEW] * int(takes.sum()), units[takes], (units * new_price)[takes]),
        (row, [f"R{one}" for one in random_good], np.ones(len(row), np.int64), np.round(1 + random_good * 0.1, 2)),
    ]
    amounts = units * price[good]
    by_good = {f"P{one}": float(amounts[lost & (good == one)].sum()) for one in range(GOODS)}
    return GoodsShop(receipts_of(member, day, parts), moved, float(amounts[lost].sum()), float((units * new_price)[takes].sum()), by_good)


def last_day() -> date:
    """Return the last day of the receipts."""
    return START + timedelta(days=DAYS - 1)
