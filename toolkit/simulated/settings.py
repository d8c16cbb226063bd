"""Every number of the simulated shop that a user may change: default, unit, allowed range and reason."""

from __future__ import annotations

from datetime import date
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from toolkit.errors import BadValue, nearest
from toolkit.settings.family import Share

BLOCK_MEMBERS = 500
"""Members simulated together from one random stream. Fixed, not a setting: it decides the data, file sizes and threads do not."""


class ShopSettings(BaseModel):
    """What the simulated shop is like. Shares run from 0 to 1, money is in currency units."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    members: int = Field(2000, ge=1, description="Members of the programme.")
    years: float = Field(2, ge=0.25, le=20, description="Years of receipts; campaigns start after the first quarter.")
    seed: int = Field(0, ge=0, description="The same seed and settings give the same bytes.")
    start: date = Field(date(2023, 1, 2), description="First day of the receipts; a Monday keeps weeks and promotion weeks together.")
    stores: int = Field(12, ge=1, le=900, description="Stores of the chain, in four regions.")
    products: int = Field(1200, ge=200, le=30000, description="Products on the list, over all categories.")
    orders_per_year: float = Field(40, gt=0, le=400, description="Mean orders of a member a year while active.")
    rate_shape: float = Field(
        1.2, gt=0.1, le=50, description="Shape of the gamma of members' rates: small = few heavy buyers carry the sales."
    )
    lines_per_order: float = Field(5.0, ge=1, le=60, description="Mean lines of an order of the median member, about.")
    walk_in_share: Share = Field(0.25, description="Orders by non-members as a share of the expected orders of active members.")
    never_lapse_share: Share = Field(0.35, description="Members who never leave.")
    lifetime_years: float = Field(2.5, gt=0, le=50, description="Mean years until the others leave (exponential).")
    taste_spread: float = Field(0.9, ge=0, le=3, description="Log standard deviation of members' tastes over categories.")
    niche_share: Share = Field(0.08, description="Members in one of the niches.")
    niche_boost: float = Field(8.0, ge=1, le=100, description="Factor on a niche's categories in its members' tastes.")
    wish_share: Share = Field(0.10, description="Members who look at one category again and again and never buy it.")
    pair_count: int = Field(12, ge=0, le=15, description="Planted pairs of products, and as many of categories.")
    pair_lift: float = Field(2.0, ge=1, le=10, description="Lift aimed at for planted pairs.")
    return_share: float = Field(0.01, ge=0, le=0.5, description="Lines that are returned, of the average category; durables return more.")
    effect_scale: float = Field(1.0, ge=0, le=5, description="Factor on every campaign's lift; 0 makes all of them A/A tests.")
    membership: bool = Field(
        False,
        description="Also write the tables of the membership: tiers, points, benefits, fees, prepaid money, referrals, relations, guides.",
    )
    file_lines: int = Field(1_000_000, ge=1000, description="Lines in a file of receipts, about; changes the files, not their rows.")
    workers: int = Field(1, ge=1, le=64, description="Blocks simulated at a time; changes the speed and the memory, not the data.")

    @property
    def days(self) -> int:
        """Days of receipts."""
        return round(365.25 * self.years)

    @property
    def blocks(self) -> int:
        """Independent blocks of members."""
        return -(-self.members // BLOCK_MEMBERS)

    def block_size(self, block: int) -> int:
        """Members in a block: all full but the last."""
        return min(BLOCK_MEMBERS, self.members - block * BLOCK_MEMBERS)


def shop_settings(**values: Any) -> ShopSettings:
    """Return the settings, or one `BadValue` that names every unknown key and every value out of range.

    >>> shop_settings(members=10).blocks
    1
    """
    try:
        return ShopSettings(**values)
    except ValidationError as error:
        faults = []
        for fault in error.errors():
            name = ".".join(str(part) for part in fault["loc"])
            if fault["type"] == "extra_forbidden":
                near = nearest(name, ShopSettings.model_fields)
                hint = f"did you mean '{near[0]}'?" if near else f"known: {', '.join(ShopSettings.model_fields)}."
                faults.append(f"simulated_shop has no setting '{name}'; {hint}")
            else:
                faults.append(f"simulated_shop: {name}: {fault['msg']}, but {fault['input']!r} came.")
        raise BadValue("\n".join(faults)) from None
