"""All stores: who runs what, what is skipped, what is shown meanwhile, and what is left when it ends or is broken off."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any

from toolkit import __version__, language
from toolkit.batch.index import write_index
from toolkit.batch.limits import Limits
from toolkit.batch.naming import folder_name
from toolkit.batch.parameters import checked_parameters, declared_parameters, required
from toolkit.batch.record import SUFFIX, BatchResult, Record, read_record, write_record
from toolkit.batch.run import ASSETS, Job, run_job
from toolkit.brand import DOCUMENT, Brand, brand_of
from toolkit.charts import offline
from toolkit.errors import BadValue
from toolkit.language import later, tr

_GIVEN = ("workspace", "store_id")
Told = Callable[[Record], None]


def run_reports(
    workspace_path: str | Path,
    *,
    stores: Sequence[Mapping[str, str]],
    notebooks: Sequence[Path],
    out: Path,
    parameters: Mapping[str, Any] | None = None,
    workers: int = 2,
    resume: bool = False,
    single_file: bool = False,
    executor: Executor | None = None,
    limits: Limits | None = None,
    fingerprint: str | None = None,
    progress: bool = True,
    title: str = later("Member reports"),
) -> BatchResult:
    """Run every notebook for every store and write pages, records and the index page into `out`.

    Parameters
    ----------
    stores
        One mapping a store: `store_id` as the shop writes it, and `label` (its name; the id where it has none).
    notebooks
        Notebooks with a cell tagged `parameters` that declares `workspace` and `store_id`.
    parameters
        Further parameters by name. A name that no notebook declares and a value of another type are refused before anything runs.
    workers
        Warm kernels side by side. They are fed by threads: the work is in the kernels, and threads need no `__main__` guard, die with the
        process, and share one import of papermill.
    executor
        Any `concurrent.futures.Executor` instead (a process pool, Dask's `client.get_executor()`); it is not shut down.
    resume
        Skip reports that were finished with the same parameters, notebook, data and version; failed ones are made again.
    fingerprint
        What stands for the data; by default the workspace's manifest. A resumed run with another one makes all reports again.

    Returns
    -------
    BatchResult
        Records in the order of `stores`, skipped ones included, and the path of the index page.

    Raises
    ------
    UnknownName, BadValue, DataError, ToolkitError
        A parameter, store list or notebook that cannot be run; nothing has been written then.
    """
    started = time.perf_counter()
    out, limits = Path(out).resolve(), limits or Limits()
    if executor is None and limits.threads_per_kernel is None:
        limits = limits.model_copy(update={"threads_per_kernel": max(1, (os.cpu_count() or 1) // max(1, workers))})
    data = fingerprint if fingerprint is not None else _data_fingerprint(Path(workspace_path))
    jobs = _jobs(
        Path(workspace_path).resolve(), stores, [Path(path) for path in notebooks], out, dict(parameters or {}), data, single_file, limits
    )
    brand = _brand_of(Path(workspace_path))
    out.mkdir(parents=True, exist_ok=True)
    _sweep(out)
    if not single_file:
        offline.write_bundle(out / ASSETS)
    done = {job: record for job in jobs if resume and (record := _finished(job)) is not None}
    fresh = _run([job for job in jobs if job not in done], executor, workers, progress)
    records = tuple((done | fresh)[job] for job in jobs)
    from toolkit.batch.whole_set import write_workbook

    write_workbook(out)
    index = write_index(out, title=title, brand=brand)
    return BatchResult(records=records, skipped=len(done), index=index, seconds=round(time.perf_counter() - started, 2))


class _Key:
    """A job that can be looked up: its parameters are a dict, so identity is what tells jobs apart."""

    __slots__ = ("job",)

    def __init__(self, job: Job) -> None:
        self.job = job


def _jobs(
    workspace: Path,
    stores: Sequence[Mapping[str, str]],
    notebooks: Sequence[Path],
    out: Path,
    given: dict[str, Any],
    data: str,
    single_file: bool,
    limits: Limits,
) -> list[_Key]:
    """Check everything that can be checked before the first report, and return the reports to make."""
    _check_names(stores, notebooks, given)
    declared = {path.stem: declared_parameters(path) for path in notebooks}
    required(declared, _GIVEN)
    checked = checked_parameters(given, declared)
    beside = tuple((_title(path), f"{path.stem}.html") for path in notebooks)
    contents = {path.stem: hashlib.sha256(path.read_bytes()).hexdigest()[:16] for path in notebooks}
    jobs = []
    for store in stores:
        store_id, label = store["store_id"], store.get("label") or store["store_id"]
        for path in notebooks:
            extra = {"store_label": label} if "store_label" in declared[path.stem] else {}
            own = {**checked[path.stem], **extra, "workspace": str(workspace), "store_id": store_id}
            grounds = (data, contents[path.stem], __version__, str(single_file), language.current())
            mark = hashlib.sha256("\n".join(grounds).encode()).hexdigest()[:16]
            folder = out / "stores" / folder_name(store_id)
            jobs.append(_Key(Job(path.resolve(), store_id, label, folder, own, mark, single_file, beside, limits)))
    return jobs


def _title(path: Path) -> str:
    """What a notebook is called on its page: its title is known before it runs."""
    from toolkit.batch.html import notebook_title

    return notebook_title(json.loads(path.read_text("utf-8")), path.stem)


def _check_names(stores: Sequence[Mapping[str, str]], notebooks: Sequence[Path], given: Mapping[str, Any]) -> None:
    ids = [store["store_id"] for store in stores]
    faults = []
    if not stores:
        faults.append(tr("A batch needs at least one store, but none came."))
    if not notebooks:
        faults.append(tr("A batch needs at least one notebook, but none came."))
    if len(set(ids)) != len(ids):
        twice = sorted({store_id for store_id in ids if ids.count(store_id) > 1})
        faults.append(tr("Each store may come once, but these came again: {names}.", names=", ".join(twice[:10])))
    stems = [path.stem for path in notebooks]
    if len(set(stems)) != len(stems):
        faults.append(
            tr("Notebooks need different file names, but {names} came: the files of one would replace the other's.", names=", ".join(stems))
        )
    faults += [tr("Parameter '{name}' is set by the batch itself; leave it out.", name=name) for name in _GIVEN if name in given]
    if faults:
        raise BadValue("\n".join(faults))


def _run(keys: Sequence[_Key], executor: Executor | None, workers: int, progress: bool) -> dict[_Key, Record]:
    if not keys:
        return {}
    records: dict[_Key, Record] = {}
    with _told(len(keys), progress) as tell:
        if executor is not None:
            _drain(executor, keys, records, tell)
        else:
            from toolkit.batch.warm_engine import kill_all, stop_all

            pool = ThreadPoolExecutor(max_workers=max(1, min(workers, len(keys))), thread_name_prefix="report")
            try:
                _drain(pool, keys, records, tell)
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
            finally:
                kill_all()  # what still runs ends with its kernel
                pool.shutdown(wait=True, cancel_futures=True)
                stop_all()
    return records


def _drain(pool: Executor, keys: Iterable[_Key], records: dict[_Key, Record], tell: Told) -> None:
    """Hand the jobs out and take the records in; a worker that died is the failure of its report, never silently tried again."""
    waiting: dict[Future[Record], _Key] = {}
    for key in keys:
        try:
            waiting[pool.submit(run_job, key.job)] = key
        except RuntimeError as error:  # the pool broke: BrokenExecutor is a RuntimeError
            records[key] = _lost(key.job, error)
            tell(records[key])
    for future in as_completed(waiting):
        key = waiting[future]
        try:
            records[key] = future.result()
        except Exception as error:  # noqa: BLE001 - a full disk, a dead worker: recorded, and the rest goes on
            records[key] = _lost(key.job, error)
        tell(records[key])


def _lost(job: Job, error: Exception) -> Record:
    """Record a report whose worker gave no answer; where even that cannot be written, the index says less but the run goes on."""
    from toolkit.batch.html import Heading, notice_page

    sentence = (
        f"The worker could not finish the report: {type(error).__name__}: {str(error).splitlines()[0] if str(error) else 'no message'}"
    )
    page = f"{job.stem}.html"
    record = Record(
        job.store_id,
        job.label,
        job.stem,
        "failed",
        sentence,
        page=f"stores/{job.folder.name}/{page}",
        parameters=dict(job.parameters),
        fingerprint=job.fingerprint,
    )
    with contextlib.suppress(OSError):
        job.folder.mkdir(parents=True, exist_ok=True)
        heading = Heading(job.stem, job.label, job.store_id, index_url="" if job.single_file else "../../index.html")
        (job.folder / page).write_text(notice_page(heading, kind="failed", sentence=sentence), "utf-8")
        write_record(job.folder, record)
    return record


def _finished(key: _Key) -> Record | None:
    """Return the record of a report that need not be made again."""
    job = key.job
    record = read_record(job.folder / f"{job.stem}{SUFFIX}")
    if (
        record is None
        or record.status == "failed"
        or record.fingerprint != job.fingerprint
        or dict(record.parameters) != dict(job.parameters)
    ):
        return None
    return record if (job.folder / f"{job.stem}.html").exists() else None


def _sweep(out: Path) -> None:
    """Remove what a killed run was writing; nobody reads these names."""
    for part in out.glob("stores/*/.*.part"):
        part.unlink(missing_ok=True)


def _data_fingerprint(workspace: Path) -> str:
    manifest = workspace / "manifest.json"
    brand = workspace / "documents" / f"{DOCUMENT}.toml"
    stand = [path.read_bytes() for path in (manifest, brand) if path.exists()]
    return hashlib.sha256(b"".join(stand)).hexdigest()[:16] if manifest.exists() else ""


def _brand_of(workspace: Path) -> Brand:
    """The brand of what is a workspace; a broken one stops the run before it begins."""
    return brand_of(workspace) if (workspace / "documents" / f"{DOCUMENT}.toml").exists() else Brand()


@contextlib.contextmanager
def _told(total: int, wanted: bool):
    """Show a bar on a terminal, and nothing elsewhere; failures are named as they come."""
    if not wanted:
        yield lambda record: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (
        TextColumn("Reports"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[bad]}", style="red"),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        task, failed = bar.add_task("reports", total=total, bad=""), 0

        def tell(record: Record) -> None:
            nonlocal failed
            if record.status == "failed":
                failed += 1
                console.print(f"{record.label} · {record.notebook}: {record.error}", markup=False, highlight=False)
            bar.update(task, advance=1, bad=f"{failed} failed" if failed else "")

        yield tell
