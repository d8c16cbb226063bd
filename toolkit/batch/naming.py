"""File names for stores: safe on every file system, unique, and the plain id wherever that is both."""

from __future__ import annotations

import hashlib
import re
import unicodedata

_PLAIN = re.compile(r"[a-z0-9][a-z0-9_-]{0,59}")
_HASHED = re.compile(r".*-[0-9a-f]{10}")
# Windows opens a device under these names, with any extension.
CHAIN_FOLDER = "_chain"  # the empty id is the whole chain; no store can have this name
_DEVICES = {"con", "prn", "aux", "nul", *(f"{port}{number}" for port in ("com", "lpt") for number in range(10))}


def folder_name(store_id: str) -> str:
    """Return the folder name of a store.

    A short id of small ASCII letters, digits, `-` and `_` is its own name. Any other gets a readable rest and ten digits of its SHA-256,
    so that two ids never share a folder, also where the file system ignores case. Ids that look like such a name are hashed as well.

    >>> folder_name("367"), folder_name("../A"), folder_name("a") == folder_name("A")
    ('367', 'a-80dd850293', False)
    """
    if not store_id:
        return CHAIN_FOLDER
    if _PLAIN.fullmatch(store_id) and not _HASHED.fullmatch(store_id) and store_id not in _DEVICES:
        return store_id
    digest = hashlib.sha256(store_id.encode("utf-8", "surrogatepass")).hexdigest()[:10]
    ascii_text = unicodedata.normalize("NFKD", store_id).encode("ascii", "ignore").decode()
    readable = re.sub(r"[^a-z0-9]+", "-", ascii_text.lower()).strip("-")[:40].strip("-")
    return f"{readable or 'store'}-{digest}"
