"""What a WHERE expression may hold: which functions and types, how long, how deep.

Polars' SQL knows functions whose result is as long as a number says (`lpad(member_id, 100000000, 'x')` took 12.8 GB), which grow with every
nesting (`replace`), or read a pattern for as long as it likes; and its parser tries 2^n ways through n brackets once they are too deep for
it. So what is allowed is listed here, and all else is refused before polars sees it: with these functions no result is longer than the
expression and its columns together, and time is that of one pass over the members for each word.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from toolkit.errors import shorten
from toolkit.language import tr

if TYPE_CHECKING:
    from toolkit.scope.where import Token

LONGEST = 4_000_000
"""Characters of an expression: some 300,000 ids in IN lists."""
MOST_WORDS = 2_000
"""Words and signs that are no values of a list."""
MOST_STEPS = 500
"""AND, OR, comparisons and sums: a chain of some thousands ends the process inside polars. IN (...) takes any number."""
DEEPEST = 16
"""Brackets, CASE and NOT inside each other: polars' parser gives up at about 24, and from 50 on tries for ever."""
MOST_ARGUMENTS = 50
LONGEST_TEXT = 1_000
LARGEST = 1e15
"""Of a number in an expression: whole numbers beyond 9.2e18 would wrap round."""

FUNCTIONS = (
    (
        "abs",
        "ceil",
        "ceiling",
        "div",
        "exp",
        "floor",
        "ln",
        "log",
        "log10",
        "log2",
        "mod",
        "pow",
        "power",
        "round",
        "sign",
        "sqrt",
        "trunc",
    ),
    ("char_length", "concat", "ends_with", "initcap", "left", "length", "lower", "ltrim", "position", "right", "rtrim", "starts_with"),
    ("strpos", "substr", "substring", "trim", "upper"),
    ("date_part", "day", "dayofweek", "dayofyear", "month", "quarter", "week", "year"),
    ("cast", "coalesce", "greatest", "if", "ifnull", "least", "nullif", "try_cast"),
    ("array_contains", "array_length"),
    ("avg", "count", "max", "median", "min", "quantile_cont", "quantile_disc", "stddev", "sum", "variance"),
    ("dense_rank", "rank", "row_number"),
)
"""Functions an expression may call: of numbers, texts, days, any value, lists, all members, and places among them."""
_FUNCTIONS = tuple(name for family in FUNCTIONS for name in family)
_BEFORE_BRACKET = ("and", "or", "not", "in", "between", "like", "ilike", "is", "case", "when", "then", "else", "over", "by", "distinct")
TYPES = ("bigint", "boolean", "date", "double", "float", "int", "integer", "real", "smallint", "text", "varchar")
"""Types that a value may be cast to."""
_PATTERNS = ("rlike", "regexp", "similar")


def too_long(text: str) -> str:
    """Return the sentence for a text that is too long to be read, else an empty one."""
    if len(text) <= LONGEST:
        return ""
    return tr(
        "The audience's expression has {length:,} characters; at most {most:,} are read. Give a long list of members as a list, or save it "
        "as an audience.",
        length=len(text),
        most=LONGEST,
    )


def refused_token(tokens: Sequence[Token]) -> tuple[Token, str] | None:
    """Return the first word that an expression may not hold, and what is said of it (part of a sentence); None where all is well."""
    brackets = list[list[int]]()  # of each that is open: is it a list of values, how many commas
    words = run = 0
    for at, token in enumerate(tokens):
        word = token.text.lower() if token.kind in ("name", "sign") else ""
        fault = _value_fault(token) or _name_fault(tokens, at, word)
        run = run + 1 if word in ("not", "-", "+") else 0
        if word in ("(", "[", "case"):
            brackets.append([int(at > 0 and tokens[at - 1].text.lower() == "in"), 0])
        elif word in (")", "]", "end") and brackets:
            brackets.pop()
        elif word == "," and brackets:
            brackets[-1][1] += 1
            if not brackets[-1][0] and brackets[-1][1] >= MOST_ARGUMENTS:
                fault = tr("more than {most} values between two brackets", most=MOST_ARGUMENTS)
        words += not (token.kind in ("text", "number") or word == ",")
        if len(brackets) + run > DEEPEST:
            fault = tr("brackets, CASE or NOT more than {most} deep", most=DEEPEST)
        elif words > MOST_WORDS:
            fault = tr("more than {most:,} words", most=MOST_WORDS)
        if fault:
            return token, fault
    return None


def _value_fault(token: Token) -> str:
    if token.kind == "text" and len(token.text) > LONGEST_TEXT:
        return tr("a text of {length:,} characters, but at most {most:,} are read", length=len(token.text) - 2, most=LONGEST_TEXT)
    if token.kind == "number" and (len(token.text) > 40 or float(token.text) > LARGEST):
        return tr("a number over {largest:,.0f}", largest=LARGEST)
    return ""


def _name_fault(tokens: Sequence[Token], at: int, word: str) -> str:
    token, before = tokens[at], tokens[at - 1].text.lower() if at else ""
    if token.kind not in ("name", "quoted"):
        return ""
    if word in _PATTERNS:
        return tr("'{text}', but patterns are read by LIKE alone: LIKE '%tea%'", text=token.text)
    if before in ("::", "as"):
        if token.word.lower() not in TYPES:
            return tr("'{text}', which is no type of value here; known are {names}", text=shorten(token.text, 40), names=", ".join(TYPES))
    elif at + 1 < len(tokens) and tokens[at + 1].text == "(" and word not in _BEFORE_BRACKET and token.word.lower() not in _FUNCTIONS:
        names = ", ".join(_FUNCTIONS)
        return tr("'{text}', which is no function of an audience; known are {names}", text=shorten(token.text, 40), names=names)
    return ""
