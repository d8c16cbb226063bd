"""A mart on disk: where it is and what is in it."""

from __future__ import annotations

import json
import logging
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl

from toolkit.integrity import folder_faults
from toolkit.mart.catalogue import NOT_GOODS

FORMAT = 4
"""Layout of a mart; one of another layout is built anew."""
MADE_OF = "made_of.json"
"""What a mart was made of (`toolkit.mart.carried`)."""


@dataclass(frozen=True)
class Mart:
    """Orders, member x category and members of a shop as of a date; nothing after it is in them.

    `orders`, `member_category` and `members` are lazy (schemas ORDERS, MEMBER_CATEGORY, MEMBER_FEATURES of `toolkit.schemas`), since a
    large shop has more of them than fits in memory. They are Arrow files, not compressed: they are read in place, and written at a
    fraction of the cost of Parquet. `categories` and `products` are small.

    What is no goods (`products.is_goods`) is in the money of orders and members and in `all_products`; `member_category`, `categories` and
    `products` are of goods, so that no question needs to mind it.
    """

    path: Path
    as_of: date

    @property
    def orders(self) -> pl.LazyFrame:
        """One row per receipt, of members and non-members; `is_order` tells orders from the others (`toolkit.mart.orders`)."""
        return self._parts("orders")

    @cached_property
    def not_orders(self) -> pl.DataFrame:
        """The `order_code` of every receipt that is no order: what was on it was not bought."""
        return self.orders.filter(~pl.col("is_order")).select("order_code").collect(engine="streaming")

    @property
    def member_category(self) -> pl.LazyFrame:
        """One row per member x category of goods."""
        pairs = self._parts("member_category")
        others = self.all_categories.filter(pl.col("category") == NOT_GOODS)["category_code"].to_list()
        return pairs.filter(pl.col("category_code") != others[0]) if others else pairs

    @property
    def members(self) -> pl.LazyFrame:
        """One row per member with a line up to `as_of`."""
        return self._parts("members")

    @cached_property
    def categories(self) -> pl.DataFrame:
        """One row per category of goods of the products table.

        category_code, category, department; amount, units_milli, order_count, member_count, priced_amount, priced_units_milli: sums over
        members; the usual unit price is priced_amount / priced_units_milli (minor units per thousandth of a unit).
        """
        return self.all_categories.filter(pl.col("category") != NOT_GOODS)

    @cached_property
    def all_categories(self) -> pl.DataFrame:
        """The categories of goods, and the one of what is no goods, if there is any."""
        return pl.read_parquet(self.path / "categories.parquet")

    @cached_property
    def products(self) -> pl.DataFrame:
        """One row per product with a line that is goods: the columns of `all_products`."""
        return self.all_products.filter("is_goods")

    @cached_property
    def all_products(self) -> pl.DataFrame:
        """One row per product with a line, goods or not.

        product_code, category_code, counted, is_goods, sums over everybody and (`member_...`) over members; see `toolkit.mart.products`.
        """
        return pl.read_parquet(self.path / "products.parquet")

    @cached_property
    def totals(self) -> dict[str, Any]:
        """Counts and sums of the shop and of what is no goods (`not_goods`), and notes: see `mart.totals`. Days are ISO strings."""
        return json.loads((self.path / "mart.json").read_text("utf-8"))

    @property
    def notes(self) -> list[str]:
        """What a reader of any figure must know, a sentence each."""
        return list(self.totals["notes"])

    def _parts(self, table: str) -> pl.LazyFrame:
        return pl.scan_ipc(self.path / table / "part-*.arrow")


def mart_path(folder: Path, as_of: date, data_version: object) -> Path:
    """Return where the mart of these lines as of that day lies, or would lie."""
    return folder / f"{as_of.isoformat()}-{data_version}"


def find_mart(folder: Path, as_of: date, data_version: object) -> Mart | None:
    """Return the finished mart, or None where there is none (or one of another layout, or with a file that is not what was written).

    A mart can always be made again from the lines, so a damaged one is: it is logged, and no question fails for it.
    """
    path = mart_path(folder, as_of, data_version)
    try:
        layout = json.loads((path / "mart.json").read_text("utf-8"))["format"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    if layout != FORMAT:
        return None
    if faults := folder_faults(path):
        logging.getLogger(__name__).warning("%s The mart is built anew.", faults[0])
        return None
    return Mart(path, as_of)


def nearest_before(folder: Path, as_of: date) -> Mart | None:
    """Return the finished mart of whatever lines that is of the latest day up to `as_of`, None where there is none."""
    found: list[tuple[date, int, Path]] = []
    for path in folder.glob("*-*-*-*"):
        day, _, version = path.name.rpartition("-")
        with suppress(ValueError):
            found.append((date.fromisoformat(day), int(version), path))
    for day, version, path in sorted(found, reverse=True):
        if day <= as_of and (path / MADE_OF).exists() and (mart := find_mart(folder, day, version)):
            return mart
    return None
