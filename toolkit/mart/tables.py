"""The pass over the lines of some members: everything the mart needs of them, closed per member.

This is the function that an engine of many machines calls on each of its partitions: frames in, frames out, no disk.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl

from toolkit.mart.catalogue import Catalogue
from toolkit.mart.categories import member_categories_in, member_category_table
from toolkit.mart.lines import lines_of, slices_of
from toolkit.mart.members import members_of
from toolkit.mart.orders import bought_in_orders, orders_in, orders_table
from toolkit.mart.prices import category_sums
from toolkit.mart.products import SUMS, add_product_sums
from toolkit.mart.runs import Columns
from toolkit.mart.totals import Totals, totals_of

LINES_AT_ONCE = 60_000
"""Lines that are walked at once: their columns stay in the processor's cache, and their memory is used again."""


@dataclass(frozen=True)
class Tables:
    """What comes of the lines of some members: three tables, and sums that add up over batches."""

    orders: pl.DataFrame
    member_category: pl.DataFrame
    members: pl.DataFrame
    category_sums: Columns
    product_sums: Columns
    totals: Totals


def tables_of(lines: pl.DataFrame, catalogue: Catalogue, as_of: date) -> Tables:
    """Return the tables of lines (schema STORED_LINES) that hold whole members up to `as_of`, sorted by member and time.

    `expected_amount` is null until the usual prices of the whole shop are known: see `toolkit.mart.prices`.
    """
    return tables_of_slices(slices_of(lines, lines_at_once(catalogue)), catalogue, as_of)


def tables_of_slices(slices: Iterable[pl.DataFrame], catalogue: Catalogue, as_of: date) -> Tables:
    """Return the same of lines that come in slices of whole members, as they are read from disk."""
    orders, pairs = [], []
    sums = {name: np.zeros(len(catalogue.counted), dtype=np.int64) for name in SUMS}
    for part in slices:
        if part.height == 0:
            continue
        lines = lines_of(part, catalogue)
        orders.append(orders_in(lines, catalogue.channels))
        lines = bought_in_orders(lines, orders[-1]["is_order"])
        pairs.append(member_categories_in(lines, orders[-1], catalogue))
        add_product_sums(sums, lines)
    all_orders, all_pairs = orders_table(orders), member_category_table(pairs)
    return Tables(
        orders=all_orders,
        member_category=all_pairs,
        members=members_of(all_orders, all_pairs, catalogue, as_of),
        category_sums=category_sums(all_pairs, catalogue.categories.height),
        product_sums=sums,
        totals=totals_of(all_orders),
    )


def lines_at_once(catalogue: Catalogue) -> int:
    """Return how many lines to walk at once: a slice costs a little per product, so it should have at least as many lines."""
    return max(LINES_AT_ONCE, len(catalogue.counted))
