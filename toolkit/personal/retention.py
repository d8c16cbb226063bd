"""Lines that lose their member with age, by a rule that the workspace keeps."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path

import polars as pl

from toolkit import language
from toolkit.audit import record
from toolkit.errors import DataError
from toolkit.importing.retained import DOCUMENT, oldest_day
from toolkit.importing.tables import write_table
from toolkit.language import tr
from toolkit.personal.forget import drop_marts
from toolkit.personal.receipt_lines import without_members
from toolkit.roles import require_role
from toolkit.workspace import Workspace, opened

TIMES = {
    "events": "occurred_at",
    "redemptions": "redeemed_at",
    "contacts": "contacted_at",
    "feedback": "given_at",
    "services": "occurred_at",
    "relations": "stepped_at",
    "referrals": "referred_at",
    "benefits": "used_at",
    "benefit_grants": "granted_at",
    "guide_calls": "called_on",
}
"""Not points and stored value: what is owed to a member is a sum over all entries of their account."""


@dataclass(frozen=True)
class Retained:
    """What a rule of retention did: lines before `first` lost their member (or are gone), and rows of tables are gone."""

    first: date
    lines: int
    orders: int
    rows: int
    set_aside: int
    drop: bool

    @property
    def sentences(self) -> list[str]:
        """What was done."""
        told = (
            tr("Lines before {first} are gone, and their sales with them: {lines:,} lines of {orders:,} orders.", **self._said)
            if self.drop
            else tr(
                "Lines before {first} stay as sales of non-members: {lines:,} lines of {orders:,} orders lost their member.", **self._said
            )
        )
        told = [told, tr("Rows of events, contacts and redemptions before it that are gone: {count:,}.", count=self.rows)]
        if self.set_aside:
            told.append(tr("Lists of rows set aside by imports of days before it that are gone: {count:,}.", count=self.set_aside))
        return [*told, tr("Saved audiences and launched campaigns stay: they end by a decision of yours.")]

    @property
    def _said(self) -> dict[str, object]:
        return {"first": language.day(self.first), "lines": self.lines, "orders": self.orders}


def retain(workspace: Workspace | str | Path, stretch: str, *, drop: bool = False) -> Retained:
    """Let lines older than a stretch (36m, 3y; back from the last day of the receipts) lose their member; say it again every month.

    The rule is kept in documents/personal.toml, so that old lines which are imported again come in without their member.

    Parameters
    ----------
    drop
        Remove the lines altogether, those of non-members as well, so that no figure of those days is half a figure.

    Raises
    ------
    BadValue
        The stretch cannot be read.
    DataError
        There are no receipts, or none would be left.
    WorkspaceError
        Another process writes there.
    """
    ws = opened(workspace)
    require_role(ws, "owner", tr("letting lines lose their member"))
    if ws.last_day is None:
        raise DataError(tr("{path} has no receipts yet. Import some with `toolkit import MAPPING {path}`.", path=ws.path))
    first = oldest_day(ws.last_day, stretch)
    moment = datetime.combine(first, time())
    with ws.writing() as commit_id:
        ws.write_document(DOCUMENT, {**ws.document(DOCUMENT), "retain": stretch})
        is_old = pl.col("ordered_at") < moment
        is_theirs = is_old if drop else is_old & pl.col("member_code").is_not_null()
        lost = without_members(ws, is_theirs, f"lines/{commit_id}", drop=drop)
        tables, rows = {}, 0
        for name, column in TIMES.items():
            before = frame.collect() if (frame := ws.table(name)) is not None else None
            if before is None or column not in before.columns:
                continue
            after = before.filter((pl.col(column) >= moment).fill_null(True))
            if after.height < before.height:
                tables[name] = write_table(ws, f"tables/{commit_id}", name, after)
                rows += before.height - after.height
        old = [one for one in ws.manifest.imports if one.rejected_path and one.last_day is not None and one.last_day < first]
        records = tuple(
            one.model_copy(update={"rejected_path": None, "examples": {}}) if one in old else one for one in ws.manifest.imports
        )
        ws.commit(forgets=True, line_files=lost.files, tables={**ws.manifest.tables, **tables}, imports=records)
    drop_marts(ws)
    record(ws.path, "retained", stretch=stretch, before=str(first), lines=lost.lines, orders=lost.orders, rows=rows, dropped=drop)
    return Retained(first, lost.lines, lost.orders, rows, len(old), drop)
