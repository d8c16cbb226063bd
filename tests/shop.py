"""A shop of five members and some passers-by, typed by hand, and the way from such rows to a workspace without the importer.

    from tests.shop import make_workspace, tiny_lines, tiny_products

Everything is in the contract's words and in currency units; every expectation in the tests can be checked by eye.
"""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import numpy as np
import polars as pl

from toolkit.schemas import ORDER_IDS, STORED_LINES
from toolkit.workspace import LineFile, Workspace

AS_OF = date(2024, 6, 30)
"""A Sunday, the last day of the tiny shop."""

_LINES = """
# member order store product ordered_at         quantity amount discount coupon channel
  anna   a1    s1    milk    2024-01-01T09:00   2        2.00   0.00     0.00   store
  anna   a1    s1    bread   2024-01-01T09:00   1        3.00   1.00     0.00   store
  anna   a2    s2    milk    2024-01-01T18:00   1        1.00   0.00     0.50   app
  anna   a3    s1    bread   2024-01-11T10:30   2        6.00   0.00     0.00   store
  anna   a4    s1    bread   2024-01-12T10:30   -1       -3.00  0.00     0.00   store
  anna   a5    s2    soap    2024-06-03T20:00   1        4.00   2.00     0.00   app
  anna   a5    s2    milk    2024-06-03T20:00   3        3.00   0.00     1.00   app
  ben    b1    s2    fuel    2024-05-05T07:00   89638    120.00 0.00     0.00   store
  ben    b1    s2    milk    2024-05-05T07:00   1        1.50   0.00     0.00   store
  cleo   c1    s1    soap    2024-03-03T12:00   -1       -6.00  0.00     0.00   store
  dora   d1    s1    apples  2024-06-30T23:59   0.5      1.25   0.25     0.00   -
  dora   d1    s1    fee     2024-06-30T23:59   0        2.00   0.00     0.00   -
  emil   e1    s2    milk    2024-06-29T08:00   4        4.00   0.00     0.00   store
  emil   e2    s1    milk    2024-06-29T08:00   1        1.00   0.00     0.00   store
  emil   e3    s1    soap    2024-06-30T08:00   -2       -12.00 0.00     0.00   store
  -      n1    s1    milk    2024-06-30T08:00   1        1.00   0.00     0.00   store
  -      n1    s1    milk    2024-06-30T08:00   1        1.00   0.00     0.00   store
  -      n2    s2    bread   2024-06-30T08:00   -1       -3.00  0.00     0.00   store
"""


def tiny_lines() -> pl.DataFrame:
    """Return the receipt lines: contract columns of `lines`, "-" read as null.

    anna comes often and returns something, ben buys fuel by volume, cleo only returns, dora buys a weight and pays a fee, emil has two
    orders in the same minute and money below zero; n1 and n2 are no members.
    """
    rows = [line.split() for line in _LINES.splitlines() if line.strip() and not line.startswith("#")]
    return pl.DataFrame(
        [
            {
                "member_id": None if member == "-" else member,
                "order_id": order,
                "store_id": store,
                "product_id": product,
                "ordered_at": datetime.fromisoformat(ordered_at),
                "quantity": float(quantity),
                "amount": float(amount),
                "discount_amount": float(discount),
                "coupon_amount": float(coupon),
                "channel": None if channel == "-" else channel,
            }
            for member, order, store, product, ordered_at, quantity, amount, discount, coupon, channel in rows
        ],
        schema_overrides={"ordered_at": pl.Datetime("us")},
    )


def tiny_products() -> pl.DataFrame:
    """Return the products table: the fee is not in it, apples have no category, fuel is not counted."""
    return pl.DataFrame(
        {
            "product_id": ["milk", "bread", "soap", "fuel", "apples"],
            "category": ["dairy", "bakery", "care", "petrol", None],
            "department": ["food", "food", "home", "forecourt", None],
            "brand": ["own", "miller", "lather", None, None],
            "name": ["Milk 1 l", "Rye bread", "Soap", "Unleaded", "Apples"],
            "unit_cost": [60, 150, 250, None, None],
            "own_brand": [True, False, False, None, None],
            "counted": [True, True, True, False, False],
        },
        schema_overrides={"unit_cost": pl.Int64},
    )


