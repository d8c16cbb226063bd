"""Lifecycle stages: the limits from the shop's own repurchase curve, and the stage of each member on a day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

import polars as pl

from toolkit.language import value
from toolkit.models.repurchase import DayLimits, gaps, propose_lifecycle_limits
from toolkit.models.rhythm_bands import Rhythms, band_of, limits_by_band, usual_gaps
from toolkit.models.season import season_ahead
from toolkit.models.season_clock import season_clock
from toolkit.portrait.measures.model_reasons import reason_text
from toolkit.portrait.measures.shopping_days import member_days
from toolkit.scope.feasts import feasts
from toolkit.scope.interruptions import cut_off, new_ids_on
from toolkit.scope.phrases import spoken
from toolkit.scope.view import View

SEASON_DAYS = 28
"""Weeks ahead by which a season is known: those of the forecast of a purchase."""
STAGES = (value("new"), value("established"), value("returned"), value("lapsing"), value("lapsed"))
CUT_OFF = value("cut off")
"""Away since their store, channel or source fell silent or their id was replaced: that they left is not known. Only where that happened."""
NOT_YET = value("not yet here")
NO_ORDER = value("no orders")


@dataclass(frozen=True)
class Limits:
    """When a member is lapsing or lapsed, in days since the last order; None and why where the shop's rhythm is not measured.

    Lapsing is judged by the member's own rhythm: where members differ in it, each band (`rhythms.cuts`) has its days in `by_band`, the
    shortest usual pause first. Lapsed is the same for all: away longer than nearly all who ever came back, whatever their rhythm.
    In a seasonal shop (`season`: the status of `models.season.Season`) limits are found in usual days (`models.season_clock`), and these
    are the days of the calendar that they come to on the day asked; `usual_days` are those of lapsing by that clock.
    """

    lapsing_days: int | None
    lapsed_days: int | None
    status: str
    reason: str
    closed_gap_count: int
    by_band: tuple[int, ...] = ()
    rhythms: Rhythms | None = None
    season: str = "none"
    usual_days: int | None = None

    @property
    def measured(self) -> bool:
        """Whether stages can be told."""
        return self.lapsing_days is not None


def lifecycle_limits(view: View, on: date | None = None) -> Limits:
    """Return the limits that hold for the whole chain as of the view's date, made once and kept beside the mart; in days before `on`."""
    row = view.chainwide(spoken("lifecycle_limits"), _limits, "lifecycle", "calendar").row(0, named=True)
    rhythms = Rhythms(row.pop("shop_gap_days"), row.pop("own_weight"), tuple(row.pop("gap_cuts")))
    bands = tuple(row.pop("by_band"))
    limits = Limits(**row, by_band=bands, rhythms=rhythms if bands else None)
    if limits.season not in _SEASONAL or limits.lapsing_days is None or limits.lapsed_days is None:
        return limits
    clock, day = season_clock(member_days(view), as_of=view.as_of), on or view.as_of
    lapsing, *by_band = (clock.calendar_days(days, as_of=day) for days in (limits.lapsing_days, *limits.by_band))
    lapsed = max(clock.calendar_days(limits.lapsed_days, as_of=day), lapsing + 1, *by_band)
    return replace(limits, lapsing_days=lapsing, lapsed_days=lapsed, by_band=tuple(by_band), usual_days=limits.lapsing_days)


_SEASONAL = ("seasonal", "moved")


def _limits(view: View) -> pl.DataFrame:
    settings = view.settings.lifecycle

    def propose(pauses: pl.DataFrame) -> DayLimits:
        return propose_lifecycle_limits(pauses, lapsing_share=settings.lapsing_quantile, lapsed_share=settings.lapsed_quantile)

    days = member_days(view)
    season = season_ahead(days, as_of=view.as_of, horizon_days=SEASON_DAYS, feasts=feasts(view)).status
    if season in _SEASONAL:
        # After a high season nearly all stay away longer: a pause is measured in days as they are usual at that time of the year.
        clock = season_clock(days, as_of=view.as_of)
        pauses = gaps(clock.usual(days), as_of=clock.usual(pl.DataFrame({"day": [view.as_of]}))["day"][0])
    else:
        pauses = gaps(days, as_of=view.as_of)
    proposal = propose(pauses)
    lapsing, lapsed = proposal.days or (None, None)
    rhythms, bands = limits_by_band(pauses, propose)
    row = {
        "lapsing_days": lapsing,
        "lapsed_days": lapsed,
        "status": proposal.status,
        "reason": reason_text(proposal.reason),
        "closed_gap_count": proposal.closed_gap_count,
        "gap_cuts": list(rhythms.cuts),
        "by_band": [min(band.days[0], lapsed or 0) for band in bands] if lapsed and rhythms.cuts else [],
        "shop_gap_days": rhythms.shop_gap_days,
        "own_weight": rhythms.own_weight,
        "season": season,
    }
    schema = {"lapsing_days": pl.Int64, "lapsed_days": pl.Int64, "status": pl.String, "reason": pl.String, "closed_gap_count": pl.Int64}
    schema |= {
        "gap_cuts": pl.List(pl.Int64),
        "by_band": pl.List(pl.Int64),
        "shop_gap_days": pl.Float64,
        "own_weight": pl.Float64,
        "season": pl.String,
    }
    return pl.DataFrame([row], schema=schema)


