"""Voila, as we run it: our apps on this machine only, with a token, no other address asked for anything, a page of each worked out ahead.

Looks and settings are in the dashboards folder (`voila.py`, `share/`); here is what only the running machine knows.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
import tempfile
import webbrowser
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from tornado import web
from tornado.websocket import WebSocketClosedError
from voila.app import Voila
from voila.handler import BaseVoilaHandler
from voila.tornado.contentshandler import VoilaContentsHandler
from voila.tornado.handler import TornadoVoilaHandler
from voila.tornado.kernel_websocket_handler import VoilaKernelWebsocketHandler, read_header_from_binary_message
from voila.tornado.treehandler import TornadoVoilaTreeHandler

from toolkit import language
from toolkit.apps.pages.access_log import ACCESS_VARIABLE, WithoutSecrets, page_sign, tell, visitor
from toolkit.apps.pages.error_boundary import LOG_VARIABLE
from toolkit.apps.pages.fields import PAGE_VARIABLE
from toolkit.apps.pages.view import WORKSPACE_VARIABLE
from toolkit.apps.serving import forked, users, work
from toolkit.apps.serving.entry import Entry, asked
from toolkit.apps.serving.limits import Pages, connection_limits, signed, with_nonce
from toolkit.apps.serving.prewarm import make_ahead
from toolkit.apps.serving.uploads import UploadHandler
from toolkit.audit import PAGE_USERS_VARIABLE
from toolkit.charts import offline
from toolkit.errors import ToolkitError
from toolkit.importing import arrivals
from toolkit.language import tr
from toolkit.shipped import shipped_folder
from toolkit.workspace import Workspace

HOST = "127.0.0.1"
RECEIPTS = "receipts.ipynb"
"""The page that opens where there are no receipts yet."""
AHEAD_VARIABLE = "TOOLKIT_APP_AHEAD"
"""Whether a page of each app is worked out ahead (`dashboards/voila.py`)."""
_READY_SECONDS = 60


def has_receipts(workspace: Path) -> bool:
    """Return whether a workspace is there and holds receipts."""
    try:
        return Workspace(workspace).line_count > 0
    except ToolkitError:
        return False


class _PageHandler(TornadoVoilaHandler):
    """The page, with the cookie that lets it end its kernel when it is closed (Voila leaves it out, and kernels leak).

    Pages are made in the order in which they were asked for, as many at a time as there are processors: all at a time, each would be
    ready when the last one is.
    """

    turns = asyncio.Semaphore(os.cpu_count() or 1)
    pages: Pages

    @web.authenticated
    async def get(self, path: str | None = None) -> None:
        if users.asks_for_names() and not users.named_in(self.request.headers):
            raise web.HTTPError(403, "no name")
        _ = self.xsrf_token  # reading it sets the cookie
        if path != RECEIPTS and not has_receipts(Path(os.environ[WORKSPACE_VARIABLE])):
            self.redirect(f"{self.base_url}voila/render/{RECEIPTS}")  # nothing can be asked yet
            return
        address = self.request.remote_ip or ""
        with language.speaking(_language(self)):
            refused = self.pages.refusal(address, self.kernel_manager.list_kernel_ids())
        if refused:
            self.set_status(503)
            self.set_header("Retry-After", "60")
            self.finish(self.render_template("full.html", said=refused, language=_language(self)))
            return
        nonce, policy = with_nonce(self.settings["headers"]["Content-Security-Policy"])
        self.set_header("Content-Security-Policy", policy)
        with self.pages.opening(address):
            async with self.turns:
                kernel = ""
                async for html in self.get_generator(path=path):
                    kernel = kernel or self._noted(self.pages.opened(html, address), str(path), address)
                    self.write(signed(html, nonce))
                    self.flush()

    def _noted(self, kernel: str, path: str, address: str) -> str:
        if kernel:
            name = getattr(self.current_user, "username", "")
            told = page_sign(kernel), path.removesuffix(".ipynb")
            tell("opened", page=told[0], app=told[1], by=visitor(name), address=address)
        return kernel


class _ChannelHandler(VoilaKernelWebsocketHandler):
    """What a page and its kernel say to each other; where the kernel is gone, a plain answer (Jupyter's page of errors is none of ours)."""

    async def pre_get(self) -> None:
        """Before the channel opens: the kernel is bound to who opens it, where people are named, and stays theirs."""
        if users.asks_for_names():
            name = users.named_in(self.request.headers)
            if not name or not users.bind(self.kernel_id, name):
                raise web.HTTPError(403)
        await super().pre_get()

    def on_message(self, ws_message: str | bytes) -> None:
        """Hand on what the controls of a page say; where people have roles, code of a reader's own is not run for them."""
        if not users.asks_for_names() or _kind_of(ws_message) in _OF_CONTROLS:
            super().on_message(ws_message)

    def write_error(self, status_code: int, **_: Any) -> None:
        self.finish()


_OF_CONTROLS = ("comm_open", "comm_msg", "comm_close", "comm_info_request", "kernel_info_request", "shutdown_request", "input_reply")


def _kind_of(message: str | bytes) -> str:
    """The kind of a message between a page and its kernel; empty where it cannot be told."""
    most = 16  # parts of a message: a number without end would be counted to its end
    try:
        if isinstance(message, bytes) and int.from_bytes(message[:8], "little") > most:
            return ""
        header = read_header_from_binary_message(message) if isinstance(message, bytes) else json.loads(message)["header"]
        return str((header or {}).get("msg_type", ""))
    except (ValueError, KeyError, TypeError, AttributeError):
        return ""


class _EntryHandler(BaseVoilaHandler):
    """The entry page, made by the server itself: it needs no kernel."""

    def initialize(self, entry: Entry, **given: Any) -> None:
        super().initialize(**given)
        self.entry = entry

    @web.authenticated
    async def get(self) -> None:
        if users.asks_for_names() and not users.named_in(self.request.headers):
            raise web.HTTPError(403, "no name")
        if not has_receipts(self.entry.path):
            self.redirect(f"{self.base_url}voila/render/{RECEIPTS}")
            return
        code = _language(self)
        nonce, policy = with_nonce(self.settings["headers"]["Content-Security-Policy"])
        self.set_header("Content-Security-Policy", policy)
        found = None
        if text := self.get_query_argument("ask", "").strip():
            found = await asyncio.get_running_loop().run_in_executor(None, asked, self.entry.path, text, code)
            if found.is_answer:
                self.redirect(self.base_url + found.ways[0][1])
                return
        home = await asyncio.get_running_loop().run_in_executor(None, self.entry.home, code)
        ws = Workspace(self.entry.path)
        with language.speaking(code):
            told = tr("Receipts from {first_day} to {last_day}.", first_day=ws.first_day, last_day=ws.last_day)
            self.write(
                self.render_template(
                    "entry.html", home=home, told=told, asked=found, tr=tr, nonce=nonce, language=code, languages=language.LANGUAGES
                )
            )


class _WorkHandler(_EntryHandler):
    """All audiences, drafts and campaigns, made by the server itself; `?file=csv` gives the chosen ones to take away."""

    @web.authenticated
    async def get(self) -> None:
        if users.asks_for_names() and not users.named_in(self.request.headers):
            raise web.HTTPError(403, "no name")
        if not has_receipts(self.entry.path):
            self.redirect(f"{self.base_url}voila/render/{RECEIPTS}")
            return
        code = _language(self)
        given = {name: self.get_query_argument(name) for name in self.request.query_arguments}
        page = await asyncio.get_running_loop().run_in_executor(None, work.page_of, self.entry.path, given, code)
        with language.speaking(code):
            if given.get("file") == "csv":
                self.set_header("Content-Type", "text/csv; charset=utf-8")
                self.set_header("Content-Disposition", 'attachment; filename="audiences-and-campaigns.csv"')
                self.finish(page.file)
                return
            nonce, policy = with_nonce(self.settings["headers"]["Content-Security-Policy"])
            self.set_header("Content-Security-Policy", policy)
            self.write(self.render_template("work.html", work=page, tr=tr, nonce=nonce, language=code, languages=language.LANGUAGES))


def _language(handler: web.RequestHandler) -> str:
    """The reader's language: the one in the address (kept for the other pages), the one chosen before, the browser's, the server's."""
    if asked := handler.get_query_argument("language", ""):
        with suppress(ValueError):
            handler.set_cookie("tk-language", language.known(asked), expires_days=365, samesite="Lax")
    wanted = [asked, handler.get_cookie("tk-language") or "", *handler.request.headers.get("Accept-Language", "").split(",")[:1]]
    for code in wanted:
        with suppress(ValueError):
            return language.known(code)
    return language.current()


class AppServer(Voila):
    """Voila with our entry page and page handler, which says where it listens when the first page is on its way."""

    announce: Callable[[str], None] = print
    wanted_browser = False
    first_page = ""

    def init_handlers(self) -> list[Any]:
        """Return Voila's handlers: page and channel replaced by ours, its list of files by the entry page, and no way to list folders."""
        rules: Any = super().init_handlers()
        replaced = {TornadoVoilaHandler: _PageHandler, VoilaKernelWebsocketHandler: _ChannelHandler}
        ours = [(rule[0], replaced.get(rule[1], rule[1]), *rule[2:]) for rule in rules]
        self.entry = Entry(os.environ[WORKSPACE_VARIABLE])
        _PageHandler.pages = Pages()
        plain = {"voila_configuration": self.voila_configuration, "entry": self.entry}
        pages = [(self.server_url, _EntryHandler, plain), (f"{self.server_url}work", _WorkHandler, plain)]
        uploads = (rf"{self.server_url}receipts/([\w-]+)", UploadHandler, {"workspace": self.entry.path})
        return [rule for rule in ours if rule[1] not in (TornadoVoilaTreeHandler, VoilaContentsHandler)] + [*pages, uploads]

    def listen(self) -> None:
        """Listen, and wait for nobody who sends a request by halves."""
        self.app.listen = partial(self.app.listen, **connection_limits())  # type: ignore[method-assign]
        self.app.settings["log_function"] = lambda handler: None  # requests are told by the access log, without their tokens
        super().listen()

    def launch_browser(self) -> None:
        """Called when the port is open: wait for the first kernel, so that a page does not start a second one beside it, and tell."""
        loop = asyncio.get_event_loop()
        loop.set_exception_handler(_without_closed_tabs)
        self.telling = loop.create_task(self._tell())

    async def _tell(self) -> None:
        if has_receipts(self.entry.path):
            await asyncio.get_running_loop().run_in_executor(None, self.entry.home, language.current(), 0.0)  # begun before anybody asks
            for _ in range(_READY_SECONDS * 10):
                if self.kernel_manager.notebook_data:  # the pages are worked out ahead one after another
                    break
                await asyncio.sleep(0.1)
            if forked.can_fork():
                forked.beside(make_ahead, self.entry.path)
        # The address itself, not `display_url`: that hides the token from the person who needs it.
        token = self.identity_provider.token
        url = f"{self.connection_url}{self.first_page}{f'?token={token}' if token else ''}"
        self.announce(url)
        if self.wanted_browser:
            webbrowser.open(url)


def _without_closed_tabs(loop: asyncio.AbstractEventLoop, told: dict[str, Any]) -> None:
    """Handle what no task has handled as asyncio does, but for a message to a tab that was closed meanwhile: no fault, nobody to tell."""
    if not isinstance(told.get("exception"), WebSocketClosedError):
        loop.default_exception_handler(told)


def serve(
    workspace: Path, app: Path | None, *, port: int, browser: bool = True, token: bool = True, announce: Callable[[str], None] = print
) -> None:
    """Serve the apps on a workspace until it is stopped (Ctrl-C); kernels are ended, temporary files removed.

    Parameters
    ----------
    workspace
        Folder of the workspace.
    app
        The notebook of the app whose address is told; None = the entry page.
    port
        Where to listen; the next free one is taken if it is in use.
    browser
        Whether to open the page in a browser.
    token
        Whether the page asks for a token: without one, everybody with an account on this machine can read the figures.
    announce
        Told the address, token included, when the first page is on its way.
    """
    with tempfile.TemporaryDirectory(prefix="toolkit-app-", ignore_cleanup_errors=True) as folder:
        _write_run_files(Path(folder))
        paths = [folder, str(shipped_folder("dashboards") / "share"), os.environ.get("JUPYTER_PATH", "")]
        os.environ["JUPYTER_PATH"] = os.pathsep.join(path for path in paths if path)
        os.environ[WORKSPACE_VARIABLE] = str(workspace.resolve())
        os.environ[AHEAD_VARIABLE] = "1" if has_receipts(workspace) else ""  # pages of no receipts would stay pages of no receipts
        os.environ[PAGE_VARIABLE] = "1"
        if users.asks_for_names():
            named = Path(folder) / "users"
            named.mkdir(mode=0o700)
            os.environ[PAGE_USERS_VARIABLE] = str(named)
        os.environ[LOG_VARIABLE] = str(log_path())
        os.environ.setdefault(ACCESS_VARIABLE, str(log_path().with_name("access.log")))
        forked.warm_up()
        if forked.can_fork():
            forked.offer()
        # Warnings of the web server tell of closed tabs, and that the 90,000 ms which Jupyter waits for the answer to a ping are, taken
        # for seconds, too long (a shorter wait would not do: Jupyter looks when the next ping is due, and closed every connection).
        logging.getLogger("tornado").setLevel(logging.ERROR)
        for name in ("tornado.access", "tornado.application", "tornado.general"):
            logging.getLogger(name).addFilter(WithoutSecrets())
        server = AppServer(config_file_paths=[str(shipped_folder("dashboards"))], log_level="ERROR")
        server.announce, server.wanted_browser = announce, browser
        server.first_page = f"voila/render/{app.name}" if app else ""
        server.initialize([str(shipped_folder("dashboards"))])
        server.ip, server.port, server.open_browser = HOST, port, True
        if token:
            server.auto_token = True
        else:
            server.token = ""
        try:
            server.start()
        finally:
            arrivals.sweep_all(workspace)


def log_path() -> Path:
    """Return where faults of the app are written: where the environment says, else in the user's folder of logs."""
    from platformdirs import user_log_path

    stated = os.environ.get(LOG_VARIABLE)
    return Path(stated) if stated else user_log_path("retail-member-toolkit", appauthor=False) / "app.log"


def _write_run_files(folder: Path) -> None:
    """Write what Jupyter must find: the chart library beside the page's own files, and this Python as the kernel."""
    static = folder / "nbconvert" / "templates" / "toolkit" / "static"
    static.mkdir(parents=True)
    (static / "vega.js").write_text(offline.bundle(), "utf-8", newline="\n")
    (static / "words.js").write_text(f"window.tkWords = {json.dumps(language.of_scripts())};\n", "utf-8", newline="\n")
    kernel = folder / "kernels" / "python3"
    kernel.mkdir(parents=True)
    command = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}", "--IPKernelApp.log_level=40"]
    spec: dict[str, Any] = {"argv": command, "display_name": "Python 3", "language": "python"}
    if forked.can_fork():
        spec["metadata"] = {"kernel_provisioner": {"provisioner_name": forked.NAME}}
    (kernel / "kernel.json").write_text(json.dumps(spec), "utf-8")
