"""How much of a store's reports meets the eye: pixels, words and charts, as the pages open and with every question unfolded (as it was).

toolkit report demo/workspace --stores 367 --notebooks store,portrait,targeting,differentiation,review --out reports
python benchmarks/report_size.py reports/stores/367
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.chromium import CHROMIUM, FLAGS

_SIZE = """() => [document.documentElement.scrollHeight, document.body.innerText.split(/\\s+/).length,
  [...document.querySelectorAll('figure.chart')].filter(one => one.checkVisibility()).length]"""
_DRAWN = "document.querySelectorAll('figure.chart').length === document.querySelectorAll('figure.chart[data-drawn=yes]').length"


def main() -> int:
    """Print a line a page, and their sum."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("store", type=Path, help="folder of a store in a report set")
    pages = sorted(parser.parse_args().store.resolve().glob("*.html"))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        sizes = [measured(browser, path) for path in pages]
    print(f"{'page':18}{'opens with: px':>16}{'words':>8}{'charts':>8}{'unfolded: px':>16}{'words':>8}{'charts':>8}")
    for name, row in [
        *zip([path.stem for path in pages], sizes, strict=True),
        ("all", [sum(column) for column in zip(*sizes, strict=True)]),
    ]:
        print(f"{name:18}{row[0]:16,}{row[1]:8,}{row[2]:8,}{row[3]:16,}{row[4]:8,}{row[5]:8,}")
    return 0


def measured(browser: Any, path: Path) -> list[int]:
    """Return pixels, words and charts of a page as it opens, and with everything unfolded."""
    page = browser.new_page(viewport={"width": 1240, "height": 900})
    page.goto(path.as_uri())
    page.wait_for_function(_DRAWN, timeout=60_000)
    folded = page.evaluate(_SIZE)
    page.evaluate("document.querySelectorAll('details.answer').forEach(one => one.open = true)")
    page.wait_for_timeout(300)
    whole = page.evaluate(_SIZE)
    page.close()
    return [*folded, *whole]


if __name__ == "__main__":
    raise SystemExit(main())
