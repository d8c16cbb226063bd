"""An audience as plain conditions, each a row that reads as a part of one sentence: `who spent over 100 in the last 13 weeks`.

A condition is a clause of the audience's expression and nothing beside it: rows and the expression are one. What no row can show stays as
it was typed (`subject` is None).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from toolkit import language, wording
from toolkit.audience.clauses import clauses_of
from toolkit.errors import BadValue
from toolkit.language import later, tr
from toolkit.scope.member_columns import member_column
from toolkit.scope.where import read_where

Kind = Literal["money", "number", "weeks", "choice", "taste", "flag", "day"]
_NUMBERS = (">", ">=", "<=", "<", "between")
RELATIONS: Mapping[Kind, tuple[str, ...]] = {
    "money": _NUMBERS, "number": _NUMBERS, "weeks": (">=",), "choice": ("in", "not in"), "taste": ("in",), "flag": ("yes", "no"),
    "day": (">=", "<"),
}  # fmt: skip
_RELATION_WORDS = {
    ">": later("over"), ">=": later("at least"), "<=": later("at most"), "<": later("under"), "between": later("between"),
    "in": later("is"), "not in": later("is not"), "yes": later("yes"), "no": later("no"),
}  # fmt: skip
_DAY_WORDS = {">=": later("since"), "<": later("before")}
_LIMITS = {
    ">": later("over {value}"), ">=": later("at least {value}"), "<=": later("at most {value}"), "<": later("under {value}"),
    "between": later("between {value}"), "in": later("{value}"), "not in": later("not {value}"),
}  # fmt: skip
_DAY_LIMITS = {">=": later("since {value}"), "<": later("before {value}")}
_TO = re.compile(r"\s*(?:\.\.|–|—|~|\bto\b|\band\b|到|至|和)\s*")


@dataclass(frozen=True)
class Subject:
    """What a condition speaks of: its column, its name in a list of choices, and the sentence that it makes (`{limit}`: how much)."""

    column: str
    kind: Kind
    words: str
    said: str
    unsaid: str = ""


SUBJECTS: Mapping[str, Subject] = {
    "spent_28": Subject("amount_28d", "money", later("spent in the last 4 weeks"), later("who spent {limit} in the last 4 weeks")),
    "spent_91": Subject("amount_91d", "money", later("spent in the last 13 weeks"), later("who spent {limit} in the last 13 weeks")),
    "spent_365": Subject("amount_365d", "money", later("spent in the last year"), later("who spent {limit} in the last year")),
    "spent": Subject("amount", "money", later("spent so far"), later("who spent {limit} so far")),
    "ordered_28": Subject(
        "order_count_28d", "number", later("orders in the last 4 weeks"), later("who ordered {limit}× in the last 4 weeks")
    ),
    "ordered_91": Subject(
        "order_count_91d", "number", later("orders in the last 13 weeks"), later("who ordered {limit}× in the last 13 weeks")
    ),
    "ordered_365": Subject("order_count_365d", "number", later("orders in the last year"), later("who ordered {limit}× in the last year")),
    "ordered": Subject("order_count", "number", later("orders so far"), later("who ordered {limit}× so far")),
    "away": Subject("recency_days", "weeks", later("have not come for … weeks"), later("who have not come for {limit}")),
    "came": Subject("recency_days", "weeks", later("came in the last … weeks"), later("who came in the last {limit}")),
    "recency": Subject("recency_days", "number", later("days since the last order"), later("whose last order is {limit} days ago")),
    "order_value": Subject("order_value", "money", later("value of an order"), later("whose orders are worth {limit}")),
    "per_month": Subject("spend_per_month", "money", later("spend a month"), later("who spend {limit} a month")),
    "categories": Subject("category_count", "number", later("number of categories"), later("who buy from {limit} categories")),
    "likes": Subject("tastes", "taste", later("like"), later("who like {limit}")),
    "mostly": Subject("top_category", "choice", later("spend most on"), later("who spend most on {limit}")),
    "segment": Subject("segment", "choice", later("segment"), later("of the segment {limit}")),
    "stage": Subject("stage", "choice", later("stage of life as a member"), later("at the stage {limit}")),
    "power": Subject("spending_power", "choice", later("spending power"), later("with {limit} spending power")),
    "deals": Subject("promo_level", "choice", later("wait for discounts"), later("whose wait for discounts is {limit}")),
    "loyalty": Subject("loyalty_level", "choice", later("loyalty"), later("whose loyalty is {limit}")),
    "slipping": Subject("losing_touch", "flag", later("slipping away"), later("who are slipping away"), later("who are not slipping away")),
    "contact": Subject("contactable", "flag", later("may be contacted"), later("who may be contacted"), later("who may not be contacted")),
    "joined": Subject("joined_on", "day", later("joined"), later("who joined {limit}")),
    "first": Subject("first_ordered_on", "day", later("first order"), later("who first ordered {limit}")),
    "tier": Subject("tier", "choice", later("tier"), later("of the tier {limit}")),
    "store": Subject("home_store_id", "choice", later("home store"), later("whose home store is {limit}")),
    "channel": Subject("top_channel", "choice", later("usual channel"), later("who usually buy by {limit}")),
}  # fmt: skip
"""What a page offers; a column that the shop's own members table adds is a subject under its own name (`subject_of`)."""
_OWN_WORDS = ("segment", "stage", "spending_power", "promo_level", "loyalty_level")


