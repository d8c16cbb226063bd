"""`toolkit doctor`: every file looked at anew, what can be made again made again, what cannot named with what to import.

Nothing that people brought in or wrote is ever removed: a damaged file of receipts leaves the manifest only when that is asked for
(`set_aside`), and goes to `damaged/` of the workspace.
"""

from __future__ import annotations

import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from toolkit import edits
from toolkit.atomic import sweep_parts
from toolkit.audit import record
from toolkit.doctor.damage import damaged_marts, data_faults, kept_faults, remove_derived
from toolkit.edits import FOLDER as EDITABLE
from toolkit.edits import edit_notes
from toolkit.errors import WorkspaceError
from toolkit.integrity import Fault, read_signed, seals_of
from toolkit.language import day, tr
from toolkit.mart.build import ensure_mart
from toolkit.readers import leased_states
from toolkit.roles import require_role
from toolkit.workspace import COPY, LineFile, Manifest, Workspace, write_manifest

ASIDE = "damaged"


@dataclass(frozen=True)
class Examination:
    """What a look at every file found.

    Attributes
    ----------
    files
        Data files that were looked at.
    mended
        What was wrong and is right again, a sentence each.
    left
        What is wrong and needs a person, a sentence each, with what to do.
    """

    files: int
    mended: tuple[str, ...]
    left: tuple[str, ...]

    def __str__(self) -> str:
        """Return the sentences in order, what is left to do last."""
        if not self.mended and not self.left:
            return tr("All is well: {files:,} data files are what was written, and so is everything made from them.", files=self.files)
        looked = tr("{files:,} data files were looked at.", files=self.files)
        return "\n".join([looked, *self.mended, *self.left])


def examine(workspace: Path, *, set_aside: bool = False, take_edits: bool = False) -> Examination:
    """Look at every file of a workspace, mend what can be mended, and say what cannot.

    Parameters
    ----------
    set_aside
        Move damaged files of receipts and tables to `damaged/` and leave them out from now on, so that they can be imported again: until
        then their days or tables are missing from every answer.
    take_edits
        Take the documents that were changed by hand as they are: answers speak of it no longer, and the audit log says who did it.

    Raises
    ------
    WorkspaceError
        The folder is no workspace, its manifest is lost, or another process is writing there.
    """
    mended = [sentence for sentence in [_manifest_again(workspace)] if sentence]
    ws = Workspace(workspace)
    before = _unlisted(ws)
    with ws.writing():
        swept = len(before - _unlisted(ws))
        parts = sweep_parts(ws.path)
        if swept or parts:
            mended.append(tr("{count:,} files that interrupted attempts had left were removed.", count=swept + parts))
        faults = data_faults(ws)
        left = [_told(ws, name, fault) for name, fault in faults]
        if set_aside and faults:
            left = _set_aside(ws, faults)
        unsealed = [name for name in ws.manifest.live() if name not in ws.manifest.files and name not in dict(faults)]
        if unsealed:
            ws.commit(files=ws.manifest.files | seals_of(ws.path, unsealed))
            mended.append(
                tr(
                    "{count:,} data files of an older toolkit can be read, and what they are stands in the manifest from now on.",
                    count=len(unsealed),
                )
            )
        _copy_again(ws)
    leased_states(ws.path)
    mended += _edited(ws, take_edits)
    if derived := damaged_marts(ws):
        remove_derived(derived)
        mended += [str(fault) + tr(" It was made from the receipts, and is made again.") for fault in derived.values()]
        if ws.last_day and not left:
            ensure_mart(ws, ws.last_day)
    return Examination(len(ws.manifest.live()), tuple(mended), (*left, *kept_faults(ws)))


def _edited(ws: Workspace, take: bool) -> list[str]:
    """Say which documents were changed by no command of the toolkit; `take`: from now on they are as they should be."""
    if not take:
        return edit_notes(ws.path, [path.relative_to(ws.path / EDITABLE).as_posix() for path in (ws.path / EDITABLE).rglob("*.toml")])
    require_role(ws, "owner", tr("taking edited documents as they are"))
    taken = [edit.name for edit in edits.take_edits(ws.path / EDITABLE)]
    if taken:
        record(ws.path, "took edits", documents=taken, files=[ws.path / EDITABLE / name for name in taken])
    return [tr("{document} was changed by hand, and is taken as it is.", document=f"{EDITABLE}/{name}") for name in taken]


