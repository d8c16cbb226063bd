"""Takes the pictures of the apps and the reports that README and docs show, from the demo, with nothing left to work out.

    python benchmarks/pictures.py demo/workspace [--reports demo/reports] [--only-reports]

A copy of the workspace is served; an audience is saved in it so that the planner has one to choose.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.chromium import CHROMIUM, FLAGS, wait_until
from toolkit.audience import Audience, save_audience
from toolkit.workspace import Workspace

ROOT = Path(__file__).parents[1]
STORE = "367"  # the largest of the demo
SIZE = {"width": 1280, "height": 1000}
_PATIENCE = 180_000
_IDLE = """() => !document.querySelector('.tk-busy .tk-sentence, [aria-busy]') && !document.fonts.status.startsWith('loading') &&
  ![...document.querySelectorAll('.tk-chart')].some(one => one.clientWidth && one.dataset.drawn !== 'yes')"""


def main() -> int:
    """Take them all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("workspace", type=Path)
    parser.add_argument("--reports", type=Path, help="a folder of reports: two pictures of it as well")
    parser.add_argument("--only-reports", action="store_true", help="none of the apps")
    given = parser.parse_args()
    if given.reports:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            address = f"{given.reports.absolute().as_uri()}/"
            picture(browser, address, "index", "index.html", "table", SIZE | {"height": 690, "width": 1400})
            picture(browser, address, "report", f"stores/{STORE}/portrait.html", "h1", SIZE | {"height": 860})
            browser.close()
    if given.only_reports:
        return 0
    with tempfile.TemporaryDirectory(prefix="toolkit-pictures-") as folder:
        copy = shutil.copytree(given.workspace, Path(folder) / "workspace")
        save_audience(
            Workspace(copy), Audience("come lately, spend much", where="recency_days <= 28 AND amount_91d >= 200"), replace_it=True
        )
        with served(copy) as address, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            picture(browser, address, "app-entry", "", ".tk-step-headline", SIZE | {"height": 1160})
            picture(browser, address, "app-portrait", "voila/render/portrait.ipynb?question=portrait.segments", ".tk-asking .tk-headline")
            picture(
                browser,
                address,
                "app-targeting",
                "voila/render/targeting.ipynb?where=recency_days+%3C%3D+28+AND+amount_91d+%3E%3D+200",
                ".tk-build .tk-headline",
            )
            picture(
                browser,
                address,
                "app-planner",
                "voila/render/differentiation.ipynb?name=Autumn&audience=come+lately%2C+spend+much",
                ".tk-build .tk-headline",
            )
            picture(browser, address, "app-rules", "rules/personas?edit=5#open", "#live-members", SIZE | {"height": 1160})
            picture(browser, address, "app-segments", "rules/segments", ".tk-map")
            picture(browser, address, "app-review", "voila/render/review.ipynb", ".tk-section-lessons :is(.tk-headline, .tk-stop)")
            browser.close()
    return 0


@contextmanager
def served(workspace: Path) -> Iterator[str]:
    """The address of the apps on a workspace."""
    command = [sys.executable, "-m", "toolkit.cli", "app", str(workspace), "--no-browser", "--no-token", "--port", "8899"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=ROOT) as process:
        assert process.stdout is not None
        said = ""
        for line in process.stdout:
            said += line
            if found := re.search(r"http://127\.0\.0\.1:\d+/", line):
                break
        else:
            raise SystemExit(f"the apps did not start:\n{said}")
        try:
            yield found.group(0)
        finally:
            process.terminate()


def picture(browser: Any, address: str, name: str, path: str, ready: str, size: dict[str, int] | None = None) -> None:
    """Save one page once it is idle."""
    page = browser.new_page(viewport=size or SIZE, locale="en-US")
    page.set_default_timeout(_PATIENCE)
    page.goto(address + path)
    page.locator(ready).first.wait_for()
    for _ in range(3):  # what is drawn may be drawn once more, to the width that it found
        wait_until(page, _IDLE)
        page.wait_for_timeout(500)
    page.screenshot(path=ROOT / "docs" / f"{name}.png")
    print(f"{name}.png", flush=True)
    page.close(run_before_unload=True)


if __name__ == "__main__":
    raise SystemExit(main())
