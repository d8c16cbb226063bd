"""Who was assigned to a campaign and can be followed, who was known before it began, and who of them is in scope."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

import polars as pl

from toolkit.errors import DataError
from toolkit.language import tr
from toolkit.ledger.campaigns import Campaign
from toolkit.scope.view import View


@dataclass(frozen=True)
class Assigned:
    """The members of a campaign as assigned.

    `members`: one row each (`member_id`, `member_code`, `treated`, `segment`, `offer`, `touchpoint`, `contacted_at`, `home_store`);
    `named`: every id the campaign speaks of; `counts`: `two_arms` (ids in both arms, left out), `unknown` (ids without card and without a
    receipt before the start, left out), `no_receipt_before` (kept: their past is zero), `late_contact` (reached after the end).
    """

    members: pl.DataFrame
    named: pl.Series
    counts: Mapping[str, int]


def assigned_members(view: View, campaign: Campaign) -> Assigned:
    """Return the members of a campaign who can be followed from before its start, as assigned.

    A member in two arms is in none: nothing says what they got. An id that neither the card file nor a receipt before the start knows is
    left out: whether such an id ever appears depends on what it bought during the campaign, so keeping only those that do would find an
    effect where there is none. Who is on the card file and bought nothing counts, as zero.
    """
    start = campaign.starts_on
    rows = campaign.members
    twice = rows.group_by("member_id").agg(pl.col("arm").n_unique().alias("arms")).filter(pl.col("arms") > 1)
    kept = rows.join(twice, on="member_id", how="anti").unique("member_id", keep="first", maintain_order=True)
    before = seen_before(view.chain, start)
    # The ledger froze members of the shop; and before the first receipt nobody can be told from a slip of the pen.
    if campaign.source != "ledger" and start > view.first_day:
        followed = kept.join(_known(view, before), on="member_id", how="semi", maintain_order="left")
    else:
        followed = kept
    codes = view.workspace.codes("member").rename({"code": "member_code", "id": "member_id"})
    homes = before.select("member_id", "home_store")
    members = (
        followed.join(codes, on="member_id", how="left", maintain_order="left")
        .join(homes, on="member_id", how="left", maintain_order="left")
        .select(
            "member_id",
            "member_code",
            (pl.col("arm") == "treated").alias("treated"),
            *[pl.col(name).cast(pl.String) for name in ("segment", "offer", "touchpoint")],
            pl.col("contacted_at").cast(pl.Datetime("us")),
            "home_store",
        )
    )
    late = datetime.combine(campaign.ends_on + timedelta(days=1), time())
    counts = {
        "two_arms": twice.height,
        "unknown": kept.height - members.height,
        "no_receipt_before": members.join(before, on="member_id", how="anti").height,
        "late_contact": members.filter("treated", pl.col("contacted_at") >= late).height,
    }
    return Assigned(members, rows["member_id"].unique(), counts)


def seen_before(view: View, day: date) -> pl.DataFrame:
    """Return members with an order in scope before `day`: `member_id`, `member_code`, `home_store` (most orders; ties: the smaller id)."""
    start = datetime.combine(day, time())
    visits = (
        view.orders.filter("is_order", pl.col("member_code").is_not_null(), pl.col("ordered_at") < start)
        .group_by("member_code", "store_code")
        .agg(pl.len().cast(pl.Int64).alias("visits"))
        .collect(engine="streaming")
    )
    named = visits.join(view.stores.select("store_code", pl.col("store_id").alias("home_store")), on="store_code", how="left")
    homes = named.sort("visits", "home_store", descending=[True, False]).unique("member_code", keep="first", maintain_order=True)
    ids = view.workspace.codes("member").rename({"code": "member_code", "id": "member_id"})
    return homes.join(ids, on="member_code", how="left").select("member_id", "member_code", "home_store").sort("member_id")


def in_scope(view: View, day: date, members: pl.DataFrame) -> pl.DataFrame:
    """Return the members who were in the view's scope before `day`."""
    if view.scope.is_chain:
        return members
    if view.scope.audience is None:
        return members.join(seen_before(view, day).select("member_id"), on="member_id", how="semi", maintain_order="left")
    if day <= view.first_day:
        raise DataError(
            tr(
                "The audience is read as of the day before the campaign starts ({day}), and the receipts of this shop start on "
                "{first_day}: nobody's past is known. Ask without audience.",
                day=day,
                first_day=view.first_day,
            )
        )
    inside = view.at(day - timedelta(days=1)).members.select("member_id")
    return members.join(inside, on="member_id", how="semi", maintain_order="left")


def _known(view: View, before: pl.DataFrame) -> pl.DataFrame:
    """Ids on the card file or with a receipt before the start."""
    cards = view.workspace.table("members")
    ids = [before.select("member_id")] + ([cards.select("member_id").collect()] if cards is not None else [])
    return pl.concat(ids).unique()
