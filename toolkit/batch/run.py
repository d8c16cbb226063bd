"""One notebook for one store: the straight list of steps, and a record of what became of it."""

from __future__ import annotations

import copy
import functools
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from toolkit.atomic import written_beside
from toolkit.batch.limits import Limits
from toolkit.batch.record import Record, Status, write_record
from toolkit.charts import offline
from toolkit.language import tr

ASSETS = "assets"


@dataclass(frozen=True)
class Job:
    """One report to make: everything a worker needs, in values that can be sent to another process or machine."""

    notebook: Path
    store_id: str
    label: str
    folder: Path
    parameters: Mapping[str, Any]
    fingerprint: str = ""
    single_file: bool = False
    beside: tuple[tuple[str, str], ...] = ()
    """Titles and file names of the reports of this run for the same store."""
    limits: Limits = field(default_factory=Limits)

    @property
    def stem(self) -> str:
        """Name of the notebook without its ending; names the files of the report."""
        return self.notebook.stem


@dataclass(frozen=True)
class _Outcome:
    status: Status
    notebook: Any
    sentence: str = ""
    details: str = ""


def run_job(job: Job) -> Record:
    """Make one report and return its record. Whatever the notebook does, this returns; only a full disk or the like raises.

    The record is written last and everything before it by renaming finished files, so whoever reads the folder, or resumes after a kill,
    sees the report of before or the new one.
    """
    from toolkit.batch.figures import headline_figures, told_answers
    from toolkit.batch.html import notebook_title

    started = time.perf_counter()
    job.folder.mkdir(parents=True, exist_ok=True)
    _record_path(job).unlink(missing_ok=True)  # from here on the old report is not a finished one
    outcome = _execute(job)
    # An answer that was displayed may carry as_of itself; else it is the parameter's.
    as_of = next((str(told["as_of"]) for _, told in told_answers(outcome.notebook) if told.get("as_of")), "") if outcome.notebook else ""
    title = notebook_title(outcome.notebook or {}, job.stem)
    executed = _write_notebook(job, outcome)
    page = f"{job.stem}.html"
    _write(job.folder / page, _page(job, outcome, title, as_of or str(job.parameters.get("as_of") or "")))
    record = Record(
        store_id=job.store_id,
        label=job.label,
        notebook=job.stem,
        status=outcome.status,
        error=outcome.sentence,
        seconds=round(time.perf_counter() - started, 3),
        figures=headline_figures(outcome.notebook) if outcome.status == "ok" else {},
        as_of=as_of or str(job.parameters.get("as_of") or ""),
        title=title,
        page=f"stores/{job.folder.name}/{page}",
        executed=f"stores/{job.folder.name}/{executed}" if executed else "",
        parameters=dict(job.parameters),
        fingerprint=job.fingerprint,
    )
    write_record(job.folder, record)
    return record


def _execute(job: Job) -> _Outcome:
    """Run the notebook on this thread's warm kernel; success means that the engine's call returned and no cell holds an error.

    These are the steps of `papermill.execute_notebook` without its saves: it writes and validates the whole notebook again and again.
    """
    from nbclient.exceptions import CellTimeoutError, DeadKernelError
    from papermill.engines import papermill_engines
    from papermill.parameterize import parameterize_notebook

    from toolkit.batch import warm_engine

    warm_engine.register()
    notebook = None
    try:
        template = copy.deepcopy(_template(job.notebook, job.notebook.stat().st_mtime_ns))
        engine: dict[str, Any] = {"engine_name": warm_engine.ENGINE_NAME, "kernel_name": "python3"}
        notebook = parameterize_notebook(template, dict(job.parameters), language="python", **engine)
        notebook = papermill_engines.execute_notebook_with_engine(
            nb=notebook,
            **engine,
            progress_bar=False,
            autosave_cell_every=0,
            start_timeout=job.limits.start_seconds,
            execution_timeout=job.limits.cell_seconds,
            kernel_uses=job.limits.kernel_uses,
            kernel_threads=job.limits.threads_per_kernel,
        )
    except DeadKernelError:
        message = tr(
            "The kernel died while the notebook ran, as it does when memory runs out; it was replaced, and the report was not tried again."
        )
        return _Outcome("failed", notebook, message)
    except CellTimeoutError as error:
        message = tr("A cell ran longer than {seconds} seconds and was stopped.", seconds=job.limits.cell_seconds)
        return _Outcome("failed", notebook, message, str(error))
    except Exception as error:  # noqa: BLE001 - whatever it is, it is this report's failure and no other's; the record names it
        warm_engine.discard_kernel()
        return _Outcome(
            "failed", notebook, f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else 'no message'}", str(error)
        )
    return _read_error(notebook) or _Outcome("ok", notebook)


