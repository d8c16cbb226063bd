"""Lines -> orders: one row per receipt, and which of them are orders.

What an order is, in every figure: a receipt on which goods were paid for. At least one of its lines of goods has an amount above 0 and is
no return (its quantity is not below 0), and its lines do not take back all that they sell. So returns alone, receipts cancelled in
themselves, goods given away, and receipts of fees, shipping, gift cards or coupons alone are no orders: they count in sales, and move no
date, count, favourite or habit. A purchase beside a larger return is an order. What is no goods is said by the column `is_goods`
(docs/data-contract.md); an order that another one cancels is left out by the import (`cancellations`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import polars as pl

from toolkit.mart.catalogue import Ranks
from toolkit.mart.lines import NONE, Lines
from toolkit.mart.runs import Columns, Runs, as_column, joined, runs_of
from toolkit.schemas import ORDERS

MICROSECONDS_A_DAY = 86_400_000_000
_NO_GAP = -1


def orders_in(lines: Lines, channels: Ranks) -> Columns:
    """Return columns of ORDERS with an element per order, in the order of the lines; codes are NONE where ORDERS has null.

    `is_order` is the rule at the head of this module. Where the lines state several channels, the order's is the one that sorts first.
    """
    runs = lines.orders
    return {
        "member_code": lines.member[runs.starts],
        "order_code": lines.order_code[runs.starts],
        "ordered_at": lines.ordered_at[runs.starts],
        "store_code": lines.store[runs.starts],
        "channel_code": _channels(lines, channels),
        "is_order": are_orders(runs, lines.product, lines.quantity, lines.paid),
        "amount": runs.sum(lines.amount),
        "discount_amount": runs.sum(lines.discount),
        "promo_amount": runs.sum(lines.amount * (lines.discount > 0)),
        "coupon_amount": runs.sum(lines.coupon),
        "units_milli": runs.sum(lines.units),
        "line_count": runs.lengths.astype(np.uint32),
    }


def are_orders(receipts: Runs, product: np.ndarray, quantity: np.ndarray, paid: np.ndarray) -> np.ndarray:
    """Return, per receipt, whether it is an order; of its lines: `product`, `quantity`, `paid` (the amount of goods, 0 for others)."""
    are = receipts.any((paid > 0) & (quantity >= 0))
    worthless = are & (receipts.sum(paid) == 0)
    if worthless.any():  # rare: an even exchange, or a receipt cancelled in itself
        rows = np.flatnonzero(receipts.spread(worthless))
        place = np.lexsort((product[rows], receipts.numbers()[rows]))
        rows, number = rows[place], receipts.numbers()[rows[place]]
        goods = runs_of(number, product[rows])
        left = (goods.sum(paid[rows]) != 0) | (goods.sum(quantity[rows] * (paid[rows] != 0)) != 0)
        are[worthless] = False
        are[number[goods.starts[left]]] = True
    return are


def bought_in_orders(lines: Lines, is_order: np.ndarray) -> Lines:
    """Return the lines with `bought` true in orders alone: goods of a receipt that is no order were not bought."""
    return lines if is_order.all() else replace(lines, bought=lines.bought & lines.orders.spread(is_order))


def orders_table(parts: Sequence[Columns]) -> pl.DataFrame:
    """Return one row per order (schema ORDERS) from the columns of `orders_in`, with the gaps between a member's orders."""
    orders = joined(parts, [name for name in ORDERS.names() if name != "gap_days"])
    orders["gap_days"] = _gaps(orders["member_code"], orders["ordered_at"] // MICROSECONDS_A_DAY, orders["is_order"])
    columns = {
        **{name: pl.Series(name, values) for name, values in orders.items()},
        **{name: as_column(name, orders[name], null=NONE) for name in ("member_code", "channel_code")},
        "ordered_at": pl.Series("ordered_at", orders["ordered_at"]).cast(ORDERS["ordered_at"]),
        "gap_days": as_column("gap_days", orders["gap_days"], null=_NO_GAP),
    }
    return pl.DataFrame([columns[name].cast(dtype) for name, dtype in ORDERS.items()])


def _channels(lines: Lines, channels: Ranks) -> np.ndarray:
    """The channel of each order."""
    changes = lines.channel[1:] != lines.channel[:-1]
    changes[lines.orders.starts[1:] - 1] = False  # from one order to the next it may change
    if not changes.any():
        return lines.channel[lines.orders.starts]
    stated = lines.channel != NONE
    rank = np.where(stated, channels.rank_of_code[np.where(stated, lines.channel, 0)], channels.count)  # none stated sorts behind all
    lowest = -lines.orders.max(-rank)
    return np.append(channels.code_of_rank, NONE)[lowest].astype(lines.channel.dtype)


def _gaps(member: np.ndarray, day: np.ndarray, is_order: np.ndarray) -> np.ndarray:
    """Days since the day of the member's previous order; -1 for the first, for non-members and where the row is no order."""
    rows = np.flatnonzero(is_order & (member != NONE))
    member, day = member[rows], day[rows]
    later = np.flatnonzero(member[1:] == member[:-1]) + 1
    gaps = np.full(len(is_order), _NO_GAP, dtype=np.int32)
    gaps[rows[later]] = day[later] - day[later - 1]
    return gaps
