"""Who sits in front of a page: the name that a proxy or a hub put into a header, bound to the page's kernel before it hears a word.

TOOLKIT_USER_HEADER names the header (`X-Forwarded-Email`, `X-Forwarded-User`, `Remote-User`). Only where it is set are names asked for,
and then no page opens without one. The proxy must set the header itself and drop one that a browser sends; the server listens on this
machine alone.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from toolkit.atomic import write_atomically
from toolkit.audit import PAGE_USERS_VARIABLE

HEADER_VARIABLE = "TOOLKIT_USER_HEADER"
LONGEST_NAME = 200


def asks_for_names() -> bool:
    """Say whether pages are opened by people whom a proxy names."""
    return bool(os.environ.get(HEADER_VARIABLE))


def named_in(headers: Mapping[str, str]) -> str:
    """Return the name in the headers of a request; empty where there is none, or none that can be one."""
    name = headers.get(os.environ.get(HEADER_VARIABLE, ""), "").strip()
    return name if name.isprintable() and len(name) <= LONGEST_NAME else ""


def bind(kernel_id: str, name: str) -> bool:
    """Bind a page's kernel to the name of who opens it; False where it is somebody else's already."""
    path = Path(os.environ[PAGE_USERS_VARIABLE]) / Path(kernel_id).name
    if path.exists():
        return path.read_text("utf-8") == name
    write_atomically(path, name, private=True)
    return True
