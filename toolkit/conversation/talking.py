"""A conversation as it goes, each turn kept as the calls that a cell can run. No widgets, no printing: a notebook and a shell use it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from toolkit.audience import Audience
from toolkit.conversation.calls import Call, Dialogue, Step, ToAnswer, Understood
from toolkit.conversation.follow_up import confirm
from toolkit.conversation.reader import interpret
from toolkit.conversation.reply import Reply
from toolkit.conversation.wording import understood_as
from toolkit.errors import ToolkitError
from toolkit.registry import find_question
from toolkit.workspace import Workspace, opened


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

    def __init__(self, workspace: Workspace | str | Path, heard: Callable[[Reply], None] | None = None) -> None:
        self.path = opened(workspace).path
        self.turns: tuple[Reply, ...] = ()
        self._heard = heard

    @property
    def last(self) -> Reply | None:
        """The newest turn."""
        return self.turns[-1] if self.turns else None

    @property
    def dialogue(self) -> Dialogue:
        """What the next sentence is read with."""
        return self.last.understood.dialogue if self.last else Dialogue()

    def say(self, text: str) -> Reply:
        """Say something; a number takes the choice that stands at this place in the last turn."""
        choices = self.last.choices if self.last else ()
        if text.strip().isdigit() and 1 <= int(text) <= len(choices):
            return self.take(choices[int(text) - 1])
        ws = Workspace(self.path)
        return self._keep(interpret(ws, text, self.dialogue), ws)

    def take(self, call: Call) -> Reply:
        """Ask a call that was offered."""
        return self._keep(understood_as([call], call.words, self.dialogue), Workspace(self.path))

    def without(self, parameter: str) -> Reply | None:
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

    def _keep(self, understood: Understood, ws: Workspace) -> Reply:
        answers, fault = [], ""
        try:
            answers = [call.answer(ws) for call in understood.calls] if isinstance(understood, ToAnswer) else []
        except ToolkitError as error:
            fault = str(error)
        turn = Reply(
            understood, tuple(answers), ws, fault, tuple(call for turn in self.turns if turn.answers for call in turn.understood.calls)
        )
        self.turns = (*self.turns, turn)
        if self._heard:
            self._heard(turn)
        return turn
