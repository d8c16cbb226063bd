"""A sentence as it is compared: one form of every letter, its words with their places, and an index of names by their words."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Generic, TypeVar

T = TypeVar("T")

_WORD = re.compile(r"[\u3400-\u9fff]|[^\W_\u3400-\u9fff]+")
_QUOTED = re.compile(r"['\"“”‘’「『《]([^'\"“”‘’「』《》]{1,80})['\"“”‘’」』》]")
_FORMS = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "–": "-", "—": "-", "\u00a0": " "})
_AS_THEY_ARE = frozenset(
    {"lapsing", "evening", "shopped"}
)  # a lapsing member is not a lapsed one, an evening not even, who shopped no shop
LONGEST = 600
"""Characters of a sentence that are read: nobody asks one question in more."""


@dataclass(frozen=True)
class Word:
    """One word, or one Chinese character, and where it stands."""

    text: str
    start: int
    end: int

    @property
    def is_chinese(self) -> bool:
        """Whether it is a Chinese character."""
        return self.text >= "\u3400"


@dataclass(frozen=True)
class Sentence:
    """A text as it is read. `raw` has the letters as typed, `low` is what is compared; the two have the same length."""

    raw: str

    @cached_property
    def low(self) -> str:
        """The text in small letters."""
        return "".join(lower if len(lower := letter.lower()) == 1 else letter for letter in self.raw)

    @cached_property
    def words(self) -> tuple[Word, ...]:
        """The words in their order."""
        return tuple(Word(_plain(found.group()), *found.span()) for found in _WORD.finditer(self.low))

    @cached_property
    def quoted(self) -> tuple[tuple[int, int], ...]:
        """Where something stands in quotes."""
        return tuple(found.span(1) for found in _QUOTED.finditer(self.raw))

    @cached_property
    def is_chinese(self) -> bool:
        """Whether it is written in Chinese, at least in part."""
        return any(word.is_chinese for word in self.words)


def sentence(text: str) -> Sentence:
    """Return a text as it is compared: compatible forms of letters made one, spaces single, the beginning of what is too long."""
    plain = unicodedata.normalize("NFKC", text).translate(_FORMS)
    return Sentence(" ".join(plain.split())[:LONGEST])


def words_of(text: str) -> list[str]:
    """Return the words of a name as they are compared.

    >>> words_of("Café Crème/Ben & Jerry's"), words_of("牛奶 1L")
    (['cafe', 'creme', 'ben', 'jerry', 's'], ['牛', '奶', '1l'])
    """
    plain = unicodedata.normalize("NFKC", text).translate(_FORMS).lower()
    return [_plain(word) for word in _WORD.findall(plain)]


def _plain(word: str) -> str:
    if word.isascii():
        return word
    return "".join(letter for letter in unicodedata.normalize("NFD", word) if not unicodedata.combining(letter))


@lru_cache(maxsize=50_000)
def base(word: str) -> str:
    """Return the stem under which the inflected forms of an English word meet; it need not be a word itself.

    >>> [base(word) for word in ("stores", "store", "slipping", "slips", "carries", "carried", "less", "champions")]
    ['stor', 'stor', 'slip', 'slip', 'carri', 'carri', 'less', 'champion']
    """
    if word in _AS_THEY_ARE or len(word) < 4 or not word.isascii() or not word.isalpha():
        return word
    stem = word
    if stem.endswith("ies") or stem.endswith("ied"):
        stem = stem[:-2]
    else:
        for ending in ("ing", "ed", "es", "s"):
            if stem.endswith(ending) and len(stem) - len(ending) >= 3 and not stem.endswith("ss"):
                stem = stem[: -len(ending)]
                break
        if len(stem) > 3 and stem[-1] == stem[-2] and stem[-1] not in "sl":
            stem = stem[:-1]
        if len(stem) > 3 and stem.endswith("e"):
            stem = stem[:-1]
        if len(stem) > 3 and stem.endswith("y"):
            stem = stem[:-1] + "i"
    return stem


class Index(Generic[T]):
    """Names by their words: the longest that begin at a word are found without looking at the others."""

    def __init__(self) -> None:
        self.known: dict[str, list[T]] = {}
        self._reach: dict[str, int] = {}

    def add(self, words: list[str], value: T) -> None:
        """Take in a name."""
        if not words:
            return
        held = self.known.setdefault(" ".join(words), [])
        if value not in held[-8:]:
            held.append(value)
        self._reach[words[0]] = max(self._reach.get(words[0], 0), len(words))

    def at(self, words: list[str], start: int) -> Iterator[tuple[int, list[T]]]:
        """Yield (number of words, values) of the names that begin at a word, the longest first."""
        for length in range(min(self._reach.get(words[start], 0), len(words) - start), 0, -1):
            if found := self.known.get(" ".join(words[start : start + length])):
                yield length, found


def one_edit(first: str, second: str, *, changed: bool = True) -> bool:
    """Say whether two words differ by one letter put in, left out, changed, or by two that changed places.

    `changed`: whether a letter may stand for another; in short words that mostly gives another word, not a slip.

    >>> one_edit("stroe", "store"), one_edit("chese", "cheese"), one_edit("milk", "silk"), one_edit("milk", "mile high")
    (True, True, True, False)
    """
    if abs(len(first) - len(second)) > 1 or first == second:
        return False
    at = next((place for place, (one, two) in enumerate(zip(first, second, strict=False)) if one != two), min(len(first), len(second)))
    left, right = first[at:], second[at:]
    swapped = len(left) > 1 and len(right) > 1 and left[0] == right[1] and left[1] == right[0] and left[2:] == right[2:]
    return (changed and left[1:] == right[1:]) or left[1:] == right or left == right[1:] or swapped
