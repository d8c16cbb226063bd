"""The widgets of "Receipts in", linked to the door: files, columns, questions, first figures, import. No rules here."""

from __future__ import annotations

import base64
import json
import os
from html import escape
from typing import Any

import ipywidgets as widgets

from toolkit.apps.pages import panels
from toolkit.apps.pages.error_boundary import Guard
from toolkit.apps.pages.fields import button, flex, html
from toolkit.apps.pages.open_point_view import OpenPointView
from toolkit.apps.pages.receiving import Receiving
from toolkit.apps.pages.shown import PAGE_VARIABLE
from toolkit.errors import BadValue
from toolkit.importing.arrivals import INBOX
from toolkit.importing.run import describe
from toolkit.importing.taken import Taken
from toolkit.language import tr
from toolkit.sources.mapping_text import toml_value


class ReceiptsView:
    """The one part of the page: five sections from the files to the import, and the mapping below them."""

    def __init__(self, receiving: Receiving) -> None:
        self.receiving, self.showing = receiving, False
        self.said = html("tk-said")
        self.guard = Guard(lambda text: setattr(self.said, "value", panels.sentence(text)))
        self.busy = html("tk-busy")
        self.files, self.columns = FilesView(self), ColumnsView(self)
        self.points, self.open = widgets.VBox(), html("tk-lead")
        self.figures = html("tk-figures-place")
        self.look = button(tr("Look at all rows"), "tk-act", self.guard(lambda _button: receiving.look()))
        self.enter = button(tr("Import"), "tk-act", self.guard(lambda _button: receiving.bring_in()))
        self.force = button(tr("Replace those days all the same"), "tk-quiet", self.guard(lambda _button: self._force()))
        self.done = html("tk-result")
        self.mapping = MappingView(self)
        parts = [
            _section("files", tr("1. Files"), self.files.box),
            _section("columns", tr("2. What each column is"), self.columns.box),
            _section("open", tr("3. What is open"), self.open, self.points),
            _section("figures", tr("4. First figures, before anything is imported"), self.figures, self.look),
            _section("import", tr("5. Import"), self.enter, self.force, self.done),
            _section("mapping", tr("The mapping: every answer as a line"), self.mapping.box),
        ]
        self.sections = {key: part for key, part in zip(("files", "columns", "open", "figures", "import", "mapping"), parts, strict=True)}
        main = widgets.VBox([self.busy, self.said, *parts], layout=flex("column"))
        for css in ("tk-main", "tk-receipts"):
            main.add_class(css)
        self.box = widgets.VBox([main])
        self.box.add_class("tk-asking")
        receiving.observe(self.guard(self.show), "version")
        receiving.observe(self._show_step, "step")
        self.show()

    def opened(self) -> None:
        """Called when the page comes before a person: files may have been put into the inbox."""
        self.files.show()

    def show(self, _change: Any = None) -> None:
        """Show the door as it is."""
        door = self.receiving.door
        self.showing = True
        try:
            self.files.show()
            self.columns.show()
            self.mapping.show()
            self._show_open()
            self._show_figures()
            self._show_import()
        finally:
            self.showing = False
        for key in ("columns", "open", "figures", "import", "mapping"):
            there = bool(door.files) and (key not in ("figures", "import") or not door.faults) and (key not in ("columns", "open") or not door.report)
            self.sections[key].layout.display = "" if there else "none"

    def _show_step(self, change: Any) -> None:
        self.busy.value = panels.sentence(change["new"], kind="wait")

    def _show_open(self) -> None:
        door = self.receiving.door
        points = door.points
        if door.faults:
            self.open.value = panels.sentence(door.faults)
        elif door.trial is None:
            told = tr("The files are large: they are looked through once you say so, under 4.")
            self.open.value = panels.sentence(told, kind="wait")
        elif not points:
            self.open.value = panels.sentence(tr("Nothing stands open."), kind="done")
        else:
            self.open.value = ""
        shown = [one.point for one in getattr(self.points, "views", [])]
        if shown != list(points):
            old = self.points.children
            self.points.views = [OpenPointView(point, self.receiving, self.guard) for point in points]
            self.points.children = [one.box for one in self.points.views]
            for box in old:
                close_all(box)

    def _show_figures(self) -> None:
        trial = self.receiving.door.trial
        self.look.layout.display = "" if trial is None else "none"
        if trial is None:
            self.figures.value = ""
            return
        lines = [line for record in trial.report.records for line in describe(record, self.receiving.workspace)]
        lines = [
            line.strip() for line in lines if not line.startswith(("  see ", "  note: " + tr("not answered: {question}").split("{")[0]))
        ]
        told = panels.lead(str(trial.figures)) if trial.figures else ""
        self.figures.value = told + panels.notes(lines)

    def _show_import(self) -> None:
        door, refused = self.receiving.door, self.receiving.refused
        self.enter.disabled = not door.is_ready or door.report is not None
        self.force.layout.display = "" if refused else "none"
        if refused:
            self.done.value = panels.sentence(refused)
        elif door.report is not None:
            told = [line for record in door.report.records for line in describe(record, self.receiving.workspace)][:1]
            kept = tr("The mapping is kept in {path}: it reads the next files of this kind.", path=door.kept or "")
            way = f'<p><a href="portrait.ipynb">{escape(tr("See who the members are"))}</a></p>' if os.environ.get(PAGE_VARIABLE) else ""
            self.done.value = panels.sentence("\n".join([tr("The receipts are in."), *told, kept]), kind="done") + way
        elif door.trial is not None and not door.is_ready:
            self.done.value = panels.sentence(tr("Answer what is open, and then import."), kind="wait")
        else:
            self.done.value = ""

    def _force(self) -> None:
        self.receiving.bring_in(allow_shrinking=True)


