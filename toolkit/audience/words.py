"""A WHERE expression as a person would say it."""

from __future__ import annotations

from toolkit import wording
from toolkit.audience.audience import Audience
from toolkit.mart.where import Where, read_where

_SAID = {
    "=": "is", "==": "is", "!=": "is not", "<>": "is not", ">": "is over", "<": "is under", ">=": "is at least", "<=": "is at most",
    "and": "and", "or": "or", "not": "not", "in": "is one of", "between": "is between", "like": "looks like", "ilike": "looks like",
    "is": "is", "null": "unknown", "true": "yes", "false": "no",
}  # fmt: skip
_LONGEST = 300


def in_words(audience: Audience) -> str:
    """Return the audience in words: 'members whose orders is over 3 and stage is slipping'; a list says how many it chose and how."""
    if audience.where is None:
        chosen = f", chosen by {audience.call}" if audience.call else ""
        return f"a list of {wording.some(len(audience.member_ids or ()), 'member')}{chosen}"
    return where_in_words(read_where(audience.where))


def where_in_words(where: Where) -> str:
    """Return an expression in words: names of columns as tables show them, signs as verbs.

    >>> where_in_words(read_where("order_count > 3 AND NOT contactable"))
    'members whose orders is over 3 and not contactable'
    """
    names, said = set(where.names), ""
    for at, token in enumerate(where.tokens):
        before = where.tokens[at - 1].text if at else ""
        if token.kind in ("name", "quoted") and token.word in names:
            label = wording.label_of(token.word)
            word = label if label.isupper() or label[1:] != label[1:].lower() else label[0].lower() + label[1:]
        elif token.kind == "text":
            word = token.text[1:-1].replace("''", "'")
        else:
            word = _SAID.get(token.text.lower(), token.text)
            word = "not one of" if token.text.lower() == "in" and before.lower() == "not" else word
        said += word if token.text in "),." or before in ("(", ".") or not said else f" {word}"
        if len(said) > _LONGEST:
            return f"members whose {said[:_LONGEST]} ..."
    return f"members whose {said}"
