"""One night: what is new comes in, the mart is carried forward, what the first page rests on is made, reports and results are written.

Each step leaves what it finished where the next night finds it (files that were read, the mart, tables beside it, finished reports), so a
night that broke off goes on where it stopped: run it again. `nightly/state.json` says how far the last one came, `nightly/log.jsonl` has
a line for each step that started and ended.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from toolkit.atomic import private_file, write_atomically
from toolkit.errors import ToolkitError, WorkspaceError
from toolkit.importing import import_receipts
from toolkit.importing.run import open_source
from toolkit.importing.since import OVERLAP_DAYS, remember, since_last
from toolkit.language import later, tr
from toolkit.sources.mapping import Mapping
from toolkit.sources.specs import ResultTable
from toolkit.workspace import Workspace

DONE, LOOK, FAILED, RUNNING = 0, 1, 2, 3
"""Exit codes: all done or nothing new; done, but reports or results failed; not done; another night is at work."""
FOLDER, LOG, STATE = "nightly", "log.jsonl", "state.json"
STEPS = (later("import"), later("mart"), later("tables"), later("alerts"), later("reports"), later("results"))
"""What a night does, in this order."""


class NightRunning(WorkspaceError):
    """Another night is at work in the workspace."""


@dataclass(frozen=True)
class Plan:
    """What a night does.

    `ahead` is `first` (what the entry page rests on), `all` (every question that needs nothing more) or `none`; without `reports` no report
    is made, without `alerts` no file of them; `stores` and `notebooks` are those of `toolkit report`.
    """

    reports: Path | None = None
    stores: str = "top:10"
    notebooks: tuple[str, ...] = ("store", "portrait")
    workers: int = 2
    ahead: str = "first"
    overlap_days: int = OVERLAP_DAYS
    accept_defaults: bool = False
    allow_shrinking: bool = False
    alerts: Path | None = None


@dataclass(frozen=True)
class Night:
    """What became of a night: its exit code, a sentence a step, and the log."""

    code: int
    told: tuple[str, ...]
    log: Path


def run_night(mapping: str | Path, workspace: str | Path, plan: Plan | None = None, *, say: Callable[[str], object] = str) -> Night:
    """Run one night and return what became of it.

    Parameters
    ----------
    mapping
        A mapping file, or a folder that holds one.
    workspace
        The workspace's folder; made if it is not there.
    plan
        What to do beyond the import and the mart.
    say
        Called with each sentence as it comes.

    Raises
    ------
    NightRunning
        Another night is at work there.
    ToolkitError
        A step could not be done; the log says which, and what was finished before it stays.
    """
    plan = plan or Plan()
    source = open_source(mapping)
    folder = Path(workspace)
    with _alone(folder, source):
        log = _Log(folder / FOLDER, say)
        with log.step("import") as facts:
            news = since_last(source, folder, overlap_days=plan.overlap_days, allow_shrinking=plan.allow_shrinking)
            log.told.extend(news.notes)
            if news.mapping is None:
                facts["told"] = tr("There is nothing new: the workspace is as it was.")
            else:
                report = import_receipts(
                    news.mapping, folder, allow_shrinking=plan.allow_shrinking, accept_defaults=plan.accept_defaults, announce=log.tell
                )
                remember(source, folder, news.read)
                facts |= {"rows_kept": sum(record.rows_kept for record in report.records), "rows_set_aside": report.rejected}
                facts["told"] = str(report)
        ws = Workspace(folder)
        if ws.last_day is None:
            return log.ended(DONE)
        with log.step("mart") as facts:
            from toolkit.mart import ensure_mart

            facts["told"] = tr("Mart as of {day}: {path}", day=ensure_mart(ws, ws.last_day).as_of, path=ws.mart_folder)
        if plan.ahead != "none":
            with log.step("tables") as facts:
                facts["questions"] = _ahead(folder, plan.ahead, log)
        if plan.alerts is not None:
            with log.step("alerts") as facts:
                from toolkit.review.alerts import write_alerts

                path, count = write_alerts(ws, plan.alerts)
                facts |= {"alerts": count, "path": str(path), "told": tr("{count:,} alerts written: {path}", count=count, path=path)}
        failed = 0
        if plan.reports is not None:
            with log.step("reports") as facts:
                from toolkit.batch import report_set

                result = report_set(
                    ws, stores=plan.stores, notebooks=plan.notebooks, out=plan.reports, workers=plan.workers, resume=True, progress=False
                )
                failed = result.failed
                facts |= {"made": result.ok, "kept": result.skipped, "failed": failed, "index": str(result.index)}
                facts["told"] = tr("{made:,} reports made, {kept:,} kept from before, {failed:,} failed: {index}",
                                   made=result.ok, kept=result.skipped, failed=failed, index=result.index)  # fmt: skip
        for number, one in enumerate(source.results):
            failed += not _written_back(log, ws, source.folder, one, number)
        return log.ended(LOOK if failed else DONE)


def _written_back(log: _Log, ws: Workspace, folder: Path, one: ResultTable, number: int) -> bool:
    """Write a result back, unless it was of these receipts and this day before; return whether it stands there.

    Of several each is its own transaction: what cannot be written is said, and keeps no other from being written.
    """
    from toolkit.results import write_back

    name = f"results {number + 1}"
    state = [one.model_dump(mode="json"), ws.manifest.data_version, str(ws.last_day), _documents_at(ws)]
    if log.stands(name, state):
        return True
    is_file = one.to.lower().endswith(".parquet") and ":" not in one.to
    try:
        with log.step(name) as facts:
            written = write_back(
                ws, one.result, to=str(folder / one.to) if is_file else one.to, table=one.table, mode=one.mode, name=one.name,
                columns=one.columns, for_contact=one.for_contact,
            )  # fmt: skip
            facts |= {"rows": written.rows, "told": written.sentence}
    except ToolkitError as error:
        log.tell(str(error))
        return False
    log.note(name, state)
    return True


def _documents_at(ws: Workspace) -> int:
    """When what people keep (audiences, settings, the scorecard) was last changed."""
    return max((path.stat().st_mtime_ns for folder in ("documents", "campaigns") for path in (ws.path / folder).rglob("*")), default=0)


def _ahead(folder: Path, which: str, log: _Log) -> int:
    """Ask what the pages rest on; what a question cannot answer it says to the person who asks it. Return how many were asked."""
    from toolkit.apps.serving.entry import RESTS_ON
    from toolkit.apps.serving.prewarm import to_ask
    from toolkit.registry import find_question

    questions = [(find_question(name), {}) for name in RESTS_ON] if which == "first" else list(to_ask(folder))
    for question, given in questions:
        try:
            question(Workspace(folder), **given)
        except ToolkitError as error:
            log.write({"step": "tables", "status": "not answered", "question": question.name, "told": str(error)})
    return len(questions)


@contextmanager
def _alone(folder: Path, source: Mapping) -> Iterator[None]:
    """Hold the night's lock of the workspace, made where there is none; a folder that cannot be written ends in a sentence."""
    try:
        Workspace.create(folder, currency=source.currency, minor_digits=source.minor_digits)
        (folder / FOLDER).mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / FOLDER / ".lock")
        lock.acquire(timeout=0)
    except Timeout:
        raise NightRunning(
            tr(
                "Another night is at work in {path}. It goes on; this one did nothing. Wait for it to end, then run the command again.",
                path=folder,
            )
        ) from None
    except OSError as error:
        raise WorkspaceError(
            tr(
                "{path} cannot be written ({error}), and a night writes there: mount it for writing, or give yourself the right to. "
                "Nothing was changed.",
                path=folder,
                error=error.strerror or error,
            )
        ) from error
    try:
        yield
    finally:
        lock.release()


