"""Goods, seen by members, on shops in which the truth was planted, through the front door (`benchmarks/goods_shops.py`).

    python -m benchmarks.truth_goods             all shops, then The Complete Journey
    python -m benchmarks.truth_goods --shops 2   as many draws of each (10 without it)

Bars: what moved from one good to another found within 10%, all shops together (printed: how often its interval holds the truth); the parts of
every good add up to its change; nothing moved, nothing called in at least 9 of 10 shops. What a new product took from other goods within its
interval in at least 9 of 10 shops, whatever was planted. A good taken out of one store is called there in at least 9 of 10 shops, any other in at
most 1 of 10. Those of `benchmarks.truth_goods_parts`: docs/DEFINITIONS.md. Exit code 1 if a bar fails.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import polars as pl

import toolkit as tk
from benchmarks import truth_goods_parts as parts
from benchmarks.goods_shops import CATEGORY, NEW, goods_shop
from toolkit.models.volume_flows import PARTS
from toolkit.targeting.distribution import GAPS
from toolkit.targeting.new_product import TAKEN
from toolkit.targeting.switching import AS_CHANCE
from toolkit.workspace import Workspace


@dataclass
class Tally:
    """What was counted over all shops."""

    moved: list[tuple[float, float, bool]] = field(default_factory=list)
    not_adding_up: int = 0
    called: list[bool] = field(default_factory=list)
    taken: list[tuple[float, float | None, bool]] = field(default_factory=list)
    missing: list[tuple[bool, bool]] = field(default_factory=list)


def adds_up(table: pl.DataFrame) -> bool:
    """Say whether every good's parts are its change, to the cent."""
    parts = pl.sum_horizontal(pl.col(f"{part}_sales").fill_null(0) for part in (*PARTS, "few"))
    return table.select(((parts - pl.col("change_sales")).abs() < 0.005).all()).item()


def switching(tally: Tally, seed: int, switched: float, season: float) -> None:
    """Ask one shop who switched, and print the line."""
    shop = goods_shop(seed=seed, switched=switched, season=season)
    with tempfile.TemporaryDirectory() as folder:
        ws = shop.imported(Path(folder))
        goods = tk.targeting.switching(ws, category=CATEGORY).table
        flow = tk.targeting.switching(ws, category=CATEGORY, good="P0").table.filter(pl.col("part") == "P1")
        tally.not_adding_up += sum(not adds_up(one) for one in (goods, tk.targeting.switching(ws, category=CATEGORY, by="brand").table))
    called = goods.filter(pl.col("verdict") != AS_CHANCE)["goods"].to_list()
    if not switched:
        tally.called.append(bool(called))
        print(f"nothing moved, season x{season:g} {seed}: called {called or 'nothing'}", flush=True)
        return
    found, low, high = (-flow[name][0] if flow.height else 0.0 for name in ("part_sales", "part_sales_high", "part_sales_low"))
    tally.moved.append((shop.moved, found, low <= shop.moved <= high))
    print(f"moved {shop.moved:8,.0f} {seed}: found {found:8,.0f} ({low:,.0f} to {high:,.0f}); called {called}", flush=True)


def distribution(tally: Tally, seed: int) -> None:
    """Take a good out of one store and ask where goods are missing; print the line."""
    shop = goods_shop(seed=seed)
    sold = shop.lines.filter((pl.col("store_id") != "1") | (pl.col("product_id") != "P2"))
    with tempfile.TemporaryDirectory() as folder:
        table = tk.targeting.distribution(replace(shop, lines=sold).imported(Path(folder))).table
    called = table.filter(pl.col("verdict") == GAPS)
    names = called["goods"].to_list()
    tally.missing.append((called.filter(pl.col("missing_count") == 1)["goods"].is_in(["P2"]).any(), bool(set(names) - {"P2"})))
    print(f"P2 taken out of a store {seed}: missing {names or 'nothing'}", flush=True)


