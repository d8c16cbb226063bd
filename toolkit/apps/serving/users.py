"""Who sits in front of a page: the name that a proxy or a hub gives, bound to the page's kernel before it hears a word.

Names are asked for where TOOLKIT_APP_USERS names the folder of bindings; then no page opens without one.
"""

from __future__ import annotations

import os
from pathlib import Path

from toolkit.atomic import write_atomically
from toolkit.audit import PAGE_USERS_VARIABLE

LONGEST_NAME = 200


def asks_for_names() -> bool:
    """Say whether pages are opened by people whom a proxy names."""
    return bool(os.environ.get(PAGE_USERS_VARIABLE))


def readable_name(given: str) -> str:
    """Return a name as it came; empty where it can be none."""
    name = given.strip()
    return name if name.isprintable() and len(name) <= LONGEST_NAME else ""


def bind(kernel_id: str, name: str) -> bool:
    """Bind a page's kernel to the name of who opens it; False where it is somebody else's already."""
    path = Path(os.environ[PAGE_USERS_VARIABLE]) / Path(kernel_id).name
    if path.exists():
        return path.read_text("utf-8") == name
    write_atomically(path, name, private=True)
    return True
