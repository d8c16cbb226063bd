"""The widgets of the files on their way in: dropped, chosen, or taken from the inbox, and what they look like."""

from __future__ import annotations

import json
import os
from html import escape
from pathlib import Path
from typing import Any

import ipywidgets as widgets

from toolkit.apps.pages import panels
from toolkit.apps.pages.error_boundary import Guard
from toolkit.apps.pages.fields import PAGE_VARIABLE, button, flex, html
from toolkit.apps.pages.receiving import Receiving
from toolkit.errors import BadValue
from toolkit.importing.arrivals import INBOX
from toolkit.language import tr


class ChosenFilesView:
    """Where files are dropped, chosen, or taken from the inbox, and what they look like."""

    def __init__(self, receiving: Receiving, guard: Guard) -> None:
        self.receiving = receiving
        self.place = html("tk-drop-place")
        self.field = widgets.Text(continuous_update=False)
        self.field.add_class("tk-arrived")
        self.field.observe(guard(self._arrived), "value")
        self.inbox = widgets.Combobox(description=tr("A file in the folder {folder} of the workspace", folder=INBOX), ensure_option=False)
        self.inbox.add_class("tk-field")
        self.inbox.add_class("tk-audience")
        add = button(tr("Take this file"), "tk-quiet", guard(lambda _button: self._take()))
        again = button(tr("Look into the folder again"), "tk-quiet", guard(lambda _button: self.show()))
        self.list = html("tk-looks")
        self.kept = button(tr("Read them as the mapping from before says"), "tk-quiet", guard(lambda _button: self._use_kept()))
        self.anew = button(tr("Begin anew"), "tk-quiet", guard(lambda _button: self.receiving.restart()))
        self.from_inbox = widgets.Box([self.inbox, add, again], layout=flex("row wrap"))
        self.from_inbox.add_class("tk-scope-fields")
        moves = widgets.Box([self.kept, self.anew], layout=flex("row wrap"))
        moves.add_class("tk-moves")
        self.box = widgets.VBox([self.place, self.field, self.from_inbox, self.list, moves])

    def show(self) -> None:
        """Show what was chosen, and what lies in the inbox."""
        door = self.receiving.door
        is_page = os.environ.get(PAGE_VARIABLE) and door.report is None
        self.place.value = _drop_zone(self.receiving.open_slot(), self.receiving.workspace / INBOX) if is_page else ""
        self.from_inbox.layout.display = "" if door.report is None else "none"
        self.inbox.options = self.receiving.inbox()
        self.list.value = panels.notes([str(look) for look in door.looks])
        self.kept.layout.display = "" if door.files and door.kept and door.report is None else "none"
        self.anew.layout.display = "" if door.files else "none"
        self.anew.description = tr("Begin anew") if door.report is None else tr("Bring in more files")

    def _arrived(self, change: Any) -> None:
        try:
            names = json.loads(str(change["new"]).partition("|")[2])
        except ValueError:
            return
        self.receiving.arrived([str(name) for name in names] if isinstance(names, list) else [])

    def _take(self) -> None:
        if not self.inbox.value.strip():
            raise BadValue(tr("Type or choose the name of a file first."))
        self.receiving.from_inbox(self.inbox.value.strip())

    def _use_kept(self) -> None:
        self.receiving.changed(self.receiving.door.use_kept)


def _drop_zone(slot: str, inbox: Path) -> str:
    asks = tr("Drop the files of the receipts here, or choose them:")
    large = tr(
        "Files of up to 4 GB: they stay on this machine, and are removed after the import. Larger ones, and exports that come every night, "
        "belong into the folder {folder}.",
        folder=inbox,
    )
    return (
        f'<div class="tk-drop" data-slot="{escape(slot)}"><label>{escape(asks)} <input type="file" class="tk-files" multiple></label>'
        f'<p>{escape(large)}</p><p class="tk-drop-told" role="status"></p></div>'
    )
