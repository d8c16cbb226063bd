"""WHERE expressions over the members table: read, checked against the columns, and applied; a fault is shown under the word it lies in.

Polars' own SQL expressions, made safe where they would mislead: what is divided by zero is unknown (polars says infinite, and infinite is
more than any limit), counts do not wrap below zero, a day in quotes is a day, and nothing may depend on today's clock or on chance.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import polars as pl

from toolkit.errors import BadValue, UnknownName, checked_text, nearest, shorten
from toolkit.language import tr
from toolkit.scope.member_columns import RENAMED
from toolkit.scope.where_limits import MOST_STEPS, refused_token, too_long

Sort = Literal["text", "number", "date", "flag", "list", "other"]

_TOKEN = re.compile(
    r"""(?P<space>\s+)|(?P<text>'(?:[^']|'')*')|(?P<quoted>"[^"]*"|`[^`]*`)|(?P<number>\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+)
    |(?P<name>[^\W\d]\w*)|(?P<comment>--|/\*)|(?P<sign><=|>=|<>|!=|==|::|\|\||&&|[<>=+\-*/%(),;.\[\]])""",
    re.VERBOSE,
)
_COMPARE = ("=", "==", "!=", "<>", "<", ">", "<=", ">=")
_NO_CLOCK = ("current_date", "current_time", "current_timestamp", "now", "today", "random", "rand", "localtime", "localtimestamp")
_AFTER_VALUE = (
    "and",
    "or",
    "in",
    "is",
    "not",
    "like",
    "ilike",
    "between",
    "then",
    "else",
    "end",
    "when",
    "as",
    "rlike",
    "regexp",
    "similar",
)


@dataclass(frozen=True)
class Token:
    """One word of an expression and where it stands."""

    kind: str
    text: str
    start: int

    @property
    def end(self) -> int:
        """Position behind it."""
        return self.start + len(self.text)

    @property
    def word(self) -> str:
        """The word as a column or keyword is compared: without quotes."""
        return self.text[1:-1] if self.kind == "quoted" else self.text


@dataclass(frozen=True)
class Where:
    """A WHERE expression that can be read; `names` are the columns it speaks of."""

    text: str
    tokens: tuple[Token, ...]

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Columns the expression speaks of, in order of appearance."""
        return tuple(dict.fromkeys(_parsed(self, self.text).meta.root_names()))

    def check_names(self, known: Iterable[str]) -> None:
        """Refuse a column that is not `known`, pointing at it and naming the nearest."""
        columns = sorted(known)
        faults = []
        for name in self.names:
            if name in columns:
                continue
            token = next((token for token in self.tokens if token.kind in ("name", "quoted") and token.word == name), None)
            if token is not None and token.kind == "quoted" and _is_value(self.tokens, token):
                faults.append(
                    tr(
                        "\"{name}\" in double quotes is read as a column; text goes in single quotes: '{name}'.{under}",
                        name=name,
                        under=self.under(token),
                    )
                )
                continue
            near = nearest(name, columns)
            guess = tr("; did you mean '{near}'?", near=near[0]) if near else tr(". `toolkit audience columns WORKSPACE` lists them all.")
            faults.append(
                tr(
                    "The members table has no column '{name}'{guess}{under}",
                    name=name,
                    guess=guess,
                    under=self.under(token) if token else "",
                )
            )
        if faults:
            raise UnknownName("\n".join(faults))

    def apply(self, members: pl.DataFrame) -> pl.Series:
        """Return, per row of the members, whether the condition holds; an unknown answer (null, or a division by zero) is no.

        Raises
        ------
        BadValue
            It compares what cannot be compared, or is no condition on each member.
        """
        self.check_names(members.columns)
        self._check_words(members)
        if not self.names:
            raise BadValue(_one_for_all(self.shown))
        sorts: dict[str, Sort] = {name: sort_of(members.schema[name]) for name in self.names}
        _check_sorts(self, sorts)
        expr = _parsed(self, _made_safe(list(self.tokens), sorts))
        whole = [pl.col(name).cast(pl.Int64) for name in self.names if members.schema[name].is_unsigned_integer()]
        try:
            inside = members.select(self.names).with_columns(whole).select(expr.alias("inside"))["inside"]
        except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
            fault = shorten((str(error).splitlines() or [""])[0].rstrip("."), 200)
            raise BadValue(tr("audience '{shown}' cannot be applied to the members table: {said}.", shown=self.shown, said=fault)) from None
        if inside.dtype != pl.Boolean:
            given = {"text": tr("text"), "number": tr("a number"), "date": tr("a date"), "list": tr("a list")}.get(
                sort_of(inside.dtype), str(inside.dtype)
            )
            raise BadValue(
                tr(
                    "audience '{shown}' gives {given}, but a condition (true or false for each member) was needed.",
                    shown=self.shown,
                    given=given,
                )
            )
        if inside.len() != members.height:
            raise BadValue(_one_for_all(self.shown))
        return inside.fill_null(False)

    def _check_words(self, members: pl.DataFrame) -> None:
        """Refuse a word that members no longer have since it is called otherwise: it would choose nobody, without a sound."""
        for name, value in _compared(self):
            word = value.text[1:-1]
            new = RENAMED.get((name, word))
            if new is not None and word not in members[name] and new in members[name]:
                raise BadValue(
                    tr(
                        "The {name} '{word}' is called '{new}' now: write '{new}'.{under}",
                        name=name,
                        word=word,
                        new=new,
                        under=self.under(value),
                    )
                )

    def is_chain_of(self, joint: str) -> bool:
        """Say whether the expression is a chain of `joint` ("and", "or") and nothing else outside its brackets joins or branches."""
        depth, outside = 0, set[str]()
        for token in self.tokens:
            depth += {"(": 1, ")": -1}.get(token.text, 0)
            if depth == 0 and token.kind == "name":
                outside.add(token.text.lower())
        return joint in outside and not outside & ({"and", "or", "between", "case"} - {joint})

    @property
    def shown(self) -> str:
        """The expression as a sentence quotes it: long ones shortened."""
        return self.text if len(self.text) <= 160 else tr("{text} ... ({length:,} characters)", text=self.text[:150], length=len(self.text))

    def under(self, token: Token) -> str:
        """Return two lines: the expression (its surroundings, where it is long) and marks under the word."""
        low, high = max(0, token.start - 60), min(len(self.text), token.end + 40, token.start + 120)
        line = re.sub(r"\s", " ", self.text[low:high])
        return f"\n  {line}\n  {' ' * (token.start - low)}{'^' * min(len(token.text), 60)}"


