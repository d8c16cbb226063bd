"""The contract's tables of the membership itself: points, tiers and their rules, benefits, fees, stored value, referrals, costs of joining.

All of them are optional. What a shop does not hand over is said by name where a question needs it.
"""

from __future__ import annotations

import dataframely as dy
import polars as pl

from toolkit.language import value

REQUIRED = {"required": True}
SELF_REFERRAL = value("a member who refers themselves")
NEGATIVE_POINTS = value("negative points earned (what takes them back is kind adjusted)")


class Points(dy.Schema):
    """One row per entry of a member's account of points."""

    member_id = dy.String(nullable=False, min_length=1, metadata={**REQUIRED, "means": "the member"})
    entered_at = dy.Datetime(nullable=False, time_unit="us", metadata={**REQUIRED, "means": "when"})
    kind = dy.String(
        nullable=False, regex="^(earned|burnt|expired|adjusted)$", metadata={**REQUIRED, "means": "earned, burnt, expired or adjusted"}
    )
    points = dy.Int64(
        nullable=False, metadata={**REQUIRED, "means": "how many; of burnt and expired the sign does not matter, adjusted has one"}
    )
    value = dy.Float64(nullable=True, min=0, metadata={"means": "what the points burnt were worth, in currency units"})

    @dy.rule()
    def negative_points_earned(cls) -> pl.Expr:  # noqa: N805
        """What is earned is not below zero."""
        return (pl.col("kind") != "earned") | (pl.col("points") >= 0)


class Tiers(dy.Schema):
    """One row per stretch of time that a member held a tier."""

    member_id = dy.String(primary_key=True, min_length=1, metadata={**REQUIRED, "means": "the member"})
    tier = dy.String(nullable=False, min_length=1, metadata={**REQUIRED, "means": "card level, as tier_rules names it"})
    valid_from = dy.Date(primary_key=True, metadata={**REQUIRED, "means": "first day"})
    valid_until = dy.Date(nullable=True, metadata={"means": "last day; empty = it goes on"})

    @dy.rule()
    def ends_after_start(cls) -> pl.Expr:  # noqa: N805
        """The last day is not before the first."""
        return pl.col("valid_until").is_null() | (pl.col("valid_until") >= pl.col("valid_from"))


class TierRules(dy.Schema):
    """One row per tier: what a member needs for it."""

    tier = dy.String(primary_key=True, min_length=1, metadata={**REQUIRED, "means": "card level"})
    threshold = dy.Float64(
        nullable=False, min=0, metadata={**REQUIRED, "means": "least of the measure: currency units, orders or points; 0 = everybody"}
    )
    window_days = dy.Int64(nullable=False, min=1, metadata={**REQUIRED, "means": "days over which it is counted, back from the day"})
    measure = dy.String(
        nullable=False, regex="^(sales|orders|points)$", metadata={**REQUIRED, "means": "what is counted: sales, orders or points (earned)"}
    )


class Benefits(dy.Schema):
    """One row per benefit that a member used."""

    member_id = dy.String(nullable=False, min_length=1, metadata={**REQUIRED, "means": "the member"})
    used_at = dy.Datetime(nullable=False, time_unit="us", metadata={**REQUIRED, "means": "when"})
    benefit = dy.String(
        nullable=False, min_length=1, metadata={**REQUIRED, "means": "what it was: birthday gift, free delivery, lounge, ..."}
    )
    cost = dy.Float64(nullable=True, min=0, metadata={"means": "what it cost the shop, in currency units"})


class BenefitGrants(dy.Schema):
    """One row per benefit that a member was given to use, used or not."""

    member_id = dy.String(nullable=False, min_length=1, metadata={**REQUIRED, "means": "the member"})
    granted_at = dy.Datetime(nullable=False, time_unit="us", metadata={**REQUIRED, "means": "when it was given"})
    benefit = dy.String(nullable=False, min_length=1, metadata={**REQUIRED, "means": "what it is, as benefits names it"})
    usable_until = dy.Date(nullable=True, metadata={"means": "last day on which it can be used; empty = no end"})


class Memberships(dy.Schema):
    """One row per paid membership of a member."""

    member_id = dy.String(primary_key=True, min_length=1, metadata={**REQUIRED, "means": "the member"})
    valid_from = dy.Date(primary_key=True, metadata={**REQUIRED, "means": "first day"})
    valid_until = dy.Date(nullable=False, metadata={**REQUIRED, "means": "last day that is paid for"})
    fee = dy.Float64(nullable=False, min=0, metadata={**REQUIRED, "means": "what was paid for it, in currency units"})

    @dy.rule()
    def ends_after_start(cls) -> pl.Expr:  # noqa: N805
        """The last day is not before the first."""
        return pl.col("valid_until") >= pl.col("valid_from")