@dataclass(frozen=True)
class Condition:
    """One row: what it speaks of ('' = what no row can show), how, and what was typed; `text` is its clause ('' = not finished)."""

    subject: str
    relation: str = ""
    value: str = ""
    text: str = ""

    @property
    def words(self) -> str:
        """The condition as a part of a sentence, in the reader's language."""
        return said(self) or self.text


def subject_of(key: str) -> Subject:
    """Return a subject; a key that is none is a column of the shop's own.

    >>> subject_of("shoe_size").kind
    'choice'
    """
    if key in SUBJECTS:
        return SUBJECTS[key]
    return Subject(key, "choice", member_column(key).heading, later("whose {name} is {limit}"))


def relation_words(kind: Kind, relation: str) -> str:
    """Return a relation as a row shows it."""
    return tr((_DAY_WORDS if kind == "day" else _RELATION_WORDS)[relation])


def conditions_of(expression: str, columns: Sequence[str] = ()) -> list[Condition]:
    """Return the rows of an expression, one a clause. `columns`: the shop's own, which may be a subject too.

    >>> conditions_of("amount_91d > 100 AND recency_days >= 42 AND array_contains(tastes, 'BEER') AND NOT losing_touch")[1].words
    'who have not come for 6 weeks'

    Raises
    ------
    BadValue
        It is no WHERE expression.
    """
    return [_condition(clause.text, columns) for clause in clauses_of(expression)]


def _condition(text: str, columns: Sequence[str]) -> Condition:
    where = read_where(text)
    tokens = [token for token in where.tokens if token.text not in "(),"]
    words = [token.text.lower() for token in tokens]
    unread = Condition("", text=text)
    if len(tokens) in (1, 2) and words[:-1] in ([], ["not"]) and where.names:
        subject = _known(where.names[0], "flag")
        return Condition(subject, "no" if len(tokens) == 2 else "yes", text=text) if subject else unread
    if words[0] == "array_contains" and [token.kind for token in tokens[1:]] == ["name", "text"]:
        subject = _known(tokens[1].word, "taste")
        return Condition(subject, "in", _bare(tokens[2].text), text) if subject else unread
    if len(tokens) < 3 or tokens[0].kind not in ("name", "quoted"):
        return unread
    column, rest = tokens[0].word, tokens[1:]
    relation = {"=": "in", "==": "in", "!=": "not in", "<>": "not in"}.get(words[1], "not in" if words[1:3] == ["not", "in"] else words[1])
    values = rest[2 if words[1:3] == ["not", "in"] else 1 :]
    if relation == "between" and [token.kind for token in values] == ["number", "name", "number"]:
        return _numeric(column, "between", (values[0].text, values[2].text), text)
    if len(values) == 1 and values[0].kind == "number":
        return _numeric(column, relation, (values[0].text,), text)
    if not values or any(token.kind != "text" for token in values):
        return unread
    typed = [_bare(token.text) for token in values]
    if relation in (">=", "<") and len(typed) == 1 and (subject := _known(column, "day")):
        return Condition(subject, relation, typed[0], text)
    subject = _known(column, "choice") or (column if column in columns else "")
    return Condition(subject, relation, "; ".join(typed), text) if subject and relation in ("in", "not in") else unread