class _Log:
    """The night's log: a JSON object a line, each written at once, and the state of the night beside it."""

    def __init__(self, folder: Path, say: Callable[[str], object]) -> None:
        self.folder, self.say = folder, say
        self.told: list[str] = []
        self.night = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        self._state: dict[str, Any] = {"night": self.night, "steps": {}}
        before = self._before()
        self._state["stands"] = before.get("stands", {})
        if stopped := [step for step, status in before.get("steps", {}).items() if status != "done"]:
            sentence = tr(
                "The night of {night} stopped at: {step}. What it finished stays; this one goes on from there.",
                night=before["night"], step=" ".join(tr(word) for word in stopped[0].split()),
            )  # fmt: skip
            self.write({"step": stopped[0], "status": "resumed", "told": sentence})
            self.tell(sentence)

    def tell(self, sentence: str) -> None:
        """Say a sentence and keep it."""
        self.told.append(sentence)
        self.say(sentence)

    def write(self, facts: dict[str, Any]) -> None:
        """Add a line to the log."""
        line = {"at": datetime.now(UTC).isoformat(timespec="milliseconds"), "night": self.night, **facts}
        with private_file(self.folder / LOG).open("a", encoding="utf-8") as stream:  # what an import says may hold a cell of a row
            stream.write(json.dumps(line, ensure_ascii=False, default=str) + "\n")

    @contextmanager
    def step(self, name: str) -> Iterator[dict[str, Any]]:
        """Run a step between two lines of the log; `facts` that it gives stand in the second, its sentence (`told`) is said."""
        facts: dict[str, Any] = {}
        started, cpu = time.perf_counter(), _cpu()
        self._mark(name, "started")
        self.write({"step": name, "status": "started"})
        try:
            yield facts
        except BaseException as error:
            self._mark(name, "failed")
            self.write({"step": name, "status": "failed", "fault": type(error).__name__, "told": str(error), **_spent(started, cpu)})
            raise
        self._mark(name, "done")
        self.write({"step": name, "status": "done", **facts, **_spent(started, cpu)})
        if "told" in facts:
            self.tell(facts["told"])

    def stands(self, name: str, state: Any) -> bool:
        """Say whether what a step of this name noted last is this state."""
        return self._state["stands"].get(name) == state

    def note(self, name: str, state: Any) -> None:
        """Keep the state in which a step was done."""
        self._state["stands"][name] = state
        self._write_state()

    def ended(self, code: int) -> Night:
        """Write the last line and return the night."""
        self.write({"step": "night", "status": "done" if code == DONE else "look", "code": code})
        return Night(code, tuple(self.told), self.folder / LOG)

    def _mark(self, step: str, status: str) -> None:
        self._state["steps"][step] = status
        self._write_state()

    def _write_state(self) -> None:
        write_atomically(self.folder / STATE, json.dumps(self._state, indent=1))

    def _before(self) -> dict[str, Any]:
        try:
            return json.loads((self.folder / STATE).read_text("utf-8"))
        except (FileNotFoundError, json.JSONDecodeError):
            return {}


def _cpu() -> float:
    """Processor seconds of this process and of those that it waited for."""
    return sum(os.times()[:4])


def _spent(started: float, cpu: float) -> dict[str, float]:
    return {"seconds": round(time.perf_counter() - started, 2), "cpu_seconds": round(_cpu() - cpu, 2)}
