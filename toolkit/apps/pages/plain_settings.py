"""The settings that a shop decides on, in plain words: what each is called, what it does, and the question that shows what it changes.

What is not listed is statistics: `documents/settings.toml` takes it, and `toolkit.settings` says what each is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args, get_origin

from toolkit.errors import BadValue
from toolkit.language import later, tr, value, word
from toolkit.settings import Settings
from toolkit.toml_text import with_values

_CHOICES = {
    "": value("as in the calendar"), "monday": value("Monday"), "saturday": value("Saturday"), "sunday": value("Sunday"),
    "nearest": value("beginning nearest to it"), "within": value("that holds it"),
}  # fmt: skip
"""Choices of settings that are words; what is not listed is shown as it is."""


@dataclass(frozen=True)
class PlainSetting:
    """A setting: `family.field`, its name and what it does, and the question whose answer shows its effect ("" = plans to come)."""

    path: str
    name: str
    does: str
    question: str = ""
    own: Mapping[str, Any] | None = None

    @property
    def family(self) -> str:
        """Its family in `Settings`."""
        return self.path.partition(".")[0]

    @property
    def field(self) -> str:
        """Its name in the family."""
        return self.path.partition(".")[2]

    @property
    def is_share(self) -> bool:
        """Whether it lies between 0 and 1: it is shown and typed in percent."""
        field = type(getattr(Settings(), self.family)).model_fields[self.field]
        limits = [getattr(rule, "le", None) for rule in field.metadata]
        is_float = field.annotation is float or float in get_args(field.annotation)
        return is_float and any(most is not None and 0.9 < most <= 1 for most in limits)

    @property
    def choices(self) -> tuple[tuple[str, str], ...]:
        """What may be chosen, where that is few: what is typed, and its words."""
        annotation = type(getattr(Settings(), self.family)).model_fields[self.field].annotation
        given = get_args(annotation) if get_origin(annotation) is Literal else ()
        return tuple((str(one), word(str(_CHOICES.get(one, one)))) for one in given)

    def value(self, settings: Settings) -> Any:
        """Return what it is in settings."""
        return getattr(getattr(settings, self.family), self.field)

    def told(self, value: Any) -> str:
        """Return a value as it is shown, and typed.

        >>> BY_PATH["lifecycle.lapsing_quantile"].told(0.9), BY_PATH["calendar.holidays"].told(("CN", "TR"))
        ('90%', 'CN, TR')
        """
        if value is None:
            return ""
        if isinstance(value, bool):
            return tr("yes") if value else tr("no")
        if isinstance(value, tuple | list):
            return ", ".join(str(one) for one in value)
        return f"{100 * value:.10g}%" if self.is_share else f"{value:.10g}" if isinstance(value, float) else str(value)

    def typed(self, text: str) -> Any:
        """Return the value that was typed; whether it is in range, `read_settings` says.

        Raises
        ------
        BadValue
            No number, where one is needed.
        """
        text, usual = text.strip(), self.value(Settings())
        if isinstance(usual, tuple):
            return [part.strip() for part in text.replace("，", ",").split(",") if part.strip()]
        if isinstance(usual, str):
            return text
        if not text:
            if usual is None:
                return None
            raise BadValue(tr("{name}: a number is needed.", name=tr(self.name)))
        try:
            number = float(text.replace("％", "%").rstrip("%").replace(",", ""))
        except ValueError:
            raise BadValue(tr("{name}: a number is needed, but “{text}” came.", name=tr(self.name), text=text[:60])) from None
        if self.is_share and (text.endswith(("%", "％")) or number > 1):
            number /= 100
        return int(number) if isinstance(usual, int) and number.is_integer() else number


@dataclass(frozen=True)
class Part:
    """Settings that belong together."""

    words: str
    settings: tuple[PlainSetting, ...]


_S = PlainSetting
PARTS = (
    Part(
        later("Who may be spoken of, and when"),
        (
            _S("scope.minimum_members", later("Fewest members of a group"),
               later("A smaller group gets no figures, so that nobody can be recognised."), "portrait.stores"),
            _S("scope.period_days", later("Days of the usual period"),
               later("Sales and orders are of so many days up to the last one."), "portrait.overview"),
            _S("scope.active_days", later("Days in which an active member ordered"),
               later("Who ordered within so many days is an active member."), "portrait.figure", {"metric": "active_members"}),
            _S("calendar.holidays", later("Holidays that move"),
               later("Countries (CN, TR, US) or holidays (Chinese New Year), so that weeks around them are compared with each other."),
               "portrait.overview"),
            _S("calendar.week_starts", later("First day of the week"),
               later("Of weeks in which a figure or the sales are told, and of weekdays on charts."), "portrait.figure", {"by": "week"}),
            _S("calendar.fiscal", later("Fiscal periods"),
               later("The weeks of the three periods of a quarter."), "portrait.figure", {"by": "month"}),
            _S("calendar.fiscal_month", later("Month in which a fiscal year begins"), later("1 to 12."), "portrait.figure", {"by": "year"}),
            _S("calendar.fiscal_begins", later("First week of a fiscal year"),
               later("Which week it is, by the first day of that month."),
               "portrait.figure", {"by": "year"}),
        ),
    ),
    Part(
        later("Kinds of members"),
        (
            _S("lifecycle.new_days", later("Days for which a member is new"),
               later("Counted from the first order."), "portrait.lifecycle"),
            _S("lifecycle.lapsing_quantile", later("When a member is lapsing"),
               later("Once so many of a hundred pauses between orders would have ended."), "portrait.lifecycle"),
            _S("lifecycle.lapsed_quantile", later("When a member has lapsed"),
               later("Once so many of a hundred pauses between orders would have ended."), "portrait.lifecycle"),
            _S("rfm.segment_map", later("Map of segments"),
               later("ten (named segments), eight (high and low), or a file of your own in documents/."), "portrait.segments"),
            _S("rfm.late_after_gaps", later("Late after so many own pauses"),
               later("Who is away longer than so many of their usual pauses never counts as having come lately."), "portrait.rfm"),
            _S("value.heavy_share", later("Share of members who buy heavily"),
               later("This top share of members by sales are heavy buyers."), "portrait.contribution", {"by": "heavy"}),
            _S("value.medium_share", later("Share of members who buy a medium amount"),
               later("The next share of members by sales."), "portrait.contribution", {"by": "heavy"}),
            _S("habits.minimum_orders", later("Fewest orders for a favourite"),
               later("A favourite day, store or category needs so many orders."), "portrait.habits"),
            _S("personas.flag_lower_limit", later("How strong a taste must be"),
               later("So many times what is usual, at the lower limit."), "portrait.personas"),
            _S("personas.minimum_days", later("Fewest shopping days for a taste"),
               later("Members with fewer have no persona."), "portrait.personas"),
            _S("personas.persona_rules", later("Rules of personas"),
               later("A file of your own in documents/; empty: the usual rules."), "portrait.personas"),
        ),
    ),
    Part(
        later("Who stays, who goes, what comes next"),
        (
            _S("activity.gone_days", later("Days until a member counts as gone"),
               later("Who has not come for so many days is not called slipping any more."), "targeting.slipping"),
            _S("activity.slipping_share", later("When a member is slipping"),
               later("The chance that they still buy is at most this share of how they used to."), "targeting.slipping"),
            _S("leaving.window_days", later("Days looked back on for why members leave"),
               later("Baskets of so many days are judged."), "targeting.why_low"),
            _S("lifetime_value.purchase_days", later("Days of the chance to buy again"),
               later("The chance that a member buys within so many days."), "portrait.lifetime_value"),
            _S("lifetime_value.spend_days", later("Days of expected spend"),
               later("What a member is expected to spend within so many days."), "portrait.lifetime_value"),
            _S("sequences.due_within_days", later("Days ahead for goods that are due again"),
               later("A purchase is called for when it is expected within so many days."), "targeting.due_again"),
        ),
    ),
    Part(
        later("Goods"),
        (
            _S("goods.window_days", later("Days of baskets that are looked at"),
               later("Goods that belong together are told from orders of so many days."), "targeting.bought_together"),
            _S("goods.minimum_baskets", later("Fewest baskets of a good"),
               later("Rarer goods are paired with nothing."), "targeting.bought_together"),
            _S("goods.core_index", later("How much core members must prefer a good"),
               later("So many times what all members buy of it."), "targeting.core_goods"),
            _S("niches.most_share", later("Largest share of members of a niche"),
               later("What more members buy is no niche."), "targeting.niches"),
        ),
    ),
    Part(
        later("Offers and campaigns"),
        (
            _S("offers.margin_share", later("Margin of sales"),
               later("What remains of sales where no good has a cost; empty: not known, only sales are told."), "differentiation.coupon"),
            _S("offers.cost_per_contact", later("Cost of a contact"),
               later("In your currency; empty: the middle one of your campaigns.")),
            _S("offers.most_contacts", later("Most contacts of a member"),
               later("Who was contacted this often within the days of rest is left in peace.")),
            _S("offers.rest_days", later("Days of rest"),
               later("Days in which contacts are counted together.")),
            _S("campaigns.power", later("Chance to see an effect that is there"),
               later("The control group is made large enough for it.")),
            _S("campaigns.plausible_lift", later("Smallest effect that a test should see"),
               later("A control group that cannot see it is called too small.")),
            _S("campaigns.least_arm", later("Fewest members of each arm"),
               later("A smaller one cannot be reviewed, and is not launched.")),
        ),
    ),
    Part(
        later("Review and wall"),
        (
            _S("review.after_days", later("Days after a campaign that are looked at"),
               later("What was only bought earlier shows in them."), "review.programme"),
            _S("review.confidence", later("Certainty of intervals"),
               later("How often an interval holds the truth; higher: wider intervals."), "review.programme"),
            _S("review.quiet_days", later("Quiet days before a member counts as won back"),
               later("No order for so long before the campaign began."), "review.programme"),
            _S("review.wall_weeks", later("Past weeks that the wall compares with"),
               later("The same hours of so many weeks."), "review.wall"),
            _S("review.silent_hours", later("Hours without receipts until the wall warns"),
               later("While a store is usually open."), "review.wall"),
        ),
    ),
)  # fmt: skip
BY_PATH = {setting.path: setting for part in PARTS for setting in part.settings}


def with_setting(text: str, setting: PlainSetting, value: Any) -> str:
    """Return the text of settings.toml with one setting changed (None = as the toolkit has it); comments stay where they are.

    >>> with_setting("# ours\\n[scope]\\nactive_days = 60  # agreed\\n", BY_PATH["scope.active_days"], 91)
    '# ours\\n[scope]\\nactive_days = 91\\n'
    """
    return with_values(text, setting.family, {setting.field: value})
