"""Receipts in, as a person meets it: a new folder, files dropped and chosen, questions answered, an import, and the portrait of it."""

from __future__ import annotations

import itertools
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.apps.test_browser import press, running, visit
from tests.apps.test_browser_every_app import HARM, unharmed
from tests.apps.test_browser_people import HEADINGS, NAMELESS, UNREACHED, WATCH, fits, walk
from tests.chromium import CHROMIUM, wait_until
from tests.importing.test_door import HEADER, ROWS, counted, made_rows, write_file
from toolkit.registry import find_question
from toolkit.workspace import Workspace

Served = tuple[str, subprocess.Popen[str]]
pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine: the app was not opened in a browser"),
]
DROP = """([text, name]) => {
  const place = document.querySelector('.tk-drop'), held = new DataTransfer();
  held.items.add(new File([text], name));
  for (const kind of ['dragenter', 'dragover', 'drop'])
    place.dispatchEvent(new DragEvent(kind, {bubbles: true, cancelable: true, dataTransfer: held}));
}"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty folder that is to become a workspace."""
    (tmp_path / "shop").mkdir()
    return tmp_path / "shop"


@pytest.fixture
def served(folder: Path, tmp_path: Path) -> Iterator[Served]:
    """The address of the entry page of a running app on an empty folder, and its process."""
    told = r"(http://127\.0\.0\.1:\d+/)voila/render/receipts\.ipynb(\?token=\w+)"
    with running(folder, tmp_path / "app.log", told) as (found, process):
        yield found.group(1) + found.group(2), process


def leave_out(page: Any, value: str, rest: int) -> None:
    """Answer the first question with the keyboard: the rows with this value do not count."""
    point = page.locator(".tk-point").first
    point.locator("input[type=radio]").first.focus()
    page.keyboard.press("Space")
    page.keyboard.press("ArrowDown")
    toggle = point.locator(".tk-toggle", has_text=value)
    toggle.focus()
    page.keyboard.press("Enter")
    wait_until(
        page,
        "words => [...document.querySelectorAll('.tk-toggle[aria-pressed=true]')].some(one => one.textContent.includes(words))",
        arg=value,
    )
    point.locator(".tk-act").focus()
    page.keyboard.press("Enter")
    wait_until(page, "rest => document.querySelectorAll('.tk-point').length === rest", arg=rest)


def test_a_new_shop_brings_its_receipts_in(browser: Any, served: Served, folder: Path, tmp_path: Path) -> None:
    file = write_file(tmp_path / "exports", made_rows(300, 61))
    want = counted(file)
    with visit(browser, served, "portrait") as page:  # nothing can be asked yet: it leads to the receipts
        assert page.title() == "Receipts in"
        page.locator(".tk-drop input[type=file]").set_input_files(str(file))
        page.locator(".tk-point").first.wait_for()
        assert page.evaluate(NAMELESS) == []
        levels = page.evaluate(HEADINGS)
        assert levels[0] == 1
        assert all(after <= before + 1 for before, after in itertools.pairwise(levels)), levels
        fits(page)
        page.evaluate(WATCH)
        walk(page)
        # Of a group of radio buttons the arrow keys reach all but one; what is grey is reached once it is not.
        assert [one for one in page.evaluate(UNREACHED) if 'type="radio"' not in one] == []

        leave_out(page, "cancelled", 1)
        leave_out(page, "USD", 0)
        page.locator(".tk-section-figures .tk-headline", has_text=f"{want['orders']} orders, ").wait_for()  # told anew after each answer
        asked = page.locator(".tk-section-figures .tk-headline").inner_text()
        assert asked.startswith(
            f"{want['orders']} orders, {want['member_orders']} of them by {want['members']} members, 2025-05-05 to 2025-05-13"
        )
        assert asked.endswith("does that look right?")
        assert not (folder / "manifest.json").exists(), "nothing is imported before it is asked for"
        press(page, "Import")
        page.locator(".tk-section-import a").wait_for()
        assert "receipt lines so far" in page.locator(".tk-title").inner_text()
        ws = Workspace(folder)
        assert ws.line_count == want["lines"]
        assert not (folder / "uploads").exists()
        assert 'Status = ["cancelled"]' in (tmp_path / "mapping.toml").read_text("utf-8")
        page.locator(".tk-section-import a").click()
        page.locator(".tk-question", has_text="How are our members doing?").wait_for()
        assert page.locator(".tk-headline").first.inner_text() == find_question("portrait.overview")(ws).headline
        page.goto(served[0])  # the entry page leads there and back
        page.locator(".tk-step").first.wait_for()
        assert page.locator(".tk-step").count() == 4
        page.get_by_role("link", name="Receipts in").click()
        page.locator(".tk-drop").wait_for()


def test_text_of_a_file_that_means_harm_is_shown_as_text(browser: Any, served: Served, folder: Path) -> None:
    quoted = '"' + HARM.replace('"', '""') + '"'
    text = "\n".join([f"{HEADER},{quoted}", *(f"{row},{quoted}" for row in ROWS)]) + "\n"
    with visit(browser, served, "receipts") as page:
        page.locator(".tk-drop").wait_for()
        page.evaluate(DROP, [text, "../<img src=x onerror=\"document.title='broken'\">.csv"])
        page.locator(".tk-point").first.wait_for()
        unharmed(page)
        page.get_by_label("Channel", exact=True).select_option(label=HARM)
        page.locator(".tk-taken", has_text="<script>").wait_for()
        unharmed(page)
        assert [path.name for path in (folder / "uploads").rglob("*.csv")] == ["_img src=x onerror=_document.title=_broken___.csv"]
    deadline = time.monotonic() + 30
    while (folder / "uploads").exists() and time.monotonic() < deadline:
        time.sleep(0.2)
    assert not (folder / "uploads").exists(), "what was uploaded goes with its page"
