"""The apps under load: first useful screen, a control's answer in each app, many people at once, memory, kernels left. Prints a table.

    python benchmarks/apps.py WORKSPACE [--people 20] [--controls 5] [--only screens controls faults people clients idle]

A copy of the workspace is served, so that nothing in it changes. Times are what a person at a browser on this machine waits, from the click
to the answer on the screen; with many people, all their browsers run on this machine too. CPU is that of the kernels for one answer: on a
machine that does other work it says what the wait would be on a quiet one. Beyond two million lines a control may take 1 s
instead of .3 s, and work of a second must show that it goes on. Memory is PSS: what a process has for itself, and its part of what it shares.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from threading import Thread
from typing import Any

import psutil
from playwright.sync_api import TimeoutError, sync_playwright
from websocket import create_connection

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.app_faults import faults
from tests.chromium import CHROMIUM, FLAGS, wait_until
from toolkit.apps.serving.forked import PROCESS
from toolkit.ledger.campaigns import known_campaigns
from toolkit.scope.view import open_view
from toolkit.workspace import Workspace

READY = {
    "portrait": ".tk-asking .tk-headline",
    "targeting": ".tk-build .tk-headline",
    "differentiation": ".tk-build .tk-hint p",
    "review": ".tk-section-verdict :is(.tk-headline, .tk-stop)",
}
BARS = {"preheated": 3.0, "cold": 8.0, "control": 0.3, "control, many lines": 1.0, "page": 250.0}
"""Seconds of the first useful screen and of a control's answer; megabytes of each page that is open,
and of each worked out ahead: twenty people fit on a machine of 8 GB."""
MANY_LINES = 2_000_000
COMING = 3
"""Seconds between one of many people and the next."""
IDLE = 5
CLIENTS = (20, 50)
"""Pages that are asked for at once, without browsers: what the server itself takes, and what it does when one more comes."""
HALF_SENT = 50
_PATIENCE = 60
_WATCH = """([place, whole]) => {
    const text = () => [...document.querySelectorAll(place)].filter(one => one.offsetParent).map(one => one.innerText).join('|');
    const works = () => [...document.querySelectorAll('.tk-busy')].some(one => one.offsetParent && one.innerText.trim());
    const before = text();
    let start = null;  // the click or key itself: what the test's driver does before it is no part of the wait
    for (const kind of ['pointerdown', 'keydown', 'change'])
        addEventListener(kind, () => { start = start === null ? performance.now() : start; }, { capture: true, once: true });
    window.tkAnswer = null; window.tkBusy = null;
    const timer = setInterval(() => {
        if (start === null) return;
        if (window.tkBusy === null && works()) window.tkBusy = performance.now() - start;
        const now = text();
        const answered = whole ? (now !== before || window.tkBusy !== null) && !works() : now !== before;
        if (now && answered) { window.tkAnswer = performance.now() - start; clearInterval(timer); }
    }, 5);
}"""


@dataclass(frozen=True)
class Control:
    """Something a person does in an app: `act(page, number)`, and the place where the answer is read.

    `whole`: the answer is there when nothing is being worked out any more (it may be the same as before), else when the place has another
    text.
    """

    app: str
    words: str
    act: Callable[[Any, int], None]
    place: str = ".tk-main .tk-panel"
    whole: bool = True
    barred: bool = True


def _type(label: str, text: Callable[[int], str]) -> Callable[[Any, int], None]:
    def act(page: Any, number: int) -> None:
        field = page.get_by_label(label, exact=True).locator("visible=true")
        field.fill(text(number))
        field.press("Enter" if label == "Store" else "Tab")

    return act


def _condition(page: Any, number: int) -> None:
    if not page.get_by_label("The same as a condition").is_visible():
        page.get_by_role("button", name="As an expression", exact=True).click()
    _type("The same as a condition", lambda number: f"recency_days <= {10 + number}")(page, number)


def _press(selector: str) -> Callable[[Any, int], None]:
    return lambda page, number: page.locator(selector).locator("visible=true").nth(number).click()


def _cell(page: Any, number: int) -> None:
    cell = page.locator(".tk-build .tk-chart[data-pick][data-drawn=yes] .mark-rect path").nth(number + 2)
    cell.scroll_into_view_if_needed()
    place = cell.bounding_box()
    page.mouse.click(place["x"] + 4, place["y"] + 4)


def _slide(label: str) -> Callable[[Any, int], None]:
    def act(page: Any, _number: int) -> None:
        handle = page.locator(".tk-field", has_text=label).locator(".noUi-handle").first
        handle.focus()
        page.keyboard.press("ArrowRight")

    return act


def _campaign(page: Any, number: int) -> None:
    page.get_by_label("Campaign", exact=True).select_option(index=number + 1)


def controls(stores: list[str], campaigns: int) -> list[Control]:
    """Return the controls that are measured, in the order of the loop; those of the review where there are campaigns to choose from."""
    plan = ".tk-build .tk-main"
    found = [
        Control("portrait", "another store", _type("Store", lambda number: stores[number % len(stores)])),
        Control("portrait", "another question", _press(".tk-question-button:not(.tk-chosen)")),
        Control("targeting", "a button of the builder", _press(".tk-toggle")),
        Control("targeting", "a typed condition", _condition),
        Control("differentiation", "the first word of a plan", _type("Name", lambda number: f"Autumn {number}"), plan, barred=False),
        Control("differentiation", "a field of the plan", _type("Cost of one contact", lambda number: f"0.{11 + number}"), plan),
        Control("differentiation", "a cell of the grid", _cell, plan),
        Control("differentiation", "the budget", _slide("Most that the offer may cost"), plan),
        Control("differentiation", "members held out", _slide("Held out"), plan),
        Control("review", "another campaign: its verdict", _campaign, ".tk-section-verdict", whole=False),
        Control(
            "review",
            "another campaign: five sections",
            lambda page, number: _campaign(page, number + 6),
            ".tk-section-migration",
            whole=False,
            barred=False,
        ),
    ]
    return [one for one in found if one.app != "review" or campaigns > 12]


def main() -> int:
    """Measure, print, and return 1 if a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("workspace", type=Path)
    parser.add_argument("--people", type=int, default=20, help="people at once")
    parser.add_argument("--controls", type=int, default=5, help="how often a control is used")
    parts = ("screens", "controls", "faults", "people", "clients", "idle")
    parser.add_argument("--only", nargs="+", choices=parts, default=parts, help="parts of the table")
    given = parser.parse_args()
    missed = 0
    with tempfile.TemporaryDirectory(prefix="toolkit-apps-") as folder:
        copy = shutil.copytree(given.workspace, Path(folder) / "workspace")
        ws = Workspace(copy)
        stores = open_view(ws).readable["home_store_id"].value_counts(sort=True)["home_store_id"].drop_nulls().to_list()
        used = controls(stores, known_campaigns(ws).height)
        bar = BARS["control" if ws.line_count <= MANY_LINES else "control, many lines"]
        print(f"{ws.line_count:,} lines; load of the machine before: {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors", flush=True)
        with served(copy) as (address, server), sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            _settle(server, len(READY), helpers=True)
            if "screens" in given.only:
                missed += _screens(browser, address, server)
            if "controls" in given.only:
                missed += _controls(browser, address, server, used, given.controls, bar)
            if "people" in given.only:
                missed += _people(browser, address, server, used, given.people)
            if "faults" in given.only:
                missed += faults(browser, copy, _say)
            browser.close()
        if "clients" in given.only:
            missed += sum(_clients(copy, count) for count in CLIENTS)
        if "idle" in given.only:
            missed += _idle(copy)
    return 1 if missed else 0


