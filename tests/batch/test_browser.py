"""Pages as a person sees them: real Chromium, from disk, every request recorded."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from markupsafe import Markup

from tests.chromium import CHROMIUM
from toolkit import rendering
from toolkit.answer import Answer, Finding
from toolkit.batch import BatchResult, html
from toolkit.batch.record import Record, write_record
from toolkit.batch.store_page import Figure, StorePage, Task
from toolkit.batch.whole_set import write_printed
from toolkit.charts.sparkline import spark_line

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


@pytest.mark.parametrize("store", range(2))
def test_report_draws_its_charts_from_disk(good: BatchResult, opened: Callable[[Path], Any], store: int) -> None:
    page = opened(record_of(good, "fine", store))
    page.wait_for_function("document.querySelectorAll('figure.chart[data-drawn=yes]').length === 2", timeout=15_000)
    assert page.locator("figure.chart svg.marks").count() == 2
    assert page.locator("figure.chart svg.marks path").count() > 10
    assert page.stopped == []
    # What axe-core asks of a chart: one picture with a name, and a menu with one; nothing to press lies within a picture.
    assert page.locator("figure.chart svg.marks[role=img][aria-label]").count() == 2
    assert page.locator("figure.chart svg [role]").count() == page.locator("[role=img] summary").count() == 0
    assert page.locator("figure.chart summary[aria-label]").count() == 2
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


LONG = "Überlange Filialbezeichnung am Alten Marktplatz gegenüber dem Hauptbahnhof "
CHINESE = "上海市浦东新区世纪大道一百八十八号超级购物中心旗舰店二楼东侧会员服务中心"


@pytest.mark.parametrize("words", [LONG, CHINESE, ""], ids=["long", "chinese", "empty"])
def test_a_store_is_one_page_of_paper_with_nothing_cut_off(words: str, opened: Callable[[Path], Any], tmp_path: Path) -> None:
    """As much as can stand on it, and as little."""
    figure = Figure(
        words[:30], "€12,345,678", "up 1,234.5 points", 1, words and "2024-12 so far: 102% of the target of €21,400,000", spark_line([1, 2])
    )
    task = Task((words * 9)[:180], ((words[:24] + " (00000000…)", "€12,345"),) * 9, 12345, (words[:24],) * 3)
    warning = "The last receipt is of 2024-01-01, 364 days before 2024-12-31: closed, or did receipts not arrive?"
    sheet = StorePage(
        words * 4, "0" * 30, "As of 2024-12-31, figures from 2024-10-02 to 2024-12-31; 12,644 members", warning if words else "",
        (figure, *(Figure(figure.label, figure.value, figure.change, -1, "", figure.line),) * 5), (warning + " ") * 2,
        (task,) * 3 if words else (), "", (words[:24] + " (about 12,345)",) * 5 if words else (), (warning + " ") * 2, {},
        words and (warning + " ") * 2,
    )  # fmt: skip
    path = tmp_path / "store.html"
    path.write_text(
        html.page("store.html.j2", heading=html.Heading("This week", words, "1"), body=Markup(sheet.html()), script_url=None), "utf-8"
    )
    shown = opened(path)
    printed = shown.pdf(prefer_css_page_size=True, print_background=True)
    assert len(re.findall(rb"/Type\s*/Page\b(?!s)", printed)) == 1
    assert re.search(rb"/MediaBox\s*\[0 0 59[45][.\d]* 84[12][.\d]*\]", printed), "A4"
    record = Record("1", words or "1", "store", "ok", page="stores/1/store.html", figures={"store_page": {"figures": {"sales": 1.0}}})
    (folder := tmp_path / "stores" / "1").mkdir(parents=True)
    (folder / "store.html").write_text(path.read_text("utf-8"), "utf-8")
    write_record(folder, record)
    if words == LONG:
        assert len(re.findall(rb"/Type\s*/Page\b(?!s)", write_printed(tmp_path).read_bytes())) == 1
    shown.emulate_media(media="print")
    shown.set_viewport_size({"width": 688, "height": 1000})  # A4 less its margins
    assert shown.evaluate("document.querySelector('.sheet').offsetHeight <= document.querySelector('.paper').clientHeight")
    shown.emulate_media(media="screen")
    shown.set_viewport_size({"width": 390, "height": 800})
    assert shown.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_long_table_pages_sorts_and_is_saved_whole(opened: Callable[[Path], Any], tmp_path: Path) -> None:
    members = pl.DataFrame({"member_id": [f"=m{place}" for place in range(70)], "sales": [None, *map(float, range(69))]})
    answer = Answer(
        "demo.members", "Who?", Finding("Seventy members.", members), "tk.demo.members(ws)", "the chain", date(2024, 3, 31), "XXX", {}
    )
    (tmp_path / "long.html").write_text(rendering.page_html(answer), "utf-8")
    page = opened(tmp_path / "long.html")
    table = page.locator(".tk-table[data-ready]")
    assert table.locator("tbody tr").count() == 25
    page.get_by_role("button", name="Sales", exact=True).press("Enter")
    assert table.locator("th").nth(1).get_attribute("aria-sort") == "descending"
    assert table.locator("tbody td").nth(1).inner_text() == "68.00"
    page.get_by_role("button", name="Sales", exact=True).press("Enter")
    page.get_by_role("button", name="Next page").click()
    page.get_by_role("button", name="Next page").click()
    assert table.locator("tbody tr").last.inner_text().split() == ["=m0", "–"]  # what is not known is last, whichever way
    table.get_by_role("searchbox").fill("m68")
    assert table.locator("tbody tr").all_inner_texts() == ["=m68\t67.00"]
    files = {}
    for kind in ("csv", "xlsx"):
        with page.expect_download() as made:
            table.locator(f"[data-file={kind}]").click()
        files[kind] = tmp_path / f"table.{kind}"
        made.value.save_as(files[kind])
    written = pl.read_csv(files["csv"])
    assert written.columns == ["Member id", "Sales"]
    assert written["Member id"].to_list() == [f"'=m{place}" for place in range(70)]
    assert written["Sales"].to_list() == members["sales"].to_list()
    book = pl.read_excel(files["xlsx"], engine="calamine", read_options={"header_row": 2}).head(70)
    assert book["Sales"].to_list() == members["sales"].to_list()
    assert book["Member id"].to_list() == written["Member id"].to_list()
