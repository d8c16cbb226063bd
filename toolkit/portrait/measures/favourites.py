"""Favourites of each member: channel, weekday, hours, store, category, each with its share and the orders it rests on."""

from __future__ import annotations

from typing import Literal

import polars as pl

from toolkit.language import value
from toolkit.scope.view import View

Habit = Literal["channel", "weekday", "hour", "store", "category"]
HABITS: tuple[Habit, ...] = ("channel", "weekday", "hour", "store", "category")
WEEKDAYS = (
    value("Monday"),
    value("Tuesday"),
    value("Wednesday"),
    value("Thursday"),
    value("Friday"),
    value("Saturday"),
    value("Sunday"),
)
HOURS = ("00-04", "04-08", "08-12", "12-16", "16-20", "20-24")

_SOURCES = {
    "channel": ("top_channel_code", "top_channel_order_count"),
    "weekday": ("top_weekday", "top_weekday_order_count"),
    "hour": ("top_hour_band", "top_hour_band_order_count"),
    "store": ("home_store_code", "home_store_order_count"),
    "category": ("top_category_code", "top_category_amount"),
}


def favourites(view: View, members: pl.DataFrame) -> pl.DataFrame:
    """Return the favourites of members: one row per member, in the order they came.

    In: rows of `view.members`. Out: `member_code`, `order_count` (n) and, per habit, its name (`favourite_channel`, `favourite_weekday`,
    `favourite_hour` (a band such as 16-20), `favourite_store` (store_id), `favourite_category`) and its share 0..1
    (`favourite_channel_share`, ...): of the member's orders, for the category of their spend. Null where the member has fewer orders than
    habits.minimum_orders, or the shop has no such column. Equal counts go to the id that sorts first, the earlier weekday or hours.
    """
    enough = pl.col("order_count") >= view.settings.habits.minimum_orders
    columns: list[pl.Expr] = []
    for habit, (code, part) in _SOURCES.items():
        old, new = _names(view, habit)
        whole = "amount" if habit == "category" else "order_count"
        share = (pl.col(part) / pl.col(whole)).clip(0, 1)
        named = pl.col(code).cast(pl.Int64).replace_strict(old, new, default=None, return_dtype=pl.String)
        columns += [
            pl.when(enough).then(named).alias(f"favourite_{habit}"),
            pl.when(enough & (pl.col(whole) > 0) & named.is_not_null()).then(share).alias(f"favourite_{habit}_share"),
        ]
    return members.select("member_code", pl.col("order_count").cast(pl.Int64), *columns)


def _names(view: View, habit: str) -> tuple[list[int], list[str]]:
    """Codes of a habit and what they are called."""
    if habit == "weekday":
        return list(range(1, 8)), list(WEEKDAYS)
    if habit == "hour":
        return list(range(6)), list(HOURS)
    if habit == "store":
        known = view.stores.drop_nulls("store_code")
        return known["store_code"].to_list(), known["store_id"].to_list()
    if habit == "category":
        return view.categories["category_code"].to_list(), view.categories["category"].to_list()
    channels = view.workspace.codes("channel")
    return channels["code"].to_list(), channels["id"].to_list()
