"""Reports for every store: notebooks run by papermill on warm kernels, pages that open from disk, an index, and a record of each outcome.

Importing this package imports neither papermill nor nbconvert: a warm kernel reads one module of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from toolkit.batch.record import BatchResult as BatchResult
    from toolkit.batch.record import Record as Record
    from toolkit.batch.scheduler import run_reports as run_reports
    from toolkit.batch.selection import report_set as report_set

_HOMES = {"report_set": "selection", "run_reports": "scheduler", "BatchResult": "record", "Record": "record", "Limits": "limits"}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
