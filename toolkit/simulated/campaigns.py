"""The campaigns of the simulated shop: who was chosen, who was held out, and what it truly did.

Model. Eight campaigns a year, each over its own window. Members are chosen by behaviour up to the day before: everybody ("all"), the top
share by planned lines in the past 365 days ("best") or by orders in the past 28 days ("hot"), cut within a block, or those without an
order in 60 days ("quiet"); always only members who may be contacted and have joined. A share `control_share` of the chosen is held out at
random (0 = nobody, and nothing to compare with). For a treated member, independently of everything else:
- extra orders ~ Poisson(lift * rate * shop time of the window while the member is active), uniform in that time; `lift` is one number per
  campaign, tier and price sensitivity (promo dependence >= 0.30): BASE lift * TIER factor * SENSITIVITY factor of the method;
- each order of the window that would have come anyway gets Poisson(basket_lift * its lines) lines more;
- pulled forward: each own order of the 28 days after the window is dropped with probability
  min(1, pull_forward * lift * window / 28), so about pull_forward of the extra orders were only moved.
Nobody comes back after the day of lapse: a campaign cannot win such a member back. Control members are untouched, so for every member both
outcomes are known: truth = caused orders and lines - moved orders - reductions given on what would have been bought anyway.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from toolkit.simulated.arrays import Arrays
from toolkit.simulated.branches import Branches
from toolkit.simulated.clock import Clock
from toolkit.simulated.people import SENSITIVE_FROM, TIERS, People
from toolkit.simulated.settings import ShopSettings
from toolkit.simulated.trips import Trips, furnish, shopped

AFTER_DAYS = 28
QUIET_DAYS = 60
HOT_DAYS = 28
BEST_DAYS = 365
TIER_FACTOR = {"bronze": 0.7, "silver": 1.2, "gold": 0.5}
SENSITIVITY_FACTOR = {
    "coupon": (0.6, 1.6),
    "full_reduction": (0.7, 1.4),
    "discount": (0.5, 1.7),
    "member_day": (1.0, 1.0),
    "service": (1.3, 0.6),
}
TOUCHPOINTS = pl.Series("touchpoint", ["app push", "text message", "mail"])
ARMS = pl.Series("arm", ["control", "treated"])


@dataclass(frozen=True)
class Campaign:
    """One campaign. `lift` 0 is an A/A test; money in currency units."""

    name: str
    method: str
    start_day: int
    days: int
    selection: str  # all, best, hot, quiet
    chosen_share: float  # of the members that the selection ranks
    control_share: float
    lift: float
    basket_lift: float = 0.0
    pull_forward: float = 0.0
    cost_fixed: float = 500.0
    cost_per_contact: float = 0.05
    campaign_id: str = ""

    @property
    def end_day(self) -> int:
        """First day after the window."""
        return self.start_day + self.days

    def covers(self, day: np.ndarray) -> np.ndarray:
        """Return whether each day is in the window."""
        return (day >= self.start_day) & (day < self.end_day)

    def lift_of(self, tier: str, sensitive: bool) -> float:
        """Return the true lift of a segment."""
        return self.lift * TIER_FACTOR[tier] * SENSITIVITY_FACTOR[self.method][int(sensitive)]


YEAR = (
    Campaign("Spring coupon", "coupon", 98, 28, "all", 0.8, 0.5, 0.40),
    Campaign("Newsletter test", "service", 133, 21, "all", 0.6, 0.5, 0.0, cost_per_contact=0.01),
    Campaign("Spend 60 save 10", "full_reduction", 161, 21, "all", 0.9, 0.2, 0.30, pull_forward=0.4),
    Campaign("Gold evening", "member_day", 189, 14, "best", 0.2, 0.0, 0.25, cost_fixed=3000.0, cost_per_contact=1.5),
    Campaign("Thank-you for last month", "discount", 217, 14, "hot", 0.25, 0.0, 0.20),
    Campaign("We miss you", "coupon", 245, 28, "quiet", 1.0, 0.3, 0.80),
    Campaign("Loyal customers' letter", "service", 280, 21, "best", 0.25, 0.0, 0.0, cost_per_contact=0.8),
    Campaign("Fuller basket", "discount", 315, 21, "all", 0.8, 0.5, 0.15, basket_lift=0.15),
)
"""One year of campaigns, by day of the simulated year: four random trials (one of them A/A), one win-back trial, three without control."""


@dataclass(frozen=True)
class Participation(Arrays):
    """Who of a block was chosen, and what is true of them; arrays with one entry per campaign x chosen member."""

    campaign: np.ndarray
    member: np.ndarray
    treated: np.ndarray
    lift: np.ndarray
    expected_extra: np.ndarray  # extra orders to be expected if treated
    extra: np.ndarray  # extra orders that were made


def shop_campaigns(settings: ShopSettings, clock: Clock) -> tuple[Campaign, ...]:
    """Return the campaigns whose window lies within the receipts, numbered in order of time."""
    campaigns: list[Campaign] = []
    for year in range(int(settings.years) + 1):
        for template in YEAR:
            start = template.start_day + round(365.25 * year)
            if start + template.days <= clock.days:
                lifts = {name: getattr(template, name) * settings.effect_scale for name in ("lift", "basket_lift")}
                campaigns.append(replace(template, start_day=start, campaign_id=f"C{len(campaigns) + 1:03d}", **lifts))
    return tuple(campaigns)


def run_campaign(
    number: int, campaign: Campaign, trips: Trips, people: People, clock: Clock, branches: Branches, rng: np.random.Generator
) -> tuple[Trips, Participation]:
    """Return the trips after a campaign, and who took part. Campaigns must be run in order of time: each sees what the former caused."""
    chosen = np.flatnonzero(_chosen(campaign, trips, people, rng))
    treated = rng.random(chosen.size) >= campaign.control_share
    lift = segment_lifts(campaign)[people.tier[chosen], sensitive(people)[chosen]]
    first_day, end_day = people.alive
    begin = clock.shop_time[np.clip(first_day[chosen], campaign.start_day, campaign.end_day)]
    end = clock.shop_time[np.clip(end_day[chosen], campaign.start_day, campaign.end_day)]
    active_time = np.maximum(end - begin, 0.0)
    expected = lift * people.rate[chosen] * active_time
    extra = np.where(treated, rng.poisson(expected), 0)
    who = np.repeat(np.arange(chosen.size), extra)
    day = clock.day_of(begin[who] + rng.random(who.size) * active_time[who])
    caused = furnish(chosen[who], day, people, branches, rng)
    caused = replace(caused, cause=np.full(who.size, number, np.int32), is_extra=np.ones(who.size, bool))
    is_treated = np.zeros(people.count, bool)
    is_treated[chosen[treated]] = True
    lift_of = np.zeros(people.count)
    lift_of[chosen] = lift
    trips = _enlarge(number, campaign, trips, is_treated, rng)
    trips = _pull_forward(number, campaign, trips, is_treated, lift_of, rng)
    return trips.joined(caused), Participation(np.full(chosen.size, number), chosen, treated, lift, expected, extra)


def sensitive(people: People) -> np.ndarray:
    """Return 1 for price-sensitive people, else 0: the second key of the segments with a lift of their own."""
    return (people.promo_dependence >= SENSITIVE_FROM).astype(np.int64)


def segment_lifts(campaign: Campaign) -> np.ndarray:
    """Return the true lifts, tiers x (not sensitive, sensitive)."""
    return np.array([[campaign.lift_of(tier, flag) for flag in (False, True)] for tier in TIERS])


def campaigns_table(campaigns: tuple[Campaign, ...], clock: Clock) -> pl.DataFrame:
    """Return the contract's campaigns: one row per campaign."""
    windows = {
        "starts_on": [clock.date_of(campaign.start_day) for campaign in campaigns],
        "ends_on": [clock.date_of(campaign.end_day - 1) for campaign in campaigns],
    }
    table = pl.DataFrame([vars(campaign) for campaign in campaigns]).with_columns(pl.DataFrame(windows))
    columns = ("campaign_id", "starts_on", "ends_on", "name", "method", "cost_fixed", "cost_per_contact")
    return table.select(*columns, randomised=pl.col("control_share") > 0)


