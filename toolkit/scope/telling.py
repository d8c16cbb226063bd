"""Sentences over rows: one whole message with fields that read as their columns do, and optional parts inside it.

    view.say("{where}, {member_count:member} ({member_share}) are core members[; {quiet_count} did not come in {days} days].", row, days=28)

A message is looked up whole in the reader's language, so that a translator sees all of it and may put its parts in another order.

Fields are taken from the keywords, then from the row (`AnswerTable.row`), then from the view: `where` ('Across the chain'), `place`,
`period`, `as_of`, `least` (the minimum number of members), then from the settings (`goods.core_months_share`). A field of the row reads
as its column does. A count of members that may not be shown reads 'fewer than 10': a hidden one of the row, and any `{n:member}` and
`{n:few}`. A field may say how it reads:

    {sales:money}            currency units         {sales:minor}      minor units          {lift:change}     up 3.2%
    {held:share} {gap:days}  as such a column       {orders:order}     3 orders             {n:category|categories}
    {quiet:few}              a count of members that is no column: 'fewer than 10' where it is          {window:in}   from .. to ..
    {reason:word}            a word of ours, in the reader's language                        {rate:.0%}  {n:,}   as Python formats it

Optional parts stand in brackets. `[; {quiet} left]` falls away where one of its own fields is missing (None, no text, False, zero);
`[{share} of sales|sales]` then says the other; `[budget? within the budget]` and `[budget?one|other]` ask a field that they do not show.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import TYPE_CHECKING, Any

from toolkit import language, wording
from toolkit.columns import Row, rounded
from toolkit.language import tr
from toolkit.scope.period import Period, days_in
from toolkit.scope.phrases import where

if TYPE_CHECKING:
    from toolkit.scope.view import View

_KINDS = ("money", "share", "days", "count", "number", "index", "score", "flag", "text")
OWN_SPECS = frozenset({*_KINDS, "minor", "change", "few", "in", "word"})
"""What a field may say after its colon that is neither a noun nor a format of Python's."""
NOUN = re.compile(r"[a-z][a-z -]{2,}(?:\|[a-z -]+)?")


@dataclass(frozen=True)
class Field:
    """A place in a message: `{name}` or `{name:spec}`."""

    name: str
    spec: str


@dataclass(frozen=True)
class Part:
    """An optional part: what it says, what is said instead, and the field that decides where it is not one of those shown."""

    condition: str
    yes: tuple[Any, ...]
    no: tuple[Any, ...]


@cache
def parsed(message: str) -> tuple[Any, ...]:
    """Return a message as texts, fields and parts.

    Raises
    ------
    ValueError
        A brace or bracket that is not closed.

    Example
    -------
    >>> parsed("{n:member} left[; {quiet} of them quietly].")
    (Field(name='n', spec='member'), ' left', Part(condition='', yes=('; ', Field(name='quiet', spec=''), ' of them quietly'), no=()), '.')
    """
    nodes, end, _ = _read(message, 0, "")
    if end != len(message):
        raise ValueError(f"A bracket or brace is closed that was not opened, at {end} of: {message}")
    return nodes


def _read(message: str, at: int, inside: str) -> tuple[tuple[Any, ...], int, str]:
    """Nodes from `at` up to the sign that ends them (`]`, or `|` within brackets), its place, and the sign."""
    nodes: list[Any] = []
    text = ""
    while at < len(message):
        sign = message[at]
        if inside and sign in "]|":
            break
        if sign == "{":
            end = message.index("}", at)
            name, _, spec = message[at + 1 : end].partition(":")
            nodes += [*([text] if text else []), Field(name, spec)]
            text, at = "", end + 1
        elif sign == "[":
            condition = re.compile(r"([a-z_][\w.]*)\?").match(message, at + 1)
            yes, at, ended = _read(message, condition.end() if condition else at + 1, "[")
            no: tuple[Any, ...] = ()
            if ended == "|":
                no, at, ended = _read(message, at + 1, "[")
            if ended != "]":
                raise ValueError(f"A bracket is not closed in: {message}")
            nodes += [*([text] if text else []), Part(condition.group(1) if condition else "", yes, no)]
            text, at = "", at + 1
        else:
            text, at = text + sign, at + 1
    return (*nodes, *([text] if text else [])), at, message[at : at + 1]


