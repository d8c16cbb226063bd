"""Thresholds of differentiation: offers, playbook, goods, campaigns."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from toolkit.language import tr
from toolkit.settings.family import Days, Family, Share

Margin = Annotated[float, Field(gt=0, le=1)]


class OfferSettings(Family):
    """Replaying offers on past baskets, and sharing out a budget."""

    margin_share: float | None = Field(
        None, gt=0, le=1, description="What the shop keeps of its sales, where no product has a unit cost; None = not known: sales only."
    )
    break_even_margins: tuple[Margin, Margin, Margin] = Field(
        (0.2, 0.3, 0.4), description="Margins for which a break-even is stated where none is known: what shops of goods usually keep."
    )
    reach_share: float = Field(
        0.2, gt=0, le=1, description="A basket is within reach when it lacks at most this share of the threshold: one good more."
    )
    response_share: Share = Field(
        0.1,
        description="Assumed until a campaign has measured it: at a reduction of 10% this share of what is within reach does what the "
        "offer asks for; in proportion at other depths. A service, which reduces nothing, is taken at this share.",
    )
    moved_share: Share = Field(
        0.1, description="Assumed until measured: this share of the baskets near a member day moves there and brings nothing new."
    )
    move_days: int = Field(2, ge=0, le=3, description="A basket may move to a member day from this many days before or after it.")
    redemption_share: Share = Field(0.1, description="Assumed chance that a coupon is used, where the lines say nothing of coupons.")
    redemption_contacts: int = Field(
        200, ge=30, description="Members sent a coupon by past campaigns from which the redeeming is measured; below, own coupon days."
    )
    cost_per_contact: float | None = Field(
        None, ge=0, description="Cost of one contact in currency units; None = the middle one of the shop's own campaigns, else nothing."
    )
    grid_thresholds: int = Field(8, ge=1, le=20, description="Thresholds that a grid proposes.")
    grid_reductions: int = Field(6, ge=1, le=20, description="Reductions that a grid proposes.")
    assumption_spread: float = Field(
        0.5, ge=0, le=3, description="How far an assumed effect may be off: standard deviation as a share of it, the same for all offers."
    )
    most_contacts: int = Field(2, ge=1, le=100, description="Who was contacted this often within offers.rest_days is left in peace.")
    rest_days: Days = Field(28, description="Days over which contacts are counted against offers.most_contacts.")
    draws: int = Field(4000, ge=200, le=100000, description="Draws of the effects from which the chance of a gain is counted.")
    curve_points: int = Field(12, ge=2, le=50, description="Budgets at which the curve of expected net is reckoned.")


class Weights(Family):
    """What each factor counts in the score of goods, in any unit: they are brought to a sum of 1."""

    affinity: float = Field(default=0.0, ge=0, le=1)
    margin: float = Field(default=0.0, ge=0, le=1)
    attach: float = Field(default=0.0, ge=0, le=1)
    stock: float = Field(default=0.0, ge=0, le=1)
    novelty: float = Field(default=0.0, ge=0, le=1)
    price: float = Field(default=0.0, ge=0, le=1)

    @model_validator(mode="after")
    def _some(self) -> Weights:
        if not any(self.model_dump().values()):
            raise ValueError(tr("one weight above 0 is needed"))
        return self


Purpose = Literal["win_back", "trade_up", "add_one_more", "clear_stock", "launch"]
_WEIGHTS: dict[Purpose, Weights] = {
    "win_back": Weights(affinity=0.6, margin=0.1, attach=0.1, stock=0.1, price=0.1),
    "trade_up": Weights(affinity=0.3, margin=0.25, stock=0.05, novelty=0.05, price=0.35),
    "add_one_more": Weights(affinity=0.25, margin=0.15, attach=0.4, stock=0.1, price=0.1),
    "clear_stock": Weights(affinity=0.3, attach=0.1, stock=0.5, price=0.1),
    "launch": Weights(affinity=0.2, margin=0.1, stock=0.05, novelty=0.5, price=0.15),
}


class PlaybookSettings(Family):
    """The matrix of methods, the industry profile, and the goods for a purpose."""

    playbook: str = Field(
        "",
        description="Path of a playbook in TOML (relative: in documents/); empty = documents/playbook.toml if it is there, else built in.",
    )
    lesson_confidence: float = Field(
        0.95, ge=0.8, lt=1, description="A measured lesson counts when this interval of its effect lies above zero (or, against, below)."
    )
    frequency_cut: float = Field(
        3.0,
        gt=0,
        le=366,
        description="A category is bought often from this many purchases a buyer and year on: every four months; durables stay far below.",
    )
    ticket_cut: float | None = Field(
        None, gt=0, description="A category is dear from this many currency units a purchase on; None = ticket_times the middle purchase."
    )
    ticket_times: float = Field(
        3.0, gt=1, le=100, description="Without a stated ticket_cut, dear is this many times what the middle purchase of a category costs."
    )
    order_value_cut: float | None = Field(
        None, gt=0, description="The shop's orders are dear from this value on; None = where most sales come from dear categories."
    )
    recent_days: Days = Field(
        28, description="Goods that a member bought within this many days are not offered to them: they come for them anyway."
    )
    recent_wait_share: float = Field(
        0.5, ge=0, le=1, description="Nor goods bought within this share of their usual wait (service life, own or the shop's rhythm)."
    )
    ahead_days: Days = Field(91, description="Horizon of the probability that a member buys a good: a quarter, as for expected spend.")
    own_least_days: int = Field(
        2, ge=1, le=100, description="Shopping days with a category that make it a member's own, to which new goods are attached."
    )
    affinity_prior_members: float = Field(
        50.0, gt=0, le=10_000, description="What an audience buys is pulled to what all members buy, as if so many of them stood beside it."
    )
    recent_most_share: Share = Field(
        0.5, description="Goods that more than this share of the audience has bought too recently are left out for all of it."
    )
    stock_days: Days = Field(
        28, description="Stock for so many days at the present pace is enough to offer goods: as long as a campaign runs."
    )
    novelty_days: Days = Field(182, description="Goods launched within this many days are new.")
    trade_up_step: float = Field(
        1.2, gt=1, le=5, description="Trading up aims at goods dearer by this factor than what the audience pays, category by category."
    )
    weights: dict[Purpose, Weights] = Field(
        _WEIGHTS,
        description="What counts for which purpose, judged by us and not measured: what they like to win back, the price step to trade up, "
        "what goes with theirs to add one more, long stock to clear, novelty to launch. A purpose left out keeps its weights.",
    )

    @field_validator("weights", mode="after")
    @classmethod
    def _complete(cls, given: dict[Purpose, Weights]) -> dict[Purpose, Weights]:
        return {**_WEIGHTS, **given}


class CampaignSettings(Family):
    """Holdout, plan and launch."""

    power: float = Field(
        0.8, ge=0.5, lt=1, description="Chance that a test finds a lift as large as the smallest visible one: four in five, the usual bar."
    )
    plausible_lift: float = Field(
        0.2, gt=0, le=5, description="A holdout that cannot see a lift of this size is called underpowered where no goal states a lift."
    )
    balance_tolerance: float = Field(
        0.1, gt=0, le=1, description="Arms are alike when no score differs by more than this many standard deviations."
    )
    most_draws: int = Field(
        500, ge=1, le=100000, description="Draws of the arms at most until one is alike on every score; then the least different is taken."
    )
    least_arm: int = Field(20, ge=2, le=100000, description="An arm with fewer members cannot be reviewed, and is not launched.")
    least_cell: int = Field(
        20, ge=1, le=100000, description="A segment with fewer members gets its offer, but nothing will be learned about it by itself."
    )
    most_busy_share: Share = Field(
        0.25, description="More than this share of the audience in another campaign at the time, and the plan is refused."
    )
    stale_days: Days = Field(
        28, description="Receipts that end longer than this before a campaign starts: its members may have changed, and the plan says so."
    )
