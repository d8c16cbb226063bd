"""The ways of entrants: what led each of their first three shopping days, and whether they came back in time."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

import polars as pl

from toolkit.language import value
from toolkit.mart.sequences import VISITS
from toolkit.scope.view import View
from toolkit.targeting.measures.first_visits import Entrants, first_visits

STOPPED = value("did not come back")
OTHERS = value("all others")
Place = Literal["category", "department"]
PlacedBy = Literal["auto", "category", "department"]


def ripe_members(view: View, new: Entrants) -> pl.DataFrame:
    """Return the entrants who began at least twice sequences.follow_days before as_of: rows of `new.members`.

    Each had the same time to come back twice, so that nothing need be corrected for members still on their way.
    """
    return new.members.filter(pl.col("first_day") <= view.as_of - timedelta(days=2 * view.settings.sequences.follow_days))


def placed_ways(view: View, members: pl.DataFrame, by: PlacedBy) -> tuple[Place, pl.DataFrame]:
    """Return what a shopping day is placed by, and the ways (see `ways`); `auto` = departments where categories say too little."""
    if by != "auto":
        return by, ways(view, members, by)
    walked = ways(view, members, "category")
    named = pl.concat([walked[f"place_{visit}"].alias("place") for visit in range(1, VISITS + 1)]).drop_nulls()
    if named.is_empty() or (named != OTHERS).sum() >= 0.5 * named.len() or not view.categories["department"].count():
        return "category", walked
    return "department", ways(view, members, "department")


def ways(view: View, members: pl.DataFrame, by: Place) -> pl.DataFrame:
    """Return the way of each member given: one row per member, sorted by member_code.

    Columns: those of `first_visits`, where `lead_2` and `lead_3` are null for who did not come back in time (sequences.follow_days);
    `place_1` to `place_3` (the lead where it is one of the most common ones, else OTHERS; null likewise); `gap_1`, `gap_2` (days to the
    next shopping day, null likewise); `back_1`, `back_2` (came back in time).
    """
    follow = view.settings.sequences.follow_days
    visits = first_visits(view, by).join(members, on="member_code", how="semi")
    for visit in range(1, VISITS):
        gap = (pl.col(f"day_{visit + 1}") - pl.col(f"day_{visit}")).dt.total_days()
        visits = visits.with_columns(pl.when(gap <= follow).then(gap).alias(f"gap_{visit}"))
    came_twice = pl.col("gap_1").is_not_null()
    visits = visits.with_columns(
        pl.when(came_twice).then("lead_2").alias("lead_2"),
        pl.when(came_twice).then("gap_2").alias("gap_2"),
        pl.when(came_twice & pl.col("gap_2").is_not_null()).then("lead_3").alias("lead_3"),
    )
    leads = pl.concat([visits.select(pl.col(f"lead_{visit}").alias("lead")) for visit in range(1, VISITS + 1)]).drop_nulls()
    common = leads["lead"].value_counts().sort("count", "lead", descending=[True, False])
    named = common.head(view.settings.sequences.path_places)["lead"].to_list()
    return visits.with_columns(
        pl.col("gap_1").is_not_null().alias("back_1"),
        pl.col("gap_2").is_not_null().alias("back_2"),
        *[
            pl.when(pl.col(f"lead_{visit}").is_null() | pl.col(f"lead_{visit}").is_in(named))
            .then(f"lead_{visit}")
            .otherwise(pl.lit(OTHERS))
            .alias(f"place_{visit}")
            for visit in range(1, VISITS + 1)
        ],
    )
