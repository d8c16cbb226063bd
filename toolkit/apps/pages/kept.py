"""What is kept of a shop's work: audiences, drafts and campaigns, each with its state and owner, and where a person goes on with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urlencode

import polars as pl

from toolkit.audience.saved import saved_audiences, saved_names
from toolkit.audit import NOBODY, read_audit
from toolkit.errors import BadValue
from toolkit.language import day, later, tr
from toolkit.ledger.campaigns import known_campaigns
from toolkit.ledger.definition import plan_names, read_plan
from toolkit.ledger.lessons import read_lessons
from toolkit.scope.minimum import shop_settings
from toolkit.workspace import Workspace

STATES: Mapping[str, str] = {
    "audience": later("Audiences"),
    "draft": later("Drafts"),
    "launched": later("Launched"),
    "running": later("Running"),
    "finished": later("Finished"),
}
"""State -> what those in it are called together, in the order of the loop."""
_SINGLE = {
    "audience": later("audience"), "draft": later("draft"), "launched": later("launched"), "running": later("running"),
    "finished": later("finished"),
}  # fmt: skip
_SORTED = ("name", "state", "owner", "day", "members")
_DID = {"saved": "audience", "drafted": "campaign", "launched": "campaign"}


@dataclass(frozen=True)
class Kept:
    """One audience, draft or campaign: `day`: it was kept, or begins; `ways`: where to go on, the usual first."""

    state: str
    key: str
    name: str
    owner: str
    day: date | None
    when: str
    members: int | None
    note: str
    ways: tuple[tuple[str, str], ...]

    @property
    def state_word(self) -> str:
        """The state in the reader's language."""
        return tr(_SINGLE[self.state])


def app_address(app: str, **query: str) -> str:
    """Return the address of an app's page, from where the pages lie.

    >>> app_address("review", campaign="spring 1")
    'review.ipynb?campaign=spring+1'
    """
    return f"{app}.ipynb" + (f"?{urlencode(query)}" if query else "")


def campaign_state(starts_on: date, ends_on: date, last_day: date) -> str:
    """Return whether a campaign is launched (its first day is to come), running, or finished, as the receipts see it."""
    return "launched" if starts_on > last_day else "running" if ends_on > last_day else "finished"


def ways_after(campaign_id: str) -> tuple[tuple[str, str], ...]:
    """Return where one goes on from a campaign that was just launched."""
    return (
        (tr("Against its control, once it runs"), app_address("review", campaign=campaign_id)),
        (tr("All campaigns and audiences"), "../../work"),
        (tr("Plan another"), app_address("differentiation")),
    )


def ways_from(audience: str) -> tuple[tuple[str, str], ...]:
    """Return where one goes on from an audience that is kept."""
    return (
        (tr("Plan for them"), app_address("differentiation", audience=audience)),
        (tr("See them"), app_address("portrait", audience=audience)),
        (tr("All campaigns and audiences"), "../../work"),
    )


_RULES = {
    "portrait.personas": ("personas", later("Change the rules of personas")),
    "portrait.segments": ("segments", later("Change the map of segments")),
    "portrait.rfm": ("segments", later("Change the map of segments")),
    "portrait.movement": ("segments", later("Change the map of segments")),
    "differentiation.matrix": ("playbook", later("Change the playbook")),
    "differentiation.next_best": ("playbook", later("Change the playbook")),
}  # fmt: skip


def way_to_rules(question: str) -> tuple[tuple[str, str], ...]:
    """Return the way to the page of the rules that an answer rests on, of questions that show what they come to."""
    part, words = _RULES.get(question, ("", ""))
    return ((tr(words), f"../../rules/{part}"),) if part else ()


def ways_of_members(ws: Workspace, audience: str, store_id: str, listed: str) -> tuple[tuple[str, str], ...]:
    """Return where one goes on with the members behind an answer: those of its audience, of its store, or those it lists (its call)."""
    if listed:
        return ((tr("Keep as an audience"), app_address("targeting", **{"from": listed})),)
    home = "home_store_id = '{}'".format(store_id.replace("'", "''")) if store_id else ""
    if not (audience or home):
        return ()
    where = " AND ".join(f"({part})" for part in (audience, home)) if audience and home else audience or home
    named = {"audience" if not home and audience in saved_names(ws) else "where": where}
    return (
        (tr("Keep as an audience"), app_address("targeting", **named)),
        (tr("Plan for them"), app_address("differentiation", audience=where)),
    )


def kept(ws: Workspace) -> list[Kept]:
    """Return everything that is kept: audiences by name, then drafts, then campaigns, the latest first."""
    owners = _owners(ws)
    return [*_audiences(ws, owners), *_drafts(ws, owners), *_campaigns(ws, owners)]


def _owners(ws: Workspace) -> dict[tuple[str, str], str]:
    """Who last saved, drafted or launched each, as the audit log has it."""
    found = {}
    for entry in read_audit(ws.path).entries:
        if (about := _DID.get(entry.did)) and entry.about.get(about):
            found[about, str(entry.about[about])] = "" if entry.who == NOBODY else entry.who
    return found


def _audiences(ws: Workspace, owners: Mapping[tuple[str, str], str]) -> Iterator[Kept]:
    for row in saved_audiences(ws).iter_rows(named=True):
        name = row["name"]
        ways = (
            (tr("Open"), app_address("targeting", audience=name)),
            (tr("See them"), app_address("portrait", audience=name)),
            (tr("Plan for them"), app_address("differentiation", audience=name)),
        )
        version = tr("version {version}", version=row["version"]) if row["version"] > 1 else ""
        when = tr("kept {day}", day=row["as_of"])
        yield Kept("audience", name, name, owners.get(("audience", name), ""), row["as_of"], when, row["member_count"], version, ways)


