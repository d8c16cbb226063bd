"""Files that a page sends: written to the disk piece by piece as they come, into the folder that the page's kernel made for them."""

from __future__ import annotations

import os
import shutil
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import IO, Any

from jupyter_server.base.handlers import JupyterHandler
from tornado import web

from toolkit import language
from toolkit.apps.serving import users
from toolkit.apps.serving.identity import language_of
from toolkit.apps.serving.limits import upload_seconds
from toolkit.audit import acting
from toolkit.disk import cannot_write, not_written
from toolkit.errors import WorkspaceError
from toolkit.importing import arrivals
from toolkit.language import tr
from toolkit.roles import refusal
from toolkit.workspace import Workspace

MOST_BYTES = 4 * 1024**3
LEFT_FREE = 256 * 1024**2
"""Bytes that an upload leaves free on the disk: the import writes there too."""


@web.stream_request_body
class UploadHandler(JupyterHandler):
    """Takes one file (`PUT receipts/SLOT?name=NAME`): who may open the page and sends its cookie may send files to it, up to a size."""

    path: Path
    part: Path | None = None
    file: IO[bytes] | None = None

    def initialize(self, workspace: Path) -> None:
        """Take the workspace's folder."""
        self.workspace = workspace

    async def prepare(self) -> Any:  # type: ignore[override]
        """Look at what is announced before any of it is taken."""
        await super().prepare()  # type: ignore[misc]
        if self.current_user is None:
            raise web.HTTPError(403)
        slot = arrivals.find_slot(self.workspace, self.path_args[0])
        size = int(self.request.headers.get("Content-Length") or 0)
        with language.speaking(language_of(self)):
            refused = ""
            with acting(self.current_user.username, "page") if users.asks_for_names() else nullcontext(), suppress(WorkspaceError):
                refused = refusal(Workspace(self.workspace), "owner", tr("bringing receipts in"))
            if refused:
                self._refuse(403, refused)
            elif slot is None:
                self._refuse(404, tr("This page was left for so long that its work was put away: load it again."))
            elif size > MOST_BYTES:
                self._refuse(
                    413, tr("The file is larger than 4 GB: put it into the folder {folder} of the workspace.", folder=arrivals.INBOX)
                )
            elif size + LEFT_FREE > shutil.disk_usage(self.workspace).free:
                self._refuse(507, tr("The disk of the workspace is too full for this file."))
            else:
                self.request.connection.set_max_body_size(MOST_BYTES)  # type: ignore[union-attr]
                self.request.connection.set_body_timeout(upload_seconds(size))  # type: ignore[union-attr]
                self.path = _free_name(slot, arrivals.safe_name(self.get_query_argument("name", "")))
                self.part = self.path.with_name(f".{self.path.name}.part")
                self.file = self.part.open("xb")
                self.part.chmod(0o600)

    def data_received(self, chunk: bytes) -> None:
        """Write a piece."""
        if self.file is None:
            return  # it was refused: what still comes is let go
        try:
            self.file.write(chunk)
        except OSError as error:
            self._drop()
            if not cannot_write(error):
                raise
            with language.speaking(language_of(self)):
                self._refuse(507, not_written(error))

    @web.authenticated
    async def put(self, _slot: str) -> None:
        """Give the whole file its name, and tell it."""
        if self.file is None or self.part is None:
            return
        self.file.close()
        os.replace(self.part, self.path)
        self.file = self.part = None
        self.finish({"name": self.path.name})

    def on_connection_close(self) -> None:
        """Remove what came of a file whose sender is gone."""
        self._drop()
        super().on_connection_close()

    def on_finish(self) -> None:
        """Remove what came of a file that was refused."""
        self._drop()
        super().on_finish()

    def write_error(self, status_code: int, **_: Any) -> None:
        """Answer plainly: Jupyter's page of errors is none of ours."""
        self.finish({"why": ""})

    def _refuse(self, status: int, why: str) -> None:
        self.set_status(status)
        self.finish({"why": why})

    def _drop(self) -> None:
        if self.file is not None:
            self.file.close()
        if self.part is not None:
            self.part.unlink(missing_ok=True)
        self.file = self.part = None


def _free_name(slot: Path, name: str) -> Path:
    """Return a path that no file of the page has: two files of one name are two files."""
    path, number = slot / name, 1
    while path.exists() or path.with_name(f".{path.name}.part").exists():
        number += 1
        path = slot / f"{Path(name).stem}-{number}{Path(name).suffix}"
    return path
