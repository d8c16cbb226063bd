"""How often members are contacted, which campaigns share their days, and what the whole programme adds where some never are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import polars as pl

from toolkit.language import tr
from toolkit.ledger.campaigns import known_campaigns, members_of
from toolkit.ledger.global_control import GlobalControl, read_global_control
from toolkit.ledger.guide_lists import lists_between
from toolkit.mart.windows import window_sums
from toolkit.models.lin import Effect, lin_effect, not_measured
from toolkit.review.measures.assigned import seen_before
from toolkit.review.measures.case import too_few_of
from toolkit.review.measures.past import past_of_members
from toolkit.scope.view import View

_MONTH = 28


def contact_days(view: View) -> pl.DataFrame:
    """Return every contact of a member in scope up to the view's day: `member_id`, `campaign_id`, `day`.

    A contact without a time counts on the campaign's first day; a campaign whose files were changed after launch is left out. A day
    on a guide's list is a contact, under the name `guides` and the day.
    """
    known = known_campaigns(view.workspace, up_to=view.as_of).filter(pl.col("intact").fill_null(True))
    treated = members_of(view.workspace, known["campaign_id"]).filter(pl.col("arm") == "treated")
    dated = treated.join(known.select("campaign_id", "starts_on"), on="campaign_id", maintain_order="left")
    contacts = dated.select("member_id", "campaign_id", pl.coalesce(pl.col("contacted_at").dt.date(), "starts_on").alias("day"))
    listed, _ = lists_between(view.workspace, view.first_day, view.as_of)
    called = listed.filter(pl.col("arm") == "treated").select("member_id", pl.format("guides {}", "day").alias("campaign_id"), "day")
    inside = (
        pl.concat([contacts, called])
        .filter(pl.col("day") <= view.as_of)
        .unique(["member_id", "campaign_id"], keep="first", maintain_order=True)
    )
    if not view.scope.is_chain:
        inside = inside.join(view.members.select("member_id"), on="member_id", how="semi")
    return inside.sort("member_id", "day", "campaign_id")


def pressure(view: View, days: pl.DataFrame) -> pl.DataFrame:
    """Return how often each member in scope was contacted: one row per member, sorted by member_id.

    Members are those of the scope with a receipt, and those on the card file who were contacted without one. Columns: `member_id`,
    `contact_count` (campaigns that contacted them, ever), `lately` (in the last offers.rest_days days), `most` (in any so many days).
    """
    rest = view.settings.offers.rest_days
    known = pl.concat([view.members.select("member_id"), days.join(_cards(view), on="member_id", how="semi").select("member_id")])
    known = known.unique().sort("member_id")
    since = view.as_of - timedelta(days=rest - 1)
    counts = days.group_by("member_id").agg(
        pl.len().cast(pl.Int64).alias("contact_count"), (pl.col("day") >= since).sum().cast(pl.Int64).alias("lately")
    )
    windows = (
        days.sort("member_id", "day").rolling("day", period=f"{rest}d", group_by="member_id").agg(pl.len().cast(pl.Int64).alias("held"))
    )
    most = windows.group_by("member_id").agg(pl.col("held").max().alias("most"))
    return known.join(counts, on="member_id", how="left").join(most, on="member_id", how="left").fill_null(0).sort("member_id")


def _cards(view: View) -> pl.DataFrame:
    """The ids on the card file: member_id."""
    table = view.workspace.table("members")
    return table.select("member_id").collect() if table is not None else pl.DataFrame(schema={"member_id": pl.String})


def campaign_rows(view: View, days: pl.DataFrame) -> pl.DataFrame:
    """Return the campaigns that began by the view's day: one row each, in order of their start.

    Columns of KNOWN, `overlap_count` (other campaigns with a day in common) and `overlap_share` (0..1 of its treated members whom those
    contacted too; null with fewer of them in scope than scope.minimum_members).
    """
    known = known_campaigns(view.workspace, up_to=view.as_of)
    reached = {str(key[0]): set(part["member_id"]) for key, part in days.partition_by("campaign_id", as_dict=True).items()}
    windows = list(known.select("campaign_id", "starts_on", "ends_on").drop_nulls().iter_rows())
    rows = []
    for name, start, end in windows:
        others = [other for other, first, last in windows if other != name and first <= end and last >= start]
        own = reached.get(name, set())
        also = own & set().union(*(reached.get(other, set()) for other in others)) if others else set()
        rows.append((name, len(others), len(also) / len(own) if len(own) >= view.least else None))
    schema = {"campaign_id": pl.String, "overlap_count": pl.Int64, "overlap_share": pl.Float64}
    return known.join(pl.DataFrame(rows, schema=schema, orient="row"), on="campaign_id", how="left", maintain_order="left")


@dataclass(frozen=True)
class Programme:
    """What the whole programme adds per member and 28 days, in currency units, where some members are never contacted.

    `control`: as set; `effect`: of belonging to those who may be contacted; `days` since it began; `spoiled`: members of the global control
    who were contacted after all since then.
    """

    control: GlobalControl
    effect: Effect
    days: int
    spoiled: int


def programme_effect(view: View, days: pl.DataFrame) -> Programme:
    """Return the effect of all campaigns together: Lin's regression of spend since the global control began, on not being in it.

    Members with an order before that day, as the draw has them, contacted or not; their past before it as covariates.
    """
    control = read_global_control(view.workspace)
    if not control.share or control.since is None:
        return Programme(control, not_measured(tr("no members are held out of all campaigns"), 0, 0), 0, 0)
    length = (view.as_of - control.since).days + 1
    members = seen_before(view, control.since)
    held = control.holds(members["member_id"])
    counts = int((~held).sum()), int(held.sum())
    touched = days.filter(pl.col("day") >= control.since).select("member_id").unique()
    spoiled = members.filter(held).join(touched, on="member_id", how="semi").height
    if length < _MONTH:
        reason = view.say(
            "it began on {since}, {days} days ago; {needed} are needed", since=control.since, days=max(length, 0), needed=_MONTH
        )
        return Programme(control, not_measured(reason, *counts), length, spoiled)
    if too_few := too_few_of(view, *counts):
        return Programme(control, not_measured(too_few, *counts), length, spoiled)
    sums = window_sums(view.workspace, view.mart, control.since, view.as_of, members=members.select("member_code"))
    spent = members.join(sums.select("member_code", "amount"), on="member_code", how="left", maintain_order="left")["amount"].fill_null(0)
    outcome = spent.to_numpy().astype(float) / view.minor_units * _MONTH / length
    past = past_of_members(view, members.select("member_code"), control.since).values
    effect = lin_effect(
        outcome, (~held).to_numpy(), np.asarray(past, dtype=float), least_arm=view.settings.review.least_arm, by_chance=True
    )
    return Programme(control, effect, length, spoiled)
