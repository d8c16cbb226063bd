"""A question in a notebook, its scope and parameters as controls: the asking part of the apps by itself."""

from __future__ import annotations

from pathlib import Path

import ipywidgets as widgets

from toolkit.answer import Answer
from toolkit.apps.pages.choice import Choice
from toolkit.apps.pages.fields import html
from toolkit.apps.pages.state import State
from toolkit.apps.pages.talk_view import STYLE
from toolkit.apps.pages.view import AskView
from toolkit.apps.pages.words_view import WordsBar
from toolkit.registry import STEPS, find_question
from toolkit.workspace import Workspace, opened


class Explore(widgets.VBox):
    """Scope on top, the questions at the side, the answer in the middle. `state` is that of the apps."""

    def __init__(self, workspace: Workspace | str | Path, question: str) -> None:
        path = opened(workspace).path
        self.state = State(path, Choice(question=find_question(question).name))
        super().__init__([html("tk-style", f"<style>{STYLE}</style>"), WordsBar(self.state).box, AskView(self.state, STEPS).box])
        self.add_class("tk-explore")

    @property
    def answer(self) -> Answer | str | None:
        """The answer that is shown; the sentence that stands there instead; None before it is worked out."""
        return self.state.result

    def code(self) -> str:
        """Return the call of what is shown; '' where there is no answer."""
        return self.answer.call if isinstance(self.answer, Answer) else ""
