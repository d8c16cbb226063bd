"""Questions of a shop's own: what is refused, what becomes of one that raises, and how those of installed packages are found.

An installed package names a module with questions in its entry points, and they are there wherever ours are:

    [project.entry-points."retail_member_toolkit.questions"]
    any_name = "its_package.its_module"
"""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from importlib import import_module
from importlib.metadata import entry_points
from importlib.util import find_spec
from numbers import Real
from typing import Any, get_type_hints

import polars as pl
from pydantic import PydanticUserError, TypeAdapter

from toolkit.answer import Finding, Note
from toolkit.columns import AnswerTable
from toolkit.errors import BadValue, OwnQuestionFailed, ToolkitError
from toolkit.language import tr
from toolkit.scope.view import View

GROUP = "retail_member_toolkit.questions"
"""The group of entry points."""
_LONGEST = 300

refused: list[str] = []
"""Sentences about installed packages whose questions could not be taken; each was logged once."""
_loaded = False


def is_own(function: Callable[..., Any]) -> bool:
    """Say whether a question is not one of the toolkit's."""
    return function.__module__.partition(".")[0] != "toolkit"


def package_of(function: Callable[..., Any]) -> str:
    """Return the package of a question, for a sentence about it."""
    package = function.__module__.partition(".")[0]
    return tr("this session") if package == "__main__" else package


def load_installed(register: Callable[[Any], Any]) -> None:
    """Hand what the entry points of installed packages name to `register`, once; what cannot be taken is logged and kept in `refused`."""
    global _loaded  # noqa: PLW0603 - once per process
    if _loaded:
        return
    _loaded = True  # first, since a package may ask for all questions while it is imported
    for entry in sorted(entry_points(group=GROUP), key=lambda one: (one.value, one.name)):
        try:
            register(entry.load())
        except (Exception, SystemExit) as error:  # noqa: BLE001 - other people's code: ours goes on without it
            fault = str(error) if isinstance(error, ToolkitError) else told(error)
            package = entry.dist.name if entry.dist else entry.value
            refused.append(tr("The questions of the package {package} could not be taken: {fault}", package=package, fault=fault))
            logging.getLogger(__name__).warning(refused[-1])


def check_own(
    name: str,
    text: str,
    function: Callable[..., Any],
    *,
    steps: Collection[str],
    scope: Collection[str],
    earlier: Callable[..., Any] | None,
) -> None:
    """Refuse a question that could not be asked, shown or told from another; all that is wrong with it is said together.

    Defined again by the same module (a notebook's cell run twice), it replaces its `earlier` self.

    Raises
    ------
    BadValue
        One sentence for each fault.
    """
    step, _, short = name.partition(".")
    words = {"question": name, "package": package_of(function), "steps": ", ".join(steps), "step": step, "scope": ", ".join(scope)}
    faults = []
    if step not in steps:
        faults.append(tr("{question} of {package}: there is no step '{step}'; a question belongs to one of {steps}.", **words))
    elif earlier is not None and earlier.__module__ != function.__module__:
        faults.append(
            tr(
                "{question} of {package}: {other} has a question of that name; name the function otherwise.",
                other=package_of(earlier),
                **words,
            )
        )
    elif earlier is None and (not short.isidentifier() or short.startswith("_") or _stands_in(step, short)):
        faults.append(tr("{question} of {package}: a question cannot be called so, or that name is taken; name it otherwise.", **words))
    if not text.strip():
        faults.append(tr("{question} of {package} has no text: the question in plain words, which heads its answer, was needed.", **words))
    if not (function.__doc__ or "").strip():
        faults.append(tr("{question} of {package} has no docstring: what it answers was needed, as help for who asks it.", **words))
    try:
        faults += _parameter_faults(function, {*scope, "workspace"}, words)
    except (NameError, AttributeError, SyntaxError, TypeError, PydanticUserError) as error:  # a name for type checkers, no type of values
        faults.append(
            tr("{question} of {package} has an annotation that cannot be read when it is asked: {fault}", fault=told(error), **words)
        )
    if faults:
        raise BadValue("\n".join(faults))


