"""The part of the page of rules for personas: each rule as a sentence with its members, one of them open as a form with live counts."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from toolkit import wording
from toolkit.apps.pages.persona_form import GroupRow, PersonaForm, changed, form_from, form_of, persona_of, tried_persona, written
from toolkit.apps.pages.rule_documents import RuleDocument
from toolkit.errors import BadValue, ToolkitError, nearest
from toolkit.language import tr, word
from toolkit.portrait.measures import persona_rules
from toolkit.portrait.measures.persona_counts import PersonaCounts, codes_of, group_members, lacking, persona_counts, shop_categories
from toolkit.portrait.measures.persona_rules import Group, Persona, PersonaRules, persona_rules_from, read_persona_rules
from toolkit.scope.view import View, open_view
from toolkit.toml_text import with_table
from toolkit.workspace import Workspace

DOCUMENT = RuleDocument("personas", "personas.persona_rules", "persona_rules.toml", persona_rules.BUILT_IN, ("", "documents"))
MUCH = 0.8
"""From this share of a persona's members on, that they are another one too is said: two names for nearly the same people."""
_NAMED = 8
_COMPLETED = 500


@dataclass(frozen=True)
class PersonaRow:
    """A rule on the page: its sentence, its members in words, what is to be said about it, and the audience that it is."""

    place: int
    name: str
    said: str
    members: str
    share: float
    notes: tuple[str, ...]
    where: str
    can_go_back: bool


@dataclass(frozen=True)
class OpenGroup:
    """A row of the open form: the words in it, and what they find in this shop."""

    row: GroupRow
    finds: str
    is_empty: bool


@dataclass(frozen=True)
class OpenPersona:
    """The rule that is open: its form, what it would come to, and what is wrong with it (a sentence each)."""

    place: int
    form: PersonaForm
    groups: tuple[OpenGroup, ...]
    members: str
    notes: tuple[str, ...]
    faults: tuple[str, ...]
    stand: str


@dataclass(frozen=True)
class PersonasPart:
    """All rules, the one that is open, what they come to together, the shop's categories for completion, and what cannot be said."""

    rows: tuple[PersonaRow, ...]
    opened: OpenPersona | None
    told: str
    categories: tuple[tuple[str, str], ...]
    fault: str
    is_own: bool
    new_place: int
    stand: str


def part_of(ws: Workspace, given: Mapping[str, str], faults: str = "") -> PersonasPart:
    """Return the part; `given`: `edit` (the place of the rule that is open), and what is typed in its form, `do` the button pressed."""
    view = open_view(ws)
    shop, is_own = shop_categories(view), DOCUMENT.file(ws) is not None
    completed = tuple(
        (name, wording.some(count, "member") if count >= view.least else "") for _, name, count in shop.head(_COMPLETED).rows()
    )
    try:
        rules = read_persona_rules(DOCUMENT.file(ws))
    except ToolkitError as error:
        return PersonasPart((), None, "", completed, str(error), is_own, 0, DOCUMENT.stand(ws))
    counts = persona_counts(view, rules, shop)
    delivered = {one.name: one for one in read_persona_rules().personas}
    rows = tuple(_row(view, rules, counts, place, shop, delivered) for place in range(len(rules.personas)))
    opened = None
    if given.get("edit", "").isdecimal() and int(given["edit"]) <= len(rules.personas):
        opened = _opened(view, rules, counts, given, shop, faults, DOCUMENT.stand(ws))
    return PersonasPart(rows, opened, _told(view, counts, shop), completed, "", is_own, len(rules.personas), DOCUMENT.stand(ws))


def keep(ws: Workspace, given: Mapping[str, str]) -> str:
    """Keep the open rule and return what was done.

    Raises
    ------
    BadValue
        Something in it cannot be: all faults at once. Nothing is kept.
    NotAllowed
        Who is at work is no marketer.
    """
    place, text = _place(given), DOCUMENT.text(ws)
    rules = read_persona_rules(DOCUMENT.file(ws))
    persona = persona_of(form_from(given), rules, place)
    _write(ws, with_table(text, "personas", written(persona), min(place, len(rules.personas))), given, name=persona.name)
    view = open_view(ws)
    now = read_persona_rules(DOCUMENT.file(ws))
    n = persona_counts(view, now).members[min(place, len(now.personas) - 1)]
    return view.say("“{name}” is kept: it fits {n:member}.", name=word(persona.name), n=n)