def new_product(tally: Tally, seed: int, taken: float) -> None:
    """Ask one shop what its new product took, and print the line."""
    shop = goods_shop(seed=seed, taken=taken)
    with tempfile.TemporaryDirectory() as folder:
        answer = tk.targeting.new_product(shop.imported(Path(folder)), good=NEW)
    truth = shop.taken / shop.new_sales
    row = answer.table.filter(pl.col("part") == TAKEN).row(0, named=True)
    share, low, high = (row[name] for name in ("sales_share", "sales_share_low", "sales_share_high"))
    tally.taken.append((truth, share, share is not None and low <= truth <= high))
    told = "not measured" if share is None else f"{share:.0%} ({low:.0%} to {high:.0%})"
    print(f"new product, of its sales {truth:4.0%} taken {seed}: {told}", flush=True)


def bars(tally: Tally) -> Iterator[tuple[str, float, float | None, float | None]]:
    """Yield each figure with the least and the most that it may be."""
    moved, found = (sum(one[place] for one in tally.moved) for place in (0, 1))
    yield f"moved from good to good: found over planted, {len(tally.moved)} shops together", found / moved, 0.9, 1.1
    yield "its interval holds the truth, share of shops", sum(one[2] for one in tally.moved) / len(tally.moved), None, None
    yield "answers in which a good's parts are not its change", tally.not_adding_up, None, 0
    yield f"nothing moved and something called, share of {len(tally.called)} shops", sum(tally.called) / len(tally.called), None, 0.1
    yield f"distribution: the good taken out of a store called there, share of {len(tally.missing)} shops", _share(tally, 0), 0.9, None
    yield "distribution: another good called, share of those", _share(tally, 1), None, 0.1
    measured = [one for one in tally.taken if one[1] is not None]
    yield f"new product: measured, share of {len(tally.taken)} shops", len(measured) / len(tally.taken), None, None
    yield "new product: what it took within the interval, share of those", sum(one[2] for one in measured) / len(measured), 0.9, None
    yield (
        "new product: mean error of the share taken",
        sum(one[1] - one[0] for one in measured if one[1] is not None) / len(measured),
        None,
        None,
    )


def _share(tally: Tally, place: int) -> float:
    return sum(one[place] for one in tally.missing) / len(tally.missing)


def journey(folder: Path) -> None:
    """Print what the pages say of The Complete Journey's receipts, where its package is installed."""
    try:
        tk.import_receipts("complete-journey", folder / "ws")
    except tk.ToolkitError as error:
        print(f"The Complete Journey: {error}")
        return
    ws = Workspace(folder / "ws")
    for answer in (
        tk.targeting.switching(ws, category="COFFEE", by="brand"),
        tk.targeting.switching(ws),
        tk.targeting.new_product(ws),
        tk.targeting.new_product(ws, good="1123792"),
        tk.targeting.revenue_tree(ws),
        tk.targeting.heavy_light(ws),
        tk.targeting.distribution(ws),
        tk.targeting.assortment(ws),
        tk.targeting.assortment(ws, category="COFFEE", by="brand"),
    ):
        print(f"The Complete Journey: {answer.headline}")


def main() -> int:
    """Print every shop's line and every figure beside its bar; 1 if one is missed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--shops", type=int, default=10)
    tally, missed, draws = Tally(), 0, parser.parse_args().shops
    for seed in range(101, 101 + draws):
        switching(tally, seed, 0.6, 1.0)
        for season in (1.0, 2.0):
            switching(tally, seed + 100, 0.0, season)
        distribution(tally, seed + 300)
        for taken in (0.0, 0.5, 1.0):
            new_product(tally, seed + 200, taken)
    for what, value, least, most in [*bars(tally), *parts.assortment(draws)]:
        is_missed = (least is not None and value < least) or (most is not None and value > most)
        verdict = "" if least is None and most is None else "FAIL" if is_missed else "PASS"
        missed += is_missed
        bar = " and ".join(f"{word} {end}" for word, end in (("at least", least), ("at most", most)) if end is not None)
        print(f"{what:<90} {value:8.3f}  {bar:<28} {verdict}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        journey(Path(folder))
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
