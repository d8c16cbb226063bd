"""The entry page: a field to ask in, today's figures and things to do, what is running, and the four steps, each with its headline.

No widgets, no kernel: the server works each part out once for each state of the workspace and language, beside the pages, and a page that
came too early asks again."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from toolkit.apps.pages.error_boundary import fault_sentence, log_fault
from toolkit.apps.serving import home
from toolkit.conversation import ToAnswer, interpret
from toolkit.errors import ToolkitError
from toolkit.language import later, speaking, tr
from toolkit.registry import find_question
from toolkit.rendering import kept
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
    Step(
        "portrait",
        later("Who are our members?"),
        later("Their habits, their worth, their tastes; one member or all."),
        "portrait.overview",
    ),
    Step(
        "targeting",
        later("Whom do we address, and with which goods?"),
        later("Find the people, give them a name, keep them."),
        "targeting.slipping",
    ),
    Step(
        "differentiation",
        later("Which offer, and is it worth it?"),
        later("Plan an offer, see its cost, freeze it."),
        "differentiation.matrix",
    ),
    Step(
        "review",
        later("What did it change?"),
        later("The verdict, the money, and the lesson for the next time."),
        "review.programme",
    ),
)
RESTS_ON = (home.BOARD_QUESTION, home.TO_DO_QUESTION, *(step.question for step in STEPS))
"""The questions whose answers the page shows."""
PENDING = later("Working it out …")


@dataclass(frozen=True)
class Card:
    """A step as the page shows it: `headline` is today's, or the sentence that says why there is none; `link` is empty without an app.

    `pending`: the headline is still being worked out.
    """

    step: Step
    headline: str
    link: str
    pending: bool = False

    @property
    def shown(self) -> str:
        """The headline as HTML."""
        return kept(self.headline)


@dataclass(frozen=True)
class Home:
    """The entry page: each part as far as it is ready (None = still being worked out), or the sentence that says why there is none."""

    board: home.Board | str | None
    things: tuple[home.Thing, ...] | str | None
    campaigns: tuple[home.Thing, ...] | str | None
    audiences: tuple[home.Thing, ...] | str | None
    cards: tuple[Card, ...]


_PARTS: dict[str, Callable[[Workspace], Any]] = {
    "board": home.board, "things": home.things_to_do, "campaigns": home.campaigns, "audiences": home.audiences,
}  # fmt: skip


class Entry:
    """The parts of a workspace's page: each is worked out once for each state of it and language, beside the pages that wait for none."""

    def __init__(self, workspace: str | Path) -> None:
        self.path = Path(workspace)
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="entry")
        self._state: tuple[int, ...] = ()
        self._found: dict[tuple[str, str], Future[Any]] = {}

    def home(self, code: str, patience: float = 0.3) -> Home:
        """Return the page in a language, as far as its parts are ready within `patience` seconds."""
        ws = Workspace(self.path)
        state = (
            ws.written_at(),
            *(_changed_at(ws.path / name) for name in ("campaigns", "documents", "documents/plans", "documents/audiences")),
        )
        if state != self._state:
            self._state, self._found = state, {}
        jobs: dict[str, Callable[[], Any]] = {name: partial(make, ws) for name, make in _PARTS.items()}
        jobs |= {step.app: partial(_headline, ws, step) for step in STEPS}
        for name, job in jobs.items():
            if (name, code) not in self._found:
                self._found[name, code] = self._worker.submit(_told, job, code)
        found = {name: self._found[name, code] for name in jobs}
        wait(found.values(), timeout=patience)
        apps = {notebook.stem for notebook in shipped_folder("dashboards").glob("*.ipynb")}
        links = [f"voila/render/{step.app}.ipynb" if step.app in apps else "" for step in STEPS]
        with speaking(code):
            cards = tuple(
                Card(step, found[step.app].result(), link) if found[step.app].done() else Card(step, tr(PENDING), link, pending=True)
                for step, link in zip(STEPS, links, strict=True)
            )
        return Home(cards=cards, **{name: found[name].result() if found[name].done() else None for name in _PARTS})


@dataclass(frozen=True)
class Asked:
    """A sentence that was asked on the entry page: what was understood, and where to go on, as (words, link)."""

    text: str
    said: str
    ways: tuple[tuple[str, str], ...]
    is_answer: bool


def asked(path: Path, text: str, code: str) -> Asked:
    """Read a sentence; nothing is computed."""
    with speaking(code):
        try:
            understood = interpret(Workspace(path), text)
        except ToolkitError as error:
            return Asked(text, str(error), (), False)
        ways = tuple((call.words, home.link_to(call)) for call in understood.calls)
        return Asked(text, understood.said, ways, isinstance(understood, ToAnswer) and len(ways) == 1)


def _changed_at(folder: Path) -> int:
    return folder.stat().st_mtime_ns if folder.exists() else 0


def _headline(ws: Workspace, step: Step) -> str:
    return find_question(step.question)(ws).headline


def _told(job: Callable[[], Any], code: str) -> Any:
    """What a part is, or the sentence that says why it is not: one part without its figure must not take the others away."""
    with speaking(code):
        try:
            return job()
        except ToolkitError as error:
            return str(error)
        except Exception as error:  # noqa: BLE001
            return fault_sentence(log_fault(error))
