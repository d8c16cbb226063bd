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

__version__ = "0.2.0"

_WHERE = {
    "Answer": "toolkit.answer",
    "Audience": "toolkit.audience",
    "Definition": "toolkit.ledger.definition",
    "Finding": "toolkit.answer",
    "Note": "toolkit.answer",
    "Offer": "toolkit.ledger.offer",
    "Settings": "toolkit.settings",
    "ToolkitError": "toolkit.errors",
    "View": "toolkit.scope.view",
    "Workspace": "toolkit.workspace",
    "ask": "toolkit.conversation.reply",
    "check_receipts": "toolkit.importing",
    "campaign": "toolkit.differentiation.planning.launching",
    "campaigns": "toolkit.differentiation.planning.launching",
    "contact_lists": "toolkit.differentiation.planning.launching",
    "explore": "toolkit.apps.notebook",
    "export_audience": "toolkit.audience",
    "forget": "toolkit.personal.forget",
    "from_frame": "toolkit.importing.frames",
    "import_receipts": "toolkit.importing",
    "give_out_tasks": "toolkit.targeting.giving_out",
    "launch": "toolkit.differentiation.planning.launching",
    "load_audience": "toolkit.audience",
    "own_answers": "toolkit.own_section",
    "propose_plan": "toolkit.differentiation.planning.proposal",
    "pseudonymise": "toolkit.personal.pseudonymise",
    "question": "toolkit.registry",
    "register": "toolkit.registry",
    "report_set": "toolkit.batch.selection",
    "retain": "toolkit.personal.retention",
    "rfm_scores": "toolkit.portrait",
    "save_audience": "toolkit.audience",
    "save_plan": "toolkit.differentiation.planning.launching",
    "save_scorecard": "toolkit.portrait",
    "saved_audiences": "toolkit.audience",
    "set_global_control": "toolkit.differentiation.planning.launching",
    "simulated_shop": "toolkit.simulated",
    "speak": "toolkit.language",
    "store_page": "toolkit.batch.store_page",
    "talk": "toolkit.apps.notebook",
    "traits": "toolkit.portrait",
    "wall": "toolkit.apps.notebook",
    "write_all_lessons": "toolkit.review.measures.learnt",
    "write_back": "toolkit.results",
    "write_lessons": "toolkit.review.measures.learnt",
}
_STEPS = ("portrait", "targeting", "differentiation", "review")

__all__ = [
    "Answer",
    "Audience",
    "Definition",
    "Finding",
    "Note",
    "Offer",
    "Settings",
    "ToolkitError",
    "View",
    "Workspace",
    "__version__",
    "ask",
    "campaign",
    "campaigns",
    "check_receipts",
    "contact_lists",
    "differentiation",
    "explore",
    "export_audience",
    "forget",
    "from_frame",
    "give_out_tasks",
    "import_receipts",
    "launch",
    "load_audience",
    "members",
    "open",
    "own_answers",
    "portrait",
    "propose_plan",
    "pseudonymise",
    "question",
    "questions",
    "register",
    "report_set",
    "retain",
    "review",
    "rfm_scores",
    "save_audience",
    "save_plan",
    "save_scorecard",
    "saved_audiences",
    "set_global_control",
    "simulated_shop",
    "speak",
    "store_page",
    "talk",
    "targeting",
    "traits",
    "wall",
    "write_all_lessons",
    "write_back",
    "write_lessons",
]

