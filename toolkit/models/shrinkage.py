"""Shares per member, pulled towards the shop as far as the member's few shopping days demand."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from toolkit.errors import DataError
from toolkit.expressions import BASIS_POINTS  # day shares are whole ones, so that sums over days are exact
from toolkit.models.reasons import Reason, Why


@dataclass(frozen=True, slots=True)
class Kappa:
    """How many shopping days weigh as much as knowing nothing but the shop.

    `value` = within-day variance / variance between members (both of a day's share, 0..1); null where `status` is `not measured`.
    """

    value: float | None
    within_variance: float
    between_variance: float
    member_count: int
    day_count: int
    status: str
    reason: Reason | None


def _columns(members: pl.DataFrame, trait: str) -> pl.DataFrame:
    """Return the trait's five columns under plain names, as Int64."""
    names = {part: f"{trait}_{part}" for part in ("days_odd", "days_even", "bp_odd", "bp_even", "bp_sq")}
    missing = [name for name in names.values() if name not in members.columns]
    if missing:
        raise DataError(f"shrinkage of '{trait}': the members table needs the columns {missing}, which it does not have; rebuild the mart.")
    return members.select(pl.col(name).cast(pl.Int64).alias(part) for part, name in names.items())


def estimate_kappa(members: pl.DataFrame, *, trait: str, minimum_members: int = 100, minimum_days: int = 4) -> Kappa:
    """Return kappa = variance of a member's day share within members / covariance of the members' odd-day and even-day means.

    In: one row per member with `{trait}_days_odd`, `{trait}_days_even` (shopping days on odd and even calendar days),
    `{trait}_bp_odd`, `{trait}_bp_even` (sums of the day's share in basis points), `{trait}_bp_sq` (sum of its squares over all days).

    Odd and even days share nothing but the member, so their covariance is the variance between members with the noise of the days
    already out of it. Members weigh by `odd * even / (odd + even)`, the precision of their pair of means. Members with fewer than
    `minimum_days` days, or with days of one kind only, are left out of the covariance. `not measured` with fewer than
    `minimum_members` of them or when the covariance is not above zero (nothing then distinguishes members).

    Source: DEFINITIONS.md section 1, price sensitivity; variance components as in Searle, Casella and McCulloch (1992), ch. 3.
    """
    stats = _columns(members, trait).with_columns((pl.col("days_odd") + pl.col("days_even")).alias("days"))
    # Sorted, because the float sums below would otherwise depend on the order of the members.
    stats = stats.filter(pl.col("days") > 0).sort(pl.all())
    repeated = stats.filter(pl.col("days") > 1)
    freedom = int((repeated["days"] - 1).sum())
    spread = repeated["bp_sq"].to_numpy() - (repeated["bp_odd"] + repeated["bp_even"]).to_numpy() ** 2 / repeated["days"].to_numpy()
    within = float(spread.sum()) / freedom / BASIS_POINTS**2 if freedom else 0.0
    paired = stats.filter((pl.col("days") >= minimum_days) & (pl.col("days_odd") > 0) & (pl.col("days_even") > 0))
    days = int(paired["days"].sum())
    if paired.height < minimum_members:
        reason = Reason(Why.FEW_WITH_DAYS, members=paired.height, minimum_days=minimum_days, minimum_members=minimum_members)
        return Kappa(None, within, 0.0, paired.height, days, "not measured", reason)
    odd, even = paired["days_odd"].to_numpy(), paired["days_even"].to_numpy()
    odd_mean = paired["bp_odd"].to_numpy() / odd / BASIS_POINTS
    even_mean = paired["bp_even"].to_numpy() / even / BASIS_POINTS
    precision = odd * even / (odd + even)
    total = precision.sum()
    odd_centre, even_centre = (precision * odd_mean).sum() / total, (precision * even_mean).sum() / total
    between = float((precision * (odd_mean - odd_centre) * (even_mean - even_centre)).sum() / total)
    if between <= 0 or within <= 0:
        why = Why.MEMBERS_ALIKE if between <= 0 else Why.DAYS_ALIKE
        return Kappa(None, within, between, paired.height, days, "not measured", Reason(why))
    return Kappa(within / between, within, between, paired.height, days, "measured", None)


def _expected(days: np.ndarray, raw: np.ndarray, kappa: float, wanted: np.ndarray, by_days: bool) -> np.ndarray:
    """Return the shop's weighted mean share or, `by_days`, a weighted line over log(days), at the `wanted` numbers of shopping days."""
    # Whole millionths, summed per distinct number of days: the fit is then the same for any row order.
    table = (
        pl.DataFrame({"days": days, "raw": np.rint(raw * 1e6).astype(np.int64)})
        .group_by("days")
        .agg(pl.len().cast(pl.Int64).alias("members"), pl.col("raw").sum())
        .sort("days")
    )
    at, members = table["days"].to_numpy(), table["members"].to_numpy()
    mean = table["raw"].to_numpy() / members / 1e6
    weight = members * at / (at + kappa)
    centre = (weight * mean).sum() / weight.sum()
    if not by_days:
        return np.full(wanted.size, centre)
    log_days = np.log(at)
    log_centre = (weight * log_days).sum() / weight.sum()
    spread = (weight * (log_days - log_centre) ** 2).sum()
    slope = (weight * (log_days - log_centre) * (mean - centre)).sum() / spread if spread > 0 else 0.0
    return np.clip(centre + slope * (np.log(wanted) - log_centre), mean.min(), mean.max())


def shrink(members: pl.DataFrame, *, trait: str, kappa: float, raw: str | None = None, by_days: bool = False) -> pl.DataFrame:
    """Return the trait of every member: raw share, share expected of such a member, and the shrunk share between them.

    In: the five columns of `estimate_kappa`; `raw` names a member-level share (0..1) to shrink in place of the mean of the day shares
    (promo dependence is a share of spend). Out, rows as they came: `{trait}_days` (shopping days it rests on), `{trait}_raw`,
    `{trait}_expected`, `{trait}_weight` (w = days / (days + kappa)), `{trait}_share` = w * raw + (1 - w) * expected; the shares 0..1.
    Without a day raw is null, w is 0 and the share is what is expected of a member with one day.

    What is expected is the shop's mean or, with `by_days`, what members with as many shopping days show (a line over log(days)). Take the
    latter where coming often and the trait go together: on the Complete Journey those who come often use coupons 1.7 times as often,
    and one mean would lift the rare visitor above the regular one (AUC for redemption .74 instead of .75); their discount share
    hardly differs (.46 to .50), and the line only adds noise.

    Raises `DataError` when a column is missing.
    """
    stats = _columns(members, trait)
    days = (stats["days_odd"] + stats["days_even"]).to_numpy()
    if raw is not None and raw not in members.columns:
        raise DataError(f"shrinkage of '{trait}': the members table needs the column '{raw}', which it does not have.")
    mean_of_days = (stats["bp_odd"] + stats["bp_even"]).to_numpy() / np.maximum(days, 1) / BASIS_POINTS
    share = mean_of_days if raw is None else members[raw].cast(pl.Float64).clip(0, 1).fill_nan(None).fill_null(0).to_numpy()
    known = days > 0
    nothing = pl.Series([None] * days.size, dtype=pl.Float64)
    if not known.any():
        return pl.DataFrame({f"{trait}_{part}": nothing for part in ("raw", "expected", "weight", "share")}).insert_column(
            0, pl.Series(f"{trait}_days", days)
        )
    expected = _expected(days[known], share[known], kappa, np.maximum(days, 1), by_days)
    weight = days / (days + kappa)
    return pl.DataFrame(
        {
            f"{trait}_days": days,
            f"{trait}_raw": pl.Series(share).zip_with(pl.Series(known), nothing),
            f"{trait}_expected": expected,
            f"{trait}_weight": weight,
            f"{trait}_share": np.where(known, weight * share, 0.0) + (1 - weight) * expected,
        }
    )


def shrunk_pace(counts: np.ndarray, periods: np.ndarray) -> np.ndarray:
    """Return events in a period for every member, drawn to the shop's pace as far as the member's few periods demand.

    In: how often, in how many periods (0 = not seen: the shop's pace). Out: (count + a) / (periods + b), with a = m b, b = m / v, m the
    events of all over the periods of all and v the variance of members' paces beyond that of a Poisson count (method of moments; members
    who differ by no more than that all have the shop's pace). Source: Clayton and Kaldor, Biometrics 43 (1987), 671-681.

    >>> shrunk_pace(np.array([0, 0, 8, 8]), np.array([4.0, 4.0, 4.0, 4.0])).round(2).tolist()
    [0.25, 0.25, 1.75, 1.75]
    """
    whole = float(periods.sum())
    if whole <= 0:
        return np.full(len(counts), np.nan)
    pace = float(counts.sum()) / whole
    beyond = float(((counts - pace * periods) ** 2).sum() - pace * whole) / float((periods**2).sum())
    if pace <= 0 or beyond <= 0:
        return np.full(len(counts), pace)
    weight = pace / beyond
    return (counts + pace * weight) / (periods + weight)
