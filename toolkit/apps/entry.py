"""The entry page: the four steps of the loop, each with what it is for and today's headline. No widgets, no kernel."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from toolkit.errors import ToolkitError
from toolkit.registry import find_question
from toolkit.shipped import shipped_folder
from toolkit.workspace import Workspace


@dataclass(frozen=True)
class Step:
    """One step of the loop on the entry page: its app, what a person asks there, and the question whose headline is shown."""

    app: str
    title: str
    asks: str
    question: str


STEPS = (
    Step("portrait", "Who are our members?", "Their habits, their worth, their tastes; one member or all.", "portrait.overview"),
    Step("targeting", "Whom do we address, and with which goods?", "Find the people, give them a name, keep them.", "targeting.slipping"),
    Step("differentiation", "Which offer, and is it worth it?", "Plan an offer, see its cost, freeze it.", "differentiation.matrix"),
    Step("review", "What did it change?", "The verdict, the money, and the lesson for the next time.", "review.programme"),
)


@dataclass(frozen=True)
class Card:
    """A step as the page shows it: `headline` is today's, or the sentence that says why there is none; `link` is empty without an app."""

    step: Step
    headline: str
    link: str


def entry_cards(workspace: str | Path) -> tuple[Card, ...]:
    """Return one card a step, in the order of the loop; worked out once for each state of the workspace."""
    ws = Workspace(workspace)
    return _cards(ws.path.as_posix(), ws.written_at(), _campaigns_at(ws))


def _campaigns_at(ws: Workspace) -> int:
    folder = ws.path / "campaigns"
    return folder.stat().st_mtime_ns if folder.exists() else 0


@lru_cache(maxsize=4)
def _cards(path: str, written_at: int, campaigns_at: int) -> tuple[Card, ...]:
    apps = {notebook.stem for notebook in shipped_folder("dashboards").glob("*.ipynb")}
    return tuple(Card(step, _headline(path, step), f"voila/render/{step.app}.ipynb" if step.app in apps else "") for step in STEPS)


def _headline(path: str, step: Step) -> str:
    try:
        return find_question(step.question)(Workspace(path)).headline
    except ToolkitError as error:
        return str(error)
