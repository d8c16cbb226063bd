"""Forgetting members: out of every file of the workspace, and not back with the next import of the same export.

First goes what is found by the id alone (saved lists, expressions, campaigns, reports, exports), then lines, tables, dictionaries and the
list of the forgotten change in one commit. So wherever it is killed, the next run knows the ids by the hashes of the unfinished receipt.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
from filelock import FileLock

from toolkit.atomic import sweep_parts
from toolkit.audit import read_audit, record
from toolkit.errors import BadValue, UnknownName
from toolkit.forgotten import Names, read_forgotten
from toolkit.language import tr
from toolkit.personal import campaigns, documents
from toolkit.personal.given_out import given_out
from toolkit.personal.receipt import Receipt, receipts_of
from toolkit.personal.receipt_lines import without_members
from toolkit.personal.search import files_that_name
from toolkit.personal.stored_tables import all_ids_of, codes_without, known_ids, member_codes, records_without, tables_without
from toolkit.roles import require_role
from toolkit.scope.view import close_views
from toolkit.workspace import Workspace, opened


def forget(workspace: Workspace | str | Path, *member_ids: str | int, inbox: bool = False) -> Receipt:
    """Take members out of a workspace for good and return the receipt; a later import of the same export does not bring them back.

    Their sales stay, as those of non-members. Their cards, contacts, redemptions and events go, and so do their names in saved audiences,
    drafts, frozen campaigns (the counts of the arms stay), rows set aside, reports and exported lists. Forgettings that were broken off
    are finished first; without ids that is all.

    Parameters
    ----------
    member_ids
        Ids as the shop writes them; every other id of the same person (identity tables) is forgotten with them.
    inbox
        Remove files of the inbox that name them, too: they may be the only copy of receipts that were never imported.

    Raises
    ------
    UnknownName
        Nothing in the workspace has such an id; nothing was changed.
    BadValue
        No id was given, and nothing is to be finished.
    WorkspaceError
        Another process writes there, or the disk is full. What was done stays done, and the next run goes on.
    """
    ws = opened(workspace)
    require_role(ws, "owner", tr("forgetting members"))
    given = sorted({str(one) for one in member_ids if str(one).strip()})
    broken_off = [receipt for receipt in receipts_of(ws) if not receipt.finished]
    if not given and not broken_off:
        raise BadValue(tr("No member was named. Give the ids of those who are to be forgotten."))
    _check(ws, given, broken_off)
    done = [_carry_out(ws, receipt, given, inbox=inbox) for receipt in broken_off]
    left = [one for one in given if not any(receipt.ids_among([one]) for receipt in broken_off)]
    if left:
        ids = all_ids_of(ws, left)
        stays = dict(ws.aliases().iter_rows())
        done.append(_carry_out(ws, Receipt.begun(ws, ids, len({stays.get(one, one) for one in left})), ids, inbox=inbox))
    return done[-1]


def _check(ws: Workspace, given: Sequence[str], broken_off: Sequence[Receipt]) -> None:
    """Refuse ids that nobody has; those who were forgotten before may be searched for once more."""
    known = set(known_ids(ws))
    nobody = [one for one in given if one not in known and not any(receipt.ids_among([one]) for receipt in broken_off)]
    before = set(read_forgotten(ws).among(pl.Series(nobody, dtype=pl.String)))
    if missing := [one for one in nobody if one not in before]:
        raise UnknownName(
            tr(
                "No member of the workspace has the id {ids}. Nothing was changed; write ids as the shop does.",
                ids=", ".join(map(repr, missing[:5])),
            )
        )


def _carry_out(ws: Workspace, receipt: Receipt, given: Sequence[str], *, inbox: bool) -> Receipt:
    """Do what a receipt says, or what is left of it."""
    with ws.writing() as commit_id:
        sweep_parts(ws.path)  # a writer who was killed may have left a list of members
        known = known_ids(ws).to_list()
        ids = receipt.ids_among(sorted({*known, *given}))
        names = Names.of(ids, known)
        if ids:
            _take_out(ws, names, receipt, inbox=inbox)
            _commit(ws, names, receipt, commit_id)
    drop_marts(ws)
    if ids:
        _take_out(ws, names, receipt, inbox=inbox)  # what was saved or made meanwhile, where somebody had the workspace open
        found, receipt.searched_files = _still_named(ws, names)
        receipt.still = [names.out_of(str(path)) for path in found if str(path) not in receipt.left]
    receipt.elsewhere = sorted({str(entry.about.get("to")) for entry in read_audit(ws.path).entries if entry.did == "wrote back"})
    receipt.finished = datetime.now(UTC).isoformat(timespec="seconds")
    receipt.write()
    record(ws.path, "forgot", members=receipt.members, removed=receipt.removed, files=[receipt.path])
    return receipt


def _take_out(ws: Workspace, names: Names, receipt: Receipt, *, inbox: bool) -> None:
    """Take members out of whatever is found by their id alone."""
    files = given_out(ws, names, inbox=inbox)
    receipt.left = [str(path) for path in files.left]
    receipt.count(
        audience_lists=len(documents.lists_that_name(ws, names)), texts=len(documents.texts_that_name(ws, names)),
        campaigns=len(campaigns.campaigns_that_name(ws, names)), reports=len(files.inside), exports=len(files.exports),
    )  # fmt: skip
    documents.take_out(ws, names)
    campaigns.take_out(ws, names)
    for path in (*files.inside, *files.exports):
        path.unlink(missing_ok=True)


def _still_named(ws: Workspace, names: Names) -> tuple[list[Path], int]:
    """Return the files of the workspace that name them after all, and how many were searched.

    A short number in a saved rule may be a store, so rules are asked what it is compared with.
    """

    def holds_rules(path: Path) -> bool:
        return path.relative_to(ws.path).parts[0] in ("documents", "campaigns")

    found, searched = files_that_name(ws.path, names, skip=holds_rules)
    in_rules, rules = files_that_name(ws.path, names.in_prose(), skip=lambda path: not holds_rules(path))
    found += in_rules + documents.lists_that_name(ws, names) + documents.texts_that_name(ws, names)
    found += [campaigns.frozen_folders(ws)[one] for one in campaigns.campaigns_that_name(ws, names)]
    return list(dict.fromkeys(found)), searched + rules


def _commit(ws: Workspace, names: Names, receipt: Receipt, commit_id: str) -> None:
    """Take members out of lines, tables, dictionaries and the records of imports, in one commit."""
    forgotten = read_forgotten(ws).with_ids(names.ids)
    is_theirs = pl.col("member_code").is_in(member_codes(ws, names.ids))
    lost = without_members(ws, is_theirs, f"lines/{commit_id}", names=names, key=forgotten.key)
    tables, gone = tables_without(ws, names, f"tables/{commit_id}")
    codes = codes_without(ws, names, forgotten, f"codes/{commit_id}")
    records, set_aside = records_without(ws, names, f"rejected/{commit_id}")
    receipt.count(lines=lost.lines, rows=sum(gone.values()), rows_set_aside=set_aside)
    ws.commit(
        forgets=True, line_files=lost.files, tables={**ws.manifest.tables, **tables}, codes={**ws.manifest.codes, **codes}, imports=records
    )
    shutil.rmtree(ws.path / "damaged", ignore_errors=True)  # what the doctor set aside cannot be searched


def drop_marts(ws: Workspace) -> None:
    """Remove all marts: they are made again from the lines as they are now; what this process remembers of them goes too."""
    if ws.mart_folder.is_dir():
        with FileLock(ws.mart_folder / ".lock"):
            for place in ws.mart_folder.iterdir():
                if place.is_dir():
                    shutil.rmtree(place, ignore_errors=True)
    close_views()