def drop(ws: Workspace, given: Mapping[str, str]) -> str:
    """Take a rule out and return what was done. Raises as `keep`."""
    place, rules = _place(given), read_persona_rules(DOCUMENT.file(ws))
    if place >= len(rules.personas) or len(rules.personas) == 1:
        raise BadValue(tr("The last rule stays: change it, or put all rules back."))
    _write(ws, with_table(DOCUMENT.text(ws), "personas", None, place), given, taken_out=rules.personas[place].name)
    return tr("“{name}” is taken out.", name=word(rules.personas[place].name))


def put_one_back(ws: Workspace, given: Mapping[str, str]) -> str:
    """Let a delivered rule be as it was. Raises as `keep`."""
    place, rules = _place(given), read_persona_rules(DOCUMENT.file(ws))
    delivered = {one.name: one for one in read_persona_rules().personas}
    if place >= len(rules.personas) or rules.personas[place].name not in delivered:
        raise BadValue(tr("This rule was not delivered: there is nothing to put back."))
    persona = delivered[rules.personas[place].name]
    _write(ws, with_table(DOCUMENT.text(ws), "personas", written(persona), place), given, name=persona.name, now="as delivered")
    return tr("“{name}” is as it was delivered.", name=word(persona.name))


def _write(ws: Workspace, text: str, given: Mapping[str, str], **about: Any) -> None:
    persona_rules_from(tomllib.loads(text), source=DOCUMENT.name)
    DOCUMENT.keep(ws, text, was=given.get("stand", ""), **about)


def _place(given: Mapping[str, str]) -> int:
    text = given.get("edit", "")
    return int(text) if text.isdecimal() and len(text) < 6 else 10**6


def _row(
    view: View, rules: PersonaRules, counts: PersonaCounts, place: int, shop: pl.DataFrame, delivered: Mapping[str, Persona]
) -> PersonaRow:
    persona, n = rules.personas[place], counts.members[place]
    name = persona.name.replace("'", "''")
    return PersonaRow(
        place, word(persona.name), sentence_of(persona), _members(view, n, counts.measured),
        n / max(counts.measured, 1) if n >= view.least else 0,
        tuple(_notes(view, persona, counts, place, rules, shop)), f"array_contains(personas, '{name}')" if n >= view.least else "",
        persona.name in delivered and delivered[persona.name] != persona,
    )  # fmt: skip


def sentence_of(persona: Persona) -> str:
    """Return a rule as a sentence.

    >>> sentence_of(read_persona_rules().personas[1])
    'Members who buy baby goods more often than others do.'
    """
    goods = [word(group.name) for group in persona.groups]
    if len(goods) == 1:
        return tr("Members who buy {goods} more often than others do.", goods=goods[0])
    if persona.at_least == len(goods):
        return tr("Members who buy all of these more often than others do: {goods}.", goods=wording.listing(goods))
    listed = tr(", ").join(goods)
    if persona.at_least == 1:
        return tr("Members who buy one of these more often than others do: {goods}.", goods=listed)
    return tr("Members who buy at least {count} of these more often than others do: {goods}.", count=persona.at_least, goods=listed)


def _members(view: View, n: int, all_: int) -> str:
    if n == 0:
        return tr("nobody")
    return tr("{n:,} ({share})", n=n, share=wording.share(n / max(all_, 1))) if n >= view.least else view.say("{n:few}", n=n)


