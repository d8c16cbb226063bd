"""Voila, as we run it: our apps on this machine or behind a proxy, no other address asked for anything, a page of each worked out ahead.

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
from functools import partial
from pathlib import Path
from typing import Any

from tornado.websocket import WebSocketClosedError
from voila.app import Voila
from voila.request_info_handler import RequestInfoSocketHandler
from voila.shutdown_kernel_handler import VoilaShutdownKernelHandler
from voila.tornado.contentshandler import VoilaContentsHandler
from voila.tornado.handler import TornadoVoilaHandler
from voila.tornado.kernel_websocket_handler import VoilaKernelWebsocketHandler
from voila.tornado.treehandler import TornadoVoilaTreeHandler

from toolkit import language
from toolkit.apps.pages.access_log import ACCESS_VARIABLE, WithoutSecrets
from toolkit.apps.pages.error_boundary import LOG_VARIABLE
from toolkit.apps.pages.fields import PAGE_VARIABLE
from toolkit.apps.pages.view import WORKSPACE_VARIABLE
from toolkit.apps.serving import forked
from toolkit.apps.serving.entry import Entry
from toolkit.apps.serving.handlers import (
    ChannelHandler,
    EntryHandler,
    PageHandler,
    RulesHandler,
    SettingsHandler,
    ShutdownHandler,
    WorkHandler,
    has_receipts,
)
from toolkit.apps.serving.identity import EndedHandler, OwnPages, ProxyIdentity, TokenIdentity, cookie_secret
from toolkit.apps.serving.limits import Pages, connection_limits
from toolkit.apps.serving.lost import LostHandler
from toolkit.apps.serving.place import Place
from toolkit.apps.serving.prewarm import make_ahead
from toolkit.apps.serving.uploads import UploadHandler
from toolkit.apps.serving.wall import Wall, WallHandler
from toolkit.audit import PAGE_USERS_VARIABLE
from toolkit.brand import brand_shown
from toolkit.charts import offline
from toolkit.importing import arrivals
from toolkit.shipped import shipped_folder

WALL = "wall"
"""Where the wall stands below the path of the apps."""
AHEAD_VARIABLE = "TOOLKIT_APP_AHEAD"
"""Whether a page of each app, and what is kept beside the mart, is worked out ahead (`dashboards/voila.py`): 0 where the processors are
needed for something else."""
_READY_SECONDS = 60
_REPLACED = {
    TornadoVoilaHandler: PageHandler,
    VoilaKernelWebsocketHandler: ChannelHandler,
    VoilaShutdownKernelHandler: ShutdownHandler,
}
_LEFT_OUT = (TornadoVoilaTreeHandler, VoilaContentsHandler, RequestInfoSocketHandler)
"""What lists folders, and a channel that kernels of ours do not ask and that would be open to anybody."""


class AppServer(Voila):
    """Voila with our entry page and page handler, which says where it listens when the first page is on its way."""

    announce: Callable[[str], None] = print
    wanted_browser = False
    first_page = ""
    place = Place()

    def init_settings(self) -> dict[str, Any]:
        """Return Voila's settings, with who may come in, and under which names of this machine."""
        self.identity_provider_class = _identity_of(self.place)
        self.authorizer_class = OwnPages
        settings: Any = super().init_settings()
        if self.place.user_header:
            settings["identity_provider"].place = self.place
        brand = partial(brand_shown, os.environ[WORKSPACE_VARIABLE])
        for environment in ("voila_jinja2_env", "jinja2_env"):
            settings[environment].globals["brand"] = brand
        settings |= {"default_handler_class": LostHandler, "default_handler_args": {"voila_configuration": self.voila_configuration}}
        return settings

    def init_handlers(self) -> list[Any]:
        """Return Voila's handlers: page and channel replaced by ours, its list of files by the entry page, and no way to list folders."""
        rules: Any = super().init_handlers()
        ours = [(rule[0], _REPLACED.get(rule[1], rule[1]), *rule[2:]) for rule in rules]
        forms = [rule[1] for rule in self.identity_provider.get_handlers()]  # Jupyter's own, which know of no path before them
        self.entry = Entry(os.environ[WORKSPACE_VARIABLE])
        PageHandler.pages = Pages()
        plain: dict[str, Any] = {"voila_configuration": self.voila_configuration}
        own = [
            (self.server_url, EntryHandler, {**plain, "entry": self.entry}),
            (f"{self.server_url}work", WorkHandler, {**plain, "entry": self.entry}),
            (f"{self.server_url}settings", SettingsHandler, {**plain, "entry": self.entry}),
            (rf"{self.server_url}rules(?:/(personas|segments|playbook))?", RulesHandler, {**plain, "entry": self.entry}),
            *self._sign_in(plain),
            (f"{self.server_url}{WALL}", WallHandler, {**plain, "wall": Wall(self.entry.path)}),
            (rf"{self.server_url}receipts/([\w-]+)", UploadHandler, {"workspace": self.entry.path}),
        ]
        return [rule for rule in ours if rule[1] not in (*_LEFT_OUT, *forms)] + own

    def _sign_in(self, plain: dict[str, Any]) -> list[Any]:
        """Return what answers who is not known."""
        if not self.place.by_hub:
            return [(f"{self.server_url}login", EndedHandler, plain)]
        from toolkit.apps.serving.hub import CALLBACK, CallbackHandler, SignInHandler

        hub: Any = self.identity_provider
        return [
            (f"{self.server_url}login", SignInHandler, plain),
            (f"{self.server_url}{CALLBACK}", CallbackHandler, {"hub_auth": hub.hub}),
        ]

    def listen(self) -> None:
        """Listen, and wait for nobody who sends a request by halves."""
        self.app.listen = partial(self.app.listen, **connection_limits())  # type: ignore[method-assign]
        self.app.settings["log_function"] = lambda handler: None  # requests are told by the access log, without their tokens
        self.app.settings.update(_settings_of(self.place, self.app.settings))
        super().listen()

    def launch_browser(self) -> None:
        """Called when the port is open: wait for the first kernel, so that a page does not start a second one beside it, and tell."""
        loop = asyncio.get_event_loop()
        loop.set_exception_handler(_without_closed_tabs)
        self.telling = loop.create_task(self._tell())

    async def _tell(self) -> None:
        if has_receipts(self.entry.path):
            await asyncio.get_running_loop().run_in_executor(None, self.entry.home, language.current(), 0.0)  # begun before anybody asks
            ahead = os.environ[AHEAD_VARIABLE] == "1"
            for _ in range(_READY_SECONDS * 10 * ahead):
                if self.kernel_manager.notebook_data:  # the pages are worked out ahead one after another
                    break
                await asyncio.sleep(0.1)
            if ahead and forked.can_fork():
                forked.beside(make_ahead, self.entry.path)
        # The address itself, not `display_url`: that hides the token from the person who needs it.
        token = self.identity_provider.token if not self.place.names_people else ""
        there = f"{self.place.public}{self.base_url}" if self.place.public else self.connection_url
        url = f"{there}{self.first_page}{f'?token={token}' if token else ''}"
        self.announce(url)
        if self.wanted_browser:
            webbrowser.open(url)


