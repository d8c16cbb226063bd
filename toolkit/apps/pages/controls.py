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
from toolkit.columns import plain_label
from toolkit.conversation.menu import CHOICE_WORDS, CONTROL_WORDS, SCOPE_WORDS, choice_words
from toolkit.language import later, tr
from toolkit.portrait.measures.segment_maps import BUILT_IN
from toolkit.registry import SCOPE_PARAMETERS, Question, find_question, question_text

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


def in_words(line: str, name: str, *, fault: bool = False) -> str:
    """Return a line about a question with its parameters called what the page calls them, for who does not write code.

    A parameter is known by its backticks; in a sentence about a `fault` also where the sentence begins with it, and, as no word of any
    language is written so, by the underscore in its name. The question's own name is left out in front, and put in words elsewhere.

    >>> in_words("targeting.cohorts: most_months is 0; 1 to 120 months were needed.", "targeting.cohorts", fault=True)
    '“Joining months shown” is 0; 1 to 120 months were needed.'
    >>> in_words("Those who began lately are not judged; `recent=True` takes them in.", "targeting.path_members")
    'Those who began lately are not judged; “Also who began lately” takes them in.'
    """
    known = [*SCOPE_PARAMETERS, *find_question(name).parameters]
    which, scored = "|".join(known), "|".join(one for one in known if "_" in one)
    line = re.sub(rf"`({which})(?:='?([^'`]*)'?)?`", _quoted, line)
    if not fault:
        return line
    line = re.sub(rf"^{re.escape(name)}\s*[:：]\s*", "", line).replace(name, f"“{question_text(name)}”")
    for shape in (
        rf"(?<![\w'“.])({which})='([^']*)'",  # by='product'
        rf"^({which})()(?=\s*(?:[:：为是和]|is\b|and\b))",  # top is -1
        rf"(?<![\w'“.])({scored})()(?![\w'”])",  # needs with_goods too
    ):
        line = re.sub(shape, _quoted, line)
    return line[:1].upper() + line[1:]


def _quoted(found: re.Match[str]) -> str:
    name, value = found.groups()
    label = control_label(name)
    chosen = choice_words(name, value) if value else label
    return f"“{label}”" if chosen == label else tr("“{label}”: {chosen}", label=label, chosen=chosen)


def control_label(name: str) -> str:
    """Return what the page calls a parameter."""
    words = SCOPE_WORDS.get(name) or CONTROL_WORDS.get(name)
    return tr(words or plain_label(name))


def _control(parameter: Parameter, annotation: Any, told: str) -> Control:
    name = parameter.name
    label = control_label(name)
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
