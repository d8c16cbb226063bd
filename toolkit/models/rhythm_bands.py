"""A member's usual pause, and the bands of members with a like one: recency means something else for each.

Somebody who came every four weeks and has been away for four months is leaving; somebody who comes twice a year is not. One ruler for
all lets the seldom buyers set the edges for the frequent ones.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import polars as pl

from toolkit.models.repurchase import DayLimits, propose_r_edges, r_score

_STEADY = 1e6
"""Pauses that the shop's own mean weighs where members do not differ: nobody has a rhythm of their own."""
MOST_BANDS = 4
LEAST_FACTOR = 2.0
"""How many times longer the usual pause must be from one band to the next: nearer ones are one rhythm, told apart by chance."""


@dataclass(frozen=True)
class Rhythms:
    """How members of a shop differ in their usual pause: what `usual_gaps` needs, and the days that part the bands.

    `shop_gap_days` is the geometric mean over members of their mean; `own_weight` is how many pauses of a member's own weigh as much as
    that mean (within-member over between-member variance of log days); `cuts` ascend: the longest usual pause of each band but the last.
    """

    shop_gap_days: float
    own_weight: float
    cuts: tuple[int, ...]


def find_rhythms(gaps: pl.DataFrame) -> Rhythms:
    """Return how the members behind these pauses (frame of `repurchase.gaps`) differ.

    The spread of true rhythms is that of the members' means less what chance adds (method of moments); members who differ by less than
    `LEAST_FACTOR` from the 5th to the 95th in a hundred are one band. Source: Efron and Morris, JASA 70 (1975), 311-319, on log days.

    >>> two = pl.DataFrame({"member_code": [1] * 4 + [2] * 4, "gap_days": [7, 7, 8, 7, 90, 80, 85, 95], "is_closed": True})
    >>> find_rhythms(two).cuts
    (17, 38)
    """
    return _rhythms_of(gaps, _means(gaps))


def _rhythms_of(gaps: pl.DataFrame, members: pl.DataFrame) -> Rhythms:
    pauses, count = int(members["pauses"].sum()), members.height
    if count < 2 or pauses == count:
        return Rhythms(float(math.exp(members["mean"].mean() or 0.0)), _STEADY, ())  # type: ignore[arg-type]
    within = float(members["squares"].sum()) / (pauses - count)
    between = float(members["mean"].var()) - within * float((1 / members["pauses"]).mean())  # type: ignore[arg-type, operator]
    found = Rhythms(
        math.exp(float(members["mean"].mean())),  # type: ignore[arg-type]
        min(_STEADY, within / between) if between > 0 else _STEADY,
        (),
    )
    usual = _usual_of(gaps, members, found)["usual_gap_days"]
    low, high = float(usual.quantile(0.05)), float(usual.quantile(0.95))  # type: ignore[arg-type]
    bands = min(MOST_BANDS, int(math.log(high / low) / math.log(LEAST_FACTOR) + 1e-9)) if low > 0 else 1
    cuts = sorted({round(low * (high / low) ** (place / bands)) for place in range(1, bands)}) if bands > 1 else []
    return Rhythms(found.shop_gap_days, found.own_weight, tuple(cuts))


def usual_gaps(gaps: pl.DataFrame, rhythms: Rhythms) -> pl.DataFrame:
    """Return the usual pause of each member: `member_code`, `usual_gap_days` (geometric mean, shrunk to the shop's); sorted by member.

    Pauses that are still open are not in it: who has stopped would seem to have come seldom. Without a pause that ended, it is the shop's.
    """
    return _usual_of(gaps, _means(gaps), rhythms)


def own_rhythms(gaps: pl.DataFrame) -> tuple[Rhythms, pl.DataFrame]:
    """Return `find_rhythms` and, by these, `usual_gaps`: the pauses are read once for both."""
    members = _means(gaps)
    rhythms = _rhythms_of(gaps, members)
    return rhythms, _usual_of(gaps, members, rhythms)


def _usual_of(gaps: pl.DataFrame, members: pl.DataFrame, rhythms: Rhythms) -> pl.DataFrame:
    shop = math.log(rhythms.shop_gap_days)
    pauses = pl.col("pauses").fill_null(0)
    mean = (pauses * pl.col("mean").fill_null(0) + rhythms.own_weight * shop) / (pauses + rhythms.own_weight)
    everybody = gaps.select(pl.col("member_code").unique().sort())
    return everybody.join(members, on="member_code", how="left", maintain_order="left").select(
        "member_code", mean.exp().alias("usual_gap_days")
    )


