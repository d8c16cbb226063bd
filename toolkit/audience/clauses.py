"""An audience's expression as the clauses that controls can show, and back: clicking and typing change the same text.

An expression is a chain of clauses joined by AND. A control owns the clauses on its column that it can show (a choice of values, a range, a
taste, a yes); everything else stays as it was typed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from toolkit.scope.where import Token, read_where

Kind = Literal["among", "range", "taste", "flag", "other"]


@dataclass(frozen=True)
class Clause:
    """One part of an expression; `values` of `among` and `taste`, `low` and `high` of `range` (both included; None = open)."""

    text: str
    kind: Kind = "other"
    column: str = ""
    values: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None


def clauses_of(expression: str) -> tuple[Clause, ...]:
    """Return the clauses of an expression, in its order; '' has none.

    >>> [(clause.kind, clause.column) for clause in clauses_of("segment IN ('loyal') AND amount >= 10 AND NOT contactable")]
    [('among', 'segment'), ('range', 'amount'), ('other', '')]

    Raises
    ------
    BadValue
        It is no WHERE expression.
    """
    if not expression.strip():
        return ()
    where = read_where(expression)
    return tuple(_clause(part, where.text[part[0].start : part[-1].end]) for part in _parts(where.tokens))


def chosen(expression: str, column: str, kind: Kind = "among") -> tuple[str, ...]:
    """Return the values that the expression chooses in a column; () = no choice."""
    found = [clause for clause in clauses_of(expression) if clause.column == column and clause.kind == kind]
    return tuple(dict.fromkeys(value for clause in found for value in clause.values))


def span(expression: str, column: str) -> tuple[float | None, float | None]:
    """Return the range that the expression leaves to a column: lowest and highest value, None = open."""
    found = [clause for clause in clauses_of(expression) if clause.column == column and clause.kind == "range"]
    lows = [clause.low for clause in found if clause.low is not None]
    highs = [clause.high for clause in found if clause.high is not None]
    return max(lows, default=None), min(highs, default=None)


def has_flag(expression: str, column: str) -> bool:
    """Say whether the expression asks for a yes in a column."""
    return any(clause.kind == "flag" and clause.column == column for clause in clauses_of(expression))


def with_values(expression: str, column: str, values: Sequence[str]) -> str:
    """Return the expression with this choice of values in a column; none = the column is not asked about.

    >>> with_values("amount >= 10", "segment", ["loyal", "champions"])
    "amount >= 10 AND segment IN ('loyal', 'champions')"
    """
    listed = ", ".join(_quoted(value) for value in values)
    return _replaced(expression, column, ("among",), [f"{column} IN ({listed})"] if values else [])


def with_tastes(expression: str, column: str, values: Sequence[str]) -> str:
    """Return the expression that asks a list column for all of these values."""
    return _replaced(expression, column, ("taste",), [f"array_contains({column}, {_quoted(value)})" for value in values])


def with_span(expression: str, column: str, low: float | None, high: float | None) -> str:
    """Return the expression with this range of a column; None = open.

    >>> with_span("recency_days <= 9", "recency_days", 28, 91)
    'recency_days BETWEEN 28 AND 91'
    """
    if low is not None and high is not None:
        made = [f"{column} BETWEEN {_number(low)} AND {_number(high)}"]
    else:
        made = [f"{column} >= {_number(low)}"] if low is not None else [f"{column} <= {_number(high)}"] if high is not None else []
    return _replaced(expression, column, ("range",), made)


def with_flag(expression: str, column: str, wanted: bool) -> str:
    """Return the expression with or without the demand for a yes in a column."""
    return _replaced(expression, column, ("flag",), [column] if wanted else [])


def with_clause(expression: str, place: int, text: str) -> str:
    """Return the expression with its clause at `place` put in the words `text` ('' = taken away); beyond the last it is added.

    >>> with_clause("a = 1 AND b = 2", 0, ""), with_clause("a = 1", 1, "b = 2 OR c = 3")
    ('b = 2', 'a = 1 AND (b = 2 OR c = 3)')
    """
    texts = [clause.text for clause in clauses_of(expression)]
    texts[place : place + 1] = [text] if text else []
    return joined(texts)


def joined(texts: Sequence[str]) -> str:
    """Return clauses as one expression."""
    return " AND ".join(_alone(text) for text in texts) if len(texts) > 1 else "".join(texts)


def _replaced(expression: str, column: str, kinds: tuple[Kind, ...], made: list[str]) -> str:
    """Put `made` where the first clause of the control stood (else at the end), and drop its others."""
    texts: list[str] = []
    for clause in clauses_of(expression):
        if clause.column == column and clause.kind in kinds:
            texts += made
            made = []
        else:
            texts.append(clause.text)
    texts += made
    return joined(texts)


def _alone(text: str) -> str:
    """A clause that holds an OR needs brackets once others stand beside it."""
    return f"({text})" if len(_parts(read_where(text).tokens, "or")) > 1 else text


def _parts(tokens: Iterable[Token], word: str = "and") -> list[list[Token]]:
    """Split at every AND (or OR) outside brackets; the AND of a BETWEEN, and what a CASE holds, belongs to its part."""
    parts: list[list[Token]] = [[]]
    depth, between, case = 0, 0, 0
    tokens = list(tokens)
    whole_or = word == "and" and len(_parts(tokens, "or")) > 1  # a OR b AND c is one clause: AND binds its neighbours only
    for token in tokens:
        text = token.text.lower()
        depth += {"(": 1, ")": -1}.get(text, 0)
        case += {"case": 1, "end": -1}.get(text, 0)
        between += text == "between"
        if text == word and depth == 0 and case == 0 and not whole_or:
            if text == "and" and between:
                between -= 1
            else:
                parts.append([])
                continue
        parts[-1].append(token)
    return parts


def _clause(tokens: list[Token], text: str) -> Clause:
    words = [token.text.lower() for token in tokens]
    kinds = [token.kind for token in tokens]
    first = tokens[0].word
    if kinds[0] not in ("name", "quoted"):
        return Clause(text)
    if len(tokens) == 1:
        return Clause(text, "flag", first)
    if kinds == ["name", "sign", "text"] and words[1] in ("=", "=="):
        return Clause(text, "among", first, (_bare(tokens[2]),))
    values = tokens[3:-1:2]
    if words[1:3] == ["in", "("] and words[-1] == ")" and values and all(token.kind == "text" for token in values):
        return Clause(text, "among", first, tuple(_bare(token) for token in values))
    if words[:2] == ["array_contains", "("] and kinds[2:] == ["name", "sign", "text", "sign"]:
        return Clause(text, "taste", tokens[2].word, (_bare(tokens[4]),))
    if kinds == ["name", "sign", "number"] and words[1] in (">=", "<="):
        limit = float(words[2])
        return Clause(text, "range", first, low=limit if words[1] == ">=" else None, high=limit if words[1] == "<=" else None)
    if words[1] == "between" and kinds[2:] == ["number", "name", "number"]:
        return Clause(text, "range", first, low=float(words[2]), high=float(words[4]))
    return Clause(text)


def _bare(token: Token) -> str:
    return token.text[1:-1].replace("''", "'")


def _quoted(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _number(value: float | None) -> str:
    return f"{value:.15g}"
