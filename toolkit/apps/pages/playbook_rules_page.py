"""The part of the page of rules for the playbook: who gets which method, message and goods, with live members; one rule open as a form."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from toolkit import wording
from toolkit.apps.pages.playbook_form import (
    KINDS,
    bare_text,
    delivered_rule,
    exactly,
    is_known,
    kind_of,
    rule_at,
    rules_of,
    values_from,
    with_rule,
    written,
)
from toolkit.apps.pages.rule_documents import RuleDocument
from toolkit.differentiation.matrix import advice_table
from toolkit.differentiation.measures.cells import member_cells
from toolkit.differentiation.planning import playbook as books
from toolkit.differentiation.planning.playbook import CHOICES, PURPOSES, Advice, Playbook, Rule, StageRule, playbook_from, read_playbook
from toolkit.errors import BadValue, ToolkitError
from toolkit.language import later, tr, word
from toolkit.portrait.measures.levels import LEVELS
from toolkit.portrait.measures.stages import STAGES
from toolkit.scope.view import View, open_view
from toolkit.toml_text import with_table
from toolkit.workspace import Workspace

DOCUMENT = RuleDocument("playbook", "playbook.playbook", "playbook.toml", books.BUILT_IN, ("documents", ""))
_PURPOSES = {
    "win_back": later("to win back"), "trade_up": later("to trade up"), "add_one_more": later("to add one more"),
    "clear_stock": later("to clear stock"), "launch": later("to launch something new"),
}  # fmt: skip


@dataclass(frozen=True)
class RuleRow:
    """A rule on the page: its key (`rules:3`), whom it is for, what they get, its members in words, and what outranks it."""

    key: str
    name: str
    who: str
    method: str
    message: str
    goods: str
    purpose: str
    members: str
    share: float
    note: str
    where: str
    can_go_back: bool
    can_be_split: bool


@dataclass(frozen=True)
class OpenRule:
    """The rule that is open: what is typed, its members as it would be, and what is wrong."""

    key: str
    values: Mapping[str, str]
    levels: tuple[tuple[str, str, tuple[tuple[str, str, bool], ...]], ...]
    members: str
    faults: tuple[str, ...]
    stand: str


@dataclass(frozen=True)
class PlaybookPart:
    """All rules by kind, the one that is open, what they come to, what can be chosen, stages without a rule, and what cannot be said."""

    kinds: tuple[tuple[str, str, tuple[RuleRow, ...]], ...]
    opened: OpenRule | None
    told: str
    methods: tuple[tuple[str, str], ...]
    purposes: tuple[tuple[str, str], ...]
    stages: tuple[tuple[str, str], ...]
    fault: str
    is_own: bool
    stand: str


def part_of(ws: Workspace, given: Mapping[str, str], faults: str = "") -> PlaybookPart:
    """Return the part; `given`: `edit` (`rules:3`, `stages:new`, `unmeasured`), and what is typed in its form."""
    view, is_own = open_view(ws), DOCUMENT.file(ws) is not None
    methods = tuple((one, wording.capital(word(one).replace("_", " "))) for one in CHOICES)
    purposes = tuple((one, tr(_PURPOSES[one])) for one in PURPOSES)
    stages = tuple((one, word(one)) for one in STAGES)
    try:
        book = read_playbook(DOCUMENT.file(ws) or books.BUILT_IN)
    except ToolkitError as error:
        return PlaybookPart((), None, "", methods, purposes, stages, str(error), is_own, DOCUMENT.stand(ws))
    cells, delivered = _cells(view), read_playbook()
    counts, lessons = _counts(book, cells), _lessons(view, book)
    n = int(cells["n"].sum()) if cells.height else 0
    kinds = tuple(
        (
            kind,
            tr(words),
            tuple(_row(view, book, key, counts.get(key, 0), n, lessons.get(key, ""), delivered) for key, _ in rules_of(book, kind)),
        )
        for kind, words in KINDS.items()
    )
    key = given.get("edit", "")
    opened = _opened(view, book, given, cells, faults, DOCUMENT.stand(ws)) if is_known(book, key) else None
    told = view.say(
        "{n:member}, each with one rule: a stage of life goes before the others, and a lesson that was measured before the playbook.", n=n
    )
    return PlaybookPart(kinds, opened, told, methods, purposes, stages, "", is_own, DOCUMENT.stand(ws))


def keep(ws: Workspace, given: Mapping[str, str]) -> str:
    """Keep the open rule and return what was done.

    Raises
    ------
    BadValue
        Something in it cannot be, or a cell would have no rule or two: all faults at once. Nothing is kept.
    NotAllowed
        Who is at work is no marketer.
    """
    book = read_playbook(DOCUMENT.file(ws) or books.BUILT_IN)
    key, values = given.get("edit", ""), values_from(given, book)
    text = with_rule(DOCUMENT.text(ws), key, values)
    now = playbook_from(tomllib.loads(text), where=tr("Playbook"))
    DOCUMENT.keep(ws, text, was=given.get("stand", ""), name=values["name"], method=values["method"])
    view = open_view(ws)
    kept = key if not key.endswith(":new") else f"stages:{len(now.stages) - 1}"
    return view.say(
        "“{name:word}” is kept: {method} for {n:member}.",
        name=values["name"], method=word(values["method"]).replace("_", " "), n=_counts(now, _cells(view)).get(kept, 0),
    )  # fmt: skip


def drop(ws: Workspace, given: Mapping[str, str]) -> str:
    """Take a rule of a stage out: its members get what the others say. Raises as `keep`."""
    book = read_playbook(DOCUMENT.file(ws) or books.BUILT_IN)
    key = given.get("edit", "")
    rule = dict(rules_of(book, "stages")).get(key)
    if rule is None:
        raise BadValue(tr("Only a rule of a stage can be taken out: every other cell needs one."))
    text = with_table(DOCUMENT.text(ws), "stages", None, int(key.partition(":")[2]))
    playbook_from(tomllib.loads(text), where=tr("Playbook"))
    DOCUMENT.keep(ws, text, was=given.get("stand", ""), taken_out=rule.name)
    return tr("“{name}” is taken out.", name=word(rule.name))


def split(ws: Workspace, given: Mapping[str, str]) -> str:
    """Give each cell of a rule for several a rule of its own, which says the same so far. Raises as `keep`."""
    book, key, text = read_playbook(DOCUMENT.file(ws) or books.BUILT_IN), given.get("edit", ""), DOCUMENT.text(ws)
    rule = rule_at(book, key)
    if not isinstance(rule, Rule) or kind_of(key) != "rules" or len(rule.cells) < 2:
        raise BadValue(tr("This rule is for one cell alone."))
    for number, (sensitivity, power) in enumerate(rule.cells):
        own = {**written(rule), "sensitivity": sensitivity, "power": power}
        text = with_rule(text, key if not number else "rules:new", own)
    playbook_from(tomllib.loads(text), where=tr("Playbook"))
    DOCUMENT.keep(ws, text, was=given.get("stand", ""), name=rule.name, split=len(rule.cells))
    return tr("“{name}” is {count} rules now, each for one cell.", name=word(rule.name), count=len(rule.cells))


def put_one_back(ws: Workspace, given: Mapping[str, str]) -> str:
    """Let a delivered rule be as it was. Raises as `keep`."""
    book = read_playbook(DOCUMENT.file(ws) or books.BUILT_IN)
    key = given.get("edit", "")
    rule = rule_at(book, key)
    usual = delivered_rule(rule, read_playbook()) if rule is not None else None
    if usual is None:
        raise BadValue(tr("This rule was not delivered: there is nothing to put back."))
    text = with_rule(DOCUMENT.text(ws), key, written(usual))
    playbook_from(tomllib.loads(text), where=tr("Playbook"))
    DOCUMENT.keep(ws, text, was=given.get("stand", ""), name=usual.name, now="as delivered")
    return tr("“{name}” is as it was delivered.", name=word(usual.name))


def _cells(view: View) -> pl.DataFrame:
    """Members in scope by stage, sensitivity and power."""
    members = view.members.select("member_code").join(member_cells(view), on="member_code", how="left")
    return members.group_by("stage", "sensitivity", "power").agg(pl.len().alias("n"))


def _counts(book: Playbook, cells: pl.DataFrame) -> dict[str, int]:
    """Members whom each rule is for, by its key: each member once."""
    keys = {id(rule): key for kind in KINDS for key, rule in rules_of(book, kind)}
    counts: dict[str, int] = {}
    for stage, sensitivity, power, n in cells.select("stage", "sensitivity", "power", "n").iter_rows():
        rule = book.advice(stage, sensitivity, power)
        if rule is not None:
            counts[keys[id(rule)]] = counts.get(keys[id(rule)], 0) + n
    return counts


def _lessons(view: View, book: Playbook) -> dict[str, str]:
    """What outranks a rule: the method that a campaign measured, by the key of the rule that stands for it."""
    keys = {id(rule): key for kind in KINDS for key, rule in rules_of(book, kind)}
    found: dict[str, set[str]] = {}
    for row in advice_table(view, book).filter("is_measured").iter_rows(named=True):
        rule = book.advice(row["stage"], row["sensitivity"], row["power"])
        if rule is not None and rule.method != row["method"]:
            found.setdefault(keys[id(rule)], set()).add(word(row["method"]).replace("_", " "))
    return {
        key: tr("A lesson that was measured outranks it for some of them: {methods}.", methods=wording.listing(sorted(methods)))
        for key, methods in found.items()
    }


def _row(view: View, book: Playbook, key: str, n: int, all_: int, note: str, delivered: Playbook) -> RuleRow:
    rule = rule_at(book, key)
    assert rule is not None
    usual, is_shown = delivered_rule(rule, delivered), n >= view.least
    return RuleRow(
        key, word(rule.name), _who(rule), word(rule.method).replace("_", " "), word(rule.message), word(rule.goods),
        tr(_PURPOSES[rule.purpose]), _members(view, n, all_), n / max(all_, 1) if is_shown else 0, note,
        exactly(book, rule) if is_shown else "",
        usual is not None and usual != rule, kind_of(key) == "rules" and isinstance(rule, Rule) and len(rule.cells) > 1,
    )  # fmt: skip


def _members(view: View, n: int, all_: int) -> str:
    if n == 0:
        return tr("nobody")
    return view.say("{n:few}", n=n) if n < view.least else tr("{n:,} ({share})", n=n, share=wording.share(n / max(all_, 1)))


def _who(rule: Advice) -> str:
    if not isinstance(rule, Rule):
        return tr("Price sensitivity or spending power not known (no order in a year)")
    told = [tr("Stage “{stage}”", stage=word(rule.stage))] if isinstance(rule, StageRule) else []
    for words, levels in ((tr("price sensitivity {levels}"), rule.sensitivity), (tr("spending power {levels}"), rule.power)):
        if set(levels) != set(LEVELS):
            told.append(
                words.format(
                    levels=tr("{first} or {last}", first=word(levels[0]), last=word(levels[-1])) if levels[1:] else word(levels[0])
                )
            )
    return wording.capital(tr(", ").join(told)) or tr("All members")


def _opened(view: View, book: Playbook, given: Mapping[str, str], cells: pl.DataFrame, faults: str, stand: str) -> OpenRule:
    key = given["edit"]
    rule = rule_at(book, key)
    if "name" in given:
        raw = {name: given.get(name, "") for name in ("name", "method", "message", "goods", "purpose", "stage")}
        chosen = {axis: tuple(level for level in LEVELS if f"{axis}-{level}" in given) for axis in ("sensitivity", "power")}
        stand = given.get("stand", stand)
    elif rule is not None:
        raw = {
            "name": word(rule.name),
            "method": rule.method,
            "message": word(rule.message),
            "goods": word(rule.goods),
            "purpose": rule.purpose,
        }
        raw["stage"] = rule.stage if isinstance(rule, StageRule) else ""
        chosen = {axis: getattr(rule, axis, ()) for axis in ("sensitivity", "power")}
    else:
        raw = {"name": "", "method": "coupon", "message": "", "goods": "", "purpose": "add_one_more", "stage": STAGES[0]}
        chosen = {"sensitivity": LEVELS, "power": LEVELS}
    named = (("sensitivity", tr("Price sensitivity")), ("power", tr("Spending power")))
    levels = (
        ()
        if kind_of(key) != "stages"
        else tuple((axis, words, tuple((level, word(level), level in chosen[axis]) for level in LEVELS)) for axis, words in named)
    )
    n = int(cells["n"].sum()) if cells.height else 0
    members = ""
    try:
        tried = playbook_from(
            tomllib.loads(
                with_rule(bare_text(book), key, values_from({**given, **_as_given(raw, chosen), "edit": key}, book, lenient=True))
            ),
            where=tr("Playbook"),
        )
        kept = key if not key.endswith(":new") else f"stages:{len(tried.stages) - 1}"
        members = _members(view, _counts(tried, cells).get(kept, 0), n)
    except BadValue as error:
        faults = faults or str(error)
    return OpenRule(key, raw, levels, members, tuple(dict.fromkeys(faults.splitlines())), stand)


def _as_given(raw: Mapping[str, str], chosen: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    return {**raw, **{f"{axis}-{level}": "on" for axis, levels in chosen.items() for level in levels}}
