"""Where a shop's own rules stand: persona rules, segment map, playbook. Read, written and put away, with who did it in the log."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from toolkit.audit import record
from toolkit.edits import FOLDER, write_document
from toolkit.errors import BadValue
from toolkit.language import tr
from toolkit.roles import refusal, require_role
from toolkit.scope.minimum import shop_settings
from toolkit.settings import read_settings
from toolkit.toml_text import with_values
from toolkit.workspace import Workspace

DONE = "changed a rule"
BEFORE = "before"
"""Folder in documents/ where a file goes that was put back."""


@dataclass(frozen=True)
class RuleDocument:
    """One kind of rules: its part of the page, the setting that may name another file, its own file, and the text as delivered."""

    part: str
    setting: str
    name: str
    delivered: Path
    within: tuple[str, ...]
    """Folders of the workspace in which a relative path of the setting is looked for."""

    def file(self, ws: Workspace) -> Path | None:
        """Return the shop's own file; None where the rules as delivered hold."""
        if named := self.named(ws):
            places = [Path(named)] if Path(named).is_absolute() else [ws.path / folder / named for folder in self.within]
            return next((place for place in places if place.is_file()), places[0])
        own = ws.path / FOLDER / self.name
        return own if own.exists() else None

    def text(self, ws: Workspace) -> str:
        """Return the text of the rules in force.

        Raises
        ------
        BadValue
            The file cannot be read, or is no TOML.
        """
        path = self.file(ws) or self.delivered
        try:
            text = path.read_bytes().decode("utf-8-sig")
            tomllib.loads(text)
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise BadValue(tr("{file} cannot be read: {error}.", file=path.name, error=error)) from None
        return text

    def stand(self, ws: Workspace) -> str:
        """Return what tells the rules in force from any others: a form that was opened on others is not kept."""
        path = self.file(ws) or self.delivered
        try:
            return stand_of(path.read_bytes())
        except OSError:
            return ""

    def keep(self, ws: Workspace, text: str, *, was: str, **about: Any) -> None:
        """Write the rules, and who changed what; `was`: the `stand` that they were changed from.

        Raises
        ------
        BadValue
            They are others by now.
        NotAllowed
            Who is at work is no marketer.
        """
        self.require(ws)
        require_unchanged(was, self.stand(ws))
        path, folder = self.file(ws), ws.path / FOLDER
        name = self.name
        if path is not None and path.resolve().is_relative_to(folder.resolve()):
            name = path.resolve().relative_to(folder.resolve()).as_posix()
        elif path is not None:  # a file elsewhere is somebody else's: the shop's own takes its place
            self._unset(ws)
        ws.document_file(name)
        write_document(folder, name, text)
        record(ws.path, DONE, rules=self.part, **about)

    def put_back(self, ws: Workspace) -> str:
        """Let the rules as delivered hold again; return where the shop's own file is moved to ("" = there was none)."""
        self.require(ws)
        self._unset(ws)
        own, moved = ws.path / FOLDER / self.name, ""
        if own.exists():
            name = f"{own.stem}-{hashlib.sha256(own.read_bytes()).hexdigest()[:8]}.toml"
            own.replace(ws.document_file(f"{BEFORE}/{name}"))
            moved = f"{FOLDER}/{BEFORE}/{name}"
        record(ws.path, DONE, rules=self.part, now="as delivered", moved=moved)
        return moved

    def require(self, ws: Workspace) -> None:
        """Refuse who is no marketer."""
        require_role(ws, "marketer", tr("changing rules"))

    def refused(self, ws: Workspace) -> str:
        """Return why who looks may not change them; "" where they may."""
        return refusal(ws, "marketer", tr("changing rules"))

    def named(self, ws: Workspace) -> str:
        """Return the file that the setting names; "" = none of the shop's own."""
        family, _, field = self.setting.partition(".")
        return str(getattr(getattr(shop_settings(ws), family), field))

    def _unset(self, ws: Workspace) -> None:
        if self.named(ws):
            family, _, field = self.setting.partition(".")
            set_values(ws, family, {field: None})


def stand_of(content: bytes) -> str:
    """Return what tells rules from any others: a form that was opened on others is not kept."""
    return hashlib.sha256(content).hexdigest()[:16]


def require_unchanged(was: str, now: str) -> None:
    """Refuse to keep what was changed from rules that are others by now."""
    if was != now:
        raise BadValue(tr("The rules were changed meanwhile. Nothing was kept: look at them as they are now, and change them again."))


def set_values(ws: Workspace, family: str, values: Mapping[str, Any]) -> None:
    """Write settings of a family into settings.toml, None takes one out.

    Raises
    ------
    BadValue
        One cannot be: nothing is written.
    """
    place = ws.document_file("settings.toml")
    text = place.read_text("utf-8") if place.exists() else ""
    changed = with_values(text, family, values)
    read_settings(tomllib.loads(changed))
    write_document(ws.path / FOLDER, "settings.toml", changed)
