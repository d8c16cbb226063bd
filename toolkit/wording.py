"""How a figure reads: labels of columns, formats of numbers, the same on every surface.

A column's kind follows from its name (units are in the name), so the table of any answer reads well without further words.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date, datetime
from functools import lru_cache
from typing import Any, Literal

from babel.numbers import format_currency, get_currency_symbol

Kind = Literal["text", "date", "count", "number", "money", "share", "days", "score", "index", "flag"]

_KINDS_BY_NAME: dict[str, Kind] = {
    "sales": "money",
    "amount": "money",
    "member_sales": "money",
    "non_member_sales": "money",
    "order_value": "money",
    "spend": "money",
    "spend_per_month": "money",
    "spend_per_member": "money",
    "promo_dependence": "share",
    "coupon_affinity": "share",
    "expected_buyers": "count",
    "median_order_value": "money",
    "orders": "count",
    "members": "count",
    "n": "count",
    "change": "share",
    "probability": "share",
    "gini": "number",
    "units_per_order": "number",
    "expected_redeemers": "number",
    "control_sales_so_far": "money",
    "sales_so_far": "money",
    "share_of_parent": "share",
    "p_value": "number",
}
_KINDS_BY_ENDING: tuple[tuple[str, Kind], ...] = (
    ("_amount", "money"),
    ("_sales", "money"),
    ("_spend", "money"),
    ("_value", "money"),
    ("_cost", "money"),
    ("_28d", "money"),
    ("_91d", "money"),
    ("_365d", "money"),
    ("_share", "share"),
    ("_share_low", "share"),
    ("_share_high", "share"),
    ("_rate", "share"),
    ("_rate_low", "share"),
    ("_rate_high", "share"),
    ("_change", "share"),
    ("_probability", "share"),
    ("_count", "count"),
    ("_days", "days"),
    ("_days_mean", "days"),
    ("_days_median", "days"),
    ("_score", "score"),
    ("_index", "index"),
    ("_index_low", "index"),
    ("_index_high", "index"),
    ("_on", "date"),
)
_LABELS = {
    "smallest_lift_share": "Smallest visible lift",
    "chance_share": "Chance to see it",
    "needed_count": "Members needed",
    "needed_days": "Days needed",
    "forgone_sales": "Sales forgone",
    "would_redeem_count": "Would redeem",
    "switcher_count": "Members who switched",
    "substitute_index": "Times as by chance",
    "substitute_index_low": "from",
    "substitute_index_high": "to",
    "core_index_low": "from",
    "core_index_high": "to",
    "repeat_rate_low": "from",
    "repeat_rate_high": "to",
    "category_count": "Categories",
    "campaign_id": "Campaign",
    "sales_91d": "Sales, 91 days",
    "order_count_mean": "Orders each",
    "retained_share": "Still order",
    "units_change": "Change of units",
    "moved_sales": "Sales that only move",
    "day_sales": "Sales a day",
    "tenure_days": "Tenure, days",
    "breadth_index": "Breadth (1 = usual)",
    "months_active_share": "Months with an order",
    "unit_value": "Price of one",
    "taste_index": "Times as much as others",
    "share_of_parent": "Share of the group above",
    "contact_cost": "Cost of contacts",
    "offer_cost": "Cost of the offer",
    "member_id": "Member",
    "store_id": "Store",
    "store_name": "Store name",
    "member_count": "Members",
    "order_count": "Orders",
    "day_count": "Shopping days",
    "sales": "Sales",
    "sales_share": "Share of sales",
    "member_share": "Share of members",
    "order_share": "Share of orders",
    "order_value": "Order value",
    "r_score": "R",
    "f_score": "F",
    "m_score": "M",
    "n": "n",
    "gini": "Gini",
    "recency_days": "Days since last order",
    "earlier_member_count": "Members before",
    "stage_before": "Stage before",
    "favourite_share": "Its share of their own",
    "expected_spend_91d": "Expected spend, 91 days",
    "expected_spend_365d": "Expected spend, 365 days",
    "purchase_probability": "Probability of a purchase",
    "units_per_order": "Units per order",
    "window": "Window",
    "starts_on": "From",
    "ends_on": "To",
    "active_count": "Active members",
    "active_share": "Share active",
    "buyer_count": "Buyers",
    "member_sales_share": "Members' share",
    "segment_before": "Segment before",
    "in_english": "In English",
    "flow_share": "Share of segment before",
    "sales_before": "Sales before",
    "sales_change": "Change of sales",
    "sales_per_member": "Sales per member",
    "sales_from": "Sales from",
    "sales_to": "Sales to",
    "how_sure": "How sure",
    "change_sales": "Change of sales",
    "new_sales": "of it: new",
    "back_sales": "back",
    "lost_sales": "lost",
    "more_sales": "more",
    "less_sales": "less",
    "switched_in_sales": "switched in",
    "switched_out_sales": "switched out",
    "few_sales": "few, together",
    "who": "As an audience",
    "above_count": "Above their card",
    "as_count": "As their card",
    "below_count": "Below their card",
    "above_share": "Share above",
    "below_share": "Share below",
    "judged_count": "Judged",
    "months_since": "Months since",
    "regularity": "Regularity (k)",
    "at_stake_spend": "Spend at stake",
    "spend_before": "Spend before",
    "windows_bought": "Windows with a purchase",
    "windows": "Windows",
    "past_rate": "Past rate",
    "days_28": "Days, last 28",
    "days_91": "Days, last 91",
    "expected_days_91": "Days, at own past pace",
    "recency_days_median": "Days since last order (median)",
    "goes_with": "Goes with",
    "both_count": "With both",
    "expected_count": "By chance",
    "extra_count": "Beyond chance",
    "together_index": "Times as by chance",
    "together_index_low": "from",
    "together_index_high": "to",
    "goods_count": "With the first",
    "goes_with_count": "With the second",
    "attach_rate_low": "from",
    "attach_rate_high": "to",
    "expected_rate": "By chance",
    "units_per_order_low": "from",
    "units_per_order_high": "to",
    "orders_before": "Orders before",
    "units_per_order_before": "Units per order before",
    "sales_in_them": "Sales in them",
    "core_buyer_count": "Core buyers",
    "penetration_rate": "Core members who buy it",
    "other_penetration_rate": "Others who buy it",
    "core_index": "Index against others",
    "repeat_rate": "Bought again",
    "core_sales": "Sales to core members",
    "core_sales_share": "Their share of its sales",
    "months_share": "Months with an order",
    "quiet_count": "Quiet for 28 days",
    "back_count": "Came back",
    "back_share": "Share that came back",
    "back_share_low": "at least (95%)",
    "back_share_high": "at most (95%)",
    "back_days_median": "Days until half came back",
    "gap_days_median": "Days between (median)",
    "from_share": "Share of those there",
    "worth_index": "Later worth (1 = as others)",
    "worth_index_low": "Later worth from",
    "worth_index_high": "Later worth to",
    "raw_index": "Before shrinking",
    "later_spend": "Spend later",
    "expected_spend": "Spend of like members",
    "life_days": "Stated life in days",
    "again_days_median": "Days until bought again",
    "closed_gap_days_median": "Days, closed gaps alone",
    "again_share": "Buy again here",
    "gap_count": "Closed gaps",
    "own_gap_count": "Own gaps",
    "trial_count": "Forecasts tried",
    "level": "Listed by",
    "due_count": "Due now",
    "looker_count": "Members who looked",
    "not_bought_count": "Have not bought",
    "not_bought_share": "Share not bought",
    "price_count": "Reason: price",
    "range_count": "Reason: range",
    "unknown_count": "Reason not known",
    "looked_price_index": "Price looked at",
    "paid_price_index": "Price paid",
    "look_day_count": "Days with a look",
    "look_count": "Looks",
    "visit_count": "Visits",
    "visitor_count": "Visitors",
    "visitor_share": "Share who visit",
    "step_share": "Of the step before",
    "visit_share": "Of the first step",
    "later_order_share": "Ordered soon after",
    "same_day_order_share": "Ordered the same day",
    "found_count": "Found by one half",
    "held_share": "Held in the other half",
    "held_share_low": "Held, at least (95%)",
    "base_share": "Share by chance",
    "member_change": "Growth of members",
    "taste_index_low": "Taste index, at least",
    "item": "Item",
    "amount_low": "from",
    "amount_high": "to",
    "reading": "How to read it",
    "effect_amount": "Effect",
    "effect_low_amount": "from",
    "effect_high_amount": "to",
    "expected_amount": "Expected without",
    "effect": "Effect",
    "expected": "Expected without",
    "effect_low_share": "from",
    "effect_high_share": "to",
    "expected_share": "Expected without",
    "lift_share": "Lift",
    "p_value": "p",
    "check": "Check",
    "finding": "What was found",
    "what_to_do": "What to do",
    "forbids_a_claim": "Forbids a claim",
    "extra_low_sales": "from",
    "extra_high_sales": "to",
    "extra_margin_amount": "Extra margin",
    "expected_sales": "Expected without",
    "threshold_amount": "Spend",
    "reduction_amount": "Save",
    "minimum_amount": "From",
    "value_amount": "Coupon",
    "free_rider_count": "Get it anyway",
    "free_rider_share": "Share that gets it anyway",
    "within_reach_count": "Within reach",
    "within_reach_share": "Share within reach",
    "response_share": "Respond, assumed",
    "cost_amount": "Cost",
    "cost_share": "Cost of sales",
    "extra_sales": "Extra sales, assumed",
    "net_amount": "Net",
    "net_low_amount": "Net, low (90%)",
    "net_high_amount": "Net, high (90%)",
    "break_even_share": "Sales must rise by",
    "break_even_rate": "Must respond to pay",
    "at_stake_amount": "Margin at stake",
    "is_best": "Best for some budget",
    "contact_count": "Contacts",
    "cost_per_contact_amount": "Cost per contact",
    "margin_share": "Margin",
    "day_index": "Against the mean day",
    "gain_probability": "Chance of a gain",
    "day": "Day",
    "redemption_count": "Redemptions",
    "control_buyer_count": "Buyers, control (scaled)",
    "control_order_count": "Orders, control (scaled)",
    "control_sales": "Sales, control (scaled)",
    "sales_so_far": "Sales so far",
    "control_sales_so_far": "Control so far (scaled)",
    "lead_sales": "Treated less control",
    "redemptions_so_far": "Redemptions so far",
    "redeemer_count": "Members who redeemed",
    "expected_redeemers": "Expected as elsewhere",
    "contacted_count": "Contacted",
    "buyer_share": "Share who bought",
    "redeemer_share": "Share who redeemed",
    "touchpoint": "Touchpoint",
    "treated_count": "Treated",
    "control_count": "Compared with",
    "treated_share": "Share of the treated",
    "control_share": "Share of those compared with",
    "difference_share": "Difference",
    "difference_share_low": "from",
    "difference_share_high": "to",
    "moved_value": "Worth in 91 days",
    "treated_before": "Treated, before",
    "treated_after": "Treated, after",
    "control_before": "Compared with, before",
    "control_after": "Compared with, after",
    "effect_low": "from",
    "effect_high": "to",
    "next_share_low": "Next one from",
    "next_share_high": "to",
    "shrunk_share": "Among its like",
    "campaign_count": "Campaigns",
    "most_contacts": "Contacts, most in 28 days",
    "overlap_share": "Also in another",
    "lately_count": "Lately",
    "overlap_count": "Others in the same days",
    "randomised": "Randomised",
    "contacts": "Contacts in four weeks",
    "target_sales": "Target",
    "gap_sales": "Sales less target",
    "target_rate": "Of the target",
    "asked_sales": "Asked for beyond it",
    "members_sales": "of the change: members",
    "frequency_sales": "orders per member",
    "units_sales": "units per order",
    "price_sales": "money per unit",
    "returns_sales": "returns",
    "non_member_sales": "Sales to non-members",
    "affinity_rate": "Share who buy it",
    "affinity_index": "Against all members",
    "attach_index": "Goes along (times as by chance)",
    "attach_count": "Orders with both",
    "on_hand_count": "In stock",
    "stock_days": "Days of stock",
    "new_sales_share": "Sales from new goods",
    "launched_days": "Days since launch",
    "price_fit": "Price fit",
    "recent_share": "Bought too recently",
    "is_core_good": "Core good",
    "second_goods": "Second goods",
    "new_goods": "New to them",
    "new_reason": "Why new",
    "second_reason": "Why second",
    "offer_reason": "Why this offer",
    "reachable": "May be contacted",
    "orders_per_year": "Purchases a buyer and year",
    "ticket_value": "Ticket",
    "stresses": "Lives on",
    "effect_share": "Measured effect",
    "effect_share_low": "at least (95%)",
    "effect_share_high": "at most (95%)",
    "began_on": "First purchase",
    "in_niche": "Of its categories",
    "late_count": "Buyers, second half",
    "goods_index": "Index against others",
    "goods_index_low": "Index, at least",
    "first_spend": "Spend on the first day",
    "second_after_days": "Days to the second",
    "third_after_days": "Days to the third",
}


def kind_of(name: str, value: Any = None) -> Kind:
    """Return how a column is formatted, from its name; without a rule, from a sample value.

    >>> kind_of("sales_share"), kind_of("recency_days"), kind_of("segment", "loyal")
    ('share', 'days', 'text')
    """
    if name in _KINDS_BY_NAME:
        return _KINDS_BY_NAME[name]
    if isinstance(value, bool):
        return "flag"
    if isinstance(value, str):
        return "text"
    if isinstance(value, (date, datetime)):
        return "date"
    for ending, kind in _KINDS_BY_ENDING:
        if name.endswith(ending):
            return kind
    if name.startswith(("sales_", "spend_", "amount_")):  # sales_before, sales_per_member
        return "money"
    return "count" if isinstance(value, int) else "number" if isinstance(value, float) else "text"


def label_of(name: str) -> str:
    """Return the column's name in words.

    >>> label_of("member_count"), label_of("coupon_affinity")
    ('Members', 'Coupon affinity')
    """
    return _LABELS.get(name) or name.replace("_", " ").strip().capitalize()


def count(value: float) -> str:
    """Return a whole number with thousands separators."""
    return f"{value:,.0f}"


def share(value: float | None, digits: int = 1) -> str:
    """Return a share (0..1) in percent; `not measured` for None.

    >>> share(0.4382), share(None)
    ('43.8%', 'not measured')
    """
    if value is None or math.isnan(value):
        return "not measured"
    return f"{100 * value:.{digits}f}%"


def change(value: float | None) -> str:
    """Return a relative change in words: `up 3.2%`, `down 1.0%`, `unchanged`."""
    if value is None or math.isnan(value):
        return "not measured"
    if abs(value) < 0.0005:
        return "unchanged"
    return f"{'up' if value > 0 else 'down'} {abs(100 * value):.1f}%"


@lru_cache(maxsize=4096)
def money(value: float | None, currency: str, digits: int | None = None) -> str:
    """Return an amount in currency units with its sign; large ones without decimals.

    >>> money(4593254.21, "USD"), money(29.5, "USD")
    ('$4,593,254', '$29.50')
    """
    if value is None or math.isnan(value):
        return "not measured"
    shown = digits if digits is not None else (0 if abs(value) >= 1000 else 2)
    pattern = "¤#,##0" + ("." + "0" * shown if shown else "")
    symbol = get_currency_symbol(currency, locale="en")
    if symbol.isalpha():  # "CHF 12.00" needs a space, "$12.00" does not
        pattern = pattern.replace("¤", "¤\u00a0")
    return format_currency(value, currency, format=pattern + ";-" + pattern, locale="en", currency_digits=False)


def some(number: int, one: str, many: str | None = None) -> str:
    """Return a number with its noun: `1 member`, `2,469 members`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def listing(words: Sequence[str]) -> str:
    """Return words as a list in a sentence: `a, b and c`."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} and {words[-1]}"


def cell(value: Any, kind: Kind, currency: str) -> str:
    """Return one table cell as text; None is an en dash, so that an empty cell never looks forgotten."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "–"
    if kind == "money":
        return money(float(value), currency)
    if kind == "share":
        return share(float(value))
    if kind in ("count", "score"):
        return f"{value:,.0f}" if isinstance(value, (int, float)) and not isinstance(value, bool) else str(value)
    if kind == "days":
        return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.1f}"
    if kind in ("number", "index"):
        return f"{value:,.2f}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else str(value)
    if kind == "flag":
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="minutes")
    return str(value)
