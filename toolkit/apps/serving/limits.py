"""What one visitor, and all of them together, may take of the server: pages, time to send a request, and what a page may run.

Every page that is open has a kernel, of up to 250 MB. Without a limit a script that asks for pages in a loop takes the memory of the
machine in a minute, and with it everybody's work.
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from toolkit.language import tr

PAGE_BYTES = 250 * 1024**2
MOST_VARIABLE, EACH_VARIABLE = "TOOLKIT_APP_PAGES", "TOOLKIT_APP_PAGES_EACH"
"""Environment: pages that may be open in all, and from one address."""
FEWEST, MOST = 6, 100
LEFT_FOR_OTHERS = 4
HEADER_SECONDS = 30
"""Within which a request must have come as far as its headers; a connection that asks for nothing is closed after it."""
BODY_SECONDS = 30
SLOWEST = 50_000
"""Bytes a second at which a file that is uploaded must come at least."""
LARGEST_BODY = 1024**2
"""Of any request but an upload."""

_KERNEL = re.compile(r'"kernelId": ?"([0-9a-f-]{36})"')


class Pages:
    """Pages that are open, by the address that asked for them; a page is open as long as its kernel lives."""

    def __init__(self, most: int = 0, each: int = 0) -> None:
        self.most = most or _number(MOST_VARIABLE) or min(MOST, max(FEWEST, int(_memory() * 0.75) // PAGE_BYTES))
        self.each = each or _number(EACH_VARIABLE) or max(1, self.most - LEFT_FOR_OTHERS)
        self.kernels: dict[str, str] = {}
        self._opening: list[str] = []

    def refusal(self, address: str, living: Any) -> str:
        """Return the sentence for a page that is one too many, '' where there is room; `living`: the ids of all kernels."""
        self.kernels = {kernel: of for kernel, of in self.kernels.items() if kernel in living}
        taken = [*self.kernels.values(), *self._opening]
        if len(taken) >= self.most:
            return tr(
                "{pages:,} pages are open, as many as this machine has room for. Close some, or come back in a minute.", pages=len(taken)
            )
        if taken.count(address) >= self.each:
            return tr(
                "{pages:,} pages are open from your address, as many as one address may have. Close some, or come back in a minute.",
                pages=taken.count(address),
            )
        return ""

    @contextmanager
    def opening(self, address: str) -> Iterator[None]:
        """Count a page that is being made: it has no kernel yet."""
        self._opening.append(address)
        try:
            yield
        finally:
            self._opening.remove(address)

    def opened(self, html: str, address: str) -> str:
        """Take note of the kernel that a piece of a page names, and return its id; '' where it names none."""
        found = _KERNEL.search(html)
        if found:
            self.kernels[found.group(1)] = address
        return found.group(1) if found else ""


def connection_limits() -> dict[str, Any]:
    """Return what tornado's HTTP server is started with: a request that is sent in part is not waited for."""
    return {"idle_connection_timeout": HEADER_SECONDS, "body_timeout": BODY_SECONDS, "max_body_size": LARGEST_BODY}


def upload_seconds(size: int) -> float:
    """Return the seconds that a file of `size` bytes may take to come."""
    return BODY_SECONDS + size / SLOWEST


def with_nonce(policy: str) -> tuple[str, str]:
    """Return a nonce, and the policy that lets scripts run which carry it (and no others but files of the server)."""
    nonce = secrets.token_urlsafe(18)
    return nonce, policy.replace("script-src 'self'", f"script-src 'self' 'nonce-{nonce}'")


def signed(html: str, nonce: str) -> str:
    """Return a piece of Voila's page with the nonce on its scripts.

    Whatever comes from data stands in it as JSON whose `<` are escaped, so a `<script` in it is one of the templates'.
    """
    return html.replace("<script", f'<script nonce="{nonce}"')


def _number(variable: str) -> int:
    text = os.environ.get(variable, "")
    return int(text) if text.isdecimal() and len(text) < 6 else 0


def _memory() -> int:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # no such question on this system
        return 8 * 1024**3
