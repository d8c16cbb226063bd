"""Replaying offers on pieces of goods: every second piece at half price, and a set of goods together."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from toolkit.expressions import divide_half_up
from toolkit.models.replay import REPLAY, reduction

PIECES, AMOUNT = pl.col("pieces"), pl.col("amount")
_NOTHING = [pl.lit(0, pl.Int64).alias(name) for name in ("movable_cost", "contact_count")]


def replay_nth_piece(goods: pl.DataFrame, *, nth: int, depth_bp: int, by: Sequence[str] = ()) -> pl.DataFrame:
    """Return `depth_bp` basis points off every `nth` piece of one good on one receipt: one row per group and category with a receipt.

    A receipt with `nth` pieces of a good or more is a free rider, once for every full `nth`: three pieces hold one second piece. What is
    taken off is in whole minor units, rounded half up once a receipt and good, at the mean price paid for the good on the receipt. Within
    reach is a receipt that lacks a single piece to the next full `nth`: one piece more at its price, of which the depth is taken off.

    Parameters
    ----------
    goods
        `category_code`, `pieces` (whole, above 0, returns on the receipt taken off), `amount` (minor units, above 0) and the columns `by`;
        one row per receipt and good.

    Returns
    -------
    DataFrame
        `by`, `category_code` and REPLAY; `base_amount` are the sales of all these goods; sorted by `by` and category.

    Example
    -------
    >>> cups = pl.DataFrame({"category_code": [1, 1], "pieces": [3, 1], "amount": [3_000, 999]})
    >>> replay_nth_piece(cups, nth=2, depth_bp=5_000).select("free_cost", "within_reach_count", "within_reach_cost").row(0)
    (500, 2, 1000)
    """
    keys, whole, part = [*by, "category_code"], pl.lit(10_000, pl.Int64), pl.col("sets")
    price = divide_half_up(AMOUNT, PIECES)
    near = PIECES % nth == nth - 1
    counted = goods.with_columns((PIECES // nth).alias("sets"))
    return (
        counted.group_by(keys)
        .agg(
            AMOUNT.sum().alias("base_amount"),
            (part > 0).sum().cast(pl.Int64).alias("free_rider_count"),
            divide_half_up(AMOUNT * part * nth, PIECES).sum().alias("free_rider_amount"),
            divide_half_up(AMOUNT * part * depth_bp, PIECES * whole).sum().alias("free_cost"),
            near.sum().cast(pl.Int64).alias("within_reach_count"),
            price.filter(near).sum().alias("within_reach_amount"),
            reduction(price, depth_bp).filter(near).sum().alias("within_reach_cost"),
        )
        .with_columns(_NOTHING)
        .select(*keys, *REPLAY)
        .sort(keys)
    )


def replay_bundle(
    goods: pl.DataFrame, usual: pl.DataFrame, chosen: Sequence[int], *, price: int | None = None, depth_bp: int = 0, by: Sequence[str] = ()
) -> pl.DataFrame:
    """Return a set of one piece of each of the categories `chosen`, for `price` or with a depth off: one row per group with one of them.

    A receipt with a piece of each is a free rider, for as many sets as it holds; pieces cost the mean price paid for the category on the
    receipt. What is taken off is rounded to whole minor units once for each category, then once for the set; a price above what the pieces
    cost takes nothing off. Within reach is a receipt that lacks one of the categories and holds all others: it buys one piece of it at the
    usual price.

    Parameters
    ----------
    goods
        `order_code`, `category_code`, `pieces`, `amount` as for `replay_nth_piece` and the columns `by`; goods of a category
        add up.
    usual
        `category_code` and `price`: the usual price of a piece, minor units; a category without one is never lacked.

    Returns
    -------
    DataFrame
        `by`, `set_amount` (a set at usual prices; null where one is not known) and REPLAY; sorted by `by`.

    Example
    -------
    >>> cups = pl.DataFrame({"order_code": [1, 1, 2], "category_code": [1, 2, 1], "pieces": [2, 1, 1], "amount": [600, 250, 300]})
    >>> usual = pl.DataFrame({"category_code": [1, 2], "price": [300, 250]})
    >>> replay_bundle(cups, usual, [1, 2], price=500).select("free_cost", "within_reach_amount", "within_reach_cost").row(0)
    (50, 250, 50)
    """
    keys = [*by, "order_code"]
    prices = dict(usual.select("category_code", "price").iter_rows())
    held = goods.filter(pl.col("category_code").is_in(list(chosen)))
    one = {code: pl.col("category_code") == code for code in chosen}
    receipts = held.group_by(keys).agg(
        AMOUNT.sum().alias("bought"),
        *(
            column.filter(is_it).sum().alias(f"{column.meta.output_name()} {code}")
            for code, is_it in one.items()
            for column in (PIECES, AMOUNT)
        ),
    )
    pieces = {code: pl.col(f"pieces {code}") for code in chosen}
    missing = pl.sum_horizontal([(count == 0).cast(pl.Int64) for count in pieces.values()])

    def worth(sets: pl.Expr) -> pl.Expr:
        each = [
            divide_half_up(pl.col(f"amount {code}") * sets, pl.when(count > 0).then(count)).fill_null(0) for code, count in pieces.items()
        ]
        return pl.sum_horizontal(each)

    def off(amount: pl.Expr, sets: pl.Expr) -> pl.Expr:
        return reduction(amount, depth_bp) if price is None else (amount - sets * price).clip(0, None)

    lacked = pl.sum_horizontal(
        [pl.when(count == 0).then(pl.lit(prices.get(code), pl.Int64)).otherwise(0) for code, count in pieces.items()], ignore_nulls=False
    )
    sets = pl.min_horizontal(list(pieces.values()))
    told = receipts.with_columns(sets.alias("sets"), missing.alias("missing"), lacked.alias("lacked")).with_columns(
        worth(pl.col("sets")).alias("set_worth"), worth(pl.lit(1, pl.Int64)).alias("held_worth")
    )
    is_free, is_near = pl.col("sets") > 0, (pl.col("missing") == 1) & pl.col("lacked").is_not_null()
    whole = pl.col("held_worth") + pl.col("lacked")
    aggregates = [
        pl.col("bought").sum().alias("base_amount"),
        is_free.sum().cast(pl.Int64).alias("free_rider_count"),
        pl.col("set_worth").filter(is_free).sum().alias("free_rider_amount"),
        off(pl.col("set_worth"), pl.col("sets")).filter(is_free).sum().alias("free_cost"),
        is_near.sum().cast(pl.Int64).alias("within_reach_count"),
        pl.col("lacked").filter(is_near).sum().alias("within_reach_amount"),
        off(whole, pl.lit(1, pl.Int64)).filter(is_near).sum().alias("within_reach_cost"),
    ]
    known = None if any(prices.get(code) is None for code in chosen) else sum(prices[code] for code in chosen)
    rows = told.group_by(list(by)).agg(aggregates) if by else told.select(aggregates).filter(pl.lit(told.height > 0))
    return (
        rows.with_columns(*_NOTHING, pl.lit(known, pl.Int64).alias("set_amount"))
        .select(*by, "set_amount", *REPLAY)
        .sort(list(by) or REPLAY.names()[:1])
    )
