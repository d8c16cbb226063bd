"""Pages as a person sees them: real Chromium, from disk, every request recorded."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.chromium import CHROMIUM
from toolkit.batch import BatchResult

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine: the pages were not opened in a browser"),
]


@pytest.fixture
def opened(browser: Any) -> Iterator[Callable[[Path], Any]]:
    """Open a page from disk; at the end nothing may have been asked of anything but the disk, and no error may have been thrown.

    A request that the page's own policy stopped never left the browser; it is kept in `page.stopped`, which is empty but for one test.
    """
    asked: list[str] = []
    stopped: list[str] = []
    thrown: list[str] = []
    pages = []

    def open_page(path: Path) -> Any:
        page = browser.new_page(viewport={"width": 1240, "height": 900})
        pages.append(page)
        page.on("request", lambda request: asked.append(request.url))
        page.on("requestfailed", lambda request: stopped.append(request.url) if request.failure == "csp" else None)
        page.on("pageerror", lambda error: thrown.append(str(error)))
        page.stopped = stopped
        page.goto(path.as_uri())
        return page

    yield open_page
    for page in pages:
        page.close()
    assert [url for url in asked if url not in stopped and not url.startswith(("file:", "data:", "blob:"))] == []
    assert thrown == []


def record_of(result: BatchResult, notebook: str, at: int = 0) -> Path:
    return result.index.parent / [record for record in result.records if record.notebook == notebook][at].page


@pytest.mark.parametrize("store", range(5))
def test_report_draws_its_charts_from_disk(good: BatchResult, opened: Callable[[Path], Any], store: int) -> None:
    page = opened(record_of(good, "fine", store))
    page.wait_for_function("document.querySelectorAll('figure.chart[data-drawn=yes]').length === 2", timeout=15_000)
    assert page.locator("figure.chart svg.marks").count() == 2
    assert page.locator("figure.chart svg.marks path").count() > 10
    assert page.stopped == []
    assert page.locator("h1").inner_text() == [record for record in good.records if record.notebook == "fine"][store].label
    assert page.get_by_text("secret").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_report_says_when_its_library_is_gone(good: BatchResult, opened: Callable[[Path], Any], tmp_path: Path) -> None:
    lonely = tmp_path / "a" / "b" / "page.html"
    lonely.parent.mkdir(parents=True)
    shutil.copy(record_of(good, "fine"), lonely)
    page = opened(lonely)
    assert page.get_by_text("could not be drawn").count() == 2


def test_what_a_cell_prints_cannot_run_or_ask(broken: BatchResult, opened: Callable[[Path], Any]) -> None:
    page = opened(record_of(broken, "prints_html"))
    page.wait_for_timeout(300)
    assert page.title() == "prints_html · Store 12"
    assert sorted(page.stopped) == ["https://example.org/y.png", "https://example.org/z.js"]
    assert page.locator("#raw").count() == 1


def test_index_sorts_finds_and_links(good: BatchResult, opened: Callable[[Path], Any]) -> None:
    page = opened(good.index)
    rows = page.locator("#stores tbody tr")
    assert rows.count() == 5
    assert rows.nth(0).inner_text().startswith("The chain") or "The chain" in rows.nth(0).inner_text()
    page.get_by_role("button", name="Store", exact=True).click()
    assert "Corner" in rows.nth(0).inner_text() or "上海" in rows.nth(0).inner_text()
    page.get_by_role("button", name="Sales").click()
    assert "Corner" in rows.nth(0).inner_text()
    page.locator("#find").fill("0012")
    assert page.locator("#stores tbody tr:visible").count() == 1
    assert page.locator("#stores svg").count() > 4
    page.locator("#stores tbody tr:visible a").first.click()
    assert page.locator("h1").inner_text() == "Store 0012"
    page.get_by_role("link", name="All stores").click()
    assert page.locator("#stores").count() == 1


def test_index_names_what_went_wrong(broken: BatchResult, opened: Callable[[Path], Any]) -> None:
    page = opened(broken.index)
    assert page.get_by_text("3 reports were not made").is_visible()
    assert page.get_by_text("ValueError: no such <b>thing</b> (cell 4)").is_visible()
