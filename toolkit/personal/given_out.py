"""Files made from a workspace that name somebody: reports and other files in it, lists that were exported from it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from toolkit.audit import HEAD, LOG, read_audit
from toolkit.forgotten import Names
from toolkit.importing.arrivals import INBOX
from toolkit.integrity import seal_now
from toolkit.personal.search import file_names, files_that_name
from toolkit.workspace import COPY, READERS, Workspace

KEPT_BY_US = ("manifest.json", "lines", "codes", "tables", "rejected", "staging", "documents", "campaigns", "mart", "forgotten", LOG, HEAD)
KEPT_BY_US += (COPY, READERS)  # written with the manifest, and removed by the commit that forgets
"""What is taken care of part by part; every other file of the folder is searched as a file."""


@dataclass(frozen=True)
class GivenOut:
    """Files that name somebody: to be removed, and those that only a person may remove."""

    inside: tuple[Path, ...]
    exports: tuple[Path, ...]
    left: tuple[Path, ...]
    searched: int


def given_out(ws: Workspace, names: Names, *, inbox: bool = False) -> GivenOut:
    """Return the files that name somebody.

    A file of the inbox may be the only copy of receipts that were never imported, and an export that was changed since may be somebody's
    work: they are told and left, the inbox unless `inbox` says otherwise.
    """
    inside, searched = files_that_name(ws.path, names, skip=lambda path: path.relative_to(ws.path).parts[0] in KEPT_BY_US)
    waiting = [path for path in inside if path.relative_to(ws.path).parts[0] == INBOX and not inbox]
    exports, changed = _exports(ws, names)
    searched += len(exports) + len(changed)
    exports = [path for path in exports if path not in inside]
    return GivenOut(tuple(path for path in inside if path not in waiting), tuple(exports), (*waiting, *changed), searched)


def _exports(ws: Workspace, names: Names) -> tuple[list[Path], list[Path]]:
    """Exported files that are still there and name somebody: as they were written, and changed since."""
    same, changed, spelled = list[Path](), list[Path](), names.spelled()
    for entry in [one for one in read_audit(ws.path).entries if one.did == "exported"]:
        for place, kept in dict(entry.about.get("files", {})).items():
            path = Path(place)
            if path in same or path in changed or not path.is_file() or not file_names(path, spelled):
                continue
            (same if seal_now(path).sha256 == kept else changed).append(path)
    return same, changed
