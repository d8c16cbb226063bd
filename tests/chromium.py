"""Where Chromium is, and how it is started so that it stays on this machine."""

from __future__ import annotations

import shutil
import time
from typing import Any

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def wait_until(page: Any, holds: str, arg: Any = None, seconds: float = 60) -> None:
    """Wait until a script's expression (or function of `arg`) gives something true.

    Playwright's own `wait_for_function` evaluates text inside the page, which the pages of the apps forbid. What takes long is asked for
    less often: each question keeps the processors from the page that it waits for.
    """
    start = time.monotonic()
    while not page.evaluate(holds, arg):
        waited = time.monotonic() - start
        if waited > seconds:
            raise TimeoutError(f"not within {seconds:.0f} s: {holds}")
        page.wait_for_timeout(min(40 + 100 * waited, 200))
