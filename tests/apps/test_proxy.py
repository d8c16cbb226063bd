"""The apps below a path, behind a real nginx that says who somebody is: two people, their roles, one campaign."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.apps.campaign_of_two import ROLES, anna_launches, bo_plans, is_in_both_names
from tests.apps.test_browser import PATIENCE, running
from tests.chromium import CHROMIUM
from toolkit.apps.serving.identity import named_by
from toolkit.apps.serving.place import SECRET_HEADER, SECRET_VARIABLE, place_of
from toolkit.errors import BadValue
from toolkit.workspace import Workspace

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
SECRET = "kept-between-the-two"
PEOPLE = "anna:{PLAIN}a\nbo:{PLAIN}b\nvi:{PLAIN}v\n"
Served = tuple[str, str, "Proxy"]
behind_nginx = pytest.mark.skipif(NGINX is None, reason="no nginx on this machine: the apps were not served behind a proxy")


# -- whom the app believes -------------------------------------------------------------------------------------------------------------


def test_a_name_is_believed_from_the_proxy_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    place = place_of(base_url="/members", user_header="X-Forwarded-User", proxies=["10.0.0.7", "fd00::/8"])
    told = {"X-Forwarded-User": "anna"}
    assert [named_by(place, address, told) for address in ("10.0.0.7", "fd00::1", "::ffff:10.0.0.7")] == ["anna"] * 3
    assert [named_by(place, address, told) for address in ("10.0.0.8", "127.0.0.1", "", "/run/socket")] == [""] * 4
    for wrong in ({}, {"X-Forwarded-User": " "}, {"X-Forwarded-User": "a\x1b[31m"}, {"X-Other": "anna"}, {"X-Forwarded-User": "a" * 201}):
        assert named_by(place, "10.0.0.7", wrong) == ""
    monkeypatch.setenv(SECRET_VARIABLE, SECRET)
    guarded = place_of(user_header="X-Forwarded-User")
    assert named_by(guarded, "127.0.0.1", told) == named_by(guarded, "127.0.0.1", {**told, SECRET_HEADER: "guessed"}) == ""
    assert named_by(guarded, "127.0.0.1", {**told, SECRET_HEADER: SECRET}) == "anna"
    assert named_by(place_of(), "127.0.0.1", told) == "", "without the option no header says anything"


def test_where_the_apps_are_reached() -> None:
    assert place_of() == place_of(base_url="/")
    assert place_of().is_local
    assert place_of(base_url="/members/").base_url == place_of(base_url="/members").base_url == "/members/"
    outside = place_of(base_url="https://shop.example:8443/a/b")
    assert (outside.public, outside.public_host, outside.base_url) == ("https://shop.example:8443", "shop.example", "/a/b/")
    for given in (
        {"base_url": "members"}, {"base_url": "/a b"}, {"base_url": "/../etc"}, {"base_url": "ftp://shop.example/"}, {"base_url": "/a?b"},
        {"user_header": "X User"}, {"proxies": ["10.0.0.7"]}, {"user_header": "X-User", "proxies": ["the proxy"]},
        {"host": "0.0.0.0", "token": False},
    ):  # fmt: skip
        with pytest.raises(BadValue):
            place_of(**given)  # type: ignore[arg-type]


# -- behind nginx ----------------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def patch() -> Iterator[pytest.MonkeyPatch]:
    """The environment of the app that the module starts."""
    with pytest.MonkeyPatch.context() as patch:
        yield patch


@pytest.fixture(scope="module")
def served(floor: Workspace, tmp_path_factory: pytest.TempPathFactory, patch: pytest.MonkeyPatch) -> Iterator[Served]:
    """The address at the proxy, the app's own, which nobody should use, and the proxy."""
    floor.write_document("roles", ROLES)
    folder = tmp_path_factory.mktemp("proxy")
    options = ["--base-url", "/members", "--trust-proxy-user", "X-Forwarded-User"]
    patch.setenv(SECRET_VARIABLE, SECRET)
    patch.setenv("TOOLKIT_APP_AHEAD", "0")
    with running(floor.path, folder / "app.log", r"http://127\.0\.0\.1:(\d+)/members/$", *options) as (found, _):
        own = int(found.group(1))
        port = free_port()
        (folder / "people").write_text(PEOPLE, "utf-8")
        (folder / "nginx.conf").write_text(configuration(folder, port, own), "utf-8")
        proxy = Proxy(folder, port)
        proxy.start()
        try:
            yield f"http://127.0.0.1:{port}/members/", found.group(0), proxy
        finally:
            proxy.stop()


