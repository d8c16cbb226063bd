"""A mapping as text that is changed line by line: an answer becomes a line of it, and what a person wrote beside it stays.

The text is edited where it is written one key a line, as `toolkit map` writes it; what was meant is compared with what the text then says,
and a text written in another way (values over several lines, inline tables) is written anew, without its comments.
"""

from __future__ import annotations

import copy
import re
import tomllib
from collections.abc import Mapping, Sequence
from typing import Any

import tomli_w

from toolkit.errors import MappingError
from toolkit.language import tr
from toolkit.schemas import CONTRACT
from toolkit.sources.columns.matching import quoted
from toolkit.sources.mapping import SHOP_KEYS
from toolkit.sources.specs import TableMapping

BARE = re.compile(r"[A-Za-z0-9_-]+")
AFTER_VALUE = re.compile(r'(?<=[\]}"]),[ \t]+(?=\[[a-z_.]+\][ \t]+[\w"]+ = )')
BEFORE_KEY = re.compile(r"(?m)^\s*(\[[a-z_.]+\])[ \t]+(?=[^\s#])")
HEADER = re.compile(r"\s*\[.*\]\s*(#.*)?")


def parsed(text: str) -> dict[str, Any]:
    """Return what a mapping's text says.

    Raises: `MappingError` where it is not valid TOML.
    """
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # a number of 5,000 digits, lists in lists in lists
        raise MappingError(tr("The mapping is not valid TOML: {error}.", error=error)) from None


def with_value(text: str, section: Sequence[str], key: str, value: Any) -> str:
    """Return a mapping's text with a value of a section (() = above all sections); None takes it out, and an open TODO of it goes.

    >>> print(with_value('[lines]\\nfiles = "a.csv"  # ours\\n', ("lines", "drop"), "Status", ["voided"]))
    [lines]
    files = "a.csv"  # ours
    <BLANKLINE>
    [lines.drop]
    Status = ["voided"]
    <BLANKLINE>
    """
    wanted = _placed(parsed(text), section, key, value)
    edited = _edited(text, tuple(section), key, value)
    try:
        if tomllib.loads(edited) == wanted:
            return edited
    except tomllib.TOMLDecodeError:
        pass
    return tomli_w.dumps(wanted)


def with_lines(text: str, added: str, table: str = "lines", *, are_more: bool = False) -> str:
    """Return a mapping's text with lines that a person wrote: each goes where the mapping has it, under a header of its own or without.

    A line without a header is told by its key: a contract column goes to `[table.columns]`, `time_zone` above all sections. A header may
    stand before its key in one line, as sentences write it: `[lines.drop] Status = ["voided"]`, also after other lines and a comma.

    `are_more`: values that do not count, ids that are no member and answers are added to those that the mapping has.

    Raises: `MappingError` where the lines are not valid TOML.
    """
    for path, key, value in _leaves(_of_lines(added), ()):
        if not path:
            path = () if key in SHOP_KEYS else (table,)
            if path and key in CONTRACT[table].columns() and key not in TableMapping.model_fields:
                path = (table, "columns")
        if are_more and isinstance(value, list) and (path[-1:] in (("drop",), ("answers",)) or key in LISTS):
            value = [*(before := _listed(parsed(text), path, key)), *(one for one in value if one not in before)]
        text = with_value(text, path, key, value)
    return text


def _of_lines(added: str) -> dict[str, Any]:
    try:
        return parsed(BEFORE_KEY.sub(r"\1\n", added))
    except MappingError:
        if AFTER_VALUE.search(added):
            return parsed(BEFORE_KEY.sub(r"\1\n", AFTER_VALUE.sub("\n", added)))
        raise


def _listed(given: Any, path: Sequence[str], key: str) -> list[Any]:
    for name in (*path, key):
        given = given.get(name, []) if isinstance(given, Mapping) else []
    return given if isinstance(given, list) else [given]


def toml_value(value: Any) -> str:
    """Return a value as TOML writes it in one line."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_key(name)} = {toml_value(one)}" for name, one in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(toml_value, value)) + "]"
    return value.isoformat() if hasattr(value, "isoformat") else repr(value)


def _key(name: str) -> str:
    return name if BARE.fullmatch(name) else quoted(name)


def _leaves(given: Mapping[str, Any], path: tuple[str, ...]) -> list[tuple[tuple[str, ...], str, Any]]:
    """Return (section, key, value) of lines; sections are tables down to `[table.section]`, deeper tables are values."""
    leaves = []
    for key, value in given.items():
        is_section = isinstance(value, Mapping) and ((not path and key in (*CONTRACT, "answers")) or (len(path) == 1 and key in _SECTIONS))
        leaves += _leaves(value, (*path, key)) if is_section else [(path, key, value)]
    return leaves


LISTS = ("not_a_member", "fold_ids")
"""Keys whose values stand beside each other."""
_SECTIONS = ("columns", "values", "keep", "drop", "attributes")


def _placed(given: dict[str, Any], section: Sequence[str], key: str, value: Any) -> dict[str, Any]:
    wanted = copy.deepcopy(given)
    place = wanted
    for name in section:
        place = place.setdefault(name, {})
        if not isinstance(place, dict):
            raise MappingError(tr("[{section}] of the mapping is no section.", section=".".join(section)))
    if value is None:
        place.pop(key, None)
    else:
        place[key] = value
    return wanted


def _edited(text: str, section: tuple[str, ...], key: str, value: Any) -> str:
    lines = text.splitlines()
    start, end = _section(lines, section)
    new = [] if value is None else [f"{_key(key)} = {toml_value(value)}"]
    if start is None:
        opened = ["", f"[{'.'.join(map(_key, section))}]", *new]
        return "\n".join([*lines, *opened]) + "\n"
    todo = re.compile(rf"#\s*TODO\s+{re.escape(_key(key))}\s*=")
    body = [line for line in lines[start:end] if not todo.match(line.strip())]
    places = [number for number, line in enumerate(body) if _key_of(line) == key]
    if places:
        body[places[0] : places[0] + 1] = new
    else:
        filled = max((number for number, line in enumerate(body) if line.strip()), default=-1) + 1
        body[filled:filled] = new
    return "\n".join([*lines[:start], *body, *lines[end:]]) + "\n"


def _section(lines: Sequence[str], section: tuple[str, ...]) -> tuple[int | None, int]:
    """Return where the lines of a section begin and end; None where there is no such section."""
    headers = [(number, _header(line)) for number, line in enumerate(lines) if HEADER.fullmatch(line)]
    headers = [(number, name) for number, name in headers if name is not None]
    starts = [0] if not section else [number + 1 for number, name in headers if name == section]
    if not starts:
        return None, len(lines)
    return starts[0], next((number for number, _ in headers if number >= starts[0]), len(lines))


def _header(line: str) -> tuple[str, ...] | None:
    """Return the names of a header, or None of a line that only looks like one (the end of a list)."""
    try:
        place: Any = tomllib.loads(line)
    except tomllib.TOMLDecodeError:
        return None
    names: list[str] = []
    while isinstance(place, dict) and place:
        ((name, place),) = place.items()
        names.append(name)
    return tuple(names) if isinstance(place, dict) else (*names, "[]")


def _key_of(line: str) -> str | None:
    """Return the key of a line that says one value."""
    if "=" not in line:
        return None
    try:
        return next(iter(tomllib.loads(line)), None)
    except tomllib.TOMLDecodeError:
        return None
