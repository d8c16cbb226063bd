"""Orders and member x category -> members: one row per member with every feature but the expected amount."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl

from toolkit.expressions import day_number, hour_band, weekday_number
from toolkit.mart.catalogue import Catalogue, Ranks
from toolkit.mart.days import day_features, shopping_days
from toolkit.mart.favourites import Favourites, favourites_of
from toolkit.mart.runs import as_array, as_column, first_of_largest, runs_of
from toolkit.schemas import MEMBER_FEATURES

_EPOCH = date(1970, 1, 1)
_WINDOWS = (28, 91, 365)


def members_of(orders: pl.DataFrame, member_category: pl.DataFrame, catalogue: Catalogue, as_of: date) -> pl.DataFrame:
    """Return one row per member (schema MEMBER_FEATURES), in the order of the orders; `expected_amount` is still null.

    Parameters
    ----------
    orders, member_category
        What `orders_of` and `member_categories_of` give for the same lines, nothing later than `as_of` in them.
    as_of
        The last day seen; windows such as `amount_28d` are the days up to it, itself included.

    A member with returns alone has money and a `return_order_count`, but no dates, no favourites and no shopping days: null or 0.
    """
    orders = orders.filter(pl.col("member_code").is_not_null()) if orders["member_code"].null_count() else orders
    runs = runs_of(as_array(orders["member_code"]))
    number = runs.numbers()
    day = as_array(orders.select(day_number(pl.col("ordered_at"))).to_series())
    sums = runs.sums(_summands(orders, pl.Series("day", day), (as_of - _EPOCH).days))
    days = day_features(shopping_days(day, number, orders), as_of)
    members = pl.DataFrame({"member": np.arange(runs.count), "member_code": as_array(orders["member_code"])[runs.starts], **sums})
    members = members.join(days, on="member", how="left", maintain_order="left").with_columns(
        pl.Series("line_count", runs.sum(as_array(orders["line_count"]).astype(np.int64))),
        *_habits(orders, number, runs.count, catalogue),
        *_categories(member_category),
    )
    first_day = as_array(members["first_ordered_on"].cast(pl.Int64).fill_null(np.iinfo(np.int64).max))
    later = np.where(day > np.repeat(first_day, runs.lengths), as_array(orders["amount"]), 0)
    counts = [name for name in members.columns if name.endswith("_count") or name.startswith(("promo_", "coupon_", "day_count_"))]
    return members.with_columns(
        pl.Series("repeat_amount", runs.sum(later)), pl.col(counts).fill_null(0), expected_amount=pl.lit(None, pl.Int64)
    ).select(pl.col(name).cast(dtype) for name, dtype in MEMBER_FEATURES.items())


def _summands(orders: pl.DataFrame, day: pl.Series, today: int) -> pl.DataFrame:
    """Columns whose sums over a member's orders are features: money in total and in windows, orders in windows."""
    amount, is_order = pl.col("amount"), pl.col("is_order")
    back = today - pl.lit(day)  # 0 = as_of itself
    windows = {f"{window}d": back < window for window in _WINDOWS} | {"prev_91d": (back >= 91) & (back < 182)}
    return orders.select(
        "amount",
        "units_milli",
        "discount_amount",
        "promo_amount",
        order_count=is_order.cast(pl.Int64),
        return_order_count=(~is_order).cast(pl.Int64),
        **{f"amount_{name}": pl.when(inside).then(amount).otherwise(0) for name, inside in windows.items()},
        **{f"order_count_{name}": (inside & is_order).cast(pl.Int64) for name, inside in windows.items()},
    )


def _habits(orders: pl.DataFrame, number: np.ndarray, member_count: int, catalogue: Catalogue) -> list[pl.Series]:
    """Favourite store, channel, weekday and hour band of each member, over what counts as an order."""
    is_order = as_array(orders["is_order"])
    counting, number = orders.filter(is_order), number[is_order]
    times = counting.select(weekday=weekday_number(day_number(pl.col("ordered_at"))) - 1, hour_band=hour_band(pl.col("ordered_at")))
    store, code_of_store = _ranked(counting["store_code"], number, catalogue.stores, member_count)
    channel, code_of_channel = _ranked(counting["channel_code"], number, catalogue.channels, member_count)
    weekday = favourites_of(number, as_array(times["weekday"]), member_count=member_count, option_count=7)
    band = favourites_of(number, as_array(times["hour_band"]), member_count=member_count, option_count=6)
    return [
        pl.Series("store_count", store.option_count),
        code_of_store.alias("home_store_code"),
        pl.Series("home_store_order_count", store.count),
        code_of_channel.alias("top_channel_code"),
        pl.Series("top_channel_order_count", channel.count),
        as_column("top_weekday", weekday.favourite + 1, null=0),
        pl.Series("top_weekday_order_count", weekday.count),
        as_column("top_hour_band", band.favourite, null=-1),
        pl.Series("top_hour_band_order_count", band.count),
    ]


def _ranked(codes: pl.Series, number: np.ndarray, ranks: Ranks, member_count: int) -> tuple[Favourites, pl.Series]:
    """Favourites among coded options, ties to the id that sorts first; nulls are no option."""
    if codes.null_count():
        stated = as_array(codes.is_not_null())
        codes, number = codes.drop_nulls(), number[stated]
    option = ranks.rank_of_code[as_array(codes)] if len(codes) else np.zeros(0, dtype=np.int64)
    favourites = favourites_of(number, option, member_count=member_count, option_count=max(ranks.count, 1))
    code_of_rank = np.append(ranks.code_of_rank, -1)  # favourite -1 (none) reads the last
    return favourites, as_column("code", code_of_rank[favourites.favourite], null=-1)


def _categories(member_category: pl.DataFrame) -> list[pl.Series]:
    """Categories bought, the one with most money (ties to the name that sorts first), and what priced goods cost in total."""
    members = runs_of(as_array(member_category["member_code"]))
    bought = as_array(member_category["order_count"]) > 0
    amount = as_array(member_category["amount"])
    category = as_array(member_category["category_code"]).astype(np.int64)
    nothing = np.iinfo(np.int64).min  # a category with returns alone is nobody's favourite
    best = first_of_largest(np.where(bought, amount, nothing), members)
    return [
        pl.Series("category_count", members.sum(bought.astype(np.int64))),
        as_column("top_category_code", np.where(bought[best], category[best], -1), null=-1),
        pl.Series("top_category_amount", np.where(bought[best], amount[best], 0)),
        pl.Series("priced_amount", members.sum(as_array(member_category["priced_amount"]))),
    ]
