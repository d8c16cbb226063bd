"""`tk.write_back`: a result, where it goes, and how; written down in the log of who did what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from toolkit.audience import view_of
from toolkit.audit import record
from toolkit.errors import BadValue, unknown_name
from toolkit.language import tr
from toolkit.results.destination import MODES, Mode, write_table
from toolkit.results.tables import KEY, audience_table, contacts_table, members_table, next_best_members, plain
from toolkit.roles import require_role
from toolkit.scope.view import View
from toolkit.sources.databases.addresses import OBJECT_STORES, SourceTable, address, kind_of
from toolkit.sources.specs import path_of_url
from toolkit.wording import some
from toolkit.workspace import Workspace

RESULTS = ("members", "audience", "next_best", "contacts")
"""What can be written back."""


@dataclass(frozen=True)
class Written:
    """What was written, and where."""

    target: SourceTable
    rows: int
    columns: tuple[str, ...]
    mode: Mode

    @property
    def sentence(self) -> str:
        """What was written where."""
        return tr("{rows} with {columns} columns written to {target} ({mode}).", rows=some(self.rows, "member"), columns=len(self.columns),
                  target=self.target, mode=self.mode)  # fmt: skip


def write_back(
    workspace: View | Workspace | str | Path,
    result: str,
    *,
    to: str,
    table: str | None = None,
    mode: Mode = "replace",
    name: str = "",
    columns: Sequence[str] = (),
    for_contact: bool = True,
    **scope: Any,
) -> Written:
    """Write a result to a table of a database, or to a Parquet file, in one transaction: as a whole or not at all.

    Parameters
    ----------
    result
        `members` (segment, scores, traits), `audience` (its members), `next_best`, or `contacts` (whom a launched campaign addresses).
    to
        Where the table stands: `env:CRM_DB`, `keyring:SERVICE/USER`, an address without a password, or a file that ends in .parquet.
    table
        The table, with its schema where it needs one.
    mode
        `create` = there must be none; `replace` = its rows are replaced; `merge` = members that are there are changed in the columns that
        are brought, new ones are added, others stay. Where there is no table, replace and merge create it.
    name
        The audience, or the campaign's id.
    columns
        Columns of the members table and its traits; empty = what the result brings.
    for_contact
        An audience and contacts hold those who may be contacted, and nobody else; False = for analysis.
    **scope
        As for a question: store_id, region, audience, as_of, settings.

    Raises
    ------
    BadValue, UnknownName, DataError
        With one sentence; the table is as it was.

    Example
    -------
    >>> tk.write_back(ws, "members", to="scores.parquet", columns=["segment"]).mode     # doctest: +SKIP
    'replace'
    """
    if result not in RESULTS:
        raise unknown_name("result", result, RESULTS)
    if mode not in MODES:
        raise unknown_name("mode", mode, MODES)
    if result in ("audience", "contacts") and not name:
        raise BadValue(tr("Name the audience, or the campaign, that is written back."))
    target = _target(to, table)
    address(target.url)  # before anything is worked out
    view = view_of(workspace, **scope)
    require_role(view.workspace, "marketer", tr("exporting members"))
    if result == "members":
        rows = members_table(view, columns)
    elif result == "next_best":
        rows = next_best_members(view)
    elif result == "audience":
        rows = audience_table(view, name, columns, for_contact=for_contact)
    else:
        rows = contacts_table(view, name, columns, for_contact=for_contact)
    rows = plain(rows, view)
    write_table(rows, target, ("campaign_id", KEY) if result == "contacts" else (KEY,), mode)
    record(
        view.workspace.path, "wrote back", result=result, name=name, to=str(target), mode=mode, scope=view.place, columns=rows.columns,
        members=rows.height, purpose="contact" if result in ("audience", "contacts") and for_contact else "analysis",
    )  # fmt: skip
    return Written(target, rows.height, tuple(rows.columns), mode)


def _target(to: str, table: str | None) -> SourceTable:
    if to.lower().endswith(".parquet") and kind_of(to) not in OBJECT_STORES:
        to = f"parquet:{to}"
    try:
        path_of_url({"url": to, "table": table})
    except ValueError as error:
        raise BadValue(f"--to: {error}.") from None
    return SourceTable(to, table)
