"""Every threshold of the toolkit: its default, unit, allowed range and reason.

One frozen model per question family. An unknown key or a value out of range is an error that names the field. A shop overrides fields in
`settings.toml` in its workspace or per call: `tk.portrait.rfm(ws, settings={"rfm": {"minimum_members": 30}})`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from toolkit.errors import BadValue, nearest

Share = Annotated[float, Field(ge=0, le=1)]
Days = Annotated[int, Field(ge=1, le=3650)]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ScopeSettings(_Frozen):
    """Which members may be spoken of, and the window of sales figures."""

    minimum_members: int = Field(
        10, ge=1, le=1000, description="A scope with fewer members gets no figures: too few to generalise, and people could be recognised."
    )
    period_days: Days = Field(
        91, description="Days of the window of sales figures that ends at as_of: a quarter evens out weekdays and pay days."
    )
    active_days: Days = Field(91, description="A member is active when they ordered within this many days before as_of.")


class RfmSettings(_Frozen):
    """The RFM scorecard."""

    segment_map: str = Field("ten", description="'ten' (named segments over R x F), 'eight' (high/low R-F-M), or the path of a TOML map.")
    r_edge_quantiles: tuple[float, float, float, float] = Field(
        (0.8, 0.9, 0.95, 0.98),
        description="R edges are these quantiles of the shop's gaps between order days (open gaps censored): fixed days, since quintiles "
        "of recency are noise for frequent buyers. In the tail, since an edge in the middle of the gaps is crossed by all every week: "
        "month to month 78% stay in their segment, with (.5, .8, .92, .98) 62% (Complete Journey).",
    )
    r_edge_minimum_gaps: int = Field(
        100, ge=10, description="Fewer closed gaps than this and edges are not proposed from the shop's own data."
    )


class ValueSettings(_Frozen):
    """Contribution, quadrants and spending power."""

    heavy_share: Share = Field(0.20, description="Heavy buyers are this top share of members by sales; ties stay together.")
    medium_share: Share = Field(0.30, description="Medium buyers are the next share of members.")
    low_power_share: Share = Field(1 / 3, description="Spending power is low below this quantile of the shop's own members.")
    high_power_share: Share = Field(2 / 3, description="Spending power is high above this quantile of the shop's own members.")
    quadrant_cut: Share = Field(0.5, description="Quantile at which order count and order value are cut into low and high (0.5 = median).")


class HabitSettings(_Frozen):
    """Favourites: channel, weekday, hour band, store, category."""

    minimum_orders: int = Field(3, ge=1, le=100, description="A favourite from fewer orders is not measured.")


class LifecycleSettings(_Frozen):
    """Stages from the shop's own repurchase curve."""

    new_days: Days = Field(91, description="A member whose first order is at most this many days old is new, unless the data starts there.")
    slipping_quantile: Share = Field(0.90, description="A member is slipping once this share of gaps between orders would have closed.")
    lapsed_quantile: Share = Field(0.98, description="A member is lapsed once this share of gaps between orders would have closed.")


class PersonaSettings(_Frozen):
    """Graded taste flags and the persona rules made from them."""

    flag_lower_limit: float = Field(1.5, gt=1, le=10, description="A flag needs the lower limit of the category share index above this.")
    flag_confidence: Share = Field(0.95, description="One-sided confidence of that lower limit.")
    flag_prior: float = Field(
        2.0, gt=0, le=100, description="Strength of the Gamma prior: this many expected category days of 'as everybody'."
    )
    minimum_days: int = Field(5, ge=1, description="Members with fewer shopping days get no flags.")
    persona_rules: str = Field("", description="Path of a TOML file with persona rules; empty = the built-in rules.")


class SensitivitySettings(_Frozen):
    """Promo dependence and coupon affinity."""

    kappa_minimum_members: int = Field(100, ge=10, description="Fewer members than this with enough days and kappa is not estimated.")
    kappa_minimum_days: int = Field(4, ge=2, description="Shopping days a member needs to take part in estimating kappa.")
    kappa_default: float = Field(
        5.0, gt=0, description="kappa where it cannot be estimated (about 5 on the Complete Journey); the answer says so."
    )
    low_share: Share = Field(1 / 3, description="Low trait below this quantile of the shop's own members.")
    high_share: Share = Field(2 / 3, description="High trait above this quantile.")


