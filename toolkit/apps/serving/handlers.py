"""What answers a browser: a page with its kernel, the channel between them, the end of a kernel, and the entry page."""

from __future__ import annotations

import asyncio
import json
import os
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from jupyter_server.auth.decorator import authorized
from tornado import web
from voila.shutdown_kernel_handler import VoilaShutdownKernelHandler
from voila.tornado.handler import TornadoVoilaHandler
from voila.tornado.kernel_websocket_handler import VoilaKernelWebsocketHandler, read_header_from_binary_message

from toolkit import language
from toolkit.apps.pages.access_log import page_sign, tell, visitor
from toolkit.apps.pages.view import WORKSPACE_VARIABLE
from toolkit.apps.serving import rules_page, settings_page, users, work
from toolkit.apps.serving.entry import Entry, asked
from toolkit.apps.serving.identity import language_of
from toolkit.apps.serving.limits import Pages, signed, with_nonce
from toolkit.apps.serving.lost import InWords
from toolkit.audit import acting
from toolkit.errors import ToolkitError
from toolkit.language import tr
from toolkit.rendering import kept
from toolkit.shipped import shipped_folder
from toolkit.workspace import Workspace

_BEGINNING = re.compile(r"\A\s*<!DOCTYPE html>\s*<html[^>]*>\s*<head>", re.IGNORECASE)
"""Of Voila's page: what `opening.html` has said already."""
RECEIPTS = "receipts.ipynb"
"""The page that opens where there are no receipts yet."""


def has_receipts(workspace: Path) -> bool:
    """Return whether a workspace is there and holds receipts."""
    try:
        return Workspace(workspace).line_count > 0
    except ToolkitError:
        return False


class PageHandler(InWords, TornadoVoilaHandler):
    """The page, with the cookie that lets it end its kernel when it is closed (Voila leaves it out, and kernels leak).

    Pages are made in the order in which they were asked for, as many at a time as there are processors: all at a time, each would be
    ready when the last one is.
    """

    turns = asyncio.Semaphore(os.cpu_count() or 1)
    pages: Pages

    @web.authenticated
    async def get(self, path: str | None = None) -> None:
        """Give the page."""
        if not path or Path(path).name != path or not (shipped_folder("dashboards") / path).is_file():
            raise web.HTTPError(404)  # once the first words are sent it would be too late to say so
        _ = self.xsrf_token  # reading it sets the cookie
        if path != RECEIPTS and not has_receipts(Path(os.environ[WORKSPACE_VARIABLE])):
            self.redirect(f"{self.base_url}voila/render/{RECEIPTS}")  # nothing can be asked yet
            return
        counted = _visitor(self)
        with language.speaking(language_of(self)):
            refused = self.pages.refusal(counted, self.kernel_manager.list_kernel_ids())
        if refused:
            self.set_status(503)
            self.set_header("Retry-After", "60")
            self.finish(self.render_template("full.html", said=refused, language=language_of(self)))
            return
        nonce, policy = with_nonce(self.settings["headers"]["Content-Security-Policy"])
        self.set_header("Content-Security-Policy", policy)
        with self.pages.opening(counted):
            self._begin()
            async with self.turns:
                kernel = ""
                async for html in self.get_generator(path=path):
                    kernel = kernel or self._noted(self.pages.opened(html, counted), str(path))
                    self.write(signed(_BEGINNING.sub("", html), nonce))
                    self.flush()

    def _begin(self) -> None:
        """Send the first words: they are on the screen while the page waits for its turn and its kernel, and notice if it never comes."""
        self.set_header("Content-Type", "text/html; charset=UTF-8")
        self.set_header("Cache-Control", "no-store")
        code = language_of(self)
        with language.speaking(code):
            self.write(self.render_template("opening.html", language=code, tr=tr))
        self.flush()

    def _noted(self, kernel: str, path: str) -> str:
        if kernel:
            name = getattr(self.current_user, "username", "")
            if users.asks_for_names() and not users.bind(kernel, name):
                raise web.HTTPError(403)
            told = page_sign(kernel), path.removesuffix(".ipynb")
            tell("opened", page=told[0], app=told[1], by=visitor(name), address=self.request.remote_ip or "")
        return kernel


class ChannelHandler(VoilaKernelWebsocketHandler):
    """What a page and its kernel say to each other; where the kernel is gone, a plain answer (Jupyter's page of errors is none of ours)."""

    def on_message(self, ws_message: str | bytes) -> None:
        """Hand on what the controls of a page say; where people have roles, code of a reader's own is not run for them."""
        if not users.asks_for_names() or kind_of(ws_message) in _OF_CONTROLS:
            super().on_message(ws_message)

    def write_error(self, status_code: int, **_: Any) -> None:
        """Say nothing but the status."""
        self.finish()


class ShutdownHandler(VoilaShutdownKernelHandler):
    """The end of a page's kernel, for whom it belongs to."""

    auth_resource = "kernels"

    @web.authenticated
    @authorized
    async def post(self, kernel_id: str) -> None:
        """End it."""
        await super().post(kernel_id)  # type: ignore[misc]


_OF_CONTROLS = ("comm_open", "comm_msg", "comm_close", "comm_info_request", "kernel_info_request", "shutdown_request", "input_reply")


