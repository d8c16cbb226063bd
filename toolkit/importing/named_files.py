"""The mapping of chosen files, proposed or opened again, and the files as it names them."""

from __future__ import annotations

import fnmatch
import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from toolkit.errors import MappingError
from toolkit.importing.open_points import TODO
from toolkit.language import tr
from toolkit.sources.columns.contents import Contents
from toolkit.sources.columns.proposal import propose_mapping
from toolkit.sources.mapping import mapping_from_text
from toolkit.sources.mapping_text import parsed, toml_value, with_value
from toolkit.workspace import Workspace

Chosen = Mapping[Path, Contents | None]
"""The chosen files with what their columns hold; None = no rows."""


def proposed_mapping(chosen: Chosen, folder: Path, workspace: Path) -> str:
    """Return a mapping for the files: as `toolkit map` proposes it, its files named from `folder`, in the workspace's currency.

    Where nothing looks like receipts, the file with the most columns stands for them, for a person to say what is what.
    """
    text = with_value(_without_questions(propose_mapping(list(chosen))), (), "name", workspace.name)
    if (workspace / "manifest.json").exists():  # what is there already says which money it is
        manifest = Workspace(workspace).manifest
        if parsed(text).get("currency") != manifest.currency:
            text = with_value(text, (), "currency", manifest.currency)
    for name, section in parsed(text).items():
        if isinstance(section, dict) and "files" in section:
            names = section["files"]
            patterns = [os.path.normpath(name) for name in ([names] if isinstance(names, str) else names)]
            paths = [path for path in chosen if str(path) in patterns or any(fnmatch.fnmatch(str(path), one) for one in patterns)]
            text = with_value(text, (name,), "files", one_or_all([relative(path, folder) for path in paths]))
    text = with_joined_files(text, lambda one: relative(Path(os.path.normpath(one)), folder))
    if "lines" not in parsed(text):
        fullest = max(chosen, key=lambda path: one.sample.width if (one := chosen[path]) else 0)
        text += f"\n[lines]\nfiles = {toml_value(relative(fullest, folder))}\n\n[lines.columns]\n"
    return text


def with_files(text: str, chosen: Chosen, folder: Path) -> str:
    """Return a mapping kept from before with the chosen files: those of the same names, else those that have its columns.

    Raises: `MappingError` where no file has the columns of a table.
    """
    named = {path.name: path for path in chosen}
    for name, section in parsed(text).items():
        if not isinstance(section, dict) or "files" not in section:
            continue
        names = [section["files"]] if isinstance(section["files"], str) else section["files"]
        same = [named[base] for one in names if (base := os.path.basename(str(one))) in named]
        paths = same if len(same) == len(names) else _with_columns(text, name, chosen, folder)
        text = with_value(text, (name,), "files", one_or_all([relative(path, folder) for path in paths]))
    return with_joined_files(text, lambda one: relative(named[base], folder) if (base := os.path.basename(one)) in named else one)


def _with_columns(text: str, table: str, chosen: Chosen, folder: Path) -> list[Path]:
    wanted = mapping_from_text(text, folder=folder, label="mapping.toml").tables[table].raw_columns
    paths = [path for path, one in chosen.items() if one and set(wanted) <= set(one.names)]
    if not paths:
        told = tr(
            "[{table}] of the mapping needs a file with the columns {columns}; none of the chosen files has them all.",
            table=table, columns=", ".join(wanted[:20]),
        )  # fmt: skip
        raise MappingError(told)
    return paths


def _without_questions(text: str) -> str:
    """Return a proposal without what it says of open questions: they are asked one by one, of all rows and not of the first."""
    lines = text.splitlines()
    asked = [line for line in lines if line.startswith("# TODO ") and not TODO.fullmatch(line)]
    kept = (line for line in lines if line not in asked and not re.match(r"# (\[answers\]|ignore = )", line))
    return "\n".join(kept).rstrip() + "\n"


def text_of(path: Path) -> str:
    """Return the text of a mapping file.

    Raises: `MappingError` where it cannot be read.
    """
    try:
        return path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise MappingError(tr("{name} cannot be read as a mapping: {error}.", name=path.name, error=error)) from None


def with_joined_files(text: str, rename: Callable[[str], str]) -> str:
    """Return a mapping's text with the files of tables that are joined to another (`[[lines.join]]`) called otherwise."""
    for name, section in parsed(text).items():
        for key, parts in section.items() if isinstance(section, dict) else ():
            if isinstance(parts, list) and any(isinstance(part, dict) and "files" in part for part in parts):
                text = with_value(text, (name,), key, [_renamed(part, rename) for part in parts])
    return text


def _renamed(part: Any, rename: Callable[[str], str]) -> Any:
    if not isinstance(part, dict) or "files" not in part:
        return part
    files = part["files"]
    return {**part, "files": rename(files) if isinstance(files, str) else [rename(str(one)) for one in files]}


def shop_of(path: Path) -> str:
    """Return the name of the shop that a mapping file is of; "" where it cannot be read."""
    try:
        return str(parsed(text_of(path)).get("name", ""))
    except MappingError:
        return ""


def relative(path: Path, folder: Path) -> str:
    """Return a path as it is written from a folder."""
    return Path(os.path.relpath(path, folder)).as_posix()


def name_for(path: Path, folder: Path | None, workspace: Path) -> str:
    """Return how a mapping names a file; one that was uploaded is gone after the import: its own name tells what it was."""
    return path.name if folder is None or path.is_relative_to(workspace / "uploads") else relative(path, folder)


def one_or_all(names: list[str]) -> str | list[str]:
    """Return one name by itself, several as a list."""
    return names[0] if len(names) == 1 else names


def file_names(given: Any) -> list[str]:
    """Return every file that a mapping names, however deep."""
    names: list[str] = []
    for key, value in given.items() if isinstance(given, dict) else ():
        if key in ("files", "file") and isinstance(value, str | list):
            names += [str(one) for one in ([value] if isinstance(value, str) else value)]
        else:
            names += [name for one in (value if isinstance(value, list) else [value]) for name in file_names(one)]
    return names
