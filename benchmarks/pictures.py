"""Takes the pictures of the apps and the reports that README and docs show, from the demo, with nothing left to work out.

    python benchmarks/pictures.py demo/workspace [--reports demo/reports] [--only-reports]
    python benchmarks/pictures.py demo/workspace --every [--widths 390 820 1440] [--languages en] [--themes light] [--into docs/pages] [--only work wall]

A copy of the workspace is served; an audience is saved in it so that the planner has one to choose. With `--every`, every page of the apps
and every kind of report is taken at each width, as WebP into docs/pages, and docs/pages.md shows them; what of a page is wider than the
screen, or a word that its box cuts, is printed: the bar is nothing.
"""

from __future__ import annotations

import argparse
import base64
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

from benchmarks.reachable import APPS, write_reports
from benchmarks.reachable import served as served_with_token
from tests.chromium import CHROMIUM, FLAGS, wait_until
from toolkit.audience import Audience, save_audience
from toolkit.workspace import Workspace

ROOT = Path(__file__).parents[1]
STORE = "367"  # the largest of the demo
SIZE = {"width": 1280, "height": 1000}
HIGHEST = 2000
"""Pixels of a picture of a page: the rest of a long one is below."""
_PATIENCE = 180_000
_WIDER = """() => {
  const width = document.documentElement.clientWidth, told = [];
  if (document.documentElement.scrollWidth > width + 1) told.push('the page is ' + document.documentElement.scrollWidth + ' px wide');
  const rolls = one => { for (; one; one = one.parentElement) if (/auto|scroll/.test(getComputedStyle(one).overflowX)) return true; };
  for (const one of document.querySelectorAll('h1,h2,h3,h4,p,a,button,label,dt,dd,li,th,td,select,strong,summary')) {
    const style = getComputedStyle(one), box = one.getBoundingClientRect();
    if (!box.width || !one.innerText?.trim() || style.visibility === 'hidden' || style.clipPath !== 'none' || box.height < 3) continue;
    const said = one.tagName.toLowerCase() + '.' + one.className + ': ' + one.innerText.trim().slice(0, 60);
    if (one.scrollWidth > one.clientWidth + 2 && /hidden|clip/.test(style.overflowX)) told.push('cut: ' + said);
    if ((box.right > width + 1 || box.left < -1) && !rolls(one)) told.push('beyond the edge: ' + said);
  }
  return [...new Set(told)].slice(0, 8);
}"""
"""What does not fit into the width of the screen, in words."""
_IDLE = """() => !document.querySelector('.tk-busy .tk-sentence, [aria-busy]') && !document.fonts.status.startsWith('loading') &&
  ![...document.querySelectorAll('.tk-chart')].some(one => one.clientWidth && one.dataset.drawn !== 'yes')"""


_HIDE = """folder => {
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) texts.currentNode.data = texts.currentNode.data.replaceAll(folder, '/srv/shop');
}"""


def main() -> int:
    """Take them all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("workspace", type=Path)
    parser.add_argument("--reports", type=Path, help="a folder of reports: two pictures of it as well")
    parser.add_argument("--only-reports", action="store_true", help="none of the apps")
    parser.add_argument("--every", action="store_true", help="every page, at each width")
    parser.add_argument("--widths", type=int, nargs="+", default=[390, 820, 1440])
    parser.add_argument("--languages", nargs="+", default=["en"])
    parser.add_argument("--themes", nargs="+", default=["light"])
    parser.add_argument("--into", type=Path, default=ROOT / "docs" / "pages")
    parser.add_argument("--only", nargs="+", help="with --every: pages whose name begins so")
    parser.add_argument("--png", action="store_true", help="with --every: as PNG, to look at")
    given = parser.parse_args()
    if given.every:
        return every(given)
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


def every(given: argparse.Namespace) -> int:
    """Take every page at each width; return 1 where something does not fit."""
    given.into.mkdir(parents=True, exist_ok=True)

    def wanted(name: str) -> bool:
        return not given.only or any(name.startswith(one) for one in given.only)

    pages = {name: page for name, page in APPS.items() if wanted(name)}
    faults = 0
    with tempfile.TemporaryDirectory(prefix="toolkit-pictures-") as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        copy = shutil.copytree(given.workspace, Path(folder) / "workspace")
        save_audience(
            Workspace(copy), Audience("come lately, spend much", where="recency_days <= 28 AND amount_91d >= 200"), replace_it=True
        )
        if pages:
            with served_with_token(copy) as (address, token):
                for language in given.languages:
                    for name, (path, ready) in pages.items():
                        whole = f"{address}{path}{'&' if '?' in path else '?'}language={language}"
                        whole += "" if "token=" in path else f"&token={token}"
                        faults += at_widths(browser, given, name, whole, ready, language, hidden=str(copy))
        kinds = [kind for kind in ("index", "store", "portrait", "targeting", "differentiation", "review") if wanted(f"report {kind}")]
        for language in given.languages if kinds else ():
            out = Path(folder) / f"reports-{language}"
            notebooks = ",".join(dict.fromkeys(["store", *(kind for kind in kinds if kind != "index")]))
            write_reports(copy, out, language, stores="top:3", notebooks=notebooks)
            for kind in kinds:
                path = next(one for one in sorted(out.rglob(f"{kind}.html")) if kind == "index" or STORE in one.parts)
                faults += at_widths(browser, given, f"report {kind}", path.absolute().as_uri(), "main", language)
        browser.close()
    print(f"{faults} places where something does not fit (bar: 0)")
    return 1 if faults else 0


def at_widths(browser: Any, given: argparse.Namespace, name: str, address: str, ready: str, language: str, hidden: str = "") -> int:
    """Save one page at each width and in each theme; print and count what does not fit. `hidden`: a folder that is shown as /srv/shop."""
    page = browser.new_page(viewport={"width": given.widths[0], "height": 1000}, locale={"zh": "zh-CN"}.get(language, "en-US"))
    page.set_default_timeout(_PATIENCE)
    page.goto(address)
    page.locator(ready).first.wait_for()
    if hidden:
        page.evaluate(_HIDE, hidden)
    session, faults = page.context.new_cdp_session(page), 0
    for width in given.widths:
        page.set_viewport_size({"width": width, "height": 1000})
        for theme in given.themes:
            page.emulate_media(color_scheme=theme, reduced_motion="reduce")
            for _ in range(2):
                page.wait_for_timeout(500)
                wait_until(page, _IDLE, seconds=120)
            told = page.evaluate(_WIDER)
            faults += len(told)
            height = min(page.evaluate("Math.max(document.documentElement.scrollHeight, 400)"), HIGHEST)
            shot = {"format": "png"} if given.png else {"format": "webp", "quality": 60}
            clip = {"x": 0, "y": 0, "width": width, "height": height, "scale": 1}
            data = session.send("Page.captureScreenshot", {**shot, "captureBeyondViewport": True, "clip": clip})["data"]
            ending = "" if (theme, language) == ("light", "en") else f"-{theme}-{language}"
            file = given.into / f"{name.replace(' ', '-')}-{width}{ending}.{shot['format']}"
            file.write_bytes(base64.b64decode(data))
            print(f"{file.name:44} {file.stat().st_size // 1000:5} kB", *(f"\n    {one}" for one in told), flush=True)
    page.close(run_before_unload=True)
    return faults


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