def _read_error(notebook: Any) -> _Outcome | None:
    """Return the outcome of a notebook that a cell stopped; cells tagged `raises-exception` may hold errors."""
    from toolkit.batch.html import error_sentence
    from toolkit.batch.warm_engine import TOO_FEW

    for cell in notebook.cells:
        if "raises-exception" in cell.metadata.get("tags", []):
            continue
        for output in cell.get("outputs", []):
            if output["output_type"] != "error":
                continue
            sentence = error_sentence(output["ename"], output["evalue"])
            if output["ename"] == TOO_FEW:
                return _Outcome("too_small", notebook, sentence)
            return _Outcome("failed", notebook, f"{sentence} (cell {cell['execution_count']})", "\n".join(output["traceback"]))
        if cell.metadata.get("papermill", {}).get("exception") is True:
            return _Outcome("failed", notebook, tr("Cell {number} failed without saying why.", number=cell["execution_count"]))
    return None


@functools.lru_cache(maxsize=32)
def _template(path: Path, _changed: int) -> Any:
    from papermill.iorw import load_notebook_node

    return load_notebook_node(str(path))


def _page(job: Job, outcome: _Outcome, title: str, as_of: str) -> str:
    from toolkit.batch.html import Heading, notice_page, report_page
    from toolkit.brand import brand_shown

    heading = Heading(
        title=title,
        store=job.label,
        store_id=job.store_id,
        as_of=as_of,
        index_url="" if job.single_file else "../../index.html",
        brand=brand_shown(str(job.parameters["workspace"])) if job.parameters.get("workspace") else None,
        beside=() if job.single_file or len(job.beside) < 2 else job.beside,
    )
    if outcome.status != "ok":
        return notice_page(heading, kind=outcome.status, sentence=outcome.sentence, details=outcome.details)
    url = None if job.single_file else f"../../{ASSETS}/{offline.bundle_name()}"
    return report_page(outcome.notebook, heading, script_url=url)


def _write_notebook(job: Job, outcome: _Outcome) -> str:
    """Write the executed notebook (`.failed.ipynb` as far as it came) and remove the one of the other kind; return its name."""
    from toolkit.batch.html import styled_once

    good, bad = f"{job.stem}.ipynb", f"{job.stem}.failed.ipynb"
    name = {"ok": good, "failed": bad, "too_small": ""}[outcome.status] if outcome.notebook is not None else ""
    for other in {good, bad} - {name}:
        (job.folder / other).unlink(missing_ok=True)
    if name and outcome.notebook is not None:
        # Times of day would make two equal runs differ; papermill says `completed` even where a kernel died.
        metadata = {**outcome.notebook["metadata"], "papermill": {"parameters": dict(job.parameters)}}
        slim = {**outcome.notebook, "cells": [_slim(cell) for cell in styled_once(outcome.notebook)], "metadata": metadata}
        _write(job.folder / name, json.dumps(slim, ensure_ascii=False, separators=(",", ":")) + "\n")
    return name


def _slim(cell: dict[str, Any]) -> dict[str, Any]:
    """Return a cell without papermill's times, and without tables a second time as plain text: a fifth of the size of a report set."""
    slim = {**cell, "metadata": {key: value for key, value in cell["metadata"].items() if key != "papermill"}}
    for output in slim.get("outputs", []):
        if "text/html" in output.get("data", {}):
            output["data"] = {kind: value for kind, value in output["data"].items() if kind != "text/plain"}
    return slim


def _write(target: Path, text: str) -> None:
    with written_beside(target) as part:
        part.write_text(text, "utf-8", errors="backslashreplace", newline="\n")


def _record_path(job: Job) -> Path:
    from toolkit.batch.record import SUFFIX

    return job.folder / f"{job.stem}{SUFFIX}"
