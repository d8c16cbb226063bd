"""A call in the reader's words, such that the words read back to the call; and what is said of a sentence that was understood."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, get_type_hints

from pydantic import TypeAdapter, ValidationError

from toolkit.columns import plain_label
from toolkit.conversation.calls import Call, Chip, Dialogue, ToAnswer, continued
from toolkit.conversation.menu import CONTROL_WORDS, SCOPE_WORDS, choice_words
from toolkit.conversation.phrases import literals
from toolkit.language import LANGUAGES, speaking, tr
from toolkit.registry import SCOPE_PARAMETERS, Question, all_questions, find_question

_MARK = "⁂"
"""Stands for what is chosen while a pattern is made: no sentence holds it."""


def in_words(call: Call) -> str:
    """Return the question, and what stands chosen: `How do our stores compare? (Shown by: Region, Store: 367)`."""
    question = find_question(call.name)
    chosen = [
        tr("{label}: {value}", label=label_of(name), value=shown_value(question, name, value)) for name, value in call.parameters.items()
    ]
    return tr("{question} ({chosen})", question=tr(question.text), chosen=tr(", ").join(chosen)) if chosen else tr(question.text)


def label_of(name: str) -> str:
    """Return what a parameter is called on a page."""
    return tr(SCOPE_WORDS.get(name) or CONTROL_WORDS.get(name) or plain_label(name))


def shown_value(question: Question, name: str, value: Any) -> str:
    """Return the value of a parameter as a person reads it."""
    if isinstance(value, (list, tuple)):
        return tr(" or ").join(str(one) for one in value)
    return choice_words(name, str(value)) if str(value) in literals(question).get(name, ()) else str(value)


def understood_as(
    calls: Sequence[Call],
    text: str,
    before: Dialogue,
    *,
    said: str = "",
    read_from: Mapping[str, str] | None = None,
    unused: tuple[str, ...] = (),
    coverage: float = 1.0,
) -> ToAnswer:
    """Return that a sentence is these calls. `said`: what is told of it, without one the calls in words; `read_from`: see `chips_of`."""
    return ToAnswer(
        text=text,
        said=said or tr("Understood: {words}", words=tr(" | ").join(call.words for call in calls)),
        calls=tuple(calls),
        chips=chips_of(calls[0], read_from or {}),
        unused=unused,
        coverage=coverage,
        dialogue=continued(before, text, *calls),
    )


def chips_of(call: Call, said: Mapping[str, str]) -> tuple[Chip, ...]:
    """Return the parts of a call, each with the words it was read from."""
    question = find_question(call.name)
    first = Chip("", tr("Question"), call.name, tr(question.text), said.get("", ""))
    rest = [Chip(name, label_of(name), str(value), shown_value(question, name, value), said.get(name, "")) for name, value in call.given]
    return (first, *rest)


def call_in_words(text: str) -> Call | None:
    """Return the call whose words a text is, in any language; None where it is none: other words are read as a sentence."""
    for code in LANGUAGES:
        with speaking(code):
            for question in all_questions():
                asked = tr(question.text)
                if text == asked:
                    return Call(question.name)
                if not text.startswith(asked):
                    continue
                pattern = re.escape(tr("{question} ({chosen})", question=asked, chosen=_MARK)).replace(_MARK, "(.+)")
                if found := re.fullmatch(pattern, text):
                    return _with_parts(question, found.group(1))
    return None


def _with_parts(question: Question, chosen: str) -> Call | None:
    names = {tr("{label}: {value}", label=label_of(name), value=""): name for name in (*SCOPE_PARAMETERS, *question.parameters)}
    labels = "|".join(re.escape(label) for label in sorted(names, key=len, reverse=True))
    pieces = re.split(rf"(?:^|{re.escape(tr(', '))})({labels})", chosen)
    if pieces[0] or len(pieces) < 3:
        return None
    return Call(question.name, tuple((names[label], _read_back(question, names[label], said)) for label, said in _pairs(pieces)))


def _pairs(pieces: list[str]) -> Iterator[tuple[str, str]]:
    yield from zip(pieces[1::2], pieces[2::2], strict=True)


def _read_back(question: Question, name: str, said: str) -> Any:
    """The value that is shown so."""
    if value := next((one for one in literals(question).get(name, ()) if choice_words(name, one) == said), ""):
        return value
    if name in SCOPE_PARAMETERS:
        return said
    if tr(" or ") in said:
        return tuple(said.split(tr(" or ")))
    hint = get_type_hints(question.function, include_extras=True)[name]
    for known in () if name.endswith("_id") else (bool, int, float):
        try:
            value = TypeAdapter(known).validate_python(said)
            TypeAdapter(hint).validate_python(value, strict=True)
        except ValidationError:
            continue
        return value
    return said
