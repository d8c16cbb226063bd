"""Lines -> baskets: which goods each order holds. The mart's other tables have no goods by order; questions about goods read these.

Made from the lines once per mart, batch by batch (memory is bounded by a batch), in a folder that gets its name only when it is whole:

    <mart>/baskets/orders-00000.arrow   one row per order: member, store, channel, time
    <mart>/baskets/goods-00000.arrow    one row per order x product, sorted by order, category and product

Arrow files, not compressed, about 19 bytes a line: they are read in place.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path

import numpy as np
import polars as pl

from toolkit.atomic import private_folder, written_beside
from toolkit.disk import with_spare
from toolkit.engine import engine_of
from toolkit.integrity import folder_faults, seal_folder
from toolkit.mart.batches import Batch, plan_batches, read_slices
from toolkit.mart.folder import Mart
from toolkit.mart.orders import are_orders
from toolkit.mart.runs import as_array, bits_for, order_of, runs_of, sums_between
from toolkit.workspace import Workspace

ORDERS = pl.Schema(
    {
        "member_code": pl.UInt32,  # null = not a member
        "store_code": pl.UInt32,
        "channel_code": pl.UInt32,  # of the order's first line; null = none stated
        "ordered_at": pl.Datetime("us"),
    }
)
GOODS = pl.Schema(
    {
        "order": pl.UInt32,  # row of the order in the orders of the same part
        "category_code": pl.UInt32,
        "product_code": pl.UInt32,
        "amount": pl.Int64,  # minor units, returns in the same order subtracted
        "is_bought": pl.Boolean,  # goods, at least one line with quantity > 0, in an order; false = it counts in money alone
    }
)
_FOLDER = "baskets"
_SLICE_LINES = 500_000


@dataclass(frozen=True)
class Part:
    """The baskets of some members: `orders` (schema ORDERS) and `goods` (schema GOODS), which names orders by row."""

    orders: pl.DataFrame
    goods: pl.DataFrame


def read_baskets(ws: Workspace, mart: Mart) -> Iterator[Part]:
    """Yield the baskets of a mart, part by part, made from the lines first where they have not been.

    Parameters
    ----------
    ws
        The workspace of the mart; its lines stay as they are.
    mart
        Its `as_of` is the last day seen.
    """
    folder = ensure_baskets(ws, mart)
    for path in sorted(folder.glob("orders-*.arrow")):
        yield _read_part(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=16)
def _read_part(path: Path, made_at: int) -> Part:
    """A part, its files mapped into memory; `made` tells it from one of the same name in a mart made anew."""
    return Part(pl.read_ipc(path), pl.read_ipc(path.with_name(path.name.replace("orders", "goods"))))


def ensure_baskets(ws: Workspace, mart: Mart) -> Path:
    """Return the folder of the mart's baskets, made now where there is none.

    Two processes may make the same baskets at once; the first to finish gives them their name.
    """
    return with_spare(mart.path, lambda place: _ensure_in(place, ws, mart))


def _ensure_in(place: Path, ws: Workspace, mart: Mart) -> Path:
    folder = place / _FOLDER
    if folder.exists() and not folder_faults(folder):
        return folder
    shutil.rmtree(folder, ignore_errors=True)  # damaged: a file of it is not what was written
    building = place / f".{_FOLDER}.{os.getpid()}.part"
    shutil.rmtree(building, ignore_errors=True)
    private_folder(building)
    try:
        batches = list(enumerate(plan_batches(ws.line_partitions())))
        with engine_of(ws) as spread:
            for _ in spread(_write, batches, building, mart.as_of, _products(ws, mart)):
                pass
        seal_folder(building)
        try:
            os.rename(building, folder)
        except OSError:
            if not folder.exists():
                raise
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return folder


@dataclass(frozen=True)
class _Products:
    """By product code: the category as the mart has it, so that it means the same in every table; whether it is goods (None = all are)."""

    category: np.ndarray
    goods: np.ndarray | None


def _products(ws: Workspace, mart: Mart) -> _Products:
    products = mart.all_products
    size = int(ws.codes("product")["code"].max() or 0) + 1  # type: ignore[arg-type]
    category, goods = np.zeros(size, dtype=np.uint32), np.ones(size, dtype=bool)
    codes = products["product_code"].to_numpy()
    category[codes], goods[codes] = products["category_code"].to_numpy(), products["is_goods"].to_numpy()
    return _Products(category, None if goods.all() else goods)


def _write(numbered: tuple[int, Batch], folder: Path, as_of: date, products: _Products) -> None:
    number, batch = numbered
    orders: list[pl.DataFrame] = []
    goods: list[pl.DataFrame] = []
    before = 0
    for lines, _ in read_slices(batch, as_of, _SLICE_LINES):
        part = _orders_and_goods(lines, products, before)
        orders.append(part.orders)
        goods.append(part.goods)
        before += part.orders.height
    whole = {"orders": pl.concat([ORDERS.to_frame(), *orders]), "goods": pl.concat([GOODS.to_frame(), *goods]).rechunk()}
    for table, frame in whole.items():
        with written_beside(folder / f"{table}-{number:05d}.arrow", durable=False) as part:
            frame.write_ipc(part)


def _orders_and_goods(lines: pl.DataFrame, products: _Products, before: int) -> Part:
    """The baskets of some lines (schema STORED_LINES, rows of an order side by side); orders are numbered from `before` on."""
    runs = runs_of(as_array(lines["order_code"]))
    order = runs.numbers()
    product = as_array(lines["product_code"]).astype(np.int64)
    category, goods_of = products.category, products.goods
    amount, quantity = as_array(lines["amount"]), as_array(lines["quantity_milli"])
    bought, paid = quantity > 0, amount
    if goods_of is not None:
        bought, paid = bought & goods_of[product], amount * goods_of[product]
    is_order = are_orders(runs, product, quantity, paid)
    if not is_order.all():
        bought = bought & runs.spread(is_order)
    # One packed key sorts several times faster than a table by three columns.
    product_bits, category_bits = bits_for(len(category)), bits_for(int(category.max(initial=0)) + 1)
    keys = (((order.astype(np.int64) << category_bits) | category[product].astype(np.int64)) << product_bits) | product
    place = order_of(keys)
    keys = keys[place]
    same = runs_of(keys)
    first = keys[same.starts]
    product_codes = first & ((1 << product_bits) - 1)
    goods = pl.DataFrame(
        {
            "order": (first >> (product_bits + category_bits)) + before,
            "category_code": category[product_codes],
            "product_code": product_codes,
            "amount": sums_between(amount[place], same.starts, same.ends),
            "is_bought": same.any(bought[place]),
        }
    )
    orders = lines.select(ORDERS.names())[pl.Series(runs.starts, dtype=pl.UInt32)]
    return Part(orders.cast(ORDERS), goods.cast(GOODS))
