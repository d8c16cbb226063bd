"""Who shops: members and walk-ins (non-members) of one block, with every latent trait.

Model, per person (z are standard normal):
- basket size: lines_mean = lines_per_order * exp(0.45 z) (walk-ins: 0.6 times that);
- promo dependence = logistic(-1.2 + 1.1 z1); coupon affinity = logistic(-2.0 + 1.4 z2), corr(z1, z2) = 0.3;
- quality level 0, 1, 2 by cutting z3 at -0.5 and 0.85, corr(z1, z3) = -0.4: the price-sensitive take cheaper goods;
- brand loyalty ~ Beta(2, 2): share of lines that take the member's own favourite of the category;
- digital share (orders by app or online) 0 for 45%, else Beta(1.3, 2.2); of these the app takes a share app_share ~ Beta(2, 2);
- taste over categories: base share * exp(taste_spread * z - taste_spread^2 / 2), one z per member x category; walk-ins have the base taste.
Members besides:
- rate (orders per day of mean busyness) ~ Gamma(rate_shape), mean orders_per_year / 365.25, times 1.2 if referred, at least 1 order a year;
- regularity k = exp(0.3 + 0.5 z) in [0.5, 6]: gaps between orders in shop time are Gamma(k) with mean 1 / rate;
- 70% joined before the receipts start (up to five years), the rest uniformly within; a first order is made on the day of joining;
- a share never_lapse_share never leaves; 4% of the old members left before the start; the others leave after Exp(lifetime_years) counted
  from joining or, for old members, from the start. No order is made on or after `lapse_on`;
- tier from the rank of log(rate * lines_mean) + 0.5 z within the block: top 10% gold, next 30% silver, rest bronze.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from toolkit.simulated.assortment import BASE_SHARES, NICHES, WISHES, category_number
from toolkit.simulated.branches import Branches
from toolkit.simulated.catalogue import LEVELS, Catalogue
from toolkit.simulated.clock import Clock
from toolkit.simulated.settings import BLOCK_MEMBERS, ShopSettings
from toolkit.simulated.wheel import spin, wheel

TASTE_SLOTS = 2048
TIERS = ("bronze", "silver", "gold")
NEVER = 1 << 30
"""Day number of what does not happen."""
ACTIVE_SHARE = 0.75
"""Part of the period that members are active, about: scales the number of walk-ins."""
SENSITIVE_FROM = 0.30
"""Promo dependence from which a member counts as price sensitive in the campaign segments."""


@dataclass(frozen=True)
class People:
    """Traits as arrays; members come first, then walk-ins (whose member-only traits do not exist)."""

    members: int
    first_number: int  # running number of the block's first member
    lines_mean: np.ndarray
    promo_dependence: np.ndarray
    coupon_affinity: np.ndarray
    level: np.ndarray
    loyalty: np.ndarray
    digital: np.ndarray
    app_share: np.ndarray
    home: np.ndarray
    hour: np.ndarray
    taste: np.ndarray  # wheels over categories, members then one row for all walk-ins
    favourite: np.ndarray  # product, rows as taste x categories
    rate: np.ndarray  # members only, from here
    regularity: np.ndarray
    joined: np.ndarray  # day number, negative before the start
    lapse: np.ndarray  # day number, NEVER for none
    tier: np.ndarray
    referrer: np.ndarray  # member of the block, -1 for none
    contactable: np.ndarray  # 1, 0, -1 = not known
    niche: np.ndarray  # -1 for none
    wish: np.ndarray  # category, -1 for none

    @property
    def count(self) -> int:
        """Members and walk-ins."""
        return self.lines_mean.size

    @property
    def taste_row(self) -> np.ndarray:
        """Row of `taste` and `favourite` of each person."""
        return np.minimum(np.arange(self.count), self.members)

    @property
    def alive(self) -> tuple[np.ndarray, np.ndarray]:
        """First day and first day no more of each member's shopping."""
        return np.maximum(self.joined, 0), self.lapse


