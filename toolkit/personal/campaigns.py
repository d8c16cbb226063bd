"""The ledger without somebody: the counts of the arms stay as launched, the person does not."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import polars as pl
from filelock import FileLock

from toolkit.atomic import write_atomically, written_beside
from toolkit.forgotten import Names
from toolkit.integrity import seal_now
from toolkit.ledger.campaigns import LEFT_OUT
from toolkit.ledger.folder import FILES, campaign_folder, campaigns_folder, launched_ids
from toolkit.ledger.guide_lists import list_folders
from toolkit.personal.documents import definition_without
from toolkit.workspace import Workspace

ARMS = ("treated", "control", "left_out")


def campaigns_that_name(ws: Workspace, names: Names) -> dict[str, dict[str, int]]:
    """Return the campaigns in whose files somebody stands, with how many of each arm (and left out) they are."""
    found = {}
    for campaign_id, folder in frozen_folders(ws).items():
        tables, definition = _without(folder, names)
        if tables or definition is not None or "also" in _read_hashes(folder):
            found[campaign_id] = _counts(folder, names)
    return found


def take_out(ws: Workspace, names: Names) -> None:
    """Write the files of the campaigns that name somebody anew, without them.

    At every moment a campaign is whole: first its hashes take the new files as well as the old ones, then the files are replaced one by
    one, last the hashes take the new ones alone. How many were forgotten in which arm is kept beside the hashes.
    """
    if not campaigns_folder(ws).is_dir():
        return
    with FileLock(campaigns_folder(ws) / ".lock"):
        folders = frozen_folders(ws)
        for campaign_id in campaigns_that_name(ws, names):
            _take_out(folders[campaign_id], names)


def frozen_folders(ws: Workspace) -> dict[str, Path]:
    """Return the folders of campaigns by id, and those of the guides' lists by their days."""
    lists = {f"{folder.parent.name}/{folder.name}": folder for folder in list_folders(ws)}
    return {campaign_id: campaign_folder(ws, campaign_id) for campaign_id in launched_ids(ws)} | lists


def _take_out(folder: Path, names: Names) -> None:
    if "also" in (hashes := _read_hashes(folder)):  # killed in the middle: what was written is put in its place first
        hashes = _finished(folder, hashes)
    tables, definition = _without(folder, names)
    if not tables and definition is None:
        return
    counts = _counts(folder, names)
    for name, table in tables.items():
        with written_beside(_new(folder, name), private=True) as part:
            table.write_parquet(part)
    if definition is not None:
        write_atomically(_new(folder, "definition.json"), json.dumps(definition, indent=1, ensure_ascii=False), private=True)
    changed = [*tables, *(["definition.json"] if definition is not None else [])]
    gone = {arm: hashes.get("forgotten", {}).get(arm, 0) + counts[arm] for arm in ARMS}
    before = {name: hashes[name] for name in FILES if name in hashes}
    after = {**hashes, **{name: seal_now(_new(folder, name)).sha256 for name in changed}, "forgotten": gone, "also": before}
    write_atomically(folder / "hashes.json", json.dumps(after, indent=1))
    _finished(folder, after)


def _finished(folder: Path, hashes: dict[str, Any]) -> dict[str, Any]:
    """Put the new files of a campaign in their places and return its hashes as they are then."""
    for name in FILES:
        new = _new(folder, name)
        if new.exists():
            os.replace(new, folder / name) if seal_now(new).sha256 == hashes.get(name) else new.unlink()
    after = {name: value for name, value in hashes.items() if name != "also"}
    write_atomically(folder / "hashes.json", json.dumps(after, indent=1))
    return after


def _new(folder: Path, name: str) -> Path:
    return folder / f".{name}.new"


def _read_hashes(folder: Path) -> dict[str, Any]:
    try:
        return json.loads((folder / "hashes.json").read_text("utf-8"))
    except (OSError, ValueError):
        return {}


def _without(folder: Path, names: Names) -> tuple[dict[str, pl.DataFrame], dict[str, Any] | None]:
    """The tables of a campaign that name somebody, and its definition where it does, without them."""
    tables = {}
    for name in ("members.parquet", "left_out.parquet"):
        if (folder / name).exists():
            table = pl.read_parquet(folder / name)
            kept = table.filter(~pl.col("member_id").is_in(list(names.ids)))
            if kept.height < table.height:
                tables[name] = kept
    try:
        before = json.loads((folder / "definition.json").read_text("utf-8"))
    except (OSError, ValueError):
        return tables, None
    rest = names.in_prose().out_of({key: value for key, value in before.items() if key != "definition"})
    after = {key: definition_without(before[key], names) if key == "definition" else rest[key] for key in before}
    return tables, after if after != before else None


def _counts(folder: Path, names: Names) -> dict[str, int]:
    members, left = folder / "members.parquet", folder / "left_out.parquet"
    mine = pl.col("member_id").is_in(list(names.ids))
    arms = pl.read_parquet(members, columns=["member_id", "arm"]).filter(mine)["arm"].to_list() if members.exists() else []
    out = pl.read_parquet(left, columns=LEFT_OUT.names()).filter(mine).height if left.exists() else 0
    return {"treated": arms.count("treated"), "control": arms.count("control"), "left_out": out}
