"""Who was contacted lately, and who is in another campaign at the time: from the ledger and from the shop's tables."""

from __future__ import annotations

from datetime import date

import polars as pl

from toolkit.ledger.campaigns import KNOWN, known_campaigns, members_of
from toolkit.ledger.folder import read_launched
from toolkit.ledger.guide_lists import lists_between
from toolkit.workspace import Workspace

CONTACTED = pl.Schema({"member_id": pl.String, "contact_count": pl.Int64})
BUSY = pl.Schema({"member_id": pl.String, "campaign_id": pl.String, "ends_on": pl.Date, "arm": pl.String})


def contacted(ws: Workspace, first: date, last: date, *, as_of: date) -> pl.DataFrame:
    """Return how often members were contacted from `first` to `last` (both included): one row per member contacted, sorted by member_id.

    Columns: `member_id`, `contact_count` (campaigns that contacted the member, and days on which they were on a guide's list). A contact
    without a time counts on the campaign's first day. Nothing of the shop's tables after `as_of` is seen; campaigns of the ledger are seen
    once their arms were fixed.
    """
    near = _around(_seen(ws, as_of), first, last)
    treated = members_of(ws, near["campaign_id"]).filter(pl.col("arm") == "treated")
    dated = treated.join(near.select("campaign_id", "starts_on", "source"), on="campaign_id")
    launched, contact_day = pl.col("source") == "ledger", pl.coalesce(pl.col("contacted_at").dt.date(), "starts_on")
    # What the tables tell of a later day is not seen; a launched campaign has planned its contacts all the same.
    days = dated.filter(launched | (contact_day <= as_of)).with_columns(
        day=pl.when(contact_day <= as_of).then(contact_day).otherwise("starts_on")
    )
    contacts = days.filter(pl.col("day").is_between(first, last)).select("member_id")
    listed, _ = lists_between(ws, first, last)
    contacts = pl.concat([contacts, listed.filter(pl.col("arm") == "treated").select("member_id")])
    return contacts.group_by("member_id").agg(pl.len().cast(pl.Int64).alias("contact_count")).cast(CONTACTED).sort("member_id")


def busy(ws: Workspace, first: date, last: date, *, as_of: date, apart_from: str = "") -> pl.DataFrame:
    """Return who is in an arm of another campaign whose window meets `first` to `last`: one row per member x campaign, sorted.

    Columns: `member_id`, `campaign_id`, `ends_on`, `arm`. Control members are busy too: whoever contacts them spoils that campaign's test.
    """
    meets = (pl.col("starts_on") <= last) & (pl.col("ends_on") >= first) & (pl.col("campaign_id") != apart_from)
    others = _seen(ws, as_of).filter(meets)
    frame = members_of(ws, others["campaign_id"]).join(others.select("campaign_id", "ends_on"), on="campaign_id")
    return frame.select(BUSY.names()).sort("member_id", "campaign_id")


def _seen(ws: Workspace, as_of: date) -> pl.DataFrame:
    """Campaigns known on a day: of the tables those that had started, of the ledger those launched by then."""
    known = known_campaigns(ws)
    launched = [
        campaign_id
        for campaign_id in known.filter((pl.col("source") == "ledger") & pl.col("intact"))["campaign_id"]
        if date.fromisoformat(read_launched(ws, campaign_id)["as_of"]) <= as_of
    ]
    in_tables = (pl.col("source") == "tables") & (pl.col("starts_on") <= as_of)
    return known.filter(in_tables | pl.col("campaign_id").is_in(launched)).select(KNOWN.names())


def _around(campaigns: pl.DataFrame, first: date, last: date) -> pl.DataFrame:
    """Campaigns that may have contacted somebody from `first` to `last`: contacts are not made long before or after the window."""
    near = (pl.col("starts_on") <= pl.lit(last).dt.offset_by("91d")) & (pl.col("ends_on") >= pl.lit(first).dt.offset_by("-91d"))
    return campaigns.filter(near)
