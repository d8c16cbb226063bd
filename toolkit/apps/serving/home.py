"""What the entry page shows of today: the main figures with their lines, what there is to do, running campaigns, drafts and audiences.

Everything here is an answer of a question that is asked elsewhere too (`portrait.scoreboard`, `review.agenda`), or a list of what is kept.
"""

from __future__ import annotations

from dataclasses import dataclass

from toolkit import wording
from toolkit.apps.pages.address import query_of
from toolkit.apps.pages.choice import Choice
from toolkit.audience.saved import saved_audiences
from toolkit.charts.sparkline import spark_line
from toolkit.conversation import Call
from toolkit.language import tr, word
from toolkit.ledger.campaigns import known_campaigns
from toolkit.ledger.definition import plan_names
from toolkit.ledger.lessons import read_lessons
from toolkit.portrait.figures import FIGURES
from toolkit.portrait.measures.figure_values import change_said
from toolkit.portrait.scoreboard import SHOWN
from toolkit.registry import find_question
from toolkit.rendering import kept
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
        return kept(self.text)


@dataclass(frozen=True)
class Board:
    """The main figures and the sentence that says what they are compared with."""

    tiles: tuple[Tile, ...]
    told: str


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
    return Board(tuple(tiles), answer.notes[0].text)


def things_to_do(ws: Workspace) -> tuple[Thing, ...]:
    """Return what there is to do, at most five things, those with most money at stake first."""
    answer = find_question(TO_DO_QUESTION)(ws)
    things = []
    for row in answer.table.head(MOST).iter_rows(named=True):
        if row["who"]:
            ways = [
                (tr("See them"), link_to(Call.of("portrait.overview", {"audience": row["who"]}))),
                (tr("Plan for them"), link_to(Call.of(row["question"], {"audience": row["who"]}))),
            ]
        else:
            subject = {"differentiation.plan": "campaign", "review.verdict": "campaign_id"}.get(row["question"])
            ways = [(tr("Go on"), link_to(Call.of(row["question"], {subject: row["subject"]} if subject and row["subject"] else {})))]
        things.append(Thing(row["todo"], "", tuple(ways)))
    return tuple(things)


def campaigns(ws: Workspace) -> tuple[Thing, ...]:
    """Return drafts, then campaigns, the latest first, each with its state."""
    known, learnt = known_campaigns(ws), set(read_lessons(ws)["campaign_id"])
    things = [
        Thing(name, tr("draft"), ((tr("Plan"), link_to(Call.of("differentiation.plan", {"campaign": name}))),))
        for name in plan_names(ws)
        if name not in set(known["campaign_id"])
    ]
    for row in known.reverse().iter_rows(named=True):
        name, starts, ends = row["campaign_id"], row["starts_on"], row["ends_on"]
        if ws.last_day is None or starts is None or ends is None:
            continue
        state = tr("to come") if starts > ws.last_day else tr("running") if ends > ws.last_day else tr("ended")
        state += tr(", lesson known") if name in learnt else ""
        question = "review.process" if starts <= ws.last_day < ends else "review.verdict"
        said = tr("{start} to {end}, {state}", start=starts, end=ends, state=state)
        called = f"{row['name']} ({name})" if row["name"] and row["name"] != name else name
        things.append(Thing(called, said, ((tr("Look"), link_to(Call.of(question, {"campaign_id": name}))),)))
    return tuple(things[:MOST])


def audiences(ws: Workspace) -> tuple[Thing, ...]:
    """Return the saved audiences with their size on the day they were saved."""
    rows = saved_audiences(ws).head(MOST).iter_rows(named=True)
    return tuple(
        Thing(
            row["name"],
            tr("{members} on {day}", members=wording.some(row["member_count"], word("member")), day=row["as_of"]),
            (
                (tr("See them"), link_to(Call.of("portrait.overview", {"audience": row["name"]}))),
                (tr("Plan for them"), link_to(Call.of("differentiation.offers", {"audience": row["name"]}))),
            ),
        )
        for row in rows
    )
