"""Retail member toolkit: portrait, targeting, differentiation, review - from the shop's own receipts.

    import toolkit as tk

    tk.import_receipts("complete-journey", "demo/workspace")
    ws = tk.open("demo/workspace")
    tk.portrait.segments(ws)
    tk.ask(ws, "which members carry the sales?")

Importing the package loads nothing heavy: each name below is loaded when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_WHERE = {
    "Answer": "toolkit.answer",
    "Settings": "toolkit.settings",
    "ToolkitError": "toolkit.errors",
    "Workspace": "toolkit.workspace",
    "ask": "toolkit.questions",
    "check_receipts": "toolkit.importing",
    "import_receipts": "toolkit.importing",
    "report_set": "toolkit.batch",
    "simulated_shop": "toolkit.sources.simulated",
}
_STEPS = ("portrait",)

__all__ = ["__version__", "open", "portrait", "questions", *sorted(_WHERE)]

if TYPE_CHECKING:
    import polars as pl

    from toolkit import portrait as portrait
    from toolkit.answer import Answer as Answer
    from toolkit.batch import report_set as report_set
    from toolkit.errors import ToolkitError as ToolkitError
    from toolkit.importing import check_receipts as check_receipts
    from toolkit.importing import import_receipts as import_receipts
    from toolkit.questions import ask as ask
    from toolkit.settings import Settings as Settings
    from toolkit.sources.simulated import simulated_shop as simulated_shop
    from toolkit.workspace import Workspace as Workspace


def open(path: str) -> Workspace:  # noqa: A001 - reads well: tk.open("demo/workspace")
    """Open a workspace.

    Raises
    ------
    WorkspaceError
        The folder is no workspace, is damaged, or was written by a newer version.

    Example
    -------
    >>> import toolkit as tk
    >>> ws = tk.open("demo/workspace")                                 # doctest: +SKIP
    """
    from toolkit.workspace import Workspace

    return Workspace(path)


def questions() -> pl.DataFrame:
    """Return every question that can be asked: one row per question with its step, name, text and how to call it."""
    import polars as pl

    from toolkit.questions import all_questions

    rows = [(item.step, item.name, item.text, item.example()) for item in all_questions()]
    return pl.DataFrame(rows, schema=["step", "name", "question", "call"], orient="row")


def __getattr__(name: str) -> Any:
    if name in _STEPS:
        return import_module(f"toolkit.{name}")
    if name in _WHERE:
        return getattr(import_module(_WHERE[name]), name)
    raise AttributeError(f"module 'toolkit' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted([*__all__, *_STEPS])
