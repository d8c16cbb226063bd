"""The field to ask in, on top of a page: what was understood as chips that change the page's controls, and what else may be meant."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import Any

import ipywidgets as widgets

from toolkit.apps.pages import panels
from toolkit.apps.pages.error_boundary import Guard
from toolkit.apps.pages.fields import button, flex, html
from toolkit.apps.pages.state import State
from toolkit.conversation import Call
from toolkit.conversation.wording import chips_of
from toolkit.language import tr


class WordsBar:
    """A field, the parts of what was understood, and the calls to choose from.

    The chips are the page's own choice, so that a control changes its chip and a chip taken away empties its control. `entered` is called
    when something was asked: the page shows the part that answers.
    """

    def __init__(self, state: State, entered: Callable[[], None] = lambda: None) -> None:
        self.state, self.entered = state, entered
        self.said = html("tk-said")
        self.guard = Guard(lambda text: setattr(self.said, "value", panels.sentence(text) if text else ""))
        self.field = widgets.Text(description=tr("Ask in your own words"), placeholder=tr("Who is slipping away?"), continuous_update=False)
        self.field.add_class("tk-field")
        self.field.observe(self.guard(self._asked), "value")
        self.chips = self._row("tk-chips")
        self.choices = self._row("tk-nexts")
        self.box = widgets.VBox([self.field, self.chips, self.choices, self.said])
        self.box.add_class("tk-words-bar")
        state.observe(self.guard(self._show), ["understood", "choice", "meant"])
        self._show()

    @staticmethod
    def _row(css: str) -> widgets.Box:
        made = widgets.Box(layout=flex("row wrap"))
        made.add_class(css)
        return made

    def _asked(self, change: Any) -> None:
        text = str(change["new"]).strip()
        if text:
            self.state.ask_in_words(text)
            self.entered()

    def _show(self, _change: Any = None) -> None:
        """Show the parts of the choice that words have made, and the calls that they may also have meant."""
        call = self.state.understood_call
        self.chips.children = [self._chip(*part) for part in self._parts(call)] if call else []
        self.choices.children = [self._choice(offered) for offered in self.state.meant]
        asked = self.state.understood
        self.said.value = panels.sentence(asked.said) if call and asked and asked.unused else ""
        for row in (self.chips, self.choices):
            row.layout.display = "flex" if row.children else "none"

    @staticmethod
    def _parts(call: Call) -> list[tuple[str, str]]:
        return [(chip.parameter, f"{chip.label}: {chip.shown}" if chip.parameter else chip.shown) for chip in chips_of(call, {})]

    def _chip(self, parameter: str, words: str) -> widgets.DOMWidget:
        if not parameter:
            return html("tk-chip-fixed", f"<span>{escape(words)}</span>")
        made = button(f"{words}  ×", "tk-chip", self.guard(lambda _button: self.state.without(parameter)))
        made.tooltip = tr("Take it away and ask again")
        return made

    def _choice(self, call: Call) -> widgets.Button:
        return button(call.words, "tk-next-button", self.guard(lambda _button: (self.state.take((call,)), self.entered())[0]))
