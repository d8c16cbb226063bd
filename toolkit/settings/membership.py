"""Thresholds of the membership itself: joining, tiers, points, fees, prepaid money."""

from __future__ import annotations

from pydantic import Field

from toolkit.settings.family import Days, Family, Share


class MembershipSettings(Family):
    """Joining, tiers, points, fees, prepaid money."""

    joiners_days: Days = Field(364, description="Days back from as_of whose joiners are told where no period is asked for: a year.")
    first_order_days: Days = Field(30, description="A joiner is followed for so many days to the first order.")
    second_order_days: Days = Field(90, description="A joiner is followed for so many days to the second shopping day.")
    payback_months: int = Field(12, ge=1, le=60, description="Months of 30 days over which the cost of winning a member may be paid back.")
    referral_days: Days = Field(182, description="Spend of referred members is counted over so many days after their first shopping day.")
    near_share: Share = Field(0.2, description="Near a tier: who lacks at most this share of its threshold.")
    outcome_days: Days = Field(91, description="What a tier changes is looked for in so many days after the day it was given: a quarter.")
    most_reviews: int = Field(
        4, ge=1, le=24, description="Days on which tiers were given that are looked at together at most, latest first."
    )
    doubted_crowd: float = Field(
        0.05, gt=0, le=0.5, description="Below this p-value members crowd on one side of the cut-off, and its effect is not claimed."
    )
    guide_silent_days: Days = Field(
        45, description="A guide who served before and has served nobody for so many days is taken to have left, unless `guides` says more."
    )
    point_value: float | None = Field(
        None, gt=0, description="What a point is worth when it is burnt, in currency units; None = by the value column of the points table."
    )
    points_ahead_days: Days = Field(364, description="Points that are outstanding are followed for so many days ahead: a year.")
    renewal_days: int = Field(
        30,
        ge=0,
        le=366,
        description="A paid membership counts as renewed where the next one begins within so many days after its last day.",
    )
    beside_days: Days = Field(
        91, description="Days before and after a paid membership or a prepaid account began that are set beside those of like members."
    )
    dormant_days: Days = Field(182, description="Prepaid money counts as dormant where its account has had no entry for so many days.")