def draw_people(
    settings: ShopSettings, clock: Clock, branches: Branches, catalogue: Catalogue, block: int, rng: np.random.Generator
) -> People:
    """Return the people of a block."""
    members = settings.block_size(block)
    walk_ins = rng.poisson(settings.walk_in_share * ACTIVE_SHARE * members * settings.orders_per_year * settings.years)
    count = members + walk_ins
    z = rng.standard_normal((4, count))
    sensitive = z[0]
    is_digital = rng.random(count) < 0.55
    niche = np.where(rng.random(members) < settings.niche_share, rng.integers(0, len(NICHES), members), -1)
    wishes = np.array([category_number(name) for name in WISHES])
    wish = np.where((rng.random(members) < settings.wish_share) & (niche < 0) & is_digital[:members], rng.choice(wishes, members), -1)
    level = np.digitize(-0.4 * sensitive + np.sqrt(1 - 0.16) * z[1], [-0.5, 0.85])
    taste = _taste(settings, members, niche, wish, rng)
    home = spin(rng, branches.visits, np.zeros(count, np.int64)).astype(np.int64)
    rows = np.concatenate([level[:members], [LEVELS // 2]])[:, None] * catalogue.categories + np.arange(catalogue.categories)
    lines_mean = settings.lines_per_order * np.exp(0.45 * z[2]) * np.where(np.arange(count) < members, 1.0, 0.6)
    return People(
        members=members,
        first_number=block * BLOCK_MEMBERS,
        lines_mean=lines_mean,
        promo_dependence=_logistic(-1.2 + 1.1 * sensitive),
        coupon_affinity=_logistic(-2.0 + 1.4 * (0.3 * sensitive + np.sqrt(1 - 0.09) * z[3])),
        level=level,
        loyalty=rng.beta(2, 2, count).astype(np.float32),
        digital=np.where(is_digital, rng.beta(1.3, 2.2, count), 0.0),
        app_share=rng.beta(2, 2, count),
        home=home,
        hour=spin(rng, branches.hours, home),
        taste=taste,
        favourite=spin(rng, catalogue.picks, rows.ravel()).reshape(rows.shape),
        niche=niche,
        wish=wish,
        **_member_traits(settings, clock, lines_mean[:members], rng),
    )


def _logistic(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def _taste(settings: ShopSettings, members: int, niche: np.ndarray, wish: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    weights = BASE_SHARES * np.exp(settings.taste_spread * rng.standard_normal((members, BASE_SHARES.size)))
    for number, categories in enumerate(NICHES.values()):
        for name in categories:
            weights[niche == number, category_number(name)] *= settings.niche_boost
    wishing = np.flatnonzero(wish >= 0)
    weights[wishing, wish[wishing]] = 0.0
    return wheel(np.vstack([weights, BASE_SHARES]), TASTE_SLOTS)


def _member_traits(settings: ShopSettings, clock: Clock, lines_mean: np.ndarray, rng: np.random.Generator) -> dict[str, np.ndarray]:
    count = lines_mean.size
    old = rng.random(count) < 0.7
    joined = np.where(old, -rng.integers(1, 5 * 365, count), rng.integers(0, clock.days, count))
    # A referrer must already be a member: the candidate is any member of the block, and is dropped if they joined later.
    candidate = rng.integers(0, count, count)
    referrer = np.where((rng.random(count) < 0.25) & (joined[candidate] < joined), candidate, -1)
    daily = settings.orders_per_year / 365.25
    rate = rng.gamma(settings.rate_shape, daily / settings.rate_shape, count) * np.where(referrer >= 0, 1.2, 1.0)
    rate = np.maximum(rate, 1 / 365.25)
    stays = rng.random(count) < settings.never_lapse_share
    leaves = np.maximum(joined, 0) + 1 + rng.exponential(settings.lifetime_years * 365.25, count).astype(np.int64)
    gone = old & (rng.random(count) < 0.04)
    before_start = -(rng.random(count) * np.minimum(-np.minimum(joined, -1), 365)).astype(np.int64)
    lapse = np.where(gone, before_start, np.where(stays | (leaves >= clock.days), NEVER, leaves))
    score = np.log(rate * lines_mean) + 0.5 * rng.standard_normal(count)
    place = (np.argsort(np.argsort(score)) + 0.5) / count
    return {
        "rate": rate,
        "regularity": np.clip(np.exp(0.3 + 0.5 * rng.standard_normal(count)), 0.5, 6.0),
        "joined": joined,
        "lapse": lapse,
        "tier": np.digitize(place, [0.6, 0.9]),
        "referrer": referrer,
        "contactable": rng.choice([1, 0, -1], count, p=[0.82, 0.12, 0.06]),
    }