class StoredValue(dy.Schema):
    """One row per entry of a member's prepaid account."""

    member_id = dy.String(nullable=False, min_length=1, metadata={**REQUIRED, "means": "the member"})
    entered_at = dy.Datetime(nullable=False, time_unit="us", metadata={**REQUIRED, "means": "when"})
    kind = dy.String(nullable=False, regex="^(loaded|spent)$", metadata={**REQUIRED, "means": "loaded or spent"})
    stored_amount = dy.Float64(nullable=False, min=0, metadata={**REQUIRED, "means": "how much, in currency units; >= 0"})


class Referrals(dy.Schema):
    """One row per member who was brought by another; without this table members.referred_by is read."""

    referrer_id = dy.String(nullable=False, min_length=1, metadata={**REQUIRED, "means": "member_id of who brought them"})
    member_id = dy.String(primary_key=True, min_length=1, metadata={**REQUIRED, "means": "who was brought"})
    referred_at = dy.Datetime(nullable=True, time_unit="us", metadata={"means": "when"})

    @dy.rule()
    def refers_another(cls) -> pl.Expr:  # noqa: N805
        """Nobody brings themselves."""
        return pl.col("referrer_id") != pl.col("member_id")


class Acquisition(dy.Schema):
    """One row per channel or campaign of joining and stretch of time: what winning members cost."""

    kind = dy.String(primary_key=True, regex="^(channel|campaign)$", metadata={**REQUIRED, "means": "channel or campaign"})
    won_by = dy.String(
        primary_key=True, min_length=1, metadata={**REQUIRED, "means": "its name, as members.joined_channel or joined_campaign has it"}
    )
    starts_on = dy.Date(primary_key=True, metadata={**REQUIRED, "means": "first day"})
    ends_on = dy.Date(nullable=False, metadata={**REQUIRED, "means": "last day"})
    cost = dy.Float64(nullable=False, min=0, metadata={**REQUIRED, "means": "what it cost in these days, in currency units"})

    @dy.rule()
    def ends_after_start(cls) -> pl.Expr:  # noqa: N805
        """The last day is not before the first."""
        return pl.col("ends_on") >= pl.col("starts_on")


class Relations(dy.Schema):
    """One row per person of the public and step towards membership."""

    person_id = dy.String(primary_key=True, min_length=1, metadata={**REQUIRED, "means": "the person: openid, follower number, ..."})
    step = dy.String(
        primary_key=True, regex="^(reached|follows|registered)$", metadata={**REQUIRED, "means": "reached, follows or registered"}
    )
    stepped_at = dy.Datetime(nullable=False, time_unit="us", metadata={**REQUIRED, "means": "when"})
    member_id = dy.String(nullable=True, metadata={"means": "who they became, where they registered"})
    source = dy.String(nullable=True, metadata={"means": "where they were reached: channel, store, post, ..."})


class Guides(dy.Schema):
    """One row per guide (shop assistant); without this table guides are those that members and lines name."""

    guide_id = dy.String(primary_key=True, min_length=1, metadata={**REQUIRED, "means": "the guide, as members and lines name them"})
    name = dy.String(nullable=True, metadata={"means": "what they are called"})
    store_id = dy.String(nullable=True, metadata={"means": "the store they work in"})
    left_on = dy.Date(nullable=True, metadata={"means": "their last day; empty = still there"})


class GuideCalls(dy.Schema):
    """One row per member and day on which a guide tried to speak to them."""

    member_id = dy.String(primary_key=True, min_length=1, metadata={**REQUIRED, "means": "the member"})
    called_on = dy.Date(primary_key=True, metadata={**REQUIRED, "means": "the day"})
    outcome = dy.String(
        nullable=False, regex="^(called|reached|refused)$", metadata={**REQUIRED, "means": "called (nobody answered), reached or refused"}
    )
    guide_id = dy.String(nullable=True, metadata={"means": "who called"})


MEMBERSHIP: dict[str, type[dy.Schema]] = {
    "points": Points,
    "tiers": Tiers,
    "tier_rules": TierRules,
    "benefits": Benefits,
    "benefit_grants": BenefitGrants,
    "memberships": Memberships,
    "stored_value": StoredValue,
    "referrals": Referrals,
    "acquisition": Acquisition,
    "relations": Relations,
    "guides": Guides,
    "guide_calls": GuideCalls,
}
"""The tables, in contract order."""
MONEY = frozenset({"cost", "fee", "stored_amount"})
"""Their columns in currency units, beside `value` of the rest of the contract."""
ENTRY_DAYS = {"points": "entered_at", "benefits": "used_at", "benefit_grants": "granted_at", "stored_value": "entered_at"}
"""Tables without a key: the column whose day is replaced by a later import of the same source."""
RULES = {"refers_another": SELF_REFERRAL, "negative_points_earned": NEGATIVE_POINTS}
"""What a broken rule is called."""
