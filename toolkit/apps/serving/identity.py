"""Who somebody is: the name that a trusted proxy gives, or whoever has the token; and our own page for whom neither is there."""

from __future__ import annotations

import hmac
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jupyter_server.auth.authorizer import Authorizer
from jupyter_server.auth.decorator import allow_unauthenticated
from jupyter_server.auth.identity import IdentityProvider, PasswordIdentityProvider, User
from tornado import web
from voila.handler import BaseVoilaHandler

from toolkit import language
from toolkit.apps.serving import users
from toolkit.apps.serving.place import SECRET_HEADER, Place
from toolkit.atomic import private_file
from toolkit.language import tr


class TokenIdentity(PasswordIdentityProvider):
    """Whoever has the token, or a cookie that was given for it."""


class ProxyIdentity(IdentityProvider):
    """The name that the proxy puts into a header; asked anew with every request, so that a session which ended there has ended here."""

    place = Place()

    def get_user(self, handler: web.RequestHandler) -> User | None:
        """Return who asks; nobody where it is not the proxy that asks, or where it names nobody."""
        name = named_by(self.place, address_of(handler), handler.request.headers)
        return User(username=name, name=name, display_name=name) if name else None

    @property
    def login_available(self) -> bool:
        """No: people are known to the proxy."""
        return False


class OwnPages(Authorizer):
    """Where people are named, the kernel of a page is its opener's alone."""

    def is_authorized(self, handler: Any, user: User, action: str, resource: str) -> bool:
        """Say whether somebody may speak with the kernel that a request is about; it becomes theirs if it was nobody's."""
        kernel = handler.path_kwargs.get("kernel_id") or next(iter(handler.path_args), "")
        return not users.asks_for_names() or not kernel or users.bind(kernel, user.username)


def address_of(handler: web.RequestHandler) -> str:
    """Return the address that a request really came from: the one that a header states is never believed."""
    context = getattr(handler.request.connection, "context", None)
    return getattr(context, "_orig_remote_ip", None) or handler.request.remote_ip or ""


def named_by(place: Place, address: str, headers: Mapping[str, str]) -> str:
    """Return the name that a request carries, if it comes from the proxy; else ''."""
    if not place.user_header or not place.trusts(address):
        return ""
    if place.secret and not hmac.compare_digest(headers.get(SECRET_HEADER, "").encode(), place.secret.encode()):
        return ""
    return users.readable_name(headers.get(place.user_header, ""))


def cookie_secret(workspace: Path) -> bytes:
    """Return what cookies are signed with: kept for this account, so that a page finds its way back after the app was started anew."""
    from platformdirs import user_state_path

    kept = user_state_path("retail-member-toolkit", appauthor=False) / "cookie-secret"
    try:
        if not kept.exists():
            kept.parent.mkdir(parents=True, exist_ok=True)
            private_file(kept).write_bytes(secrets.token_bytes(32))
        secret = kept.read_bytes()
    except OSError:
        secret = b""
    return hmac.digest(secret if len(secret) == 32 else os.urandom(32), str(workspace.resolve()).encode(), "sha256")


class EndedHandler(BaseVoilaHandler):
    """The page for whom the app does not know: why, in words, and the way back in. In place of Jupyter's form."""

    @allow_unauthenticated
    def get(self) -> None:
        """Say it."""
        there = way_back(self)
        self.tell(there, there)

    def tell(self, there: str, way: str, *, refused: bool = False) -> None:
        """Answer with the page: `there` is where they were going, `way` what its link leads to, `refused`: known, and not let in."""
        named = users.asks_for_names()
        code = language_of(self)
        with language.speaking(code):
            self.set_status(403)
            self.set_header("Cache-Control", "no-store")
            told = {"named": named, "refused": refused, "way": way, "path": there.partition("?")[0]}
            self.finish(self.render_template("ended.html", language=code, tr=tr, **told))


def way_back(handler: Any) -> str:
    """Return the page of ours that somebody was on their way to: no way to another site."""
    there = handler.get_query_argument("next", handler.base_url)
    return handler.base_url if not there.startswith(handler.base_url) or there.startswith("//") or "\\" in there else there


def language_of(handler: web.RequestHandler) -> str:
    """Return the reader's language: the one in the address (which is kept), the one chosen before, the browser's, the server's."""
    asked = handler.get_query_argument("language", "")
    wanted = [asked, handler.get_cookie("tk-language") or "", *handler.request.headers.get("Accept-Language", "").split(",")[:1]]
    for code in wanted:
        try:
            known = language.known(code)
        except ValueError:
            continue
        if code == asked:
            handler.set_cookie("tk-language", known, expires_days=365, samesite="Lax", path=handler.settings["base_url"])
        return known
    return language.current()
