"""A campaign as of the view's day: who was assigned to what, which days are seen, and whom the treated are compared with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from typing import Any, Literal

import polars as pl

from toolkit import columns as c
from toolkit.errors import DataError
from toolkit.language import tr, value
from toolkit.ledger.campaigns import Campaign, open_campaign
from toolkit.models.balance import Overlap, overlap
from toolkit.review.measures.assigned import assigned_members, in_scope, seen_before
from toolkit.review.measures.claimed_chance import Trace, joined_on, traces_of
from toolkit.review.measures.neighbours import overlapping_campaigns, reached_by
from toolkit.review.measures.past import Past, past_of_members
from toolkit.review.measures.redeemed import Redemptions, redeemed
from toolkit.review.measures.sentences import after
from toolkit.scope.period import Period
from toolkit.scope.phrases import where
from toolkit.scope.telling import fields_of, parsed, say
from toolkit.scope.view import View

Control = Literal["own", "others", "none"]
"""Whom the treated are compared with: members held out of the campaign, members it did not speak to, nobody."""
ARMS = (c.members("treated_count", "Treated"), c.members("control_count", "Compared with"))


@dataclass(frozen=True)
class Case:
    """A campaign laid open for review: everything an effect is reckoned from, and nothing that came after the view's day.

    Attributes
    ----------
    campaign
        As the ledger or the tables tell it.
    seen
        The days of the campaign that are seen: from its start (or the first receipt) to its end (or as_of).
    after
        Days after the end, as far as seen, at most review.after_days; None while it runs.
    control
        Whom the treated are compared with.
    members
        One row per member compared, sorted by member_id: `member_id`, `member_code` (null = on the card file, without a receipt),
        `treated`, `segment`, `offer`, `touchpoint`, `contacted_at`, `home_store` (of most orders before the start), `elsewhere` (treated by
        another campaign of the same weeks), `redemption_count`, `redeemed_value` (minor units; null where the table has no values).
    counts
        What was left out or looked odd, by name; see `toolkit.review.remarks`.
    neighbours
        Campaigns whose days overlap: `campaign_id`, `name`, `starts_on`, `ends_on`.
    redemptions
        Who redeemed, and whether the shop says so.
    """

    view: View
    campaign: Campaign
    seen: Period
    after: Period | None
    control: Control
    members: pl.DataFrame
    neighbours: pl.DataFrame
    redemptions: Redemptions
    counts: Mapping[str, int] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The campaign in a sentence: `campaign C001 'Spring coupon'`."""
        code, name = self.campaign.campaign_id, self.campaign.name
        return self.view.say("campaign {code}[ '{name}']", code=code, name="" if name == code else name)

    @property
    def treated_count(self) -> int:
        """Members assigned to be treated, in scope."""
        return int(self.members["treated"].sum())

    @property
    def control_count(self) -> int:
        """Members they are compared with."""
        return self.members.height - self.treated_count

    @property
    def is_randomised(self) -> bool:
        """Whether chance alone decided between the arms, as the ledger or the tables say, there are both, and nothing speaks against it."""
        return self.control == "own" and self.campaign.randomised is True and not self.traces

    @cached_property
    def traces(self) -> tuple[Trace, ...]:
        """What the arms can be told from although the tables say that chance decided; the ledger drew its arms itself."""
        if self.control != "own" or self.campaign.randomised is not True or self.campaign.source == "ledger":
            return ()
        members = self.members.with_columns(joined_on(self.view, self.members, self.campaign.starts_on))
        return traces_of(members, self.past.values, limit=self.view.settings.review.balance_p)

    @property
    def is_running(self) -> bool:
        """Whether days of the campaign are still to come."""
        return self.view.as_of < self.campaign.ends_on

    @property
    def planned_days(self) -> int:
        """Length of the campaign."""
        return (self.campaign.ends_on - self.campaign.starts_on).days + 1

    @property
    def history_days(self) -> int:
        """Days of receipts before the start; 0 where it started before the receipts do."""
        return max((self.campaign.starts_on - self.view.first_day).days, 0)

    @cached_property
    def past(self) -> Past:
        """What the members did before the start, in the order of `members`."""
        return past_of_members(self.view, self.members.select("member_code"), self.campaign.starts_on)

    @cached_property
    def overlap(self) -> Overlap:
        """Whether there are members like the treated among those they are compared with."""
        return overlap(self.past.values, self.members["treated"].to_numpy())

    @cached_property
    def nobody_alike(self) -> str | None:
        """Why no effect can be told although both arms are large: nobody is like the treated; None where some are, or chance decided."""
        if self.is_randomised or self.too_few is not None or self.overlap.beyond_share is None:
            return None
        if self.overlap.beyond_share <= self.view.settings.review.overlap_missing:
            return None
        return self.view.say(
            "{beyond:.0%} of the treated are unlike every member there is to compare with, as when all who fit a rule are treated",
            beyond=self.overlap.beyond_share,
        )

    @property
    def too_few(self) -> str | None:
        """Why no effect is measured, as the end of a sentence; None where both arms are large enough."""
        if self.control == "none":
            return tr("there is nobody to compare with")
        if not self.is_randomised and self.history_days == 0:
            return tr("it started before the receipts do, and nobody was held out at random")
        small = _small_arm(self.view, self.treated_count, self.control_count)
        if small is None:
            return None
        arm, count = small
        return self.view.say(
            "the {arm:word} arm has {count:member}, fewer than {review.least_arm} (setting review.least_arm)", arm=arm, count=count
        )

    @property
    def too_few_to_show(self) -> str:
        """Why nothing is shown, as the end of a sentence; nothing where enough members were treated."""
        if self.treated_count >= self.view.least:
            return ""
        return self.view.say("fewer than {least} treated members in scope (setting scope.minimum_members)")

    # -- words ---------------------------------------------------------------------------------------------------------------------

    def say(self, message: str, row: Mapping[str, Any] | None = None, /, **fields: Any) -> str:
        """Return a sentence on the campaign as `View.say` does.

        Beside the words of the view it may use `name`, `opening`, `arms`, `so_far`, `seen` and `planned_days` of the case, and `where` is
        the scope after the opening: 'NOT RANDOMISED: across the chain'.
        """
        asked = {one.name for one in fields_of(parsed(message))}
        words = {name: getattr(self, name) for name in ("name", "opening", "arms", "so_far", "seen", "planned_days") if name in asked}
        if "where" in asked:
            words["where"] = after(self.opening, where(self.view))
        return say(self.view, message, row, {**words, **fields})

    @property
    def opening(self) -> str:
        """The first words of any sentence on a campaign that chance did not decide."""
        if self.is_randomised:
            return ""
        unknown = self.control == "own" and self.campaign.randomised is None
        return tr("NOT RANDOMISED as far as is known: ") if unknown else tr("NOT RANDOMISED: ")

    @property
    def arms(self) -> str:
        """The n of both arms: `n = 959 treated, 979 held out at random`."""
        is_own, is_random = self.control == "own", self.campaign.randomised and self.is_randomised
        return self.view.say(
            "n = {treated:few} treated, {control:few} [others?not contacted][nobody?to compare with][own?held out][at_random? at random]"
            "[chosen?, not at random][unknown?, whether at random is not known]",
            treated=self.treated_count, control=self.control_count, others=self.control == "others", nobody=self.control == "none",
            own=is_own, at_random=is_own and is_random is True, chosen=is_own and is_random is False, unknown=is_own and is_random is None,
        )  # fmt: skip

    @property
    def so_far(self) -> str:
        """Which day a running campaign has come to, for the inside of a sentence; nothing where it is over."""
        days = self.seen.days
        return self.view.say("so far (day {days} of {planned})", days=days, planned=self.planned_days) if self.is_running else ""


