"""Who asked what: one line for each page that is opened and each question that is asked in it, without personal data.

A line names a visitor (the name that a proxy or hub gives, else a sign of the browser), the page and the question with its store, day and
period; never a member, an audience's text, a typed sentence or a token. `page` ties the questions of a page to who opened it.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
import sys
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from toolkit.errors import shorten
from toolkit.language import plain

ACCESS_VARIABLE = "TOOLKIT_APP_ACCESS_LOG"
"""Environment variable that names the file; without it nothing is kept."""
TOLD = ("store_id", "region", "as_of", "period", "campaign_id", "by")
"""Parameters whose values are told: they name places, days and campaigns. Of all others only that they were given."""
_CONNECTION = re.compile(r"kernel-([0-9a-f-]{36})\.json")
_SECRETS = re.compile(r"(token=|_xsrf=|Authorization: ?\w+ )[^&\s'\"]+", re.IGNORECASE)


def tell_asked(question: str, given: Mapping[str, Any]) -> None:
    """Write down that a question was asked, with the parameters that name no person."""
    told = {name: shorten(str(value)) for name, value in given.items() if name in TOLD and value is not None}
    others = sorted(name for name, value in given.items() if name not in TOLD and value is not None)
    tell("asked", page=_page(), question=question, **told, **({"also": others} if others else {}))


def tell(did: str, **about: Any) -> None:
    """Append a line; a log that cannot be written stops nobody's work."""
    path = os.environ.get(ACCESS_VARIABLE)
    if not path:
        return
    line = json.dumps({"at": datetime.now(UTC).isoformat(timespec="seconds"), "did": did, **about}, ensure_ascii=False)
    with suppress(OSError):
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(descriptor, (plain(line) + "\n").encode())
        finally:
            os.close(descriptor)


def page_sign(kernel_id: str) -> str:
    """Return what a page is called in the log."""
    return kernel_id[:8]


def _page() -> str:
    """The page that this process is the kernel of: its connection file is named by the kernel's id."""
    found = next((match for match in map(_CONNECTION.search, sys.argv) if match), None)
    return page_sign(found.group(1)) if found else ""


def visitor(name: str) -> str:
    """Return the sign of a visitor whose browser Jupyter named at random: the same for the same browser."""
    return hashlib.sha256(name.encode()).hexdigest()[:8]


class WithoutSecrets(logging.Filter):
    """Takes tokens out of what a logger is about to say."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Change the record; it is always kept."""
        record.msg, record.args = _SECRETS.sub(r"\1...", record.getMessage()), ()
        return True
