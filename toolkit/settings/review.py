"""Thresholds of review: what may be claimed, and what is warned of."""

from __future__ import annotations

from pydantic import Field

from toolkit.settings.family import Days, Family, Share


class ReviewSettings(Family):
    """Effects, their checks, money, lessons."""

    after_days: Days = Field(28, description="Days after the end in which what was only pulled forward shows: four weeks.")
    least_arm: int = Field(
        30, ge=10, le=1000, description="With fewer members in an arm no effect is measured: ten covariates need more, and so do intervals."
    )
    confidence: float = Field(0.95, ge=0.8, le=0.999, description="How often intervals hold the truth.")
    likely_times: float = Field(
        1.0,
        ge=0.5,
        le=10,
        description="Not randomised: an effect is likely where a hidden reason must be so many times as strong as the strongest single "
        "measured one to undo it (Cinelli and Hazlett 2020); below that it is possible, no more.",
    )
    very_likely_times: float = Field(
        2.0, ge=1, le=20, description="Not randomised: very likely where a hidden reason must be so many times as strong."
    )
    hidden_least: Share = Field(
        0.04,
        description="Not randomised: a hidden reason is taken to tell at least this share of who was chosen, also where no measured one "
        "does; else the yardstick of a choice that nothing measured tells would be next to nothing.",
    )
    false_share: float = Field(
        0.05, gt=0, le=0.5, description="Share of false ones among the parts called different, at most (Benjamini-Hochberg)."
    )
    sample_ratio_p: float = Field(
        0.001, gt=0, lt=0.1, description="Arms whose sizes are less likely than this under the planned share were not drawn as planned."
    )
    balance_p: float = Field(
        0.001, gt=0, lt=0.1, description="Randomised arms that differ before the start less likely than this were not drawn at random."
    )
    balance_limit: float = Field(
        0.1, gt=0, le=1, description="Standardised difference before the start above which arms are not alike (Austin 2009)."
    )
    overlap_limit: Share = Field(
        0.05, description="Largest share of treated members who are unlike nearly every control (beyond the 99th percentile)."
    )
    overlap_fail: Share = Field(0.20, description="Above this share of such members the comparison is with people who are not there.")
    overlap_missing: Share = Field(
        0.75,
        description="Above this share nobody is like the treated, and nothing is claimed: everybody who fits a rule was treated, .99 and "
        "more in simulated campaigns, against up to .7 where half to four fifths of them were.",
    )
    effective_share: Share = Field(
        0.10, description="Controls worth less than this share of the treated carry a comparison on too few shoulders."
    )
    tail_factor: float = Field(
        25, ge=1, le=100, description="An arm smaller than this times the squared skewness of spend: heavy tails; the permutation p counts."
    )
    seen_share: Share = Field(
        0.10,
        description="A review that misses an effect of this share of the base more than once in five is weak: most offers do less.",
    )
    permutations: int = Field(999, ge=99, le=100_000, description="Random re-assignments for the studentised permutation p.")
    redeemed_most: Share = Field(
        0.95,
        description="When more of the treated redeemed, they were probably listed because they redeemed, not because they were chosen.",
    )
    contaminated_share: Share = Field(
        0.02, description="Share of the control who were reached after all (redeemed or contacted) above which the effect is diluted."
    )
    redeemed_on_receipt: bool = Field(
        True,
        description="The value redeemed is off the sales already: `amount` is what the shop received, by the contract. False = it was paid "
        "out besides (a gift, money back) and is taken off the net.",
    )
    overlap_difference: Share = Field(
        0.05, description="Difference between arms in the share reached by other campaigns of the same weeks above which those mix in."
    )
    wall_weeks: int = Field(
        4,
        ge=1,
        le=12,
        description="Past weeks whose same weekday a running day is set beside, hour by hour: four are a month without its ends.",
    )
    silent_hours: int = Field(2, ge=1, le=12, description="Hours without an order after which a store that usually sells then is named.")
    history_days: Days = Field(91, description="Fewer days of receipts before the start and members cannot be compared by their past.")
    quiet_days: Days = Field(56, description="No order for this long before the start: who then orders was won back (reactivated).")
    closed_orders: float = Field(
        10,
        ge=1,
        le=1000,
        description="A store that is silent although this many orders were to be expected has closed or stopped delivering.",
    )
    habits_days: Days = Field(91, description="Days after the end in which habits are looked at, and half of those before: a quarter.")
    habits_least_days: Days = Field(28, description="With fewer days before or after a share of spend on discount is an accident.")
