"""Files of a workspace that cannot be read as they were written, and what a question that met one says."""

from __future__ import annotations

import shutil
from pathlib import Path

import polars as pl

from toolkit.audience import members_then, saved_names
from toolkit.brand import brand_of
from toolkit.errors import StateMoved, ToolkitError, WorkspaceError
from toolkit.integrity import Fault, faults_in, folder_faults, is_as_named
from toolkit.ledger.folder import campaign_folder, faults_of, launched_ids
from toolkit.ledger.guide_lists import list_folders
from toolkit.ledger.lessons import read_lessons
from toolkit.workspace import Workspace


def data_faults(ws: Workspace, *, anew: bool = True) -> list[tuple[str, Fault]]:
    """Return the data files of a state that cannot be read as they were written, by their name in the manifest."""
    seals = ws.manifest.files
    faults = []
    for name in ws.manifest.live():
        if name in seals:
            faults += [(name, fault) for fault in faults_in(ws.path, {name: seals[name]}, anew=anew)]
        elif fault := _unreadable(ws.path / name):
            faults.append((name, fault))
    return faults


def _unreadable(path: Path) -> Fault | None:
    """Of a file that nobody sealed no more can be said than whether it can be read."""
    try:
        if path.suffix == ".parquet":
            pl.scan_parquet(path).select(pl.all().null_count()).collect(engine="streaming")
        else:
            path.read_bytes()
    except FileNotFoundError:
        return Fault(path, "missing")
    except (OSError, pl.exceptions.PolarsError, pl.exceptions.PanicException):
        return Fault(path, "unreadable")
    return None


def damaged_marts(ws: Workspace, *, anew: bool = True) -> dict[Path, Fault]:
    """Return what is damaged of what is made from the lines, and the first fault of each: marts, tables beside them, single files."""
    found: dict[Path, Fault] = {}
    for mart in sorted(item for item in ws.mart_folder.glob("*") if item.is_dir() and not item.name.startswith(".")):
        for folder in (mart, mart / "baskets", *sorted((mart / "derived").glob("sequences-*"))):
            if folder.is_dir() and (faults := folder_faults(folder, anew=anew)):
                found[folder] = faults[0]
        for path in (mart / "derived").glob("*.parquet"):
            if path.name.count(".") > 1 and not is_as_named(path, anew=anew):
                found[path] = Fault(path, "changed")
    return {path: fault for path, fault in found.items() if not any(above in found for above in path.parents)}


def remove_derived(paths: dict[Path, Fault]) -> None:
    """Remove what is made from the lines and is damaged: it is made again when it is asked for."""
    for path in paths:
        shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)


def kept_faults(ws: Workspace) -> list[str]:
    """Return a sentence for each thing of people's own that is no longer what was written: campaigns, lessons, audiences, documents."""
    said = [sentence for one in launched_ids(ws) for sentence in faults_of(campaign_folder(ws, one))]
    said += [sentence for folder in list_folders(ws) for sentence in faults_of(folder)]
    for look in (read_lessons, saved_names, brand_of):
        try:
            look(ws)
        except ToolkitError as error:
            said.append(str(error))
    for path in sorted((ws.path / "documents").rglob("*.toml")):
        name = path.relative_to(ws.path / "documents").with_suffix("").as_posix()
        try:
            document = ws.document(name)
            for version in document.get("versions", ()) if name.startswith("audiences/") else ():
                members_then(ws, document["name"], version["version"])
        except ToolkitError as error:
            said.append(str(error))
        except (OSError, LookupError, TypeError) as error:
            said.append(f"{path}: {type(error).__name__}")
    return list(dict.fromkeys(said))


def told_damage(ws: Workspace, error: BaseException) -> WorkspaceError | None:
    """Return what an error that a question met while it read means; None where every file is what was written.

    `StateMoved`: what it read was replaced, or can be made again and was removed: the question is to be asked again.
    """
    try:
        now = Workspace(ws.path)
        if now != ws and isinstance(error, FileNotFoundError):
            return StateMoved(str(error))
        if faults := data_faults(now):
            return now.damaged([fault for _, fault in faults])
        if damaged := damaged_marts(now):
            remove_derived(damaged)
            return StateMoved(str(error))
    except WorkspaceError as damage:
        return damage
    return None
