"""The words of a column that takes a closed set (arms, yes and no): which of ours a shop's word means, as a line of a mapping."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from collections.abc import Mapping as MappingABC
from functools import cache
from importlib.resources import files

from toolkit.schemas import closed_words
from toolkit.sources.columns.matching import quoted
from toolkit.sources.columns.vocabulary import plain
from toolkit.sources.contract_columns import NO, YES


@cache
def _shop_words() -> dict[str, dict[str, list[str]]]:
    """Return words.toml as it is written: column -> our word -> the words of shops."""
    return tomllib.loads((files("toolkit.sources.columns") / "words.toml").read_text("utf-8"))


def meaning_of(column: str, word: str) -> str | None:
    """Return which of the contract's words a shop's word means, or None where that cannot be told.

    >>> meaning_of("arm", "Treatment"), meaning_of("arm", "对照组"), meaning_of("arm", "A")
    ('treated', 'control', None)
    """
    return next((own for own, words in _shop_words().get(column, {}).items() if plain(word) in map(plain, words)), None)


def foreign_words(table: str, column: str, words: Iterable[str]) -> list[str]:
    """Return the words that a column which takes a closed set does not take as they are."""
    closed = closed_words(table, column)
    if closed == ("yes", "no"):
        return [word for word in words if word.lower() not in (*YES, *NO)]
    return [word for word in words if closed and word not in closed]


def value_map(table: str, column: str, words: Iterable[str], stated: MappingABC[str, str | bool]) -> tuple[str, bool]:
    """Return the line that says what words mean, those `stated` already first, and whether all were recognised.

    A word that was not recognised stands with both of ours: the reader strikes one out, and until then the mapping is refused.
    """
    means = {**stated, **{word: meaning_of(column, word) for word in words if word not in stated}}
    open_choice = quoted(" or ".join(closed_words(table, column)))
    told = {word: str(own).lower() if isinstance(own, bool) else quoted(own) if own else open_choice for word, own in means.items()}
    pairs = ", ".join(f"{quoted(word)} = {own}" for word, own in told.items())
    return f"{column} = {{ {pairs} }}", None not in means.values()