class FilesView:
    """Where files are dropped, chosen, or taken from the inbox, and what they look like."""

    def __init__(self, view: ReceiptsView) -> None:
        self.receiving = view.receiving
        guard = view.guard
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
        inbox = widgets.Box([self.inbox, add, again], layout=flex("row wrap"))
        inbox.add_class("tk-scope-fields")
        moves = widgets.Box([self.kept, self.anew], layout=flex("row wrap"))
        moves.add_class("tk-moves")
        self.box = widgets.VBox([self.place, self.field, inbox, self.list, moves])

    def show(self) -> None:
        """Show what was chosen, and what lies in the inbox."""
        door = self.receiving.door
        self.place.value = _drop_zone(self.receiving.open_slot()) if os.environ.get(PAGE_VARIABLE) else ""
        self.inbox.options = self.receiving.inbox()
        self.list.value = panels.notes([str(look) for look in door.looks])
        self.kept.layout.display = "" if door.files and door.kept and door.report is None else "none"
        self.anew.layout.display = "" if door.files else "none"

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


class ColumnsView:
    """What each column of the contract is taken from: a list to choose from, and three of its values."""

    def __init__(self, view: ReceiptsView) -> None:
        self.view, self.receiving = view, view.receiving
        self.currency = widgets.Text(description=tr("Currency of the amounts"), continuous_update=False)
        self.currency.add_class("tk-field")
        written = view.guard(lambda change: self.receiving.changed(lambda: self._write_currency(change["new"])))
        self.currency.observe(lambda change: None if view.showing else written(change), "value")
        self.tables = widgets.VBox()
        self.rows: dict[tuple[str, str], tuple[widgets.Dropdown, widgets.HTML]] = {}
        self.box = widgets.VBox([self.currency, self.tables])

    def show(self) -> None:
        """Show the columns; rows that are there stay, so that the keyboard stays where it is."""
        door = self.receiving.door
        self.currency.value = door.currency if door.files else ""
        takens = [taken for table in (door.tables if door.files else ()) for taken in door.columns(table)]
        if list(self.rows) != [(taken.table, taken.column) for taken in takens]:
            self._build(takens)
        for taken in takens:
            field, told = self.rows[taken.table, taken.column]
            options = _options(taken)
            if tuple(field.options) != tuple(options):
                field.options = options
            field.value = taken.raw[0] if len(taken.raw) == 1 and taken.source == taken.raw[0] else "\0" if taken.source else ""
            told.value = _taken_html(taken)

    def _build(self, takens: list[Taken]) -> None:
        old, self.rows = self.tables.children, {}
        tables: dict[str, list[Any]] = {}
        for taken in takens:
            field = widgets.Dropdown(description=taken.label + (" *" if taken.is_required else ""), options=_options(taken))
            field.add_class("tk-field")
            chosen = self.view.guard(lambda change, one=taken: self._choose(one, change["new"]))
            field.observe(lambda change, chosen=chosen: None if self.view.showing else chosen(change), "value")
            told = html("tk-taken")
            row = widgets.Box([field, told], layout=flex("row wrap"))
            row.add_class("tk-column")
            self.rows[taken.table, taken.column] = field, told
            tables.setdefault(taken.table, [html("tk-family", f"<h3>[{escape(taken.table)}]</h3>")]).append(row)
        self.tables.children = [widgets.VBox(rows) for rows in tables.values()]
        for box in old:
            close_all(box)

    def _choose(self, taken: Taken, raw: str) -> None:
        if raw != "\0":
            self.receiving.changed(lambda: self.receiving.door.take(taken.column, raw, taken.table))

    def _write_currency(self, code: str) -> None:
        self.receiving.door.write(f"currency = {toml_value(code.strip().upper())}")


