"""The words of questions: what means the same in both languages, which words carry nothing, and a misspelt word's right form."""

from __future__ import annotations

import itertools
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from toolkit.conversation.text import Index, Word, base, one_edit, words_of

_FOLDER = Path(__file__).parent
_SHORTEST_MISSPELT, _LONG = 5, 7
_SHORTEST_RUN, _SHORTEST_EMPTY = 3, 3
_ALTERNATIVES = re.compile(r"[()]")


@cache
def data(name: str) -> dict[str, Any]:
    """Return one of the word lists beside this module."""
    return tomllib.loads((_FOLDER / f"{name}.toml").read_text("utf-8"))


@dataclass
class Vocabulary:
    """Concepts by their words, and the words that carry nothing."""

    concepts: Index[str] = field(default_factory=Index)
    stops: Index[bool] = field(default_factory=Index)
    empty: frozenset[str] = frozenset()  # stems of single words that carry nothing: `needs` as `need`
    spoken: frozenset[str] = frozenset()  # stems that a question's phrases hold and that are no concept: they are no slip of another word

    def concept_at(self, words: list[str], start: int) -> tuple[int, str] | None:
        """Return the longest concept that begins at a word (stems), with its length."""
        return next(((length, found[0]) for length, found in self.concepts.at(words, start)), None)

    def stop_at(self, words: list[str], start: int) -> int:
        """Return the length of the longest empty word that begins there; 0 = none."""
        return next((length for length, _ in self.stops.at(words, start)), 0)

    def right_form(self, word: Word) -> tuple[str, str] | None:
        """Return (concept, word) that a misspelt English word stands for, where one alone is a letter away."""
        if base(word.text) in self.spoken or len(word.text) < _SHORTEST_MISSPELT or not word.text.isalpha() or word.is_chinese:
            return None
        return _right_form(self, word.text)

    def right_run(self, text: str) -> tuple[str, str] | None:
        """Return (concept, word) that some Chinese characters stand for, where one of them alone is another than in one word."""
        return _right_run(self, text) if _SHORTEST_RUN <= len(text) <= _LONG else None

    def __hash__(self) -> int:
        """Two are the same where they are one object."""
        return id(self)


@lru_cache(maxsize=2_000)
def _right_form(known: Vocabulary, word: str) -> tuple[str, str] | None:
    stem = base(word)
    near = {
        concepts[0]: name
        for name, concepts in known.concepts.known.items()
        if " " not in name
        and len(name) >= _SHORTEST_MISSPELT - 1
        and (name[0] == word[0] or name[:2] == word[1::-1])  # a slip is seldom at the beginning: `iphone` is no phone
        and any(one_edit(one, name, changed=len(word) >= _LONG) for one in (stem, word))
    }
    return next(iter(near.items())) if len(near) == 1 else None


@cache
def _written() -> tuple[frozenset[str], frozenset[str]]:
    """The words of questions as they are written, and their stems."""
    lists = (data("concepts")["concepts"].values(), (data("stopwords")["english"],))
    phrases = (text for texts in (*data("phrases")["phrases"].values(), *data("phrases")["metrics"].values()) for text in texts)
    words = {word for text in (*lists[0], *lists[1], *phrases) for word in words_of(text) if word.isascii()}
    return frozenset(words), frozenset(map(base, words))


def untangled(word: str) -> str:
    """Return the word of questions that two letters that changed places stand for; '' where none or several do.

    Beside `right_form`, which knows words that are a concept alone: `frist time buyers` is one of three words.

    >>> untangled("frist"), untangled("first"), untangled("santo")
    ('first', '', '')
    """
    words, known = _written()
    if len(word) < _SHORTEST_MISSPELT or not (word.isascii() and word.isalpha()) or word in words or base(word) in known:
        return ""
    found = {word[:at] + word[at + 1] + word[at] + word[at + 2 :] for at in range(len(word) - 1)} & words
    return found.pop() if len(found) == 1 else ""


@cache
def _around(name: str) -> re.Pattern[str]:
    joined = "|".join(data("stopwords")[name])
    return re.compile(rf"(?:{joined})\s*" if name == "opening" else rf"(?:{joined})$", re.IGNORECASE)


def asked_in(text: str) -> str:
    """Return a sentence without what people say around a question: who they are, greetings, thanks; all of it where nothing is left.

    >>> asked_in("CEO here. Total sales since January, in one number."), asked_in("我是收银员，321店什么时候人最多")
    ('Total sales since January', '321店什么时候人最多')
    """
    left = text
    while found := _around("opening").match(left):
        left = left[found.end() :]
    while (found := _around("closing").search(left)) and found.end() > found.start():
        left = left[: found.start()]
    return left if words_of(left) else text


@lru_cache(maxsize=2_000)
def _right_run(known: Vocabulary, text: str) -> tuple[str, str] | None:
    near = {
        concepts[0]: word
        for name, concepts in known.concepts.known.items()
        if name[0] >= "\u3400"
        and len(word := name.replace(" ", "")) == len(text)
        and (word[0], word[-1]) == (text[0], text[-1])  # slips stand within a word; a word of three with another end is another
        and sum(one != other for one, other in zip(word, text, strict=True)) == 1
    }
    return next(iter(near.items())) if len(near) == 1 else None


def vocabulary(own: Mapping[str, str] | None = None) -> Vocabulary:
    """Return the vocabulary, with a shop's own words for known ones."""
    return _vocabulary(tuple(sorted((own or {}).items())))


@lru_cache(maxsize=8)
def _vocabulary(own: tuple[tuple[str, str], ...]) -> Vocabulary:
    made = Vocabulary()
    for concept, words in data("concepts")["concepts"].items():
        for word in words.split(","):
            for one in spelled_out(word):
                made.concepts.add(stems(one), concept)
    stops = data("stopwords")
    for word in (*stops["english"].split(), *stops["chinese"].split()):
        made.stops.add(words_of(word), True)
    made.empty = frozenset(base(word) for word in stops["english"].split() if len(word) > _SHORTEST_EMPTY and word.isalpha())
    for word, meant in own:
        known = made.concepts.known.get(" ".join(stems(meant)))
        if known:
            made.concepts.add(stems(word), known[0])
    return made


def spelled_out(text: str) -> list[str]:
    """Return every way of saying a text that has alternatives in it.

    >>> spelled_out("(stop|quit) (coming|buying)"), spelled_out("why")
    (['stop coming', 'stop buying', 'quit coming', 'quit buying'], ['why'])
    """
    parts = [part.split("|") for part in _ALTERNATIVES.split(text)]
    return ["".join(chosen) for chosen in itertools.product(*parts)]


def stems(text: str) -> list[str]:
    """Return the words of a text by their stems."""
    return [base(word) for word in words_of(text)]
