"""Each member's activity against their own past: what activity, slipping and the audiences share."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time, timedelta

import numpy as np
import polars as pl

from toolkit.language import value
from toolkit.models.repurchase import gaps
from toolkit.models.rhythm import day_tails, own_past, shrunk_rates, surest
from toolkit.models.rhythm_bands import own_rhythms
from toolkit.portrait.measures.prospects import prospect_models, prospects
from toolkit.portrait.measures.shopping_days import member_days
from toolkit.portrait.measures.stages import lifecycle_stages
from toolkit.scope.interruptions import cut_off, still_told
from toolkit.scope.view import View

SPAN_DAYS = 91
STATES = (value("less than usual"), value("as usual"), value("more than usual"), value("past too short"))
_TRAITS = {"activity": "activity", "past_rate": "past_rate", "losing_touch": "is_slipping"}


def rhythms(view: View) -> pl.DataFrame:
    """Return every member's activity against their own past: one row per member of the chain with an order, sorted by member_code.

    Columns: those of `models.rhythm.own_past`; `days_28`, `days_91` (shopping days of the last 28 and 91 days), `expected_days_91` (at the
    pace of the windows before those 91 days; null where the past is too short); `activity` (one of STATES). Kept beside the mart.
    """
    return view.chainwide("rhythms", _rhythms, "activity", "lifetime_value")


def _rhythms(view: View) -> pl.DataFrame:
    settings, window = view.settings.activity, view.settings.lifetime_value.purchase_days
    days = _days(view)
    members = own_past(days, as_of=view.as_of, window_days=window, most_windows=settings.past_windows)
    before = own_past(
        days.filter(pl.col("day") <= view.as_of - timedelta(days=SPAN_DAYS)),
        as_of=view.as_of - timedelta(days=SPAN_DAYS - window),  # its latest window is empty: all before the span is past
        window_days=window, most_windows=settings.past_windows,
    ).select("member_code", before_windows="window_count", before_days="past_days", before_count="past_day_count")  # fmt: skip
    back = (pl.lit(view.as_of) - pl.col("day")).dt.total_days()
    recent = days.group_by("member_code").agg(
        (back < 28).sum().cast(pl.Int64).alias("days_28"), (back < SPAN_DAYS).sum().cast(pl.Int64).alias("days_91")
    )
    members = members.join(recent, on="member_code", maintain_order="left").join(
        before, on="member_code", how="left", maintain_order="left"
    )
    enough = pl.col("before_windows").fill_null(0) >= settings.minimum_windows
    members = members.with_columns(pl.col("before_days", "before_count").fill_null(0), enough.alias("enough"))
    seen, past, length = (members[name].to_numpy().astype(np.int64) for name in ("days_91", "before_count", "before_days"))
    few, many = day_tails(seen, past, length, SPAN_DAYS)
    state = (
        pl.when(~pl.col("enough")).then(pl.lit(STATES[3]))
        .when(pl.Series(few) <= settings.tail).then(pl.lit(STATES[0]))
        .when(pl.Series(many) <= settings.tail).then(pl.lit(STATES[2]))
        .otherwise(pl.lit(STATES[1]))
    )  # fmt: skip
    expected = pl.when("enough").then(pl.col("before_count") / pl.col("before_days") * SPAN_DAYS)
    return members.with_columns(state.alias("activity"), expected.alias("expected_days_91")).drop(
        "enough", "before_windows", "before_days", "before_count"
    )


def _days(view: View) -> pl.DataFrame:
    """Shopping days of the chain's members that can matter, with what was spent on them (minor units)."""
    settings, window = view.settings.activity, view.settings.lifetime_value.purchase_days
    reach = view.as_of - timedelta(days=(settings.past_windows + 2) * window + SPAN_DAYS)
    start = datetime.combine(reach, time())
    first = view.population.select("member_code", pl.col("first_ordered_on").alias("day")).drop_nulls()
    days = (
        still_told(view, view.chain.orders)
        .filter(pl.col("member_code").is_not_null() & pl.col("is_order") & (pl.col("ordered_at") >= start))
        .group_by("member_code", pl.col("ordered_at").dt.date().alias("day"))
        .agg(pl.col("amount").sum())
        .collect(engine="streaming")
    )
    known = days.join(first, on=["member_code", "day"], how="right").with_columns(pl.col("amount").fill_null(0))  # where the past begins
    return pl.concat([days.join(first, on=["member_code", "day"], how="anti"), known.select(days.columns)])


