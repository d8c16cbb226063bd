"""A short sentence after an answer: it changes one part of the last call, asks why or who, or wants the members kept."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from functools import cache
from typing import Any

from toolkit.audience import Audience, as_audience, save_audience
from toolkit.conversation.calls import Call, Clarify, Dialogue, Refuse, Step, Understood
from toolkit.conversation.lexicon import Lexicon
from toolkit.conversation.parameters import filled, literals, with_choices
from toolkit.conversation.phrases import Match
from toolkit.conversation.pieces import Piece, Taken
from toolkit.conversation.vocabulary import data
from toolkit.conversation.wording import understood_as
from toolkit.errors import BadValue
from toolkit.language import tr
from toolkit.registry import SCOPE_PARAMETERS, find_question
from toolkit.workspace import Workspace

_LISTED = "targeting.core_members"
_SLOT_WORDS = ("month_word", "week_word", "day_word", "channel_word", "weekday", "hour", "brand_word", "department_word", "decile")
_SLOTS = {"store": "store_id", "region": "region", "campaign": "campaign_id", "member": "member_id"}


@cache
def _form(name: str) -> re.Pattern[str]:
    """The pattern of a kind of follow-up; the kinds that are a whole sentence match none that says more."""
    joined = "|".join(data("follow_ups")[name])
    whole = {
        "opening": rf"^(?:{joined})(?![a-z])",
        "closing": rf"(?:{joined})$",
        **dict.fromkeys(("why", "who", "save"), rf"^(?:{joined})\s*[?!.？。！]*$"),
    }
    return re.compile(whole.get(name, joined))


def follow_up(taken: Taken, before: Dialogue, lexicon: Lexicon, best: Match | None, as_of: date) -> Understood | None:
    """Return what a follow-up comes to; None where the sentence is a question of its own."""
    last = before.last
    if last is None:
        return None
    text, low = taken.sentence.raw, taken.sentence.low.strip()
    if saved := _form("save").match(low):
        span = next(saved.span(group) for group in (1, 2) if saved.group(group))
        return _save(taken.sentence.raw.strip()[slice(*span)].strip("'"), last, before, text)
    if _form("why").match(low):
        return _answer((_why(last),), before, taken, {}) if _why(last) else None
    if _form("who").match(low):
        return _answer((_who(last),), before, taken, {})
    opened = goes_on(taken)
    own = best is not None and best.score >= 0.6 and not _slots_alone(taken)
    cleared = opened and (_form("everywhere").search(low) or _form("everyone").search(low))
    if own and best is not None and not cleared:
        question = find_question(best.question)
        pronoun = bool(_form("pronoun").search(low))
        same_campaign = question.step == "review" and "campaign_id" in last.parameters and "campaign_id" in question.parameters
        if not pronoun and not same_campaign:
            return None
        mine = {*(SCOPE_PARAMETERS if pronoun else ()), *({"member_id"} if pronoun else ()), "campaign_id"}
        scope = {
            name: value
            for name, value in last.parameters.items()
            if name in mine and (name in SCOPE_PARAMETERS or name in question.parameters)
        }
        made = filled(question, taken, as_of, best.phrase.terms)
        if made.choices or made.future is not None:
            return None
        return _answer((Call.of(best.question, {**scope, **made.given}),), before, taken, {n: taken.said(p) for p, n in made.used.items()})
    if not opened and not _slots_alone(taken):
        return None
    return _changed(_of_last(taken, last), before, as_of)


def goes_on(taken: Taken) -> bool:
    """Say whether a sentence begins or ends as one that goes on from another: `and store 367?`, 那上个月呢."""
    low = taken.sentence.low.strip()
    return bool(_form("opening").search(low) or _form("closing").search(low))


def confirm(workspace: Workspace, step: Step) -> Audience:
    """Do what a person has confirmed: name the members of a call as an audience. Nothing else is ever done from words.

    Raises
    ------
    BadValue
        The step is another one, or the answer lists no members.
    """
    if step.kind != "save_audience" or step.call is None:
        raise BadValue(step.words)
    where = step.call.parameters.get("audience")
    listed = any(column.name == "member_id" for table in find_question(step.call.name).tables for column in table.columns)
    chosen = as_audience(workspace, where) if where and not listed else Audience.from_answer(step.name, step.call.answer(workspace))
    return save_audience(workspace, replace(chosen, name=step.name, version=0, as_of=None if chosen.where else chosen.as_of))


def _changed(taken: Taken, before: Dialogue, as_of: date) -> Understood | None:
    """The last call, or both that stand side by side, with one part changed."""
    last = before.last
    if last is None:
        return None
    low = taken.sentence.low
    cleared: dict[str, Any] = {}
    if _form("everywhere").search(low):
        cleared |= {"store_id": None, "region": None}
    if _form("everyone").search(low):
        cleared |= {"audience": None}
    made = filled(find_question(last.name), taken, as_of)
    if made.future is not None:
        return Refuse(
            text=taken.sentence.raw, said=tr("The receipts end on {as_of}: what comes after is not known.", as_of=as_of), dialogue=before
        )
    if not made.given and not cleared:
        return None
    if "store_id" in made.given:
        cleared |= {"region": None}
    if "region" in made.given:
        cleared |= {"store_id": None}
    if made.choices:
        calls = tuple(last.changed(**{**cleared, **given}) for given in with_choices(made))
        if len(calls) > 1:
            return Clarify(text=taken.sentence.raw, said=tr("Which is meant?"), calls=calls, coverage=1.0, dialogue=before)
    compared = _slot_of(before.calls)
    calls = before.calls if len(before.calls) > 1 and compared not in made.given else (last,)
    changed = tuple(call.changed(**{**cleared, **made.given}) for call in calls)
    return _answer(changed, before, taken, {name: taken.said(piece) for piece, name in made.used.items()})


def _slot_of(calls: tuple[Call, ...]) -> str:
    """The parameter in which two calls side by side differ."""
    if len(calls) < 2:
        return ""
    first, second = calls[0].parameters, calls[1].parameters
    return next((name for name in {**first, **second} if first.get(name) != second.get(name)), "")


def _of_last(taken: Taken, last: Call) -> Taken:
    """The sentence with a bare number read as what the last call named by a number: a store after a store."""
    held = last.parameters

    def fitting(piece: Piece) -> Piece:
        if piece.kind != "entity" or len(piece.entities) < 2:
            return piece
        for wanted in (*(kind for kind, name in _SLOTS.items() if name in held), "store"):
            alike = tuple(one for one in piece.entities if one.kind == wanted)
            if len(alike) == 1:
                return replace(piece, name=wanted, value=alike)
        return piece

    return replace(taken, pieces=tuple(fitting(piece) for piece in taken.pieces))


def _slots_alone(taken: Taken) -> bool:
    """Whether a sentence holds nothing but parts: names, times, numbers, and the words that say what they are of."""
    parts = [piece for piece in taken.pieces if piece.kind in ("entity", "island")]
    if any(piece.name in ("spend_save", "percent_off", "coupon") for piece in parts) and len(taken.pieces) == 1:
        return False
    others = [piece for piece in taken.pieces if piece.kind in ("concept", "unknown", "unknown_id")]
    plain = {
        *_SLOT_WORDS,
        "store",
        "campaign_word",
        "member",
        "region_word",
        "stores_all",
        "people",
        "segment_word",
        "category_word",
        "product_word",
        "tier_word",
    }
    return (
        bool(parts or others)
        and all(piece.kind == "concept" and piece.name in plain for piece in others)
        and (bool(parts) or len(others) < 3)
    )


def _why(last: Call) -> Call | None:
    target = data("follow_ups")["why_asks"].get(last.name.partition(".")[0], "")
    if not target:
        return None
    kept = {name: value for name, value in last.parameters.items() if name in SCOPE_PARAMETERS or name in find_question(target).parameters}
    kept = {name: value for name, value in kept.items() if name not in ("by", "members", "against")}
    return Call.of(target, kept)


def _who(last: Call) -> Call:
    question = find_question(last.name)
    if "member" in literals(question).get("show", ()):
        return last.changed(show=None if question.parameters["show"].default == "member" else "member")
    if "top" in question.parameters or "members" in question.parameters or last.name in (_LISTED, "targeting.buyers", "targeting.slipping"):
        return last
    target = find_question(data("follow_ups")["who_asks"].get(last.name, _LISTED))
    kept = {name: value for name, value in last.parameters.items() if name in SCOPE_PARAMETERS or name in target.parameters}
    return Call.of(target.name, {name: value for name, value in kept.items() if name not in ("by", "show")})


def _save(name: str, last: Call, before: Dialogue, text: str) -> Understood:
    step = Step(
        "save_audience",
        tr("Save these members as the audience “{name}”?", name=name),
        f"tk.save_audience(ws, tk.Audience.from_answer({name!r}, {last.text}))",
        name,
        last,
    )
    said = tr("{question} Nothing is saved by words alone: press the button, or run the line.", question=step.words)
    return Refuse(text=text, said=said, step=step, coverage=1.0, dialogue=before)


def _answer(calls: tuple[Call | None, ...], before: Dialogue, taken: Taken, said: dict[str, str]) -> Understood:
    made = tuple(call for call in calls if call is not None)
    return understood_as(made, taken.sentence.raw, before, read_from=said)
