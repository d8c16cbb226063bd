"""The parameters of a notebook: what its `parameters` cell declares, and what a caller may pass.

A cell tagged `parameters` holds lines `name: type = value  # help`. papermill only warns about a name that the cell does not declare, and
runs the notebook with the default; here it is refused before anything runs.
"""

from __future__ import annotations

import ast
import io
import json
import tokenize
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from toolkit.errors import BadValue, DataError, ToolkitError, UnknownName, unknown_name
from toolkit.language import tr

_TYPES: dict[str, type] = {"str": str, "int": int, "float": float, "bool": bool}


@dataclass(frozen=True)
class Parameter:
    """One line of a `parameters` cell."""

    name: str
    type_name: str
    default: Any
    help: str


def declared_parameters(notebook: Path) -> dict[str, Parameter]:
    """Return the parameters that a notebook declares, in order; none without a `parameters` cell.

    papermill's own inspection is not used: it drops every line with a second `=`, in a comment too (`# the store; empty = the chain`).

    Raises
    ------
    DataError
        The file is no notebook, or its `parameters` cell is no Python.
    """
    try:
        cells = json.loads(notebook.read_text("utf-8"))["cells"]
        source = next(("".join(cell["source"]) for cell in cells if "parameters" in cell.get("metadata", {}).get("tags", [])), "")
        statements = ast.parse(source).body
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(
            tr(
                "{notebook}: a Jupyter notebook was needed, but it cannot be read ({kind}: {error}).",
                notebook=notebook,
                kind=type(error).__name__,
                error=error,
            )
        ) from error
    except SyntaxError as error:
        raise DataError(
            tr(
                "{notebook}: its cell tagged `parameters` needs lines `name: type = value`, but line {line} is no Python.",
                notebook=notebook,
                line=error.lineno,
            )
        ) from error
    helps = _comments(source)
    parameters = {}
    for statement in statements:
        target = (
            statement.target
            if isinstance(statement, ast.AnnAssign)
            else statement.targets[0]
            if isinstance(statement, ast.Assign)
            else None
        )
        if isinstance(target, ast.Name) and statement.value is not None:  # type: ignore[union-attr]
            kind = ast.unparse(statement.annotation) if isinstance(statement, ast.AnnAssign) else ""
            default = _literal(ast.unparse(statement.value))  # type: ignore[union-attr]
            parameters[target.id] = Parameter(target.id, kind, default, helps.get(statement.end_lineno or 0, ""))
    return parameters


def _comments(source: str) -> dict[int, str]:
    """The comment of each line, which is the help of the parameter that ends there."""
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return {token.start[0]: token.string.lstrip("# ").strip() for token in tokens if token.type == tokenize.COMMENT}


def checked_parameters(given: Mapping[str, Any], notebooks: Mapping[str, Mapping[str, Parameter]]) -> dict[str, dict[str, Any]]:
    """Return for each notebook the given values that it declares, as papermill can pass them on.

    A name that no notebook declares and a value that is not of the declared type are refused, all faults in one error. Dates and paths
    become text; text becomes the declared number or truth value, and stays text where text is declared (`"0012"`).
    """
    known = {name for parameters in notebooks.values() for name in parameters}
    unknown = [str(unknown_name("parameter", name, known, where=_joined(notebooks))) for name in given if name not in known]
    faults = list(unknown)
    checked: dict[str, dict[str, Any]] = {title: {} for title in notebooks}
    for title, parameters in notebooks.items():
        for name in given:
            if name not in parameters:
                continue
            try:
                checked[title][name] = _value(title, parameters[name], given[name])
            except BadValue as fault:
                faults.append(str(fault))
    if faults:
        raise (UnknownName if unknown else BadValue)("\n".join(faults))
    return checked


def required(notebooks: Mapping[str, Mapping[str, Parameter]], names: Iterable[str]) -> None:
    """Raise a ToolkitError naming each notebook that does not declare what every report is given."""
    wanted = list(names)
    faults = []
    for title, parameters in notebooks.items():
        missing = [f"`{name}`" for name in wanted if name not in parameters]
        if missing:
            faults.append(
                tr(
                    "Notebook {title} does not declare {missing} in a cell tagged `parameters`; a report needs it: add the line.",
                    title=title,
                    missing=" and ".join(missing),
                )
            )
    if faults:
        raise ToolkitError("\n".join(faults))


def _value(title: str, parameter: Parameter, given: Any) -> Any:
    value = given.isoformat() if isinstance(given, date | datetime) else str(given) if isinstance(given, Path) else given
    declared = parameter.type_name.replace(" ", "")
    wanted = _TYPES.get(declared.removesuffix("|None"))
    if wanted is None or (value is None and (declared.endswith("|None") or parameter.default is None)):
        return value
    if isinstance(value, str) and wanted is not str:
        value = _from_text(value, wanted)
    if wanted is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if type(value) is not wanted:
        raise BadValue(
            tr(
                "Notebook {title}: parameter '{name}' needs {declared}, but {came} came.",
                title=title,
                name=parameter.name,
                declared=declared,
                came=repr(given),
            )
        )
    return value


def _from_text(text: str, wanted: type) -> Any:
    if wanted is bool:
        return {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}.get(text.strip().lower(), text)
    try:
        return wanted(text)
    except ValueError:
        return text


def _literal(source: str) -> Any:
    try:
        return ast.literal_eval(source)
    except (ValueError, SyntaxError):
        return source


def _joined(notebooks: Iterable[str]) -> str:
    names = list(notebooks)
    return f"Notebook {names[0]}" if len(names) == 1 else f"None of the notebooks {', '.join(names)}"
