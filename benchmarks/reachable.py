"""What axe-core finds on every page of the apps and on every kind of report: both languages, light and dark, wide and narrow. The bar: nothing.

    python benchmarks/reachable.py WORKSPACE [--axe axe.min.js] [--pictures FOLDER] [--widths 1280 390] [--only work wall]

Without `--axe` the package `axe-core` is fetched by npm. A copy of the workspace is served and reported on, so that nothing in it changes;
an audience and a draft are kept in the copy, so that every list has a row. With `--pictures` each page is also saved as it is seen, at each
width and in both themes. Exit code 1 where anything was found.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from playwright.sync_api import sync_playwright

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.chromium import CHROMIUM, FLAGS, wait_until
from toolkit.audience import Audience, save_audience
from toolkit.workspace import Workspace

ROOT = Path(__file__).parents[1]
LANGUAGES = ("en", "zh")
THEMES = ("light", "dark")
_PATIENCE = 180_000
_IDLE = """() => !document.querySelector('.tk-busy .tk-sentence, [aria-busy]') && !document.fonts.status.startsWith('loading') &&
  ![...document.querySelectorAll('.tk-chart, figure.chart')].some(one => one.clientWidth && one.dataset.drawn !== 'yes')"""
_RUN = """() => axe.run(document, {resultTypes: ['violations']}).then(told => told.violations.map(one =>
  [one.id, one.nodes.map(node => node.target.join(' ') + '   ' + node.html.slice(0, 160) + '   ' + (node.any[0] || node.all[0] || node.none[0] || {message: ''}).message)]))"""
WHERE = "recency_days <= 28 AND amount_91d >= 200"
NAME = "come lately, spend much"
ANSWER = ".tk-asking .tk-headline"
APPS: dict[str, tuple[str, str]] = {
    # page: (address, what shows that it is there)
    "entry": ("", ".tk-step-headline"),
    "entry asked": ("?" + urlencode({"ask": "blue"}), ".tk-entry-said"),
    "work": ("work", ".tk-work-table"),
    "settings": ("settings", "main"),
    "rules personas": ("rules/personas?edit=3", "#live-members"),
    "rules segments": ("rules/segments", ".tk-map"),
    "rules playbook": ("rules/playbook?edit=stages:1", "#live-members"),
    "wall": ("wall", ".tk-wall"),
    "portrait": ("voila/render/portrait.ipynb?question=portrait.segments", ANSWER),
    "portrait member": ("voila/render/portrait.ipynb?question=portrait.member", ".tk-asking .tk-sentence, " + ANSWER),
    "targeting": ("voila/render/targeting.ipynb?" + urlencode({"where": WHERE}), ".tk-build .tk-headline"),
    "planner": ("voila/render/differentiation.ipynb?" + urlencode({"name": "Autumn", "audience": NAME}), ".tk-build .tk-headline"),
    "review": ("voila/render/review.ipynb", ".tk-section-lessons :is(.tk-headline, .tk-stop)"),
    "receipts": ("voila/render/receipts.ipynb", ".tk-drop"),
    "not signed in": ("wall?" + urlencode({"token": "wrong"}), ".tk-ended"),
    "no such page": ("voila/render/nothing.ipynb", ".tk-loading"),
    "lost": ("nothing/here", ".tk-ended"),
}


def main() -> int:
    """Open them all and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("workspace", type=Path)
    parser.add_argument("--axe", type=Path)
    parser.add_argument("--pictures", type=Path)
    parser.add_argument("--widths", type=int, nargs="+", default=[1280, 390])
    parser.add_argument("--only", nargs="+", help="pages whose name begins so")
    parser.add_argument("--languages", nargs="+", default=list(LANGUAGES))
    parser.add_argument("--nodes", action="store_true", help="print every element, not three of a kind")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="toolkit-reachable-") as folder:
        axe = (given.axe or fetched(Path(folder))).read_text("utf-8")
        workspace = shutil.copytree(given.workspace, Path(folder) / "workspace")
        save_audience(Workspace(workspace), Audience(NAME, where=WHERE), replace_it=True)
        look = Look(axe, given)
        with sync_playwright() as playwright:
            look.browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            look.apps(workspace)
            look.reports(workspace, Path(folder))
            look.browser.close()
    print(f"\n{look.looked} looks at pages; {look.found} elements with a fault (bar: 0)")
    return 1 if look.found else 0


