"""Receipts on their way in, as a page keeps them: the door (`importing.door`), what arrived, and when something is tried. No widgets."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import traitlets

from toolkit.apps.pages.debounce import Soon
from toolkit.apps.pages.view import WORKSPACE_VARIABLE
from toolkit.errors import BadValue, ImportRefused, NotAllowed, ToolkitError, WorkspaceError
from toolkit.importing import arrivals
from toolkit.importing.door import Door
from toolkit.importing.open_points import OpenPoint
from toolkit.language import tr
from toolkit.roles import refusal
from toolkit.workspace import Workspace

TRIED_AT_ONCE = 500_000
"""Rows up to which a mapping is tried after every answer; more wait until the person asks for it."""


class Receiving(traitlets.HasTraits):
    """A door with what the page needs around it; `version` counts its changes, `step` says what is being worked out."""

    version: int = traitlets.Int(0)  # type: ignore[assignment]
    step: str = traitlets.Unicode("")  # type: ignore[assignment]

    def __init__(self, workspace: str | Path) -> None:
        super().__init__()
        self.soon = Soon()
        self.door = Door(workspace)
        self.slot: Path | None = None
        self.refused = ""  # why the import would wipe out days: the person may say that it is right

    @property
    def workspace(self) -> Path:
        """The workspace's folder."""
        return self.door.workspace

    def told(self) -> str:
        """Return what the workspace holds so far."""
        try:
            ws = Workspace(self.workspace)
        except ToolkitError:
            return tr("There are no receipts here yet.")
        if not ws.line_count:
            return tr("There are no receipts here yet.")
        return tr(
            "{lines:,} receipt lines so far, from {first_day} to {last_day}",
            lines=ws.line_count,
            first_day=ws.first_day,
            last_day=ws.last_day,
        )

    # -- files

    def open_slot(self) -> str:
        """Return the name of this page's folder of uploads, made on first use."""
        if self.slot is None or not self.slot.is_dir():
            self.slot = arrivals.open_slot(self.workspace)
        return self.slot.name

    def arrived(self, names: Sequence[str]) -> None:
        """Take files that were uploaded, beside those that were chosen before."""
        slot = self.slot
        paths = [] if slot is None else [slot / arrivals.safe_name(name) for name in names]
        if not paths or not all(path.is_file() for path in paths):
            raise BadValue(tr("The files did not arrive whole: choose them again."))
        self._add(paths)

    def inbox(self) -> list[str]:
        """Return the names of the files in the inbox."""
        folder = self.workspace / arrivals.INBOX
        return [path.relative_to(folder).as_posix() for path in arrivals.inbox_files(self.workspace)]

    def from_inbox(self, name: str) -> None:
        """Take a file of the inbox."""
        self._add([arrivals.from_inbox(self.workspace, name)])

    def restart(self) -> None:
        """Forget all files and answers; uploads are removed."""
        self.close()
        self.door, self.refused = Door(self.workspace), ""
        self.version += 1

    def close(self) -> None:
        """Remove what was uploaded."""
        if self.slot is not None:
            arrivals.close_slot(self.slot)
            self.slot = None

    @property
    def not_yours(self) -> str:
        """Why who sits before the page may bring nothing in; "" where they may, as everybody into a folder that is no workspace yet."""
        try:
            return refusal(Workspace(self.workspace), "owner", tr("bringing receipts in"))
        except WorkspaceError:
            return ""

    def _add(self, paths: Sequence[Path]) -> None:
        if refused := self.not_yours:  # rows of a file are shown before they are imported
            raise NotAllowed(refused)
        self.changed(lambda: self.door.choose([*self.door.files, *paths]))

    # -- answers

    def changed(self, change: Callable[[], object]) -> None:
        """Do something to the door; where all of the rows can be tried at once, they are."""
        change()
        self.refused = ""
        if self.door.trial is None and self.is_small:
            self.try_it()
        self.version += 1

    def answer(self, point: OpenPoint, kind: str, chosen: str | Sequence[str]) -> None:
        """Answer an open point."""
        self.changed(lambda: self.door.answer(point, kind, chosen))

    @property
    def is_small(self) -> bool:
        """Whether the files are tried after every change."""
        rows = [look.rows for look in self.door.looks]
        return None not in rows and sum(filter(None, rows)) <= TRIED_AT_ONCE

    def look(self) -> None:
        """Try the mapping on all rows."""
        self.try_it()
        self.version += 1

    def try_it(self) -> None:
        """Try the mapping on all rows, and tell the steps."""
        try:
            self.door.look(self._tell)
        finally:
            self.step = ""

    def bring_in(self, *, allow_shrinking: bool = False) -> None:
        """Import; the mapping is kept beside the workspace, and what was uploaded is removed."""
        try:
            self.door.bring_in(allow_shrinking=allow_shrinking, progress=self._tell)
        except ImportRefused as error:
            self.refused = str(error)
        else:
            self.door.save()
            self.close()
        finally:
            self.step = ""
            self.version += 1

    def _tell(self, step: str, done: int, of: int) -> None:
        self.step = tr("{step}: {done} of {of} …", step=tr(step), done=done, of=of) if of > 1 else tr("{step} …", step=tr(step))


def open_receiving(workspace: str | Path = "") -> Receiving:
    """Return the door to a workspace: the one given, or that of `toolkit app`, or the demo's."""
    return Receiving(workspace or os.environ.get(WORKSPACE_VARIABLE, "") or "../demo/workspace")
