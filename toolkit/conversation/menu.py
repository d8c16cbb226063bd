"""The menu of questions in plain words, by family; and the words of controls. Data only: what is not named here still shows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from toolkit.columns import plain_label
from toolkit.language import later, tr
from toolkit.own_questions import is_own
from toolkit.portrait.figures import FIGURES
from toolkit.registry import Question, all_questions
from toolkit.wording import capital

FAMILIES: tuple[tuple[str, tuple[str, ...]], ...] = (
    (later("At a glance"), ("portrait.overview", "portrait.figure", "portrait.why", "portrait.stores")),
    (later("Who they are"), ("portrait.segments", "portrait.rfm", "portrait.lifecycle", "portrait.movement", "portrait.personas")),
    (
        later("What they bring"),
        ("portrait.contribution", "portrait.pareto", "portrait.quadrants", "portrait.spending_power", "portrait.lifetime_value"),
    ),
    (later("How they join"), ("portrait.joiners", "portrait.card_share", "portrait.referrals", "portrait.funnel_to_member")),
    (
        later("What the membership gives"),
        (
            "portrait.tiers",
            "review.tier_effect",
            "portrait.points",
            "portrait.benefits",
            "portrait.paid_membership",
            "portrait.stored_value",
            "differentiation.replay_rules",
        ),
    ),
    (later("How they shop"), ("portrait.habits", "portrait.price_sensitivity")),
    (later("One member"), ("portrait.member",)),
    (
        later("Who stays, who goes"),
        (
            "targeting.activity",
            "targeting.slipping",
            "targeting.loyalty",
            "targeting.gain_loss",
            "targeting.revenue_tree",
            "targeting.cohorts",
        ),
    ),
    (
        later("Why they do not come again"),
        ("targeting.why_low", "targeting.losing_goods", "targeting.lost_members"),
    ),
    (
        later("From the first purchase on"),
        ("targeting.entry_goods", "targeting.paths", "targeting.path_members", "targeting.due_again"),
    ),
    (later("Guides and their members"), ("targeting.guide_tasks", "targeting.guides")),
    (later("Before they buy"), ("targeting.journey", "targeting.looked_not_bought")),
    (later("Groups worth speaking to"), ("targeting.drill", "targeting.core_members", "targeting.niches", "targeting.buyers")),
    (
        later("Goods that belong together"),
        ("targeting.core_goods", "targeting.bought_together", "targeting.liked_together", "targeting.attach", "targeting.units_per_order"),
    ),
    (
        later("Goods that stand for each other"),
        ("targeting.cross_shop", "targeting.decision_tree", "targeting.assortment", "targeting.switching", "targeting.new_product"),
    ),
    (later("How a good sells"), ("targeting.heavy_light", "targeting.distribution")),
    (later("Which way fits our shop"), ("differentiation.industry_profile", "differentiation.matrix")),
    (
        later("What an offer would cost"),
        (
            "differentiation.full_reduction",
            "differentiation.coupon",
            "differentiation.discount",
            "differentiation.member_day",
            "differentiation.service",
        ),
    ),
    (
        later("What more pieces, gifts and points would cost"),
        (
            "differentiation.nth_piece",
            "differentiation.bundle",
            "differentiation.gift",
            "differentiation.extra_points",
            "differentiation.welcome_gift",
            "differentiation.referral_reward",
        ),
    ),
    (
        later("Which offer, which goods"),
        ("differentiation.offers", "differentiation.allocate", "differentiation.goods_for", "differentiation.next_best"),
    ),
    (later("How we shall know"), ("differentiation.holdout", "differentiation.global_control", "differentiation.plan")),
    (
        later("One campaign"),
        (
            "review.verdict",
            "review.effect",
            "review.money",
            "review.checks",
            "review.process",
            "review.migration",
            "review.habits_after",
        ),
    ),
    (
        later("All campaigns, all stores"),
        ("review.lessons", "review.programme", "review.sales_targets", "review.goals", "review.alerts", "review.guide_calls"),
    ),
)
STEP_WORDS = {
    "portrait": later("More about our members"),
    "targeting": later("Whom to address"),
    "differentiation": later("With which offer"),
    "review": later("What it changed"),
}
SCOPE_WORDS = {
    "store_id": later("Store"),
    "region": later("Region"),
    "as_of": later("Up to the day"),
    "period": later("Sales of the"),
    "audience": later("Only members with"),
}
CONTROL_WORDS = {
    "by": later("Shown by"),
    "show": later("Shown as"),
    "measure": later("Measured by"),
    "since": later("Compared with the day"),
    "segment_map": later("Names of the segments"),
    "rank_by": later("Ranked by"),
    "metric": later("Figure"),
    "member_id": later("Member number"),
    "members": later("Members who take part, if not all"),
    "shares": later("Shares to compare, such as 0.1, 0.2"),
    "lengths": later("Days to compare, such as 7, 14"),
    "top": later("How many to list (0 = all)"),
    "most": later("Groups shown under one"),
    "against": later("Compared with"),
    "most_months": later("Joining months shown"),
    "first": later("Bought on the first day"),
    "second": later("On the second"),
    "third": later("On the third"),
    "stopped": later("Only who did not come back"),
    "entered_with": later("The first purchase held"),
    "recent": later("Also who began lately"),
    "good": later("Category or product"),
    "niche": later("Name of the group"),
    "without": later("Bought none of these"),
    "least_days": later("On this many days at least"),
    "rank": later("In the order of"),
    "with_goods": later("Together with"),
    "of": later("Across"),
    "lifecycle": later("By stage of life too"),
    "thresholds": later("Spend, such as 30, 60"),
    "reductions": later("Save, such as 5, 10"),
    "repeat": later("How often in one basket"),
    "minimum": later("From a basket of"),
    "reach": later("Share that it reaches, 0 to 1"),
    "depth": later("Share taken off, such as 0.1"),
    "every_weeks": later("Every so many weeks"),
    "touch": later("Occasion"),
    "trade_in": later("Off for the old one"),
    "compare": later("Offers to compare"),
    "candidates": later("Offers to choose from"),
    "seed": later("Number of the draw"),
    "control_share": later("Share held out, 0 to 1"),
    "lift": later("Lift hoped for, such as 0.05"),
    "try_share": later("Share to try, 0 to 1"),
    "per_day": later("Tasks of a guide"),
    "held_share": later("Share held out"),
    "level": later("Listed by"),
    "most_contacts": later("Contacts, most in 28 days"),
    "campaign_id": later("Campaign"),
}
# (parameter or '', value) -> words; value '' is 'nothing chosen'
CHOICE_WORDS = {
    ("by", "driver"): later("What it is a product of"),
    ("", "decile"): later("Tenths of members"),
    ("", "heavy"): later("Heavy, medium, light buyers"),
    ("by", "orders"): later("Number of orders"),
    ("", "attach"): later("Items per order"),
    ("", "loyal"): later("Loyal against the others"),
    ("by", "members"): later("Members against non-members"),
    ("", "grid"): later("Recency by frequency"),
    ("", "scores"): later("Score by score"),
    ("", "spend_per_month"): later("Spend per month"),
    ("", "order_value"): later("Value of an order"),
    ("", "price_tier"): later("Price level of the goods"),
    ("by", "when"): later("Weekday and hour"),
    ("by", "hour"): later("Hour of the day"),
    ("by", "persona"): later("Kind of shopper"),
    ("by", "taste"): later("Favourite categories"),
    ("by", "group"): later("Groups with like baskets"),
    ("by", "stage"): later("Stage of life as a member"),
    ("", "sales_change"): later("Change of sales"),
    ("", "active_share"): later("Share of members active"),
    ("", "repeat_rate"): later("Repeat rate"),
    ("", "units_per_order"): later("Items per order"),
    ("", "member_sales_share"): later("Member share of sales"),
    ("segment_map", ""): later("As the shop has set"),
    ("segment_map", "ten"): later("Ten segments"),
    ("segment_map", "eight"): later("Eight segments (high or low)"),
    ("by", ""): later("All habits"),
    ("by", "contacts"): later("Contacts in four weeks"),
    ("show", "source"): later("Where its volume comes from"),
    ("show", "trial"): later("Trial and repeat by week"),
    **{("metric", name): known.words for name, known in FIGURES.items()},
}
AFTER_THEMSELVES = (
    later("Active"), later("Add one more"), later("After sale"), later("Amount"), later("Auto"), later("Brand"), later("Budget"),
    later("Campaign"), later("Category"), later("Channel"), later("Clear stock"), later("Day"), later("Days"), later("Department"),
    later("Drivers"), later("Due"), later("Estimator"), later("Every"), later("Flow"), later("Funnel"), later("Gap"), later("Goals"),
    later("Good"),
    later("Goods"),
    later("Joining"), later("Last touch"), later("Launch"), later("Level"), later("Margin"), later("Member"), later("Method"),
    later("Month"), later("Months"), later("Name"), later("Node"), later("Offer"), later("Once"), later("Orders"), later("Outcome"),
    later("Product"), later("Purpose"), later("Quarter"), later("Region"), later("Route"), later("Sales"), later("Segment"), later("Store"),
    later("Strength"), later("Tier"), later("Total"), later("Touchpoint"), later("Trade up"), later("Units"), later("Value"),
    later("Volume"), later("Week"), later("Weekday"), later("Win back"), later("With"), later("Without"), later("Year"),
)  # fmt: skip
"""Parameters and values that are called after themselves: here for the catalogue of each language."""
PERIOD_DAYS = (28, 91, 182, 364)
AUDIENCE_EXAMPLES = (
    (later("Ten orders or more"), "order_count >= 10"),
    (later("Bought in the last 4 weeks"), "order_count_28d > 0"),
    (later("Not seen for 13 weeks"), "order_count_91d = 0"),
)

TRAIT_WORDS = {
    "segment": later("Which segments?"),
    "stage": later("At which stage of their life as members?"),
    "spending_power": later("How much can they spend?"),
    "promo_level": later("How much do they wait for discounts?"),
}
# (words, call of an answer that lists members); '' = all members
SOURCES = (
    (later("All members"), ""),
    (later("Members who are slipping away"), "targeting.slipping(ws, top=0)"),
    (later("Members who are due for something again"), "targeting.due_again(ws, top=0)"),
    (later("Members who did not come again"), "targeting.lost_members(ws, top=0)"),
    (later("Members who looked and did not buy"), "targeting.looked_not_bought(ws, show='member')"),
)

METHOD_WORDS = {
    "coupon": later("A coupon"),
    "full_reduction": later("Spend X, save Y"),
    "discount": later("A discount"),
    "member_day": later("A member day"),
    "service": later("A service"),
    "nth_piece": later("Second piece cheaper"),
    "bundle": later("A bundle"),
    "gift": later("A gift with purchase"),
    "extra_points": later("More points"),
    "welcome_gift": later("A gift to new members"),
    "referral_reward": later("A reward for bringing members"),
}
# method -> ((figure of its short text, label, placeholder), ...)
OFFER_FIELDS = {
    "coupon": (
        ("value", later("Worth"), "5"),
        ("threshold", later("From a basket of"), later("any")),
        ("goods", later("On"), later("all goods")),
    ),
    "full_reduction": (("threshold", later("Spend"), "60"), ("value", later("Save"), "10"), ("goods", later("On"), later("all goods"))),
    "discount": (("depth", later("Percent off"), "10"), ("goods", later("On"), later("all goods"))),
    "member_day": (("weekday", later("On every"), ""), ("depth", later("Percent off"), "10"), ("goods", later("On"), later("all goods"))),
    "service": (("message", later("What we do for them"), later("a call two weeks after the sale")),),
    "nth_piece": (
        ("nth", later("Which piece (2 = every second)"), "2"),
        ("depth", later("Percent off it"), "50"),
        ("goods", later("On"), later("all goods")),
    ),
    "bundle": (
        ("value", later("Price of the set"), later("or percent off")),
        ("depth", later("Percent off"), "10"),
        ("goods", later("Goods of the set, behind semicolons"), ""),
    ),
    "gift": (
        ("value", later("What one gift costs us"), "12"),
        ("gift", later("Or the product itself"), later("its unit cost is taken")),
        ("threshold", later("From a basket of"), "200"),
    ),
    "extra_points": (("times", later("Times as many points"), "2"),),
    "welcome_gift": (("value", later("Worth"), "10"), ("threshold", later("From a basket of"), later("any"))),
    "referral_reward": (
        ("value", later("For who brings somebody"), "20"),
        ("newcomer", later("For who is brought"), later("nothing")),
    ),
}
# purpose of the goods -> its words
PURPOSE_WORDS = {
    "win_back": later("Win them back"),
    "trade_up": later("Better goods than usual"),
    "add_one_more": later("One more thing in the basket"),
    "clear_stock": later("Clear stock"),
    "launch": later("Make new goods known"),
}
DAY_WORDS = (
    (later("Monday"), "mon"),
    (later("Tuesday"), "tue"),
    (later("Wednesday"), "wed"),
    (later("Thursday"), "thu"),
    (later("Friday"), "fri"),
    (later("Saturday"), "sat"),
    (later("Sunday"), "sun"),
)
# (question, ((field of the form, label), ...)) in the order of the page; `method` is the kind of offer
PLAN_FIELDS = (
    (later("What is it called?"), (("name", later("Name")),)),
    (later("For whom?"), (("audience", later("Audience")),)),
    (later("What for?"), (("purpose", later("Purpose")),)),
    (later("What do they get?"), (("method", later("Kind of offer")), ("offer", later("The same in short")))),
    (later("When?"), (("starts_on", later("First day")), ("ends_on", later("Last day")))),
    (
        later("How do we tell them?"),
        (("touchpoint", later("By")), ("cost_per_contact", later("Cost of one contact")), ("cost_fixed", later("Fixed costs"))),
    ),
    (
        later("What may it cost, what must it bring?"),
        (("budget", later("Most that the offer may cost")), ("goal_percent", later("Lift to reach, %"))),
    ),
    (later("How many get nothing, so that we can judge it?"), (("control_percent", later("Held out, %")),)),
)


# part of the page of a review -> its words, in the order of the page
SECTION_WORDS = {
    "verdict": later("Did it pay?"),
    "money": later("What was it worth?"),
    "checks": later("May we believe it?"),
    "process": later("How did it run?"),
    "migration": later("Whom did it move?"),
    "lessons": later("What have we learned?"),
}


def question_menu(steps: Iterable[str] = ("portrait",)) -> list[tuple[str, list[Question]]]:
    """Return (family, questions) for the steps, in reading order; a question that no family names comes under its step's words,
    those of a shop's own last."""
    left = {question.name: question for question in all_questions() if question.step in set(steps)}
    menu = [(tr(family), [left.pop(name) for name in names if name in left]) for family, names in FAMILIES]
    own = [left.pop(name) for name in list(left) if is_own(left[name].function)]
    for step, words in STEP_WORDS.items():
        menu.append((tr(words), [left.pop(name) for name in list(left) if left[name].step == step]))
    menu.append((tr("Questions of your own"), own))
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
    """Return the words for a value of a parameter; what has none is named after itself, and a yes after what it says yes to.

    >>> choice_words("by", "category"), choice_words("since", "2017-10-02"), choice_words("lifecycle", "True")
    ('Category', '2017-10-02', 'By stage of life too')
    """
    if value == str(True) and name in CONTROL_WORDS:
        return tr(CONTROL_WORDS[name])
    words = CHOICE_WORDS.get((name, value)) or CHOICE_WORDS.get(("", value))
    return capital(tr(words or plain_label(value)))


def next_label(question: Question, own: Mapping[str, Any]) -> str:
    """Return the words of a button that asks a question with these own parameters."""
    chosen = [choice_words(name, str(value)) for name, value in own.items()]
    return tr("{question} ({chosen})", question=tr(question.text), chosen=tr(", ").join(chosen)) if chosen else tr(question.text)
