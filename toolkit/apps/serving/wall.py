"""The wall: one full-screen page for a running day, made by the server itself; it looks for new receipts and draws itself anew.

No widgets, no kernel: its figures are the answers of `review.wall`, worked out once for each state of the workspace and language.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tornado import web

from toolkit import language, wording
from toolkit.apps.pages import panels
from toolkit.apps.pages.error_boundary import fault_sentence, log_fault
from toolkit.apps.serving.identity import language_of
from toolkit.apps.serving.limits import with_nonce
from toolkit.apps.serving.lost import InWords
from toolkit.errors import ToolkitError
from toolkit.language import tr
from toolkit.registry import find_question
from toolkit.rendering import kept
from toolkit.workspace import Workspace

QUESTION = "review.wall"
LARGE = ("visitors", "order_count", "order_value", "units_per_order", "sales", "target_rate", "redemptions")
"""Figures in large type, in this order; what is not known is left out, so that the rest is larger."""
MOST_STORES = 8
_SIGNS = {"REVIEW": "!", "FAIL": "!", "PASS": "✓"}


@dataclass(frozen=True)
class Large:
    """A figure in large type: its words, its value, and what stands below it ("" = nothing)."""

    words: str
    value: str
    beside: str = ""


@dataclass(frozen=True)
class Board:
    """The wall as it is shown: headline (HTML), figures, alarms (sign, sentence), the chart, stores (place, store, sales, change)."""

    headline: str
    large: tuple[Large, ...] = ()
    alarms: tuple[tuple[str, str], ...] = ()
    chart: str = ""
    stores: tuple[tuple[str, str, str, str], ...] = ()


class Wall:
    """The boards of a workspace, each worked out once for each of its states, language and store."""

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="wall")
        self._state = ""
        self._made: dict[tuple[str, str], Future[Board]] = {}

    def state(self) -> str:
        """Return a text that changes when receipts, tables or campaigns do."""
        folder = self.path / "campaigns"
        return f"{Workspace(self.path).written_at()}-{folder.stat().st_mtime_ns if folder.exists() else 0}"

    def board(self, code: str, store_id: str = "") -> Future[Board]:
        """Return the board in a language, of the chain or a store."""
        if (state := self.state()) != self._state:
            self._state, self._made = state, {}
        if (code, store_id) not in self._made:
            self._made[code, store_id] = self._worker.submit(_told, self.path, code, store_id)
        return self._made[code, store_id]


class WallHandler(InWords):
    """The page; `?state=` that is still the state is answered with 204, so that looking costs nothing."""

    def initialize(self, wall: Wall, **given: Any) -> None:
        """Take what makes the board."""
        super().initialize(**given)
        self.wall = wall

    @web.authenticated
    async def get(self) -> None:
        """Give the page."""
        state = self.wall.state()
        if self.get_query_argument("state", "") == state:
            self.set_status(204)
            return
        code, store_id = language_of(self), self.get_query_argument("store_id", "")
        board = await asyncio.wrap_future(self.wall.board(code, store_id))
        nonce, policy = with_nonce(self.settings["headers"]["Content-Security-Policy"])
        self.set_header("Content-Security-Policy", policy)
        self.set_header("Cache-Control", "no-store")
        with language.speaking(code):
            self.write(self.render_template("wall.html", board=board, state=state, tr=tr, nonce=nonce, language=code))


def _told(path: Path, code: str, store_id: str) -> Board:
    """The board, or the sentence that says why there is none."""
    with language.speaking(code):
        try:
            return board_of(Workspace(path), store_id)
        except ToolkitError as error:
            return Board(kept(str(error)))
        except Exception as error:  # noqa: BLE001
            return Board(kept(fault_sentence(log_fault(error))))


def board_of(ws: Workspace, store_id: str = "") -> Board:
    """Return the board of a workspace, or of one of its stores, in the language that is spoken."""
    scope = {"store_id": store_id} if store_id else {}
    ask = find_question(QUESTION)
    hours = ask(ws, **scope)
    if hours.table.is_empty():
        return Board(kept(hours.headline))
    stores = ask(ws, by="store", **scope)
    columns = ask.figures
    large = tuple(
        Large(
            wording.heading(columns[name]),
            wording.column_text(hours.figures[name], columns[name], hours.currency),
            _beside(name, hours.figures, columns, hours.currency),
        )
        for name in LARGE
        if hours.figures.get(name) is not None
    )
    arms = [name for name in ("treated_buyers", "control_buyers") if hours.figures.get(name) is not None]
    if len(arms) == 2:
        treated, control = (wording.column_text(hours.figures[name], columns[name], hours.currency) for name in arms)
        large = (*large, Large(tr("Treated who bought"), treated, tr("of as many in the control: {buyers}", buyers=control)))
    alarms = tuple((_SIGNS[note.verdict], kept(note.text)) for note in hours.notes if note.verdict in _SIGNS)
    rows = stores.table.head(MOST_STORES).iter_rows(named=True)
    ranking = tuple(
        (str(row["place"]), row["store_id"], wording.money(row["sales"], hours.currency), _change(row["sales_change"])) for row in rows
    )
    return Board(kept(hours.headline), large, alarms, panels.chart(hours), () if store_id else ranking)


def _beside(name: str, figures: Mapping[str, Any], columns: Mapping[str, Any], currency: str) -> str:
    """What a figure is compared with."""
    if name == "sales" and figures.get("sales_change") is not None:
        usual = wording.column_text(figures["usual_sales"], columns["usual_sales"], currency)
        return tr("{change} against the usual {usual}", change=_change(figures["sales_change"]), usual=usual)
    if name == "target_rate":
        return tr("by now: {target}", target=wording.column_text(figures["target_sales"], columns["target_sales"], currency))
    if name == "order_count" and figures.get("visitors"):
        return tr("{rate} of the visitors", rate=wording.share(figures["order_count"] / figures["visitors"]))
    return ""


def _change(change: float | None) -> str:
    return "" if change is None else f"{'▲' if change >= 0 else '▼'} {wording.share(abs(change))}"