def slipping_members(view: View) -> pl.DataFrame:
    """Return what says whether members slip: one row per member of the chain with an order, sorted by member_code.

    Columns of `rhythms`; `purchase_probability` (P of a purchase within lifetime_value.purchase_days), `expected_spend` (minor units);
    `recency_days`; `usual_rate` (past rate, shrunk: `models.rhythm.shrunk_rates`), `usual_gap_days` (`models.rhythm_bands.usual_gaps`);
    `rate_ratio` (probability over the usual rate as it is in the weeks ahead, about the chance that a member is still around; null without
    either); `spend_before` (minor units per lifetime_value.spend_days at the pace of the past); `is_slipping` (null = not measured: past
    too short, no probability, or cut off: their store, channel or source fell silent, or their id was replaced); `is_doubtful` (as unlikely
    to come, but not listed since too many like them come by themselves).
    """
    return view.chainwide("slipping_members", _slipping_members, "activity", "lifetime_value", "calendar")


def _slipping_members(view: View) -> pl.DataFrame:
    settings = view.settings.activity
    expected = prospects(view).select("member_code", "purchase_probability", "expected_spend")
    recency = lifecycle_stages(view).select("member_code", "recency_days")
    pauses = gaps(member_days(view), as_of=view.as_of)
    members = rhythms(view)
    # Where members come seldom, who bought in three windows of ten had luck rather than a habit: the past is shrunk to all members'.
    for part in (
        expected,
        recency,
        shrunk_rates(members, least_windows=settings.minimum_windows),
        own_rhythms(pauses)[1],
    ):
        members = members.join(part, on="member_code", how="left", maintain_order="left")
    unseen = pl.col("member_code").is_in(cut_off(view)["member_code"].implode())
    measured = (pl.col("window_count") >= settings.minimum_windows) & pl.col("purchase_probability").is_not_null() & ~unseen
    habit = measured & (pl.col("usual_rate") >= settings.slipping_least_rate) & (pl.col("recency_days") <= settings.gone_days)
    # Before the own usual pause is over a purchase is unlikely because it is too early.
    is_away = pl.col("recency_days") > pl.col("usual_gap_days")
    ratio = pl.when(pl.col("past_rate") > 0).then(
        pl.col("purchase_probability") / (pl.col("usual_rate") * _level(view, members.filter(habit & ~is_away)))
    )
    spend = pl.when(pl.col("past_days") > 0).then(pl.col("past_amount") / pl.col("past_days") * view.settings.lifetime_value.spend_days)
    members = members.with_columns(ratio.alias("rate_ratio"), spend.alias("spend_before"))
    is_low = (habit & is_away & (pl.col("rate_ratio") <= settings.slipping_share)).fill_null(False)
    doubt = members.select(pl.when(is_low).then("rate_ratio")).to_series()
    listed = surest(doubt, most=settings.slipping_doubt)
    return members.with_columns(
        pl.when(measured).then(listed).alias("is_slipping"), pl.when(measured).then(is_low & ~listed).alias("is_doubtful")
    )


_LEAST_AS_USUAL = 50
"""Members who are as usual, below which what they are likely to do in the weeks ahead says nothing of all."""


def _level(view: View, as_usual: pl.DataFrame) -> float:
    """Return what a usual rate comes to in the weeks ahead, at most 1: where all come less, coming less is no leaving.

    Less after a high season, by the same weeks of a year ago; and less where the shop is on its way down, by what members who came within
    their own usual pause are now likely to do.
    """
    usual = float(as_usual["usual_rate"].sort().sum())
    now = float(as_usual["purchase_probability"].sort().sum()) / usual if as_usual.height >= _LEAST_AS_USUAL and usual > 0 else 1.0
    model = prospect_models(view).row(by_predicate=pl.col("figure") == "purchase", named=True)
    return min(1.0, now, model["season_level"] or 1.0)


def trait_columns(view: View) -> tuple[str, ...]:
    """Return what audiences can speak of: `activity`, `past_rate` and `losing_touch` (slipping, as targeting.slipping says)."""
    return tuple(_TRAITS)


def member_traits(view: View, names: Sequence[str]) -> pl.DataFrame:
    """Return the traits `names` of every member of the chain with an order: `member_code` and a column each."""
    return slipping_members(view.chain).select("member_code", *[pl.col(_TRAITS[name]).alias(name) for name in names])
