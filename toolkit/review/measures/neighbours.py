"""Other campaigns of the same weeks, and whom they reached: what may mix into the effect of this one."""

from __future__ import annotations

import polars as pl

from toolkit.ledger.campaigns import Campaign, known_campaigns, members_of
from toolkit.scope.period import Period
from toolkit.scope.view import View


def overlapping_campaigns(view: View, campaign: Campaign, seen: Period) -> pl.DataFrame:
    """Return the other campaigns with a day in `seen`: one row each, `campaign_id`, `name`, `starts_on`, `ends_on`; sorted by start."""
    others = known_campaigns(view.workspace).filter(
        pl.col("campaign_id") != campaign.campaign_id, pl.col("starts_on") <= seen.end, pl.col("ends_on") >= seen.start
    )
    return others.select("campaign_id", "name", "starts_on", "ends_on").sort("starts_on", "campaign_id")


def reached_by(view: View, campaigns: pl.DataFrame) -> pl.DataFrame:
    """Return the members whom one of these campaigns treated: one row each, `member_id`, `elsewhere` (true)."""
    members = members_of(view.workspace, campaigns["campaign_id"]).filter(pl.col("arm") == "treated").select("member_id")
    return members.unique().with_columns(pl.lit(True).alias("elsewhere"))
