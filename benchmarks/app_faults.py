"""What a page does when something is in its way: it cannot start, there are two of it, a person goes back, the server is started anew.

Called by `benchmarks/apps.py` (part `faults`); each line says what a person sees and after how many seconds.
"""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

from tests.chromium import wait_until

BARS = {"says that it has not started": 15.0, "says that the server is gone": 15.0, "is the same view again": 15.0, "goes back": 3.0}
_PATIENCE = 90
_HEADLINE = ".tk-asking .tk-headline"
_TOLD = """() => (document.querySelector('.tk-gone') || {innerText: ''}).innerText"""


def faults(browser: Any, workspace: Path, say: Callable[..., int]) -> int:
    """Try each on a server of its own; return how many bars are missed. `say(words, figure, bar)` prints a line."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server, address = _start(workspace, port)
    try:
        missed = _tabs_and_back(browser, address, say)
        missed += _not_started(browser, address, server, say)
        page, view, headline = _at_a_view(browser, address)
        missed += _started_anew(page, view, headline, server, workspace, port, say)
    finally:
        for one in psutil.Process().children():
            if any(str(port) == word for word in one.cmdline()):
                one.terminate()
    return missed


def _start(workspace: Path, port: int) -> tuple[subprocess.Popen[str], str]:
    command = [sys.executable, "-u", "-m", "toolkit.cli", "app", str(workspace), "--no-browser", "--no-token", "--port", str(port)]
    said = tempfile.NamedTemporaryFile("r", delete=True)  # noqa: SIM115 - it lives as long as the server writes
    server = subprocess.Popen(command, stdout=said.fileno(), stderr=subprocess.STDOUT, text=True)
    while not (found := re.search(r"http://127\.0\.0\.1:\d+/", Path(said.name).read_text("utf-8"))):
        if server.poll() is not None:
            sys.exit(f"the app did not start:\n{Path(said.name).read_text('utf-8')}")
        time.sleep(0.05)
    return server, found.group(0)


def _opened(context: Any, address: str, query: str) -> Any:
    page = context.new_page()
    page.set_default_timeout(_PATIENCE * 1000)
    page.goto(f"{address}voila/render/portrait.ipynb?{query}", wait_until="commit")
    page.locator(_HEADLINE).first.wait_for()
    return page


def _at_a_view(browser: Any, address: str) -> tuple[Any, str, str]:
    page = _opened(browser.new_context(viewport={"width": 1280, "height": 1000}), address, "question=portrait.lifecycle")
    return page, page.url, page.locator(_HEADLINE).first.inner_text()


def _tabs_and_back(browser: Any, address: str, say: Callable[..., int]) -> int:
    context = browser.new_context(viewport={"width": 1280, "height": 1000})
    one, other = (_opened(context, address, f"question=portrait.{name}") for name in ("segments", "lifecycle"))
    first, second = (page.locator(_HEADLINE).first.inner_text() for page in (one, other))
    asked = one.evaluate("location.search")
    one.locator(".tk-question-button:not(.tk-chosen)").locator("visible=true").first.click()
    wait_until(one, "was => document.querySelector('.tk-asking .tk-headline')?.innerText !== was", first, seconds=_PATIENCE)
    wait_until(one, "was => location.search !== was", asked, seconds=_PATIENCE)  # the browser writes it, after the answer
    missed = say(
        "two tabs: what one is asked changes the other (1 = yes)", int(other.locator(_HEADLINE).first.inner_text() != second), 0, ""
    )
    start = time.perf_counter()
    one.go_back()
    wait_until(one, "was => document.querySelector('.tk-asking .tk-headline')?.innerText === was", first, seconds=_PATIENCE)
    missed += say("the browser's back: the view before", time.perf_counter() - start, BARS["goes back"])
    context.close()
    return missed


def _not_started(browser: Any, address: str, server: subprocess.Popen[str], say: Callable[..., int]) -> int:
    """All kernels and the process that they are forked from stand still; the server itself answers."""
    held = psutil.Process(server.pid).children(recursive=True)
    for one in held:
        one.send_signal(signal.SIGSTOP)
    page = browser.new_page(viewport={"width": 1280, "height": 1000})
    page.set_default_timeout(_PATIENCE * 1000)
    start = time.perf_counter()
    page.goto(f"{address}voila/render/portrait.ipynb", wait_until="commit")
    wait_until(page, _TOLD, seconds=_PATIENCE)
    missed = say("a page that cannot start says so", time.perf_counter() - start, BARS["says that it has not started"])
    print(f"    {page.evaluate(_TOLD)!r}")
    for one in held:
        with suppress(psutil.NoSuchProcess):
            one.send_signal(signal.SIGCONT)
    start = time.perf_counter()
    page.get_by_role("button", name="Load the page again").click()
    page.locator(_HEADLINE).first.wait_for()
    say("    its button, once they go on: the page is there", time.perf_counter() - start, None)
    page.close(run_before_unload=True)
    return missed


def _started_anew(
    page: Any, view: str, headline: str, server: subprocess.Popen[str], workspace: Path, port: int, say: Callable[..., int]
) -> int:
    start = time.perf_counter()
    server.terminate()
    wait_until(page, _TOLD, seconds=_PATIENCE)
    missed = say("the server is stopped: an open page says so", time.perf_counter() - start, BARS["says that the server is gone"])
    print(f"    {page.evaluate(_TOLD)!r}")
    server.wait(60)
    again, _ = _start(workspace, port)
    try:
        start = time.perf_counter()
        wait_until(page, "() => document.querySelector('.tk-gone p').innerText.includes('can be reached again')", seconds=_PATIENCE)
        say("    started anew: the page says that it is back", time.perf_counter() - start, None)
        page.evaluate("window.tkBefore = true")
        start = time.perf_counter()
        page.get_by_role("button", name="Load the page again").click()
        same = "was => !window.tkBefore && document.querySelector('.tk-asking .tk-headline')?.innerText === was"
        wait_until(page, same, headline, seconds=_PATIENCE)
        missed += say("    its button: the same view, the same sentence", time.perf_counter() - start, BARS["is the same view again"])
        missed += say("    another address than before (1 = yes)", int(page.url != view), 0, "")
    finally:
        again.terminate()
        again.wait(60)
    return missed
