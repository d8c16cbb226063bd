"""A conversation as widgets of a notebook: what was said, its parts that can be taken away, the answer, what to ask next."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any

import ipywidgets as widgets

from toolkit.apps.pages import panels
from toolkit.apps.pages.error_boundary import Guard
from toolkit.apps.pages.fields import button, flex, html
from toolkit.apps.pages.shown import Shown
from toolkit.conversation.calls import Call, Chip
from toolkit.conversation.lexicon import lexicon_of
from toolkit.conversation.reply import Reply
from toolkit.conversation.talking import Talking
from toolkit.language import tr
from toolkit.registry import all_questions
from toolkit.workspace import Workspace

_COMPLETED = 400
"""Names that the field completes, the questions first: a browser's list of more is of no use to anybody."""
STYLE = (Path(__file__).parent / "notebook.css").read_text("utf-8")


class Talk(widgets.VBox):
    """A field to ask in, and the turns above it. `talking` is the conversation itself."""

    def __init__(self, workspace: Workspace | str | Path) -> None:
        self.talking = Talking(workspace, heard=self._show)
        self.told = html("tk-said")
        self.guard = Guard(lambda text: setattr(self.told, "value", panels.sentence(text) if text else ""))
        self.history = widgets.VBox()
        self.field = widgets.Combobox(
            placeholder=tr("Ask: who is slipping away? how many new members last month? 客单价?"),
            options=list(_completions(Workspace(self.talking.path))),
            ensure_option=False,
            continuous_update=False,
            layout=widgets.Layout(width="100%"),
        )
        self.field.observe(self.guard(self._said), "value")
        super().__init__([html("tk-style", f"<style>{STYLE}</style>"), self.history, self.told, self.field])
        self.add_class("tk-talk")

    def say(self, text: str) -> Reply:
        """Say something, as if it had been typed."""
        return self.talking.say(text)

    def code(self) -> str:
        """Return the conversation as the calls that a cell can run."""
        return self.talking.code()

    def _said(self, change: Any) -> None:
        text = str(change["new"]).strip()
        if text:
            self.field.value = ""
            self.talking.say(text)

    def _show(self, turn: Reply) -> None:
        for box in self.history.children[-1:]:
            box.remove_class("tk-newest")  # only the newest turn can be gone on from
        self.history.children = (*self.history.children, self._turn(turn))

    def _turn(self, turn: Reply) -> widgets.VBox:
        asked = html("tk-asked", f"<p>{escape(turn.asked)}</p>")
        parts: list[Any] = [asked]
        if turn.answers:
            parts.append(widgets.Box([self._chip(chip) for chip in turn.understood.chips], layout=flex("row wrap")))
            parts[-1].add_class("tk-chips")
        if not turn.answers or turn.understood.unused or len(turn.answers) > 1:
            parts.append(html("tk-said", panels.sentence(turn.said)))
        shown = []
        for answer in turn.answers:
            one = Shown()
            one.show(answer)
            shown.append(widgets.VBox([one.head, one.chart, one.details, html("tk-call", f"<code>{escape(answer.call)}</code>")]))
        if shown:
            parts.append(widgets.Box(shown, layout=flex("row wrap")))
        if (step := turn.understood.step) and step.kind == "save_audience":
            parts.append(button(tr("Save “{name}”", name=step.name), "tk-act", self.guard(lambda _button: self._confirm(turn))))
        choices = widgets.Box([self._choice(call) for call in turn.choices], layout=flex("row wrap"))
        choices.add_class("tk-nexts")
        box = widgets.VBox([*parts, choices])
        for css in ("tk-turn", "tk-newest"):
            box.add_class(css)
        return box

    def _chip(self, chip: Chip) -> widgets.DOMWidget:
        words = f"{chip.label}: {chip.shown}" if chip.parameter else chip.shown
        if not chip.parameter:
            return html("tk-chip-fixed", f"<span>{escape(words)}</span>")
        made = button(f"{words}  ×", "tk-chip", self.guard(lambda _button: self._without(chip)))
        made.tooltip = tr("Take it away and ask again")
        return made

    def _choice(self, call: Call) -> widgets.Button:
        made = button(call.words, "tk-next-button", self.guard(lambda _button: self.talking.take(call)))
        made.tooltip = call.text
        return made

    def _without(self, chip: Chip) -> None:
        if self.talking.without(chip.parameter) is None:
            self.told.value = panels.sentence(tr("This question cannot be asked without “{part}”.", part=chip.label))

    def _confirm(self, turn: Reply) -> None:
        if step := turn.understood.step:
            saved = self.talking.confirm(step)
            self.told.value = panels.sentence(tr("The audience “{name}” is saved.", name=saved.name))


def _completions(ws: Workspace) -> Iterator[str]:
    """The questions in words, then the names of the shop's stores, segments and categories."""
    yield from (tr(item.text) for item in all_questions())
    yield from (one.label for one in lexicon_of(ws).of_kinds("store", "segment", "category", "audience")[:_COMPLETED])
