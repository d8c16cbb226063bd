"""Runs inside a warm kernel: what the kernel looked like when it was fresh, and how it gets back there between notebooks.

Reset are: the notebook's names, working directory, environment, import path, warning filters, IPython's hooks and counter, options of
polars and altair, random seeds, widgets, and modules that a notebook imported from its own folder. Modules of installed packages stay:
that is what makes the kernel warm, and what the toolkit holds in memory about a workspace is meant to be shared by its reports.
"""

from __future__ import annotations

import gc
import os
import sys
import sysconfig
import warnings
from dataclasses import dataclass
from typing import Any

_EVENTS = ("pre_execute", "pre_run_cell", "post_run_cell", "post_execute")


@dataclass(frozen=True)
class _Fresh:
    folder: str
    environment: dict[str, str]
    path: list[str]
    filters: list[Any]
    modules: frozenset[str]
    callbacks: dict[str, list[Any]]
    displayhook_precision: str


_fresh: _Fresh | None = None


def snapshot() -> None:
    """Import what every report needs and remember the kernel as it is now."""
    global _fresh  # noqa: PLW0603 - a module is what survives a reset
    # The kernel is our own program: without this the import of altair costs twice as much, for a check of international URLs.
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
    import altair  # noqa: F401 - the warm-up
    import polars  # noqa: F401
    from IPython import get_ipython

    import toolkit.charts.drawing
    import toolkit.registry
    import toolkit.rendering

    toolkit.registry.take_installed()  # their modules may lie outside of site-packages (an editable install): here they stay
    shell = get_ipython()
    _fresh = _Fresh(
        folder=os.getcwd(),
        environment=dict(os.environ),
        path=list(sys.path),
        filters=list(warnings.filters),
        modules=frozenset(sys.modules),
        callbacks={event: list(shell.events.callbacks[event]) for event in _EVENTS},
        displayhook_precision=shell.display_formatter.formatters["text/plain"].float_precision,
    )
    gc.collect()
    gc.freeze()  # what the libraries hold is not looked through again at each reset: 5 ms instead of a second


def reset() -> None:
    """Bring the kernel back to the snapshot."""
    from IPython import get_ipython

    if _fresh is None:
        raise RuntimeError("warm_kernel.reset() was called before snapshot().")
    shell = get_ipython()
    shell.reset(new_session=True, aggressive=False)
    os.chdir(_fresh.folder)
    os.environ.clear()
    os.environ.update(_fresh.environment)
    sys.path[:] = _fresh.path
    warnings.filters[:] = _fresh.filters  # type: ignore[index]
    warnings._filters_mutated()  # type: ignore[attr-defined]
    for event, callbacks in _fresh.callbacks.items():
        shell.events.callbacks[event] = list(callbacks)
    for name in ("last_type", "last_value", "last_traceback", "last_exc"):  # a failed cell's frames hold its tables
        if hasattr(sys, name):
            delattr(sys, name)
    _forget_local_modules()
    sys.modules["toolkit.registry"].forget_gone()
    _reset_libraries()
    shell.display_formatter.formatters["text/plain"].float_precision = _fresh.displayhook_precision
    shell.execution_count = 1


def _forget_local_modules() -> None:
    """Drop modules imported since that are not installed ones: the next notebook shall read its own, with no state left in them."""
    assert _fresh is not None
    installed = tuple({sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")})
    ours = os.path.dirname(os.path.dirname(__file__))
    for name in set(sys.modules) - _fresh.modules:
        file = getattr(sys.modules[name], "__file__", None)
        if file and not file.startswith((*installed, ours)):
            del sys.modules[name]


def _reset_libraries() -> None:
    polars = sys.modules.get("polars")
    if polars is not None:
        polars.Config.restore_defaults()
    altair = sys.modules.get("altair")
    if altair is not None:
        altair.renderers.enable("default")
        altair.data_transformers.enable("default")
        altair.theme.enable("default")
    for name in ("random", "numpy.random"):
        if name in sys.modules:
            sys.modules[name].seed()
    widgets = sys.modules.get("ipywidgets")
    if widgets is not None:
        widgets.Widget.close_all()
