"""Writes the typed door: for each step a stub file with its questions as an editor and a type checker see them. `make stubs`.

A question is called with the scope beside its own parameters. A decorator cannot say so in types (what a ParamSpec stands for takes no
further keywords), so the registry writes it down. Docstrings stay in the source: editors look there for what a stub leaves out.
"""

from __future__ import annotations

import types
from datetime import date
from importlib import import_module
from inspect import Parameter
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from toolkit.audience import AudienceLike
from toolkit.own_questions import is_own
from toolkit.registry import SCOPE_PARAMETERS, STEPS, Question, all_questions

PACKAGE = Path(__file__).parent
_ALIASES = {frozenset(get_args(AudienceLike)): ("toolkit.audience", "AudienceLike")}
"""Unions with a name of their own."""


def main() -> None:
    """Write the stubs of all steps."""
    for step in STEPS:
        stub_file(step).write_text(stub(step), "utf-8")


def stub(step: str) -> str:
    """Return the stub of a step's package: its questions as functions, and what else it gives to be imported."""
    package = import_module(f"toolkit.{step}")
    questions = [item for item in all_questions() if item.step == step and not is_own(item.function)]
    others = sorted(set(package.__all__) - {item.name.partition(".")[2] for item in questions})
    imports = {("pathlib", "Path"), ("toolkit.answer", "Answer"), ("toolkit.workspace", "Workspace")}
    functions = [_function(item, imports) for item in questions]
    lines = [
        "# Written by toolkit/stubs.py from the registry: after a change of a question, make stubs.",
        "# fmt: off",
        *(f"from {module} import {name}" for module, name in sorted(imports)),
        *(f"from {getattr(package, name).__module__} import {name} as {name}" for name in others),
        "",
        *functions,
    ]
    return "\n".join(lines)


def stub_file(step: str) -> Path:
    """Return where the stub of a step is kept."""
    return PACKAGE / step / "__init__.pyi"


def _function(item: Question, imports: set[tuple[str, str]]) -> str:
    hints = get_type_hints(item.function, include_extras=True)
    scope = [f"    {name}: {_type(annotation, imports)} = None,\n" for name, (annotation, _) in SCOPE_PARAMETERS.items()]
    own = [f"    {name}: {_type(hints[name], imports)}{_default(parameter)},\n" for name, parameter in item.parameters.items()]
    head = f"def {item.name.partition('.')[2]}(\n    workspace: Workspace | str | Path,\n    *,\n"
    return f"{head}{''.join(own)}{''.join(scope)}) -> Answer: ...\n"


def _default(parameter: Parameter) -> str:
    return "" if parameter.default is Parameter.empty else f" = {parameter.default!r}"


def _type(annotation: Any, imports: set[tuple[str, str]]) -> str:
    """An annotation as a stub writes it; what it needs to be imported is added to `imports`."""
    parts = get_args(annotation)
    origin = get_origin(annotation)
    if origin is Annotated:  # the range is told by the question itself, when it is asked
        return _type(parts[0], imports)
    if origin in (Union, types.UnionType):
        return " | ".join(dict.fromkeys(_alternatives(parts, imports)))
    if origin is Literal:
        imports.add(("typing", "Literal"))
        return f"Literal[{', '.join(map(repr, parts))}]"
    if origin is not None:
        return f"{_name(origin, imports)}[{', '.join(_type(part, imports) for part in parts)}]"
    if annotation in (None, type(None)):
        return "None"
    if annotation is dict:
        return f"dict[str, {_type(Any, imports)}]"
    if annotation is date:  # a day is read from its text too
        imports.add(("datetime", "date"))
        return "date | str"
    return _name(annotation, imports)


def _name(kind: Any, imports: set[tuple[str, str]]) -> str:
    if kind.__module__ != "builtins":
        imports.add((kind.__module__, kind.__name__))
    return kind.__name__


def _alternatives(parts: tuple[Any, ...], imports: set[tuple[str, str]]) -> list[str]:
    for members, alias in _ALIASES.items():
        if members <= set(parts):
            imports.add(alias)
            return [alias[1], *(_type(part, imports) for part in parts if part not in members)]
    return [word for part in parts for word in _type(part, imports).split(" | ")]


if __name__ == "__main__":
    main()