def read_where(text: str) -> Where:
    """Return the expression `text` (a leading WHERE may stay), split into words.

    >>> read_where("order_count > 3 AND stage = 'lapsing'").names
    ('order_count', 'stage')

    Raises
    ------
    BadValue
        It is no WHERE expression; the message shows where.
    """
    if fault := too_long(text):
        raise BadValue(fault)
    text = checked_text(re.sub(r"^\s*where\s+", "", text, flags=re.IGNORECASE).strip(), "audience")
    if not text:
        raise BadValue(tr("The audience's expression is empty; a condition such as order_count > 3 was needed."))
    where = Where(text, tuple(_tokens(text)))
    steps = sum((token.kind == "sign" and token.text not in "(),.") or token.text.lower() in ("and", "or") for token in where.tokens)
    if steps > MOST_STEPS:
        raise BadValue(
            tr(
                "audience '{shown}' is a chain of {steps:,} steps; at most {most} are read. A list of members or values goes into "
                "IN: member_id IN ('m1', 'm2', ...), which takes any number.",
                shown=where.shown,
                steps=steps,
                most=MOST_STEPS,
            )
        )
    if found := refused_token(where.tokens):
        _refuse(where, *found)
    _check_shape(where)
    _ = where.names  # what cannot be parsed is refused here
    return where


def sort_of(dtype: pl.DataType) -> Sort:
    """Return what kind of value a column holds, as far as comparing goes."""
    if dtype == pl.Boolean:
        return "flag"
    if dtype.is_numeric():
        return "number"
    if dtype in (pl.String, pl.Categorical, pl.Enum):
        return "text"
    return "date" if dtype.is_temporal() else "list" if isinstance(dtype, pl.List) else "other"


def text_values(where: Where) -> list[tuple[str, str]]:
    """Return (column, text) for every column that is compared with a text by =, or looked up with IN."""
    return [(name, value.text[1:-1].replace("''", "'")) for name, value in _compared(where) if value.kind == "text"]