class Proxy:
    """A running nginx; whom it lets in is read from `people` with each request."""

    def __init__(self, folder: Path, port: int) -> None:
        self.people, self.folder, self.port = folder / "people", folder, port

    def start(self) -> None:
        self.process = subprocess.Popen([str(NGINX), "-p", str(self.folder), "-c", "nginx.conf", "-e", "error.log"])
        deadline = time.monotonic() + 60
        while True:
            assert self.process.poll() is None, "nginx did not start"
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                assert time.monotonic() < deadline
                time.sleep(0.05)

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(60)


def configuration(folder: Path, port: int, own: int) -> str:
    """The block of the docs, on ports and files of this run."""
    (block,) = re.findall(r"```nginx\n(.*?)```", (Path(__file__).parents[2] / "docs/how-to/team.md").read_text("utf-8"), re.DOTALL)
    for told, here in (
        ("listen 443 ssl;", f"listen 127.0.0.1:{port};"), ("/etc/nginx/people", str(folder / "people")), ("127.0.0.1:8866", f"127.0.0.1:{own}"),
        ("the same as TOOLKIT_PROXY_SECRET", SECRET),
    ):  # fmt: skip
        assert told in block
        block = block.replace(told, here)
    paths = "".join(f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    user = "user root;" if os.geteuid() == 0 else ""
    return f"{user} daemon off; pid nginx.pid; worker_processes 1; events {{}} http {{ access_log off; {paths} {block} }}"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


def ask(address: str, who: str = "", headers: dict[str, str] | None = None, method: str = "GET") -> tuple[int, dict[str, list[str]], str]:
    """Status, headers and text of an answer; no redirect is followed."""
    given = dict(headers or {})
    if who:
        given["Authorization"] = f"Basic {b64encode(f'{who}:{who[0]}'.encode()).decode()}"
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _Stay)
    got: Any
    request = urllib.request.Request(address, headers=given, method=method, data=b"x" if method != "GET" else None)
    try:
        got = opener.open(request, timeout=60)
    except urllib.error.HTTPError as error:
        got = error
    found: dict[str, list[str]] = {}
    for name, value in got.headers.items():
        found.setdefault(name.lower(), []).append(value)
    return got.status, found, got.read().decode("utf-8", "replace")


@pytest.mark.slow
@behind_nginx
def test_everything_stands_below_the_path_and_nobody_comes_around_the_proxy(served: Served) -> None:
    there, own, _ = served
    status, headers, page = ask(there, "vi")
    assert status == 200
    links = set(re.findall(r'(?:href|src|action)="(/[^"]*)"', page))
    assert links
    assert all(link.startswith("/members/") for link in links), links
    assert all(ask(there.replace("/members/", link), "vi")[0] == 200 for link in links if "/static/" in link)
    status, headers, _ = ask(f"{there}?language=zh", "vi")
    assert {path for cookie in headers["set-cookie"] for path in re.findall("(?i)path=([^;]*)", cookie)} == {"/members/"}
    assert ask(there)[0] == 401, "nginx asks first"
    # Around the proxy: a name in the header is nothing without the secret, and what one gets is a page of ours, in the reader's language.
    for path in ("", "voila/render/portrait.ipynb?tab=ask"):
        status, headers, _ = ask(own + path, headers={"X-Forwarded-User": "anna", "Accept-Language": "zh-CN"})
        assert status == 302
        assert headers["location"][0].startswith("/members/login?next=")
        status, _, text = ask(own.replace("/members/", headers["location"][0]), headers={"Accept-Language": "zh-CN"})
        assert status == 403
        assert "Jupyter" not in text
        assert 'lang="zh"' in text
        assert f'href="/members/{path}"' in text
    assert "evil" not in ask(f"{own}login?next=//evil.example/members/")[2]
    assert ask(f"{own}api/kernels/{'0' * 8}-0000-4000-8000-{'0' * 12}")[0] == 403
    # Receipts are an owner's: the server takes no file from others.
    slot = f"{there}receipts/1-{'0' * 16}?name=a.csv"
    cookie = {"Cookie": "_xsrf=one", "X-XSRFToken": "one"}
    assert (ask(slot, "bo", cookie, "PUT")[0], ask(slot, "anna", cookie, "PUT")[0]) == (403, 404)


