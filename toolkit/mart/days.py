"""Orders -> what a member's shopping days say: counts, gaps, and the day-level sums that shrinkage needs."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl

from toolkit.expressions import BASIS_POINTS, share_in_basis_points
from toolkit.mart.runs import Runs, as_array, runs_of

_EPOCH = date(1970, 1, 1)


def shopping_days(day: np.ndarray, member: np.ndarray, orders: pl.DataFrame) -> pl.DataFrame:
    """Return one row per member x shopping day: member (number), day (number), has_coupon, promo_bp.

    A shopping day is a day with at least one order; returns of that day count in its money. promo_bp is the share of the day's amount
    bought on discount in basis points, null where the day's amount is not above 0.
    """
    runs = runs_of(member, day)
    sums = runs.sums(orders.select("amount", "promo_amount", "coupon_amount"))
    days = pl.DataFrame(
        {
            "member": member[runs.starts],
            "day": day[runs.starts],
            "has_order": runs.any(as_array(orders["is_order"])),
            **sums,
        }
    )
    return days.filter("has_order").select(
        "member",
        "day",
        has_coupon=pl.col("coupon_amount") > 0,
        promo_bp=share_in_basis_points(pl.col("promo_amount"), pl.col("amount")),
    )


def day_features(days: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """Return one row per member with a shopping day: `member` and the day columns of MEMBER_FEATURES.

    Gaps are between consecutive shopping days. Their mean is (last - first) / (n - 1); their standard deviation (n - 2 degrees of freedom)
    comes from integer sums, so it is the same to the last bit in any order of rows.
    """
    member, day = as_array(days["member"]), as_array(days["day"])
    runs = runs_of(member)
    today = (as_of - _EPOCH).days
    gap = np.diff(day, prepend=day[:1])
    gap[runs.starts] = 0
    odd = pl.col("day") % 2 == 1
    measured = pl.col("promo_bp").is_not_null()
    share = pl.col("promo_bp").fill_null(0)
    flags = days.select(
        active_month_count=pl.Series(_new_month(day, runs)),
        day_count_28d=pl.col("day") > today - 28,
        day_count_56d=pl.col("day") > today - 56,
        day_count_91d=pl.col("day") > today - 91,
        coupon_day_count=pl.col("has_coupon"),
        promo_days=measured,
        promo_days_odd=measured & odd,
        promo_bp=share,
        promo_bp_odd=pl.when(odd).then(share).otherwise(0),
        promo_bp_sq=share * share,
        coupon_days_odd=odd,
        coupon_odd=pl.col("has_coupon") & odd,
        gap_sq=pl.Series(gap * gap),
    )
    sums = pl.DataFrame(runs.sums(flags.cast(pl.Int64)))
    ends = pl.DataFrame(
        {
            "member": member[runs.starts],
            "first_ordered_on": day[runs.starts],
            "last_ordered_on": day[runs.ends - 1],
            "day_count": runs.lengths,
            "last_gap_days": gap[runs.ends - 1],
        }
    )
    return pl.concat([ends, sums], how="horizontal").with_columns(*_parities(), *_gap_statistics()).with_columns(*_dates())


def _new_month(day: np.ndarray, runs: Runs) -> np.ndarray:
    """True on a member's first shopping day of each calendar month."""
    if len(day) == 0:
        return np.zeros(0, dtype=bool)
    first = int(day.min())
    calendar = np.arange(first, int(day.max()) + 1).astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    month = calendar[day - first]
    changes = np.empty(len(day), dtype=bool)
    np.not_equal(month[1:], month[:-1], out=changes[1:])
    changes[runs.starts] = True
    return changes


def _parities() -> list[pl.Expr]:
    """Even days are all days less the odd ones; a coupon day weighs a whole."""
    coupon, coupon_odd = pl.col("coupon_day_count"), pl.col("coupon_odd")
    return [
        (pl.col("promo_days") - pl.col("promo_days_odd")).alias("promo_days_even"),
        (pl.col("promo_bp") - pl.col("promo_bp_odd")).alias("promo_bp_even"),
        (pl.col("day_count") - pl.col("coupon_days_odd")).alias("coupon_days_even"),
        (BASIS_POINTS * coupon_odd).alias("coupon_bp_odd"),
        (BASIS_POINTS * (coupon - coupon_odd)).alias("coupon_bp_even"),
        (BASIS_POINTS * BASIS_POINTS * coupon).alias("coupon_bp_sq"),
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
