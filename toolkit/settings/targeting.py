"""Thresholds of targeting."""

from __future__ import annotations

from pydantic import Field

from toolkit.settings.family import Days, Family, Share


class ActivitySettings(Family):
    """Activity against a member's own past, slipping, and loyalty."""

    past_windows: int = Field(
        13, ge=3, le=52, description="Windows of lifetime_value.purchase_days before the latest one that are a member's past: about a year."
    )
    minimum_windows: int = Field(
        6, ge=2, le=52, description="Fewer whole windows since a member's first day and the past is too short to judge."
    )
    tail: float = Field(
        0.05, gt=0, lt=0.5, description="More or less active than usual: the own past makes the last 91 days this unlikely, on either side."
    )
    slipping_share: Share = Field(
        0.5, description="Slipping: P(buys) is at most this share of the own past rate. Simulated shop: 4 of 5 so found have left."
    )
    slipping_doubt: Share = Field(
        0.15,
        description="Slipping: of those listed at most this share are expected to be still around (the mean of P(buys) over the past "
        "rate). Half of those who are come within their usual pause, and no more than one listed in ten should.",
    )
    slipping_least_rate: Share = Field(
        0.25, description="Who bought in a smaller share of past windows has no habit to fall out of, and is not called slipping."
    )
    gone_days: Days = Field(
        182, description="Who has not been seen for longer than this has gone already: to be won back, no longer slipping."
    )
    regular_gaps: int = Field(10, ge=5, le=100, description="Gaps between shopping days from which regularity (1/CV squared) is measured.")
    low_share: Share = Field(1 / 3, description="Loyalty is low below this quantile of the shop's own measured members.")
    high_share: Share = Field(2 / 3, description="Loyalty is high above this quantile.")


class GoodsSettings(Family):
    """Which goods go together, in baskets and with members."""

    window_days: Days = Field(
        365, description="Days of receipts from which goods that go together are found, unless a period is given: a year evens out seasons."
    )
    minimum_baskets: int = Field(
        20, ge=5, le=10000, description="A good in fewer baskets (or bought by fewer members) takes no part: nothing could be told of it."
    )
    minimum_both: int = Field(10, ge=1, le=1000, description="A pair in fewer baskets (or of fewer members) is not shown.")
    false_share: float = Field(
        0.05, gt=0, le=0.5, description="Share of false ones among the pairs called together, at most (Benjamini-Hochberg)."
    )
    largest_basket: int = Field(
        150, ge=2, le=5000, description="Orders with more different goods are left out: purchases for a trade, not a household's basket."
    )
    core_index: float = Field(
        1.2, gt=1, le=10, description="A good is a core good when the lower limit of its index against other members is above this."
    )
    core_months_share: Share = Field(
        0.66, description="A core member ordered in at least this share of the window's 28-day months: heavy once is not core."
    )


class SequenceSettings(Family):
    """First purchases, what is due again, and what is looked at."""

    entry_after_days: Days = Field(
        56,
        description="A first order within this many days of the first receipt may be an old member's: not taken for a first purchase, "
        "unless the members table says that they joined since.",
    )
    follow_days: Days = Field(91, description="A member who has not come back within this many days of a purchase has stopped there.")
    later_days: Days = Field(182, description="Days after the first shopping day over which a member's later spend is counted.")
    path_places: int = Field(7, ge=2, le=12, description="Categories shown by name at each step of a path; the others are one place.")
    due_within_days: Days = Field(28, description="A purchase is called for when it is expected within this many days after as_of.")
    due_window_share: float = Field(
        0.7, ge=0.3, le=0.95, description="The window is the shortest that holds this share of the purchases made by those who buy again."
    )
    due_least_gap_days: Days = Field(
        21, description="Goods bought again sooner than this (median) are everyday shopping: nobody needs to be reminded."
    )
    due_most_spread: float = Field(
        0.9,
        gt=0.1,
        le=2,
        description="Goods without a stated life have a rhythm where a member's own gaps spread no more than this (standard deviation of "
        "their logarithms; at random times it is 1.28).",
    )
    due_minimum_gaps: int = Field(30, ge=10, description="Fewer closed gaps than this and a category has no rhythm of its own.")
    look_before_days: Days = Field(
        7, description="Events within this many days before an order are its touches; a look so recent may still become a purchase."
    )
    look_least_days: int = Field(2, ge=1, le=100, description="Days with a look at a category that make an interest: once is a glance.")
    look_dearer: float = Field(
        1.1, ge=1, le=5, description="Looking at goods dearer by this factor than what the member pays points to the price."
    )


class NicheSettings(Family):
    """Small groups with a strong, stable taste."""

    most_share: Share = Field(0.10, description="A group with more than this share of the members measured is no niche.")
    strong_index: float = Field(2.0, gt=1, le=50, description="A strong taste: the lower limit of the index is above this.")
    stable_share: Share = Field(
        0.70, description="Share of the members found in the first half who must still show the taste in the second half (lower 95% limit)."
    )
    minimum_half_days: int = Field(5, ge=2, description="Shopping days in each half that a member needs for the test of stability.")


class LeavingSettings(Family):
    """Why members do not come again."""

    window_days: Days = Field(364, description="Days whose baskets are judged: a year evens out seasons.")
    false_share: float = Field(
        0.05, gt=0, le=0.5, description="Share of false ones among the goods, and among the causes, called at most (Benjamini-Hochberg)."
    )
    least_baskets: int = Field(30, ge=5, le=10000, description="A good in fewer baskets takes no part: nothing could be told of it.")
    least_ratio: float = Field(1.25, ge=1, le=10, description="A cause multiplies the losses of like baskets by this at least to be told.")
    ask_chance: float = Field(
        0.01, gt=0, le=0.5, description="Nobody asked and no offer that fits are called where chance alone would do as much this seldom."
    )
    low_rating: float = Field(2, description="A rating up to this is a bad one.")
    price_rise: Share = Field(0.1, description="Dearer: the goods that the member knew cost this much more than they had paid so far.")
    stock_days: Days = Field(
        7, description="A shelf is empty where the last count within so many days found nothing; counts as often are needed."
    )
    deal_share: Share = Field(0.5, description="Used to discounts: at least this share of earlier spend was on discounted lines.")