def too_few_of(view: View, treated: int, control: int) -> str | None:
    """Return why no effect is measured on so many members of the arms; None where both are large enough."""
    small = _small_arm(view, treated, control)
    if small is None:
        return None
    return view.say("{count:few} members in the {arm:word} arm; at least {review.least_arm} are needed", arm=small[0], count=small[1])


def _small_arm(view: View, treated: int, control: int) -> tuple[str, int] | None:
    """The first arm, of so many members, that is too small for an effect, and how many these are."""
    arms = (value("treated"), treated), (value("control"), control)
    return next((arm for arm in arms if arm[1] < view.settings.review.least_arm), None)


def open_case(view: View, campaign_id: str) -> Case:
    """Return a campaign as of the view's day, narrowed to its scope.

    Members are compared as assigned, whatever they did. Without a control arm of its own the campaign's treated are compared with members
    it did not speak to: on the card file or with a receipt before the start, contactable where the shop says who is. In the scope of a
    store or region are those who ordered there before the start, with their sales there; an audience is read as of the day before the
    start, since what a campaign changed must not choose who is judged.

    Raises
    ------
    UnknownName
        There is no such campaign; the nearest is named.
    DataError
        It has not begun by as_of, or ended before the receipts start, or an audience is asked of a day before the receipts.

    Example
    -------
    >>> open_case(view, "C001").control_count > 0
    True
    """
    campaign = open_campaign(view.workspace, campaign_id)
    _check_days(view, campaign)
    seen = Period(max(campaign.starts_on, view.first_day), min(campaign.ends_on, view.as_of))
    assigned = assigned_members(view, campaign)
    members = in_scope(view, campaign.starts_on, assigned.members)
    control: Control = "own"
    if not (~assigned.members["treated"]).any():
        others = _others(view, campaign, assigned.named)
        control = "others" if others.height else "none"
        members = pl.concat([members, others], how="diagonal")
    elif members.filter(~pl.col("treated")).is_empty():
        control = "none"
    neighbours = overlapping_campaigns(view, campaign, seen)
    redemptions = redeemed(view, campaign)
    members = (
        members.join(redemptions.members, on="member_id", how="left")
        .join(reached_by(view, neighbours), on="member_id", how="left")
        .with_columns(pl.col("redemption_count").fill_null(0), pl.col("elsewhere").fill_null(False))
        .with_columns(pl.col("redeemed_value").fill_null(0) if redemptions.has_value else "redeemed_value")
        .sort("member_id")
    )
    counts = {
        **assigned.counts,
        "redeemed_uninvited": redemptions.members.filter(~pl.col("member_id").is_in(assigned.named.implode())).height,
    }
    return Case(view, campaign, seen, _after(view, campaign), control, members, neighbours, redemptions, counts)