def _manifest_again(workspace: Path) -> str:
    """Put the copy of the manifest in its place where it is damaged and the copy is whole; return the sentence."""
    try:
        Workspace(workspace)
    except WorkspaceError as damage:
        try:
            manifest = Manifest.model_validate(read_signed((workspace / COPY).read_text("utf-8")))
        except (OSError, ValueError):
            raise WorkspaceError(
                f"{damage}\n" + tr("Its copy cannot be read, either: restore a backup (`toolkit restore`), or import all receipts again.")
            ) from None
        write_manifest(workspace, manifest)
        return tr(
            "{file} was damaged; its copy was put in its place: receipts up to {last}.",
            file=workspace / "manifest.json",
            last=max((file.last_day for file in manifest.line_files), default="-"),
        )
    return ""


def _copy_again(ws: Workspace) -> None:
    try:
        whole = Manifest.model_validate(read_signed((ws.path / COPY).read_text("utf-8"))) == ws.manifest
    except (OSError, ValueError):
        whole = False
    if not whole:
        write_manifest(ws.path, ws.manifest)


def _told(ws: Workspace, name: str, fault: Fault) -> str:
    """The sentence about a data file that cannot be made again, with what to import."""
    restore = tr("restore a backup (`toolkit restore`)")
    for file in ws.manifest.line_files:
        if name in (file.path, file.ids_path):
            return f"{fault} " + tr(
                "Of the receipts of source {source} from {first} to {last} it holds {rows:,} lines: {restore}, or set it aside "
                "(--set-aside) and import these days again.",
                source=file.source or tr("(unnamed)"),
                first=day(file.first_day),
                last=day(file.last_day),
                rows=file.rows,
                restore=restore,
            )
    for table, path in ws.manifest.tables.items():
        if path == name:
            return f"{fault} " + tr(
                "It is the table {table}: {restore}, or set it aside (--set-aside) and import the table again.",
                table=table,
                restore=restore,
            )
    if name in ws.manifest.codes.values():
        return f"{fault} " + tr(
            "Without this dictionary no line has its ids: {restore}, or import all receipts into a new folder.", restore=restore
        )
    return f"{fault} " + tr("It lists rows that an import set aside; no figure rests on it.")


def _set_aside(ws: Workspace, faults: list[tuple[str, Fault]]) -> list[str]:
    """Leave damaged files of receipts and tables out of the manifest and move them to `damaged/`; say of each what to import."""
    names = dict(faults)
    lost = [file for file in ws.manifest.line_files if file.path in names or file.ids_path in names]
    tables = {name: path for name, path in ws.manifest.tables.items() if path in names}
    left = [_told(ws, name, fault) for name, fault in faults if name in ws.manifest.codes.values()]
    for path in [*(name for file in lost for name in (file.path, file.ids_path)), *tables.values()]:
        target = ws.path / ASIDE / path.replace("/", "-")
        target.parent.mkdir(exist_ok=True)
        with suppress(FileNotFoundError):
            shutil.copy2(ws.path / path, target)  # a copy: readers of an earlier state may hold the file
    records = tuple(
        record.model_copy(update={"rejected_path": None}) if record.rejected_path in names else record for record in ws.manifest.imports
    )
    ws.commit(
        line_files=tuple(file for file in ws.manifest.line_files if file not in lost),
        tables={name: path for name, path in ws.manifest.tables.items() if name not in tables},
        imports=records,
    )
    left += [_missing(file, ws.path / ASIDE) for file in lost]
    left += [tr("The table {table} is left out until it is imported again.", table=table) for table in tables]
    return left


def _missing(file: LineFile, place: Path) -> str:
    return tr(
        "Of source {source} {rows:,} lines from {first} to {last} are left out until these days are imported again (--replace); the "
        "damaged file is in {place}.",
        source=file.source or tr("(unnamed)"),
        rows=file.rows,
        first=day(file.first_day),
        last=day(file.last_day),
        place=place,
    )


def _unlisted(ws: Workspace) -> set[Path]:
    live = {ws.path / name for name in ws.manifest.live()}
    folders = (ws.path / kind for kind in ("lines", "codes", "tables", "rejected", "staging"))
    return {path for folder in folders for path in folder.rglob("*") if path.is_file() and path not in live}
