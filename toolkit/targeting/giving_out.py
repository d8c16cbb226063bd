"""Giving a day's tasks out: frozen in the ledger first, then written as files for each store and guide."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import polars as pl

from toolkit.atomic import broken_off, private_file, written_together
from toolkit.audience.export import check_columns, guarded, write_csv_file
from toolkit.audit import record
from toolkit.disk import told_in_words
from toolkit.errors import BadValue, DataError, unknown_name
from toolkit.language import tr
from toolkit.language import word as said
from toolkit.ledger.guide_lists import freeze_lists
from toolkit.roles import require_role
from toolkit.saving import Sheet, book_of
from toolkit.scope.view import checked_as_of, open_view
from toolkit.targeting.guide_tasks import check_wishes, to_say
from toolkit.targeting.measures.books import books
from toolkit.targeting.measures.task_places import lists_of
from toolkit.wording import some
from toolkit.workspace import Workspace, opened

FORMATS = ("csv", "xlsx")
_STALE_DAYS = 7


@dataclass(frozen=True)
class GivenOut:
    """What was given out: the day, files, tasks on them, members held out, tasks that may no longer be done (consent withdrawn since).

    >>> GivenOut(date(2026, 12, 2), (), 40, 4, 0, 9).sentences[1]
    'The receipts end 9 days before that day: reasons are that old.'
    """

    day: date
    files: tuple[Path, ...]
    tasks: int
    held: int
    withdrawn: int
    stale_days: int

    @property
    def sentences(self) -> list[str]:
        """What was written, and what is to be known of it."""
        told = [
            tr(
                "{day}: {tasks} on {files}; {held:,} with a reason are held out by chance and are on none.",
                day=self.day, tasks=some(self.tasks, "task"), files=some(len(self.files), "file"), held=self.held,
            )
        ]  # fmt: skip
        if self.withdrawn:
            told.append(tr("{count:,} who may no longer be contacted are left out.", count=self.withdrawn))
        if self.stale_days:
            told.append(tr("The receipts end {days} days before that day: reasons are that old.", days=self.stale_days))
        return told


@told_in_words
def give_out_tasks(
    workspace: Workspace | str | Path,
    folder: str | Path,
    *,
    day: date | str | None = None,
    per_day: int = 10,
    held_share: float = 0.1,
    seed: int = 0,
    formats: Sequence[str] = FORMATS,
    columns: Sequence[str] = (),
    replace_it: bool = False,
) -> GivenOut:
    """Freeze the tasks of a day in the ledger and write them: a CSV a guide, and a workbook a store with a sheet a guide.

    A day that was frozen before is written as it was frozen, whatever else is asked for: the same day gives the same lists. The CSV can be
    filled in (`outcome`: called, reached or refused) and imported as the table `guide_calls`. Files are for their owner alone (0600); all
    are there, or none. Held-out members are on none of them.

    Parameters
    ----------
    day
        The day of the tasks; default: the day after the last receipt. Reasons are of the receipts before it.
    columns
        Columns of the members table to put beside each member, such as their name.

    Raises
    ------
    NotAllowed
        The role of who is at work may not export members.
    BadValue
        A wish makes no list; `day` lies in the past of the receipts and was not frozen then; files are there and `replace_it` is not given.
    DataError
        The members table does not say whose members are, or who may be contacted; or nobody has a reason.
    WorkspaceError
        The lists that were frozen were changed since, or the disk is full: nothing was written.
    """
    ws = opened(workspace)
    require_role(ws, "marketer", tr("giving out tasks of guides"))
    check_wishes("give_out_tasks", per_day, held_share)
    for form in formats:
        if form not in FORMATS:
            raise unknown_name("format", form, FORMATS, where="give_out_tasks")
    last = checked_as_of(ws, None)
    wanted = last + timedelta(days=1) if day is None else _day(day)
    as_of = min(wanted - timedelta(days=1), last)
    view = open_view(ws, as_of=as_of)
    check_columns(view, columns)
    found = books(view)
    if found is None or "contactable" not in view.population.columns:
        raise DataError(tr("The members table needs `guide_id` (whose member each is) and `contactable` (who may be spoken to)."))
    lists = lists_of(view, found, wanted, per_day=per_day, held_share=held_share, seed=seed)
    if not lists.frozen and wanted <= last:
        raise BadValue(
            tr("The tasks of {day} were not given out then, and the receipts go on to {last}: nobody can be called on a day that is over.",
               day=wanted, last=last)
        )  # fmt: skip
    if lists.tasks.is_empty():
        raise DataError(tr("Nobody in a guide's book has a reason to be spoken to on {day}.", day=wanted))
    drawn = {"per_day": per_day, "held_share": held_share, "seed": seed}
    tasks = freeze_lists(ws, wanted, lists.tasks, as_of=as_of, drawn=drawn)
    listed = tasks.filter(pl.col("arm") == "treated")
    todo = pl.Series("todo", to_say(view, listed), dtype=pl.String)
    now = open_view(ws).population.filter(pl.col("contactable").fill_null(False))
    rows = listed.with_columns(todo).join(now.select("member_id", *_extra(columns)), on="member_id", maintain_order="left")
    files = _written(rows, Path(folder), wanted, formats, _extra(columns), replace_it)
    record(
        ws.path, "exported", purpose="guides", day=wanted.isoformat(), members=rows.height, columns=list(columns),
        files=[path.resolve() for path in files],
    )  # fmt: skip
    behind = (wanted - as_of).days - 1
    held = tasks.height - listed.height
    return GivenOut(wanted, files, rows.height, held, listed.height - rows.height, behind if behind >= _STALE_DAYS else 0)


def _day(given: date | str) -> date:
    try:
        return given if isinstance(given, date) else date.fromisoformat(given)
    except ValueError:
        raise BadValue(tr("day is '{given}'; a day like 2026-12-01 was needed.", given=given)) from None


def _extra(columns: Sequence[str]) -> list[str]:
    own = ("member_id", "guide_id", "store_id", "reason", "goods", "product", "outcome", "called_on", "todo")
    return [name for name in dict.fromkeys(columns) if name not in own]


def _written(
    rows: pl.DataFrame, folder: Path, day: date, formats: Sequence[str], columns: Sequence[str], replace_it: bool
) -> tuple[Path, ...]:
    """Write the files of all guides together."""
    names = dict[str, bytes | pl.DataFrame]()
    for (store,), here in rows.partition_by("store_id", as_dict=True, maintain_order=True).items():
        guides = here.partition_by("guide_id", as_dict=True, maintain_order=True)
        if "xlsx" in formats:
            taken = set[str]()
            sheets = [_sheet(guide, mine, day, columns, taken) for (guide,), mine in guides.items()]
            names[_free(names, f"{day}-{_plain(store)}", "xlsx")] = book_of(sheets)
        if "csv" in formats:
            for (guide,), mine in guides.items():
                names[_free(names, f"{day}-{_plain(store)}-{_plain(guide)}", "csv")] = guarded(_table(mine, day, columns))[0]
    unfinished = broken_off(folder)
    there = [name for name in names if (folder / name).exists() and name not in unfinished]
    if there and not replace_it:
        raise BadValue(
            tr("{folder} has {there} already. Choose another folder, or say replace.", folder=folder, there=", ".join(sorted(there)[:5]))
        )
    with written_together(folder) as part:
        for name, content in names.items():
            path = private_file(part / name)
            path.write_bytes(content) if isinstance(content, bytes) else write_csv_file(content, path)
    return tuple(folder / name for name in names)


def _table(rows: pl.DataFrame, day: date, columns: Sequence[str]) -> pl.DataFrame:
    """The rows of a guide with the contract's names, so that the file can come back as `guide_calls`."""
    reason = pl.Series("reason", [said(one) for one in rows["reason"]], dtype=pl.String)
    outcome = pl.lit(None, pl.String).alias("outcome")
    return rows.with_columns(reason, outcome, called_on=pl.lit(day)).select(
        "store_id", "guide_id", "member_id", *columns, "reason", "todo", "goods", "product", "called_on", "outcome"
    )