def _check_days(view: View, campaign: Campaign) -> None:
    days = {"campaign_id": campaign.campaign_id, "starts_on": campaign.starts_on, "ends_on": campaign.ends_on, "first_day": view.first_day}
    if campaign.starts_on > view.as_of:
        raise DataError(
            view.say(
                "Campaign {campaign_id} starts on {starts_on}, after as_of {as_of}: there is nothing to review yet. Import the receipts of "
                "its days, or give a later as_of.",
                days,
            )
        )
    if campaign.ends_on < view.first_day:
        raise DataError(
            view.say(
                "Campaign {campaign_id} ended on {ends_on}, before the receipts start on {first_day}: nothing of it was seen. Import the "
                "receipts of its days.",
                days,
            )
        )


def _after(view: View, campaign: Campaign) -> Period | None:
    last = min(campaign.ends_on + timedelta(days=view.settings.review.after_days), view.as_of)
    return Period(campaign.ends_on + timedelta(days=1), last) if last > campaign.ends_on else None


def _others(view: View, campaign: Campaign, named: pl.Series) -> pl.DataFrame:
    """Members the campaign did not speak to, who could have been spoken to: one row each, untreated."""
    start: date = campaign.starts_on
    others = seen_before(view, start).filter(~pl.col("member_id").is_in(named.implode()))
    cards = view.workspace.table("members")
    if cards is not None:
        columns = [name for name in ("contactable", "joined_on") if name in cards.collect_schema()]
        others = others.join(cards.select("member_id", *columns).collect(), on="member_id", how="left")
        if "contactable" in columns:
            others = others.filter(pl.col("contactable").fill_null(False))
        if "joined_on" in columns:
            others = others.filter((pl.col("joined_on") < start).fill_null(True))
    return in_scope(view, start, others.select("member_id", "member_code", pl.lit(False).alias("treated"), "home_store"))