def kind_of(message: str | bytes) -> str:
    """Return the kind of a message between a page and its kernel; empty where it cannot be told."""
    most = 16  # parts of a message: a number without end would be counted to its end
    try:
        if isinstance(message, bytes) and int.from_bytes(message[:8], "little") > most:
            return ""
        header = read_header_from_binary_message(message) if isinstance(message, bytes) else json.loads(message)["header"]
        return str((header or {}).get("msg_type", ""))
    except (ValueError, KeyError, TypeError, AttributeError):
        return ""


class EntryHandler(InWords):
    """The entry page, made by the server itself: it needs no kernel."""

    def initialize(self, entry: Entry, **given: Any) -> None:
        """Take what makes the page."""
        super().initialize(**given)
        self.entry = entry

    @web.authenticated
    async def get(self) -> None:
        """Give the page, or the answer that was asked for in words."""
        if not has_receipts(self.entry.path):
            self.redirect(f"{self.base_url}voila/render/{RECEIPTS}")
            return
        code = language_of(self)
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
                    "entry.html",
                    home=home,
                    told=told,
                    asked=found,
                    tr=tr,
                    kept=kept,
                    nonce=nonce,
                    language=code,
                    languages=language.LANGUAGES,
                )
            )


class WorkHandler(EntryHandler):
    """All audiences, drafts and campaigns, made by the server itself; `?file=csv` gives the chosen ones to take away."""

    @web.authenticated
    async def get(self) -> None:
        """Give the page, or the file."""
        if not has_receipts(self.entry.path):
            self.redirect(f"{self.base_url}voila/render/{RECEIPTS}")
            return
        code = language_of(self)
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
            self.write(
                self.render_template("work.html", work=page, tr=tr, kept=kept, nonce=nonce, language=code, languages=language.LANGUAGES)
            )


class SettingsHandler(EntryHandler):
    """The page of settings, made by the server itself; what is posted is kept or put back, in the name of who asks."""

    @web.authenticated
    async def get(self) -> None:
        """Give the page, with the effect of what is tried."""
        given = {name: self.get_query_argument(name) for name in self.request.query_arguments}
        await self._give(given)

    @web.authenticated
    async def post(self) -> None:
        """Keep a value, or put the usual one back."""
        name, code = self.get_body_argument("name", ""), language_of(self)
        loop = asyncio.get_running_loop()
        if self.get_body_argument("do", "") == "back":
            done = await loop.run_in_executor(None, self._named(settings_page.put_back), self.entry.path, name, code)
        else:
            value = self.get_body_argument("value", "")
            done = await loop.run_in_executor(None, self._named(settings_page.keep), self.entry.path, name, value, code)
        await self._give({}, done)

    async def _give(self, given: dict[str, str], done: str = "") -> None:
        if not has_receipts(self.entry.path):
            self.redirect(f"{self.base_url}voila/render/{RECEIPTS}")
            return
        code = language_of(self)
        page = await asyncio.get_running_loop().run_in_executor(
            None, self._named(settings_page.page_of), self.entry.path, given, code, done
        )
        nonce, policy = with_nonce(self.settings["headers"]["Content-Security-Policy"])
        self.set_header("Content-Security-Policy", policy)
        xsrf = self.xsrf_token.decode("ascii")
        with language.speaking(code):
            self.write(
                self.render_template("settings.html", page=page, tr=tr, nonce=nonce, xsrf=xsrf, language=code, languages=language.LANGUAGES)
            )

    def _named(self, job: Callable[..., Any]) -> Callable[..., Any]:
        """The job in the name of who asks, where people are named."""
        if not users.asks_for_names():
            return job
        name = self.current_user.username

        def in_their_name(*given: Any) -> Any:
            with acting(name, "page"):
                return job(*given)

        return in_their_name


class RulesHandler(SettingsHandler):
    """A part of the page of rules; what is posted is counted, kept or put back, in the name of who asks."""

    @web.authenticated
    async def get(self, part: str | None = None) -> None:
        """Give the part, with the rule that is open."""
        await self._show(part, {name: self.get_query_argument(name) for name in self.request.query_arguments})

    @web.authenticated
    async def post(self, part: str | None = None) -> None:
        """Give what a form that was typed into comes to, or keep it."""
        await self._show(part, {name: self.get_body_argument(name, strip=False) for name in self.request.body_arguments})

    async def _show(self, part: str | None, given: dict[str, str]) -> None:
        if not has_receipts(self.entry.path):
            self.redirect(f"{self.base_url}voila/render/{RECEIPTS}")
            return
        code, part = language_of(self), part or "personas"
        job = partial(self._named(rules_page.page_of), self.entry.path, part, given, code)
        page = await asyncio.get_running_loop().run_in_executor(None, job)
        nonce, policy = with_nonce(self.settings["headers"]["Content-Security-Policy"])
        self.set_header("Content-Security-Policy", policy)
        xsrf = self.xsrf_token.decode("ascii")
        with language.speaking(code):
            told = {"page": page, "tr": tr, "nonce": nonce, "xsrf": xsrf, "language": code, "languages": language.LANGUAGES}
            self.write(self.render_template("rules.html", **told))


def _visitor(handler: web.RequestHandler) -> str:
    """Whose pages are counted: a person's where people are named (behind a proxy all have its address), else an address's."""
    return handler.current_user.username if users.asks_for_names() else handler.request.remote_ip or ""
