"""Lines as arrays: what orders, member x category and products all read of them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import polars as pl

from toolkit.mart.catalogue import Catalogue
from toolkit.mart.runs import Runs, as_array, runs_of

NONE = 2**32 - 1
"""Stands for a null member_code or channel_code inside arrays: codes are dense, so none is as large."""


@dataclass(frozen=True)
class Lines:
    """Lines of whole members and what is known of their products; one array element per line.

    Names are those of STORED_LINES without `_code`, `_milli` and `_amount`; `ordered_at` is microseconds since 1970. `units` is the
    quantity of counted goods and 0 for others; `bought` is true for goods that the line brings to the customer, `paid` is the amount of
    goods and 0 for what is no goods. `orders` says where each order starts, `order` is the number of the line's order.
    """

    member: np.ndarray
    order_code: np.ndarray
    ordered_at: np.ndarray
    store: np.ndarray
    channel: np.ndarray
    product: np.ndarray
    quantity: np.ndarray
    amount: np.ndarray
    discount: np.ndarray
    coupon: np.ndarray
    paid: np.ndarray
    counted: np.ndarray
    units: np.ndarray
    bought: np.ndarray
    orders: Runs
    order: np.ndarray
    everybody: bool
    """Every line is a member's."""

    @property
    def count(self) -> int:
        """Number of lines."""
        return len(self.product)


def lines_of(frame: pl.DataFrame, catalogue: Catalogue) -> Lines:
    """Return lines (schema STORED_LINES, the rows of an order side by side) as arrays."""
    product = as_array(frame["product_code"]).astype(np.int64)
    quantity = as_array(frame["quantity_milli"])
    order_code = as_array(frame["order_code"])
    amount = as_array(frame["amount"])
    bought, paid = quantity > 0, amount
    if catalogue.goods is not None:
        goods = catalogue.goods[product]
        bought, paid = bought & goods, amount * goods
    counted = catalogue.counted[product]
    orders = runs_of(order_code)
    return Lines(
        member=as_array(frame["member_code"], null=NONE),
        order_code=order_code,
        ordered_at=as_array(frame["ordered_at"]).view(np.int64),
        store=as_array(frame["store_code"]),
        channel=as_array(frame["channel_code"], null=NONE),
        product=product,
        quantity=quantity,
        amount=amount,
        discount=as_array(frame["discount_amount"]),
        coupon=as_array(frame["coupon_amount"]),
        paid=paid,
        counted=counted,
        units=quantity * counted,
        bought=bought,
        orders=orders,
        order=orders.numbers(),
        everybody=not frame["member_code"].null_count(),
    )


def slices_of(frame: pl.DataFrame, most_lines: int) -> list[pl.DataFrame]:
    """Cut lines between members (between orders of non-members) into slices of about `most_lines`, or of one member that has more."""
    if frame.height <= most_lines:
        return [frame]
    starts = _closed_runs(frame).starts
    count = -(-frame.height // most_lines)
    nearest = np.searchsorted(starts, np.arange(1, count) * frame.height // count)
    bounds = [0, *np.unique(starts[nearest[nearest < len(starts)]]).tolist(), frame.height]
    return [frame.slice(start, end - start) for start, end in pairwise(bounds)]


def last_start(frame: pl.DataFrame) -> int:
    """Return the row where the last member of the lines starts (where the last order does, for non-members); 0 without lines."""
    return int(_closed_runs(frame).starts[-1]) if frame.height else 0


def _closed_runs(frame: pl.DataFrame) -> Runs:
    """The runs that must not be cut: of members, and of orders where there is no member."""
    member = as_array(frame["member_code"], null=NONE)
    if not frame["member_code"].null_count():
        return runs_of(member)
    return runs_of(member, np.where(member == NONE, as_array(frame["order_code"]), 0))
