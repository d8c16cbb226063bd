"""Lines as arrays: what orders, member x category and products all read of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from toolkit.mart.catalogue import Catalogue
from toolkit.mart.runs import Runs, as_array, runs_of

NOT_A_MEMBER = -1
"""Stands for a null member_code inside arrays."""


@dataclass(frozen=True)
class Lines:
    """Lines of whole members and what is known of their products; one array element per line.

    `units` is the quantity of counted goods (thousandths) and 0 for others; `orders` says where each order starts.
    """

    frame: pl.DataFrame
    orders: Runs
    product: np.ndarray
    quantity: np.ndarray
    amount: np.ndarray
    units: np.ndarray
    bought: np.ndarray

    @property
    def count(self) -> int:
        """Number of lines."""
        return len(self.product)

    def by_member(self, orders: pl.DataFrame) -> np.ndarray | None:
        """Return which lines are a member's, given their orders; None = all of them."""
        if not orders["member_code"].null_count():
            return None
        return self.orders.spread(as_array(orders["member_code"].is_not_null()))


def lines_of(frame: pl.DataFrame, catalogue: Catalogue) -> Lines:
    """Return lines (schema STORED_LINES, the rows of an order side by side) as arrays."""
    product = as_array(frame["product_code"]).astype(np.int64)
    quantity = as_array(frame["quantity_milli"])
    return Lines(
        frame=frame,
        orders=runs_of(as_array(frame["order_code"])),
        product=product,
        quantity=quantity,
        amount=as_array(frame["amount"]),
        units=quantity * catalogue.counted[product],
        bought=quantity > 0,
    )
