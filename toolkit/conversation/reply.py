"""`tk.ask`: a sentence and what came of it, shown in JupyterLab and in a shell, and continued.

An object of its own rather than a bare `Answer`: a sentence has four outcomes, and only one of them is one answer. A function that gave an
`Answer` or raised would hide what was understood from who reads on, and would have no place for two answers side by side.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import polars as pl
from markupsafe import escape

from toolkit.answer import Answer
from toolkit.conversation.calls import Call, Dialogue, ToAnswer, Understood
from toolkit.conversation.next_questions import next_calls
from toolkit.conversation.reader import interpret
from toolkit.errors import UnknownName
from toolkit.registry import call_parts
from toolkit.workspace import Workspace, opened


@dataclass(frozen=True)
class Reply:
    """What was understood of a sentence, and the answers: one, two side by side, or none. A conversation is a row of them.

    Attributes
    ----------
    understood
        The reading: `ToAnswer`, `Clarify`, `Nearest` or `Refuse`.
    answers
        One for each call of a `ToAnswer`; else empty.
    fault
        In a conversation, which goes on, the sentence of a question that could not be answered; else ''.
    asked_before
        The calls of the conversation so far: none of them is proposed first.
    """

    understood: Understood
    answers: tuple[Answer, ...] = ()
    workspace: Workspace | None = field(default=None, repr=False)
    fault: str = ""
    asked_before: tuple[Call, ...] = field(default=(), repr=False)

    @property
    def answer(self) -> Answer:
        """The answer.

        Raises
        ------
        UnknownName
            There is none: it was asked back, or the sentence was not understood or refused.
        """
        if not self.answers:
            raise UnknownName(self.text)
        return self.answers[0]

    @property
    def headline(self) -> str:
        """The sentence that carries the numbers; without an answer what is said instead."""
        return self.answers[0].headline if self.answers else self.said

    @property
    def asked(self) -> str:
        """The sentence."""
        return self.understood.text

    @property
    def said(self) -> str:
        """The line under what was asked: how it was understood, or why there is no answer."""
        return self.fault or self.understood.said

    def code(self) -> str:
        """Return the calls as lines that a cell can run; '' where nothing was computed."""
        return "\n".join(answer.call for answer in self.answers)

    @property
    def table(self) -> pl.DataFrame:
        """The figures of the answer."""
        return self.answer.table

    @property
    def call(self) -> str:
        """The call that was made."""
        return self.answer.call

    @property
    def choices(self) -> tuple[Call, ...]:
        """What can be asked next: the calls to choose from, or at most three questions that follow."""
        if not self.answers:
            return () if self.fault else self.understood.calls
        proposed = [Call.of(*call_parts(call)) for call in self.answers[0].ask_next]
        return next_calls(proposed, self.workspace, (*self.asked_before, *self.understood.calls))

    @property
    def text(self) -> str:
        """What was understood and what can be chosen, as lines of text."""
        lines = [self.understood.said]
        if not self.answers:
            lines += [f"  {number}. {call.words}\n     {call.text}" for number, call in enumerate(self.understood.calls, 1)]
        return "\n".join(lines)

    def ask(self, text: str, **given: Any) -> Reply:
        """Go on: a short sentence changes one part of what was asked, "and store 406?". `tk.talk` takes a choice by its number too."""
        if self.workspace is None:
            raise UnknownName(text)
        said = ask(self.workspace, text, dialogue=self.understood.dialogue, **given)
        return replace(said, asked_before=(*self.asked_before, *(self.understood.calls if self.answers else ())))

    def __repr__(self) -> str:
        return "\n\n".join([self.text, *(repr(answer) for answer in self.answers)])

    def _ipython_display_(self) -> None:
        from IPython.display import display

        rows = (
            "" if self.answers else "".join(f"<li>{escape(c.words)}<br><code>{escape(c.text)}</code></li>" for c in self.understood.calls)
        )
        html = f'<p class="tk-understood tex2jax_ignore mathjax_ignore">{escape(self.understood.said)}</p>' + (
            f"<ol>{rows}</ol>" if rows else ""
        )
        display({"text/html": html, "text/plain": self.text}, raw=True)
        for answer in self.answers:
            answer._ipython_display_()


def ask(workspace: Workspace | str | Path, text: str, *, dialogue: Dialogue | None = None, **given: Any) -> Reply:
    """Ask in plain words, English or Chinese: the question is answered, with what was understood; or it is asked back, or refused.

    Parameters
    ----------
    workspace
        The shop.
    text
        The question; "last month" is counted from the last day of the receipts, or from `as_of`.
    dialogue
        What was asked before; `reply.ask("and 406?")` goes on by itself.
    given
        Parameters that are laid over what was understood: `settings`, `as_of`, any of the question's own.

    Example
    -------
    >>> tk.ask(ws, "which store is worst")                             # doctest: +SKIP
    >>> tk.ask(ws, "买了牛奶没买麦片的会员").ask("only champions")            # doctest: +SKIP
    """
    ws = opened(workspace)
    understood = interpret(ws, text, dialogue, as_of=given.get("as_of"))
    calls = understood.calls if isinstance(understood, ToAnswer) else ()
    return Reply(understood, tuple(call.answer(ws, **given) for call in calls), ws)
