"""What each campaign truly did: per member, per segment, altogether.

Both outcomes of every member are known, since what a campaign caused, reduced or moved is marked line by line (campaigns.py):
effect on amount = amount of caused lines - reductions on lines bought anyway - amount of orders moved out of the 28 days after.
Money is summed in whole cents, so that any order of rows gives the same.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from toolkit.simulated.baskets import Lines
from toolkit.simulated.campaigns import ARMS, Campaign, Participation, campaign_ids, segment_lifts, sensitive
from toolkit.simulated.people import TIERS, People
from toolkit.simulated.trips import Trips
from toolkit.simulated.truth import TRUTH

KEYS = ("campaign_id", "tier", "price_sensitive")
COUNTS = ("treated", "control", "extra_orders", "moved_orders")
CENTS = ("extra_amount", "base_discount_amount", "moved_amount", "effect_amount")
MONEY = (pl.col(*CENTS) / 100, ((pl.col("extra_amount") - pl.col("base_discount_amount")) / 100).alias("window_effect_amount"))


def effects_truth(
    part: Participation,
    campaigns: tuple[Campaign, ...],
    trips: Trips,
    lines: Lines,
    redeemed: np.ndarray,
    people: People,
    member_ids: pl.Series,
) -> pl.DataFrame:
    """Return `TRUTH["effects"]` of a block; `lines` are all lines before returns, moved trips included."""
    touched = np.flatnonzero((lines.cause >= 0) | (lines.off > 0) | (trips.moved_by[lines.trip] >= 0))
    trip, cause = lines.trip[touched], lines.cause[touched]
    amount, off = lines.amount[touched], lines.off[touched]
    is_made = trips.is_made[trip]
    key = part.campaign * people.count + part.member

    def sums(campaign: np.ndarray, person: np.ndarray, values: np.ndarray | None, rows: np.ndarray) -> np.ndarray:
        counted = np.bincount(
            (campaign * people.count + person)[rows], None if values is None else values[rows], minlength=key.max(initial=0) + 1
        )
        return np.rint(counted[key]).astype(np.int64)

    person = trips.person[trip]
    extra = sums(cause, person, amount, is_made & (cause >= 0))
    given = sums(redeemed[trip], person, off, is_made & (off > 0) & (cause != redeemed[trip]))
    moved = sums(trips.moved_by[trip], person, amount, ~is_made)
    return pl.DataFrame(
        {
            "campaign_id": campaign_ids(campaigns).gather(part.campaign),
            "member_id": member_ids.gather(part.member),
            "tier": pl.Series(TIERS).gather(people.tier[part.member]),
            "price_sensitive": sensitive(people)[part.member] == 1,
            "arm": ARMS.gather(part.treated.astype(np.int64)),
            "lift": part.lift,
            "expected_extra_orders": part.expected_extra,
            "extra_orders": part.extra,
            "extra_amount": extra / 100,
            "base_discount_amount": given / 100,
            "moved_orders": sums(trips.moved_by, trips.person, None, trips.moved_by >= 0),
            "moved_amount": moved / 100,
            "effect_amount": (extra - given - moved) / 100,
        }
    )


def segment_sums(effects: pl.LazyFrame) -> pl.DataFrame:
    """Return one row per campaign x tier x price_sensitive with members by arm and what was caused; money in cents."""
    arms = {arm: (pl.col("arm") == arm).sum().cast(pl.Int64) for arm in ("treated", "control")}
    orders = {name: pl.col(name).sum() for name in ("extra_orders", "moved_orders")}
    cents = {name: (pl.col(name) * 100).round().cast(pl.Int64).sum() for name in CENTS}
    return effects.group_by(KEYS).agg(**arms, **orders, **cents).collect(engine="streaming").sort(KEYS)


def campaigns_truth(segments: pl.DataFrame, campaigns: tuple[Campaign, ...]) -> pl.DataFrame:
    """Return `TRUTH["campaigns"]` from the sums by segment."""
    planned = pl.DataFrame([vars(campaign) for campaign in campaigns]).with_columns(
        randomised=pl.col("control_share") > 0, is_aa=(pl.col("lift") == 0) & (pl.col("basket_lift") == 0)
    )
    sums = segments.group_by("campaign_id").agg(pl.col(*COUNTS, *CENTS).sum())
    total = planned.join(sums, on="campaign_id", how="left", maintain_order="left").with_columns(pl.col(*COUNTS, *CENTS).fill_null(0))
    total = total.with_columns(*MONEY).with_columns(
        extra_orders_per_treated=pl.when(pl.col("treated") > 0).then(pl.col("extra_orders") / pl.col("treated")),
        window_effect_per_treated=pl.when(pl.col("treated") > 0).then(pl.col("window_effect_amount") / pl.col("treated")),
    )
    return total.select(list(TRUTH["campaigns"]))


def campaign_segments_truth(segments: pl.DataFrame, campaigns: tuple[Campaign, ...]) -> pl.DataFrame:
    """Return `TRUTH["campaign_segments"]`: every segment of every campaign, also where nobody was chosen."""
    grid = [
        (campaign.campaign_id, tier, bool(flag), float(segment_lifts(campaign)[place, flag]))
        for campaign in campaigns
        for place, tier in enumerate(TIERS)
        for flag in (0, 1)
    ]
    schema = {"campaign_id": pl.String, "tier": pl.String, "price_sensitive": pl.Boolean, "lift": pl.Float64}
    planned = pl.DataFrame(grid, schema=schema, orient="row")
    segments = planned.join(segments.with_columns(*MONEY), on=KEYS, how="left", maintain_order="left")
    columns = list(TRUTH["campaign_segments"])
    return segments.select(columns).with_columns(pl.col(*columns[4:]).fill_null(0))
