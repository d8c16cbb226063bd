"""From the pieces of a sentence to the parameters that a question declares; what a question cannot take is left, and said."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from typing import Any

from toolkit.conversation.conditions import CONCEPTS, LIMITS, conditions
from toolkit.conversation.dates import Span
from toolkit.conversation.lexicon import Entity
from toolkit.conversation.metrics import QUESTIONS, metric_of
from toolkit.conversation.numbers import number_of
from toolkit.conversation.phrases import literals
from toolkit.conversation.pieces import Piece, Taken, is_role_word
from toolkit.conversation.vocabulary import data
from toolkit.registry import Question

GOODS_PARAMETERS = ("goods", "good", "category", "first")
_SECOND_GOODS = {"without", "with_goods", "second"}
_WITHOUT = re.compile(
    r"(not|n't|never|without|no|but not|except|none of|没买过?|不买|没有买过?|未购买|没|不含|除了|非)\s*(any|buy|bought|have|购买)?\s*$"
)
_AGAINST = re.compile(r"(against|versus|vs\.?|than|compared? (with|to)|比|对比|相比|较)\s*(the\s+)?$")
_OF_THE_BEST = ("portrait.contribution", "portrait.pareto")
_THE_BEST = re.compile(r"(top|best|first|biggest|头部|前|最好的?)\s*(的)?$")
_COUNTED = re.compile(r"\s*(个|名|位)?\s*(members?|customers?|people|shoppers?|buyers?|names|clients|会员|顾客|客户|人|用户)(?![a-z])")
_A_LIST = 3
"""Fewer than so many are no list: `two customers`."""
_CHAIN = {
    "worth": "value", "lifecycle": "stage", "channel_word": "channel", "category_word": "category", "segment_word": "segment",
    "tier_word": "tier", "store": "store", "spending_power": "spending_power", "price_sensitive": "promo_level", "loyalty": "loyalty_level",
}  # fmt: skip
_LIFT = re.compile(r"lift|effect|increase|difference|improvement|提升|增长|效果|差异|变化")
_IS_MINIMUM = re.compile(
    r"((orders?|purchases?|baskets?|bills?|receipts?)( that| which)?( is| are| comes? to| reach| total)?|spend|spending|buy)"
    r"\s*(of|over|above|from|at least|for|more than)?\s*$|满\s*$"
)
"""What stands before the least that must be spent for a coupon, as against its value."""
_HEAD = re.compile(r"(前|头|the first|first)")
_REACH = re.compile(r"reach|收到|触达|发给|覆盖")
BY_WORD = r"(?:by|per|for each|for every|each|every|across|within each|(?:按照?|分)?(?:各个?|每个?|不同的?)|按照?|分)\s*(?:the\s+)?"


@dataclass
class Filled:
    """The parameters of one reading, the pieces that gave them, and where one of several names is meant."""

    given: dict[str, Any] = field(default_factory=dict)
    used: dict[Piece, str] = field(default_factory=dict)  # piece -> parameter
    choices: list[tuple[str, tuple[Entity, ...]]] = field(default_factory=list)  # parameter, candidates
    future: Piece | None = None

    def take(self, name: str, value: Any, *pieces: Piece) -> None:
        """Give a parameter."""
        self.given[name] = value
        self.used.update(dict.fromkeys(pieces, name))


def usable_terms(question: Question) -> frozenset[str]:
    """Return the terms that a question can take as parameters, so that its phrases need not speak of them."""
    names = set(question.parameters)
    terms = {"{segment}", "{segment2}", "{condition}", "{condition2}", *CONCEPTS}
    if names & set(GOODS_PARAMETERS):
        terms |= {"{goods}", "{goods2}"} if names & _SECOND_GOODS else {"{goods}"}
    if question.name in QUESTIONS:
        terms |= {"{goods}"}
    for place, takers in _PLACES.items():
        if names & takers:
            terms.add(place)
    for value in _values_of(question):
        terms |= _VALUE_TERMS.get(value, set())
    return frozenset(terms)


_PLACES = {
    "{campaign}": {"campaign_id", "campaign"},
    "{member}": {"member_id"},
    "{budget}": {"budget"},
    "{percent}": {"depth", "control_share", "lift", "reach"},
    "{spend_save}": {"thresholds", "compare", "candidates"},
    "{money}": {"value", "budget"},
}
_VALUE_TERMS = {
    "segment": {"segment_word"}, "store": {"store", "stores_all"}, "region": {"region_word"}, "category": {"category_word"},
    "product": {"product_word"},
    "brand": {"brand_word"}, "department": {"department_word"}, "channel": {"channel_word"}, "weekday": {"weekday"},
    "hour": {"hour"},
    "tier": {"tier_word"}, "stage": {"lifecycle"}, "decile": {"decile"}, "month": {"month_word"}, "months": {"month_word"},
    "week": {"week_word"}, "day": {"day_word"}, "member": {"list_word"}, "repeat_rate": {"repeat_rate"}, "order_value": {"order_value"},
    "units_per_order": {"units_per_order"}, "win_back": {"returned", "lapsed"}, "clear_stock": {"clear_stock"},
    "trade_up": {"trade_up"},
    "add_one_more": {"add_one_more"}, "margin": {"margin"}, "price_tier": {"price_tier"},
}  # fmt: skip


def told_by(question: Question, made: Filled, concept: str) -> bool:
    """Say whether a word names what the answer is told by as it is, chosen or by default: 浏览没买的品类 of an answer by category."""
    takes = literals(question)
    held = {str(made.given.get(name, one.default)) for name, one in question.parameters.items() if name in takes}
    return any(concept in _VALUE_TERMS.get(value, ()) for value in held)


@cache
def _values_of(question: Question) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value for values in literals(question).values() for value in values))


def filled(question: Question, taken: Taken, as_of: date, phrase: frozenset[str] | None = None) -> Filled:
    """Return the parameters of a question as a sentence gives them; `phrase`: the terms by which the question was found."""
    made = Filled()
    _fill_metric(question, taken, made)
    _fill_places(question, taken, made)
    _fill_goods(question, taken, made)
    _fill_ids(question, taken, made)
    _fill_numbers(question, taken, made)
    days = _fill_times(question, taken, made, as_of)
    if question.name == "targeting.drill":
        _fill_chain(taken, made)
    _fill_options(question, taken, made)
    _fill_outcome(question, taken, made)
    _fill_audience(question, taken, made, days, phrase)
    return made


def _one(made: Filled, name: str, piece: Piece) -> str:
    """The value that a name stands for; of several it is to be asked which."""
    if len(piece.entities) > 1 or piece.proposal:
        made.choices.append((name, piece.entities[:4]))
    return next(iter(piece.entities)).value


def _fill_metric(question: Question, taken: Taken, made: Filled) -> None:
    if "metric" in question.parameters:
        metric, pieces = metric_of(taken)
        if metric:
            made.used.update(dict.fromkeys(pieces, "metric"))
            if metric != question.parameters["metric"].default:
                made.given["metric"] = metric


_AS_OUTCOME = {"sales": "amount", "active_members": "active", "active_share": "active_share"}


def _fill_outcome(question: Question, taken: Taken, made: Filled) -> None:
    """The figure by which something else is judged: the effect on orders, the stores by repeat rate."""
    metric, pieces = metric_of(taken)
    for name in ("outcome", "measure", "rank_by") if metric else ():
        value = next((one for one in (metric, _AS_OUTCOME.get(metric, "")) if one in literals(question).get(name, ())), "")
        if value:
            made.used.update((piece, name) for piece in pieces if piece not in made.used)
            if name not in made.given and value != question.parameters[name].default:
                made.given[name] = value


def _fill_places(question: Question, taken: Taken, made: Filled) -> None:
    stores = [piece for piece in taken.entities("store") if len(piece.entities) == 1]
    if question.name == "targeting.cross_shop" and len(stores) > 1:
        made.given["of"] = "store"
        for order, piece in zip(("first", "second", "third"), stores, strict=False):
            made.take(order, piece.entities[0].value, piece)
    for piece in taken.entities("store"):
        if "store_id" not in made.given and piece not in made.used:
            made.take("store_id", _one(made, "store_id", piece), piece)
    for piece in taken.entities("region"):
        if "store_id" not in made.given and "region" not in made.given:
            made.take("region", _one(made, "region", piece), piece)


_SEVERAL = frozenset({"targeting.buyers", "differentiation.bundle"})
"""Questions that take several goods."""


def _fill_goods(question: Question, taken: Taken, made: Filled) -> None:
    pieces = [
        piece for piece in taken.pieces if piece.kind == "entity" and any(one.kind in ("category", "product") for one in piece.entities)
    ]
    wanted: list[Piece] = []
    for piece in pieces:
        if piece in made.used:
            continue
        negated = bool(_WITHOUT.search(taken.before(piece)))
        if "without" in question.parameters and negated:
            _add(made, "without", piece, listed=True)
        else:
            wanted.append(piece)
    names = [name for name in ("goods", "good", "category", "first") if name in question.parameters]
    if not names or not wanted:
        return
    name = names[0]
    if name == "first" and "entered_with" in question.parameters and len(wanted) == 1:
        made.take("first", _goods_value(made, "first", wanted[0]), wanted[0])
        return
    if name == "first":
        for order, piece in zip(("first", "second", "third"), wanted, strict=False):
            made.take(order, _goods_value(made, order, piece), piece)
        return
    for place, piece in enumerate(wanted):
        if place and "with_goods" in question.parameters:
            if "with_goods" not in made.given:
                made.take("with_goods", _goods_value(made, "with_goods", piece), piece)
        elif place == 0 or question.name in _SEVERAL:
            _add(made, name, piece, listed=question.name in _SEVERAL)


def _goods_value(made: Filled, name: str, piece: Piece) -> str:
    kinds = tuple(one for one in piece.entities if one.kind in ("category", "product"))
    if len(kinds) > 1 and len({one.kind for one in kinds}) == 2 and not piece.proposal:
        kinds = tuple(one for one in kinds if one.kind == "category") or kinds  # a category is meant before a product of its name
    if len(kinds) > 1 or piece.proposal:
        made.choices.append((name, kinds[:4]))
    return next(iter(kinds)).value


def _add(made: Filled, name: str, piece: Piece, *, listed: bool) -> None:
    value = _goods_value(made, name, piece)
    if listed and name in made.given:
        held = made.given[name]
        value = [*(held if isinstance(held, list) else [held]), value]  # type: ignore[assignment]
    made.take(name, value, piece)


def _fill_ids(question: Question, taken: Taken, made: Filled) -> None:
    for piece in taken.entities("campaign", "plan"):
        name = "campaign_id" if "campaign_id" in question.parameters else "campaign" if "campaign" in question.parameters else ""
        if name and name not in made.given:
            made.take(name, _one(made, name, piece), piece)
    for piece in taken.entities("member"):
        if "member_id" in question.parameters and "member_id" not in made.given:
            made.take("member_id", piece.entities[0].value, piece)


_WORTH = frozenset({"differentiation.gift", "differentiation.welcome_gift", "differentiation.referral_reward"})
"""Questions of which an amount says what one is worth."""


def _fill_numbers(question: Question, taken: Taken, made: Filled) -> None:
    names = question.parameters
    for piece in taken.islands("spend_save"):
        spend, save = piece.value
        if "thresholds" in names:
            made.take("thresholds", spend, piece)
            made.take("reductions", save, piece)
    for piece in taken.islands("nth_piece") if "nth" in names else ():
        made.take("nth", piece.value[0], piece)
        made.take("depth", piece.value[1], piece)
    for piece in taken.islands("gift_from") if question.name == "differentiation.gift" else ():
        made.take("threshold", piece.value, piece)
    for piece in taken.islands("points_times") if "times" in names else ():
        made.take("times", piece.value, piece)
    for piece in taken.islands("lasting"):
        if "every_weeks" in names and piece.value % 7 == 0 and re.search(r"(every|each|每|隔)\s*$", taken.before(piece)):
            made.take("every_weeks", piece.value // 7, piece)  # `every 14 days`
        elif "days" in names and "days" not in made.given:
            made.take("days", piece.value, piece)
    for piece in taken.islands("every_weeks"):
        if "every_weeks" in names:
            made.take("every_weeks", piece.value, piece)
    for piece in taken.islands("first_units"):
        count, unit = piece.value
        if f"most_{unit}" in names:
            made.take(f"most_{unit}", count, piece)
    for piece in taken.islands("percent_off", "share"):
        lift = "lift" in names and _LIFT.search(taken.before(piece, 12) + "|" + taken.after(piece))
        reach = "reach" in names and _REACH.search(taken.before(piece, 16) + "|" + taken.after(piece))
        name = "reach" if reach else "lift" if lift else next((one for one in ("depth", "control_share") if one in names), "")
        if name and name not in made.given:
            made.take(name, piece.value, piece)
        elif question.name in _OF_THE_BEST and _THE_BEST.search(taken.before(piece)):
            made.used[piece] = "top"  # the answer tells every tenth of the members
    for piece in taken.islands("coupon", "money"):
        amounts = piece.value if isinstance(piece.value, tuple) else (piece.value,)
        if question.name == "differentiation.coupon":
            if len(amounts) == 1 and ("value" in made.given or _IS_MINIMUM.search(taken.before(piece))):
                if "minimum" not in made.given:
                    made.take("minimum", amounts[0], piece)
                continue
            made.take("value", amounts[0], piece)
            if len(amounts) > 1:
                made.take("minimum", amounts[1], piece)
        elif question.name in _WORTH and "value" not in made.given:
            made.take("value", amounts[0], piece)
        elif "trade_in" in names and "service_word" in taken.concepts():
            made.take("trade_in", amounts[0], piece)
        elif "budget" in names and piece.name == "money" and "budget" not in made.given:
            made.take("budget", amounts[0], piece)
    for piece in taken.islands("over", "least") if question.name == "differentiation.coupon" else ():
        if "minimum" not in made.given and _IS_MINIMUM.search(taken.before(piece)):
            made.take("minimum", piece.value, piece)  # `for baskets that come to over 30`: of the purchase, not of the member
    for piece in taken.islands("budget"):
        if "budget" in names:
            made.take("budget", piece.value, piece)
    for piece in taken.islands("top"):
        name = next((one for one in ("top", "most") if one in names), "")
        if name:
            made.take(name, int(piece.value), piece)
        else:
            made.used[piece] = "top"  # the answer's own order shows them first
    for piece in taken.islands("times_least"):
        if "least_days" in names and made.given.get("goods"):
            made.take("least_days", int(piece.value), piece)
    for piece in taken.islands("plain"):
        if "top" in names and "top" not in made.given and _COUNTED.match(taken.after(piece)) and piece.value >= _A_LIST:
            made.take("top", int(piece.value), piece)  # `the 20 members most at risk`
        elif "trade_in" in names and "service_word" in taken.concepts():
            made.take("trade_in", piece.value, piece)
        elif question.name == "differentiation.allocate" and "budget" not in made.given:
            made.take("budget", piece.value, piece)


def _fill_times(question: Question, taken: Taken, made: Filled, as_of: date) -> int | None:
    """Give the times; return the length of a window up to as_of, where one is named."""
    days = None
    names = question.parameters
    for piece in taken.islands("year_before"):
        if "against" in names:
            made.take("against", "year", piece)
    for piece in taken.islands("state_at") if "since" in names else ():
        made.take("since", str(piece.value.start), piece)  # `compared with the end of june`
    for piece in taken.islands("period", "since"):
        span: Span = piece.value
        if "most_months" in names and _HEAD.match(taken.said(piece)) and (found := re.search(r"(.+?)个?(月|months?)$", taken.said(piece))):
            made.take("most_months", int(number_of(found.group(1))), piece)
            continue
        if span.future:
            made.future = piece
            continue
        if piece.name == "since" and "since" in names:
            made.take("since", str(span.start), piece)
        elif "month" in names and span.month:
            made.take("month", span.month, piece)
        elif "period" in made.given and "against" in names and question.name == "targeting.gain_loss":
            if "against" not in made.given:
                first, second = made.given["period"], span.text(as_of)
                made.take("against", second, piece)
                if second > first and ".." in second and ".." in first:
                    made.given["period"], made.given["against"] = second, first
        elif "against" in names and _is_compared_with(taken, piece) and "against" not in made.given:
            values = literals(question).get("against", ())
            whole_year = (span.end - span.start).days > 360
            month = "month" in values and span.month
            if span.text(as_of) == made.given.get("period"):  # `this december against last december`
                span, whole_year = span.year_before(), False
            if not values or whole_year or month:
                made.take("against", "year" if whole_year else "month" if month else span.text(as_of), piece)
        elif "period" not in made.given:
            made.take("period", span.text(as_of), piece)
            days = (span.end - span.start).days + 1 if span.end == as_of else None
    today = next((piece for piece in taken.pieces if piece.name == "today"), None)
    if today and question.name in QUESTIONS and "period" not in made.given:
        made.take("period", f"{as_of}..{as_of}", today)
    return days


def _is_compared_with(taken: Taken, piece: Piece) -> bool:
    before, after = taken.before(piece), taken.after(piece)
    return bool(_AGAINST.search(before) or (re.search(r"[跟和与同]\s*$", before) and re.match(r"\s*(相?比|对比|比较)", after)))


def _fill_chain(taken: Taken, made: Filled) -> None:
    """What members are split by, one after the other in the order of the sentence."""
    parts = {piece: _CHAIN[piece.name] for piece in taken.pieces if piece.kind == "concept" and piece.name in _CHAIN}
    if parts and "by" not in made.given:
        made.take("by", ", ".join(dict.fromkeys(parts.values())), *parts)


def _fill_options(question: Question, taken: Taken, made: Filled) -> None:
    for name in (one for one in question.parameters if one != "metric"):
        found = chosen(question, taken, name) if name not in made.given else []
        if found:
            value, pieces = found[0]
            if str(question.parameters[name].default) != value:
                made.given[name] = value if value != "True" else True
            for piece in pieces:
                made.used.setdefault(piece, name)


def chosen(question: Question, taken: Taken, name: str, *, inside: bool = False) -> list[tuple[str, list[Piece]]]:
    """Return the values of a parameter that a sentence chooses, each with the words that choose it; the first is the one that is meant.

    `inside`: only words that say nothing else too, as `month of joining` does of `by month`.
    """
    options = data("options")
    named = options["named"].get(question.name, {}).get(name, {})
    general = {value: rf"{BY_WORD}({options['by'][value]})" for value in literals(question).get(name, ()) if value in options["by"]}
    values = {value: "|".join(filter(None, (named.get(value), general.get(value)))) for value in (*named, *general)}
    chosen: list[tuple[str, list[Piece]]] = []
    said = [value for value, pattern in general.items() if re.search(rf"(?<![a-z])(?:{pattern})(?![a-z])", taken.sentence.low)]
    for value, pattern in sorted(values.items(), key=lambda one: one[0] not in said):  # `products by department` are by department
        found = re.search(rf"(?<![a-z])(?:{pattern})(?![a-z])", taken.sentence.low)
        if found is None:
            continue
        touched = [piece for piece in taken.pieces if piece.start < found.end() and piece.end > found.start()]
        if any(
            (piece.kind == "island" and piece.name != "spend_save") or (is_role_word(taken, piece) and piece.start <= found.start())
            for piece in touched
        ):
            continue  # `store` in `store 12` is no choice of a parameter, and `week` in `each of the last 13 weeks` a time
        if inside:
            touched = [piece for piece in touched if piece.end <= found.end()]
        chosen.append((value, [piece for piece in touched if piece.kind in ("concept", "unknown")]))
    return chosen


def _fill_audience(question: Question, taken: Taken, made: Filled, days: int | None, phrase: frozenset[str] | None) -> None:
    for piece in taken.entities("audience"):
        if "audience" not in made.given:
            made.take("audience", _one(made, "audience", piece), piece)
    seen = set(made.used)
    found = conditions(taken, seen, question, days)
    for piece in seen - set(made.used):
        made.used[piece] = "audience"
    for piece in taken.entities("segment", "tier", "attribute", "channel"):
        if piece not in made.used and (piece.proposal or len(piece.entities) > 1):
            made.choices.append(("audience", piece.entities[:4]))
            made.used[piece] = "audience"
            found.append(piece.entities[0].where)
    for piece in taken.pieces:
        if (
            phrase is not None
            and piece.kind == "concept"
            and piece.name in CONCEPTS
            and piece.name not in phrase
            and made.used.get(piece, "purpose") == "purpose"
        ):
            found.append(CONCEPTS[piece.name])
            made.used[piece] = "audience"
    if question.name == "differentiation.welcome_gift":  # it is for new members whoever else is named
        found = [condition for condition in found if condition != "stage = 'new'"]
    if found:
        given = made.given.get("audience")
        made.given["audience"] = " AND ".join([*([given] if given else []), *found])


def with_choices(made: Filled) -> list[dict[str, Any]]:
    """Return the parameters once for each thing that may be meant; of several open names each combination, at most four."""
    names = [name for name, _ in made.choices]
    combinations = list(itertools.islice(itertools.product(*(entities for _, entities in made.choices)), 4))
    results = []
    for combination in combinations:
        given = dict(made.given)
        for name, entity in zip(names, combination, strict=True):
            given[name] = entity.where if name == "audience" and entity.where else entity.value
        if given not in results:
            results.append(given)
    return results


__all__ = ["CONCEPTS", "LIMITS", "Filled", "filled", "literals", "usable_terms", "with_choices"]
