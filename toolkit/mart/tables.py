"""The pass over the lines of some members: everything the mart needs of them, closed per member.

This is the function that an engine of many machines calls on each of its partitions: frames in, frames out, no disk.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl

from toolkit.mart.catalogue import Catalogue
from toolkit.mart.categories import member_categories_of
from toolkit.mart.lines import lines_of
from toolkit.mart.members import members_of
from toolkit.mart.orders import orders_of
from toolkit.mart.prices import category_sums
from toolkit.mart.products import product_sums
from toolkit.mart.totals import Totals, totals_of


@dataclass(frozen=True)
class Tables:
    """What comes of the lines of some members: three tables, and sums that add up over batches."""

    orders: pl.DataFrame
    member_category: pl.DataFrame
    members: pl.DataFrame
    category_sums: pl.DataFrame
    product_sums: dict[str, np.ndarray]
    totals: Totals


def tables_of(lines: pl.DataFrame, catalogue: Catalogue, as_of: date) -> Tables:
    """Return the tables of lines (schema STORED_LINES) that hold whole members up to `as_of`, sorted by member and time.

    `expected_amount` is null until the usual prices of the whole shop are known: see `toolkit.mart.prices`.
    """
    arrays = lines_of(lines, catalogue)
    orders = orders_of(arrays, catalogue.channels)
    member_category = member_categories_of(arrays, orders, catalogue)
    return Tables(
        orders=orders,
        member_category=member_category,
        members=members_of(orders, member_category, catalogue, as_of),
        category_sums=category_sums(member_category),
        product_sums=product_sums(arrays, orders, catalogue),
        totals=totals_of(orders),
    )
