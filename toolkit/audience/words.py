"""A WHERE expression as a person would say it."""

from __future__ import annotations

from toolkit import language, wording
from toolkit.audience.audience import Audience
from toolkit.audience.conditions import sentence
from toolkit.language import later, tr
from toolkit.scope.member_columns import member_column
from toolkit.scope.where import Where, read_where

_SAID = {
    "=": later("is"), "==": later("is"), "!=": later("is not"), "<>": later("is not"), ">": later("is over"), "<": later("is under"),
    ">=": later("is at least"), "<=": later("is at most"), "and": later("and"), "or": later("or"), "not": later("not"),
    "in": later("is one of"), "between": later("is between"), "like": later("looks like"), "ilike": later("looks like"),
    "is": later("is"), "null": later("unknown"), "true": later("yes"), "false": later("no"),
}  # fmt: skip
_LONGEST = 300
_VALUES = 5
"""Values of a list that are said; of a longer one, the first three and how many more."""


def in_words(audience: Audience) -> str:
    """Return the audience in words: 'members who ordered over 3× so far'; a list says how many it chose and how."""
    if audience.where is None:
        chosen = tr(", chosen by {call}", call=audience.call) if audience.call else ""
        return tr("a list of {members}{chosen}", members=wording.some(len(audience.member_ids or ()), "member"), chosen=chosen)
    return where_in_words(read_where(audience.where))


def where_in_words(where: Where) -> str:
    """Return an expression in words: as conditions read, or else names of columns as tables show them and signs as verbs.

    >>> where_in_words(read_where("order_count > 3 AND NOT contactable")), where_in_words(read_where("order_count > day_count"))
    ('members who ordered over 3× so far and who may not be contacted', 'members whose orders is over shopping days')
    """
    if plain := sentence(where.text):
        return plain if len(plain) <= _LONGEST else f"{plain[:_LONGEST]} ..."
    names, words = set(where.names), ""
    unsaid = _unsaid_values(where)
    for at, token in enumerate(where.tokens):
        if at in unsaid:
            words += unsaid[at]
            continue
        before = where.tokens[at - 1].text if at else ""
        if token.kind in ("name", "quoted") and token.word in names:
            label = member_column(token.word).heading
            word = label if label.isupper() or label[1:] != label[1:].lower() else label[0].lower() + label[1:]
        elif token.kind == "text":
            word = language.word(token.text[1:-1].replace("''", "'"))
        else:
            word = tr(_SAID[token.text.lower()]) if token.text.lower() in _SAID else token.text
            word = tr("not one of") if token.text.lower() == "in" and before.lower() == "not" else word
        words += word if token.text in "),." or before in ("(", ".") or not words else f" {word}"
        if len(words) > _LONGEST:
            return tr("members whose {said} ...", said=words[:_LONGEST])
    return tr("members whose {said}", said=words)


def _unsaid_values(where: Where) -> dict[int, str]:
    """What stands instead of the words of long IN lists, by their place: nothing, but for the first of them "and 997 more"."""
    unsaid: dict[int, str] = {}
    texts = [token.text.lower() for token in where.tokens]
    for start in (at for at, text in enumerate(texts[:-1]) if text == "in" and texts[at + 1] == "("):
        end = next((at for at in range(start + 2, len(texts)) if texts[at] in ("(", ")")), start)
        values = [at for at in range(start + 2, end) if texts[at] != ","]
        if texts[end] != ")" or len(values) <= _VALUES:
            continue
        first = values[2] + 1  # the comma behind the third
        unsaid |= {first: tr(" and {values:,} more", values=len(values) - 3), **dict.fromkeys(range(first + 1, end), "")}
    return unsaid
