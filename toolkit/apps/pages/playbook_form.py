"""Rules of the playbook as typed and written, by their keys (`rules:3`, `stages:new`, `unmeasured`), and whom each is for. No widgets."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from typing import Any

import tomli_w

from toolkit.differentiation.planning.playbook import CHOICES, PURPOSES, Advice, Playbook, Rule, StageRule
from toolkit.errors import BadValue
from toolkit.language import later, plain, tr, word
from toolkit.portrait.measures.levels import LEVELS
from toolkit.portrait.measures.stages import STAGES
from toolkit.toml_text import with_table

KINDS = {
    "rules": later("By price sensitivity and spending power"), "stages": later("By stage of life, before all others"),
    "unmeasured": later("Where one of the two is not known"),
}  # fmt: skip


_NEEDED = {"name": later("Give the rule a name."), "message": later("Say what members are told."), "goods": later("Say which goods.")}


_LONGEST = 300


def rules_of(book: Playbook, kind: str) -> list[tuple[str, Advice]]:
    """Return the rules of a kind with their keys."""
    if kind == "unmeasured":
        return [("unmeasured", book.unmeasured)] if book.unmeasured else []
    return [(f"{kind}:{place}", rule) for place, rule in enumerate(getattr(book, kind))]


def rule_at(book: Playbook, key: str) -> Advice | None:
    """Return the rule of a key; None where there is none."""
    return {key: rule for kind in KINDS for key, rule in rules_of(book, kind)}.get(key)


def is_known(book: Playbook, key: str) -> bool:
    """Say whether a key can be opened."""
    return key == "stages:new" or rule_at(book, key) is not None


def where_of(rule: Advice) -> str:
    """Return the audience of a rule as an expression.

    >>> where_of(StageRule(name="a", method="coupon", message="m", goods="g", stage="new", sensitivity=("low",)))
    "stage = 'new' AND promo_level = 'low'"
    """
    if not isinstance(rule, Rule):
        return "(promo_level IS NULL OR spending_power IS NULL)"
    parts = [f"stage = '{rule.stage}'"] if isinstance(rule, StageRule) else []
    for name, levels in (("promo_level", rule.sensitivity), ("spending_power", rule.power)):
        if set(levels) != set(LEVELS):
            listed = ", ".join(f"'{one}'" for one in levels)
            parts.append(f"{name} = {listed}" if len(levels) == 1 else f"{name} IN ({listed})")
    return " AND ".join(parts)


def exactly(book: Playbook, rule: Advice) -> str:
    """Return the audience of those who get a rule, without the stages that have one of their own; "" where no short expression says it."""
    where = where_of(rule)
    if isinstance(rule, StageRule):
        return where
    cells = rule.cells if isinstance(rule, Rule) else [(a, b) for a in (*LEVELS, None) for b in (*LEVELS, None) if None in (a, b)]
    taken = {stage: [isinstance(book.advice(stage, *cell), StageRule) for cell in cells] for stage in STAGES}
    if any(any(own) and not all(own) for own in taken.values()):
        return ""
    stages = [f"'{stage}'" for stage, own in taken.items() if all(own)]
    return " AND ".join(one for one in (where, f"(stage IS NULL OR stage NOT IN ({', '.join(stages)}))" if stages else "") if one)


def kind_of(key: str) -> str:
    """Return the kind of a rule."""
    return key.partition(":")[0]


def delivered_rule(rule: Advice, delivered: Playbook) -> Advice | None:
    """The delivered rule for the same members."""
    for kind in KINDS:
        for _, one in rules_of(delivered, kind):
            if type(one) is type(rule) and (not isinstance(rule, Rule) or where_of(one) == where_of(rule)):
                return one
    return None


def bare_text(book: Playbook) -> str:
    """The playbook as a text of its own, to be tried on."""
    unmeasured = {"unmeasured": written(book.unmeasured)} if book.unmeasured else {}
    return tomli_w.dumps({"rules": [written(rule) for rule in book.rules], "stages": [written(rule) for rule in book.stages], **unmeasured})


def values_from(given: Mapping[str, str], book: Playbook, *, lenient: bool = False) -> dict[str, Any]:
    """What a page sent, as the file has it; `lenient`: texts that are not typed yet are not missed. Raises BadValue."""
    key = given.get("edit", "")
    before = rule_at(book, key)
    if before is None and key != "stages:new":
        raise BadValue(tr("There is no such rule."))
    values: dict[str, Any] = {
        name: " ".join(plain(given.get(name, "")).split())[:_LONGEST] for name in ("name", "method", "message", "goods", "purpose")
    }
    values["name"] = values["name"][:80]
    faults = [tr(words) for name, words in _NEEDED.items() if not values[name] and not lenient]
    values |= {name: "-" for name in _NEEDED if not values[name] and lenient}
    if values["method"] not in CHOICES:
        faults.append(tr("Choose what they get."))
    if values["purpose"] not in PURPOSES:
        faults.append(tr("Choose what the goods are for."))
    for name in ("name", "message", "goods"):
        if before is not None and values[name] == word(getattr(before, name)):
            values[name] = getattr(before, name)
    if kind_of(key) == "rules" and isinstance(before, Rule):
        values |= {"sensitivity": list(before.sensitivity), "power": list(before.power)}
    elif kind_of(key) == "stages":
        axes = {"sensitivity": tr("Price sensitivity"), "power": tr("Spending power")}
        for axis, words in axes.items():
            values[axis] = [level for level in LEVELS if f"{axis}-{level}" in given]
            if not values[axis]:
                faults.append(tr("{what}: choose at least one level.", what=words))
    if kind_of(key) == "stages":
        values["stage"] = given.get("stage", "")
        if values["stage"] not in STAGES:
            faults.append(tr("Choose a stage of life."))
    if faults:
        raise BadValue("\n".join(faults))
    return _short(values)


def written(rule: Advice) -> dict[str, Any]:
    """Return a rule as its file has it."""
    return _short(rule.model_dump())


def _short(values: Mapping[str, Any]) -> dict[str, Any]:
    """A rule as its file has it: all levels are left out, one stands by itself."""
    told = {key: value for key, value in values.items() if key not in ("sensitivity", "power") or set(value) != set(LEVELS)}
    return {
        key: value[0] if isinstance(value, list | tuple) and len(value) == 1 else list(value) if isinstance(value, tuple) else value
        for key, value in told.items()
    }


def with_rule(text: str, key: str, values: Mapping[str, Any]) -> str:
    """Return the text of a playbook with the rule of a key (`stages:new`: one more)."""
    if key == "unmeasured":
        return with_table(text, "unmeasured", values)
    kind, _, place = key.partition(":")
    there = len(tomllib.loads(text).get(kind, []))
    return with_table(text, kind, values, int(place) if place.isdecimal() else there)
