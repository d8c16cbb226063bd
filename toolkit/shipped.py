"""Where the notebooks, dashboards and definitions are: beside the package in a checkout, inside it in an installed wheel."""

from __future__ import annotations

import shutil
from functools import cache
from pathlib import Path

from toolkit.errors import UnknownName, WorkspaceError, unknown_name
from toolkit.language import tr

_PACKAGE = Path(__file__).parent


def shipped_folder(kind: str) -> Path:
    """Return the folder of the shipped `notebooks`, `dashboards` or `docs`."""
    installed = _PACKAGE / f"_{kind}"
    return installed if installed.is_dir() else _PACKAGE.parent / kind


@cache
def colours() -> str:
    """Return the style sheet that holds every colour, by day and by night: the apps' pages link it, pages that stand alone carry it."""
    return (shipped_folder("dashboards") / "share/nbconvert/templates/toolkit/static/colours.css").read_text("utf-8")


def find_notebook(name: str) -> Path:
    """Return the path of a notebook: one of ours by its name, or a file by its path.

    Raises
    ------
    UnknownName
        Neither a shipped notebook nor a file.
    """
    path = Path(name)
    if path.suffix == ".ipynb":
        if path.is_file():
            return path
        raise UnknownName(tr("There is no notebook {path}.", path=path))
    ours = {item.stem: item for item in sorted(shipped_folder("notebooks").glob("*.ipynb"))}
    if name not in ours:
        raise unknown_name("notebook", name, ours)
    return ours[name]


def copy_notebooks(folder: Path) -> list[Path]:
    """Copy the shipped notebooks into `folder` and return the new paths; files that are there are never overwritten.

    Raises
    ------
    WorkspaceError
        A file of that name is there already.
    """
    folder.mkdir(parents=True, exist_ok=True)
    sources = sorted(shipped_folder("notebooks").glob("*.ipynb"))
    there = [item.name for item in sources if (folder / item.name).exists()]
    if there:
        raise WorkspaceError(
            tr(
                "{folder} already has {names}; nothing was copied. Give another folder, or move yours away.",
                folder=folder,
                names=", ".join(there),
            )
        )
    return [Path(shutil.copy(item, folder / item.name)) for item in sources]
