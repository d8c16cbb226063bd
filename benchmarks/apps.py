"""The apps under load: first useful screen, a control's answer, memory for one and many pages, kernels left behind. Prints a table.

    python benchmarks/apps.py WORKSPACE [--pages 20] [--controls 7]

A copy of the workspace is served, so that nothing in it changes. Times are what a person at a browser on this machine waits.
"""

from __future__ import annotations

import argparse
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import psutil
from playwright.sync_api import sync_playwright

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.chromium import CHROMIUM, FLAGS
from toolkit.apps.forked import PROCESS

READY = {
    "portrait": ".tk-asking .tk-headline",
    "targeting": ".tk-build .tk-headline",
    "differentiation": ".tk-build .tk-hint p",
    "review": ".tk-section-verdict :is(.tk-headline, .tk-stop)",
}
BARS = {"preheated": 3.0, "cold": 8.0, "control": 0.3}
"""Seconds that the first useful screen and a control's answer may take."""
_PATIENCE = 180


def main() -> int:
    """Measure, print, and return 1 if a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("workspace", type=Path)
    parser.add_argument("--pages", type=int, default=20, help="pages open at once")
    parser.add_argument("--controls", type=int, default=7, help="how often a control is used")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="toolkit-apps-") as folder:
        copy = shutil.copytree(given.workspace, Path(folder) / "workspace")
        with served(copy) as (address, process), sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            missed = _screens(browser, address, process) + _controls(browser, address, given.controls)
            missed += _many(browser, address, process, given.pages)
            browser.close()
    return 1 if missed else 0


@contextmanager
def served(workspace: Path) -> Iterator[tuple[str, psutil.Process]]:
    """The address of the apps on a workspace, and their server."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-u", "-m", "toolkit.cli", "app", str(workspace), "--no-browser", "--no-token", "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as server:
        assert server.stdout is not None
        for line in server.stdout:
            if found := re.search(r"http://127\.0\.0\.1:\d+/", line):
                yield found.group(0), psutil.Process(server.pid)
                break
        server.terminate()
        server.wait(60)


def kernels(server: psutil.Process) -> list[psutil.Process]:
    """The kernels of the server that live."""
    found = []
    for child in server.children(recursive=True):
        try:
            if child.name() == PROCESS:
                found.append(child)
        except psutil.NoSuchProcess:
            continue
    return found


def _open(browser: Any, address: str, app: str) -> tuple[Any, float]:
    page = browser.new_page()
    page.set_default_timeout(_PATIENCE * 1000)
    start = time.perf_counter()
    page.goto(f"{address}voila/render/{app}.ipynb", wait_until="commit")
    page.locator(READY[app]).first.wait_for()
    return page, time.perf_counter() - start


def _settle(server: psutil.Process, count: int) -> None:
    """Wait until `count` kernels live and none of them works."""
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        living = kernels(server)
        before = sum(sum(one.cpu_times()[:2]) for one in living)
        time.sleep(2)
        if len(living) == count and sum(sum(one.cpu_times()[:2]) for one in living) - before < 0.2:
            return


def _say(what: str, seconds: float, bar: float) -> int:
    print(f"{what:<52}{seconds:8.2f} s   bar {bar:.1f} s   {'ok' if seconds <= bar else 'MISSED'}", flush=True)
    return int(seconds > bar)


def _screens(browser: Any, address: str, server: psutil.Process) -> int:
    missed = 0
    for app in READY:
        _settle(server, len(READY))
        page, ahead = _open(browser, address, app)
        missed += _say(f"{app}: first useful screen, worked out ahead", ahead, BARS["preheated"])
        second, cold = _open(browser, address, app)  # the next one ahead is not ready yet
        missed += _say(f"{app}: first useful screen, cold", cold, BARS["cold"])
        for one in (page, second):
            one.close(run_before_unload=True)
    return missed


def _controls(browser: Any, address: str, times: int) -> int:
    page, _ = _open(browser, address, "targeting")
    page.wait_for_timeout(3000)
    waits = []
    for days in range(10, 10 + times):
        field = page.get_by_label("The same as a condition")
        field.fill(f"recency_days <= {days}")
        start = time.perf_counter()
        field.press("Tab")
        page.wait_for_function(f"location.search.includes('%3D+{days}') && document.querySelector('.tk-busy').innerText === ''")
        page.locator(".tk-build .tk-headline").wait_for()
        waits.append(time.perf_counter() - start)
    page.close(run_before_unload=True)
    missed = _say(f"targeting: a control's answer, median of {times}", median(waits), BARS["control"])
    print(f"{'targeting: a control’s answer, worst':<52}{max(waits):8.2f} s")
    return missed


def _many(browser: Any, address: str, server: psutil.Process, count: int) -> int:
    _settle(server, len(READY))
    print(f"{'memory of server and pages ahead, nobody there':<52}{_memory(server):8.0f} MB ({len(READY)} kernels)")
    pages = [_open(browser, address, "portrait")[0]]
    _settle(server, len(READY) + 1)
    print(f"{'memory with 1 page':<52}{_memory(server):8.0f} MB")
    apps = list(READY)
    pages += [_open(browser, address, apps[number % len(apps)])[0] for number in range(1, count)]
    _settle(server, len(READY) + count)
    print(f"{f'memory with {count} pages':<52}{_memory(server):8.0f} MB ({len(kernels(server))} kernels)")
    for page in pages:
        page.close(run_before_unload=True)
    _settle(server, len(READY))
    left = len(kernels(server))
    print(f"{'kernels after all pages are closed':<52}{left:8} (one of each app is worked out ahead)")
    return int(left > len(READY))


def _memory(server: psutil.Process) -> float:
    """Megabytes of server and kernels that are theirs alone or their share of what they share."""
    return sum(one.memory_full_info().pss for one in [server, *kernels(server)]) / 1e6


if __name__ == "__main__":
    sys.exit(main())
