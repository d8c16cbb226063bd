"""Where partitions are worked on: this process, or the workers of a Dask scheduler. The code that works on one is the same.

A task is a function of a module, called with one part and what all parts share; it writes files to the workspace's folder, which every
worker sees under the same path, and returns something small. Nothing is scheduled by hand: Dask sends what a dead worker was at to another.
"""

from __future__ import annotations

import sys
import uuid
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import polars as pl

import toolkit
from toolkit.errors import ToolkitError
from toolkit.extras import absence_told
from toolkit.language import tr
from toolkit.settings import read_settings
from toolkit.workspace import Workspace

T = TypeVar("T")
Spread = Callable[..., Iterator[Any]]
"""`spread(task, parts, *shared)` yields `task(part, *shared)` for each part, in their order."""
SECONDS = 15
"""For so long a scheduler, and then its first worker, is waited for."""
RETRIES = 2


class EngineError(ToolkitError):
    """The scheduler or its workers cannot do the work; nothing was changed."""


@contextmanager
def engine_of(ws: Workspace, *, workers: int = 1) -> Iterator[Spread]:
    """Give the way that the settings of a workspace name (`machines.engine`) to work on parts; it ends with the block.

    Parameters
    ----------
    ws
        The workspace whose folder the tasks write to.
    workers
        Parts at work at once in this process; Dask has as many as it has workers.

    Raises
    ------
    EngineError
        The scheduler is not there or has no worker, or a worker has other versions, or cannot write where the workspace is.
    """
    machines = read_settings(ws.document("settings")).machines
    if machines.engine == "dask":
        with _dask(machines.scheduler, ws.path) as client:
            yield partial(_spread_out, client)
    elif workers == 1:
        yield lambda task, parts, *shared: (task(part, *shared) for part in parts)
    else:
        with ThreadPoolExecutor(workers) as pool:
            yield lambda task, parts, *shared: pool.map(lambda part: task(part, *shared), parts)


@contextmanager
def executor_of(ws: Workspace) -> Iterator[Executor | None]:
    """Give Dask's executor where the settings of a workspace name that engine, else None."""
    machines = read_settings(ws.document("settings")).machines
    if machines.engine != "dask":
        yield None
        return
    with _dask(machines.scheduler, ws.path) as client:
        yield client.get_executor(retries=RETRIES, pure=False)


def _spread_out(client: Any, task: Callable[..., T], parts: Sequence[Any], *shared: Any) -> Iterator[T]:
    # What is shared goes to a worker once and not with each part.
    sent = [client.scatter(one, broadcast=True, hash=False) for one in shared]
    waiting = deque(client.submit(_checked, task, versions(), part, *sent, pure=False, retries=RETRIES) for part in parts)
    while waiting:
        # Each is let go of as soon as it is taken in: what thousands of parts return need not be held at once.
        yield waiting.popleft().result()


def _checked(task: Callable[..., T], wanted: dict[str, str], part: Any, *shared: Any) -> T:
    """Work on a part, if this worker, which may have come later, has the versions of who asks."""
    if fault := _other_versions(wanted, versions()):
        raise EngineError(fault)
    return task(part, *shared)


def versions() -> dict[str, str]:
    """Return what a result rests on: versions of the package, of polars and of Python."""
    return {"toolkit": toolkit.__version__, "polars": pl.__version__, "Python": f"{sys.version_info.major}.{sys.version_info.minor}"}


def _other_versions(wanted: dict[str, str], found: dict[str, str]) -> str:
    other = [name for name in wanted if found.get(name) != wanted[name]]
    return ", ".join(
        tr("{package} {found} and not {wanted}", package=name, found=found.get(name, "-"), wanted=wanted[name]) for name in other
    )


@contextmanager
def _dask(scheduler: str, folder: Path) -> Iterator[Any]:
    with absence_told():
        from distributed import Client
    try:
        client = Client(scheduler, timeout=SECONDS, set_as_default=False)
    except (OSError, ValueError) as error:
        raise EngineError(
            tr(
                "There is no Dask scheduler at {address} ({error}). Start it (`dask scheduler`), set machines.scheduler to where it is, or "
                'set machines.engine to "local".',
                address=scheduler, error=type(error).__name__,
            )
        ) from None  # fmt: skip
    try:
        _look_at_workers(client, scheduler, folder)
        yield client
    finally:
        client.close()


def _look_at_workers(client: Any, scheduler: str, folder: Path) -> None:
    """Refuse, in a sentence, what would end in the middle: no worker, other versions, a folder that is not the same to all."""
    try:
        client.wait_for_workers(1, timeout=SECONDS)
    except TimeoutError:
        raise EngineError(
            tr("The scheduler at {address} has no workers. Start some: `dask worker {address}`.", address=scheduler)
        ) from None
    token = folder / f".engine-{uuid.uuid4().hex}"
    try:
        token.touch()
        told = client.run(_worker_told, str(token), on_error="return")
    finally:
        token.unlink(missing_ok=True)
    faults = []
    for worker, found in told.items():
        if isinstance(found, Exception):
            faults.append(tr("Worker {worker} cannot run the package ({error}).", worker=worker, error=f"{type(found).__name__}: {found}"))
            continue
        if other := _other_versions(versions(), found["versions"]):
            faults.append(tr("Worker {worker} has {other}: install the same there, or results may differ.", worker=worker, other=other))
        if found["fault"]:
            faults.append(
                tr(
                    "Worker {worker} cannot write {folder} ({error}): mount the workspace there under the same path, for writing.",
                    worker=worker, folder=folder, error=found["fault"],
                )
            )  # fmt: skip
    if faults:
        raise EngineError("\n".join(faults))


def _worker_told(token: str) -> dict[str, Any]:
    """Return the versions of this worker, and why it cannot use the folder of the token, if so."""
    at, fault = Path(token), ""
    try:
        if not at.exists():
            raise FileNotFoundError(2, "No such file", token)
        probe = at.with_name(f"{at.name}.{uuid.uuid4().hex}")
        probe.touch()
        probe.unlink()
    except OSError as error:
        fault = error.strerror or type(error).__name__
    return {"versions": versions(), "fault": fault}
