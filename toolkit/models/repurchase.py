"""How long members stay away between shopping days: the repurchase curve, recency edges and lifecycle limits made from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import accumulate, pairwise

import numpy as np
import polars as pl

from toolkit.errors import BadValue
from toolkit.models.reasons import Reason, Why
from toolkit.models.snapshots import in_time

_WEIGHT_UNIT = 1_000_000_000  # member weights are integers in these units, so that sums do not depend on row order


@dataclass(frozen=True, slots=True)
class DayLimits:
    """Limits in whole days, ascending; `days` is empty and `reason` says why where `status` is `not measured`.

    `status`: `proposed` (as the curve has them), `widened` (moved apart: too close to hold from day to day),
    `provisional` (from so short a history that longer gaps cannot have shown; refresh the ruler later), `not measured`.
    """

    days: tuple[int, ...]
    status: str
    reason: Reason | None
    closed_gap_count: int
    member_count: int
    returned_share: float | None


def gaps(shopping_days: pl.DataFrame, *, as_of: date) -> pl.DataFrame:
    """Return the pauses between shopping days: one row per member and shopping day up to `as_of`, the last one's pause still open.

    In: `member_code`, `day` (Date), one row per member x day. Out, sorted by member and day: `member_code`, `gap_days` (Int64, days to the
    next shopping day, or to `as_of` when open), `is_closed` (Boolean). Days after `as_of` are not seen.

    >>> days = pl.DataFrame({"member_code": [1, 1], "day": [date(2024, 1, 1), date(2024, 1, 8)]})
    >>> gaps(days, as_of=date(2024, 1, 18)).rows()
    [(1, 7, True), (1, 10, False)]
    """
    seen = in_time(shopping_days.filter(pl.col("day") <= as_of).select("member_code", "day"))
    # Neighbours after the sort stand in for a window per member, which costs several times as much.
    seen = seen.filter(pl.any_horizontal((pl.col(name) != pl.col(name).shift(1)).fill_null(True) for name in ("member_code", "day")))
    following = pl.when(pl.col("member_code") == pl.col("member_code").shift(-1)).then(pl.col("day").shift(-1))
    return seen.select(
        "member_code",
        (following.fill_null(as_of) - pl.col("day")).dt.total_days().alias("gap_days"),
        following.is_not_null().alias("is_closed"),
    )


def repurchase_curve(gaps: pl.DataFrame, *, member_weighted: bool = True) -> pl.DataFrame:
    """Return the share that has come back within so many days (Kaplan-Meier): one row per day on which a gap closed, ascending.

    In: the frame of `gaps`. Out: `gap_days`, `closed_count`, `at_risk_count` (gaps that lasted at least so long), `returned_share`
    (0..1, one minus the Kaplan-Meier survival). An open gap counts as not yet closed until `as_of`, then leaves the risk set: leaving
    open gaps out would make members look quicker than they are. With `member_weighted`, a member's gaps together weigh one: otherwise
    the few who come daily describe the shop.

    Source: Kaplan and Meier, JASA 53 (1958), 457-481.
    """
    weight = _WEIGHT_UNIT // pl.len().over("member_code") if member_weighted else pl.lit(_WEIGHT_UNIT)
    table = (
        gaps.filter(pl.col("gap_days") > 0)
        .with_columns(weight.cast(pl.Int64).alias("weight"))
        .group_by("gap_days")
        .agg(
            pl.len().cast(pl.Int64).alias("count"),
            pl.col("is_closed").sum().cast(pl.Int64).alias("closed_count"),
            pl.col("weight").sum(),
            pl.col("weight").filter("is_closed").sum().alias("closed_weight"),
        )
        .sort("gap_days")
        .with_columns(
            pl.col("count").cum_sum(reverse=True).alias("at_risk_count"), pl.col("weight").cum_sum(reverse=True).alias("at_risk_weight")
        )
    )
    survival = np.cumprod(1 - table["closed_weight"].to_numpy() / np.maximum(table["at_risk_weight"].to_numpy(), 1))
    return (
        table.with_columns(pl.Series("returned_share", 1 - survival, dtype=pl.Float64))
        .filter(pl.col("closed_count") > 0)
        .select("gap_days", "closed_count", "at_risk_count", "returned_share")
    )


def returned_within(curve: pl.DataFrame, *, share: float, minimum_at_risk: int = 30) -> int | None:
    """Return the days within which `share` (0..1) of those who come back at all have come back; null where the curve is empty.

    "At all" means up to the last day at which at least `minimum_at_risk` gaps were still under observation: beyond it a
    single purchase moves the curve.
    """
    watched = curve.filter(pl.col("at_risk_count") >= minimum_at_risk)
    if watched.is_empty():
        return None
    reached = watched["returned_share"].to_numpy()
    index = int(np.searchsorted(reached, share * reached[-1] * (1 - 1e-12), side="left"))
    return int(watched["gap_days"][min(index, reached.size - 1)])


def _widened(days: Sequence[int], *, step_days: int) -> tuple[int, ...]:
    """Return ascending limits, each at least `step_days` above the one before, the first at least `step_days`."""
    return tuple(accumulate(days, lambda before, day: max(day, before + step_days), initial=0))[1:]


def _limits(
    gaps: pl.DataFrame, shares: Sequence[float], *, minimum_closed_gaps: int, minimum_at_risk: int, step_days: int, history_days: int
) -> DayLimits:
    if not all(low < high for low, high in pairwise(shares)) or not 0 < shares[0] < 1 or not shares[-1] < 1:
        raise BadValue(f"repurchase limits: the shares must ascend within 0..1, but {list(shares)} came.")
    closed = int(gaps["is_closed"].sum())
    members = gaps.filter("is_closed")["member_code"].n_unique() if closed else 0
    if closed < minimum_closed_gaps:
        reason = Reason(Why.FEW_GAPS, closed=closed, minimum_closed_gaps=minimum_closed_gaps)
        return DayLimits((), "not measured", reason, closed, members, None)
    curve = repurchase_curve(gaps)
    days = [returned_within(curve, share=share, minimum_at_risk=minimum_at_risk) for share in shares]
    found = [day for day in days if day is not None]
    if len(found) < len(shares):
        reason = Reason(Why.FEW_WATCHED, minimum_at_risk=minimum_at_risk)
        return DayLimits((), "not measured", reason, closed, members, None)
    apart = _widened(found, step_days=step_days)
    returned = float(curve.filter(pl.col("at_risk_count") >= minimum_at_risk)["returned_share"][-1])
    status, reason = "proposed", None
    if apart != tuple(found):
        status, reason = "widened", Reason(Why.TOO_CLOSE, found=found)
    # A member's gaps, the open one included, add up to the days since their first shopping day.
    seen_days = int(gaps.group_by("member_code").agg(pl.col("gap_days").sum())["gap_days"].max()) + 1  # type: ignore[arg-type]
    if seen_days < history_days:
        short = Reason(Why.SHORT_HISTORY, seen_days=seen_days, history_days=history_days)
        status, reason = "provisional", Reason(Why.TOO_CLOSE_AND_SHORT, reason=reason, short=short) if reason else short
    return DayLimits(apart, status, reason, closed, members, returned)


def propose_r_edges(
    gaps: pl.DataFrame,
    *,
    shares: Sequence[float] = (0.80, 0.90, 0.95, 0.98),
    minimum_closed_gaps: int = 100,
    minimum_at_risk: int = 30,
    step_days: int = 7,
    history_days: int = 91,
) -> DayLimits:
    """Return four recency edges in days: R = 5 up to the first, 4 up to the second, ..., 1 beyond the last.

    The edges are the days within which these `shares` of those who come back have come back (`repurchase_curve`, member weighted), so
    R = 5 says "no longer away than is usual here" and R = 1 "away longer than nearly all who ever came back". They lie in the tail of
    the gaps because an edge in their middle is crossed by every member every week. Edges lie at least
    `step_days` apart: a canteen with gaps of one day would otherwise score the weekend.

    In: the frame of `gaps`. Save the result with the scorecard: next month is scored with the same ruler.

    >>> propose_r_edges(pl.DataFrame({"member_code": [1], "gap_days": [3], "is_closed": [True]})).status
    'not measured'
    """
    if len(shares) != 4:
        raise BadValue(f"propose_r_edges: needs four shares for five scores, but {len(shares)} came.")
    return _limits(
        gaps,
        shares,
        minimum_closed_gaps=minimum_closed_gaps,
        minimum_at_risk=minimum_at_risk,
        step_days=step_days,
        history_days=history_days,
    )


def propose_lifecycle_limits(
    gaps: pl.DataFrame,
    *,
    lapsing_share: float = 0.90,
    lapsed_share: float = 0.98,
    minimum_closed_gaps: int = 100,
    minimum_at_risk: int = 30,
    step_days: int = 7,
    history_days: int = 91,
) -> DayLimits:
    """Return two limits in days: away longer than the first is lapsing, longer than the second is lapsed.

    The first is the day by which `lapsing_share` of those who come back have come back, the second the same for `lapsed_share`.
    In: the frame of `gaps`.
    """
    return _limits(
        gaps,
        (lapsing_share, lapsed_share),
        minimum_closed_gaps=minimum_closed_gaps,
        minimum_at_risk=minimum_at_risk,
        step_days=step_days,
        history_days=history_days,
    )


def r_score(edges: Sequence[int], *, recency: str | pl.Expr = "recency_days") -> pl.Expr:
    """Return R (Int8, 5 = most recent .. 1) of a recency in days, by fixed ascending edges; an edge belongs to the better score.

    Null stays null. Raises `BadValue` when the edges do not ascend.

    >>> pl.DataFrame({"recency_days": [0, 14, 15, 400]}).select(r_score((14, 34, 60, 107))).to_series().to_list()
    [5, 5, 4, 1]
    """
    if not edges or not all(low < high for low, high in pairwise(edges)):
        raise BadValue(f"r_score: the edges must be days in ascending order, but {list(edges)} came.")
    value = pl.col(recency) if isinstance(recency, str) else recency
    passed = pl.sum_horizontal([(value > edge).cast(pl.Int8) for edge in edges])
    return pl.when(value.is_not_null()).then(len(edges) + 1 - passed).cast(pl.Int8)
