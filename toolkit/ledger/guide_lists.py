"""The day's lists of guides, frozen: who was on them and who was held out by chance, written whole or not at all, and once.

campaigns/guides.days/<day>/ holds what a campaign's folder does (`toolkit.ledger.folder`): members.parquet with an arm each,
left_out.parquet, definition.json, hashes.json. So members are forgotten in them, and damage is found, as in campaigns.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
from filelock import FileLock

import toolkit
from toolkit.audit import record, user
from toolkit.disk import told_in_words
from toolkit.errors import WorkspaceError
from toolkit.language import tr
from toolkit.ledger.campaigns import LEFT_OUT
from toolkit.ledger.folder import FILES, campaigns_folder, faults_of
from toolkit.ledger.launch import write_frozen
from toolkit.roles import require_role
from toolkit.workspace import Workspace

FORMAT = 1
FOLDER = "guides.days"
"""No campaign has it: their folders bear no point, or a digest behind it."""
LISTED = pl.Schema(
    {
        "member_id": pl.String, "arm": pl.String,  # treated = on the list, control = held out by chance
        "store_id": pl.String, "guide_id": pl.String, "guide_before": pl.String,  # whose member it is where they were shared out
        "reason": pl.String, "goods": pl.String, "product": pl.String,
        "detail": pl.String,  # near a tier: what lacks in the units that are counted, a blank, the tier
        "spend_before": pl.Float64,  # minor units a quarter
        "place": pl.Int64, "is_compared": pl.Boolean,  # of the first per_day places: drawn by chance alone, whatever was drawn before
    }
)  # fmt: skip


def list_folder(ws: Workspace, day: date) -> Path:
    """Return where the lists of a day lie."""
    return campaigns_folder(ws) / FOLDER / day.isoformat()


def list_folders(ws: Workspace) -> list[Path]:
    """Return the folders of all days that have lists, oldest first."""
    return sorted(path.parent for path in (campaigns_folder(ws) / FOLDER).glob("????-??-??/definition.json"))


@told_in_words
def freeze_lists(ws: Workspace, day: date, tasks: pl.DataFrame, *, as_of: date, drawn: Mapping[str, Any]) -> pl.DataFrame:
    """Write the lists of a day (schema LISTED) into the ledger and return them as they are read back; those that are there stay.

    Raises
    ------
    NotAllowed
        Who is at work may not give out lists of members.
    WorkspaceError
        The disk is full (nothing was written), or the lists that are there were changed.
    """
    require_role(ws, "marketer", tr("giving out tasks of guides"))
    folder = list_folder(ws, day)
    folder.parent.mkdir(parents=True, exist_ok=True)
    counts: dict[str, int] = {}
    with FileLock(campaigns_folder(ws) / ".lock"):
        if not (folder / "definition.json").exists():
            rows = tasks.select(LISTED.names()).cast(LISTED).sort("store_id", "guide_id", "place", nulls_last=True)  # type: ignore[arg-type]
            counts = {arm: rows.filter(pl.col("arm") == arm).height for arm in ("treated", "control")}
            told = {
                "format": FORMAT,
                "day": day.isoformat(),
                "as_of": as_of.isoformat(),
                "drawn": dict(drawn),
                "member_counts": counts,
                "data_version": ws.manifest.data_version,
                "launched_by": user()[0],
                "toolkit": toolkit.__version__,
            }
            write_frozen(folder, told, rows, pl.DataFrame(schema=LEFT_OUT))
    if counts:
        record(ws.path, "froze guide lists", day=day.isoformat(), members=counts, files=[folder / name for name in FILES])
    return read_lists(ws, day)


def read_lists(ws: Workspace, day: date) -> pl.DataFrame:
    """Return the lists of a day as they were frozen (schema LISTED); without rows where there are none.

    Raises
    ------
    WorkspaceError
        A file of them is missing or was changed.
    """
    folder = list_folder(ws, day)
    if not (folder / "definition.json").exists():
        return pl.DataFrame(schema=LISTED)
    if faults := faults_of(folder):
        raise WorkspaceError("\n".join([*faults, tr("Restore {folder} from a backup.", folder=folder)]))
    return _rows(folder)


def _rows(folder: Path) -> pl.DataFrame:
    """The lists of a folder whose files were looked at."""
    return pl.read_parquet(folder / "members.parquet").select(LISTED.names())


def told_of(ws: Workspace, day: date) -> dict[str, Any]:
    """Return what was written of the lists of a day: as_of, how they were drawn, counts; empty where there are none."""
    path = list_folder(ws, day) / "definition.json"
    return json.loads(path.read_text("utf-8")) if path.exists() else {}


def lists_between(ws: Workspace, first: date, last: date) -> tuple[pl.DataFrame, list[date]]:
    """Return the lists of the days from `first` to `last` (LISTED, `day`, `draw`), and the days left out since their files were changed."""
    rows, damaged = [], list[date]()
    for folder in list_folders(ws):
        day = date.fromisoformat(folder.name)
        if not first <= day <= last:
            continue
        if faults_of(folder):
            damaged.append(day)
            continue
        told = told_of(ws, day)["drawn"]
        draw = pl.lit(f"{told.get('seed')}/{told.get('held_share')}").alias("draw")
        rows.append(_rows(folder).with_columns(pl.lit(day).alias("day"), draw))
    schema = pl.Schema({**LISTED, "day": pl.Date, "draw": pl.String})
    return pl.concat(rows) if rows else pl.DataFrame(schema=schema), damaged
