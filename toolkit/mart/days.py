"""Orders -> what a member's shopping days say: counts, gaps, and the day-level sums that shrinkage needs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from toolkit.expressions import BASIS_POINTS, share_in_basis_points
from toolkit.mart.runs import Runs, as_array, changes_in, runs_of


@dataclass(frozen=True)
class Days:
    """One element per member x shopping day, by member and day: a day with at least one order.

    `member` and `day` are numbers; `promo_bp` is the share of the day's amount bought on discount in basis points, -1 where that amount is
    not above 0. Returns of the day count in its money.
    """

    member: np.ndarray
    day: np.ndarray
    has_coupon: np.ndarray
    promo_bp: np.ndarray


def shopping_days(day: np.ndarray, member: np.ndarray, orders: pl.DataFrame) -> Days:
    """Return the shopping days of orders (schema ORDERS) whose day and member numbers are given."""
    runs = runs_of(member, day)
    days = pl.DataFrame(runs.sums(orders.select("amount", "promo_amount", "coupon_amount"))).select(
        share_in_basis_points(pl.col("promo_amount"), pl.col("amount")).fill_null(-1).alias("promo_bp"),
        (pl.col("coupon_amount") > 0).alias("has_coupon"),
    )
    columns = (member[runs.starts], day[runs.starts], as_array(days["has_coupon"]), as_array(days["promo_bp"]))
    shopped = runs.any(as_array(orders["is_order"]))
    return Days(*columns) if shopped.all() else Days(*(column[shopped] for column in columns))


def day_features(days: Days, today: int) -> pl.DataFrame:
    """Return one row per member with a shopping day: `member` (number) and the day columns of MEMBER_FEATURES.

    Gaps are between consecutive shopping days. Their mean is (last - first) / (n - 1); their standard deviation (n - 2 degrees of freedom)
    comes from integer sums, so it is the same to the last bit in any order of rows.
    """
    day, runs = days.day, runs_of(days.member)
    gap = np.diff(day, prepend=day[:1])
    gap[runs.starts] = 0
    odd = day % 2 == 1
    measured = days.promo_bp >= 0
    share = days.promo_bp * measured
    features = {
        "member": days.member[runs.starts],
        "first_ordered_on": day[runs.starts],
        "last_ordered_on": day[runs.ends - 1],
        "day_count": runs.lengths,
        "last_gap_days": gap[runs.ends - 1],
        "active_month_count": runs.sum(changes_in(_months(day), runs.starts)),
        **{f"day_count_{window}d": runs.sum(day > today - window) for window in (28, 56, 91)},
        **_parities("promo_days", measured, odd, runs),
        **_parities("promo_bp", share, odd, runs),
        "promo_bp_sq": runs.sum(share * share),
        **_parities("coupon_days", np.ones(len(day), dtype=bool), odd, runs),
        **_parities("coupon_bp", days.has_coupon, odd, runs),
        "gap_sq": runs.sum(gap * gap),
    }
    return pl.DataFrame(features).with_columns(*_coupons(), *_gap_statistics()).with_columns(*_dates())


def _months(day: np.ndarray) -> np.ndarray:
    """The calendar month of each day number, by way of a calendar of the days there are."""
    if len(day) == 0:
        return day
    first = int(day.min())
    calendar = np.arange(first, int(day.max()) + 1).astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    return calendar[day - first]


def _parities(name: str, values: np.ndarray, odd: np.ndarray, runs: Runs) -> dict[str, np.ndarray]:
    """Sums over odd and over even days."""
    on_odd = runs.sum(values & odd if values.dtype == bool else values * odd)
    return {f"{name}_odd": on_odd, f"{name}_even": runs.sum(values) - on_odd}


def _coupons() -> list[pl.Expr]:
    """A coupon day weighs a whole."""
    odd, even = pl.col("coupon_bp_odd"), pl.col("coupon_bp_even")
    return [
        (odd + even).alias("coupon_day_count"),
        (odd * BASIS_POINTS).alias("coupon_bp_odd"),
        (even * BASIS_POINTS).alias("coupon_bp_even"),
        ((odd + even) * BASIS_POINTS * BASIS_POINTS).alias("coupon_bp_sq"),
    ]


def _gap_statistics() -> list[pl.Expr]:
    gaps = pl.col("day_count") - 1
    span = pl.col("last_ordered_on") - pl.col("first_ordered_on")
    spread = gaps * pl.col("gap_sq") - span * span
    return [
        (span / pl.when(gaps >= 1).then(gaps)).alias("gap_days_mean"),
        (spread / pl.when(gaps >= 2).then(gaps * (gaps - 1))).sqrt().alias("gap_days_std"),
        pl.when(gaps >= 1).then(pl.col("last_gap_days")).alias("last_gap_days"),
    ]


def _dates() -> list[pl.Expr]:
    return [pl.col("first_ordered_on", "last_ordered_on").cast(pl.Int32).cast(pl.Date)]