class Look:
    """Opens pages and counts what axe finds."""

    browser: Any = None

    def __init__(self, axe: str, given: argparse.Namespace) -> None:
        self.axe, self.given = axe, given
        self.looked = self.found = 0

    def wanted(self, name: str) -> bool:
        return not self.given.only or any(name.startswith(one) for one in self.given.only)

    def apps(self, workspace: Path) -> None:
        """The pages of a server."""
        pages = {name: page for name, page in APPS.items() if self.wanted(name)}
        if not pages:
            return
        with served(workspace) as (address, token):
            for language in self.given.languages:
                for name, (path, ready) in pages.items():
                    whole = f"{address}{path}{'&' if '?' in path else '?'}language={language}"
                    if "token=" not in path:
                        whole += f"&token={token}"
                    self.page(name, language, whole, ready)

    def reports(self, workspace: Path, folder: Path) -> None:
        """A set of reports of three stores with all notebooks, in each language."""
        if not self.wanted("report"):
            return
        for language in self.given.languages:
            out = folder / f"reports-{language}"
            write_reports(workspace, out, language, stores="top:2", notebooks="store,portrait,targeting,differentiation,review")
            seen: set[str] = set()
            for path in sorted(out.rglob("*.html")):
                kind = path.stem
                if kind not in seen:
                    seen.add(kind)
                    self.page(f"report {kind}", language, f"file://{quote(str(path))}", "main")

    def page(self, name: str, language: str, address: str, ready: str) -> None:
        """One page in both themes at each width."""
        context = self.browser.new_context(
            bypass_csp=True, locale={"zh": "zh-CN"}.get(language, "en-US"), viewport={"width": 1280, "height": 1000}
        )
        page = context.new_page()
        page.set_default_timeout(_PATIENCE)
        page.goto(address)
        page.locator(ready).first.wait_for()
        page.evaluate("document.querySelectorAll('details:not(.vega-embed details)').forEach(one => { one.open = true; })")
        page.add_script_tag(content=self.axe)
        for width in self.given.widths:
            page.set_viewport_size({"width": width, "height": 1000})
            for theme in THEMES:
                page.emulate_media(color_scheme=theme, reduced_motion="reduce")
                for _ in range(2):  # what is drawn may be drawn once more, to the width that it found
                    page.wait_for_timeout(450)
                    wait_until(page, _IDLE, seconds=120)
                self.looked += 1
                found = page.evaluate(_RUN)
                count = sum(len(nodes) for _, nodes in found)
                self.found += count
                print(f"{name:18} {language} {theme:5} {width:5} {count:4}", flush=True)
                for rule, nodes in found:
                    print(f"    {rule}: {len(nodes)}")
                    for node in nodes if self.given.nodes else nodes[:3]:
                        print("       ", " ".join(node.split()))
                if self.given.pictures:
                    self.given.pictures.mkdir(parents=True, exist_ok=True)
                    stem = f"{name.replace(' ', '-')}-{width}-{theme}-{language}"
                    page.screenshot(path=self.given.pictures / f"{stem}.png", full_page=True)
        page.close(run_before_unload=True)
        context.close()


def fetched(folder: Path) -> Path:
    """The script of the npm package."""
    told = subprocess.run(["npm", "pack", "axe-core", "--silent"], check=True, cwd=folder, capture_output=True, text=True)
    with tarfile.open(folder / told.stdout.strip().splitlines()[-1]) as packed:
        packed.extract("package/axe.min.js", folder, filter="data")
    return folder / "package" / "axe.min.js"


def write_reports(workspace: Path, out: Path, language: str, *, stores: str, notebooks: str) -> None:
    """Write a set of reports by the command that people use."""
    command = [sys.executable, "-m", "toolkit.cli", "--language", language, "report", str(workspace), "--stores", stores]
    subprocess.run([*command, "--out", str(out), "--notebooks", notebooks], check=True, cwd=ROOT, stdout=subprocess.DEVNULL)


@contextmanager
def served(workspace: Path) -> Iterator[tuple[str, str]]:
    """The address of the apps on a workspace, and the token."""
    command = [sys.executable, "-m", "toolkit.cli", "app", str(workspace), "--no-browser", "--port", "8897"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=ROOT) as process:
        assert process.stdout is not None
        said = ""
        for line in process.stdout:
            said += line
            if found := re.search(r"(http://127\.0\.0\.1:\d+/)\?token=(\w+)", line):
                break
        else:
            raise SystemExit(f"the apps did not start:\n{said}")
        try:
            yield found.group(1), found.group(2)
        finally:
            process.terminate()


if __name__ == "__main__":
    raise SystemExit(main())
