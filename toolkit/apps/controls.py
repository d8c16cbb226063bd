"""The own parameters of a question as controls: what kind, which choices, in which words. Read from its annotations; no widgets."""

from __future__ import annotations

import re
import types
from dataclasses import dataclass
from datetime import date
from inspect import Parameter, cleandoc
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from pydantic import TypeAdapter, ValidationError

from toolkit import wording
from toolkit.apps.menu import CHOICE_WORDS, CONTROL_WORDS, choice_words
from toolkit.language import later, tr
from toolkit.portrait.segment_maps import BUILT_IN
from toolkit.registry import Question

Kind = Literal["choice", "day", "text"]

# A path would let a browser read files of the server: here a map is one of the built-in ones.
_CLOSED = {"segment_map": BUILT_IN}


@dataclass(frozen=True)
class Control:
    """One own parameter of a question.

    Attributes
    ----------
    name, label
        The parameter, and its name for a person.
    kind
        `choice` (one of `choices`), `day` (ISO date) or `text`.
    choices
        (label, value) in the order of the annotation; the first is the default. The value '' leaves the parameter out.
    required
        Whether there is no default.
    help
        What the docstring says about it.
    """

    name: str
    label: str
    kind: Kind
    choices: tuple[tuple[str, str], ...] = ()
    required: bool = False
    help: str = ""

    def fault(self, value: str) -> str:
        """Return the sentence that says why `value` cannot be used; '' = it can."""
        value = value.strip()
        if not value:
            return tr("{label} is empty: type one to get an answer.", label=self.label) if self.required else ""
        if self.kind == "choice" and value not in {choice for _, choice in self.choices}:
            return tr(
                "{label} is “{value}”; it can be {listing}.",
                label=self.label,
                value=value,
                listing=wording.listing([label for label, _ in self.choices]),
            )
        if self.kind == "day":
            try:
                TypeAdapter(date).validate_python(value)
            except ValidationError:
                return tr("{label} is “{value}”, but a day as YYYY-MM-DD was needed, such as 2026-01-31.", label=self.label, value=value)
        return ""


def controls_of(question: Question) -> tuple[Control, ...]:
    """Return the controls of a question's own parameters, in the order of its signature."""
    hints = get_type_hints(question.function)
    told = _parameter_help(question.function.__doc__ or "")
    return tuple(_control(parameter, hints[name], told.get(name, "")) for name, parameter in question.parameters.items())


def _control(parameter: Parameter, annotation: Any, told: str) -> Control:
    name = parameter.name
    label = tr(CONTROL_WORDS[name]) if name in CONTROL_WORDS else wording.label_of(name)
    required = parameter.default is Parameter.empty
    parts = _parts(annotation)
    if bool in parts:
        default = bool(parameter.default)
        choices = tuple((tr("yes") if value else tr("no"), "" if value == default else str(value)) for value in (default, not default))
        return Control(name, label, "choice", choices, required, told)
    literals = [str(part) for part in parts if isinstance(part, str)]
    known = list(_CLOSED.get(name, literals))
    if known and (name in _CLOSED or not any(part in (str, int) for part in parts)):
        default = parameter.default
        if isinstance(default, str) and default in known:
            known = [default, *(value for value in known if value != default)]
            first = []
        else:
            first = [(tr(CHOICE_WORDS.get((name, ""), later("All together"))), "")]
        choices = (*first, *((choice_words(name, value), value) for value in known))
        return Control(name, label, "choice", choices, required, told)
    return Control(name, label, "day" if date in parts else "text", (), required, told)


def _parts(annotation: Any) -> list[Any]:
    """Return the alternatives of an annotation; the values of a Literal stand for themselves."""
    if get_origin(annotation) in (Union, types.UnionType):
        return [part for member in get_args(annotation) for part in _parts(member)]
    if get_origin(annotation) is Literal:
        return list(get_args(annotation))
    return [annotation]


def _parameter_help(docstring: str) -> dict[str, str]:
    """Return what the section `Parameters` of a docstring says, by parameter."""
    section = re.search(r"^Parameters\n-+\n(.*?)(?=^\w[\w ]*\n-{3,}$|\Z)", cleandoc(docstring), re.MULTILINE | re.DOTALL)
    if section is None:
        return {}
    found = re.findall(r"^(\w+(?:, \w+)*)[^\n]*\n((?:[ \t]+[^\n]*\n?|\n)+)", section.group(1), re.MULTILINE)
    return {name: " ".join(text.split()) for names, text in found for name in names.split(", ")}
