"""The rows of an audience's conditions as widgets: what it is about, how, how much; completed from the shop's own words. No rules here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import ipywidgets as widgets

from toolkit.apps.pages.condition_rows import ConditionRows
from toolkit.apps.pages.error_boundary import Guard
from toolkit.apps.pages.fields import button, flex, html, show_value, text_of
from toolkit.audience.conditions import RELATIONS, SUBJECTS, Condition, relation_words, subject_of
from toolkit.language import tr, word

_COMPLETED = 500
"""Words of the shop that a field completes: a browser's list of more is of no use to anybody."""


class ConditionRowsView:
    """All rows, and the button that adds one. `changed` shows everything else that speaks of the draft."""

    def __init__(self, rows: ConditionRows, guard: Guard, changed: Callable[[], None]) -> None:
        self.rows, self.guard, self.changed = rows, guard, changed
        self.subjects = [(_subject_words(key), key) for key in rows.subjects]
        self.lines: list[_Line] = []
        self.lead = html("tk-row-lead")
        self.place = widgets.VBox()
        add = button(tr("Add a condition"), "tk-quiet", guard(lambda _button: self._do(rows.add)))
        self.box = widgets.VBox([self.lead, self.place, add])
        self.box.add_class("tk-rows")

    def show(self) -> None:
        """Show the draft's conditions."""
        rows = self.rows.all
        while len(self.lines) < len(rows):
            self.lines.append(_Line(self, len(self.lines)))
        for line, row in zip(self.lines, rows, strict=False):
            line.show(row)
        shown = [line.box for line in self.lines[: len(rows)]]
        if list(self.place.children) != shown:
            self.place.children = shown
        self.lead.value = f"<p>{tr('Members who meet all of these:') if rows else tr('All members, without a condition.')}</p>"

    def _do(self, deed: Callable[..., None], *given: Any) -> None:
        deed(*given)
        self.changed()


class _Line:
    """One row."""

    def __init__(self, view: ConditionRowsView, place: int) -> None:
        self.view, self.number, self.showing, self.row = view, place, False, Condition("")
        self.completed = ""
        number = tr("Condition {number}", number=place + 1)
        self.subject = self._field(widgets.Dropdown(options=view.subjects), tr("{condition}: about", condition=number), "subject")
        self.relation = self._field(widgets.Dropdown(), tr("{condition}: how", condition=number), "relation")
        self.value = self._field(
            widgets.Combobox(continuous_update=False), tr("{condition}: how much, or which", condition=number), "value"
        )
        self.day = self._field(widgets.DatePicker(), tr("{condition}: which day", condition=number), "value")
        self.typed = html("tk-row-typed")
        away = button("×", "tk-row-away", view.guard(lambda _button: view._do(view.rows.drop, self.number)))
        away.tooltip = tr("Take {condition} away", condition=number)
        self.box = widgets.Box([self.subject, self.relation, self.value, self.day, self.typed, away], layout=flex("row wrap"))
        self.box.add_class("tk-row")

    def _field(self, widget: Any, told: str, part: str) -> Any:
        widget.description, guarded = told, self.view.guard(lambda change: self._changed(part, text_of(change["new"])))
        for css in ("tk-field", f"tk-row-{part}"):
            widget.add_class(css)
        widget.observe(lambda change: None if self.showing else guarded(change), "value")
        return widget

    def _changed(self, part: str, value: str) -> None:
        row = self.row
        if part == "subject":
            before, now = subject_of(row.subject).kind, subject_of(value).kind
            kept = row.value if {before, now} <= {"money", "number", "weeks"} or before == now else ""
            row = replace(row, subject=value, relation=row.relation if row.relation in RELATIONS[now] else RELATIONS[now][0], value=kept)
        elif part == "value":
            row = replace(row, value="; ".join(self._stored(one) for one in value.split("; ")))
        else:
            row = replace(row, relation=value)
        self.view._do(self.view.rows.put, self.number, row)

    def _stored(self, shown: str) -> str:
        """A word of the list as the data have it: what is shown is in the reader's language."""
        return self.stored.get(shown, shown)

    def show(self, row: Condition) -> None:
        """Show a condition."""
        self.showing = True
        try:
            self.row = row
            known = bool(row.subject)
            kind = subject_of(row.subject).kind if known else ""
            for field, seen in (
                (self.subject, known), (self.relation, known and len(RELATIONS[kind]) > 1),  # type: ignore[index]
                (self.value, known and kind not in ("flag", "day")), (self.day, kind == "day"), (self.typed, not known),
            ):  # fmt: skip
                field.layout.display = "" if seen else "none"
            if not known:
                self.typed.value = f"<p>{_words_of(row)}</p>"
                return
            if row.subject not in {key for _, key in self.subject.options}:
                self.subject.options = [*self.subject.options, (_subject_words(row.subject), row.subject)]
            self.subject.value = row.subject
            self.relation.options = [(relation_words(kind, one), one) for one in RELATIONS[kind]]  # type: ignore[arg-type, index]
            self.relation.value = row.relation
            if row.subject != self.completed:
                self.completed = row.subject
                ours = row.subject in SUBJECTS and kind == "choice" and row.subject not in ("mostly", "tier", "store", "channel")
                words = self.view.rows.values_of(row.subject)[:_COMPLETED]
                self.stored = {word(one) if ours else one: one for one in words}
                self.value.options = list(self.stored)
                self.value.placeholder = "10 – 100" if row.relation == "between" else tr("type, or choose") if words else "0"
            if kind == "day":
                show_value(self.day, "day", row.value)
            else:
                back = {stored: shown for shown, stored in self.stored.items()}
                self.value.value = "; ".join(back.get(one, one) for one in row.value.split("; "))
        finally:
            self.showing = False


def _subject_words(key: str) -> str:
    subject = subject_of(key)
    return tr(subject.words) if key in SUBJECTS else subject.words


def _words_of(row: Condition) -> str:
    from html import escape

    from toolkit.audience.words import where_in_words
    from toolkit.scope.where import read_where

    return escape(where_in_words(read_where(row.text)))
