"""The apps as a service of a real JupyterHub behind its own proxy: two people, their roles, one campaign. `make hub` runs it.

HUB names a folder with JupyterHub in `bin/` and its proxy in `node_modules/.bin/`; without one nothing of this is run.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.apps.campaign_of_two import ROLES, anna_launches, bo_plans, is_in_both_names
from tests.apps.test_browser import PATIENCE
from tests.apps.test_proxy import ask
from tests.chromium import CHROMIUM
from tests.servers import free_port
from toolkit.workspace import Workspace

ROOT = Path(__file__).parents[2]
HUB = Path(os.environ.get("HUB", "")).resolve()
PASSWORD = "of-the-shop"
HERE = """
load_subconfig({example!r})
c.JupyterHub.bind_url = "http://127.0.0.1:{port}/"
c.JupyterHub.hub_bind_url = "http://127.0.0.1:{hub}"
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{api}"
c.ConfigurableHTTPProxy.command = [{proxy!r}]
c.JupyterHub.db_url = "sqlite:///{folder}/hub.sqlite"
c.JupyterHub.cookie_secret_file = "{folder}/cookie_secret"
c.JupyterHub.authenticator_class = "dummy"
c.DummyAuthenticator.password = {password!r}
c.Authenticator.allowed_users = {{"anna", "bo", "carl"}}
c.JupyterHub.load_groups["members"]["users"] = ["anna", "bo"]
"""
pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif("HUB" not in os.environ, reason="no HUB: the apps were not served by a JupyterHub (make hub)"),
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine: the app was not opened in a browser"),
]


@pytest.fixture(scope="module")
def hub(floor: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a running hub whose service the apps are."""
    floor.write_document("roles", ROLES)
    folder = tmp_path_factory.mktemp("hub")
    port, own, api, service = (free_port() for _ in range(4))
    proxy, example = HUB / "node_modules/.bin/configurable-http-proxy", ROOT / "deploy/jupyterhub_config.py"
    (folder / "jupyterhub_config.py").write_text(
        HERE.format(example=str(example), port=port, hub=own, api=api, proxy=str(proxy), folder=folder, password=PASSWORD), "utf-8"
    )
    surroundings = {
        **os.environ, "TOOLKIT": str(Path(sys.executable).with_name("toolkit")), "TOOLKIT_WORKSPACE": str(floor.path),
        "TOOLKIT_PORT": str(service), "TOOLKIT_APP_AHEAD": "0", "PYTHONPATH": str(ROOT),
    }  # fmt: skip
    with (folder / "log").open("w") as log:
        process = subprocess.Popen([HUB / "bin/jupyterhub"], cwd=folder, env=surroundings, stdout=log, stderr=log)
        deadline = time.monotonic() + 120
        while "JupyterHub is now running" not in (folder / "log").read_text("utf-8"):
            assert process.poll() is None, (folder / "log").read_text("utf-8")
            assert time.monotonic() < deadline, (folder / "log").read_text("utf-8")
            time.sleep(0.2)
        yield f"http://127.0.0.1:{port}/"
        process.terminate()
        process.wait(60)
    assert "Traceback" not in (folder / "log").read_text("utf-8")


def signed_in(browser: Any, address: str, who: str, **options: Any) -> Any:
    """A page of somebody who went to an address, was led to the hub's own form, and back."""
    page = browser.new_context(viewport={"width": 1280, "height": 1000}, **options).new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(address, wait_until="commit")
    sign_in(page, who)
    return page


def sign_in(page: Any, who: str) -> None:
    page.locator("#username_input").fill(who)
    page.locator("#password_input").fill(PASSWORD)
    page.locator("#login_submit").click()


def test_a_marketer_plans_and_an_owner_launches(browser: Any, hub: str, floor: Workspace) -> None:
    there = f"{hub}services/members/"
    page = signed_in(browser, f"{there}work", "bo")
    page.wait_for_url(f"{there}work")
    address, kernel = bo_plans(page, f"{there}voila/render/differentiation.ipynb", floor)
    owner = signed_in(browser, address, "anna")
    theirs = (
        f"() => fetch('/services/members/api/kernels/{kernel}', {{headers: {{'X-XSRFToken': window.tkSign()}}}}).then(one => one.status)"
    )
    owner.locator(".tk-launch").wait_for()
    assert (page.evaluate(theirs), owner.evaluate(theirs)) == (200, 403), "somebody else's kernel is nobody's to read"
    launched_at = anna_launches(owner, address)
    is_in_both_names(floor)
    # She signs out at the hub: the page that is open says so; the same address leads to a page of ours, and from there back to where she was.
    other = owner.context.new_page()
    other.goto(f"{hub}hub/logout")
    owner.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    gone = owner.get_by_role("alertdialog")
    gone.get_by_text("Your session has ended.").wait_for()
    gone.get_by_role("button").click()
    owner.get_by_role("heading", name="Not signed in").wait_for()
    owner.get_by_role("link", name="Sign in and go on where you were").click()
    sign_in(owner, "anna")
    owner.locator(".tk-done", has_text="Launched: ").wait_for()
    assert owner.url == launched_at


def test_the_readers_language_is_there_before_the_first_word(browser: Any, hub: str) -> None:
    page = signed_in(browser, f"{hub}services/members/", "bo", locale="zh-CN")
    page.get_by_role("heading", name="会员运营").wait_for()
    assert page.evaluate("document.documentElement.lang") == "zh"
    seen: list[str] = []
    page.on("response", lambda answer: seen.append(answer.text()) if "portrait.ipynb" in answer.url else None)
    page.goto(f"{hub}services/members/voila/render/portrait.ipynb")
    page.locator(".tk-title h1", has_text="会员").wait_for()
    assert seen[0].index('<html lang="zh">') < seen[0].index("正在打开") < seen[0].index("jupyter-config-data")


def test_nobody_comes_in_around_the_hub_nor_without_its_leave(browser: Any, hub: str) -> None:
    there = f"{hub}services/members/"
    status, headers, _ = ask(there, headers={"X-Forwarded-User": "anna", "Cookie": "service-members=anna"})
    assert (status, headers["location"][0]) == (302, "/services/members/login?next=%2Fservices%2Fmembers%2F")
    status, headers, _ = ask(f"{there}login?next=//evil.example/", headers={"Accept-Language": "zh-CN"})
    assert status == 302
    assert headers["location"][0].startswith("/hub/api/oauth2/authorize?client_id=service-members")
    assert ask(f"{there}api/kernels/{'0' * 8}-0000-4000-8000-{'0' * 12}")[0] == 403
    status, headers, _ = ask(f"{there}oauth_callback?code=guessed&state=guessed")
    assert (status, headers["location"][0]) == (302, "/services/members/login")
    page = signed_in(browser, there, "carl")
    page.get_by_text("You do not have permission").first.wait_for()  # the hub's own words: he is in no group of ours