class MappingView:
    """The mapping as text: seen, written, taken back, kept."""

    def __init__(self, view: ReceiptsView) -> None:
        self.receiving = view.receiving
        guard = view.guard
        self.text = widgets.Textarea(description=tr("The mapping"), rows=14, continuous_update=True)
        for css in ("tk-field", "tk-typed"):
            self.text.add_class(css)
        take = button(tr("Take the text as it stands"), "tk-quiet", guard(lambda _button: self._rewrite()))
        self.back = button(tr("Take the last answer back"), "tk-quiet", guard(lambda _button: self._undo()))
        save = button(tr("Keep the mapping"), "tk-quiet", guard(lambda _button: self._save()))
        self.told = html("tk-told")
        moves = widgets.Box([take, self.back, save], layout=flex("row wrap"))
        moves.add_class("tk-moves")
        self.box = widgets.VBox([self.text, moves, self.told])

    def show(self) -> None:
        """Show the text as it is now."""
        door = self.receiving.door
        self.text.value = door.text
        self.back.disabled = not door.can_undo
        self.told.value = ""

    def _rewrite(self) -> None:
        self.receiving.changed(lambda: self.receiving.door.rewrite(self.text.value))

    def _undo(self) -> None:
        self.receiving.changed(self.receiving.door.undo)

    def _save(self) -> None:
        path = self.receiving.door.save()
        content = base64.b64encode(self.receiving.door.text_for(None).encode("utf-8")).decode("ascii")
        told = panels.sentence(tr("The mapping is kept in {path}.", path=path), kind="done")
        self.told.value = told + panels.file_link(path.name, content, tr("Save {name}", name=path.name))


def close_all(box: Any) -> None:
    """End widgets with all that is in them: the browser keeps none of them."""
    for child in getattr(box, "children", ()):
        close_all(child)
    box.close()


def _section(key: str, title: str, *parts: Any) -> widgets.VBox:
    made = widgets.VBox([html("tk-ask-words", f"<h2>{escape(title)}</h2>"), *parts])
    made.add_class("tk-section")
    made.add_class(f"tk-section-{key}")
    return made


def _options(taken: Taken) -> list[tuple[str, str]]:
    """Return what a column can be taken from: nothing, what the mapping says where that is no plain column, and the columns of the file."""
    options = [(tr("(none)"), ""), *((name, name) for name in taken.others if name)]
    is_plain = len(taken.raw) == 1 and taken.source == taken.raw[0] and taken.raw[0] in taken.others
    return options if is_plain or not taken.source else [(taken.source, "\0" if taken.raw != (taken.source,) else taken.source), *options]


def _taken_html(taken: Taken) -> str:
    values = tr(", ").join(f"“{text}”" for text in taken.samples)
    shown = f'<span class="tk-values">{escape(values)}</span>' if values else ""
    return f"<p>{escape(taken.means)}</p>{shown}"


def _drop_zone(slot: str) -> str:
    asks = tr("Drop the files of the receipts here, or choose them:")
    large = tr(
        "Files of up to 4 GB: they stay on this machine, and are removed after the import. Larger ones, and exports that come every night, "
        "belong into the folder {folder} of the workspace.",
        folder=INBOX,
    )
    return (
        f'<div class="tk-drop" data-slot="{escape(slot)}"><label>{escape(asks)} <input type="file" class="tk-files" multiple></label>'
        f'<p>{escape(large)}</p><p class="tk-drop-told" role="status"></p></div>'
    )
