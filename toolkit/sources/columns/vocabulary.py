"""What shops call their columns: the words of vocabulary.toml, and how well a raw name fits them."""

from __future__ import annotations

import tomllib
import unicodedata
from functools import cache
from importlib.resources import files

SURE, LIKELY = 2.0, 1.0
UNITS = ("eur", "usd", "gbp", "chf", "cny", "元", "in", "yuan", "kg")


def plain(name: str) -> str:
    """Return a column name as the vocabulary writes it: small letters and digits only.

    >>> plain("Kunden-Nr."), plain("Customer_ID"), plain("会员 卡号")
    ('kundennr', 'customerid', '会员卡号')
    """
    folded = unicodedata.normalize("NFKC", name).casefold().replace("ß", "ss")
    stripped = "".join(
        character for character in unicodedata.normalize("NFKD", folded) if not unicodedata.combining(character) or character >= "぀"
    )
    return "".join(character for character in unicodedata.normalize("NFKC", stripped) if character.isalnum())


@cache
def vocabulary() -> dict[str, dict[str, list[str]]]:
    """Return vocabulary.toml as it is written: table -> contract column -> names, better ones first; helpers beside the tables."""
    return tomllib.loads((files("toolkit.sources.columns") / "vocabulary.toml").read_text("utf-8"))


@cache
def words_for(table: str, column: str) -> tuple[str, ...]:
    """Return the names of a contract column (or helper) as `plain` writes them; keys are called alike in all tables."""
    words = vocabulary().get(table, {}).get(column) or vocabulary()["lines"].get(column) or vocabulary()["helpers"].get(column, [])
    return tuple(plain(word) or word for word in words)


def score(name: str, words: tuple[str, ...]) -> float:
    """Return how well a raw name fits: 2 and more = a known name (better names more), 1 = a known name is part of it, 0 = not at all.

    >>> score("Customer ID", ("memberid", "customerid")), score("our customer id", ("customerid",)) > LIKELY, score("sum", ("total",))
    (2.5, True, 0.0)
    """
    own = plain(name)
    for word in (own, *(own.removesuffix(unit) for unit in UNITS if own.endswith(unit) and own != unit)):
        if word in words:
            return SURE + 1 - words.index(word) / len(words)
    parts = [word for word in words if (len(word) >= 4 or (not word.isascii() and len(word) >= 2)) and word in own]
    return LIKELY + max(len(word) for word in parts) / (10 * len(own)) if parts else 0.0
