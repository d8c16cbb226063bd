"""Who the hub knows: its answers are put in place of a hub's. tests/apps/test_jupyterhub.py has the real one."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from tornado.httpclient import AsyncHTTPClient
from tornado.httpserver import HTTPServer
from tornado.testing import bind_unused_port
from tornado.web import Application, HTTPError, RequestHandler, authenticated

from toolkit.apps.serving.place import place_of_hub
from toolkit.errors import BadValue

pytest.importorskip("jupyterhub", reason="no jupyterhub: the extra hub is not installed")
from jupyter_server.base.handlers import JupyterHandler

from toolkit.apps.serving.hub import CALLBACK, TOKEN_VARIABLE, CallbackHandler, HubIdentity, SignInHandler

BASE = "/services/members/"
GIVEN = {
    "JUPYTERHUB_SERVICE_NAME": "members", "JUPYTERHUB_SERVICE_PREFIX": BASE, "JUPYTERHUB_SERVICE_URL": "http://127.0.0.1:8866",
    TOKEN_VARIABLE: "of-the-service", "JUPYTERHUB_CLIENT_ID": "service-members", "JUPYTERHUB_API_URL": "http://127.0.0.1:1/hub/api",
    "JUPYTERHUB_OAUTH_ACCESS_SCOPES": '["access:services!service=members"]',
}  # fmt: skip
MAY = ["access:services!service=members"]
Ask = Callable[..., Awaitable[Any]]


class Page(JupyterHandler):
    @authenticated
    def get(self) -> None:
        self.finish(self.current_user.username)

    def write_error(self, status_code: int, **_: Any) -> None:
        self.finish(str(status_code))


class SignIn(SignInHandler):
    """Without a template: what it would tell."""

    def initialize(self) -> None:
        pass

    def tell(self, there: str, way: str, *, refused: bool = False) -> None:
        self.finish(f"{there} {way} {refused}")


def in_service(people: dict[str, Any], monkeypatch: pytest.MonkeyPatch, story: Callable[[Ask, HubIdentity], Awaitable[None]]) -> None:
    """Run a story on a service whose hub knows `people` by their tokens (an exception: what it raises)."""
    for name, value in GIVEN.items():
        monkeypatch.setenv(name, value)
    for kind in (JupyterHandler, RequestHandler):  # the hub's library puts its own in their place: for this story alone
        for name in ("_xsrf_token_id", "xsrf_token", "check_xsrf_cookie"):
            monkeypatch.setattr(kind, name, getattr(kind, name, None), raising=False)

    async def run() -> None:
        provider = HubIdentity()

        async def answer(method: str, url: str, **given: Any) -> Any:
            if url.endswith("/oauth2/token"):
                return {"access_token": "token-of-anna"}
            known = people.get(given["headers"]["Authorization"].removeprefix("token "))
            if isinstance(known, Exception):
                raise known
            return known

        monkeypatch.setattr(provider.hub, "_api_request", answer)
        settings: dict[str, Any] = {
            "identity_provider": provider, "cookie_secret": b"x" * 32, "base_url": BASE, "login_url": f"{BASE}login", "headers": {},
            "log_function": lambda _: None,
        }  # fmt: skip
        rules: list[Any] = [
            (BASE, Page), (f"{BASE}login", SignIn), (f"{BASE}{CALLBACK}", CallbackHandler, {"hub_auth": provider.hub}),
        ]  # fmt: skip
        server = HTTPServer(Application(rules, **settings))
        socket, port = bind_unused_port()
        server.add_socket(socket)
        client = AsyncHTTPClient(force_instance=True)

        async def ask(path: str, cookies: str = "", **headers: str) -> Any:
            given = {name.replace("_", "-"): value for name, value in headers.items()} | ({"Cookie": cookies} if cookies else {})
            return await client.fetch(f"http://127.0.0.1:{port}{path}", headers=given, follow_redirects=False, raise_error=False)

        try:
            await story(ask, provider)
        finally:
            client.close()
            server.stop()

    asyncio.run(run())


def cookies_of(answer: Any) -> str:
    return "; ".join(one.partition(";")[0] for one in answer.headers.get_list("Set-Cookie") if '=""' not in one)


def test_people_come_in_by_the_hub_and_their_session_ends_there(monkeypatch: pytest.MonkeyPatch) -> None:
    people: dict[str, Any] = {"token-of-anna": {"kind": "user", "name": "anna", "scopes": MAY}}

    async def story(ask: Ask, provider: HubIdentity) -> None:
        first = await ask(BASE)
        assert (first.code, first.headers["Location"]) == (302, f"{BASE}login?next=%2Fservices%2Fmembers%2F")
        way = await ask(f"{BASE}login?next={BASE}%3Fa=1")
        asked = parse_qs(urlsplit(way.headers["Location"]).query)
        assert urlsplit(way.headers["Location"]).path == "/hub/api/oauth2/authorize"
        assert asked["redirect_uri"] == [f"{BASE}{CALLBACK}"]
        assert asked["code_challenge_method"] == ["S256"]
        back = f"{BASE}{CALLBACK}?code=1&state={asked['state'][0]}"
        assert (await ask(back)).headers["Location"] == f"{BASE}login", "a way that somebody else began"
        come = await ask(back, cookies_of(way))
        assert come.headers["Location"] == f"{BASE}?a=1"
        hers = cookies_of(come)
        assert (await ask(BASE, hers)).body == b"anna"
        # A script of another person's server, under the same name in her browser, has her cookie and not the page's own sign.
        assert (await ask(BASE, hers, Sec_Fetch_Mode="cors")).code == 302
        sign = next(one.partition("=")[2] for one in hers.split("; ") if one.startswith("_xsrf="))
        assert (await ask(BASE, hers, Sec_Fetch_Mode="cors", X_XSRFToken=sign)).body == b"anna"
        provider.hub.cache.clear()
        people.clear()
        ended = await ask(BASE, hers)
        assert ended.code == 302
        told = await ask(f"{BASE}login?next={BASE}", cookies_of(ended))
        assert told.body.decode() == f"{BASE} {BASE}login?go=1&next=%2Fservices%2Fmembers%2F False", "no hub's page before ours"
        assert (await ask(f"{BASE}login?go=1&next={BASE}", cookies_of(ended))).headers["Location"].startswith("/hub/api/oauth2/authorize")

    in_service(people, monkeypatch, story)


def test_a_name_alone_is_not_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    people: dict[str, Any] = {
        "carl": {"kind": "user", "name": "carl", "scopes": ["access:services!service=other"]},
        "odd": {"kind": "user", "name": "a\x1b[31m", "scopes": MAY},
        "down": HTTPError(500, "Failed to connect to Hub API"),
    }

    async def story(ask: Ask, _: HubIdentity) -> None:
        refused = await ask(BASE, Authorization="token carl")
        assert refused.code == 302
        assert (await ask(f"{BASE}login?next=//evil.example/", cookies_of(refused))).body.decode().endswith(" True")
        assert (await ask(BASE, Authorization="token odd")).code == 302
        assert (await ask(BASE, Authorization="token down")).code == 503, "no wrong word on a session where the hub is not there"

    in_service(people, monkeypatch, story)


def test_the_service_is_where_the_hub_says(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BadValue, match="JUPYTERHUB_SERVICE_PREFIX"):
        place_of_hub()
    for name, value in (GIVEN | {"JUPYTERHUB_PUBLIC_URL": "https://shop.example/services/members/"}).items():
        monkeypatch.setenv(name, value)
    place, port = place_of_hub()
    assert (place.host, port, place.base_url, place.public) == ("127.0.0.1", 8866, BASE, "https://shop.example")
    assert place.names_people
    assert not place.is_local
    monkeypatch.setenv("JUPYTERHUB_OAUTH_ACCESS_SCOPES", '["access:services"]')
    assert HubIdentity().hub.api_token == "of-the-service"
    assert TOKEN_VARIABLE not in os.environ, "no page's kernel has it"