def untold(limits: Limits, first_day: date, day: date) -> list[str]:
    """Return the stages that cannot be told on a day: a pause as long as the lapsed limit does not yet fit into the receipts."""
    return ["new", "returned", "lapsed"] if (day - first_day).days <= (limits.lapsed_days or 0) else []


def perhaps_new(view: View, limits: Limits) -> pl.Expr:
    """Return whether a member (`first_on`) was first seen lately, but in the first days of the receipts: new, or known from before."""
    recent = view.as_of - timedelta(days=view.settings.lifecycle.new_days - 1)
    return pl.col("first_on").is_between(recent, view.first_day + timedelta(days=int(limits.lapsed_days or 0))).fill_null(False)


def stages_on(
    days: pl.DataFrame,
    *,
    as_of: date,
    lapsing_days: int,
    lapsed_days: int,
    new_days: int,
    first_day: date,
    by_band: Sequence[int] = (),
    rhythms: Rhythms | None = None,
) -> pl.DataFrame:
    """Return the stage of each member at the close of `as_of`: one row per member with a shopping day up to then, sorted by member.

    In: `member_code`, `day` (one row per member and shopping day), `first_day` of the receipts. Out: `member_code`, `stage`, `recency_days`
    (days since the last order), `first_on` (Date). A member away longer than `lapsed_days` is lapsed, longer than `lapsing_days` lapsing
    (with `rhythms`: than the days of their band in `by_band`). Of the others, who came back within the last `new_days` from a pause longer
    than `lapsed_days` is returned; whose first order is at most `new_days` old is new, unless it lies within the first `lapsed_days` of the
    receipts, where earlier orders may be out of sight; the rest are established.

    Example
    -------
    >>> shop = pl.DataFrame({"member_code": [1, 1], "day": [date(2026, 1, 1), date(2026, 6, 20)]})
    >>> rules = {"lapsing_days": 30, "lapsed_days": 90, "new_days": 60, "first_day": date(2025, 1, 1)}
    >>> stages_on(shop, as_of=date(2026, 6, 30), **rules).select("stage", "recency_days").row(0)
    ('returned', 10)
    """
    gap = pl.col("day") - pl.col("day").shift(1).over("member_code")
    seen = days.filter(pl.col("day") <= as_of).sort("member_code", "day").with_columns(gap.dt.total_days().alias("gap"))
    members = seen.group_by("member_code", maintain_order=True).agg(
        pl.col("day").min().alias("first_on"),
        pl.col("day").max().alias("last_on"),
        pl.col("day").filter(pl.col("gap") > lapsed_days).max().alias("returned_on"),
    )
    usual_days = pl.lit(lapsing_days)
    if rhythms and by_band:
        members = members.join(usual_gaps(gaps(seen, as_of=as_of), rhythms), on="member_code", how="left", maintain_order="left")
        usual_days = band_of(rhythms.cuts).replace_strict(range(len(by_band)), by_band, return_dtype=pl.Int64)
    recent = as_of - timedelta(days=new_days - 1)
    away = (pl.lit(as_of) - pl.col("last_on")).dt.total_days()
    known_new = (pl.col("first_on") >= recent) & (pl.col("first_on") > first_day + timedelta(days=lapsed_days))
    stage = (
        pl.when(away > lapsed_days)
        .then(pl.lit("lapsed"))
        .when(away > usual_days)
        .then(pl.lit("lapsing"))
        .when(pl.col("returned_on") >= recent)
        .then(pl.lit("returned"))
        .when(known_new)
        .then(pl.lit("new"))
        .otherwise(pl.lit("established"))
    )
    return members.select("member_code", stage.alias("stage"), away.alias("recency_days"), "first_on")


def lifecycle_stages(view: View, on: date | None = None) -> pl.DataFrame:
    """Return the stage of every member of the chain: `member_code`, `stage`, `recency_days`, `first_on`; made once and kept beside the
    mart.

    `on` asks for an earlier day, seen with the limits of the view's date (in a seasonal shop as many usual days), so that two days are
    measured with the same ruler. `stage` is
    null where the limits are not measured; a member without an order up to the day has no row.
    """
    day = on or view.as_of
    return view.chainwide(f"lifecycle_stages-{day}", lambda chain: _stages(chain, day), "lifecycle", "calendar")


def _stages(view: View, day: date) -> pl.DataFrame:
    limits, days = lifecycle_limits(view, day), member_days(view, day)
    stages = stages_on(
        days, as_of=day, lapsing_days=limits.lapsing_days or 1, lapsed_days=limits.lapsed_days or 1,
        new_days=view.settings.lifecycle.new_days, first_day=max(view.first_day, new_ids_on(view) or view.first_day),
        by_band=limits.by_band, rhythms=limits.rhythms,
    )  # fmt: skip
    unseen = cut_off(view).filter(pl.col("since") < day)["member_code"].implode()
    is_cut_off = pl.col("stage").is_in(["lapsing", "lapsed"]) & pl.col("member_code").is_in(unseen)
    stages = stages.with_columns(stage=pl.when(is_cut_off).then(pl.lit(CUT_OFF)).otherwise("stage"))
    return stages if limits.measured else stages.with_columns(pl.lit(None, pl.String).alias("stage"))
