"""The entry page: the four steps of the loop, each with what it is for and today's headline. No widgets, no kernel."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path

from toolkit.apps.guard import fault_sentence, log_fault
from toolkit.errors import ToolkitError
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
    Step("portrait", "Who are our members?", "Their habits, their worth, their tastes; one member or all.", "portrait.overview"),
    Step("targeting", "Whom do we address, and with which goods?", "Find the people, give them a name, keep them.", "targeting.slipping"),
    Step("differentiation", "Which offer, and is it worth it?", "Plan an offer, see its cost, freeze it.", "differentiation.matrix"),
    Step("review", "What did it change?", "The verdict, the money, and the lesson for the next time.", "review.programme"),
)
PENDING = "Working it out …"


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
    """The cards of a workspace: each headline is worked out once for each state of it, beside the pages that wait for none."""

    def __init__(self, workspace: str | Path) -> None:
        self.path = Path(workspace)
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="entry")
        self._state: tuple[int, int] = (0, 0)
        self._headlines: dict[str, Future[str]] = {}

    def cards(self, patience: float = 0.3) -> tuple[Card, ...]:
        """Return one card a step, in the order of the loop, as far as they are ready within `patience` seconds."""
        ws = Workspace(self.path)
        state = (ws.written_at(), _campaigns_at(ws))
        if state != self._state:
            self._state = state
            self._headlines = {step.app: self._worker.submit(_headline, self.path, step) for step in STEPS}
        wait(self._headlines.values(), timeout=patience)
        apps = {notebook.stem for notebook in shipped_folder("dashboards").glob("*.ipynb")}
        return tuple(self._card(step, f"voila/render/{step.app}.ipynb" if step.app in apps else "") for step in STEPS)

    def _card(self, step: Step, link: str) -> Card:
        found = self._headlines[step.app]
        return Card(step, found.result(), link) if found.done() else Card(step, PENDING, link, pending=True)


def _campaigns_at(ws: Workspace) -> int:
    folder = ws.path / "campaigns"
    return folder.stat().st_mtime_ns if folder.exists() else 0


def _headline(path: Path, step: Step) -> str:
    try:
        return find_question(step.question)(Workspace(path)).headline
    except ToolkitError as error:
        return str(error)
    except Exception as error:  # noqa: BLE001 - one card without its figure must not take the others away
        return fault_sentence(log_fault(error))
