"""Further parts of `benchmarks.truth_goods`: each asks its shops, prints their lines, and yields its figures with their bars."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import toolkit as tk
from benchmarks.assortment_shops import CATEGORY, assortment_shop
from toolkit.targeting.assortment import ALONE, KEEP, MAY_GO, STAYS

Bar = tuple[str, float, float | None, float | None]
"""What, its value, the least and the most that it may be."""
_SPARSE, _FULL = 700, 2500


def assortment(draws: int) -> Iterator[Bar]:
    """Ask which goods could go: every second shop is sparse."""
    right = told = false = alone = 0
    for seed in range(601, 601 + draws):
        members = _FULL if seed % 2 else _SPARSE
        shop = assortment_shop(seed=seed, members=members)
        with tempfile.TemporaryDirectory() as folder:
            table = tk.targeting.assortment(shop.imported(Path(folder)), category=CATEGORY).table
        verdicts = dict(table.select("goods", "verdict").iter_rows())
        wrong = [f"{good}: {verdicts.get(good)}" for good in shop.replaceable if verdicts.get(good) not in (MAY_GO, STAYS)]
        wrong += [f"{good}: {verdicts.get(good)}" for good in shop.alone if verdicts.get(good) not in (KEEP, ALONE)]
        goods = len(shop.replaceable) + len(shop.alone)
        right, told, alone = right + goods - len(wrong), told + goods, alone + len(shop.alone)
        false += sum(verdicts.get(good) in (MAY_GO, STAYS) for good in shop.alone)
        print(
            f"assortment, {members} members {seed}: {goods - len(wrong)} of {goods} goods right; {'; '.join(wrong) or 'none wrong'}",
            flush=True,
        )
    yield f"assortment: goods in the right class, share of {told}", right / told, 0.85, None
    yield f"assortment: goods that nothing replaces, called to go, share of {alone}", false / alone, None, 0.1