def answered(name: str, function: Callable[..., Finding], view: View, given: Mapping[str, Any], *, known: Collection[str] = ()) -> Finding:
    """Return what a question finds. Whatever one of a shop's own raises is one sentence, so that a menu or a report goes on.

    Raises
    ------
    OwnQuestionFailed
        It raised what is no sentence of its own (the traceback stands behind it), or gave something else than a finding.
    """
    if not is_own(function):
        return function(view, **given)
    finding = _guarded(name, function, view, **given)
    fault = _finding_fault(finding, known)
    if fault:
        raise OwnQuestionFailed(
            tr(
                "{question} of {package} gave an answer that cannot be shown: {fault}.",
                question=name,
                package=package_of(function),
                fault=fault,
            )
        )
    draw = finding.chart
    return finding if draw is None else replace(finding, chart=lambda: _guarded(name, function, asked=draw))


def _guarded(name: str, function: Callable[..., Any], *given: Any, asked: Callable[..., Any] | None = None, **named: Any) -> Any:
    """Call a question, or what it `asked` us to call (its chart)."""
    try:
        return (asked or function)(*given, **named)
    except ToolkitError:
        raise
    except Exception as error:
        raise OwnQuestionFailed(
            tr(
                "{question} of {package} could not be answered: {fault} This is a fault of that package, not of what was asked.",
                question=name,
                package=package_of(function),
                fault=told(error),
            )
        ) from error


def _parameter_faults(function: Callable[..., Any], scope: set[str], words: dict[str, str]) -> list[str]:
    hints = get_type_hints(function, include_extras=True)
    parameters = list(inspect.signature(function).parameters.values())
    faults = []
    if not parameters or hints.get(parameters[0].name) is not View:
        faults.append(tr("{question} of {package} must take the view first: `(view: View, *, ...) -> Finding`.", **words))
    for one in parameters[1:]:
        if one.kind is not one.KEYWORD_ONLY or one.name in scope or one.name not in hints:
            faults.append(
                tr(
                    "{question} of {package}: its parameter `{parameter}` needs an annotation and a place behind a `*`, and may not be "
                    "called as one of the scope ({scope}).",
                    parameter=one.name,
                    **words,
                )
            )
        else:
            TypeAdapter(hints[one.name])
    return faults


def _stands_in(step: str, short: str) -> bool:
    """Whether the step has something of that name which is no question: a module, a function."""
    return find_spec(f"toolkit.{step}.{short}") is not None or short in vars(import_module(f"toolkit.{step}"))


def _finding_fault(finding: Any, known: Collection[str]) -> str:
    """What is wrong with what a question gave, as part of a sentence; '' = nothing."""
    if not isinstance(finding, Finding):
        return tr("a Finding was needed, but {kind} came", kind=type(finding).__name__)
    try:
        names = [str(name) for name, _ in finding.ask_next]
        missing = [name for name in names if name not in known]
        held = {
            tr("its headline is no sentence"): isinstance(finding.headline, str) and bool(finding.headline.strip()),
            tr("its table is no polars DataFrame"): isinstance(finding.table, pl.DataFrame | AnswerTable),
            tr("its notes are no list of sentences"): not isinstance(finding.notes, str)
            and all(isinstance(note, str | Note) for note in finding.notes),
            tr("its figures are no numbers by name"): all(isinstance(value, Real) for value in finding.figures.values()),
            tr("it sends to {questions}, which there is not", questions=", ".join(missing)): not missing,
        }
    except (TypeError, ValueError, AttributeError) as error:
        return told(error).rstrip(".")
    return next((fault for fault, holds in held.items() if not holds), "")


def told(error: BaseException) -> str:
    """Return an error of other people's code as the end of a sentence."""
    first = " ".join(str(error).split())[:_LONGEST].rstrip(".")
    return f"{type(error).__name__}: {first}." if first else f"{type(error).__name__}."