def random_lines(seed: int, *, lines: int = 2_000, members: int = 30, days: int = 400) -> pl.DataFrame:
    """Return contract lines full of ties: few stores, categories, hours and prices, so that favourites are often equal.

    Ends at AS_OF. Non-members, returns, zero quantities, goods by weight and same-minute orders are all frequent.
    """
    rng = np.random.default_rng(seed)
    orders = max(lines // 4, 1)
    order = np.sort(rng.integers(0, orders, lines))
    member = (rng.pareto(1.0, orders) * 4).astype(int) % members
    hour = rng.integers(0, 12, orders) * 2
    at = np.datetime64(AS_OF, "m") - rng.integers(0, days, orders).astype("timedelta64[D]") + hour.astype("timedelta64[h]")
    product = rng.integers(0, 12, lines)
    quantity = rng.choice([1, 1, 1, 2, 3, 0, -1, -2], lines) * np.where(product == 11, 0.375, 1)
    price = rng.choice([0.5, 1.0, 1.0, 2.99], lines)
    discount = np.where(rng.random(lines) < 0.3, rng.choice([0.1, 0.25], lines), 0.0)
    channel = np.array(["app", "store", "web", None])[rng.integers(0, 4, orders)]
    return pl.DataFrame(
        {
            "member_id": [None if who % 7 == 6 else f"m{who:02d}" for who in member[order]],
            "order_id": [f"o{number:05d}" for number in order],
            "store_id": [f"s{number}" for number in rng.integers(0, 4, orders)[order]],
            "product_id": [f"p{number:02d}" for number in product],
            "ordered_at": at[order].astype("datetime64[us]"),
            "quantity": quantity,
            "amount": (quantity * price).round(2) + np.where(quantity == 0, rng.choice([0.0, 0.5], lines), 0.0),
            "discount_amount": discount,
            "coupon_amount": np.where(rng.random(lines) < 0.05, 0.5, 0.0),
            "channel": channel[order].tolist(),
        },
        schema_overrides={"channel": pl.String},
    )


def random_products() -> pl.DataFrame:
    """Return the products of `random_lines`: four categories, two products without one, p10 by volume, p11 by weight."""
    numbers = range(12)
    return pl.DataFrame(
        {
            "product_id": [f"p{number:02d}" for number in numbers],
            "category": [None if number < 2 else "cabd"[number % 4] for number in numbers],
            "counted": [number < 10 for number in numbers],
        }
    )


def make_workspace(
    path: Path,
    lines: pl.DataFrame,
    tables: dict[str, pl.DataFrame] | None = None,
    *,
    partitions: int = 2,
    files: int = 1,
    minor_digits: int = 2,
) -> Workspace:
    """Write contract lines (currency units) and typed `tables` (money in minor units) as a workspace.

    `files` spreads the orders of each partition over that many files, as successive imports would.
    """
    ws = Workspace.create(path, currency="EUR", minor_digits=minor_digits)
    with ws.writing() as commit:
        stored, dictionaries = stored_lines(lines, minor_digits=minor_digits)
        folder = path / "lines" / commit
        folder.mkdir(parents=True)
        spread = stored.with_columns(
            partition=pl.coalesce(pl.col("member_code").cast(pl.Int64), pl.col("order_code")) % partitions,
            file=(pl.col("order_code") * 7 + 3) % files,
        )
        line_files = [
            _write_lines(path, folder, part.select(STORED_LINES.names()), dictionaries["order"], *map(int, key))
            for key, part in sorted(spread.partition_by("partition", "file", as_dict=True).items())
        ]
        codes = {}
        for name in ("member", "store", "product", "channel"):
            codes[name] = f"codes/{commit}/{name}.parquet"
            (path / codes[name]).parent.mkdir(parents=True, exist_ok=True)
            dictionaries[name].write_parquet(path / codes[name])
        written = {}
        for name, table in (tables or {}).items():
            written[name] = f"tables/{commit}/{name}.parquet"
            (path / written[name]).parent.mkdir(parents=True, exist_ok=True)
            table.write_parquet(path / written[name])
        optional = tuple(name for name in ("discount_amount", "coupon_amount", "channel") if name in lines.columns)
        ws.commit(partitions=partitions, line_files=tuple(line_files), line_columns=optional, codes=codes, tables=written)
    return ws


def replace_table(path: Path, name: str, frame: pl.DataFrame) -> Workspace:
    """Put another table of the contract in the place of the one that is there, as an import would, and return the workspace."""
    ws = Workspace(path)
    with ws.writing() as commit:
        table = f"tables/{commit}/{name}.parquet"
        (path / table).parent.mkdir(parents=True, exist_ok=True)
        frame.write_parquet(path / table)
        ws.commit(tables={**ws.manifest.tables, name: table})
    return ws


def stored_lines(lines: pl.DataFrame, *, minor_digits: int = 2) -> tuple[pl.DataFrame, dict[str, pl.DataFrame]]:
    """Return lines as the workspace keeps them (schema STORED_LINES, sorted) and the dictionaries (code, id) of their ids.

    Codes are given in order of first appearance, so that shuffled lines get other codes: nothing may depend on them.
    """
    dictionaries = {}
    for name, column in (
        ("member", "member_id"),
        ("order", "order_id"),
        ("store", "store_id"),
        ("product", "product_id"),
        ("channel", "channel"),
    ):
        ids = lines[column].drop_nulls().unique(maintain_order=name != "order")
        ids = ids.sort() if name == "order" else ids
        dtype = pl.Int64 if name == "order" else pl.UInt32
        dictionaries[name] = pl.DataFrame({"code": pl.Series(range(len(ids)), dtype=dtype), "id": ids.cast(pl.String)})
        lines = lines.join(dictionaries[name].rename({"code": f"{name}_code"}), left_on=column, right_on="id", how="left")
    money = {name: (pl.col(name) * 10**minor_digits).round().cast(pl.Int64) for name in ("amount", "discount_amount", "coupon_amount")}
    stored = lines.with_columns(**money, quantity_milli=(pl.col("quantity") * 1_000).round().cast(pl.Int64))
    return stored.select(STORED_LINES.names()).cast(dict(STORED_LINES)).sort("member_code", "ordered_at", "order_code"), dictionaries


def _write_lines(root: Path, folder: Path, part: pl.DataFrame, orders: pl.DataFrame, partition: int, file: int) -> LineFile:
    path, ids_path = folder / f"{partition:05d}-{file}.parquet", folder / f"{partition:05d}-{file}.ids.parquet"
    part.write_parquet(path)
    ids = orders.rename({"code": "order_code", "id": "order_id"}).join(part.select("order_code").unique(), on="order_code", how="semi")
    ids.select(ORDER_IDS.names()).write_parquet(ids_path)
    days = part["ordered_at"].dt.date()
    return LineFile(
        path=path.relative_to(root).as_posix(),
        ids_path=ids_path.relative_to(root).as_posix(),
        partition=partition,
        rows=part.height,
        first_day=days.min(),
        last_day=days.max(),
    )