def _notes(view: View, persona: Persona, counts: PersonaCounts, place: int, rules: PersonaRules, shop: pl.DataFrame) -> list[str]:
    without = lacking(persona, shop)
    if shop.height and len(persona.groups) - len(without) < persona.at_least:
        return [tr("It fits nobody: no category of this shop is {goods}.", goods=wording.listing([word(name) for name in without]))]
    said = []
    if counts.members[place] >= view.least:
        said = [
            tr("{share} of them are “{name}” too.", share=wording.share(share, 0), name=word(rules.personas[other].name))
            for other, share in counts.overlaps(place)
            if share >= MUCH
        ]
    elif shop.height and not counts.members[place] and counts.measured:
        said = [tr("It fits nobody: no member has all these tastes at once.")]
    return said


def _told(view: View, counts: PersonaCounts, shop: pl.DataFrame) -> str:
    if not shop.height:
        return tr(
            "This shop’s goods have no categories yet, so that no persona fits anybody. Bring in a table of products with their category; "
            "rules can be written before."
        )
    if not counts.measured:
        return view.say("No member has the {personas.minimum_days} shopping days that a taste needs: no persona fits anybody yet.")
    return view.say(
        "Of {n:member} with {personas.minimum_days} shopping days or more, {having:few} have a persona and {several:few} more than one"
        "[rest?; {rest:few} have none].",
        n=counts.measured, having=counts.having, several=counts.several, rest=counts.measured - counts.having,
    )  # fmt: skip


def _opened(
    view: View, rules: PersonaRules, counts: PersonaCounts, given: Mapping[str, str], shop: pl.DataFrame, faults: str, stand: str
) -> OpenPersona:
    place = _place(given)
    is_typed, before = "name" in given, rules.personas[place] if place < len(rules.personas) else None
    form = form_from(given) if is_typed else form_of(before) if before else PersonaForm()
    form = changed(form, given.get("do", ""))
    groups = tuple(_open_group(view, row, shop) for row in form.groups)
    stand = given.get("stand", stand) if is_typed else stand
    persona = tried_persona(form)
    if persona is None:
        return OpenPersona(place, form, groups, tr("not complete yet"), (), tuple(faults.splitlines()), stand)
    others = [one for at, one in enumerate(rules.personas) if at != place]
    tried = PersonaRules(personas=(persona, *others))
    then = persona_counts(view, tried, shop)
    notes = _notes(view, persona, then, 0, tried, shop)
    also = [(tried.personas[other].name, share) for other, share in then.overlaps(0)[:3] if 0.05 <= share < MUCH]
    if also and then.members[0] >= view.least:
        listed_ = wording.listing([tr("“{name}” ({share})", name=word(name), share=wording.share(share, 0)) for name, share in also])
        notes.append(tr("Of them, some are also {others}.", others=listed_))
    if before is not None and counts.members[place] != then.members[0]:
        notes.insert(0, view.say("As it is kept now: {n:few}.", n=counts.members[place]))
    return OpenPersona(place, form, groups, _members(view, then.members[0], then.measured), tuple(notes), tuple(faults.splitlines()), stand)


def _open_group(view: View, row: GroupRow, shop: pl.DataFrame) -> OpenGroup:
    if not row.words or not shop.height:
        return OpenGroup(row, "", not row.words)
    codes = codes_of(Group(name=row.name or "-", words=row.words, but_not=row.but_not), shop)
    names = shop.filter(pl.col("category_code").is_in(codes))["category"].to_list()
    if not names:
        near = nearest(row.words[-1], shop["category"].to_list())
        found = tr("No category of this shop has such a word in its name.")
        return OpenGroup(row, found + (" " + tr("Did you mean “{name}”?", name=near[0]) if near else ""), True)
    listed = (
        wording.listing(names)
        if len(names) <= _NAMED
        else tr("{names} and {more} more", names=tr(", ").join(names[:_NAMED]), more=len(names) - _NAMED)
    )
    said = view.say(
        "Finds {count:category|categories}: {names}. [n?{n:few} of the members buy them more often than others do|Nobody buys them more "
        "often than others do].",
        count=len(names), names=listed, n=group_members(view, codes),
    )  # fmt: skip
    return OpenGroup(row, said, False)
