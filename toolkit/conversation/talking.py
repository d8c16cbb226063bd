"""A conversation as it goes, each turn kept as the calls that a cell can run. No widgets, no printing: a notebook and a shell use it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from toolkit.answer import Answer
from toolkit.audience import Audience
from toolkit.conversation.calls import Call, Dialogue, Step, ToAnswer, Understood
from toolkit.conversation.follow_up import confirm
from toolkit.conversation.reader import interpret
from toolkit.conversation.reply import next_calls
from toolkit.conversation.wording import understood_as
from toolkit.errors import ToolkitError
from toolkit.registry import find_question
from toolkit.workspace import Workspace, opened


@dataclass(frozen=True)
class Turn:
    """What a person said, how it was understood, and what came of it: answers, or the sentence of a fault."""

    asked: str
    understood: Understood
    answers: tuple[Answer, ...] = ()
    fault: str = ""

    @property
    def said(self) -> str:
        """The line under what was asked: how it was understood, or why there is no answer."""
        return self.fault or self.understood.said

    @property
    def choices(self) -> tuple[Call, ...]:
        """What can be asked next: what may have been meant, or at most three questions that follow."""
        return next_calls(self.answers[0]) if self.answers else () if self.fault else self.understood.calls

    def code(self) -> str:
        """Return the calls as lines that a cell can run; '' where nothing was computed."""
        return "\n".join(answer.call for answer in self.answers)


class Talking:
    """A conversation with the receipts of a shop. Every way to go on (`say`, `take`, `without`) gives the new turn.

    Parameters
    ----------
    workspace
        The shop; it is opened anew for each turn, so that new receipts are seen.
    heard
        Called with each new turn.

    Example
    -------
    >>> talk = Talking(ws)
    >>> shown = talk.say("which store is worst").answers[0].headline
    >>> talk.code()
    'tk.portrait.stores(ws)'
    """

    def __init__(self, workspace: Workspace | str | Path, heard: Callable[[Turn], None] | None = None) -> None:
        self.path = opened(workspace).path
        self.turns: tuple[Turn, ...] = ()
        self._heard = heard

    @property
    def last(self) -> Turn | None:
        """The newest turn."""
        return self.turns[-1] if self.turns else None

    @property
    def dialogue(self) -> Dialogue:
        """What the next sentence is read with."""
        return self.last.understood.dialogue if self.last else Dialogue()

    def say(self, text: str) -> Turn:
        """Say something; a number takes the choice that stands at this place in the last turn."""
        choices = self.last.choices if self.last else ()
        if text.strip().isdigit() and 1 <= int(text) <= len(choices):
            return self.take(choices[int(text) - 1])
        ws = Workspace(self.path)
        return self._keep(text, interpret(ws, text, self.dialogue), ws)

    def take(self, call: Call) -> Turn:
        """Ask a call that was offered."""
        return self._keep(call.words, understood_as([call], call.words, self.dialogue), Workspace(self.path))

    def without(self, parameter: str) -> Turn | None:
        """Ask the last call again without one of its parts; None where it cannot be asked without it."""
        call = self.dialogue.last
        needed = call and find_question(call.name).parameters.get(parameter)
        if call is None or parameter not in call.parameters or (needed and needed.default is needed.empty):
            return None
        return self.take(call.changed(**{parameter: None}))

    def confirm(self, step: Step) -> Audience:
        """Do what a person has confirmed: name an audience. Nothing else is ever done from words."""
        return confirm(Workspace(self.path), step)

    def code(self) -> str:
        """Return the whole conversation as the calls that a cell can run, in their order."""
        return "\n".join(filter(None, (turn.code() for turn in self.turns)))

    def _keep(self, asked: str, understood: Understood, ws: Workspace) -> Turn:
        answers, fault = [], ""
        try:
            answers = [call.answer(ws) for call in understood.calls] if isinstance(understood, ToAnswer) else []
        except ToolkitError as error:
            fault = str(error)
        turn = Turn(asked, understood, tuple(answers), fault)
        self.turns = (*self.turns, turn)
        if self._heard:
            self._heard(turn)
        return turn
