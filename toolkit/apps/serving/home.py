"""What the entry page shows of today: the main figures with their lines, what there is to do, running campaigns, drafts and audiences.

Everything here is an answer of a question that is asked elsewhere too (`portrait.scoreboard`, `review.agenda`), or a list of what is kept.
"""

from __future__ import annotations

from dataclasses import dataclass

from toolkit import wording
from toolkit.apps.pages.address import query_of
from toolkit.apps.pages.choice import Choice
from toolkit.apps.pages.kept import Kept, app_address, kept, least_of, members_said
from toolkit.charts.sparkline import spark_line
from toolkit.conversation import Call
from toolkit.errors import ToolkitError
from toolkit.language import tr
from toolkit.portrait.figures import FIGURES
from toolkit.portrait.measures.figure_values import change_said
from toolkit.portrait.scoreboard import SHOWN
from toolkit.registry import find_question
from toolkit.rendering import kept as unbroken
from toolkit.workspace import Workspace

BOARD_QUESTION, TO_DO_QUESTION = "portrait.scoreboard", "review.agenda"
MOST = 5
"""Rows of each list; the rest stands on the page of its step."""


@dataclass(frozen=True)
class Tile:
    """A main figure: its name and value, its change in words ("" = not measured), whether that is up (1) or down (-1), its line."""

    name: str
    value: str
    change: str
    turn: int
    line: str
    link: str


@dataclass(frozen=True)
class Thing:
    """A line of a list: a sentence, what stands beside it, and where to go on as (words, link)."""

    text: str
    beside: str
    ways: tuple[tuple[str, str], ...] = ()

    @property
    def shown(self) -> str:
        """The sentence as HTML."""
        return unbroken(self.text)


@dataclass(frozen=True)
class Board:
    """The main figures, the sentence that says what they are compared with, and how the goals of the month stand."""

    tiles: tuple[Tile, ...]
    told: str
    goals: tuple[Thing, ...] = ()


def link_to(call: Call) -> str:
    """Return the address of a call on the page of its step.

    >>> link_to(Call.of("portrait.stores", {"by": "region", "period": "28d"}))
    'voila/render/portrait.ipynb?tab=ask&question=portrait.stores&period=28d&own.by=region'
    """
    query = query_of(Choice().asking(call.name, call.parameters), Choice(question=""))
    return f"voila/render/{call.name.partition('.')[0]}.ipynb?tab=ask&{query}"


def board(ws: Workspace) -> Board:
    """Return the main figures of the shop."""
    answer = find_question(BOARD_QUESTION)(ws)
    lines = answer.table.reverse()
    tiles = []
    for name in SHOWN:
        figure, change = FIGURES[name], answer.figures.get(f"{name}_change")
        called = wording.capital(tr(figure.words))
        tiles.append(
            Tile(
                called,
                wording.column_text(answer.figures.get(name), figure.column, answer.currency),
                change_said(figure, change),
                0 if change is None or abs(change) < 0.0005 else 1 if change > 0 else -1,
                spark_line(lines[name].to_list(), label=tr("{figure}, the last 13 weeks", figure=called), width=150, height=34),
                link_to(Call.of("portrait.figure", {"metric": name, "by": "month"})),
            )
        )
    return Board(tuple(tiles), answer.notes[0].text, _goals(ws))


def _goals(ws: Workspace) -> tuple[Thing, ...]:
    """The goals of the chain in the month of the last receipts; a document that cannot be read is told where they would stand."""
    try:
        answer = find_question("review.goals")(ws)
    except ToolkitError as error:
        return (Thing(str(error), ""),)
    if answer.table.is_empty():
        return ()
    way = (tr("Where the gap comes from"), link_to(Call.of("review.goals", {"show": "gap"})))
    lines = [answer.headline, *(note.text for note in answer.notes if note.verdict is None)][: min(answer.table.height, MOST)]
    return tuple(Thing(text, "", (way,) if place == 0 else ()) for place, text in enumerate(lines))


def things_to_do(ws: Workspace) -> tuple[Thing, ...]:
    """Return what there is to do, at most five things, those with most money at stake first."""
    answer = find_question(TO_DO_QUESTION)(ws)
    things = []
    for row in answer.table.head(MOST).iter_rows(named=True):
        if row["who"]:
            ways = [
                (tr("See them"), link_to(Call.of("portrait.overview", {"audience": row["who"]}))),
                (tr("Plan for them"), f"voila/render/{app_address('differentiation', audience=row['who'])}"),
            ]
        else:
            way = {"differentiation.plan": ("differentiation", "plan"), "review.verdict": ("review", "campaign")}.get(row["question"])
            to = (
                f"voila/render/{app_address(way[0], **{way[1]: row['subject']})}"
                if way and row["subject"]
                else link_to(Call.of(row["question"], {}))
            )
            ways = [(tr("Go on"), to)]
        things.append(Thing(row["todo"], "", tuple(ways)))
    return tuple(things)


def campaigns(ws: Workspace) -> tuple[Thing, ...]:
    """Return drafts, then campaigns, the latest first, each with its state."""
    return tuple(_thing(row, row.state_word, row.when, row.note) for row in kept(ws) if row.state != "audience")[:MOST]


def audiences(ws: Workspace) -> tuple[Thing, ...]:
    """Return the saved audiences with their size on the day they were saved."""
    least = least_of(ws)
    rows = [row for row in kept(ws) if row.state == "audience"]
    return tuple(
        _thing(
            row,
            tr("{members} members", members=members_said(row, least))
            if (row.members or 0) < least
            else wording.some(row.members or 0, "member"),
            row.when,
        )
        for row in rows[:MOST]
    )


def _thing(row: Kept, *beside: str) -> Thing:
    return Thing(
        row.name, tr(", ").join(part for part in beside if part), tuple((words, f"voila/render/{way}") for words, way in row.ways[:2])
    )
