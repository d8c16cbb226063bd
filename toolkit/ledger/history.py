"""Who was contacted lately, and who is in another campaign at the time: from the ledger and from the shop's tables."""

from __future__ import annotations

from datetime import date

import polars as pl

from toolkit.ledger.campaigns import KNOWN, contacts_of, known_campaigns, open_campaign
from toolkit.workspace import Workspace

CONTACTED = pl.Schema({"member_id": pl.String, "contact_count": pl.Int64})
BUSY = pl.Schema({"member_id": pl.String, "campaign_id": pl.String, "ends_on": pl.Date, "arm": pl.String})


def contacted(ws: Workspace, first: date, last: date, *, as_of: date) -> pl.DataFrame:
    """Return how often members were contacted from `first` to `last` (both included): one row per member contacted, sorted by member_id.

    Columns: `member_id`, `contact_count` (campaigns that contacted the member). A contact without a time counts on the campaign's first
    day. Nothing of the shop's tables after `as_of` is seen; campaigns of the ledger are seen once their arms were fixed.
    """
    near = _around(_seen(ws, as_of), first, last)
    told = near.filter(pl.col("source") == "tables")
    days = [
        _told_days(ws, told, as_of),
        *(_planned_days(ws, row, as_of) for row in near.filter(pl.col("source") == "ledger").iter_rows(named=True)),
    ]
    found = pl.concat(days).filter(pl.col("day").is_between(first, last))
    return found.group_by("member_id").agg(pl.len().cast(pl.Int64).alias("contact_count")).cast(CONTACTED).sort("member_id")


def busy(ws: Workspace, first: date, last: date, *, as_of: date, apart_from: str = "") -> pl.DataFrame:
    """Return who is in an arm of another campaign whose window meets `first` to `last`: one row per member x campaign, sorted.

    Columns: `member_id`, `campaign_id`, `ends_on`, `arm`. Control members are busy too: whoever contacts them spoils that campaign's test.
    """
    meets = (pl.col("starts_on") <= last) & (pl.col("ends_on") >= first) & (pl.col("campaign_id") != apart_from)
    others = _seen(ws, as_of).filter(meets)
    launched = [
        open_campaign(ws, campaign_id).members.select("member_id", "arm").with_columns(campaign_id=pl.lit(campaign_id))
        for campaign_id in others.filter(pl.col("source") == "ledger")["campaign_id"]
    ]
    told = contacts_of(ws, others.filter(pl.col("source") == "tables")["campaign_id"]).select("member_id", "arm", "campaign_id")
    frame = pl.concat([*launched, told]).join(others.select("campaign_id", "ends_on"), on="campaign_id")
    return frame.select(BUSY.names()).sort("member_id", "campaign_id")


def _seen(ws: Workspace, as_of: date) -> pl.DataFrame:
    """Campaigns known on a day: of the tables those that had started, of the ledger those launched by then."""
    known = known_campaigns(ws)
    launched = [
        campaign_id
        for campaign_id in known.filter((pl.col("source") == "ledger") & pl.col("intact"))["campaign_id"]
        if open_campaign(ws, campaign_id).as_of <= as_of
    ]
    told = (pl.col("source") == "tables") & (pl.col("starts_on") <= as_of)
    return known.filter(told | pl.col("campaign_id").is_in(launched)).select(KNOWN.names())


def _around(campaigns: pl.DataFrame, first: date, last: date) -> pl.DataFrame:
    """Campaigns that may have contacted somebody from `first` to `last`: contacts are not made long before or after the window."""
    near = (pl.col("starts_on") <= pl.lit(last).dt.offset_by("91d")) & (pl.col("ends_on") >= pl.lit(first).dt.offset_by("-91d"))
    return campaigns.filter(near)


def _told_days(ws: Workspace, campaigns: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """The day of each contact that the tables tell of; what they tell of after `as_of` is not seen."""
    treated = contacts_of(ws, campaigns["campaign_id"]).filter(pl.col("arm") == "treated")
    dated = treated.join(campaigns.select("campaign_id", "starts_on"), on="campaign_id", maintain_order="left")
    return dated.select("member_id", day=pl.coalesce(pl.col("contacted_at").dt.date(), "starts_on")).filter(pl.col("day") <= as_of)


def _planned_days(ws: Workspace, row: dict, as_of: date) -> pl.DataFrame:
    """The day of each contact of a launched campaign; one of which nothing is told by `as_of` counts as planned."""
    members = open_campaign(ws, row["campaign_id"]).members.filter(pl.col("arm") == "treated")
    told = pl.col("contacted_at").dt.date()
    return members.select("member_id", day=pl.when(told <= as_of).then(told).fill_null(row["starts_on"]))
