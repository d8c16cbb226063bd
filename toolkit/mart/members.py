"""Orders and member x category -> members: one row per member with every feature but the expected amount."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl

from toolkit.expressions import day_number, hour_band, weekday_number
from toolkit.mart.catalogue import Catalogue, Ranks
from toolkit.mart.days import day_features, shopping_days
from toolkit.mart.favourites import Favourites, favourites_of
from toolkit.mart.runs import Runs, as_array, as_column, first_of_largest, running_sums, runs_of
from toolkit.schemas import MEMBER_FEATURES

_EPOCH = date(1970, 1, 1)
WINDOWS = (28, 56, 91, 182, 365)
"""Days of the windows up to `as_of` that any feature looks at: nothing else of a member depends on the day (`toolkit.mart.carried`)."""


def members_of(orders: pl.DataFrame, member_category: pl.DataFrame, catalogue: Catalogue, as_of: date) -> pl.DataFrame:
    """Return one row per member (schema MEMBER_FEATURES), in the order of the orders; `expected_amount` is still null.

    Parameters
    ----------
    orders, member_category
        What `orders_table` and `member_category_table` give for the same lines, nothing later than `as_of` in them.
    as_of
        The last day seen; windows such as `amount_28d` are the days up to it, itself included.

    A member with returns alone has money and a `return_order_count`, but no dates, no favourites and no shopping days: null or 0.
    """
    orders = orders.filter(pl.col("member_code").is_not_null()) if orders["member_code"].null_count() else orders
    codes = as_array(orders["member_code"])
    runs = runs_of(codes)
    number = runs.numbers()
    day = as_array(orders.select(day_number(pl.col("ordered_at"))).to_series())
    today = (as_of - _EPOCH).days
    members = pl.DataFrame({"member": np.arange(runs.count), "member_code": codes[runs.starts], **_sums(orders, day, today, runs)})
    days = day_features(shopping_days(day, number, orders), today)
    members = members.join(days, on="member", how="left", maintain_order="left").with_columns(
        *_habits(orders, number, runs.count, catalogue), *_categories(member_category)
    )
    first_day = as_array(members["first_ordered_on"].cast(pl.Int64).fill_null(np.iinfo(np.int64).max))
    later = (day > runs.spread(first_day)) * as_array(orders["amount"])
    counts = [name for name in members.columns if name.endswith("_count") or name.startswith(("promo_", "coupon_", "day_count_"))]
    return members.with_columns(
        pl.Series("repeat_amount", runs.sum(later)), pl.col(counts).fill_null(0), expected_amount=pl.lit(None, pl.Int64)
    ).select(pl.col(name).cast(dtype) for name, dtype in MEMBER_FEATURES.items())


def _sums(orders: pl.DataFrame, day: np.ndarray, today: int, runs: Runs) -> dict[str, np.ndarray]:
    """Sums over a member's orders: money and units in total, money and orders in windows up to `today`.

    A member's orders come in time order, so those of a window are the last ones up to its end: two readings of the same running sum.
    """
    amount, order_count = running_sums(as_array(orders["amount"])), running_sums(as_array(orders["is_order"]))
    since = {days: runs.ends - runs.sum(day > today - days) for days in (28, 91, 182, 365)}
    windows = {f"{days}d": (since[days], runs.ends) for days in (28, 91, 365)} | {"prev_91d": (since[182], since[91])}
    orders_in_all = order_count[runs.ends] - order_count[runs.starts]
    return {
        "amount": amount[runs.ends] - amount[runs.starts],
        "order_count": orders_in_all,
        "return_order_count": runs.lengths - orders_in_all,
        "line_count": runs.sum(as_array(orders["line_count"])),
        **{name: runs.sum(as_array(orders[name])) for name in ("units_milli", "discount_amount", "promo_amount")},
        **{f"amount_{name}": amount[end] - amount[start] for name, (start, end) in windows.items()},
        **{f"order_count_{name}": order_count[end] - order_count[start] for name, (start, end) in windows.items()},
    }


def _habits(orders: pl.DataFrame, number: np.ndarray, member_count: int, catalogue: Catalogue) -> list[pl.Series]:
    """Favourite store, channel, weekday and hour band of each member, over what counts as an order."""
    counting = orders.select("is_order", "ordered_at", "store_code", "channel_code")
    is_order = as_array(orders["is_order"])
    if not is_order.all():
        counting, number = counting.filter("is_order"), number[is_order]
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
