"""What the members of a case did before it began, as columns for a regression."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

import numpy as np
import polars as pl

from toolkit.language import later
from toolkit.models.past_covariates import PAST_SUMS, past_columns
from toolkit.scope.view import View

_WINDOWS = {
    "spend_1_28d": (1, 28),
    "spend_29_56d": (29, 56),
    "spend_57_91d": (57, 91),
    "spend_92_182d": (92, 182),
    "spend_183_364d": (183, 364),
}

PAST_NAMES = {
    "spend_91d": later("spend 91 days"),
    "log_spend_91d": later("spend 91 days"),
    "spend_92_182d": later("spend 92 to 182 days"),
    "spend_28d": later("spend 28 days"),
    "log_spend_28d": later("spend 28 days"),
    "spend_29_56d": later("spend 29 to 56 days"),
    "spend_183_364d": later("spend 183 364 days"),
    "spend_91d_recent": later("spend 91 days recent"),
    "spend_91d_quiet": later("spend 91 days quiet"),
    "spend_92_182d_quiet": later("spend 92 to 182 days quiet"),
    "spend_183_364d_quiet": later("spend 183 364 days quiet"),
    "spend_182d_present": later("spend 182 days present"),
    "spend_364d_present": later("spend 364 days present"),
    "spend_364d_half_present": later("spend 364 days half present"),
    "days_28d": later("shopping days in 28 days"),
    "days_91d": later("shopping days in 91 days"),
    "days_182d": later("shopping days in 182 days"),
    "recency_days": later("recency days"),
    "log_recency_days": later("recency days"),
    "presence": later("presence"),
}
"""The columns of the past (`toolkit.models.past_covariates`) in a sentence."""
REASONS = {
    "spend_28d": later("spend of the last 28 days"),
    "log_spend_28d": later("spend of the last 28 days"),
    "spend_29_56d": later("spend of the four weeks before the last 28 days"),
    "spend_91d": later("spend of the last 91 days"),
    "log_spend_91d": later("spend of the last 91 days"),
    "spend_92_182d": later("spend of three to six months ago"),
    "spend_183_364d": later("spend of six to twelve months ago"),
    "days_28d": later("shopping days of the last 28 days"),
    "days_91d": later("shopping days of the last 91 days"),
    "days_182d": later("shopping days of the last half year"),
    "recency_days": later("days since the last order"),
    "log_recency_days": later("days since the last order"),
    "presence": later("silence by the member's own rhythm"),
}
"""The columns that are a reason by themselves, as a manager calls them; the others are spends of some members and zero for the rest."""


@dataclass(frozen=True)
class Past:
    """`values`: one row per member, one column per name, the most telling first."""

    names: tuple[str, ...]
    values: np.ndarray

    def column(self, name: str) -> np.ndarray:
        """Return one column."""
        return self.values[:, self.names.index(name)]


def past_of_members(view: View, codes: pl.DataFrame, start: date) -> Past:
    """Return what each member did across the chain in the year before `start`: one row per row of `codes`, in its order.

    In: one row per member with `member_code` (null = no receipt). Columns: see `toolkit.models.past_covariates`. Nothing of `start` or
    later is in it, whatever the view's day.
    """
    first = datetime.combine(start, time())
    back = (pl.lit(start) - pl.col("ordered_at").dt.date()).dt.total_days()
    spends = [pl.col("amount").filter(back.is_between(*days)).sum().alias(name) for name, days in _WINDOWS.items()]
    day = pl.col("ordered_at").dt.date()
    bought = [day.filter(pl.col("is_order") & (back <= days)).n_unique().alias(f"days_{days}d") for days in (28, 91, 182)]
    sums = (
        view.mart.orders.filter(
            pl.col("ordered_at") < first, pl.col("ordered_at") >= first - timedelta(days=364), pl.col("member_code").is_not_null()
        )
        .join(codes.lazy().select("member_code").drop_nulls(), on="member_code", how="semi")
        .group_by("member_code")
        .agg(*spends, *bought, back.filter("is_order").min().alias("recency_days"))
        .collect()
        .with_columns(pl.col(name) / view.minor_units for name in _WINDOWS)
    )
    made = codes.select("member_code").join(sums, on="member_code", how="left", maintain_order="left").select(PAST_SUMS.names())
    columns = past_columns(made.cast(PAST_SUMS))  # type: ignore[arg-type]
    return Past(tuple(columns.columns), columns.to_numpy())
