"""Texts as a page says them to who writes no code: names of settings, columns and parameters, calls, conditions, offers in words.

A notebook or a shell shows the names, since a person types them there; a page has its own words for them, so here they take their place.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from functools import cache

from toolkit import language
from toolkit.answer import Answer
from toolkit.audience.conditions import sentence
from toolkit.columns import plain_label
from toolkit.conversation.menu import CONTROL_WORDS, SCOPE_WORDS
from toolkit.errors import ToolkitError, shorten
from toolkit.language import later, tr
from toolkit.registry import STEPS, all_questions, call_parts, question_text
from toolkit.schemas import CONTRACT
from toolkit.scope.member_columns import MEMBER_COLUMNS
from toolkit.settings import Settings

SETTING_WORDS: Mapping[str, str] = {
    "scope.minimum_members": later("smallest group that is shown"),
    "scope.period_days": later("days of a usual period"),
    "scope.active_days": later("days in which an active member ordered"),
    "offers.margin_share": later("margin"),
    "offers.response_share": later("share of baskets within reach that top up"),
    "offers.reach_share": later("how near a basket within reach is"),
    "offers.redemption_share": later("share of coupons that are redeemed"),
    "offers.cost_per_contact": later("cost of one contact"),
    "personas.persona_rules": later("rules of the personas"),
    "playbook.playbook": later("playbook"),
    "habits.minimum_orders": later("orders from which habits are told"),
    "campaigns.least_arm": later("smallest arm"),
    "review.least_arm": later("smallest arm"),
    "review.history_days": later("days before a campaign that are compared"),
    "sensitivity.kappa_default": later("weight of all members beside one member's own"),
}
_WORDS: Mapping[str, str] = {
    "extra_amount": later("extra sales"), "extra_margin": later("extra margin"), "extra_orders": later("extra orders"),
    "redemption_share": later("share who redeem"), "control_share": later("share held out"), "cost_fixed": later("fixed costs"),
    "cost_per_contact": later("cost of one contact"), "starts_on": later("first day"), "ends_on": later("last day"),
    "offer_of": later("offer of each segment"), "unit_cost": later("unit cost"), "as_of": later("the day"),
    "win_back": later("win them back"), "trade_up": later("better goods than usual"), "add_one_more": later("one more thing in the basket"),
    "clear_stock": later("clear stock"), "full_reduction": later("spend X, save Y"), "member_day": later("member day"),
    "nth_piece": later("second piece cheaper"), "extra_points": later("more points"), "welcome_gift": later("gift to new members"),
    "referral_reward": later("reward for bringing members"),
}  # fmt: skip
_OFFERS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(rf"\b{pattern}"), words)
    for pattern, words in (
        (r"full_reduction (?P<threshold>[\d.]+)/(?P<value>[\d.]+)", later("spend {threshold}, save {value}")),
        (r"coupon (?P<value>[\d.]+) from (?P<threshold>[\d.]+)", later("a coupon of {value} from {threshold} on")),
        (r"coupon (?P<value>\d[\d.]*)", later("a coupon of {value}")),
        (r"discount (?P<depth>[\d.]+%)", later("{depth} off")),
        (r"member_day (?P<day>[a-z]{3}) (?P<depth>[\d.]+%)", later("{depth} off on {day}")),
        (r"nth_piece (?P<nth>\d+) (?P<depth>[\d.]+%)", later("{depth} off every piece number {nth}")),
        (r"bundle (?P<depth>[\d.]+%) on", later("{depth} off a bundle of")),
        (r"bundle (?P<value>\d[\d.]*) on", later("for {value} a bundle of")),
        (r"gift of (?P<product>[^|']+?) from (?P<threshold>[\d.]+)", later("{product} as a gift from {threshold} on")),
        (r"gift (?P<value>\d[\d.]*) from (?P<threshold>[\d.]+)", later("a gift that costs {value} from {threshold} on")),
        (r"extra_points (?P<times>[\d.]+)x", later("{times} times as many points")),
        (r"welcome_gift (?P<value>[\d.]+) from (?P<threshold>[\d.]+)", later("{value} off from {threshold} on for new members")),
        (r"welcome_gift (?P<value>\d[\d.]*)", later("{value} off for new members")),
        (r"referral_reward (?P<value>[\d.]+)/(?P<newcomer>[\d.]+)", later("{value} for bringing a member, {newcomer} for who is brought")),
        (r"referral_reward (?P<value>\d[\d.]*)", later("{value} for bringing a member")),
    )
)
_SHORT = re.compile(r"coupon|bundle|gift \d|gift of")
"""Methods whose name is one word."""
_SETTING = re.compile(r"\b([a-z]+)\.([a-z]+(?:_[a-z]+)*)\b(?!\()")
_CALL = re.compile(rf"\b(?:tk\.)?((?:{'|'.join(STEPS)})\.[a-z_]+)(\([^()]*(?:\([^()]*\)[^()]*)*\))?")
_NAME = re.compile(r"`?\b([a-z]+(?:_[a-z0-9]+)+)\b`?|`([a-z]+)`")
_TYPED = re.compile(r"`(?:tk\.|toolkit )")


def plain_words(text: str) -> str:
    """Return a text with names in words; what is no name of ours stays as it is (and, away from our own pages, everything).

    >>> plain_words("say the lift, extra_amount or redemption_share; assume a margin (setting offers.margin_share, such as 0.25)")
    'say the lift, extra sales or share who redeem; assume a margin (setting “margin”, such as 0.25)'
    >>> plain_words("'full_reduction 60/10', of portrait.overview(ws, top=0); a category cat_food")
    "'spend 60, save 10', of “How are our members doing?”; a category cat_food"
    """
    if "AUC" not in text and "_" not in text and "`" not in text and "." not in text and "%" not in text and not _SHORT.search(text):
        return text
    for form, words in _OFFERS:
        text = form.sub(lambda found, words=words: tr(words, **{key: language.word(part) for key, part in found.groupdict().items()}), text)
    text = _CALL.sub(_call, text.replace("AUC", tr("share of pairs told apart")))
    text = _SETTING.sub(_setting, text)
    return _NAME.sub(_name, text)


def _call(found: re.Match[str]) -> str:
    known = {question.name for question in all_questions()}
    return f"“{question_text(found.group(1))}”" if found.group(1) in known else found.group()


def _setting(found: re.Match[str]) -> str:
    family, field = found.groups()
    if family not in Settings.model_fields or field not in type(getattr(Settings(), family)).model_fields:
        return found.group()
    return f"“{setting_words(f'{family}.{field}')}”"


def setting_words(name: str) -> str:
    """Return what a page calls a setting."""
    return tr(SETTING_WORDS.get(name) or plain_label(name.partition(".")[2]))


def _name(found: re.Match[str]) -> str:
    name = found.group(1) or found.group(2)
    if (words := _names().get(name)) is None:
        return found.group()
    return language.label(words) if name in MEMBER_COLUMNS and name not in _WORDS else tr(words)


@cache
def _names() -> dict[str, str]:
    """Every name that may stand in a text, with its words in English."""
    contract = [*CONTRACT, *(column for table in CONTRACT.values() for column in table.columns())]
    parameters = {name for question in all_questions() for name in question.parameters}
    fields = [field for family in Settings.model_fields for field in type(getattr(Settings(), family)).model_fields]
    plain = {name: plain_label(name).lower() for name in (*contract, *parameters, *fields) if "_" in name}
    columns = {name: column.label for name, column in MEMBER_COLUMNS.items()}
    return {**plain, **columns, **CONTROL_WORDS, **SCOPE_WORDS, **_WORDS}


def condition_words(text: str, condition: str) -> str:
    """Return a text that speaks of `members where <condition>` with the condition as a sentence, where it has one."""
    try:
        said = sentence(condition)
    except ToolkitError:
        return text
    short = condition if len(condition) <= 200 else condition[:190] + " ..."
    return text.replace(tr("members where {short}", short=short), said).replace(shorten(condition), said) if said else text


def plain_answer(answer: Answer) -> Answer:
    """Return an answer whose headline, scope and notes are in words."""
    try:
        condition = call_parts(answer.call)[1].get("audience", "")
    except ToolkitError:  # of a plan, whose campaign is no plain value
        condition = ""

    def said(text: str) -> str:
        return plain_words(condition_words(text, condition) if isinstance(condition, str) and condition else text)

    # What says how to do it in a shell or a notebook has its button here.
    notes = [replace(note, text=said(note.text)) for note in answer.notes if not _TYPED.search(note.text)]
    return replace(answer, scope=said(answer.scope), finding=replace(answer.finding, headline=said(answer.headline), notes=notes))
