"""The menu of questions in plain words, by family; and the words of controls. Data only: what is not named here still shows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from toolkit import wording
from toolkit.language import tr
from toolkit.registry import Question, all_questions

FAMILIES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("At a glance", ("portrait.overview", "portrait.stores")),
    ("Who they are", ("portrait.segments", "portrait.rfm", "portrait.lifecycle", "portrait.movement", "portrait.personas")),
    (
        "What they bring",
        ("portrait.contribution", "portrait.pareto", "portrait.quadrants", "portrait.spending_power", "portrait.lifetime_value"),
    ),
    ("How they shop", ("portrait.habits", "portrait.price_sensitivity")),
    ("One member", ("portrait.member",)),
)
STEP_WORDS = {
    "portrait": "More about our members",
    "targeting": "Whom to address",
    "differentiation": "With which offer",
    "review": "What it changed",
}
CONTROL_WORDS = {
    "by": "Shown by",
    "show": "Shown as",
    "since": "Compared with the day",
    "segment_map": "Names of the segments",
    "rank_by": "Ranked by",
    "member_id": "Member number",
}
# (parameter or '', value) -> words; value '' is 'nothing chosen'
CHOICE_WORDS = {
    ("", "decile"): "Tenths of members",
    ("", "heavy"): "Heavy, medium, light buyers",
    ("by", "orders"): "Number of orders",
    ("", "attach"): "Items per order",
    ("", "loyal"): "Loyal against the others",
    ("by", "members"): "Members against non-members",
    ("", "grid"): "Recency by frequency",
    ("", "scores"): "Score by score",
    ("", "spend_per_month"): "Spend per month",
    ("", "order_value"): "Value of an order",
    ("", "price_tier"): "Price level of the goods",
    ("by", "when"): "Weekday and hour",
    ("by", "hour"): "Hour of the day",
    ("by", "persona"): "Kind of shopper",
    ("by", "taste"): "Favourite categories",
    ("by", "group"): "Groups with like baskets",
    ("by", "stage"): "Stage of life as a member",
    ("", "sales_change"): "Change of sales",
    ("", "active_share"): "Share of members active",
    ("", "repeat_rate"): "Repeat rate",
    ("", "units_per_order"): "Items per order",
    ("", "member_sales_share"): "Member share of sales",
    ("segment_map", ""): "As the shop has set",
    ("segment_map", "ten"): "Ten segments",
    ("segment_map", "eight"): "Eight segments (high or low)",
    ("by", ""): "All habits",
}
PERIOD_DAYS = (28, 91, 182, 364)
AUDIENCE_EXAMPLES = (
    ("Ten orders or more", "order_count >= 10"),
    ("Bought in the last 4 weeks", "order_count_28d > 0"),
    ("Not seen for 13 weeks", "order_count_91d = 0"),
)

TRAIT_WORDS = {
    "segment": "Which segments?",
    "stage": "At which stage of their life as members?",
    "spending_power": "How much can they spend?",
    "promo_level": "How much do they wait for discounts?",
}
RANGE_WORDS = {
    "recency_days": "How many days since their last order?",
    "amount_91d": "What did they spend in the last 13 weeks?",
    "order_count_91d": "How many orders in the last 13 weeks?",
}
# (words, call of an answer that lists members); '' = all members
SOURCES = (
    ("All members", ""),
    ("Members who are slipping away", "targeting.slipping(ws, top=0)"),
    ("Members who are due for something again", "targeting.due_again(ws, top=0)"),
    ("Members who looked and did not buy", "targeting.looked_not_bought(ws, show='member')"),
)

METHOD_WORDS = {
    "coupon": "A coupon",
    "full_reduction": "Spend X, save Y",
    "discount": "A discount",
    "member_day": "A member day",
    "service": "A service",
}
# method -> ((figure of its short text, label, placeholder), ...)
OFFER_FIELDS = {
    "coupon": (("value", "Worth", "5"), ("threshold", "From a basket of", "any"), ("goods", "On", "all goods")),
    "full_reduction": (("threshold", "Spend", "60"), ("value", "Save", "10"), ("goods", "On", "all goods")),
    "discount": (("depth", "Percent off", "10"), ("goods", "On", "all goods")),
    "member_day": (("weekday", "On every", ""), ("depth", "Percent off", "10"), ("goods", "On", "all goods")),
    "service": (("message", "What we do for them", "a call two weeks after the sale"),),
}
DAY_WORDS = (
    ("Monday", "mon"), ("Tuesday", "tue"), ("Wednesday", "wed"), ("Thursday", "thu"), ("Friday", "fri"), ("Saturday", "sat"),
    ("Sunday", "sun"),
)  # fmt: skip
# (question, ((field of the form, label), ...)) in the order of the page; `method` is the kind of offer
PLAN_FIELDS = (
    ("What is it called?", (("name", "Name"),)),
    ("For whom?", (("audience", "Audience"),)),
    ("What do they get?", (("method", "Kind of offer"), ("offer", "The same in short"))),
    ("When?", (("starts_on", "First day"), ("ends_on", "Last day"))),
    ("How do we tell them?", (("touchpoint", "By"), ("cost_per_contact", "Cost of one contact"), ("cost_fixed", "Fixed costs"))),
    ("What may it cost, what must it bring?", (("budget", "Most that the offer may cost"), ("goal_percent", "Lift to reach, %"))),
    ("How many get nothing, so that we can judge it?", (("control_percent", "Held out, %"),)),
)


# part of the page of a review -> its words, in the order of the page
SECTION_WORDS = {
    "verdict": "Did it pay?",
    "money": "What was it worth?",
    "checks": "May we believe it?",
    "process": "How did it run?",
    "migration": "Whom did it move?",
    "lessons": "What have we learned?",
}


def question_menu(steps: Iterable[str] = ("portrait",)) -> list[tuple[str, list[Question]]]:
    """Return (family, questions) for the steps, in reading order; a question that no family names comes under its step."""
    left = {question.name: question for question in all_questions() if question.step in set(steps)}
    menu = [(family, [left.pop(name) for name in names if name in left]) for family, names in FAMILIES]
    for step, words in STEP_WORDS.items():
        menu.append((words, [left.pop(name) for name in list(left) if left[name].step == step]))
    return [(family, questions) for family, questions in menu if questions]


def period_choices(default_days: int) -> list[tuple[str, str]]:
    """Return (words, period) for the window of sales figures; the shop's own setting is first and stands for ''.

    >>> period_choices(91)[:2]
    [('last 13 weeks', ''), ('last 4 weeks', '28d')]
    """

    def words(days: int) -> str:
        return tr("last {days} days", days=days) if days % 7 else tr("last {days} weeks", days=days // 7)

    return [(words(default_days), ""), *((words(days), f"{days}d") for days in PERIOD_DAYS if days != default_days)]


def choice_words(name: str, value: str) -> str:
    """Return the words for a value of a parameter; what has none is named after itself.

    >>> choice_words("by", "category"), choice_words("since", "2017-10-02")
    ('Category', '2017-10-02')
    """
    return CHOICE_WORDS.get((name, value)) or CHOICE_WORDS.get(("", value)) or wording.label_of(value)


def next_label(question: Question, own: Mapping[str, Any]) -> str:
    """Return the words of a button that asks a question with these own parameters."""
    chosen = [choice_words(name, str(value)) for name, value in own.items()]
    return question.text + (f" ({', '.join(chosen)})" if chosen else "")