class LifetimeValueSettings(_Frozen):
    """Next purchase and expected spend."""

    purchase_days: Days = Field(28, description="Horizon of the purchase probability.")
    spend_days: Days = Field(91, description="Short horizon of expected spend.")
    year_days: Days = Field(365, description="Long horizon of expected spend.")
    minimum_history_days: Days = Field(182, description="History needed before the earliest training snapshot's outcome window.")


class GoodsSettings(_Frozen):
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


class SequenceSettings(_Frozen):
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


class NicheSettings(_Frozen):
    """Small groups with a strong, stable taste."""

    most_share: Share = Field(0.10, description="A group with more than this share of the members measured is no niche.")
    strong_index: float = Field(2.0, gt=1, le=50, description="A strong taste: the lower limit of the index is above this.")
    stable_share: Share = Field(
        0.70, description="Share of the members found in the first half who must still show the taste in the second half (lower 95% limit)."
    )
    minimum_half_days: int = Field(5, ge=2, description="Shopping days in each half that a member needs for the test of stability.")


class ActivitySettings(_Frozen):
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
    slipping_least_rate: Share = Field(
        0.25, description="Who bought in a smaller share of past windows has no habit to fall out of, and is not called slipping."
    )
    gone_days: Days = Field(
        182, description="Who has not been seen for longer than this has gone already: to be won back, no longer slipping."
    )
    regular_gaps: int = Field(10, ge=5, le=100, description="Gaps between shopping days from which regularity (1/CV squared) is measured.")
    low_share: Share = Field(1 / 3, description="Loyalty is low below this quantile of the shop's own measured members.")
    high_share: Share = Field(2 / 3, description="Loyalty is high above this quantile.")


class Settings(_Frozen):
    """All settings; a result carries the ones it was made with."""

    scope: ScopeSettings = ScopeSettings()  # type: ignore[call-arg]
    rfm: RfmSettings = RfmSettings()  # type: ignore[call-arg]
    value: ValueSettings = ValueSettings()  # type: ignore[call-arg]
    habits: HabitSettings = HabitSettings()  # type: ignore[call-arg]
    lifecycle: LifecycleSettings = LifecycleSettings()  # type: ignore[call-arg]
    personas: PersonaSettings = PersonaSettings()  # type: ignore[call-arg]
    sensitivity: SensitivitySettings = SensitivitySettings()  # type: ignore[call-arg]
    lifetime_value: LifetimeValueSettings = LifetimeValueSettings()  # type: ignore[call-arg]
    sequences: SequenceSettings = SequenceSettings()  # type: ignore[call-arg]
    niches: NicheSettings = NicheSettings()  # type: ignore[call-arg]
    goods: GoodsSettings = GoodsSettings()  # type: ignore[call-arg]
    activity: ActivitySettings = ActivitySettings()  # type: ignore[call-arg]

    def changed(self) -> dict[str, Any]:
        """Return only what differs from the defaults, as a nested dict."""
        default = Settings().model_dump()
        mine = self.model_dump()
        return {
            family: diff
            for family in mine
            if (diff := {key: value for key, value in mine[family].items() if value != default[family][key]})
        }


def read_settings(values: Mapping[str, Any] | None = None, *, base: Settings | None = None) -> Settings:
    """Return settings with `values` (family -> field -> value) laid over `base`; all faults in one `BadValue`.

    >>> read_settings({"scope": {"minimum_members": 30}}).scope.minimum_members
    30
    """
    merged = (base or Settings()).model_dump()
    faults: list[str] = []
    for family, fields in (values or {}).items():
        if family not in merged or not isinstance(fields, Mapping):
            near = nearest(family, merged)
            faults.append(
                f"settings has no family '{family}'" + (f"; did you mean '{near[0]}'?" if near else f"; known: {', '.join(merged)}.")
            )
            continue
        merged[family] = {**merged[family], **fields}
    try:
        settings = Settings.model_validate(merged)
    except ValidationError as error:
        for fault in error.errors():
            path = ".".join(str(part) for part in fault["loc"])
            if fault["type"] == "extra_forbidden":
                family = str(fault["loc"][0])
                near = nearest(str(fault["loc"][-1]), Settings().model_dump()[family])
                faults.append(f"settings.{path} does not exist" + (f"; did you mean '{near[0]}'?" if near else "."))
            else:
                faults.append(f"settings.{path}: {fault['msg']}, but {fault['input']!r} came.")
        settings = Settings()
    if faults:
        raise BadValue("\n".join(faults))
    return settings
