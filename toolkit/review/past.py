"""What the members of a case did before it began, as columns for a regression."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

import numpy as np
import polars as pl

from toolkit.mart.view import View


@dataclass(frozen=True)
class Past:
    """`values`: one row per member, one column per name, the most telling first."""

    names: tuple[str, ...]
    values: np.ndarray

    def column(self, name: str) -> np.ndarray:
        """Return one column."""
        return self.values[:, self.names.index(name)]


def past_of_members(view: View, codes: pl.DataFrame, start: date) -> Past:
    """Return what each member did before `start`: spend and shopping days of the last four weeks, quarter and half year, and recency.

    In: one row per member with `member_code` (null = no receipt: all zeros, recency 400 days). Source: DEFINITIONS.md section 4.
    """
    first = datetime.combine(start, time())
    back = (pl.lit(start) - pl.col("ordered_at").dt.date()).dt.total_days()

    def spend(a: int, b: int) -> pl.Expr:
        return pl.col("amount").filter(back.is_between(a, b)).sum().cast(pl.Float64)

    def days(b: int) -> pl.Expr:
        return pl.col("ordered_at").dt.date().filter(pl.col("is_order") & (back <= b)).n_unique().cast(pl.Float64)

    made = (
        view.mart.orders.filter(
            pl.col("ordered_at") < first, pl.col("ordered_at") >= first - timedelta(days=400), pl.col("member_code").is_not_null()
        )
        .group_by("member_code")
        .agg(
            spend(1, 91).alias("spend_91d"),
            spend(1, 28).alias("spend_28d"),
            spend(29, 56).alias("spend_29_56d"),
            spend(92, 182).alias("spend_92_182d"),
            days(91).alias("days_91d"),
            days(28).alias("days_28d"),
            back.filter("is_order").min().cast(pl.Float64).alias("recency_days"),
        )
        .with_columns(
            pl.col("spend_91d").clip(0).log1p().alias("log_spend_91d"), pl.col("spend_28d").clip(0).log1p().alias("log_spend_28d")
        )
        .collect()
    )
    f = (
        codes.join(made, on="member_code", how="left", maintain_order="left")
        .drop("member_code")
        .with_columns(pl.col("recency_days").fill_null(400.0))
        .fill_null(0.0)
    )
    return Past(tuple(f.columns), f.to_numpy())
