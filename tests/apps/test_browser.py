"""The app as a person meets it: `toolkit app` started, a real Chromium, every request recorded."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.apps.conftest import NASTY
from tests.chromium import CHROMIUM
from toolkit.apps.guard import LOG_VARIABLE
from toolkit.workspace import Workspace

PATIENCE = 120_000  # milliseconds: a kernel starts slowly on a machine that does other things
pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine: the app was not opened in a browser"),
]


@pytest.fixture(scope="module")
def served(workspace: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """The address of a running app, and its process."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = tmp_path_factory.mktemp("app") / "app.log"
    command = [sys.executable, "-m", "toolkit.cli", "app", str(workspace.path), "--no-browser", "--port", str(port)]
    environment = {**os.environ, LOG_VARIABLE: str(log), "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment) as process:
        assert process.stdout is not None
        said = ""
        for line in process.stdout:
            said += line
            if found := re.search(r"http://127\.0\.0\.1:\d+/\?token=\w+", line):
                yield found.group(0), process
                break
        else:
            pytest.fail(f"the app did not start:\n{said}")
        process.terminate()
        assert process.wait(60) == 0
    assert not log.exists(), log.read_text("utf-8")


def kernels(process: subprocess.Popen[str]) -> int:
    return sum("ipykernel_launcher" in " ".join(child.cmdline()) for child in psutil.Process(process.pid).children(recursive=True))


def test_a_person_uses_the_app(browser: Any, served: tuple[str, subprocess.Popen[str]], tmp_path: Path) -> None:
    url, process = served
    asked: list[str] = []
    thrown: list[str] = []
    page = browser.new_page(viewport={"width": 1280, "height": 1000})
    page.set_default_timeout(PATIENCE)
    page.on("request", lambda request: asked.append(request.url))
    page.on("websocket", lambda socket: asked.append(socket.url))
    page.on("pageerror", lambda error: thrown.append(str(error)))
    page.goto(url, wait_until="commit")

    headline = page.locator(".tk-headline")
    headline.wait_for()
    first = headline.inner_text()
    assert "Across the chain" in first
    assert page.title() == "Member portrait"
    drawn = page.locator(".tk-chart[data-drawn=yes] svg.marks path")
    drawn.first.wait_for(state="attached")
    assert drawn.count() > 3

    store = page.get_by_label("Store", exact=True)
    store.fill("s1 Harbour")
    store.press("Enter")
    page.locator(".tk-headline", has_text="store s1").wait_for()
    assert headline.inner_text() != first
    page.locator(".tk-chart[data-drawn=yes]").wait_for()

    store.fill("s1 Harbor")
    store.press("Enter")
    stop = page.get_by_role("alert")
    stop.wait_for()
    assert stop.inner_text().startswith("There is no store “s1 Harbor”.")
    assert headline.count() == 0

    page.get_by_role("button", name="Reset").click()
    page.locator(".tk-headline", has_text="Across the chain").wait_for()
    assert headline.inner_text() == first
    assert page.get_by_role("alert").count() == 0

    # With the keyboard alone: to a question of the menu, to its own control, to the saved table.
    question = page.get_by_role("button", name="How do our stores compare?", exact=True)
    question.focus()
    page.keyboard.press("Enter")
    page.locator(".tk-question", has_text="How do our stores compare?").wait_for()
    page.wait_for_function("document.querySelector('.tk-chosen').getAttribute('aria-pressed') === 'true'")
    assert question.evaluate("button => button === document.activeElement")
    page.get_by_label("Ranked by").select_option("Repeat rate")
    page.locator(".tk-headline", has_text="repeat").wait_for()
    assert NASTY in page.locator(".tk-details").inner_text()
    with page.expect_download() as saved:
        page.locator(".tk-download").press("Enter")
    saved.value.save_as(tmp_path / "table.csv")
    assert "'=2" in (tmp_path / "table.csv").read_text("utf-8-sig")
    assert page.title() == "Member portrait", "no text of the data ran as a script"

    # On a telephone nothing is wider than the screen.
    page.set_viewport_size({"width": 390, "height": 800})
    page.wait_for_timeout(300)
    assert page.evaluate("document.querySelector('.tk-page').scrollWidth <= innerWidth")

    page.close(run_before_unload=True)
    deadline = time.monotonic() + PATIENCE / 1000
    while kernels(process) > 1 and time.monotonic() < deadline:
        time.sleep(0.5)
    assert kernels(process) == 1, "the kernel of the closed page is ended, the one worked out ahead waits"
    assert [address for address in asked if not re.match(r"(http|ws)://127\.0\.0\.1:\d+/|data:|blob:", address)] == []
    assert thrown == []


def test_without_the_token_nothing_is_shown(browser: Any, served: tuple[str, subprocess.Popen[str]]) -> None:
    url, _ = served
    context = browser.new_context()
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(url.split("?")[0])
    assert "/login" in page.url
    assert page.locator(".tk-headline").count() == 0
    for path in ("voila/files/portrait.ipynb", "voila/files/voila.py"):
        assert context.request.get(url.replace("?", f"{path}?")).status == 403
    assert [address for address in asked if not re.match(r"http://127\.0\.0\.1:\d+/|data:|blob:", address)] == []
    context.close()