def band_of(cuts: Sequence[int], usual_gap: str = "usual_gap_days") -> pl.Expr:
    """Return the place of a usual pause among the bands (Int8, 0 = the shortest)."""
    return pl.sum_horizontal([pl.lit(0, pl.Int8), *((pl.col(usual_gap) > cut).cast(pl.Int8) for cut in cuts)])


def limits_by_band(gaps: pl.DataFrame, limits_of: Callable[[pl.DataFrame], DayLimits]) -> tuple[Rhythms, tuple[DayLimits, ...]]:
    """Return the rhythms of a shop and limits in days for each band, by `limits_of` on the pauses of its members alone.

    A band whose limits are not measured (too few pauses) goes together with its neighbour; so at least one band is left, and where even all
    members together are not measured, its limits say why.
    """
    rhythms, usual = own_rhythms(gaps)
    while True:
        pauses = gaps.join(usual.select("member_code", band_of(rhythms.cuts).alias("band")), on="member_code", maintain_order="left")
        bands = range(len(rhythms.cuts) + 1)
        found = (
            tuple(limits_of(pauses.filter(pl.col("band") == band).drop("band")) for band in bands) if rhythms.cuts else (limits_of(gaps),)
        )
        thin = next((band for band in bands if not found[band].days), None)
        if thin is None or not rhythms.cuts:
            return rhythms, found
        gone = max(0, thin - 1)
        rhythms = replace(rhythms, cuts=rhythms.cuts[:gone] + rhythms.cuts[gone + 1 :])


LATE = 3
"""The best R of who has stayed away for several pauses of their own: neither map calls 3 'came lately'."""


@dataclass(frozen=True)
class RecencyRuler:
    """Edges in days for the score of recency: four for each band of members, the shortest usual pause first."""

    edges: tuple[tuple[int, ...], ...]
    rhythms: Rhythms | None = None  # None: one band for all
    late_after: float = 0.0
    """Own pauses (mean) after which nobody has come lately, whatever the edges of their band: R is `LATE` at most; 0 = not looked at."""

    @property
    def cuts(self) -> tuple[int, ...]:
        """The days that part the bands."""
        return self.rhythms.cuts if self.rhythms else ()

    def score(self, recency: pl.Expr) -> pl.Expr:
        """Return R (Int8, 5 = most recent .. 1) of a recency in days, by the edges of the member's band (`usual_gap_days`, if parted) and
        their own mean pause (`gap_days_mean`, with `late_after`)."""
        score = r_score(self.edges[0], recency=recency)
        if self.cuts:
            band = band_of(self.cuts)
            score = pl.coalesce(pl.when(band == place).then(r_score(edges, recency=recency)) for place, edges in enumerate(self.edges))
        if not self.late_after:
            return score
        late = (recency > self.late_after * pl.col("gap_days_mean")).fill_null(False)
        return pl.when(late).then(pl.min_horizontal(score, pl.lit(LATE, pl.Int8))).otherwise(score)


def propose_ruler(gaps: pl.DataFrame, limits_of: Callable[[pl.DataFrame], DayLimits] = propose_r_edges) -> RecencyRuler:
    """Return the ruler that these pauses propose; its edges are empty where not even those of all members together can be measured.

    >>> clock = pl.DataFrame({"member_code": range(200), "gap_days": [30] * 100 + [31] * 100, "is_closed": True})
    >>> propose_ruler(clock).edges
    ((31, 38, 45, 52),)
    """
    rhythms, bands = limits_by_band(gaps, limits_of)
    return RecencyRuler(tuple(band.days for band in bands), rhythms if rhythms.cuts else None)


def _means(gaps: pl.DataFrame) -> pl.DataFrame:
    """Return for each member with a pause that ended: `pauses`, `mean` and `squares` (about the mean) of log days."""
    log = pl.col("gap_days").cast(pl.Float64).log()
    ended = gaps.lazy().filter(pl.col("is_closed") & (pl.col("gap_days") > 0)).select("member_code", log.alias("log"))
    return (
        ended.group_by("member_code")
        .agg(
            pl.len().cast(pl.Int64).alias("pauses"),
            pl.col("log").sort().mean().alias("mean"),  # sorted: the sum of floats rests on their order
            ((pl.col("log") - pl.col("log").mean()) ** 2).sort().sum().alias("squares"),
        )
        .sort("member_code")
        .collect()
    )
