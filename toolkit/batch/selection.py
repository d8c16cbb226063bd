"""A set of reports for a workspace: which stores, which notebooks, where to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import polars as pl

from toolkit.batch.limits import Limits
from toolkit.batch.record import BatchResult
from toolkit.batch.scheduler import run_reports
from toolkit.engine import executor_of
from toolkit.errors import BadValue, unknown_name
from toolkit.extras import require
from toolkit.language import tr
from toolkit.scope.view import open_view
from toolkit.settings import read_settings
from toolkit.shipped import find_notebook
from toolkit.workspace import Workspace, opened


def report_set(
    workspace: Workspace | str | Path,
    *,
    stores: str | Sequence[str] = "top:10",
    notebooks: Sequence[str] = ("store", "portrait"),
    out: str | Path | None = None,
    given: Mapping[str, Any] | None = None,
    workers: int = 2,
    resume: bool = False,
    single_file: bool = False,
    executor: Executor | None = None,
    limits: Limits | None = None,
    progress: bool = True,
) -> BatchResult:
    """Run notebooks for the chain and its stores and write an indexed set of pages that open from disk with no network.

    Parameters
    ----------
    stores
        `"all"`, `"top:10"` (the ten with the most sales up to as_of), or store ids, as a list or separated by commas.
    notebooks
        Names of shipped notebooks, or paths of your own.
    out
        Folder of the set; default: `reports/<as_of>` in the workspace.
    given
        Further parameters of the notebooks: as_of, period, settings.
    workers, resume, single_file, executor, limits, progress
        As `toolkit.batch.scheduler.run_reports`; without an executor that of the workspace's settings (machines.engine).

    Returns
    -------
    BatchResult
        The outcome of each report, and the path of the index page.

    Raises
    ------
    UnknownName, BadValue, DataError, WorkspaceError
        A store, notebook, parameter or date that does not exist; nothing has been written then.
    MissingExtra
        The packages that run notebooks are not installed.

    Example
    -------
    >>> import toolkit as tk
    >>> tk.report_set("demo/workspace", stores="top:10").index              # doctest: +SKIP
    """
    require("notebook", "models", "charts")
    ws = opened(workspace)
    parameters = {name: value for name, value in (given or {}).items() if value not in (None, "")}
    read_settings(parameters.get("settings"))  # a wrong setting is one error now, not one per store
    paths = [find_notebook(name) for name in notebooks]
    view = open_view(ws, as_of=parameters.get("as_of"), period=parameters.get("period"))
    chosen = choose_stores(store_sales(view.mart.orders, view.stores), stores)
    parameters["as_of"] = view.as_of.isoformat()
    with nullcontext(executor) if executor is not None else executor_of(ws) as pool:
        return run_reports(
            ws.path,
            stores=[{"store_id": "", "label": tr("The chain")}, *chosen],
            notebooks=paths,
            out=Path(out) if out is not None else ws.path / "reports" / view.as_of.isoformat(),
            parameters=parameters,
            workers=workers,
            resume=resume,
            single_file=single_file,
            executor=pool,
            limits=limits,
            progress=progress,
            title=tr("Member reports, as of {as_of}", as_of=view.as_of),
        )


def store_sales(orders: pl.LazyFrame, stores: pl.DataFrame) -> pl.DataFrame:
    """Return one row per store, most sales first: store_id, store_name (null where the shop has none), amount; ties by store_id."""
    sums = orders.group_by("store_code").agg(pl.col("amount").sum()).collect(engine="streaming")
    return (
        stores.join(sums, on="store_code", how="left")
        .with_columns(pl.col("amount").fill_null(0))
        .sort(["amount", "store_id"], descending=[True, False])
    )


def choose_stores(ranked: pl.DataFrame, wanted: str | Sequence[str]) -> list[dict[str, str]]:
    """Return the stores to report on as (store_id, label), in the order wanted.

    Raises
    ------
    UnknownName
        An id that is no store.
    BadValue
        `top:` without a number.
    """
    if isinstance(wanted, str):
        if wanted == "all":
            return _labelled(ranked)
        if wanted.startswith("top:"):
            count = wanted.removeprefix("top:")
            if not count.isdecimal() or int(count) < 1:
                raise BadValue(tr("stores is '{wanted}'; 'top:' needs a number of stores, such as top:10.", wanted=wanted))
            return _labelled(ranked.head(int(count)))
        # An id may hold a comma: the whole text is tried as one id first.
        wanted = [wanted] if wanted in ranked["store_id"] else [part.strip() for part in wanted.split(",") if part.strip()]
    known = {row["store_id"]: row for row in _labelled(ranked)}
    for store_id in wanted:
        if store_id not in known:
            raise unknown_name("store", store_id, known, where="The workspace")
    return [known[store_id] for store_id in dict.fromkeys(wanted)]


def _labelled(ranked: pl.DataFrame) -> list[dict[str, str]]:
    return [
        {"store_id": store_id, "label": f"{name} ({store_id})" if name else tr("Store {store_id}", store_id=store_id)}
        for store_id, name in ranked.select("store_id", "store_name").iter_rows()
    ]
