"""The entry page: a field to ask in, and the four steps of the loop, each with today's headline. No widgets, no kernel."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path

from toolkit.apps.pages.address import query_of
from toolkit.apps.pages.choice import Choice
from toolkit.apps.pages.error_boundary import fault_sentence, log_fault
from toolkit.conversation import Call, ToAnswer, interpret
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


class Entry:
    """The cards of a workspace: each headline is worked out once for each state of it and language, beside the pages that wait for none."""

    def __init__(self, workspace: str | Path) -> None:
        self.path = Path(workspace)
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="entry")
        self._state: tuple[int, int] = (0, 0)
        self._headlines: dict[tuple[str, str], Future[str]] = {}

    def cards(self, code: str, patience: float = 0.3) -> tuple[Card, ...]:
        """Return one card a step in a language, in the order of the loop, as far as they are ready within `patience` seconds."""
        ws = Workspace(self.path)
        state = (ws.written_at(), _campaigns_at(ws))
        if state != self._state:
            self._state, self._headlines = state, {}
        for step in STEPS:
            if (step.app, code) not in self._headlines:
                self._headlines[step.app, code] = self._worker.submit(_headline, self.path, step, code)
        found = [self._headlines[step.app, code] for step in STEPS]
        wait(found, timeout=patience)
        apps = {notebook.stem for notebook in shipped_folder("dashboards").glob("*.ipynb")}
        links = [f"voila/render/{step.app}.ipynb" if step.app in apps else "" for step in STEPS]
        with speaking(code):
            return tuple(
                Card(step, one.result(), link) if one.done() else Card(step, tr(PENDING), link, pending=True)
                for step, one, link in zip(STEPS, found, links, strict=True)
            )


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
        ways = tuple((call.words, link_to(call)) for call in understood.calls)
        return Asked(text, understood.said, ways, isinstance(understood, ToAnswer) and len(ways) == 1)


def link_to(call: Call) -> str:
    """Return the address of a call on the page of its step.

    >>> link_to(Call.of("portrait.stores", {"by": "region", "period": "28d"}))
    'voila/render/portrait.ipynb?tab=ask&question=portrait.stores&period=28d&own.by=region'
    """
    query = query_of(Choice().asking(call.name, call.parameters), Choice(question=""))
    return f"voila/render/{call.name.partition('.')[0]}.ipynb?tab=ask&{query}"


def _campaigns_at(ws: Workspace) -> int:
    folder = ws.path / "campaigns"
    return folder.stat().st_mtime_ns if folder.exists() else 0


def _headline(path: Path, step: Step, code: str) -> str:
    with speaking(code):
        try:
            return find_question(step.question)(Workspace(path)).headline
        except ToolkitError as error:
            return str(error)
        except Exception as error:  # noqa: BLE001 - one card without its figure must not take the others away
            return fault_sentence(log_fault(error))