def _numeric(column: str, relation: str, numbers: tuple[str, ...], text: str) -> Condition:
    value = " – ".join(numbers)
    weeks = {">=": "away", "<=": "came"}.get(relation)
    if column == "recency_days" and weeks and float(numbers[0]) % 7 == 0 and float(numbers[0]) > 0:
        return Condition(weeks, ">=", f"{float(numbers[0]) / 7:g}", text)
    subject = _known(column, "money") or _known(column, "number")
    return Condition(subject, relation, value, text) if subject and relation in _NUMBERS else Condition("", text=text)


def _known(column: str, kind: Kind) -> str:
    return next((key for key, subject in SUBJECTS.items() if subject.column == column and subject.kind == kind), "")


def clause_of(condition: Condition) -> str:
    """Return the clause of a condition; '' while it says nothing yet.

    >>> clause_of(Condition("spent_91", ">", "1,000")), clause_of(Condition("likes", "in", "BEER"))
    ('amount_91d > 1000', "array_contains(tastes, 'BEER')")

    Raises
    ------
    BadValue
        Its value is no number, or no day.
    """
    subject, value = subject_of(condition.subject), condition.value.strip()
    column, relation = subject.column, condition.relation
    if subject.kind == "flag":
        return f"NOT {column}" if relation == "no" else column
    if not value:
        return ""
    if subject.kind == "day":
        return f"{column} {relation} '{_day(value, tr(subject.words))}'"
    if subject.kind == "weeks":
        return f"{column} {'<=' if condition.subject == 'came' else '>='} {7 * _number(value, tr(subject.words)):.15g}"
    if subject.kind in ("money", "number"):
        if relation != "between":
            return f"{column} {relation} {_number(value, tr(subject.words)):.15g}"
        ends = [part for part in _TO.split(value) if part]
        if len(ends) < 2:  # the second is still to come
            return ""
        if len(ends) > 2:
            raise BadValue(
                tr("“{value}” came for “{what}”, but two numbers were needed, such as 10 – 100.", value=value, what=tr(subject.words))
            )
        low, high = sorted(_number(part, tr(subject.words)) for part in ends)
        return f"{column} BETWEEN {low:.15g} AND {high:.15g}"
    values = [_quoted(part.strip()) for part in value.split(";") if part.strip()]
    if subject.kind == "taste":
        return " AND ".join(f"array_contains({column}, {one})" for one in values)
    return f"{column} {'NOT IN' if relation == 'not in' else 'IN'} ({', '.join(values)})"


def said(condition: Condition) -> str:
    """Return a condition as a part of a sentence; '' where no sentence is known for it, or it is not finished."""
    if not condition.subject:
        return ""
    subject = subject_of(condition.subject)
    if subject.kind == "flag":
        return tr(subject.unsaid if condition.relation == "no" else subject.said)
    if not condition.value:
        return ""
    ours = subject.column in _OWN_WORDS
    parts = [language.word(part) if ours else part for part in condition.value.split("; ")]
    value = tr(" or ").join(parts)
    if subject.kind == "weeks":
        limit = tr("1 week") if value == "1" else tr("{value} weeks", value=value)
    elif subject.kind == "day":
        limit = tr(_DAY_LIMITS[condition.relation], value=value)
    else:
        limit = tr(_LIMITS[condition.relation], value=value)
    return tr(subject.said, limit=limit, name=subject.words)


def sentence(expression: str, columns: Sequence[str] = ()) -> str:
    """Return an expression as one phrase, `members who spent over 100 so far and who like BEER`; '' where a clause has none."""
    rows = [said(condition) for condition in conditions_of(expression, columns)]
    return tr("members {conditions}", conditions=wording.listing(rows)) if rows and all(rows) else ""


def _number(text: str, what: str) -> float:
    plain = re.sub(r"[,\s$€£¥]", "", text)
    try:
        return float(plain)
    except ValueError:
        raise BadValue(tr("“{text}” came for “{what}”, but a number was needed, such as 2.5 or 1,000.", text=text, what=what)) from None


def _day(text: str, what: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise BadValue(
            tr("“{text}” came for “{what}”, but a day as YYYY-MM-DD was needed, such as 2026-01-31.", text=text, what=what)
        ) from None


def _bare(text: str) -> str:
    return text[1:-1].replace("''", "'")


def _quoted(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
