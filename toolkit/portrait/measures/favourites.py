"""Favourites of each member: channel, weekday, hours, store, category, each with its share and the orders it rests on."""

from __future__ import annotations

from datetime import date
from typing import Literal

import polars as pl

from toolkit.expressions import hour_band
from toolkit.language import value
from toolkit.mart.catalogue import NO_CATEGORY
from toolkit.models.own_habits import favourite_options
from toolkit.scope.fiscal import week_of
from toolkit.scope.view import View
from toolkit.settings import CalendarSettings

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


def weekdays_of(calendar: CalendarSettings) -> list[str]:
    """Return the weekdays in the order of the shop's week.

    >>> weekdays_of(CalendarSettings(week_starts="sunday"))[:2]
    ['Sunday', 'Monday']
    """
    first = week_of(date(2024, 1, 1), calendar).start.weekday()
    return [*WEEKDAYS[first:], *WEEKDAYS[:first]]


HOURS = ("00-04", "04-08", "08-12", "12-16", "16-20", "20-24")


def favourites(view: View, members: pl.DataFrame) -> pl.DataFrame:
    """Return the favourites of members: one row per member, in the order they came.

    In: rows of `view.members`. Out: `member_code`, `order_count` (n), `is_measured` (at least habits.minimum_orders orders) and, per habit,
    its name (`favourite_channel`, `favourite_weekday`, `favourite_hour` (a band such as 16-20), `favourite_store` (store_id),
    `favourite_category`) and its share 0..1 (`favourite_channel_share`, ...): of the member's orders, for the category of their spend.
    What they do most is a favourite only beyond chance (`models.favourite_options`, habits.most_doubt). Null where it is not, where two
    are equal, where the member is not measured, or the shop has no such column.
    """
    chosen = view.chainwide("favourites", _favourites, "habits")
    columns: list[pl.Expr] = []
    for habit in HABITS:
        old, new = _names(view, habit)
        code = pl.col(f"{habit}_option")
        columns += [
            code.replace_strict(old, new, default=None, return_dtype=pl.String).alias(f"favourite_{habit}"),
            pl.when(code.is_not_null()).then(pl.col(f"{habit}_share")).alias(f"favourite_{habit}_share"),
        ]
    enough = pl.col("order_count") >= view.settings.habits.minimum_orders
    return (
        members.select("member_code", pl.col("order_count").cast(pl.Int64), enough.alias("is_measured"))
        .join(chosen, on="member_code", how="left", maintain_order="left")
        .select("member_code", "order_count", "is_measured", *columns)
    )


def _favourites(view: View) -> pl.DataFrame:
    """Per measured member and habit the code of the favourite (`store_option`, ...) and its share (`store_share`, ...)."""
    settings = view.settings.habits
    whole = pl.col("order_count").cast(pl.Int64)
    made = view.population.filter(whole >= settings.minimum_orders).select("member_code", whole, "amount").sort("member_code")
    shares = made.select("member_code")
    for habit in HABITS:
        choices = _choices(view, habit)
        named = favourite_options(choices).filter(pl.col("doubt") <= settings.most_doubt)
        liked = (
            named.join(choices, on=["member_code", "option"])
            .join(made, on="member_code")
            .select(
                "member_code",
                pl.col("option").alias(f"{habit}_option"),
                (pl.col("most_by") / pl.col("amount" if habit == "category" else "order_count")).clip(0, 1).alias(f"{habit}_share"),
            )
        )
        shares = shares.join(liked, on="member_code", how="left", maintain_order="left")
    return shares


def _choices(view: View, habit: Habit) -> pl.DataFrame:
    """What `models.favourite_options` takes: days with each option, and the orders (for categories: the spend) that make one the most."""
    if habit == "category":
        return (
            view.member_category.filter(pl.col("order_count") > 0)
            .select(
                "member_code",
                option=pl.col("category_code").cast(pl.Int64),
                count=pl.col("day_count").cast(pl.Int64),
                most_by=pl.col("amount"),
            )
            .collect()
        )
    at = pl.col("ordered_at")
    option = {"weekday": at.dt.weekday(), "hour": hour_band(at)}.get(habit, pl.col(f"{habit}_code")).cast(pl.Int64)
    return (
        view.orders.filter("is_order", pl.col("member_code").is_not_null())
        .select("member_code", option=option, day=at.dt.date())
        .drop_nulls("option")
        .group_by("member_code", "option", "day")
        .agg(pl.len().cast(pl.Int64).alias("orders"))
        .group_by("member_code", "option")
        .agg(pl.len().cast(pl.Int64).alias("count"), pl.col("orders").sum().alias("most_by"))
        .collect()
    )


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
        named = view.categories.filter(pl.col("category") != NO_CATEGORY)
        return named["category_code"].to_list(), named["category"].to_list()
    channels = view.workspace.codes("channel")
    return channels["code"].to_list(), channels["id"].to_list()