def contacts_table(
    part: Participation, campaigns: tuple[Campaign, ...], member_ids: pl.Series, clock: Clock, rng: np.random.Generator
) -> pl.DataFrame:
    """Return the contract's contacts of a block: one row per chosen member; controls have no touchpoint and no times."""
    count = part.member.size
    start = np.array([campaign.start_day for campaign in campaigns])
    contacted = clock.moments(start[part.campaign], rng.integers(9 * 3600, 12 * 3600, count))
    opened = contacted + rng.integers(60, 2 * 86400, count).astype("timedelta64[s]")
    clicked = opened + rng.integers(5, 600, count).astype("timedelta64[s]")
    opens = part.treated & (rng.random(count) < 0.4)
    clicks = opens & (rng.random(count) < 0.25)
    touchpoint = rng.integers(0, len(TOUCHPOINTS), count)
    nothing = np.datetime64("NaT")
    return pl.DataFrame(
        {
            "campaign_id": campaign_ids(campaigns).gather(part.campaign),
            "member_id": member_ids.gather(part.member),
            "arm": ARMS.gather(part.treated.astype(np.int64)),
            "touchpoint": TOUCHPOINTS.gather(pl.Series(np.where(part.treated, touchpoint, -1)).replace(-1, None)),
            "contacted_at": np.where(part.treated, contacted, nothing),
            "opened_at": np.where(opens, opened, nothing),
            "clicked_at": np.where(clicks, clicked, nothing),
        }
    )