if TYPE_CHECKING:
    import polars as pl

    from toolkit import differentiation as differentiation
    from toolkit import portrait as portrait
    from toolkit import review as review
    from toolkit import targeting as targeting
    from toolkit.answer import Answer as Answer
    from toolkit.answer import Finding as Finding
    from toolkit.answer import Note as Note
    from toolkit.apps.notebook import explore as explore
    from toolkit.apps.notebook import talk as talk
    from toolkit.apps.notebook import wall as wall
    from toolkit.audience import Audience as Audience
    from toolkit.audience import export_audience as export_audience
    from toolkit.audience import load_audience as load_audience
    from toolkit.audience import save_audience as save_audience
    from toolkit.audience import saved_audiences as saved_audiences
    from toolkit.batch.selection import report_set as report_set
    from toolkit.batch.store_page import store_page as store_page
    from toolkit.conversation.reply import ask as ask
    from toolkit.differentiation.planning.launching import campaign as campaign
    from toolkit.differentiation.planning.launching import campaigns as campaigns
    from toolkit.differentiation.planning.launching import contact_lists as contact_lists
    from toolkit.differentiation.planning.launching import launch as launch
    from toolkit.differentiation.planning.launching import save_plan as save_plan
    from toolkit.differentiation.planning.launching import set_global_control as set_global_control
    from toolkit.differentiation.planning.proposal import propose_plan as propose_plan
    from toolkit.errors import ToolkitError as ToolkitError
    from toolkit.importing import check_receipts as check_receipts
    from toolkit.importing import import_receipts as import_receipts
    from toolkit.importing.frames import from_frame as from_frame
    from toolkit.language import speak as speak
    from toolkit.ledger.definition import Definition as Definition
    from toolkit.ledger.offer import Offer as Offer
    from toolkit.own_section import own_answers as own_answers
    from toolkit.personal.forget import forget as forget
    from toolkit.personal.pseudonymise import pseudonymise as pseudonymise
    from toolkit.personal.retention import retain as retain
    from toolkit.portrait import rfm_scores as rfm_scores
    from toolkit.portrait import save_scorecard as save_scorecard
    from toolkit.portrait import traits as traits
    from toolkit.registry import question as question
    from toolkit.registry import register as register
    from toolkit.results import write_back as write_back
    from toolkit.review.measures.learnt import write_all_lessons as write_all_lessons
    from toolkit.review.measures.learnt import write_lessons as write_lessons
    from toolkit.scope.view import View as View
    from toolkit.settings import Settings as Settings
    from toolkit.simulated import simulated_shop as simulated_shop
    from toolkit.targeting.giving_out import give_out_tasks as give_out_tasks
    from toolkit.workspace import Workspace as Workspace


def open(path: str) -> Workspace:
    """Open a workspace.

    Raises
    ------
    WorkspaceError
        The folder is no workspace, is damaged, or was written by a newer version.

    Example
    -------
    >>> import toolkit as tk
    >>> ws = tk.open("demo/workspace")
    """
    from toolkit.workspace import Workspace

    return Workspace(path)


def questions() -> pl.DataFrame:
    """Return every question that can be asked: one row per question with its step, name, text and how to call it."""
    import polars as pl

    from toolkit.registry import all_questions

    rows = [(item.step, item.name, item.text, item.example()) for item in all_questions()]
    return pl.DataFrame(rows, schema=["step", "name", "question", "call"], orient="row")


def members(workspace: Workspace | str, *, as_of: str | None = None, traits: bool = False) -> pl.DataFrame:
    """Return the members table: one row per member with every feature, as an audience's expression sees it.

    Money is in currency units, `home_store_id`, `top_channel` and `top_category` are names; attributes of the shop's own members table come
    last. Null: not measured (see `toolkit.schemas.MEMBER_FEATURES`). With `traits` the portrait's traits follow: segment, stage,
    purchase_probability, ... (see `tk.portrait.traits`); they take some seconds the first time.

    Raises
    ------
    DataError
        No receipts up to `as_of`.
    NotAllowed
        Who asks may see figures alone (documents/roles.toml).

    Example
    -------
    >>> import toolkit as tk
    >>> tk.members("demo/workspace").filter(pl.col("order_count") > 50)
    """
    from toolkit.audience.handing_out import handed_out
    from toolkit.language import tr
    from toolkit.scope.traits import with_traits
    from toolkit.scope.view import open_view
    from toolkit.workspace import opened

    ws = opened(workspace)
    view = open_view(ws, as_of=as_of)
    return handed_out(ws, with_traits(view) if traits else view.readable, tr("the members table"))


if not TYPE_CHECKING:  # a checker that saw it would take any name for known

    def __getattr__(name: str) -> Any:
        if name in _STEPS:
            return import_module(f"toolkit.{name}")
        if name in _WHERE:
            from toolkit.extras import absence_told

            with absence_told():
                return getattr(import_module(_WHERE[name]), name)
        raise AttributeError(f"module 'toolkit' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted(__all__)
