"""The door: from files that somebody chose to receipts in a workspace, one answer after the other. No widgets, no terminal.

What is decided is the text of a mapping and nothing else: a column chosen, a question answered, a line written changes the text, which can
be seen, kept, opened again and taken back at any moment. Before anything is imported the mapping is tried on all rows (`try_receipts`);
the import does the same again, and keeps it.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from toolkit.atomic import write_atomically
from toolkit.errors import BadValue, DataError, MappingError, ToolkitError
from toolkit.importing import open_points
from toolkit.importing.first_figures import Trial, try_receipts
from toolkit.importing.named_files import (
    file_names,
    name_for,
    one_or_all,
    proposed_mapping,
    shop_of,
    text_of,
    with_files,
    with_joined_files,
)
from toolkit.importing.open_points import OpenPoint
from toolkit.importing.progress import Progress
from toolkit.importing.run import ImportReport, import_receipts
from toolkit.importing.taken import Look, Taken, look_of, taken_columns
from toolkit.language import tr
from toolkit.sources.columns.contents import Contents, contents_of
from toolkit.sources.mapping import Mapping, mapping_from_text
from toolkit.sources.mapping_text import parsed, with_lines, with_value
from toolkit.sources.row_filters import values_in
from toolkit.workspace import Workspace

KEPT = "mapping.toml"
"""Name of a mapping that is kept beside its workspace."""


@dataclass(frozen=True)
class _State:
    text: str
    trial: Trial | None = None
    faults: str = ""
    known: tuple[str, ...] = ()  # sources whose receipts come again under another name


class Door:
    """Files on their way into a workspace, which may be new.

    Attributes
    ----------
    files
        What was chosen; a mapping reads no other file.
    text
        The mapping as it is now.
    trial
        What an import of it would do (`look`); None until it was tried as it is now.
    faults
        Why it cannot be tried, as sentences.
    report
        What came in.
    """

    def __init__(self, workspace: Path | str) -> None:
        self.workspace = Path(workspace).absolute()
        self.files: tuple[Path, ...] = ()
        self.report: ImportReport | None = None
        self._now, self._before = _State(""), list[_State]()
        self._contents: dict[Path, Contents | None] = {}
        self._looks: dict[Path, Look] = {}
        self._values: dict[tuple[Any, ...], dict[str, int]] = {}
        self._kept_at: Path | None = None

    # -- files

    def choose(self, files: Sequence[Path | str]) -> None:
        """Take files, and propose how they are read; a `.toml` among them is a mapping kept from before, and is used.

        Raises: `DataError` where none holds a row or one cannot be read; `MappingError` where a mapping does not fit them.
        """
        paths = tuple(dict.fromkeys(Path(path).absolute() for path in files))
        mappings = [path for path in paths if path.suffix.lower() == ".toml"]
        data = tuple(path for path in paths if path not in mappings)
        if not data:
            raise BadValue(tr("Choose the files of the receipts first."))
        before = self.files, self._contents, self._looks
        self.files, self._contents, self._looks, self._values, self.report = data, {}, {}, {}, None
        try:
            for path in data:
                self._look_into(path)
            self._now = _State(
                self._used(text_of(mappings[0])) if mappings else proposed_mapping(self._contents, self.folder, self.workspace)
            )
        except ToolkitError:
            self.files, self._contents, self._looks = before
            raise
        self._before = []
        if mappings:
            self._kept_at = None

    @property
    def kept(self) -> Path | None:
        """The mapping that is kept beside the workspace, where there is one: the latest that names this shop, else `mapping.toml`."""
        if self._kept_at is not None and self._kept_at.is_file():
            return self._kept_at
        plain = self.workspace.parent / KEPT
        ours = [path for path in self.workspace.parent.glob("mapping*.toml") if shop_of(path) == self.workspace.name]
        return max(ours, key=lambda path: path.stat().st_mtime_ns, default=plain if plain.is_file() else None)

    def use_kept(self) -> None:
        """Read the files as the mapping says that is kept beside the workspace.

        Raises: `MappingError` where there is none, or it does not fit the files.
        """
        path = self.kept
        if path is None:
            raise MappingError(tr("There is no {name} beside {workspace}.", name=KEPT, workspace=self.workspace))
        self._change(self._used(text_of(path)))
        self._kept_at = path

    @property
    def looks(self) -> tuple[Look, ...]:
        """What each file looks like."""
        return tuple(self._looks[path] for path in self.files)

    # -- what is read as what

    @property
    def text(self) -> str:
        """The mapping as it is now; its files are named from `folder`."""
        return self._now.text

    @property
    def folder(self) -> Path:
        """Where the mapping's files are named from."""
        return Path(os.path.commonpath([path.parent for path in self.files])) if self.files else self.workspace.parent

    @property
    def currency(self) -> str:
        """The currency of the amounts, as the mapping has it."""
        return str(parsed(self.text).get("currency", ""))

    @property
    def tables(self) -> tuple[str, ...]:
        """The tables that the mapping makes."""
        return tuple(name for name, section in parsed(self.text).items() if isinstance(section, dict) and "columns" in section)

    def columns(self, table: str = "lines") -> tuple[Taken, ...]:
        """Return what each column of the contract is taken from, with three of its values, and what else it could be."""
        section = parsed(self.text).get(table, {})
        return taken_columns(table, section, self.text, self._contents_of(section))

    def take(self, column: str, raw: str, table: str = "lines") -> None:
        """Take a contract column from another column of the file; "" = from none."""
        known = {one.column: one for one in self.columns(table)}
        if column not in known or (raw and raw not in known[column].others):
            raise BadValue(tr("The files have no column “{raw}”.", raw=raw))
        self._change(with_value(self.text, (table, "columns"), column, raw or None))

    def write(self, lines: str, table: str = "lines") -> None:
        """Add lines of TOML to the mapping, or change it with them."""
        self._change(with_lines(self.text, lines, table))

    def rewrite(self, text: str) -> None:
        """Take another text for the whole mapping."""
        parsed(text)
        self._change(text if text.endswith("\n") else text + "\n")

    @property
    def can_undo(self) -> bool:
        """Whether there is an answer to take back."""
        return bool(self._before)

    def undo(self) -> None:
        """Take the last answer back."""
        if self._before:
            self._now = self._before.pop()

    # -- what it comes to

    @property
    def trial(self) -> Trial | None:
        """What an import of the mapping as it is now would do; None until it was tried."""
        return self._now.trial

    @property
    def faults(self) -> str:
        """Why the mapping as it is now cannot be tried."""
        return self._now.faults

    def look(self, progress: Progress | None = None) -> None:
        """Try the mapping on all rows: afterwards there is a trial, or there are faults."""
        try:
            self._now = _State(self.text, try_receipts(self._mapping(), self.workspace, progress=progress))
        except ToolkitError as error:
            self._now = _State(self.text, faults=str(error), known=getattr(error, "sources", ()))

    @property
    def points(self) -> tuple[OpenPoint, ...]:
        """What stands open: the questions that the values raise, or what the mapping leaves undecided where it could not be tried."""
        if self.trial:
            asked = self.trial.report.questions
            points = open_points.points_of_questions(parsed(self.text), asked, self._names(), self._values_in)
            lines = {line for point in points for line in point.lines}  # one thing is asked once
            return (*points, *(one for one in open_points.points_of_text(self.text, are_read=True) if lines.isdisjoint(one.lines)))
        if self._now.known:
            return tuple(map(open_points.point_of_source, self._now.known))
        return tuple(open_points.points_of_text(self.text, are_read=False)) if self.faults else ()

    def answer(self, point: OpenPoint, kind: str, chosen: str | Sequence[str] = ()) -> None:
        """Answer an open point by one of its choices (`open_points.answered`).

        Raises: `BadValue` where nothing was chosen; `MappingError` where a line is not valid TOML.
        """
        if kind not in (open_points.RIGHT, open_points.NOTHING, open_points.LEAVE) and not (
            chosen.strip() if isinstance(chosen, str) else chosen
        ):
            raise BadValue(tr("Choose a value, or write a line, before you answer."))
        self._change(open_points.answered(self.text, parsed(self.text), point, kind, chosen))

    # -- in

    @property
    def is_ready(self) -> bool:
        """Whether the mapping was tried as it is and leaves nothing open."""
        if self.trial is None or self.trial.figures is None or self.trial.report.questions:
            return False
        return not open_points.points_of_text(self.text, are_read=True)

    def bring_in(self, *, allow_shrinking: bool = False, progress: Progress | None = None) -> ImportReport:
        """Import, as it was tried; a workspace that is not there yet is made, and is not left behind where the import fails.

        Raises: `BadValue` where something stands open; else as `import_receipts`.
        """
        if not self.is_ready:
            raise BadValue(tr("Not all is decided yet: answer what is open, and look at all rows, before you import."))
        is_new = not (self.workspace / "manifest.json").exists()
        try:
            self.report = import_receipts(self._mapping(), self.workspace, allow_shrinking=allow_shrinking, progress=progress)
        except BaseException:
            if is_new:
                _unmake(self.workspace)
            raise
        return self.report

    def save(self) -> Path:
        """Keep the mapping beside the workspace and return its path; another mapping that is there is not overwritten."""
        folder = self.workspace.parent
        text = self.text_for(folder)
        number = 1
        path = self._kept_at or folder / KEPT
        while path != self._kept_at and path.exists() and path.read_text("utf-8", errors="replace") != text:
            number += 1
            path = folder / KEPT.replace(".", f"-{number}.")
        try:
            write_atomically(path, text)
        except OSError as error:
            raise DataError(tr("The mapping cannot be written to {path}: {error}.", path=path, error=error.strerror)) from None
        self._kept_at = path
        return path

    def text_for(self, folder: Path | None) -> str:
        """Return the mapping with its files named from a folder; None = by their own names alone, as for a file that is sent elsewhere."""
        text = self.text
        for name, section in parsed(text).items():
            if isinstance(section, dict) and "files" in section:
                paths = self._files_of(section)
                text = with_value(text, (name,), "files", one_or_all([name_for(path, folder, self.workspace) for path in paths]))
        return with_joined_files(text, lambda one: name_for(Path(os.path.normpath(self.folder / one)), folder, self.workspace))

    # -- inside

    def _used(self, text: str) -> str:
        return with_files(text, self._contents, self.folder)

    def _change(self, text: str) -> None:
        if text != self.text:
            self._before.append(self._now)
            self._now = _State(text)

    def _mapping(self) -> Mapping:
        """Return the mapping of the text; whatever file it names must be one that was chosen."""
        chosen = {os.path.normpath(path) for path in self.files}
        for named in file_names(parsed(self.text)):
            if os.path.normpath(self.folder / named) not in chosen:
                raise MappingError(
                    tr("The mapping names the file “{name}”, which is not among the chosen ones: choose it too.", name=named)
                )
        return mapping_from_text(self.text, folder=self.folder, label=KEPT)

    def _look_into(self, path: Path) -> None:
        self._contents[path] = contents_of(path)
        self._looks[path] = look_of(path, self._contents[path])

    def _files_of(self, section: Any) -> list[Path]:
        names = section.get("files", []) if isinstance(section, dict) else []
        paths = [Path(os.path.normpath(self.folder / name)) for name in ([names] if isinstance(names, str) else names)]
        return [path for path in paths if path in self.files]

    def _contents_of(self, section: Any) -> list[Contents]:
        """What the columns of a section's files hold, those of the files that are joined to them last."""
        joins = section.get("join", []) if isinstance(section, dict) else []
        paths = [path for part in (section, *(joins if isinstance(joins, list) else [joins])) for path in self._files_of(part)]
        return [one for path in paths if (one := self._contents.get(path))]

    def _names(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(name for one in self._contents_of(parsed(self.text).get("lines")) for name in one.names))

    def _values_in(self, column: str) -> dict[str, int]:
        key = (self.files, column, str(parsed(self.text).get("lines", {}).get("files")))
        if key not in self._values:
            found = values_in(self._mapping(), "lines", column)
            self._values[key] = found if len(found) <= open_points.MOST_VALUES else {}
        return self._values[key]


def _unmake(workspace: Path) -> None:
    """Take away what an import that failed made of a folder that was no workspace."""
    if (workspace / "manifest.json").exists() and not Workspace(workspace).manifest.imports:
        for name in ("manifest.json", ".lock"):
            (workspace / name).unlink(missing_ok=True)
        for name in ("lines", "codes", "tables", "rejected", "staging"):
            shutil.rmtree(workspace / name, ignore_errors=True)
        if not any(workspace.iterdir()):
            workspace.rmdir()
