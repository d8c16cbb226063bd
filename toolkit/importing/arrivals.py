"""Where the files of a page come in: `uploads/` for what a browser sends, removed after the import; `inbox/` for what is put there by hand.

A page never reads a file from elsewhere on the disk: who may open the page is not who may read the disk.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
import unicodedata
from pathlib import Path

from toolkit.errors import BadValue
from toolkit.language import tr

UPLOADS, INBOX = "uploads", "inbox"
SLOT = re.compile(r"(\d{1,10})-[0-9a-f]{16}")
"""Name of a page's folder of uploads: the process that reads them, and a secret."""
LONGEST_NAME = 120
MOST_LISTED = 200


def safe_name(name: str) -> str:
    """Return the name under which an uploaded file is kept: its last part, without signs that a disk, a shell or a pattern reads.

    >>> safe_name("../../etc/passwd"), safe_name("C:\\\\tills\\\\mai [2].csv"), safe_name("订单.csv"), safe_name("..")
    ('passwd', 'mai _2_.csv', '订单.csv', 'file')
    """
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", name))[-1]
    kept = "".join(character if character.isalnum() or character in " -_.()+,=" else "_" for character in last).strip(" .")
    stem, dot, ending = kept.rpartition(".")
    kept = f"{stem[: LONGEST_NAME - len(ending)]}{dot}{ending[:20]}" if len(kept) > LONGEST_NAME else kept
    return kept or "file"


def open_slot(workspace: Path) -> Path:
    """Make the folder for the uploads of this process's page; those of pages that are gone are swept first."""
    sweep(workspace)
    slot = workspace / UPLOADS / f"{os.getpid()}-{secrets.token_hex(8)}"
    slot.mkdir(parents=True, mode=0o700)
    return slot


def find_slot(workspace: Path, name: str) -> Path | None:
    """Return a page's folder of uploads by its name, or None where there is no such page."""
    slot = workspace / UPLOADS / name
    return slot if SLOT.fullmatch(name) and slot.is_dir() else None


def close_slot(slot: Path) -> None:
    """Remove a page's uploads, and the folders around them that were made for them alone."""
    shutil.rmtree(slot, ignore_errors=True)
    for folder in (slot.parent, slot.parent.parent):
        try:
            folder.rmdir()
        except OSError:  # something else is in it
            return


def sweep(workspace: Path) -> None:
    """Remove the uploads of processes that have ended."""
    for slot in (workspace / UPLOADS).glob("*"):
        found = SLOT.fullmatch(slot.name)
        if found and not _lives(int(found[1])):
            close_slot(slot)


def sweep_all(workspace: Path) -> None:
    """Remove all uploads: the server of the pages has ended."""
    for slot in (workspace / UPLOADS).glob("*"):
        if SLOT.fullmatch(slot.name):
            close_slot(slot)


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True


def inbox_files(workspace: Path) -> list[Path]:
    """Return the files in the inbox and its folders, by name; hidden ones are not listed."""
    inbox = workspace / INBOX
    found = (path for path in sorted(inbox.rglob("*")) if path.is_file())
    shown = [path for path in found if not any(part.startswith((".", "_")) for part in path.relative_to(inbox).parts)]
    return shown[:MOST_LISTED]


def from_inbox(workspace: Path, name: str) -> Path:
    """Return a file of the inbox by its name there.

    Raises: `BadValue` where the name leads out of the inbox, or no file is there.
    """
    inbox = workspace / INBOX
    path = Path(os.path.normpath(inbox / name))
    if not path.is_relative_to(inbox) or path == inbox:
        raise BadValue(
            tr(
                "“{name}” is not in the folder {inbox}: a page reads no other folder of the server. Put the file there.",
                name=name,
                inbox=inbox,
            )
        )
    if not path.is_file():
        raise BadValue(tr("There is no file “{name}” in {inbox}.", name=name, inbox=inbox))
    return path