def campaign_ids(campaigns: tuple[Campaign, ...]) -> pl.Series:
    """Return the ids by campaign number."""
    return pl.Series("campaign_id", [campaign.campaign_id for campaign in campaigns], dtype=pl.String)


def _chosen(campaign: Campaign, trips: Trips, people: People, rng: np.random.Generator) -> np.ndarray:
    start = campaign.start_day
    eligible = (people.contactable == 1) & (people.joined < start)
    if campaign.selection == "all":
        return eligible & (rng.random(people.members) < campaign.chosen_share)
    if campaign.selection == "quiet":
        return eligible & (people.joined < start - QUIET_DAYS) & (shopped(trips, people, start - QUIET_DAYS, start) == 0)
    if campaign.selection == "best":
        score = shopped(trips, people, start - BEST_DAYS, start, trips.lines.astype(float))
    else:
        score = shopped(trips, people, start - HOT_DAYS, start).astype(float)
    score = np.where(eligible, score + 0.01 * rng.random(people.members), -1.0)  # ties are broken at random
    return eligible & (score >= 1) & (np.argsort(np.argsort(-score)) < campaign.chosen_share * eligible.sum())


def _enlarge(number: int, campaign: Campaign, trips: Trips, is_treated: np.ndarray, rng: np.random.Generator) -> Trips:
    if campaign.basket_lift == 0:
        return trips
    inside = campaign.covers(trips.day) & is_treated[trips.person] & (trips.cause < 0) & trips.is_made
    more = np.where(inside, rng.poisson(campaign.basket_lift * trips.lines), 0)
    return replace(trips, extra_lines=trips.extra_lines + more, cause=np.where(more > 0, number, trips.cause).astype(np.int32))


def _pull_forward(
    number: int, campaign: Campaign, trips: Trips, is_treated: np.ndarray, lift_of: np.ndarray, rng: np.random.Generator
) -> Trips:
    if campaign.pull_forward == 0:
        return trips
    after = (trips.day >= campaign.end_day) & (trips.day < campaign.end_day + AFTER_DAYS) & is_treated[trips.person] & (trips.cause < 0)
    share = np.minimum(1.0, campaign.pull_forward * lift_of[trips.person] * campaign.days / AFTER_DAYS)
    moved = after & trips.is_made & (rng.random(trips.count) < share)
    return replace(trips, moved_by=np.where(moved, number, trips.moved_by).astype(np.int32))
