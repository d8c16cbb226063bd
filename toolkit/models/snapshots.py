"""A member's rhythm as it stood at the close of a day: what prediction models learn from and predict with."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import numpy as np
import polars as pl

from toolkit.errors import DataError

RHYTHM_FEATURES = ("log_recency", "own_gap_days", "days_28", "days_56", "days_91", "log_recency_over_gap", "log_overdue")
"""The features of the purchase model, in order."""

SPEND_FEATURES = ("log_amount_28", "log_amount_91", "log_amount_182", "log_recency", "log_days_28", "log_days_91", "log_seen_share")
"""The seven features of the spend model, in order."""


def shopping_days(orders: pl.DataFrame) -> pl.DataFrame:
    """Return one row per member and day with an order, sorted by both: `member_code`, `day` (Date), `order_count`, `amount` (minor units).

    In: `member_code` (null = not a member, left out), `ordered_at` (Datetime) or `day` (Date), `is_order`, `amount`. Returns alone make
    no shopping day; their amount is left out, since a prediction of spend is of what the member will buy.

    Raises `DataError` when a column is missing.
    """
    day = pl.col("day") if "day" in orders.columns else pl.col("ordered_at").dt.date().alias("day")
    missing = [name for name in ("member_code", "is_order", "amount") if name not in orders.columns]
    missing += [] if {"day", "ordered_at"} & set(orders.columns) else ["ordered_at"]
    if missing:
        raise DataError(f"shopping_days: the orders table needs {missing}, which it does not have.")
    return (
        orders.lazy()
        .filter(pl.col("member_code").is_not_null() & pl.col("is_order"))
        .group_by("member_code", day)
        .agg(pl.len().cast(pl.Int64).alias("order_count"), pl.col("amount").sum())
        .collect()
        .pipe(in_time)
    )


def in_time(days: pl.DataFrame) -> pl.DataFrame:
    """Return the rows sorted by `member_code` and `day`.

    Integer codes are packed with the day into one key, which sorts several times faster than two.
    """
    if days["member_code"].dtype.is_integer():
        return days.sort(pl.col("member_code").cast(pl.Int64) * 2**31 + pl.col("day").to_physical())
    return days.sort("member_code", "day")


def snapshot(days: pl.DataFrame, *, as_of: date) -> pl.DataFrame:
    """Return every member's rhythm at the close of `as_of`: one row per member with a shopping day up to then, sorted by member.

    In: the frame of `shopping_days`. Out: `member_code`, `recency_days`, `day_count`, `age_days` (since the first day seen),
    `own_gap_days` (median pause between shopping days; for a member with one day the larger of the shop's median and the recency),
    `days_28`, `days_56`, `days_91` (shopping days in the last 28, 56, 91 days), `amount_28`, `amount_91`, `amount_182` (minor units),
    and the features made of them. Where the shop's receipts start within a span, the amount features are scaled up to the whole span:
    a half-filled one taught the spend model on the Complete Journey to promise 1.4 times what came. Nothing after `as_of` is read.
    """
    back = (pl.lit(as_of) - pl.col("day")).dt.total_days()
    first = days["day"].min()
    observed_days = (as_of - first).days + 1 if isinstance(first, date) else 1
    spend_span = max(1, min(182, observed_days))
    same = pl.col("member_code") == pl.col("member_code").shift(1)
    gap = pl.when(same).then(pl.col("day").diff().dt.total_days())
    seen = in_time(days.filter(pl.col("day") <= as_of)).with_columns(back.alias("back"), gap.alias("gap"))
    rhythm = (
        seen.group_by("member_code")
        .agg(
            pl.col("back").min().alias("recency_days"),
            pl.len().cast(pl.Int64).alias("day_count"),
            pl.col("back").max().alias("age_days"),
            pl.col("gap").median().alias("own_gap_days"),
            *[(pl.col("back") < span).sum().cast(pl.Int64).alias(f"days_{span}") for span in (28, 56, 91)],
            *[pl.col("amount").filter(pl.col("back") < span).sum().alias(f"amount_{span}") for span in (28, 91, 182)],
        )
        .sort("member_code")
    )
    usual = pl.max_horizontal(pl.col("own_gap_days").median().fill_null(1.0), "recency_days")
    rhythm = rhythm.with_columns(pl.col("own_gap_days").fill_null(usual).cast(pl.Float64))
    over_gap = ((pl.col("recency_days") + 1) / (pl.col("own_gap_days") + 1)).log()
    return rhythm.with_columns(
        pl.col("recency_days").log1p().alias("log_recency"),
        over_gap.alias("log_recency_over_gap"),
        # Until the own pause is over a purchase becomes likelier, from then on less likely: one slope cannot say both.
        over_gap.clip(0, None).alias("log_overdue"),
        *[pl.col(f"days_{span}").log1p().alias(f"log_days_{span}") for span in (28, 91)],
        *[
            (pl.col(f"amount_{span}").clip(0, None) * (span / max(1, min(span, observed_days)))).log1p().alias(f"log_amount_{span}")
            for span in (28, 91, 182)
        ],
        # A newcomer's spans are half filled for another reason: told apart, or a growing shop is promised a fifth too much.
        (pl.min_horizontal(pl.col("age_days") + 1, pl.lit(spend_span)) / spend_span).log().alias("log_seen_share"),
    )


def outcome(days: pl.DataFrame, *, as_of: date, horizon_days: int) -> pl.DataFrame:
    """Return what members did in the `horizon_days` days after `as_of`: `member_code`, `bought` (Boolean), `spent` (minor units).

    Members without a shopping day in the window have no row. For training and for tests only: the window lies after `as_of`.
    """
    window = days.filter((pl.col("day") > as_of) & (pl.col("day") <= as_of + timedelta(days=horizon_days)))
    return window.group_by("member_code").agg(pl.lit(True).alias("bought"), pl.col("amount").sum().alias("spent")).sort("member_code")


def with_outcome(promised: pl.DataFrame, days: pl.DataFrame, on: date, horizon_days: int, came: pl.Expr) -> pl.DataFrame | None:
    """Return what was promised of each member on a day (`member_code`, `promised`) beside what `came`; None where nothing was."""
    if promised.is_empty():
        return None
    followed = outcome(days, as_of=on, horizon_days=horizon_days)
    return promised.join(followed, on="member_code", how="left", maintain_order="left").select("promised", came.alias("came"))


def promised_over_came(judged: pl.DataFrame | None) -> float | None:
    """Return what was promised over what came; sorted first, so that the sum does not rest on the order of members."""
    received = float(judged["came"].sum()) if judged is not None else 0.0
    return float(judged["promised"].sort().sum()) / received if judged is not None and received > 0 else None


def training_rows(
    days: pl.DataFrame,
    *,
    as_of: date,
    horizon_days: int,
    history_days: int = 91,
    step_days: int = 28,
    most_snapshots: int = 6,
    stands: Sequence[date] = (),
) -> pl.DataFrame:
    """Return earlier snapshots with what followed: one row per member and snapshot, sorted by snapshot (latest first) and member.

    A snapshot stands at `as_of - horizon_days` and every `step_days` before it, so each outcome window ends on `as_of` at the latest:
    nothing after `as_of` is learned from. A snapshot needs `history_days` of receipts before it; at most `most_snapshots` are taken.
    `stands` names the days instead, latest first (`season.Season.stands`).
    Out: the columns of `snapshot`, `snapshot_on` (Date), `bought`, `spent`. Empty when the history is too short.
    """
    first = days["day"].min()
    wanted = stands or [as_of - timedelta(days=horizon_days + step_days * back) for back in range(most_snapshots)]
    latest = as_of - timedelta(days=horizon_days)
    kept = [on for on in wanted if isinstance(first, date) and on <= latest and (on - first).days + 1 >= history_days]
    rows = [labelled_snapshot(days, as_of=on, horizon_days=horizon_days) for on in kept]
    return pl.concat(rows) if rows else labelled_snapshot(days.clear(), as_of=as_of, horizon_days=horizon_days)


def labelled_snapshot(days: pl.DataFrame, *, as_of: date, horizon_days: int) -> pl.DataFrame:
    """Return the rhythm at the close of `as_of` and what followed: the columns of `snapshot`, `snapshot_on`, `bought`, `spent`."""
    followed = outcome(days, as_of=as_of, horizon_days=horizon_days)
    return (
        snapshot(days, as_of=as_of)
        .join(followed, on="member_code", how="left", maintain_order="left")
        .with_columns(pl.lit(as_of).alias("snapshot_on"), pl.col("bought").fill_null(False), pl.col("spent").fill_null(0))
    )


def matrix(rows: pl.DataFrame, features: Sequence[str]) -> np.ndarray:
    """Return the features as a float array, rows x columns."""
    return rows.select(pl.col(name).cast(pl.Float64) for name in features).to_numpy()
