"""Thresholds of differentiation: offers, playbook, goods, campaigns."""

from __future__ import annotations

from pydantic import Field

from toolkit.settings.family import Days, Family, Share


class OfferSettings(Family):
    """Replaying offers on past baskets, and sharing out a budget."""

    margin_share: float | None = Field(
        None, gt=0, le=1, description="What the shop keeps of its sales, where no product has a unit cost; None = not known: sales only."
    )
    break_even_margins: tuple[float, float, float] = Field(
        (0.2, 0.3, 0.4), description="Margins for which a break-even is stated where none is known: what shops of goods usually keep."
    )
    reach_share: float = Field(
        0.2, gt=0, le=1, description="A basket is within reach when it lacks at most this share of the threshold: one good more."
    )
    response_share: Share = Field(
        0.1,
        description="Assumed until a campaign has measured it: at a reduction of 10% this share of what is within reach does what the offer "
        "asks for; in proportion at other depths. A service, which reduces nothing, is taken at this share.",
    )
    moved_share: Share = Field(
        0.1, description="Assumed until measured: this share of the baskets near a member day moves there and brings nothing new."
    )
    move_days: int = Field(2, ge=0, le=3, description="A basket may move to a member day from this many days before or after it.")
    redemption_share: Share = Field(0.1, description="Assumed chance that a coupon is used, where the lines say nothing of coupons.")
    redemption_contacts: int = Field(
        200, ge=30, description="Members sent a coupon by past campaigns from which the redeeming is measured; below, coupon affinity."
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
        6.0,
        gt=0,
        le=366,
        description="A category is bought often from this many purchases a buyer and year on: every second month, a habit and no event.",
    )
    ticket_cut: float | None = Field(
        None,
        gt=0,
        description="A category's ticket is high from this many currency units a purchase on. None = the shop's middle category, sales "
        "weighing: high is then high for this shop.",
    )
    order_value_cut: float | None = Field(
        None, gt=0, description="The same for a whole order, to place the shop; None = the shop stands where most of its sales are."
    )


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
