"""A language model in front, where a shop wants one: it may propose a call, which is checked as a person's is. Off by default.

The model never sees a figure and computes none: it gets the sentence, the questions with their parameters, and the last call. What it
proposes is read by the registry. A question, a parameter, a store or a column that is not there: then the reading of the toolkit itself
stands, and the fault is told.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from toolkit.audience import view_of
from toolkit.conversation.calls import Call, Clarify, Dialogue, Understood
from toolkit.conversation.reader import interpret
from toolkit.conversation.wording import understood_as
from toolkit.errors import BadValue
from toolkit.language import tr
from toolkit.registry import SCOPE_PARAMETERS, all_questions, find_question
from toolkit.workspace import Workspace


@dataclass(frozen=True)
class Context:
    """What a model is told beside the sentence: the questions (name, text, parameters), the scope, the last call, the language."""

    questions: tuple[Mapping[str, Any], ...]
    scope: Mapping[str, str]
    last_call: str
    language: str


class Interpreter(Protocol):
    """What proposes a call for a sentence: a model on this machine, a service of the shop's own."""

    def interpret(self, text: str, context: Context) -> Call | Clarify:
        """Return the call that the sentence asks for, or `Clarify` with the calls that may be meant."""
        ...


def context_of(dialogue: Dialogue) -> Context:
    """Return what a model is told."""
    questions = tuple(
        {
            "name": item.name,
            "question": item.text,
            "parameters": {name: str(parameter.annotation) for name, parameter in item.parameters.items()},
        }
        for item in all_questions()
    )
    scope = {name: means for name, (_, means) in SCOPE_PARAMETERS.items()}
    return Context(questions, scope, dialogue.last.text if dialogue.last else "", dialogue.language)


def interpret_with(workspace: Workspace, text: str, interpreter: Interpreter, dialogue: Dialogue | None = None) -> Understood:
    """Return what a sentence comes to, as the model proposes it, checked; the toolkit's own reading where its proposal does not stand."""
    before = dialogue or Dialogue()
    try:
        proposed = interpreter.interpret(text, context_of(before))
        calls = [checked(call, workspace) for call in (proposed.calls if isinstance(proposed, Clarify) else (proposed,))]
        call = calls[0]
    except Exception as error:  # noqa: BLE001 - a model may fail in any way, and then we read by ourselves
        own = interpret(workspace, text, before)
        fault = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
        return replace(own, said=own.said + tr(" The model's proposal does not stand: {fault}", fault=fault))
    if len(calls) > 1:
        return Clarify(text=text, said=tr("Which is meant?"), calls=tuple(calls[:4]), dialogue=replace(before, asked=text))
    return understood_as([call], text, before, said=tr("Understood (proposed by a model): {words}", words=call.words))


def changes_minimum(parameters: Mapping[str, Any]) -> bool:
    """Say whether parameters would change what keeps small groups from being shown: no program that asks for a person may."""
    return "minimum_members" in str(parameters.get("settings", ""))


def checked(call: Call, workspace: Workspace) -> Call:
    """Return a call whose question, parameters and scope exist.

    Raises
    ------
    UnknownName, BadValue, DataError
        One of them does not, or it would change what keeps small groups from being shown.
    """
    if changes_minimum(call.parameters):
        raise BadValue(tr("A model cannot change scope.minimum_members: it keeps small groups from being shown."))
    scope, _ = find_question(call.name).read(call.parameters)
    view_of(workspace, **scope)
    return call