@pytest.mark.browser
@pytest.mark.slow
@behind_nginx
@pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine: the app was not opened in a browser")
def test_a_marketer_plans_and_an_owner_launches(browser: Any, served: Served, floor: Workspace) -> None:
    there, _, proxy = served
    context = browser.new_context(http_credentials={"username": "bo", "password": "b"}, viewport={"width": 1280, "height": 1000})
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    address, kernel = bo_plans(page, f"{there}voila/render/differentiation.ipynb", floor)
    # Somebody else's kernel is nobody's to read or to end.
    assert ask(f"{there}api/kernels/{kernel}", "bo")[0] == 200
    assert ask(f"{there}api/kernels/{kernel}", "anna")[0] == 403
    cookie = {"Cookie": "_xsrf=one", "X-XSRFToken": "one"}
    assert ask(f"{there}voila/api/shutdown/{kernel}", "anna", cookie, "POST")[0] == 403
    context.close()
    context = browser.new_context(http_credentials={"username": "anna", "password": "a"}, viewport={"width": 1280, "height": 1000})
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    launched_at = anna_launches(page, address)
    # What stands before the page is stopped and started anew: it says so, and comes back to the same view.
    proxy.stop()
    gone = page.get_by_role("alertdialog")
    gone.get_by_text("cannot be reached").wait_for()
    proxy.start()
    gone.get_by_text("can be reached again").wait_for()
    gone.get_by_role("button").click()
    gone.wait_for(state="detached")
    page.locator(".tk-done", has_text="Launched: ").wait_for()
    assert page.url == launched_at
    proxy.people.write_text(PEOPLE.replace("anna:", "gone:"), "utf-8")
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    gone.get_by_text("Your session has ended.").wait_for()
    context.close()
    is_in_both_names(floor)


@pytest.mark.browser
@pytest.mark.slow
@behind_nginx
@pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine: the app was not opened in a browser")
def test_a_page_that_does_not_start_says_so_and_can_be_tried_again(browser: Any, served: Served) -> None:
    there, _, proxy = served
    proxy.people.write_text(PEOPLE, "utf-8")
    context = browser.new_context(http_credentials={"username": "vi", "password": "v"}, locale="zh-CN")
    page = context.new_page()
    first = (Path(__file__).parents[2] / "dashboards/share/nbconvert/templates/toolkit/opening.html").read_text("utf-8")
    scripts = "".join(f'<script src="{there}voila/templates/toolkit/static/{name}.js"></script>' for name in ("words", "speak", "watch"))
    body = f"<!doctype html><html><head>{scripts}</head>{first.partition('</head>')[2]}"
    page.route("**/portrait.ipynb*", lambda route: route.fulfill(body=body, content_type="text/html"))  # its first words, and nothing more
    page.clock.install()  # nobody waits here
    page.goto(f"{there}voila/render/portrait.ipynb")
    page.clock.run_for(10_000)
    assert page.get_by_role("alertdialog").count() == 0
    page.clock.run_for(6_000)
    page.get_by_role("alertdialog").get_by_text("15 秒").wait_for()
    page.unroute("**/portrait.ipynb*")
    page.route("**/portrait.ipynb*", lambda route: route.fulfill(body="<h1>here</h1>", content_type="text/html"))
    page.get_by_role("alertdialog").get_by_role("button").click()
    page.get_by_role("heading", name="here").wait_for()
    context.close()
