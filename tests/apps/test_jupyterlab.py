"""JupyterLab in a real browser, light and dark: money is no formula, words can be read, a conversation goes on, a fault is a sentence."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import nbformat
import pytest

from tests.chromium import CHROMIUM, wait_until
from toolkit.workspace import Workspace

ROOT = Path(__file__).parents[2]
LEAST_CONTRAST = 4.5
pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine: JupyterLab was not opened in a browser"),
]
CELLS = (
    "import toolkit as tk\nws = tk.open({path!r})\ntk.portrait.overview(ws)",
    "talk = tk.talk(ws)\ntalk",
    "turn = talk.say('which members carry the sales?')",
    "tk.portrait.segments(ws, stroe_id='s1')",
)
FAINT = """selector => {
  const parts = text => (text.match(/[\\d.]+/g) || []).map(Number);
  const light = ([r, g, b]) => [r, g, b].map(one => one / 255).map(one => one <= .03928 ? one / 12.92 : ((one + .055) / 1.055) ** 2.4)
    .reduce((sum, one, at) => sum + one * [.2126, .7152, .0722][at], 0);
  const ground = one => { for (; one; one = one.parentElement) { const [r, g, b, a = 1] = parts(getComputedStyle(one).backgroundColor);
    if (a > .99 && r !== undefined) return [r, g, b]; } return [255, 255, 255]; };
  return [...document.querySelectorAll(selector)].filter(one => one.getClientRects().length && one.textContent.trim()).map(one => {
    const [above, below] = [light(parts(getComputedStyle(one).color)), light(ground(one))].sort((a, b) => b - a);
    return [one.className + ' ' + one.textContent.slice(0, 40), (above + .05) / (below + .05)];
  }).filter(([_, contrast]) => contrast < LEAST);
}""".replace("LEAST", str(LEAST_CONTRAST))


@pytest.fixture(scope="module")
def lab(floor: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """A running JupyterLab with a notebook of answers: its address, and the file that names its theme."""
    folder = tmp_path_factory.mktemp("lab")
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    cells = [nbformat.v4.new_code_cell(text.format(path=str(floor.path))) for text in CELLS]
    cells[-1].metadata["tags"] = ["raises-exception"]
    (folder / "notes").mkdir()
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel}), folder / "notes" / "asked.ipynb")
    themes = folder / "settings" / "@jupyterlab" / "apputils-extension" / "themes.jupyterlab-settings"
    themes.parent.mkdir(parents=True)
    (themes.parent / "notification.jupyterlab-settings").write_text(json.dumps({"fetchNews": "false", "checkForUpdates": False}), "utf-8")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    surroundings = {
        **os.environ, "PYTHONPATH": str(ROOT), "JUPYTERLAB_SETTINGS_DIR": str(folder / "settings"),
        "JUPYTER_CONFIG_DIR": str(folder / "config"), "JUPYTER_DATA_DIR": str(folder / "data"),
    }  # fmt: skip
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", f"--port={port}", "--ServerApp.token=let-me-in"]
    with (folder / "log").open("w") as log:
        server = subprocess.Popen([*command, f"--notebook-dir={folder / 'notes'}"], env=surroundings, stdout=log, stderr=log)
        yield f"http://127.0.0.1:{port}/lab/tree/asked.ipynb?token=let-me-in&reset", themes
        server.terminate()
        server.wait(30)


def opened(browser: Any, address: str) -> Any:
    """Return the page once the server answers."""
    page = browser.new_page(viewport={"width": 1300, "height": 1000})
    for _ in range(600):
        try:
            page.goto(address)
            return page
        except Exception:  # noqa: BLE001 - not there yet, in any way
            time.sleep(0.1)
    raise AssertionError("JupyterLab did not answer.")


def run_all(page: Any) -> None:
    """Run all cells by the menu; once more where JupyterLab was not yet ready and the click came to nothing."""
    for _ in range(10):
        page.get_by_text("Run", exact=True).first.click()
        page.get_by_text("Run All Cells", exact=True).first.click()
        with suppress(TimeoutError):
            wait_until(page, "[...document.querySelectorAll('.jp-InputPrompt')].some(one => /[*\\d]/.test(one.textContent))", seconds=10)
            return
        page.keyboard.press("Escape")
    raise AssertionError("JupyterLab ran no cell.")


@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_answers_are_read_and_gone_on_from(browser: Any, lab: tuple[str, Path], theme: str) -> None:
    address, themes = lab
    themes.write_text(json.dumps({"theme": f"JupyterLab {theme}"}), "utf-8")
    page = opened(browser, address)
    try:
        page.set_default_timeout(300_000)
        page.locator(".jp-Notebook .jp-CodeCell").nth(len(CELLS) - 1).wait_for()
        page.locator('[data-status="idle"]').first.wait_for(state="attached")
        run_all(page)
        page.locator(".tk-turn .tk-headline").wait_for()
        page.locator(".jp-CodeCell").last.locator(".jp-OutputArea-output").first.wait_for()
        page.wait_for_timeout(1500)  # MathJax looks for formulas a moment after an output has come
        assert page.evaluate("document.body.dataset.jpThemeLight") == str(theme == "Light").lower()
        assert page.locator("mjx-container").count() == 0
        assert page.evaluate(FAINT, ".tk-question, .tk-headline, .tk-notes li, .tk-verdict, .tk-answer td, .tk-answer th, .tk-next") == []
        assert page.evaluate(FAINT, ".tk-asked p, .tk-chip-fixed span, .tk-call code") == []
        fault = page.locator(".jp-CodeCell").last.locator(".jp-OutputArea-output").inner_text()
        assert "store_id" in fault
        assert "Traceback" not in fault
        page.locator(".tk-newest .tk-next-button").first.click()
        page.locator(".tk-turn").nth(1).wait_for()
    finally:
        page.close()