def fields_of(nodes: tuple[Any, ...]) -> list[Field]:
    """Return every field of a message, those of its optional parts too, conditions as fields without a spec."""
    fields: list[Field] = []
    for node in nodes:
        if isinstance(node, Field):
            fields.append(node)
        elif isinstance(node, Part):
            fields += [*([Field(node.condition, "")] if node.condition else []), *fields_of(node.yes), *fields_of(node.no)]
    return fields


def say(view: View, message: str, row: Mapping[str, Any] | None, given: Mapping[str, Any]) -> str:
    """Return a message in the reader's language, filled; see the module. Called as `View.say`.

    Raises
    ------
    KeyError
        A field that is in none of the places named.
    """
    nodes = parsed(language.tr(message))
    text = _said(nodes, _Values(view, row or {}, given))
    is_sentence = text.endswith(".")  # what does not end so goes into another sentence
    begins_with_few = isinstance(nodes[0], Field) and text.startswith(tr("fewer than {least}", least=view.least))
    return wording.capital(text) if is_sentence and begins_with_few else text


def _said(nodes: tuple[Any, ...], values: _Values) -> str:
    return "".join(_node(node, values) for node in nodes)


def _node(node: Any, values: _Values) -> str:
    if isinstance(node, str):
        return node
    if isinstance(node, Field):
        return values.text(node)
    asked = [node.condition] if node.condition else [part.name for part in node.yes if isinstance(part, Field)]
    return _said(node.yes if all(values.value(name) not in (None, "", False, 0) for name in asked) else node.no, values)


class _Values:
    """The values of a message's fields, and how each reads."""

    def __init__(self, view: View, row: Mapping[str, Any], given: Mapping[str, Any]) -> None:
        self.view, self.row, self.given = view, row, given
        self.columns = row.columns if isinstance(row, Row) else {}

    def value(self, name: str) -> Any:
        if name in self.given:
            return self.given[name]
        if name in self.row:
            return self.row[name]
        if name in _OF_VIEW:
            return _OF_VIEW[name](self.view)
        family, _, threshold = name.partition(".")
        if threshold:
            return getattr(getattr(self.view.settings, family), threshold)
        raise KeyError(f"The field '{name}' is neither given, nor in the row ({', '.join(self.row)}), nor a word of the view.")

    def text(self, field: Field) -> str:
        value, spec = self.value(field.name), field.spec
        column = self.columns.get(field.name) if field.name not in self.given else None
        is_few = value is None and column is not None and column.counts_members
        if not spec:
            return few(self.view, None) if is_few else self._plain(value, column)
        if spec in _KINDS:
            return tr("not measured") if value is None else wording.cell(value, spec, self.view.currency)  # type: ignore[arg-type]
        if spec in OWN_SPECS:
            return _SPECS[spec](self.view, value)
        if NOUN.fullmatch(spec):
            one, _, many = spec.partition("|")
            if is_few or (one == "member" and 0 < (value or 0) < self.view.least):
                return tr("fewer than {least}", least=wording.some(self.view.least, one, many or None))
            if one == "member" and value:
                value = rounded(value, self.view.rounded_to)
            return tr("not measured") if value is None else wording.some(value, one, many or None)
        return tr("not measured") if value is None else format(value, spec)

    def _plain(self, value: Any, column: Any) -> str:
        if value is None:
            return tr("not measured")
        if column is not None:
            return wording.column_text(value, column, self.view.currency)
        if isinstance(value, date):
            return language.day(value)
        if isinstance(value, int) and not isinstance(value, bool):
            return f"{value:,}"
        return language.plain(str(value))


def few(view: View, value: int | None) -> str:
    """Return a count of members as a sentence may say it; None is one that is hidden."""
    few_ = value is None or 0 < value < view.least
    return tr("fewer than {least}", least=view.least) if few_ else f"{rounded(value, view.rounded_to):,}"


_SPECS: dict[str, Callable[[View, Any], str]] = {
    "minor": lambda view, value: view.money(value),
    "change": lambda view, value: wording.change(value),
    "few": few,
    "in": lambda view, value: days_in(value) if isinstance(value, Period) else str(value),
    "word": lambda view, value: language.word(value),
}


_OF_VIEW: dict[str, Callable[[View], Any]] = {
    "where": where,
    "place": lambda view: view.place,
    "period": lambda view: view.period,
    "as_of": lambda view: view.as_of,
    "least": lambda view: view.least,
    "currency": lambda view: view.currency,
}
