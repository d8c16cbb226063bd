"""The widgets of "Receipts in", linked to the door: files, columns, questions, first figures, import. No rules here."""

from __future__ import annotations

import base64
import os
from collections.abc import Sequence
from html import escape
from typing import Any

import ipywidgets as widgets

from toolkit.apps.pages import panels
from toolkit.apps.pages.chosen_files_view import ChosenFilesView
from toolkit.apps.pages.error_boundary import Guard
from toolkit.apps.pages.fields import PAGE_VARIABLE, button, flex, html
from toolkit.apps.pages.open_point_view import OpenPointView
from toolkit.apps.pages.receiving import Receiving
from toolkit.apps.pages.taken_columns_view import TakenColumnsView, close_all
from toolkit.importing.run import ImportReport, describe
from toolkit.language import tr


class ReceiptsView:
    """The one part of the page: five sections from the files to the import, and the mapping below them."""

    def __init__(self, receiving: Receiving) -> None:
        self.receiving = receiving
        self.said = html("tk-said")
        self.guard = Guard(lambda text: setattr(self.said, "value", panels.sentence(text)))
        self.busy = html("tk-busy")
        self.files, self.columns = ChosenFilesView(receiving, self.guard), TakenColumnsView(receiving, self.guard)
        self.points, self.open = widgets.VBox(), html("tk-lead")
        self.shown_points: list[OpenPointView] = []
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
        self.sections = dict(zip(("files", "columns", "open", "figures", "import", "mapping"), parts, strict=True))
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
        self.said.value = panels.sentence(self.receiving.not_yours, kind="wait")

    def show(self, _change: Any = None) -> None:
        """Show the door as it is."""
        door = self.receiving.door
        self.files.show()
        self.columns.show()
        self.mapping.show()
        self._show_open()
        self._show_figures()
        self._show_import()
        for key in ("columns", "open", "figures", "import", "mapping"):
            there = bool(door.files) and (door.report is None or key in ("import", "mapping"))
            there = there and not (door.faults and key in ("figures", "import"))
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
        if [one.point for one in self.shown_points] != list(points):
            old = self.points.children
            self.shown_points = [OpenPointView(point, self.receiving, self.guard) for point in points]
            self.points.children = [one.box for one in self.shown_points]
            for box in old:
                close_all(box)

    def _show_figures(self) -> None:
        trial = self.receiving.door.trial
        self.look.layout.display = "" if trial is None else "none"
        if trial is None:
            self.figures.value = ""
            return
        told = panels.lead(str(trial.figures)) if trial.figures else ""
        self.figures.value = told + panels.notes([*trial.replaced, *self._records(trial.report, are_in=False)])

    def _records(self, report: ImportReport, *, are_in: bool) -> list[str]:
        """Return the lines that tell of an import: of one that was only tried without its file of rows, and questions stand elsewhere."""
        records = report.records
        if not are_in:
            yet = {"rejected_path": None, "rows_replaced": 0}
            records = [one.model_copy(update={**yet, "notes": self._settled(report, one.notes)}) for one in records]
        return [line.strip() for record in records for line in describe(record, self.receiving.workspace)]

    @staticmethod
    def _settled(report: ImportReport, notes: Sequence[str]) -> tuple[str, ...]:
        asked = {tr("not answered: {question}", question=question) for question in report.questions}
        return tuple(note for note in notes if note not in asked)

    def _show_import(self) -> None:
        door, refused = self.receiving.door, self.receiving.refused
        self.enter.disabled = not door.is_ready
        self.enter.layout.display = "" if door.report is None else "none"
        self.force.layout.display = "" if refused else "none"
        if refused:
            self.done.value = panels.sentence(refused)
        elif door.report is not None:
            figures = door.trial.figures.told if door.trial and door.trial.figures else ""
            kept = tr("The mapping is kept in {path}: it reads the next files of this kind.", path=door.kept or "")
            told = panels.sentence(f"{tr('The receipts are in: {figures}.', figures=figures)}\n{kept}", kind="done")
            way = f'<p><a class="tk-way-on" href="portrait.ipynb">{escape(tr("See who the members are"))}</a></p>'
            self.done.value = told + panels.notes(self._records(door.report, are_in=True)) + way * bool(os.environ.get(PAGE_VARIABLE))
        elif door.trial is not None and not door.is_ready:
            self.done.value = panels.sentence(tr("Answer what is open, and then import."), kind="wait")
        else:
            self.done.value = ""

    def _force(self) -> None:
        self.receiving.bring_in(allow_shrinking=True)


class MappingView:
    """The mapping as text: seen, written, taken back, kept."""

    def __init__(self, view: ReceiptsView) -> None:
        self.receiving = view.receiving
        guard = view.guard
        self.text = widgets.Textarea(description=tr("The mapping"), rows=14, continuous_update=True)
        for css in ("tk-field", "tk-typed"):
            self.text.add_class(css)
        self.take = button(tr("Take the text as it stands"), "tk-quiet", guard(lambda _button: self._rewrite()))
        self.back = button(tr("Take the last answer back"), "tk-quiet", guard(lambda _button: self._undo()))
        save = button(tr("Keep the mapping"), "tk-quiet", guard(lambda _button: self._save()))
        self.told = html("tk-told")
        moves = widgets.Box([self.take, self.back, save], layout=flex("row wrap"))
        moves.add_class("tk-moves")
        self.box = widgets.VBox([self.text, moves, self.told])

    def show(self) -> None:
        """Show the text as it is now."""
        door = self.receiving.door
        self.text.value = door.text
        self.take.disabled = door.report is not None
        self.back.disabled = door.report is not None or not door.can_undo
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


def _section(key: str, title: str, *parts: Any) -> widgets.VBox:
    made = widgets.VBox([html("tk-ask-words", f"<h2>{escape(title)}</h2>"), *parts])
    made.add_class("tk-section")
    made.add_class(f"tk-section-{key}")
    return made
