"""Thresholds of the scope and of the portrait."""

from __future__ import annotations

from itertools import pairwise

from pydantic import Field, field_validator, model_validator

from toolkit.language import tr
from toolkit.settings.family import Days, Family, Share


class ScopeSettings(Family):
    """Which members may be spoken of, and the window of sales figures."""

    minimum_members: int = Field(
        10, ge=1, le=1000, description="A scope with fewer members gets no figures: too few to generalise, and people could be recognised."
    )
    period_days: Days = Field(
        91, description="Days of the window of sales figures that ends at as_of: a quarter evens out weekdays and pay days."
    )
    active_days: Days = Field(91, description="A member is active when they ordered within this many days before as_of.")


class RfmSettings(Family):
    """The RFM scorecard."""

    segment_map: str = Field("ten", description="'ten' (named segments over R x F), 'eight' (high/low R-F-M), or the path of a TOML map.")
    r_edge_quantiles: tuple[float, float, float, float] = Field(
        (0.8, 0.9, 0.95, 0.98),
        description="R edges are these quantiles of the shop's gaps between order days (open gaps censored): fixed days, since quintiles "
        "of recency are noise for frequent buyers. In the tail, since an edge in the middle of the gaps is crossed by all every week: "
        "month to month 78% stay in their segment, with (.5, .8, .92, .98) 62% (Complete Journey).",
    )
    fm_cuts: tuple[float, float, float, float] = Field(
        (0.2, 0.4, 0.6, 0.8),
        description="F and M are cut where these shares of members are reached, ties together: 0.88 as the last makes 12% the best. A "
        "segment map that puts too many into one segment says which cut would part them.",
    )
    late_after_gaps: float = Field(
        3.0,
        ge=0,
        le=100,
        description="Who has been away for more than this many mean pauses of their own has R 3 at most: never 'came lately'; 0 = not "
        "looked at.",
    )
    crowded_share: Share = Field(0.30, description="A segment with more than this share of all members tells little apart: it is said.")
    r_edge_minimum_gaps: int = Field(
        100, ge=10, description="Fewer closed gaps than this and edges are not proposed from the shop's own data."
    )

    @field_validator("r_edge_quantiles", "fm_cuts")
    @classmethod
    def _ascend(cls, given: tuple[float, ...]) -> tuple[float, ...]:
        if not all(low < high for low, high in pairwise((0.0, *given, 1.0))):
            raise ValueError(tr("quantiles in ascending order between 0 and 1 were needed"))
        return given


class ValueSettings(Family):
    """Contribution, quadrants and spending power."""

    heavy_share: Share = Field(0.20, description="Heavy buyers are this top share of members by sales; ties stay together.")
    medium_share: Share = Field(0.30, description="Medium buyers are the next share of members.")
    low_power_share: Share = Field(1 / 3, description="Spending power is low below this quantile of the shop's own members.")
    high_power_share: Share = Field(2 / 3, description="Spending power is high above this quantile of the shop's own members.")
    quadrant_cut: Share = Field(0.5, description="Quantile at which order count and order value are cut into low and high (0.5 = median).")

    @model_validator(mode="after")
    def _at_most_all(self) -> ValueSettings:
        if self.heavy_share + self.medium_share > 1 + 1e-9:
            raise ValueError(tr("heavy_share and medium_share may not add up to more than 1"))
        return self


class HabitSettings(Family):
    """Favourites: channel, weekday, hour band, store, category."""

    minimum_orders: int = Field(3, ge=1, le=100, description="A favourite from fewer orders is not measured.")
    most_doubt: Share = Field(0.05, description="A favourite is one if the doubt that chance made it is at most this (DEFINITIONS.md).")


class LifecycleSettings(Family):
    """Stages from the shop's own repurchase curve."""

    new_days: Days = Field(91, description="A member whose first order is at most this many days old is new, unless the data starts there.")
    lapsing_quantile: Share = Field(0.90, description="A member is lapsing once this share of gaps between orders would have closed.")
    lapsed_quantile: Share = Field(0.98, description="A member is lapsed once this share of gaps between orders would have closed.")

    @model_validator(mode="after")
    def _ascend(self) -> LifecycleSettings:
        if not 0 < self.lapsing_quantile < self.lapsed_quantile < 1:
            raise ValueError(tr("lapsing_quantile must lie below lapsed_quantile, both between 0 and 1"))
        return self


class PersonaSettings(Family):
    """Graded taste flags and the persona rules made from them."""

    flag_lower_limit: float = Field(1.5, gt=1, le=10, description="A flag needs the lower limit of the category share index above this.")
    flag_confidence: Share = Field(0.95, description="One-sided confidence of that lower limit.")
    flag_prior: float = Field(
        2.0, gt=0, le=100, description="Strength of the Gamma prior: this many expected category days of 'as everybody'."
    )
    minimum_days: int = Field(5, ge=1, description="Members with fewer shopping days get no flags.")
    persona_rules: str = Field(
        "", description="Path of a TOML file with persona rules; empty = documents/persona_rules.toml if it is there, else built in."
    )


class SensitivitySettings(Family):
    """Promo dependence and coupon affinity."""

    kappa_minimum_members: int = Field(100, ge=10, description="Fewer members than this with enough days and kappa is not estimated.")
    kappa_minimum_days: int = Field(4, ge=2, description="Shopping days a member needs to take part in estimating kappa.")
    kappa_default: float = Field(
        5.0, gt=0, description="kappa where it cannot be estimated (about 5 on the Complete Journey); the answer says so."
    )
    low_share: Share = Field(1 / 3, description="Low trait below this quantile of the shop's own members.")
    high_share: Share = Field(2 / 3, description="High trait above this quantile.")


class LifetimeValueSettings(Family):
    """Next purchase and expected spend."""

    purchase_days: Days = Field(28, description="Horizon of the purchase probability.")
    spend_days: Days = Field(91, description="Short horizon of expected spend.")
    year_days: Days = Field(365, description="Long horizon of expected spend.")
    minimum_history_days: Days = Field(182, description="History needed before the earliest training snapshot's outcome window.")
    panel_members: int = Field(
        20_000,
        ge=100,
        le=10_000_000,
        description="A shop with more members learns its forecasts from so many of them, chosen by a hash of their ids, once a week.",
    )
