"""The simulated shop: receipts as a chain would export them, with everything that was planted saved beside.

A block of 500 members (and the walk-ins that go with them) is simulated at a time and written at once, so memory does not grow with the
shop. The models are stated where they are made: clock (seasons), people (traits), trips (timing), baskets (goods and money), promotions,
pairs, durables, returns, campaigns (effects), browsing (events), carts, branches (stores and hours), catalogue (products), plans (targets
and stock).
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from toolkit.errors import BadValue
from toolkit.language import tr
from toolkit.schemas import CONTRACT
from toolkit.simulated.block import Block, World, shop_world, simulate_block
from toolkit.simulated.branches import stores_table
from toolkit.simulated.campaigns import campaigns_table
from toolkit.simulated.catalogue import products_table
from toolkit.simulated.effects import campaign_segments_truth, campaigns_truth, segment_sums
from toolkit.simulated.membership import write_membership
from toolkit.simulated.pairs import pair_names
from toolkit.simulated.plans import months_of, stock_table, targets_table
from toolkit.simulated.promotions import WEEK_DAYS
from toolkit.simulated.settings import BLOCK_MEMBERS, ShopSettings, shop_settings
from toolkit.simulated.write import MARK, Parts, begin_folder, finish_folder, write_mapping, write_table, write_truth_readme

MODELS = (
    "clock branches catalogue promotions people trips baskets pairs durables returns campaigns effects browsing carts plans membership "
    "guides"
)
"""Modules whose docstrings state the model; truth/README.md repeats them."""
PILOT_BLOCKS = 3
"""Blocks simulated to learn the lines of a member where `lines` is asked for: one block alone is off by several percent."""


@dataclass(frozen=True)
class SimulatedShop:
    """What was written: `folder` with one file or folder per table of `tables`, `truth` beside them, `mapping` for the import."""

    folder: Path
    tables: tuple[str, ...]
    line_count: int
    truth: Path
    mapping: Path
    settings: ShopSettings


def simulated_shop(
    folder: str | Path,
    *,
    members: int = 2000,
    years: float = 2,
    seed: int = 0,
    lines: int | None = None,
    overwrite: bool = False,
    **settings: Any,
) -> SimulatedShop:
    """Write a shop whose truth is known, one row per receipt line and the other tables of the contract, and return where it is.

    The tables bear the contract's names and columns (money in currency units, ids as strings, local times); `truth/README.md` describes
    what was planted. `lines` asks for about that many receipt lines and chooses `members` accordingly (roughly, for a few thousand lines).
    Further settings: `ShopSettings`.

    Raises BadValue for an unknown or impossible setting, DataError where `folder` already holds something (`overwrite` replaces only a
    simulated shop). The same seed and settings write the same bytes, whatever `workers` is.

    Example: `simulated_shop("shop", members=500, years=1, seed=7).line_count`
    """
    chosen = shop_settings(members=members, years=years, seed=seed, **settings)
    if lines is not None:
        chosen = _members_for(lines, chosen)
    target = Path(folder)
    unfinished = begin_folder(target, overwrite=overwrite)
    world = shop_world(chosen)
    parts = Parts(unfinished, chosen.file_lines)
    sums = _write_blocks(world, parts)
    _write_shop_tables(world, unfinished, sums)
    if chosen.membership:
        write_membership(unfinished, chosen.seed)
    tables = _tables(unfinished)
    write_mapping(unfinished, tables)
    write_truth_readme(unfinished, [import_module(f"toolkit.simulated.{name}").__doc__ or "" for name in MODELS.split()])
    description = {"settings": chosen.model_dump(mode="json", exclude={"workers"}), "lines": parts.rows["lines"], "tables": list(tables)}
    (unfinished / MARK).write_text(json.dumps(description, indent=2) + "\n", encoding="utf-8")
    finish_folder(unfinished, target)
    return SimulatedShop(target, tuple(tables), parts.rows["lines"], target / "truth", target / "mapping.toml", chosen)


def _members_for(lines: int, settings: ShopSettings) -> ShopSettings:
    """Return the settings with as many members as give about `lines` lines, judged by a few full blocks."""
    if lines < 1:
        raise BadValue(tr("simulated_shop: lines must be at least 1, but {lines} came; leave it out to choose by members.", lines=lines))
    world = shop_world(settings.model_copy(update={"members": PILOT_BLOCKS * BLOCK_MEMBERS}))
    pilot = sum(simulate_block(world, block).tables["lines"].height for block in range(PILOT_BLOCKS))
    per_member = pilot / (PILOT_BLOCKS * BLOCK_MEMBERS)
    return settings.model_copy(update={"members": max(1, round(lines / per_member))})


def _write_blocks(world: World, parts: Parts) -> Block:
    """Write all blocks in their order and return their sums (a Block without tables)."""
    _, months = months_of(world.clock)
    sales = np.zeros((len(world.branches.ids), len(months)), np.int64)
    pair_orders = np.zeros((world.pairs.count, 3), np.int64)
    pair_lines = np.zeros(world.pairs.count, np.int64)
    orders = 0
    for block in _blocks(world):
        for table, frame in block.tables.items():
            parts.add(table, frame)
        sales += block.sales_cents
        pair_orders += block.pair_orders
        pair_lines += block.pair_lines
        orders += block.orders
    parts.close()
    return Block({}, sales, orders, pair_orders, pair_lines)


def _blocks(world: World) -> Iterator[Block]:
    """Yield the blocks in order, at most `workers` + 1 of them alive at a time."""
    workers = world.settings.workers
    numbers = range(world.settings.blocks)
    if workers == 1:
        yield from (simulate_block(world, number) for number in numbers)
        return
    with ThreadPoolExecutor(workers) as pool:
        ahead: deque[Future[Block]] = deque()
        for number in numbers:
            ahead.append(pool.submit(simulate_block, world, number))
            if len(ahead) > workers:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()


def _write_shop_tables(world: World, folder: Path, sums: Block) -> None:
    plan_rng, stock_rng = np.random.default_rng(np.random.SeedSequence(world.settings.seed, spawn_key=(2,))).spawn(2)
    write_table(folder, "products", products_table(world.catalogue, world.clock))
    write_table(folder, "stores", stores_table(world.branches))
    write_table(folder, "sales_targets", targets_table(sums.sales_cents, world.branches, world.clock, plan_rng))
    write_table(folder, "stock", stock_table(world.catalogue, world.branches, world.clock, stock_rng))
    if world.campaigns:
        write_table(folder, "campaigns", campaigns_table(world.campaigns, world.clock))
        segments = segment_sums(pl.scan_parquet(folder / "truth" / "effects" / "*.parquet"))
        write_table(folder, "truth/campaigns", campaigns_truth(segments, world.campaigns))
        write_table(folder, "truth/campaign_segments", campaign_segments_truth(segments, world.campaigns))
    write_table(folder, "truth/pairs", _pairs_truth(world, sums))
    days = np.arange(world.clock.days)
    write_table(folder, "truth/days", pl.DataFrame({"date": world.clock.dates(days), "weight": world.clock.weights}))
    write_table(folder, "truth/hours", _hours_truth(world))
    write_table(folder, "truth/promotions", _promotions_truth(world))


def _pairs_truth(world: World, sums: Block) -> pl.DataFrame:
    planted, goods = world.pairs, world.catalogue
    first, second, both = (sums.pair_orders[:, column] for column in range(3))
    schema = {"kind": pl.String, "first": pl.String, "second": pl.String}
    return pl.DataFrame(
        {
            "kind": ["product" if product else "category" for product in planted.is_product],
            "first": pair_names(planted, goods, planted.first),
            "second": pair_names(planted, goods, planted.second),
            "added_share": planted.added_share,
            "lift_target": np.full(planted.count, world.settings.pair_lift),
            "orders": np.full(planted.count, sums.orders),
            "first_orders": first,
            "second_orders": second,
            "both_orders": both,
            "added_lines": sums.pair_lines,
            "lift_realised": both * float(sums.orders) / np.maximum(first * second, 1),
        },
        schema_overrides=schema,
    )


def _hours_truth(world: World) -> pl.DataFrame:
    shares = world.branches.hour_shares
    stores = [*world.branches.ids, None]
    return pl.DataFrame(
        {"store_id": [store for store in stores for _ in range(24)], "hour": list(range(24)) * len(stores), "share": shares.ravel()}
    )


def _promotions_truth(world: World) -> pl.DataFrame:
    week, product = np.nonzero(world.promotions.depth)
    depth = np.round(world.promotions.depth[week, product].astype(np.float64), 2)
    starts_on = world.clock.dates(week * WEEK_DAYS)
    return pl.DataFrame({"week": week, "starts_on": starts_on, "product_id": world.catalogue.ids.gather(product), "depth": depth})


def _tables(folder: Path) -> dict[str, list[str]]:
    """Return the contract's tables that were written, with their columns."""
    files = {table: [*sorted(folder.glob(f"{table}/*.parquet")), *folder.glob(f"{table}.parquet")] for table in CONTRACT}
    return {table: list(pl.read_parquet_schema(paths[0])) for table, paths in files.items() if paths}
