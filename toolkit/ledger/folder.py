"""Where a campaign lies on disk, and whether its files are still what was launched.

campaigns/<id>/definition.json   what was launched: definition, settings, seed, as_of, costs, goals, counts
campaigns/<id>/members.parquet   one row per member in an arm
campaigns/<id>/left_out.parquet  one row per member of the audience who is in no arm, with the reason
campaigns/<id>/hashes.json       SHA-256 of the files above
campaigns/<id>/review/           written by reviews; nothing else is ever written here after launch
"""

from __future__ import annotations

import hashlib
import json
import re
from functools import lru_cache
from pathlib import Path
from typing import Any

from toolkit.errors import WorkspaceError
from toolkit.integrity import seal_now
from toolkit.language import tr
from toolkit.workspace import Workspace

FILES = ("definition.json", "members.parquet", "left_out.parquet")


def campaigns_folder(ws: Workspace) -> Path:
    """Return the folder of the ledger."""
    return ws.path / "campaigns"


def campaign_folder(ws: Workspace, campaign_id: str) -> Path:
    """Return the folder of a campaign: its id where that is a safe name, else (a campaign of the tables) one made of it and a digest."""
    safe = campaign_id if re.fullmatch(r"[^\W_][\w\-]{0,59}", campaign_id) else None
    if safe is None:
        plain = re.sub(r"[^A-Za-z0-9]+", "-", campaign_id).strip("-")[:40] or "campaign"
        safe = f"{plain}.{hashlib.sha256(campaign_id.encode()).hexdigest()[:10]}"
    return campaigns_folder(ws) / safe


def launched_ids(ws: Workspace) -> list[str]:
    """Return the ids of the campaigns in the ledger, sorted."""
    return sorted(path.parent.name for path in campaigns_folder(ws).glob("*/definition.json") if not path.parent.name.startswith("."))


State = tuple[tuple[int, ...] | None, ...]


def state_of(folder: Path) -> State:
    """Return what tells that a file of a campaign was written to: its place, size and times; None where it is not there."""
    states = list[tuple[int, ...] | None]()
    for name in (*FILES, "hashes.json"):
        try:
            stat = (folder / name).stat()
        except OSError:
            states.append(None)
        else:
            states.append((stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns))
    return tuple(states)


def file_hashes(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of each file of a campaign that is there."""
    return _hashes(folder, state_of(folder))


@lru_cache(maxsize=1_000)  # a plan asks a dozen times who is in which campaign
def _hashes(folder: Path, _state: State) -> dict[str, str]:
    return {name: seal_now(folder / name).sha256 for name in FILES if (folder / name).exists()}


def faults_of(folder: Path) -> list[str]:
    """Return what is no longer as it was launched: a sentence a file; empty = intact."""
    try:
        written = json.loads((folder / "hashes.json").read_text("utf-8"))
    except (FileNotFoundError, json.JSONDecodeError, UnicodeDecodeError):
        return [tr("{file} is missing or damaged, so nothing says that the campaign is as it was launched.", file=folder / "hashes.json")]
    hashes, also = file_hashes(folder), written.get("also", {})  # also: while members are being forgotten, the files of before
    return [
        tr("{file} was changed after launch.", file=folder / name) if name in hashes else tr("{file} is missing.", file=folder / name)
        for name in FILES
        if hashes.get(name) not in (written.get(name), also.get(name, written.get(name)))
    ]


def forgotten_since(folder: Path) -> dict[str, int]:
    """Return how many members of which arm (`treated`, `control`, `left_out`) were forgotten since the launch; empty where nobody was."""
    try:
        return {arm: count for arm, count in json.loads((folder / "hashes.json").read_text("utf-8")).get("forgotten", {}).items() if count}
    except (OSError, ValueError, AttributeError):
        return {}


def read_launched(ws: Workspace, campaign_id: str) -> dict[str, Any]:
    """Return definition.json of a campaign in the ledger.

    Raises
    ------
    WorkspaceError
        A file of it is missing, or is not what was launched.
    """
    folder = campaign_folder(ws, campaign_id)
    faults = faults_of(folder)
    if faults:
        restore = tr(
            "Campaign '{campaign_id}' cannot be judged from files that changed. Restore {folder} from a backup.",
            campaign_id=campaign_id,
            folder=folder,
        )
        raise WorkspaceError("\n".join([*faults, restore]))
    return json.loads((folder / "definition.json").read_text("utf-8"))