def text_values_replaced(where: Where, changes: Mapping[str, str], columns: Iterable[str] | None = None) -> str:
    """Return the expression with other texts for some: wherever they stand, or only where one of these columns is compared with them."""
    chosen = None if columns is None else set(columns)
    places = None if chosen is None else {value.start for name, value in _compared(where) if name in chosen}
    text = where.text
    for token in reversed(where.tokens):
        if token.kind == "text" and (places is None or token.start in places):
            new = changes.get(token.text[1:-1].replace("''", "'"))
            if new is not None:
                text = text[: token.start] + "'" + new.replace("'", "''") + "'" + text[token.end :]
    return text


def _tokens(text: str) -> list[Token]:
    tokens, at = [], 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup == "comment":
            odd = Token("odd", text[at], at)
            what = tr("a quote that is never closed") if text[at] in "'\"`" else tr("'{text}', which has no meaning here", text=text[at])
            raise BadValue(tr("The audience is not a WHERE expression: it has {what}.{under}", what=what, under=Where(text, ()).under(odd)))
        if match.lastgroup != "space":
            tokens.append(Token(match.lastgroup or "", match.group(), at))
        at = match.end()
    return tokens


def _check_shape(where: Where) -> None:
    """Say in words what the parser only calls unreadable."""
    open_ones: list[Token] = []
    before: Token | None = None
    for token in where.tokens:
        word = token.text.lower()
        if token.text == "(":
            open_ones.append(token)
        elif token.text == ")":
            if not open_ones:
                _refuse(where, token, tr("a closing bracket without its opening one"))
            open_ones.pop()
        elif token.text == "&&":
            _refuse(where, token, tr("'&&'; write AND"))
        elif token.text == ";":
            _refuse(where, token, tr("';', but one condition was needed"))
        elif token.kind == "name" and word in ("select", "from"):
            _refuse(where, token, tr("'{text}', but one condition on the members table was needed, not a query", text=token.text))
        elif token.kind == "number" and before is not None and before.text in ("/", "%") and float(token.text) == 0:
            _refuse(where, token, tr("a division by zero"))
        elif token.kind == "name" and word in _NO_CLOCK:
            _refuse(
                where, token, tr("'{text}', but an audience must not depend on today's clock or on chance; write the day", text=token.text)
            )
        starts_value = token.kind in ("text", "number", "quoted") or (token.kind == "name" and word not in _AFTER_VALUE)
        if before is not None and starts_value and before.kind in ("number", "quoted", "text"):
            _refuse(where, token, tr("no AND, OR or sign between {left} and {right}", left=before.text[:40], right=token.text[:40]))
        before = token
    if open_ones:
        _refuse(where, open_ones[-1], tr("a bracket that is never closed"))
    last = where.tokens[-1]
    if (last.kind == "sign" and last.text != ")") or last.text.lower() in ("and", "or", "not", "in", "like", "ilike", "between", "is"):
        _refuse(where, last, tr("nothing after '{text}'", text=last.text))


def _refuse(where: Where, token: Token, what: str) -> None:
    raise BadValue(
        tr("audience '{shown}' is not a WHERE expression: it has {what}.{under}", shown=where.shown, what=what, under=where.under(token))
    )


def _parsed(where: Where, text: str) -> pl.Expr:
    try:
        return pl.sql_expr(text)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        fault = shorten((str(error).splitlines() or [""])[0], 200)
        fault = tr("it cannot be read") if "unable to parse" in fault else fault
        raise BadValue(
            tr(
                "audience '{shown}' is not a WHERE expression: {said}. An example: order_count > 3 AND contactable.",
                shown=where.shown,
                said=fault,
            )
        ) from None


def _one_for_all(shown: str) -> str:
    return tr("audience '{shown}' gives one value for all; a condition on each member was needed, as order_count > 3.", shown=shown)


def _is_value(tokens: tuple[Token, ...], token: Token) -> bool:
    """Whether a word stands where a value does: behind a comparison or inside IN (...)."""
    at = tokens.index(token)
    return at > 0 and (tokens[at - 1].text in (*_COMPARE, "(", ",") or tokens[at - 1].text.lower() in ("like", "ilike"))


