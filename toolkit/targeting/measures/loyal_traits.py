"""Loyalty of each member: regularity, breadth, months active and tenure; and the card that would fit."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from toolkit.language import value
from toolkit.models.ranks import midrank_score, quantile_band
from toolkit.portrait.measures.levels import level
from toolkit.scope.view import View

MOST_REGULAR = 100.0
"""k of members who come by the clock; without a spread k is infinite."""
STEPS = ABOVE, AS, BELOW = value("above their card"), value("as their card"), value("below their card")
_BANDS = 10
_TRAITS = ("loyalty_level", "loyalty_score", "regularity", "breadth_index", "months_active_share", "tier_by_behaviour", "against_card")


def loyal_traits(view: View) -> pl.DataFrame:
    """Return the loyalty of every member of the chain: one row per member, sorted by member_id; kept beside the mart.

    Columns: `member_code`; `gap_count` (pauses between shopping days); `regularity` (k = 1/CV squared of the pauses, 1 = as chance would,
    more = steadier, at most MOST_REGULAR); `breadth_index` (categories bought over the mean of members with about as many shopping days);
    `months_active_share` (0..1, of the calendar months since the first order); `tenure_days`; `loyalty_score` (1..5, the mean of the four
    as midrank scores), `loyalty_level` (low, mid, high); all null with fewer gaps than activity.regular_gaps. `tier`; `tier_by_behaviour`
    and `against_card` (above, as, below their card; null without a tier or loyalty). Breadth and months active are scored among members
    with as many shopping days, so that they are not frequency under another name.
    """
    return view.chainwide("loyalty", _loyalty, "activity")


def _loyalty(view: View) -> pl.DataFrame:
    settings = view.settings.activity
    gaps = (pl.col("day_count").cast(pl.Int64) - 1).clip(0, None)
    measured = (gaps >= settings.regular_gaps) & pl.col("gap_days_std").is_not_null()
    spread = pl.when(pl.col("gap_days_std") > 0).then((pl.col("gap_days_mean") / pl.col("gap_days_std")) ** 2).otherwise(MOST_REGULAR)
    first = pl.col("first_ordered_on")
    start = pl.min_horizontal(first, "joined_on") if "joined_on" in view.population.columns else first
    months = (
        (pl.lit(view.as_of).dt.year() - first.dt.year()) * 12
        + pl.lit(view.as_of).dt.month().cast(pl.Int32)
        - first.dt.month().cast(pl.Int32)
        + 1
    )
    members = view.population.filter(measured).select(
        "member_code",
        gaps.alias("gap_count"),
        spread.clip(0, MOST_REGULAR).alias("regularity"),
        "category_count",
        quantile_band("day_count", shares=(1 / _BANDS,) * _BANDS, labels=[str(band) for band in range(_BANDS)])
        .cast(pl.String)
        .alias("band"),
        (pl.col("active_month_count") / months).clip(0, 1).alias("months_active_share"),
        (pl.lit(view.as_of) - start).dt.total_days().alias("tenure_days"),
    )
    # Against members with as many shopping days, or both would be frequency under another name.
    usual = pl.col("category_count").mean().over("band")
    steadier = pl.col("months_active_share") - pl.col("months_active_share").mean().over("band")
    members = members.with_columns((pl.col("category_count") / usual).alias("breadth_index"), steadier.alias("steadier"))
    parts = ("regularity", "breadth_index", "steadier", "tenure_days")
    scores = [midrank_score(pl.col(name)).cast(pl.Float64) for name in parts]
    members = members.with_columns(pl.mean_horizontal(scores).alias("loyalty_score")).drop("category_count", "band", "steadier")
    members = members.with_columns(level("loyalty_score", settings.low_share, settings.high_share).alias("loyalty_level"))
    tier = pl.col("tier").cast(pl.String) if "tier" in view.population.columns else pl.lit(None, pl.String)
    every = view.population.select("member_code", tier.alias("tier"), "amount_365d")
    return _against_card(every.join(members, on="member_code", how="left", maintain_order="left"))


def tier_order(members: pl.DataFrame) -> list[str]:
    """Return the tiers from the lowest to the highest, by the mean spend of their members in 365 days; ties by name."""
    means = members.drop_nulls("tier").group_by("tier").agg(pl.col("amount_365d").mean())
    return means.sort("amount_365d", "tier")["tier"].to_list()


def _against_card(members: pl.DataFrame) -> pl.DataFrame:
    """Add the tier a member would hold if as many cards of each kind were given by behaviour: half loyalty, half spend of 365 days."""
    order = tier_order(members)
    judged = members.filter(pl.col("tier").is_not_null() & pl.col("loyalty_score").is_not_null())
    nothing = [pl.lit(None, pl.String).alias(name) for name in ("tier_by_behaviour", "against_card")]
    if judged.is_empty() or len(order) < 2:
        return members.with_columns(nothing).drop("amount_365d")
    sizes = dict(judged.group_by("tier").len().iter_rows())
    tiers = [name for name in order if name in sizes]
    behaviour = pl.col("loyalty_score").rank("average") + pl.col("amount_365d").rank("average")
    judged = judged.with_columns(behaviour.alias("behaviour"))
    shares = tuple(sizes[name] / judged.height for name in tiers)
    band = quantile_band("behaviour", shares=shares, labels=tiers, largest_first=False).cast(pl.String)
    place = {name: number for number, name in enumerate(order)}
    step = pl.col("tier_by_behaviour").replace_strict(place, return_dtype=pl.Int64) - pl.col("tier").replace_strict(
        place, return_dtype=pl.Int64
    )
    against = pl.when(step > 0).then(pl.lit(ABOVE)).when(step < 0).then(pl.lit(BELOW)).otherwise(pl.lit(AS))
    judged = judged.with_columns(band.alias("tier_by_behaviour")).with_columns(against.alias("against_card"))
    added = judged.select("member_code", "tier_by_behaviour", "against_card")
    return members.join(added, on="member_code", how="left", maintain_order="left").drop("amount_365d")


def trait_columns(view: View) -> tuple[str, ...]:
    """Return what audiences can speak of."""
    return _TRAITS


def member_traits(view: View, names: Sequence[str]) -> pl.DataFrame:
    """Return the traits `names` of every member of the chain: `member_code` and a column each."""
    return loyal_traits(view.chain).select("member_code", *names)
