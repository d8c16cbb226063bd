"""A TOML that a person may write, changed where it must be: comments and order stay, what is not touched stays to the letter.

Lines are found by their text alone; what comes out is read again, and where it does not hold what was wanted (a file written in a way that
no line can be found in) all of it is written anew: the values stay, the comments do not.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from typing import Any

import tomli_w

_HEADER = re.compile(r"^\s*(\[\[?)\s*([\w.-]+)\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(r"^\s*([\w-]+)\s*=")


def with_table(text: str, name: str, values: Mapping[str, Any] | None, place: int | None = None) -> str:
    """Return a text with the table `[name]` holding `values`, or the `place`-th `[[name]]`; None takes it out, one place more adds one.

    >>> print(with_table('# ours\\n[[rules]]\\nname = "a" # first\\n\\n# old\\n[[rules]]\\nname = "b"\\n', "rules", {"name": "c"}, 1))
    # ours
    [[rules]]
    name = "a" # first
    <BLANKLINE>
    # old
    [[rules]]
    name = "c"
    <BLANKLINE>
    """
    wanted = _wanted(tomllib.loads(text), name, values, place)
    lines = text.splitlines()
    heads = [(number, *found.groups()) for number, line in enumerate(lines) if (found := _HEADER.match(line))]
    own = [number for number, sign, head in heads if head == name and sign == ("[" if place is None else "[[")]
    if (place or 0) < len(own):
        first = own[place or 0]
        last = next((number for number, *_ in heads if number > first), len(lines))
        while last > first + 1 and (not lines[last - 1].strip() or lines[last - 1].lstrip().startswith("#")):
            last -= 1  # what stands above the next table is about that one
        lines[first:last] = [] if values is None else [lines[first], *_changed(lines[first + 1 : last], values)]
    elif values is not None:
        at = next((number for number, *_ in heads if number > own[-1]), len(lines)) if own else len(lines)
        while own and at < len(lines) and at and lines[at - 1].lstrip().startswith("#"):
            at -= 1
        table = [f"[{name}]" if place is None else f"[[{name}]]", *_changed([], values)]
        above = [""] if at and lines[at - 1].strip() else []
        lines[at:at] = [*above, *table, *([""] if at < len(lines) else [])]
    changed = "\n".join(lines) + "\n"
    try:
        if _bare(tomllib.loads(changed)) == _bare(wanted):
            return changed
    except tomllib.TOMLDecodeError:
        pass
    return tomli_w.dumps(_bare(wanted))


def with_values(text: str, name: str, values: Mapping[str, Any]) -> str:
    """Return a text with some values of the table `[name]` changed; None takes a value out.

    >>> with_values("# ours\\n[scope]\\nactive_days = 60  # agreed\\n", "scope", {"active_days": 91})
    '# ours\\n[scope]\\nactive_days = 91\\n'
    """
    own = {**tomllib.loads(text).get(name, {}), **values}
    return with_table(text, name, {key: value for key, value in own.items() if value is not None})


def toml_value(value: Any) -> str:
    """Return a value as it stands behind `=`; tables within a list each on a line of their own.

    >>> toml_value({"name": "茶", "words": ["tea*", 2, True]})
    '{ name = "茶", words = ["tea*", 2, true] }'
    """
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{key} = {toml_value(one)}" for key, one in value.items()) + " }"
    if isinstance(value, Sequence) and not isinstance(value, str):
        parts = [toml_value(one) for one in value]
        if any(isinstance(one, Mapping) for one in value) and len(", ".join(parts)) > 100:
            return "[\n" + "".join(f"  {part},\n" for part in parts) + "]"
        return "[" + ", ".join(parts) + "]"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return tomli_w.dumps({"a": value}).partition("=")[2].strip()


def _changed(lines: list[str], values: Mapping[str, Any]) -> list[str]:
    """The lines of a table, those of another value written anew."""
    kept, left, number = list[str](), dict(values), 0
    while number < len(lines):
        found, last = _KEY.match(lines[number]), number + 1
        if not found:
            kept.append(lines[number])
            number += 1
            continue
        while (read := _read(lines[number:last])) is None and last < len(lines):
            last += 1  # the value goes on
        key = found.group(1)
        if key in left:
            value = left.pop(key)
            kept += lines[number:last] if read == {key: _plain(value)} else [f"{key} = {toml_value(value)}"]
        number = last
    return [*kept, *(f"{key} = {toml_value(value)}" for key, value in left.items())]


def _read(lines: list[str]) -> dict[str, Any] | None:
    try:
        return tomllib.loads("\n".join(lines))
    except tomllib.TOMLDecodeError:
        return None


def _wanted(raw: dict[str, Any], name: str, values: Mapping[str, Any] | None, place: int | None) -> dict[str, Any]:
    given: list[Any] = [] if values is None else [_plain(values)]
    if place is None:
        return {**{key: one for key, one in raw.items() if key != name}, **({name: given[0]} if given else {})}
    rows = list(raw.get(name, []))
    rows[place : place + 1] = given
    return {**raw, name: rows}


def _plain(value: Any) -> Any:
    """A value as a TOML gives it back: tuples are lists."""
    if isinstance(value, Mapping):
        return {key: _plain(one) for key, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, list | tuple) else value


def _bare(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Without tables and lists that hold nothing."""
    return {key: one for key, one in raw.items() if one not in ({}, [])}