def _compared(where: Where) -> list[tuple[str, Token]]:
    """Return (column, literal) wherever a bare column is compared with a literal: signs, IN, BETWEEN."""
    tokens, names, pairs = where.tokens, set(where.names), []
    for at, token in enumerate(tokens):
        if token.kind not in ("name", "quoted") or token.word not in names:
            continue
        rest = [one.text.lower() for one in tokens[at + 1 : at + 3]]
        skip = 1 if rest[:1] == ["not"] else 0
        after = tokens[at + 1 + skip :]
        if not after:
            pass
        elif after[0].text in _COMPARE:
            pairs += _literal_behind(token, after, 1)
        elif after[0].text.lower() == "between":
            pairs += _literal_behind(token, after, 1) + _literal_behind(token, after, 3)
        elif after[0].text.lower() == "in" and len(after) > 1 and after[1].text == "(":
            for value in after[2:]:
                if value.text == ")":
                    break
                pairs += [(token.word, value)] if value.kind in ("text", "number") else []
        if at > 1 and tokens[at - 1].text in _COMPARE and tokens[at - 2].kind in ("text", "number"):
            pairs.append((token.word, tokens[at - 2]))
    return pairs


def _literal_behind(column: Token, after: tuple[Token, ...], step: int) -> list[tuple[str, Token]]:
    """The literal `step` words behind a column, unless it opens a sum."""
    if len(after) <= step or after[step].kind not in ("text", "number"):
        return []
    follows = after[step + 1].text if len(after) > step + 1 else ""
    return [] if follows in ("+", "-", "*", "/", "%", "||", "::") else [(column.word, after[step])]


def _check_sorts(where: Where, sorts: Mapping[str, Sort]) -> None:
    faults = []
    for name, value in _compared(where):
        sort, shown = sorts[name], value.text if len(value.text) <= 40 else value.text[:40] + "..."
        if sort == "text" and value.kind == "number":
            fault = tr("'{name}' is text, so {shown} needs single quotes: '{shown}'", name=name, shown=shown)
        elif sort == "number" and value.kind == "text":
            bare = value.text[1:-1]
            advice = (
                tr("write {bare} without quotes", bare=bare) if re.fullmatch(r"-?\d+(\.\d+)?", bare) else tr("compare it with a number")
            )
            fault = tr("'{name}' is a number, but {shown} is text; {advice}", name=name, shown=shown, advice=advice)
        elif sort == "date" and not (value.kind == "text" and _is_day(value.text[1:-1])):
            fault = tr("'{name}' is a date, so a day such as '2026-01-31' was needed, but {shown} came", name=name, shown=shown)
        elif sort == "flag":
            fault = tr("'{name}' is yes or no; write {name} or NOT {name}", name=name)
        elif sort == "list":
            fault = tr("'{name}' is a list; write array_contains({name}, {shown})", name=name, shown=shown)
        else:
            continue
        faults.append(
            tr(
                "audience '{shown}' cannot be applied to the members table: {said}.{under}",
                shown=where.shown,
                said=fault,
                under=where.under(value),
            )
        )
    if faults:
        more = tr("\n... and {faults:,} more like these.", faults=len(faults) - 5) if len(faults) > 5 else ""
        raise BadValue("\n".join(faults[:5]) + more)


def _is_day(text: str) -> bool:
    return re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])", text) is not None


def _made_safe(tokens: list[Token], sorts: Mapping[str, Sort]) -> str:
    """Return the expression with days as days and divisions that give null for a zero."""
    where = Where("", tuple(tokens))
    where.__dict__["names"] = tuple(sorts)
    days = {value.start for name, value in _compared(where) if sorts[name] == "date" and value.kind == "text"}
    words = [f"DATE {token.text}" if token.start in days else token.text for token in tokens]
    for at in range(len(tokens) - 1, -1, -1):  # from the last: what stands inside a divisor is already wrapped
        if tokens[at].text not in ("/", "%"):
            continue
        end = _operand_end(tokens, at + 1)
        words[at + 1] = "NULLIF(" + words[at + 1]
        words[end] += ", 0)"
    return " ".join(words)


def _operand_end(tokens: list[Token], at: int) -> int:
    """Return where the operand that starts at `at` ends: a sign, then a value, a bracket, or a function with its bracket."""
    while at < len(tokens) - 1 and tokens[at].text in ("-", "+"):
        at += 1
    if tokens[at].kind == "name" and at + 1 < len(tokens) and tokens[at + 1].text == "(":
        at += 1
    if tokens[at].text == "(":
        depth = 0
        for place in range(at, len(tokens)):
            depth += {"(": 1, ")": -1}.get(tokens[place].text, 0)
            if depth == 0:
                at = place
                break
    while at + 2 < len(tokens) and tokens[at + 1].text == "::":
        at += 2
    return at