def _settings_of(place: Place, settings: dict[str, Any]) -> dict[str, Any]:
    """Return what depends on the place: under which hosts it answers, and what cookies hold to."""
    cookies = {"path": place.base_url, **({"secure": True} if place.public.startswith("https:") else {})}
    given: dict[str, Any] = {"xsrf_cookie_kwargs": {**settings.get("xsrf_cookie_kwargs", {}), **cookies}}
    if place.public:
        given |= {"local_hostnames": ["localhost", place.public_host], "allow_origin": place.public}
        policy = settings["headers"]["Content-Security-Policy"]
        own = place.public.replace("http", "ws", 1)
        given["headers"] = {
            **settings["headers"],
            "Content-Security-Policy": policy.replace("connect-src 'self'", f"connect-src 'self' {own}"),
        }
    return {**given, "allow_remote_access": not place.is_local and not _is_name(place.public_host)}


def _identity_of(place: Place) -> type[Any]:
    """Return who says who somebody is."""
    if place.by_hub:
        from toolkit.apps.serving.hub import HubIdentity

        return HubIdentity
    return ProxyIdentity if place.user_header else TokenIdentity


def _is_name(host: str) -> bool:
    return any(sign.isalpha() for sign in host) and ":" not in host


def _without_closed_tabs(loop: asyncio.AbstractEventLoop, told: dict[str, Any]) -> None:
    """Handle what no task has handled as asyncio does, but for a message to a tab that was closed meanwhile: no fault, nobody to tell."""
    if not isinstance(told.get("exception"), WebSocketClosedError):
        loop.default_exception_handler(told)


def serve(
    workspace: Path,
    app: str,
    *,
    port: int,
    place: Place | None = None,
    browser: bool = True,
    token: bool = True,
    announce: Callable[[str], None] = print,
) -> None:
    """Serve the apps on a workspace until it is stopped (Ctrl-C); kernels are ended, temporary files removed.

    Parameters
    ----------
    workspace
        Folder of the workspace.
    app
        The path of the page whose address is told; "" = the entry page.
    port
        Where to listen; the next free one is taken if it is in use.
    place
        Where they are reached; None = from this machine, under its own names. A service of a hub listens on the port that the hub knows,
        or not at all.
    browser
        Whether to open the page in a browser.
    token
        Whether the page asks for a token: without one, everybody with an account on this machine can read the figures. Where a proxy
        or a hub names people, nobody is asked for one.
    announce
        Told the address, token included, when the first page is on its way.
    """
    place = place or Place()
    with tempfile.TemporaryDirectory(prefix="toolkit-app-", ignore_cleanup_errors=True) as folder:
        _write_run_files(Path(folder))
        paths = [folder, str(shipped_folder("dashboards") / "share"), os.environ.get("JUPYTER_PATH", "")]
        os.environ["JUPYTER_PATH"] = os.pathsep.join(path for path in paths if path)
        os.environ[WORKSPACE_VARIABLE] = str(workspace.resolve())
        if not has_receipts(workspace):  # pages of no receipts would stay pages of no receipts
            os.environ[AHEAD_VARIABLE] = "0"
        os.environ.setdefault(AHEAD_VARIABLE, "1")
        os.environ[PAGE_VARIABLE] = "1"
        if place.names_people:
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
        server.first_page = app
        server.initialize([str(shipped_folder("dashboards"))])
        server.place, server.base_url = place, place.base_url
        server.ip, server.port, server.open_browser = place.host, port, True
        server.cookie_secret = cookie_secret(workspace)
        server.auto_token = token and not place.names_people
        if place.by_hub:
            server.port_retries = 0
        if not server.auto_token:
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
