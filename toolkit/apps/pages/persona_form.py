"""A persona rule as a form: rows that read as sentences, each a group of goods with its words, and what was typed so far. No widgets.

Whoever edits sees names in their language; what was not changed stays as the file has it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from toolkit.apps.pages.typed import one_line, plain_number
from toolkit.errors import BadValue
from toolkit.language import tr, word
from toolkit.portrait.measures.persona_rules import Group, Persona, PersonaRules

MOST_GROUPS, MOST_WORDS, LONGEST = 12, 80, 120
_BETWEEN = re.compile(r"[,;，、；\n]+")


@dataclass(frozen=True)
class GroupRow:
    """One row: what its goods are called, the words that find them, and those that take categories out again."""

    name: str = ""
    words: tuple[str, ...] = ()
    but_not: tuple[str, ...] = ()


@dataclass(frozen=True)
class PersonaForm:
    """A persona as it is typed; `at_least` is text, since anything can be typed."""

    name: str = ""
    meaning: str = ""
    at_least: str = "1"
    groups: tuple[GroupRow, ...] = (GroupRow(),)


def form_of(persona: Persona) -> PersonaForm:
    """Return the form of a rule, with names in the reader's language."""
    rows = tuple(GroupRow(word(group.name), group.words, group.but_not) for group in persona.groups)
    return PersonaForm(word(persona.name), word(persona.meaning), str(persona.at_least), rows)


def form_from(given: Mapping[str, str]) -> PersonaForm:
    """Return what a page sent: `name`, `meaning`, `at_least`; of group 0 `g0-name`, its words `g0-w0`, `g0-w1` … and `g0-new` (the same
    with `n` and `g0-newnot` for what is left out)."""
    rows = list[GroupRow]()
    while f"g{len(rows)}-name" in given and len(rows) < MOST_GROUPS:
        at = f"g{len(rows)}"
        rows.append(GroupRow(_line(given[f"{at}-name"]), _words(given, at, "w", "new"), _words(given, at, "n", "newnot")))
    return PersonaForm(_line(given.get("name", "")), _line(given.get("meaning", ""), 300), _line(given.get("at_least", "1")), tuple(rows))


def changed(form: PersonaForm, deed: str) -> PersonaForm:
    """Return a form after a button: `add` a row, `away:2` the third row, `word:2:w:0` the first word of the third row (`n`: left out)."""
    what, *where = deed.split(":")
    places = [int(part) for part in where if part.isdecimal()]
    rows = list(form.groups)
    if what == "add" and len(rows) < MOST_GROUPS:
        rows.append(GroupRow())
    elif what == "away" and places and places[0] < len(rows):
        del rows[places[0]]
    elif what == "word" and len(places) == 2 and places[0] < len(rows):
        field = "but_not" if "n" in where else "words"
        words = list(getattr(rows[places[0]], field))
        del words[places[1] : places[1] + 1]
        rows[places[0]] = replace(rows[places[0]], **{field: tuple(words)})
    return replace(form, groups=tuple(rows))


def persona_of(form: PersonaForm, rules: PersonaRules, place: int) -> Persona:
    """Return the rule that a form says; `place`: of the rule that it changes (as many as there are: a new one).

    Raises
    ------
    BadValue
        Something is missing, or cannot be: all faults at once, a sentence each.
    """
    before = rules.personas[place] if place < len(rules.personas) else None
    faults = list[str]()
    others = {word(one.name).casefold() for at, one in enumerate(rules.personas) if at != place}
    others |= {one.name.casefold() for at, one in enumerate(rules.personas) if at != place}
    if not form.name:
        faults.append(tr("Give the persona a name."))
    elif form.name.casefold() in others:
        faults.append(tr("There is a persona called “{name}” already: choose another name.", name=form.name))
    if not form.groups:
        faults.append(tr("Add at least one kind of goods."))
    for number, row in enumerate(form.groups, start=1):
        if not row.name:
            faults.append(tr("Row {number}: say what these goods are.", number=number))
        if not row.words:
            faults.append(tr("Row {number}: choose a category, or type a word of its name.", number=number))
    names = [row.name.casefold() for row in form.groups if row.name]
    faults += [
        tr("Two rows are called “{name}”: choose another name.", name=name) for name in sorted({n for n in names if names.count(n) > 1})
    ]
    if not 1 <= _number(form.at_least) <= max(len(form.groups), 1):
        faults.append(
            tr("“At least” must be a number from 1 to {most}, but “{text}” came.", most=max(len(form.groups), 1), text=form.at_least)
        )
    if faults:
        raise BadValue("\n".join(faults))
    known = {word(group.name): group.name for group in before.groups} if before else {}
    kept: dict[str, Any] = {
        "name": before.name if before and form.name == word(before.name) else form.name,
        "meaning": before.meaning if before and form.meaning == word(before.meaning) else form.meaning,
        "at_least": _number(form.at_least),
        "groups": [{"name": known.get(row.name, row.name), "words": row.words, "but_not": row.but_not} for row in form.groups],
    }
    return Persona.model_validate(kept)


def tried_persona(form: PersonaForm) -> Persona | None:
    """Return what a form says so far, to count whom it fits: names that are not typed yet are not missed; None where no row has a word."""
    rows = [row for row in form.groups if row.words]
    at_least = _number(form.at_least)
    if not rows or not 1 <= at_least <= len(form.groups):
        return None
    groups = tuple(Group(name=f"{number} {row.name}", words=row.words, but_not=row.but_not) for number, row in enumerate(rows))
    return Persona(name=form.name or "-", at_least=at_least, groups=groups)


def written(persona: Persona) -> dict[str, Any]:
    """Return a rule as its file has it: what says nothing is left out."""
    groups = [
        {"name": group.name, "words": list(group.words), **({"but_not": list(group.but_not)} if group.but_not else {})}
        for group in persona.groups
    ]
    meaning = {"meaning": persona.meaning} if persona.meaning else {}
    return {"name": persona.name, **meaning, "at_least": persona.at_least, "groups": groups}


def _words(given: Mapping[str, str], at: str, sign: str, new: str) -> tuple[str, ...]:
    there = [given[name] for number in range(MOST_WORDS) if (name := f"{at}-{sign}{number}") in given]
    typed = [_line(part) for part in _BETWEEN.split(given.get(f"{at}-{new}", ""))]
    return tuple(dict.fromkeys(one for one in [*map(_line, there), *typed] if one))[:MOST_WORDS]


def _number(text: str) -> int:
    figures = plain_number(text)
    return int(figures) if figures and figures.isdecimal() and len(figures) < 6 else 0


def _line(text: str, longest: int = LONGEST) -> str:
    return one_line(text, longest)
