"""Who redeemed a campaign's offer, how often, and what it was worth, up to the view's day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta

import polars as pl

from toolkit.ledger.campaigns import Campaign
from toolkit.scope.view import View


@dataclass(frozen=True)
class Redemptions:
    """`members`: one row per member who redeemed (`member_id`, `redemption_count`, `redeemed_value` in minor units, null = no values
    stated); `has_table`: the shop hands over redemptions at all; `has_value`: each of these redemptions states its value."""

    members: pl.DataFrame
    has_table: bool
    has_value: bool


def redeemed(view: View, campaign: Campaign) -> Redemptions:
    """Return the redemptions of a campaign up to the view's day."""
    schema = {"member_id": pl.String, "redemption_count": pl.Int64, "redeemed_value": pl.Int64}
    table = view.workspace.table("redemptions")
    if table is None:
        return Redemptions(pl.DataFrame(schema=schema), False, False)
    if "value" not in table.collect_schema():
        table = table.with_columns(pl.lit(None, pl.Int64).alias("value"))
    end = datetime.combine(view.as_of + timedelta(days=1), time())
    rows = table.filter(pl.col("campaign_id") == campaign.campaign_id, pl.col("redeemed_at") < end).collect()
    has_value = rows.height > 0 and rows["value"].null_count() == 0
    value = pl.col("value").sum().cast(pl.Int64) if has_value else pl.lit(None, pl.Int64)
    members = rows.group_by("member_id").agg(pl.len().cast(pl.Int64).alias("redemption_count"), value.alias("redeemed_value"))
    return Redemptions(members.sort("member_id").cast(schema), True, has_value)  # type: ignore[arg-type]