@contextmanager
def served(workspace: Path, **environment: str) -> Iterator[tuple[str, psutil.Process]]:
    """The address of the apps on a workspace, and their server."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-u", "-m", "toolkit.cli", "app", str(workspace), "--no-browser", "--no-token", "--port", str(port)]
    told = {**os.environ, **environment}
    with (
        tempfile.NamedTemporaryFile("r") as said,
        subprocess.Popen(command, stdout=said.fileno(), stderr=subprocess.STDOUT, env=told) as server,
    ):
        terminal = Path(said.name)
        try:
            while not (found := re.search(r"http://127\.0\.0\.1:\d+/", terminal.read_text("utf-8"))):
                if server.poll() is not None:
                    sys.exit(f"the app did not start:\n{terminal.read_text('utf-8')}")
                time.sleep(0.05)
            yield found.group(0), psutil.Process(server.pid)
        finally:
            server.terminate()
            server.wait(60)
            more = terminal.read_text("utf-8").partition(found.group(0) if found else "")[2].strip()
            if "\n" in more:  # beside how to stop it
                print(f"    the server's terminal said:\n{more[-4000:]}", flush=True)


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


def _address(address: str, app: str) -> str:
    return f"{address}voila/render/{app}.ipynb"


def _open(browser: Any, address: str, app: str) -> tuple[Any, float]:
    page = browser.new_page(viewport={"width": 1280, "height": 1000})
    page.set_default_timeout(_PATIENCE * 1000)
    start = time.perf_counter()
    page.goto(_address(address, app), wait_until="commit")
    page.locator(READY[app]).first.wait_for()
    return page, time.perf_counter() - start


def _settle(server: psutil.Process, count: int, *, helpers: bool = False) -> None:
    """Wait until `count` kernels live and none of them works; with `helpers`, nor what is made ahead beside them."""
    deadline = time.monotonic() + _PATIENCE * (3 if helpers else 2)  # a tab whose last word was lost is let go after a minute
    while time.monotonic() < deadline:
        living = [server, *server.children(recursive=True)] if helpers else kernels(server)
        before = _cpu(living)
        time.sleep(2)
        if len(kernels(server)) == count and _cpu(living) - before < 0.2:
            return


def _cpu(processes: list[psutil.Process]) -> float:
    total = 0.0
    for one in processes:
        try:
            total += sum(one.cpu_times()[:2])
        except psutil.NoSuchProcess:
            total += 1  # it ended just now: not at rest
    return total


def _spent(server: psutil.Process) -> tuple[float, float]:
    """CPU seconds of server and kernels, and of everything else that this script started: the browser and its driver."""
    served = [server, *server.children(recursive=True)]
    return _cpu(served), _cpu([one for one in psutil.Process().children(recursive=True) if one not in served])


def _say(what: str, figure: float, bar: float | None, unit: str = "s") -> int:
    shown = f"{figure:8.2f} {unit}" if unit == "s" else f"{figure:8,.0f} {unit}"
    verdict = "" if bar is None else f"   bar {bar:,.1f} {unit}   {'ok' if figure <= bar else 'MISSED'}"
    print(f"{what:<76}{shown}{verdict}", flush=True)
    return int(bar is not None and figure > bar)


def _screens(browser: Any, address: str, server: psutil.Process) -> int:
    missed = 0
    page, start = browser.new_page(), time.perf_counter()
    page.goto(f"{address}work")
    page.locator(".tk-work-table, .tk-work-none").first.wait_for()
    missed += _say("all audiences, drafts and campaigns: the list", time.perf_counter() - start, BARS["preheated"])
    page.close()
    for app in READY:
        _settle(server, len(READY))
        page, ahead = _open(browser, address, app)
        missed += _say(f"{app}: first useful screen, worked out ahead", ahead, BARS["preheated"])
        second, cold = _open(browser, address, app)  # the next one ahead is not ready yet
        missed += _say(f"{app}: first useful screen, cold", cold, BARS["cold"])
        for one in (page, second):
            one.close(run_before_unload=True)
    return missed


def _use(page: Any, control: Control, number: int) -> None:
    page.evaluate(_WATCH, [control.place, control.whole])
    control.act(page, number)


def _answered(page: Any) -> tuple[float, float | None]:
    """Wait for the answer; return its seconds, and those until the page said that it works (None = it never did)."""
    wait_until(page, "window.tkAnswer !== null")
    answer, busy = page.evaluate("[window.tkAnswer, window.tkBusy]")
    return answer / 1000, None if busy is None else busy / 1000


def _controls(browser: Any, address: str, server: psutil.Process, used: list[Control], times: int, bar: float) -> int:
    missed = 0
    for app in dict.fromkeys(one.app for one in used):
        _settle(server, len(READY))
        page, _ = _open(browser, address, app)
        wait_until(page, "![...document.querySelectorAll('.tk-busy')].some(one => one.offsetParent && one.innerText.trim())")
        page.wait_for_timeout(2000)
        for control in (one for one in used if one.app == app):
            waits, spent, silent = [], [], 0
            for number in range(1 if control.words.startswith("the first") else times):
                before = _cpu(kernels(server))
                try:
                    _use(page, control, number)
                    seconds, busy = _answered(page)
                except TimeoutError:
                    seconds, busy = float(_PATIENCE), None
                waits.append(seconds)
                spent.append(_cpu(kernels(server)) - before)
                silent += seconds > 1 and (busy is None or busy > 1)
                wait_until(page, "![...document.querySelectorAll('.tk-busy')].some(one => one.offsetParent && one.innerText.trim())")
            told = f"{app}: {control.words} (of {len(waits)}, worst {max(waits):.2f}, CPU {median(spent):.2f})"
            missed += _say(told, median(waits), bar if control.barred else None)
            if silent:
                missed += 1
                print(f"    {silent} times a second went by and nothing said that work goes on: MISSED")
        page.close(run_before_unload=True)
    return missed


_SHOWN = """(() => {
    const timer = setInterval(() => {
        if (document.querySelector('%s')) { window.tkShown = performance.now(); clearInterval(timer); }
    }, 50);
})()"""
"""Keeps when the first screen of a page was there, in milliseconds after it was asked for."""


def _people(browser: Any, address: str, server: psutil.Process, used: list[Control], count: int) -> int:
    _settle(server, len(READY))
    _say("memory of server and pages ahead, nobody there", _memory(server), None, "MB")
    kinds = list(dict.fromkeys(one.app for one in used))
    apps = [kinds[number % len(kinds)] for number in range(count)]
    pages, came, loads, broken = [], [], [], []
    before = _spent(server)
    for app in apps:
        page = browser.new_page(viewport={"width": 1280, "height": 1000})
        page.set_default_timeout(_PATIENCE * 3000)
        page.add_init_script(_SHOWN % READY[app])
        page.on("domcontentloaded", lambda page: loads.append(page))  # noqa: PLW0108 - the driver takes no built-in
        page.on("websocket", lambda one: one.on("close", lambda one: broken.append(one)))  # noqa: PLW0108
        came.append(time.perf_counter())
        page.goto(_address(address, app), wait_until="commit")
        pages.append(page)
        time.sleep(max(0.0, COMING - (time.perf_counter() - came[-1])))
    opened: list[float] = []
    for page, app, start in zip(pages, apps, came, strict=True):
        try:
            page.locator(READY[app]).first.wait_for()
        except TimeoutError:
            _say(
                f"{app} did not open; it shows: {' '.join(page.inner_text('body').split())[:500]!r}; waited",
                time.perf_counter() - start,
                0.0,
            )
            raise
        wait_until(page, "window.tkShown")
        opened.append(page.evaluate("window.tkShown") / 1000)
    _say(f"{count} people come, one every {COMING} s or as the browsers can: first screen, median", median(opened), None)
    _say("    of them, the one who waits longest", max(opened), None)
    for whose, spent, was in zip(("server and kernels", "the browser"), _spent(server), before, strict=True):
        _say(f"    CPU of {whose} meanwhile, a page", (spent - was) / count, None)
    missed = _say("    of them, pages that did not fill and loaded themselves anew", len(loads) - count, 0, "")
    _settle(server, len(READY) + count)
    first = {"portrait": 0, "targeting": 3, "differentiation": 4, "review": 9}
    for number, (page, app) in enumerate(zip(pages, apps, strict=True)):
        _use(page, used[first[app]], number // len(kinds))
    waits = [_answered(page)[0] for page in pages]
    _say(f"{count} people use a control at once: median of the answers", median(waits), None)
    _say(f"{count} people use a control at once: the last answer", max(waits), None)
    waits = []
    for number, (page, app) in enumerate(zip(pages, apps, strict=True)):  # one after another, as people do: 20 clicks in 20 s
        _use(page, used[first[app] + (app == "differentiation")], 5 + number // len(kinds))
        waits.append(_answered(page)[0])
    _say(f"{count} people there, one of them uses a control: median", median(waits), None)
    _settle(server, len(READY) + count)
    living = kernels(server)
    whole = sum(one.memory_info().rss for one in living) / 1e6
    missed += _say(f"memory with {count} people ({len(living)} kernels)", _memory(server), BARS["page"] * (count + len(READY)), "MB")
    _say("    the same had nothing been shared: the kernels' RSS", whole, None, "MB")
    missed += _say("connections of these pages that broke", len(broken), 0, "")
    for page in pages:
        page.close(run_before_unload=True)
    _settle(server, len(READY))
    left = len(kernels(server))
    missed += _say("kernels after all tabs are closed (one of each app is ahead)", left, len(READY), "")
    _say("memory after all tabs are closed", _memory(server), None, "MB")
    return missed


def _clients(workspace: Path, count: int) -> int:
    """`count` clients ask for a page at once and stay connected, as many requests that are never finished beside them, and one too many."""
    with served(workspace, TOOLKIT_APP_PAGES=str(count + 4), TOOLKIT_APP_PAGES_EACH=str(count)) as (address, server):
        _settle(server, len(READY), helpers=True)
        before, port = _memory(server), int(re.findall(r":(\d+)/", address)[0])
        halves = [socket.create_connection(("127.0.0.1", port)) for _ in range(HALF_SENT)]
        for half in halves:
            half.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1")
        with ThreadPoolExecutor(count) as several:
            waits, channels = zip(*several.map(lambda number: _client(address, list(READY)[number % 4]), range(count)), strict=True)
        _say(f"{count} clients at once, {HALF_SENT} half-sent requests beside them: a whole page, median", median(waits), None)
        _say("    of them, the one who waits longest", max(waits), None)
        missed = 0
        try:
            urllib.request.urlopen(_address(address, "portrait"), timeout=_PATIENCE).close()
            missed += _say("one page more than an address may have is refused", 0, None, "MISSED")
        except urllib.error.HTTPError as error:
            missed += int(error.code != 503)
            _say("one page more than an address may have is refused", error.code, None, "")
        _settle(server, len(READY) + count)
        _say("memory of server and pages ahead, nobody there", before, None, "MB")
        missed += _say(f"memory with {count} clients ({len(kernels(server))} kernels)", _memory(server), BARS["page"] * (count + 4), "MB")
        _say("    of it, for each client", (_memory(server) - before) / count, None, "MB")
        deadline = time.monotonic() + _PATIENCE
        for half in halves:
            half.settimeout(max(0.1, deadline - time.monotonic()))
            with suppress(OSError):
                missed += int(half.recv(1) != b"")
            half.close()
        for channel in channels:
            channel.close()
        _settle(server, len(READY))
        return missed + _say("kernels after all clients are gone (one of each app is ahead)", len(kernels(server)), len(READY), "")


def _client(address: str, app: str) -> tuple[float, Any]:
    """Ask for a page, and open its channel as a browser does: seconds, and the open channel."""
    start = time.perf_counter()
    with urllib.request.urlopen(_address(address, app), timeout=_PATIENCE * 10) as answer:
        html, cookies = answer.read().decode(), [one.partition(";")[0] for one in answer.headers.get_all("Set-Cookie") or []]
    spent = time.perf_counter() - start
    kernel = re.findall(r'"kernelId": ?"([0-9a-f-]+)"', html)[0]
    place = address.replace("http", "ws", 1) + f"api/kernels/{kernel}/channels"
    channel = create_connection(place, cookie="; ".join(cookies), origin=address.rstrip("/"), timeout=_PATIENCE * 10)
    Thread(target=_listen, args=(channel,), daemon=True).start()
    return spent, channel


def _listen(channel: Any) -> None:
    """Hear what a kernel says, and answer the server's pings, until the channel is closed."""
    with suppress(Exception):
        while True:
            channel.recv()


def _idle(workspace: Path) -> int:
    """A page whose browser is never heard of again, on a server that lets a page idle for some seconds."""
    with served(workspace, TOOLKIT_APP_IDLE=str(IDLE)) as (address, server):
        _settle(server, len(READY))
        with urllib.request.urlopen(_address(address, "portrait"), timeout=_PATIENCE) as page:
            page.read()
        start = time.perf_counter()
        while len(kernels(server)) <= len(READY):
            time.sleep(0.1)
        while len(kernels(server)) > len(READY) and time.perf_counter() - start < _PATIENCE:
            time.sleep(0.1)
        return _say(f"kernel of a page left behind, ended after (allowed to idle {IDLE} s)", time.perf_counter() - start, 6.0 * IDLE)


def _memory(server: psutil.Process) -> float:
    """Megabytes of server, kernels and the process that they are forked from."""
    total = 0
    for one in [server, *server.children(recursive=True)]:
        try:
            total += one.memory_full_info().pss
        except psutil.NoSuchProcess:
            continue
    return total / 1e6


if __name__ == "__main__":
    sys.exit(main())
