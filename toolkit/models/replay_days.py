"""Replaying a member day: a discount on one weekday, every week or every few weeks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import polars as pl

from toolkit.expressions import divide_half_up
from toolkit.models.replay import REPLAY, reduction


def member_days(weekday: int, first: date, last: date, every_weeks: int) -> list[date]:
    """Return the days of a member day from `first` to `last`: the last such weekday and every so many weeks before it, oldest first.

    >>> member_days(3, date(2024, 6, 1), date(2024, 6, 30), 2)
    [datetime.date(2024, 6, 12), datetime.date(2024, 6, 26)]
    """
    day, days = last - timedelta(days=(last.isoweekday() - weekday) % 7), []
    while day >= first:
        days.append(day)
        day -= timedelta(weeks=every_weeks)
    return days[::-1]


def replay_member_day(
    baskets: pl.DataFrame, days: Sequence[date], *, depth_bp: int, move_days: int, by: Sequence[str] = ()
) -> pl.DataFrame:
    """Return a member day counted on past baskets: one row per group.

    Baskets of the days are free riders. Baskets up to `move_days` days from one of them could move there: they would get the reduction and
    bring nothing new. Within reach are members with a basket in the window but none on or near those days: each could come once more, with
    their mean basket.

    Parameters
    ----------
    baskets
        `member_code`, `day` (Date), `amount` (Int64 minor units, above 0) and the columns `by`, the same for all baskets of a member.

    Returns
    -------
    DataFrame
        `by`, `day_basket_count` baskets on the days, `movable_count` and `movable_amount` (baskets near them) and REPLAY, whose
        `base_amount` are all sales of the window; sorted by `by`.
    """
    near = sorted({day + timedelta(days=shift) for day in days for shift in range(-move_days, move_days + 1)} - set(days))
    on, close = pl.col("day").is_in(list(days)), pl.col("day").is_in(near)
    amount = pl.col("amount")
    off = reduction(amount, depth_bp)
    keys = [*by, "member_code"]
    of_member = baskets.group_by(keys).agg(
        amount.sum().alias("base_amount"),
        on.sum().cast(pl.Int64).alias("free_rider_count"),
        amount.filter(on).sum().alias("free_rider_amount"),
        off.filter(on).sum().alias("free_cost"),
        close.sum().cast(pl.Int64).alias("movable_count"),
        amount.filter(close).sum().alias("movable_amount"),
        off.filter(close).sum().alias("movable_cost"),
        divide_half_up(amount.sum(), pl.len().cast(pl.Int64)).alias("mean_amount"),
    )
    away = (pl.col("free_rider_count") == 0) & (pl.col("movable_count") == 0)
    sums = ["base_amount", "free_rider_count", "free_rider_amount", "free_cost", "movable_count", "movable_amount", "movable_cost"]
    totals = [
        pl.col(sums).sum(),
        away.sum().cast(pl.Int64).alias("within_reach_count"),
        pl.col("mean_amount").filter(away).sum().alias("within_reach_amount"),
        reduction(pl.col("mean_amount"), depth_bp).filter(away).sum().alias("within_reach_cost"),
        pl.lit(0, pl.Int64).alias("contact_count"),
    ]
    made = (of_member.group_by(by).agg(totals) if by else of_member.select(totals)).sort(by or [])
    return made.select(*by, "movable_count", "movable_amount", *REPLAY)
