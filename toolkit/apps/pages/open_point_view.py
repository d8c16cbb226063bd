"""One open point as widgets: its sentence, the ways to answer, and what the chosen way needs."""

from __future__ import annotations

from typing import Any

import ipywidgets as widgets

from toolkit.apps.pages import panels
from toolkit.apps.pages.error_boundary import Guard
from toolkit.apps.pages.fields import button, flex, html
from toolkit.apps.pages.receiving import Receiving
from toolkit.importing.open_points import COLUMN, DROP, LINE, Choice, OpenPoint
from toolkit.language import tr


class OpenPointView:
    """The sentence of an open point with its choices; nothing is chosen until a person does."""

    def __init__(self, point: OpenPoint, receiving: Receiving, guard: Guard) -> None:
        self.point, self.receiving = point, receiving
        said = html("tk-doubt", panels.sentence(point.sentence, kind="wait"))
        options = [(choice.words, number) for number, choice in enumerate(point.choices)]
        self.choice = widgets.RadioButtons(options=options, value=None, description=tr("Your answer"))
        self.choice.add_class("tk-choices")
        self.choice.observe(guard(lambda _change: self._show_details()), "value")
        self.details = widgets.VBox()
        self.answer = button(tr("Answer"), "tk-act", guard(lambda _button: self._answer()))
        self.answer.disabled = True
        self.toggles: list[tuple[str, widgets.Button]] = []
        self.column = widgets.Dropdown(description=tr("Which column is it?"))
        self.line = widgets.Text(description=tr("Line of the mapping"), placeholder='amount = "Total"')
        for field in (self.column, self.line):
            field.add_class("tk-field")
            field.add_class("tk-audience")
        self.box = widgets.VBox([said, self.choice, self.details, self.answer])
        self.box.add_class("tk-point")

    @property
    def chosen(self) -> Choice | None:
        """The way that was chosen."""
        return None if self.choice.value is None else self.point.choices[self.choice.value]

    def _show_details(self) -> None:
        choice = self.chosen
        self.answer.disabled = choice is None
        self.toggles = []
        if choice is None:
            self.details.children = []
        elif choice.kind == DROP:
            for value, rows in choice.values:
                words = tr("{value}: {rows:,} rows", value=value or tr("(empty)"), rows=rows)
                self.toggles.append((value, button(words, "tk-toggle", self._toggle)))
            row = widgets.Box([one for _, one in self.toggles], layout=flex("row wrap"))
            row.add_class("tk-toggles")
            self.details.children = [html("tk-ask-words", f"<p>{tr('Which rows do not count?')}</p>"), row]
        elif choice.kind == COLUMN:
            self.column.options = [(name, name) for name in choice.columns]
            self.details.children = [self.column]
        elif choice.kind == LINE and not choice.line:
            self.details.children = [self.line]
        else:
            self.details.children = []

    def _toggle(self, pressed: Any) -> None:
        (pressed.remove_class if "tk-chosen" in pressed._dom_classes else pressed.add_class)("tk-chosen")

    def _answer(self) -> None:
        choice = self.chosen
        if choice is None:
            return
        given: str | list[str] = choice.line
        if choice.kind == DROP:
            given = [value for value, one in self.toggles if "tk-chosen" in one._dom_classes]
        elif choice.kind == COLUMN:
            given = self.column.value or ""
        elif choice.kind == LINE and not choice.line:
            given = self.line.value
        self.receiving.answer(self.point, choice.kind, given)
