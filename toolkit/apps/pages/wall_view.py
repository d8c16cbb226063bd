"""The wall as a widget of a notebook: the answer of `review.wall`, asked again when receipts came in."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import ipywidgets as widgets

from toolkit.answer import Answer
from toolkit.apps.pages import panels
from toolkit.apps.pages.shown import Shown
from toolkit.errors import ToolkitError
from toolkit.registry import find_question
from toolkit.workspace import Workspace


class WallView:
    """The answer with its chart, table and alarms; `answer` is what is shown, `look()` asks again if receipts came in."""

    def __init__(self, workspace: Workspace | str | Path, store_id: str = "", seconds: float = 5) -> None:
        self.path = workspace.path if isinstance(workspace, Workspace) else Path(workspace)
        self.store_id, self.seconds = store_id, seconds
        self.shown = Shown()
        self.answer: Answer | None = None
        self._seen = 0
        self.box = widgets.VBox(list(self.shown.parts))
        self.look()

    def look(self) -> bool:
        """Ask again if the workspace changed; True where it did."""
        try:
            ws = Workspace(self.path)
            if ws.written_at() == self._seen:
                return False
            self.answer = find_question("review.wall")(ws, **({"store_id": self.store_id} if self.store_id else {}))
            self._seen = ws.written_at()
            self.shown.show(self.answer)
        except ToolkitError as error:
            self.shown.stop.value = panels.sentence(str(error))
        return True

    def _ipython_display_(self) -> None:
        from IPython.display import display

        display(self.box)
        self.following: Any = asyncio.get_event_loop().create_task(self._follow())

    async def _follow(self) -> None:
        while self.box.comm is not None:
            await asyncio.sleep(self.seconds)
            self.look()