def _sheet(guide: str, rows: pl.DataFrame, day: date, columns: Sequence[str], taken: set[str]) -> Sheet:
    table = _table(rows, day, columns).drop("store_id", "guide_id").with_columns(pl.col("called_on").cast(pl.String))
    labels = {
        "member_id": tr("Member"), "reason": tr("Reason"), "todo": tr("To say or show"), "goods": tr("Goods"), "product": tr("To show"),
        "called_on": tr("Day"), "outcome": tr("Outcome: called, reached or refused"),
    }  # fmt: skip
    name = _plain(guide)[:28]
    while name.casefold() in taken:
        name = f"{name[:27]}~{len(taken)}"
    taken.add(name.casefold())
    above = tr("{day}: {tasks} for {guide}", day=day, tasks=some(rows.height, "task"), guide=guide)
    return Sheet(name, above, [labels.get(one, one) for one in table.columns], table.iter_rows())


def _plain(name: str | None) -> str:
    """A name in characters that every disk and sheet takes."""
    return re.sub(r"[^\w-]+", "-", str(name or "")).strip("-")[:40] or "none"


def _free(names: dict[str, bytes | pl.DataFrame], stem: str, ending: str) -> str:
    known = {name.casefold() for name in names}
    number = 1
    name = f"{stem}.{ending}"
    while name.casefold() in known:
        number += 1
        name = f"{stem}-{number}.{ending}"
    return name
