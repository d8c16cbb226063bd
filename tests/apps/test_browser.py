"""The app as a person meets it: `toolkit app` started, a real Chromium, every request recorded."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import polars as pl
import psutil
import pytest

from tests.apps.conftest import CATEGORY, LONG, NAME, NASTY, kernels_of
from tests.chromium import CHROMIUM, wait_until
from toolkit.apps.pages.error_boundary import LOG_VARIABLE
from toolkit.apps.pages.plain_words import plain_answer
from toolkit.audience import load_audience, saved_names
from toolkit.language import speaking
from toolkit.ledger.campaigns import open_campaign
from toolkit.registry import find_question
from toolkit.scope.traits import with_traits
from toolkit.scope.view import open_view
from toolkit.workspace import Workspace

PATIENCE = 120_000  # milliseconds: a kernel starts slowly on a machine that does other things
pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine: the app was not opened in a browser"),
]


@contextmanager
def running(folder: Path, log: Path, told: str, *options: str) -> Iterator[tuple[re.Match[str], subprocess.Popen[str]]]:
    """An app that runs on a folder: the line in which it says where (`told`), and its process; afterwards: it ended well and noted no fault."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "toolkit.cli", "app", str(folder), "--no-browser", "--port", str(port), *options]
    environment = {**os.environ, LOG_VARIABLE: str(log), "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment) as process:
        assert process.stdout is not None
        said = ""
        for line in process.stdout:
            said += line
            if found := re.search(told, line):
                yield found, process
                break
        else:
            pytest.fail(f"the app did not start, or not on the page that was waited for:\n{said}")
        process.terminate()
        said = process.stdout.read()
        assert process.wait(60) == 0, said
    assert not log.exists(), log.read_text("utf-8")
    assert "Traceback" not in said, said[-4000:]


@pytest.fixture(scope="module")
def served(floor: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """The address of a running app, and its process."""
    log = tmp_path_factory.mktemp("app") / "app.log"
    with running(floor.path, log, r"http://127\.0\.0\.1:\d+/\?token=\w+") as (found, process):
        yield found.group(0), process


@contextmanager
def visit(browser: Any, served: tuple[str, subprocess.Popen[str]], app: str, query: str = "", expected: str = "^$") -> Iterator[Any]:
    """A page of an app; afterwards: no request left this machine, nothing but what is expected was thrown, no text of the data ran."""
    url, _ = served
    asked: list[str] = []
    thrown: list[str] = []
    sent: list[bytes] = []
    context = browser.new_context(viewport={"width": 1280, "height": 1000}, accept_downloads=True)
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    page.on("request", lambda request: asked.append(request.url))
    page.on("websocket", lambda socket: (asked.append(socket.url), socket.on("framesent", lambda frame: sent.append(bytes_of(frame))))[0])
    page.on("pageerror", lambda error: thrown.append(str(error)))
    page.on("console", lambda message: thrown.append(fault_of(message)) if message.type == "error" and not after_its_end(message) else None)
    page.goto(url.replace("/?", f"/voila/render/{app}.ipynb?") + (f"&{query}" if query else ""), wait_until="commit")
    page.locator(".tk-title h1").wait_for()
    assert page.evaluate("performance.getEntriesByType('navigation')[0].type") == "navigate"  # it did not have to load itself anew
    yield page
    page.evaluate("document.body.append(Object.assign(document.createElement('script'), {textContent: 'document.title = \"broken\"'}))")
    assert "broken" not in page.title()  # no script runs but those of the page
    page.close(run_before_unload=True)
    context.close()
    assert [address for address in asked if not re.match(r"(http|ws)://127\.0\.0\.1:\d+/|data:|blob:", address)] == []
    assert "script-src" in thrown.pop()  # the one that was put in
    assert [fault for fault in thrown if not re.search(expected, fault)] == []
    # All widgets came in one message; asked for one by one they come slowly, and now and then too late for the page.
    assert not any(b'"request_state"' in frame for frame in sent)


def fault_of(message: Any) -> str:
    """What the browser noted, with the address where it was a file that did not come."""
    return f"{message.text} {message.location.get('url', '')}" if "Failed to load resource" in message.text else message.text


def after_its_end(message: Any) -> bool:
    """A page that is left ends its kernel; a last question after that kernel, on its way as the page goes, finds none: no fault of a page.
    (A page that stands and has lost its kernel says so over everything, and its story ends there.)"""
    return "404" in message.text and re.search(r"/api/(kernels|shutdown)/", message.location.get("url", "")) is not None


def bytes_of(frame: str | bytes) -> bytes:
    return frame.encode() if isinstance(frame, str) else frame


def saved(page: Any, press: Callable[[], Any]) -> bytes:
    """The content of the file that a link gives."""
    with page.expect_download() as made:
        press()
    return Path(made.value.path()).read_bytes()


def press(page: Any, words: str) -> None:
    page.get_by_role("button", name=words, exact=True).click()


def type_in(page: Any, label: str, text: str) -> None:
    field = page.get_by_label(label, exact=True).locator("visible=true")
    field.fill(text)
    field.press("Tab")


def kernels(process: subprocess.Popen[str]) -> int:
    return len(kernels_of(process.pid))


APPS = ("portrait", "targeting", "differentiation", "review")


def test_a_person_uses_the_app(browser: Any, served: tuple[str, subprocess.Popen[str]], tmp_path: Path) -> None:
    url, process = served
    asked: list[str] = []
    thrown: list[str] = []
    page = browser.new_page(viewport={"width": 1280, "height": 1000})
    page.set_default_timeout(PATIENCE)
    page.on("request", lambda request: asked.append(request.url))
    page.on("websocket", lambda socket: asked.append(socket.url))
    page.on("pageerror", lambda error: thrown.append(str(error)))
    page.goto(url.replace("/?", "/voila/render/portrait.ipynb?"), wait_until="commit")

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
    wait_until(page, "document.querySelector('.tk-chosen').getAttribute('aria-pressed') === 'true'")
    assert question.evaluate("button => button === document.activeElement")
    page.get_by_label("Ranked by").select_option("Repeat rate")
    page.locator(".tk-headline", has_text="repeat").wait_for()
    assert NASTY in page.locator(".tk-details").first.inner_text()
    with page.expect_download() as saved:
        page.locator(".tk-download[data-file=csv]").press("Enter")
    saved.value.save_as(tmp_path / "table.csv")
    assert "'=2" in (tmp_path / "table.csv").read_text("utf-8-sig")
    assert page.title() == "Member portrait", "no text of the data ran as a script"

    # On a telephone nothing is wider than the screen.
    page.set_viewport_size({"width": 390, "height": 800})
    page.wait_for_timeout(300)
    assert page.evaluate("document.querySelector('.tk-page').scrollWidth <= innerWidth")

    page.close(run_before_unload=True)
    deadline = time.monotonic() + PATIENCE / 1000
    while kernels(process) > len(APPS) and time.monotonic() < deadline:
        time.sleep(0.5)
    assert kernels(process) <= len(APPS), "kernels of closed pages are ended, one of each app is worked out ahead"
    assert [address for address in asked if not re.match(r"(http|ws)://127\.0\.0\.1:\d+/|data:|blob:", address)] == []
    assert thrown == []


def test_the_entry_page_tells_the_four_steps(browser: Any, served: tuple[str, subprocess.Popen[str]]) -> None:
    url, _ = served
    page = browser.new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(url)
    wait_until(page, "!document.querySelector('[aria-busy]')")
    assert page.locator(".tk-tile").count() == 6
    assert page.locator(".tk-tile svg").count() >= 5
    assert page.locator(".tk-part").count() == 3
    headlines = page.locator(".tk-step-headline").all_inner_texts()
    assert len(headlines) == 4
    assert headlines[0].startswith("Across the chain")
    assert [link.get_attribute("href") for link in page.locator(".tk-step a").all()] == [f"/voila/render/{app}.ipynb" for app in APPS]

    page.get_by_label("Ask in your own words").fill("purple elephants <b>sing</b>")
    page.keyboard.press("Enter")
    page.locator(".tk-entry-said a").first.wait_for()
    assert page.locator(".tk-entry-said b").count() == 0
    page.get_by_label("Ask in your own words").fill("who is slipping away?")
    page.keyboard.press("Enter")
    page.locator(".tk-asking .tk-question >> visible=true", has_text="Who is slipping away").first.wait_for()
    assert "targeting.ipynb" in page.url
    page.get_by_label("Ask in your own words").locator("visible=true").fill("which members carry the sales, heavy and light, in store s1")
    page.keyboard.press("Enter")
    chips = page.locator(".tk-words-bar .tk-chip")
    page.locator(".tk-asking .tk-question >> visible=true", has_text="Which members carry the sales").first.wait_for()
    assert chips.count() == 2
    page.locator(".tk-words-bar .tk-chip", has_text="Store").click()
    wait_until(page, "document.querySelectorAll('.tk-words-bar .tk-chip').length === 1")
    assert page.locator(".tk-store_id input").input_value() == ""  # the control follows its chip
    page.close()


def test_a_marketer_builds_an_audience(browser: Any, served: tuple[str, subprocess.Popen[str]], floor: Workspace) -> None:
    with visit(browser, served, "targeting") as page:
        headline = page.locator(".tk-build .tk-headline")
        page.locator(".tk-build .tk-headline", has_text="All 240 members").wait_for()
        first = page.locator(".tk-toggle").first
        count = int(first.inner_text().split()[-1].replace(",", ""))
        first.click()
        wait_until(page, "document.querySelector('.tk-toggle').getAttribute('aria-pressed') === 'true'")
        page.locator(".tk-figures dd", has_text=re.compile(rf"^{count}$")).first.wait_for()
        typed = page.get_by_label("The same as a condition")
        assert first.inner_text().split()[0] in typed.input_value(), "clicking and typing show the same"
        press(page, "Reset")
        page.locator(".tk-build .tk-headline", has_text="All 240 members").wait_for()

        picture = page.locator(".tk-build .tk-chart[data-drawn=yes] svg.marks").bounding_box()
        x, y = picture["x"] + picture["width"] / 2, picture["y"] + picture["height"] / 2
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x + 120, y + 110, steps=4)
        page.mouse.up()
        wait_until(page, "/BETWEEN.*BETWEEN/.test(document.querySelector('.tk-typed textarea').value)")

        press(page, "As an expression")
        typed.fill("recency_days <= 30")
        typed.press("Tab")
        known = with_traits(open_view(floor), ["recency_days"]).filter(pl.col("recency_days") <= 30)
        page.locator(".tk-figures dd", has_text=re.compile(rf"^{known.height}$")).first.wait_for()
        assert "where=recency_days" in page.url
        press(page, "Add a condition")
        page.get_by_label("Condition 2: about").select_option("like")
        type_in(page, "Condition 2: how much, or which", CATEGORY)  # before the row has its words from the kernel: what is typed stays
        wait_until(page, "document.querySelector('.tk-typed textarea').value.includes('7*7')")
        press(page, "Back")
        page.locator(".tk-figures dd", has_text=re.compile(rf"^{known.height}$")).first.wait_for()

        page.get_by_label("Name of this audience").fill("near")
        press(page, "Keep it")
        page.locator(".tk-done", has_text="Kept as 'near', version 1").wait_for()
        assert load_audience(floor, "near").where == "recency_days <= 30"
        press(page, "Contact list (CSV)")
        content = saved(page, lambda: page.locator(".tk-told .tk-download").click())
        listed = pl.read_csv(io.BytesIO(content), infer_schema=False)
        assert set(listed["member_id"]) == set(known.filter(pl.col("contactable"))["member_id"])

        # Another person keeps another audience under the same name: both are kept, both are told.
        with visit(browser, served, "targeting", "where=recency_days+%3E+30") as other:
            other.locator(".tk-figures dd", has_text=re.compile(rf"^{240 - known.height}$")).first.wait_for()
            other.get_by_label("Name of this audience").fill("near")
            press(other, "Keep it")
            other.locator(".tk-told .tk-stop", has_text="saved already").wait_for()
            press(other, "Keep as a new version")
            other.locator(".tk-done", has_text="version 2").wait_for()
        assert saved_names(floor) == ["near"]
        assert load_audience(floor, "near", version=1).where == "recency_days <= 30"

        # Asking is worked out when it is looked at, and not before.
        assert page.locator(".tk-asking .tk-question").count() == 0
        press(page, "Ask about members and goods")
        page.locator(".tk-asking .tk-question, .tk-asking .tk-stop").first.wait_for()
        assert headline.is_hidden()
        page.set_viewport_size({"width": 390, "height": 800})
        page.wait_for_timeout(300)
        assert page.evaluate("document.querySelector('.tk-page').scrollWidth <= innerWidth")


def test_a_campaign_is_planned_launched_and_given_out(browser: Any, served: tuple[str, subprocess.Popen[str]], floor: Workspace) -> None:
    with visit(browser, served, "differentiation") as page:
        page.locator(".tk-hint p").wait_for()
        type_in(page, "Name", "Autumn <script>alert(1)</script>")
        page.locator(".tk-build .tk-headline").first.wait_for()
        cell = page.locator(".tk-build .tk-chart[data-pick][data-drawn=yes] .mark-rect path").nth(3)
        cell.scroll_into_view_if_needed()
        place = cell.bounding_box()
        page.mouse.click(place["x"] + 4, place["y"] + 4)
        wait_until(page, "!/[?&]offer=full_reduction\\+60%2F10/.test(location.search) && /offer=full_reduction/.test(location.search)")
        short = page.get_by_label("The same in short").input_value()
        assert (
            short
            == f"full_reduction {page.get_by_label('Spend', exact=True).input_value()}/{page.get_by_label('Save', exact=True).input_value()}"
        )
        type_in(page, "Spend", "sixty")
        page.locator(".tk-build .tk-stop", has_text="cannot be read").wait_for()
        type_in(page, "Spend", "60")
        type_in(page, "By", "mail")
        type_in(page, "Cost of one contact", "0.05")
        wait_until(page, "/cost_per_contact=0.05/.test(location.search)")
        launch = page.get_by_role("button", name="Launch …")
        launch.wait_for()
        wait_until(page, "[...document.querySelectorAll('.tk-launch button')].some(one => one.textContent === 'Launch …' && !one.disabled)")
        launch.click()
        page.get_by_text("Nothing of it can be changed or taken back afterwards.").wait_for()
        press(page, "Yes, freeze and launch it")
        page.locator(".tk-done", has_text="Launched: ").wait_for()
        assert launch.is_disabled()
        press(page, "Save the contact lists (ZIP)")
        link = page.locator(".tk-launch .tk-download")
        link.wait_for()
        content = saved(page, link.click)
    frozen = open_campaign(floor, "autumn-script-alert-1-script")
    arms = {arm: set(frozen.members.filter(pl.col("arm") == arm)["member_id"]) for arm in ("treated", "control")}
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        lists = [pl.read_csv(archive.read(name), infer_schema=False) for name in archive.namelist() if name.endswith(".csv")]
    listed = {who for one in lists for who in one["member_id"]}
    assert listed
    assert listed <= arms["treated"]
    assert not listed & arms["control"]
    assert all(int(who[1:]) % 5 for who in listed), "who may not be contacted is on no list"


def test_a_review_is_read_and_taken_away(browser: Any, served: tuple[str, subprocess.Popen[str]], floor: Workspace, tmp_path: Path) -> None:
    with visit(browser, served, "review") as page:
        verdict = page.locator(".tk-section-verdict .tk-headline")
        verdict.wait_for()
        assert verdict.inner_text() == find_question("review.verdict")(floor, campaign_id="C1").headline
        assert NAME in page.locator("select").locator("visible=true").first.inner_text()
        page.locator(".tk-section-lessons :is(.tk-headline, .tk-stop)").wait_for()
        order = page.evaluate("[...document.querySelectorAll('.tk-section')].map(one => one.className.match(/tk-section-(\\w+)/)[1])")
        assert order[:2] == ["verdict", "money"]
        press(page, "Save as a page (HTML)")
        page.locator(".tk-told .tk-download", has_text=".html").wait_for()
        html = saved(page, lambda: page.locator(".tk-told .tk-download").click())
        press(page, "Save the tables (Excel)")
        page.locator(".tk-told .tk-download", has_text=".xlsx").wait_for()
        book = saved(page, lambda: page.locator(".tk-told .tk-download").click())
    money = find_question("review.money")(floor, campaign_id="C1").table
    with zipfile.ZipFile(io.BytesIO(book)) as parts:
        sheets = [parts.read(name).decode() for name in parts.namelist() if name.startswith("xl/worksheets/sheet")]
        assert sheets
        rows = max(len(re.findall(r"<row ", sheet)) for sheet in sheets)
        assert rows >= money.height + 2
        assert not [sheet for sheet in sheets if "<f>" in sheet], "nothing in it can run"
    (tmp_path / "review.html").write_bytes(html)
    asked: list[str] = []
    context = browser.new_context(offline=True)
    opened = context.new_page()
    opened.on("request", lambda request: asked.append(request.url))
    opened.goto((tmp_path / "review.html").as_uri())
    opened.locator("svg.marks, .vega-embed svg, svg").first.wait_for(state="attached")
    assert verdict_of(opened) == find_question("review.verdict")(floor, campaign_id="C1").headline
    assert [address for address in asked if not address.startswith(("file:", "data:", "blob:"))] == []
    context.close()

    with visit(browser, served, "review", "campaign=C0") as page:
        page.locator(".tk-section-verdict :is(.tk-headline, .tk-stop)", has_text="C0").wait_for()
        assert LONG[:5] in page.locator(".tk-section-verdict").inner_text()
        page.set_viewport_size({"width": 390, "height": 800})
        page.wait_for_timeout(300)
        assert page.evaluate("document.querySelector('.tk-page').scrollWidth <= innerWidth")


def verdict_of(page: Any) -> str:
    return page.locator(".tk-headline").first.inner_text()


def test_a_killed_kernel_says_so_and_the_page_can_be_loaded_again(browser: Any, served: tuple[str, subprocess.Popen[str]]) -> None:
    lost = r"Kernel connection disconnected|404 \(Not Found\)"  # what the browser says of a kernel that is gone
    with visit(browser, served, "targeting", "where=recency_days+%3C%3D+30", lost) as page:
        page.locator(".tk-build .tk-headline").wait_for()
        wait_until(page, "document.querySelector('.tk-typed textarea').value.includes('30')")
        kernel = page.evaluate("JSON.parse(document.getElementById('jupyter-config-data').textContent).kernelId")
        (told,) = Path(tempfile.gettempdir()).glob(f"voila_*/kernel-{kernel}.json")
        port = json.loads(told.read_text("utf-8"))["shell_port"]
        children = psutil.Process(served[1].pid).children(recursive=True)
        (child,) = [
            one for one in children if any(at.laddr and at.laddr.port == port and not at.raddr for at in one.net_connections("tcp"))
        ]
        child.send_signal(signal.SIGKILL)
        gone = page.get_by_role("alertdialog")
        gone.wait_for()
        assert "ended unexpectedly" in gone.inner_text()
        page.keyboard.press("Enter")  # the button has the focus
        gone.wait_for(state="detached")
        page.locator(".tk-build .tk-headline").wait_for()
        wait_until(page, "document.querySelector('.tk-typed textarea').value.includes('30')")
        # The dead one is not started anew behind the page; who still asks for it is told so.
        asked = page.context.request.get(served[0].replace("/?", f"/api/kernels/{kernel}/channels?"), headers={"Upgrade": "websocket"})
        assert asked.status == 404
        assert asked.body() == b""


def test_without_the_token_nothing_is_shown(browser: Any, served: tuple[str, subprocess.Popen[str]]) -> None:
    url, _ = served
    context = browser.new_context()
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(url.split("?")[0])
    assert "/login" in page.url
    assert page.locator(".tk-headline").count() == 0
    for path in ("voila/files/portrait.ipynb", "voila/files/voila.py", "voila/files/..%2fREADME.md", "voila/files/..%2f..%2fetc%2fpasswd"):
        assert context.request.get(url.replace("?", f"{path}?")).status in (403, 404)
    for path in (
        "voila/render/nothing.ipynb",
        "voila/render/..%2fnotebooks%2fportrait.ipynb",
        "api/contents",
        "api/contents/portrait.ipynb",
    ):
        answer = context.request.get(url.replace("?", f"{path}?"))
        assert answer.status in (403, 404), path
        assert "Traceback" not in answer.text()
    for path in ("", "work", "settings", "wall"):  # with it, each page that the server makes itself is there
        assert context.request.get(url.replace("?", f"{path}?")).status == 200, path
    lost = context.request.get(url.replace("?", "nothing/here?language=zh&"))
    assert (lost.status, "没有这个页面" in lost.text(), 'lang="zh' in lost.text()) == (404, True, True)
    assert [address for address in asked if not re.match(r"http://127\.0\.0\.1:\d+/|data:|blob:", address)] == []
    context.close()


def test_a_reader_changes_the_language(browser: Any, served: tuple[str, subprocess.Popen[str]], floor: Workspace) -> None:
    with visit(browser, served, "portrait", "audience=order_count+%3E%3D+2") as page:
        headline = page.locator(".tk-asking .tk-headline").first
        headline.wait_for()
        press(page, "中文")
        page.get_by_role("heading", name="会员画像").wait_for()
        wait_until(page, "document.documentElement.lang === 'zh' && location.search.includes('language=zh')")
        with speaking("zh"):
            said = plain_answer(find_question("portrait.overview")(floor, audience="order_count >= 2")).headline
        wait_until(
            page, "told => document.querySelector('.tk-headline') && document.querySelector('.tk-headline').innerText === told", arg=said
        )
        assert page.get_by_label("只看满足条件的会员").input_value() == "order_count >= 2"  # what was chosen stays
        assert page.locator(".tk-chart[data-drawn=yes]").count() == 1

        page.get_by_role("link", name="全部四步").click()  # the choice is kept from page to page
        page.get_by_role("heading", name="会员运营").wait_for()
        assert page.locator("html").get_attribute("lang") == "zh"
        page.get_by_role("link", name="向谁推荐，推荐什么商品？").click()
        page.get_by_role("heading", name="哪些客群？").wait_for()
        toggle = page.locator(".tk-toggle").first
        toggle.click()
        wait_until(page, "document.querySelector('.tk-typed textarea').value.startsWith('segment IN (')")
        assert "segment IN ('" in page.get_by_label("等价的条件").input_value()  # the condition is the same in every language
        assert not re.search("[a-z]", toggle.inner_text())

        press(page, "English")
        page.get_by_role("heading", name="Which segments?").wait_for()
        wait_until(page, "!location.search.includes('language') && location.search.includes('where=segment')")
        assert page.get_by_label("The same as a condition").input_value().startswith("segment IN ('")
