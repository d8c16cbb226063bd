"""Freezing a campaign: made beside the ledger and renamed into it in one step, so that it is there whole or not at all, and once."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
from filelock import FileLock

import toolkit
from toolkit.atomic import private_file
from toolkit.audit import record, user
from toolkit.disk import told_in_words
from toolkit.errors import BadValue, DataError
from toolkit.language import SOURCE, tr, word
from toolkit.ledger.campaigns import LEFT_OUT, MEMBERS, Campaign, known_campaigns, open_campaign
from toolkit.ledger.definition import Definition
from toolkit.ledger.folder import FILES, campaign_folder, campaigns_folder, file_hashes
from toolkit.roles import require_role
from toolkit.workspace import Workspace

FORMAT = 1
"""Layout of definition.json."""


@told_in_words
def freeze(
    ws: Workspace,
    definition: Definition,
    members: pl.DataFrame,
    *,
    as_of: date,
    left_out: pl.DataFrame | None = None,
    cost: Mapping[str, float | None] | None = None,
    settings: Mapping[str, Any] | None = None,
    drawn: Mapping[str, Any] | None = None,
    notes: Mapping[str, Sequence[str]] | None = None,
) -> Campaign:
    """Write a campaign into the ledger and return it as it is read back. Nothing of it changes afterwards.

    Parameters
    ----------
    members
        One row per member in an arm: `member_id`, `arm`, `segment`, `offer`, `touchpoint`, `store_id` and any scores to be frozen.
    as_of
        The day the arms were fixed.
    left_out
        Members of the audience in no arm (schema LEFT_OUT).
    cost, settings, drawn, notes
        Expected cost (currency units), the settings in force, how the arms were drawn, and what was warned of (language -> sentences).

    Raises
    ------
    BadValue
        The definition has faults, or its id is taken, in the ledger or in the shop's tables.
    DataError
        A member twice, an arm that is neither treated nor control, an arm of nobody, a column that is missing.
    NotAllowed
        Who is at work is no owner.
    WorkspaceError
        The disk is full; nothing was written.
    """
    require_role(ws, "owner", tr("launching a campaign"))
    if definition.faults:
        called = tr("Campaign '{campaign_id}'", campaign_id=definition.campaign_id)
        raise BadValue("\n".join(tr("{where}: {fault}", where=called, fault=fault) for fault in definition.faults))
    arms, left = _checked_members(definition.campaign_id, members, left_out)
    frozen = {
        "format": FORMAT,
        "campaign_id": definition.campaign_id,
        "definition": definition.model_dump(mode="json"),
        "as_of": as_of.isoformat(),
        "seed": definition.seed,
        "goals": definition.goals,
        "cost": dict(cost or {}),
        "currency": ws.manifest.currency,
        "minor_digits": ws.manifest.minor_digits,
        "settings": dict(settings or {}),
        "drawn": dict(drawn or {}),
        "member_counts": {arm: arms.filter(pl.col("arm") == arm).height for arm in ("treated", "control")},
        "left_out_counts": dict(left.group_by("reason").len().sort("reason").iter_rows()),
        "notes": list((notes or {}).get(SOURCE, ())),
        "notes_in": {code: list(said) for code, said in (notes or {}).items()},
        "data_version": ws.manifest.data_version,
        "launched_by": user()[0],
        "toolkit": toolkit.__version__,
    }
    ledger = campaigns_folder(ws)
    ledger.mkdir(exist_ok=True)
    with FileLock(ledger / ".lock"):
        check_free(ws, definition.campaign_id)
        write_frozen(campaign_folder(ws, definition.campaign_id), frozen, arms, left)
    folder = campaign_folder(ws, definition.campaign_id)
    record(ws.path, "launched", campaign=definition.campaign_id, members=frozen["member_counts"], files=[folder / name for name in FILES])
    return open_campaign(ws, definition.campaign_id)


def check_free(ws: Workspace, campaign_id: str) -> None:
    """Refuse an id that a campaign has already; ids that differ in capitals alone are the same, as on some disks.

    Raises
    ------
    BadValue
        It is taken.
    """
    taken = known_campaigns(ws).filter(pl.col("campaign_id").str.to_lowercase() == campaign_id.lower())
    if taken.height or campaign_folder(ws, campaign_id).exists():
        row = taken.row(0, named=True) if taken.height else {"source": "ledger", "starts_on": None}
        where = tr("was launched already") if row["source"] == "ledger" else tr("is in the shop's campaigns table")
        starts = tr(" (it starts on {starts_on})", starts_on=row["starts_on"]) if row["starts_on"] else ""
        raise BadValue(
            tr(
                "Campaign '{campaign_id}' {where}{starts}, and what was launched never changes. Choose another id, such as "
                "'{campaign_id}-2'.",
                campaign_id=campaign_id,
                where=where,
                starts=starts,
            )
        )


def _checked_members(campaign_id: str, members: pl.DataFrame, left_out: pl.DataFrame | None) -> tuple[pl.DataFrame, pl.DataFrame]:
    where = tr("Campaign '{campaign_id}'", campaign_id=campaign_id)
    missing = [name for name in MEMBERS if name not in members.columns and name != "contacted_at"]
    if missing:
        raise DataError(tr("{where}: the members have no column {missing}.", where=where, missing=", ".join(missing)))
    scores = [name for name in members.columns if name not in MEMBERS]
    none = pl.lit(None, pl.Datetime("us")).alias("contacted_at")
    arms = members.with_columns(none).select(*(pl.col(name).cast(dtype) for name, dtype in MEMBERS.items()), *scores).sort("member_id")
    left = (pl.DataFrame(schema=LEFT_OUT) if left_out is None else left_out).select(LEFT_OUT.names()).cast(LEFT_OUT).sort("member_id")
    both = pl.concat([arms["member_id"], left["member_id"]])
    if both.null_count() or both.n_unique() < both.len():
        raise DataError(tr("{where}: a member stands in it twice, or has no id.", where=where))
    wrong = arms.filter(~pl.col("arm").is_in(["treated", "control"]) | pl.col("arm").is_null())
    if wrong.height:
        raise DataError(
            tr(
                "{where}: member {member_id} has the arm '{arm}'; treated or control was needed.",
                where=where,
                member_id=wrong["member_id"][0],
                arm=wrong["arm"][0],
            )
        )
    empty = [arm for arm in ("treated", "control") if arm not in arms["arm"]]
    if empty:
        named = tr(" or ").join(word(arm) for arm in empty)
        raise DataError(tr("{where}: nobody is {empty}. Widen the audience, or change control_share.", where=where, empty=named))
    return arms, left


def write_frozen(folder: Path, record: dict[str, Any], arms: pl.DataFrame, left: pl.DataFrame) -> None:
    """Make the folder beside the ledger's and rename it. Under the ledger's lock: a half-made folder that lies there is nobody's."""
    for stale in folder.parent.glob(".*.part"):
        shutil.rmtree(stale, ignore_errors=True)
    part = folder.with_name(f".{folder.name}.{os.getpid()}.part")
    try:
        part.mkdir()
        arms.write_parquet(private_file(part / "members.parquet"))
        left.write_parquet(private_file(part / "left_out.parquet"))
        private_file(part / "definition.json").write_text(json.dumps(record, indent=1, ensure_ascii=False), "utf-8")
        (part / "hashes.json").write_text(json.dumps(file_hashes(part), indent=1), "utf-8")
        for file in part.iterdir():
            with file.open("rb") as opened:
                os.fsync(opened.fileno())
        os.rename(part, folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)