def _drafts(ws: Workspace, owners: Mapping[tuple[str, str], str]) -> Iterator[Kept]:
    launched = set(known_campaigns(ws)["campaign_id"])
    for name in plan_names(ws):
        if name in launched:
            continue
        try:
            plan = read_plan(ws, name)
        except BadValue:  # edited by hand: the planner says what is wrong with it
            called, first, when, note = name, None, "", tr("cannot be read")
        else:
            called, first, note = plan.name or name, plan.starts_on, ""
            when = _days(plan.starts_on, plan.ends_on)
        way = (tr("Go on planning"), app_address("differentiation", plan=name))
        yield Kept("draft", name, called, owners.get(("campaign", name), ""), first, when, None, note, (way,))


def _campaigns(ws: Workspace, owners: Mapping[tuple[str, str], str]) -> Iterator[Kept]:
    learnt, last = set(read_lessons(ws)["campaign_id"]), ws.last_day
    for row in known_campaigns(ws).reverse().iter_rows(named=True):
        name, starts, ends = row["campaign_id"], row["starts_on"], row["ends_on"]
        if last is None or starts is None or ends is None:
            continue
        state, ours = campaign_state(starts, ends, last), row["source"] == "ledger"
        lists = (tr("Contact lists"), app_address("differentiation", campaign=name))
        again = (tr("Use in the next plan"), app_address("differentiation", after=name))
        ways = {
            "launched": (lists,) if ours else (),
            "running": ((tr("Against its control"), app_address("review", campaign=name)), *((lists,) if ours else ())),
            "finished": ((tr("Verdict and lessons"), app_address("review", campaign=name)), again),
        }[state]
        note = "" if state != "finished" else tr("lesson kept") if name in learnt else tr("lesson not kept yet")
        members = (row["treated_count"] or 0) + (row["control_count"] or 0)
        yield Kept(state, name, row["name"] or name, owners.get(("campaign", name), ""), starts, _days(starts, ends), members, note, ways)


def _days(starts_on: date, ends_on: date) -> str:
    return tr("{starts_on} to {ends_on}", starts_on=starts_on, ends_on=ends_on)


@dataclass(frozen=True)
class Wanted:
    """Which of them a person wants to see: words, state and owner ('' = any), how they are sorted (`-` in front: downwards), which page."""

    words: str = ""
    state: str = ""
    owner: str = ""
    sort: str = ""
    page: int = 1

    def query(self, **changed: Any) -> str:
        """Return it as a query, with what changes; another choice begins on the first page.

        >>> Wanted(state="draft", page=3).query(sort="-day")
        '?state=draft&sort=-day'
        """
        given = {**vars(self), "page": 1, **changed}
        query = urlencode({name: value for name, value in given.items() if value and (name, value) != ("page", 1)})
        return f"?{query}" if query else "?"


def wanted(given: Mapping[str, str]) -> Wanted:
    """Return what an address asks for; what makes no sense is left out."""
    sort, page = given.get("sort", ""), given.get("page", "")
    return Wanted(
        given.get("words", "").strip()[:200],
        given.get("state", "") if given.get("state") in STATES else "",
        given.get("owner", "")[:200],
        sort if sort.removeprefix("-") in _SORTED else "",
        max(1, int(page)) if page.isdecimal() and len(page) < 7 else 1,
    )


def chosen(rows: Sequence[Kept], asked: Wanted) -> list[Kept]:
    """Return the rows that are wanted, sorted; what has no value comes last, whichever way."""
    words = asked.words.casefold().split()
    found = [
        row
        for row in rows
        if (not asked.state or row.state == asked.state)
        and (not asked.owner or row.owner == asked.owner)
        and all(word in f"{row.name} {row.key} {row.owner} {row.state_word} {row.when}".casefold() for word in words)
    ]
    by, down = asked.sort.removeprefix("-"), asked.sort.startswith("-")
    if by:
        order = [*STATES]
        value = {"state": lambda row: order.index(row.state), "name": lambda row: row.name.casefold()}.get(by, lambda row: getattr(row, by))
        known = [row for row in found if value(row) not in (None, "")]
        found = sorted(known, key=value, reverse=down) + [row for row in found if value(row) in (None, "")]
    return found


def counts(rows: Sequence[Kept]) -> dict[str, int]:
    """Return how many there are in each state, those without any too."""
    return {state: sum(row.state == state for row in rows) for state in STATES}


def members_said(row: Kept, least: int) -> str:
    """Return the members of a row as they may be shown: not how many where they are under the minimum."""
    return "" if row.members is None else tr("under {least}", least=least) if 0 < row.members < least else f"{row.members:,}"


def least_of(ws: Workspace) -> int:
    """Return the minimum number of members of a shop."""
    return shop_settings(ws).scope.minimum_members


def table_of(rows: Sequence[Kept], least: int) -> pl.DataFrame:
    """Return rows as a table to take away, in the reader's words."""
    columns = [tr("Name"), tr("State"), tr("Owner"), tr("First day, or kept on"), tr("Members"), tr("Note")]
    lines = [(row.name, row.state_word, row.owner, day(row.day) if row.day else "", members_said(row, least), row.note) for row in rows]
    return pl.DataFrame(lines, schema=dict.fromkeys(columns, pl.String), orient="row")
