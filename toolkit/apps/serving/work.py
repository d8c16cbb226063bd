"""The page of all audiences, drafts and campaigns: what of it a person wants to see, from the address. No widgets, no kernel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from toolkit.apps.pages.kept import STATES, Kept, Wanted, chosen, counts, kept, least_of, members_said, table_of, wanted
from toolkit.language import later, speaking, tr
from toolkit.saving import csv_text
from toolkit.workspace import Workspace

ON_A_PAGE = 50
HEADS = (
    ("name", later("Name")),
    ("state", later("State")),
    ("owner", later("Owner")),
    ("day", later("When")),
    ("members", later("Members")),
)


@dataclass(frozen=True)
class Tab:
    """A state to choose: its words, how many are in it, its address, and whether it is the chosen one."""

    words: str
    count: int
    link: str
    chosen: bool


@dataclass(frozen=True)
class Head:
    """A heading to sort by: its words, the address that sorts by it, and which way it is sorted now ('' = not)."""

    words: str
    link: str
    sorted: str


@dataclass(frozen=True)
class WorkPage:
    """What the page shows: `rows` of this page beside how many members they have, `found` in all of `everything`."""

    asked: Wanted
    tabs: tuple[Tab, ...]
    heads: tuple[Head, ...]
    rows: tuple[tuple[Kept, str], ...]
    owners: tuple[str, ...]
    found: int
    everything: int
    pages: tuple[tuple[str, str], ...]
    file: str


def page_of(path: Path, given: Mapping[str, str], code: str) -> WorkPage:
    """Return the page that an address asks for."""
    with speaking(code):
        ws, asked = Workspace(path), wanted(given)
        everything, least = kept(ws), least_of(ws)
        found, number = chosen(everything, asked), counts(everything)
        tabs = [Tab(tr("All"), len(everything), asked.query(state=""), not asked.state)]
        tabs += [Tab(tr(words), number[state], asked.query(state=state), asked.state == state) for state, words in STATES.items()]
        by, down = asked.sort.removeprefix("-"), asked.sort.startswith("-")
        heads = [
            Head(
                tr(words),
                asked.query(sort=f"-{name}" if asked.sort == name else name),
                "" if by != name else "descending" if down else "ascending",
            )
            for name, words in HEADS
        ]
        last = max(1, -(-len(found) // ON_A_PAGE))
        page = min(asked.page, last)
        shown = found[(page - 1) * ON_A_PAGE : page * ON_A_PAGE]
        steps = [(tr("Page before"), page - 1), (tr("Next page"), page + 1)] if last > 1 else []
        return WorkPage(
            asked,
            tuple(tabs),
            tuple(heads),
            tuple((row, members_said(row, least)) for row in shown),
            tuple(sorted({row.owner for row in everything if row.owner})),
            len(found),
            len(everything),
            tuple((words, asked.query(page=to)) for words, to in steps if 1 <= to <= last),
            _file(found, least),
        )


def _file(found: list[Kept], least: int) -> str:
    table = table_of(found, least)
    return csv_text(table, table.columns)
