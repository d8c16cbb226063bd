"""A call in the reader's words, such that the words read back to the call; and what is said of a sentence that was understood."""

from __future__ import annotations

from typing import Any

from toolkit.columns import plain_label
from toolkit.conversation.calls import Call, Chip
from toolkit.language import later, tr
from toolkit.registry import find_question

_LABELS = {
    "store_id": later("store"),
    "region": later("region"),
    "audience": later("members"),
    "period": later("period"),
    "as_of": later("as of"),
}


def in_words(call: Call) -> str:
    """Return the question, and what stands chosen: `How do our stores compare? (by region, period 2017-11-01..2017-11-30)`."""
    question = tr(find_question(call.name).text)
    chosen = [part_in_words(name, value) for name, value in call.parameters.items()]
    return tr("{question} ({chosen})", question=question, chosen=tr(", ").join(chosen)) if chosen else question


def part_in_words(name: str, value: Any) -> str:
    """Return one parameter in words."""
    return tr("{label} {value}", label=label_of(name), value=shown_value(value))


def label_of(name: str) -> str:
    """Return what a parameter is called."""
    return tr(_LABELS[name]) if name in _LABELS else plain_label(name).lower()


def shown_value(value: Any) -> str:
    """Return the value of a parameter as a person reads it."""
    if isinstance(value, (list, tuple)):
        return tr(", ").join(str(one) for one in value)
    return str(value)


def chips_of(call: Call, said: dict[str, str]) -> tuple[Chip, ...]:
    """Return the parts of a call, each with the words it was read from."""
    question = tr(find_question(call.name).text)
    first = Chip("", tr("question"), call.name, question, said.get("", ""))
    rest = [Chip(name, label_of(name), str(value), shown_value(value), said.get(name, "")) for name, value in call.parameters.items()]
    return (first, *rest)
