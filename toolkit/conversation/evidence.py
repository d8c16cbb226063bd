"""How much the words of a sentence speak for each question, over all the ways in which it is asked.

Beside the one nearest phrase (`phrases`): there a sentence has to be like one way of asking, here each word, each two that stand side by
side and each concept is weighed by itself, by how much more often it stands in the phrases of a question than in those of all others. So a
way of asking that nobody wrote down is understood from words that are known from several.
"""

from __future__ import annotations

import itertools
import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache

from toolkit.conversation.text import base, words_of
from toolkit.conversation.vocabulary import data

RARE, OTHERS = 0.05, 5.0
"""What a word counts that no phrase of a question has, and how many phrases more each is taken to have: one proves little."""
_CHINESE = re.compile(r"[\u3400-\u9fff]+")
_ASKS = re.compile(
    r"\b(?:who|whom|whose|which|what|why|how many|how much|how|when|where|should|would|did|is|are|list|do)\b"
    r"|谁|哪些人|哪些会员|哪些|哪|为什么|多少|怎么|几|什么|吗|该"
)


@dataclass(frozen=True)
class Evidence:
    """How often each mark stands in the phrases of each question."""

    counts: Mapping[str, Mapping[str, int]]  # mark -> question -> phrases with it
    phrases: Mapping[str, int]  # question -> phrases

    def speaking_for(self, marks: Iterable[str]) -> dict[str, float]:
        """Return, by question, the sum over the marks of the logarithm of how much more often they stand there than elsewhere."""
        marks = frozenset(marks)
        found = dict.fromkeys(self.phrases, 0.0)
        total = sum(self.phrases.values())
        for mark in marks & self.counts.keys():
            held = self.counts[mark]
            everywhere = sum(held.values())
            for name, size in self.phrases.items():
                here = (held.get(name, 0) + RARE) / (size + OTHERS)
                elsewhere = (everywhere - held.get(name, 0) + RARE) / (total - size + OTHERS)
                found[name] += math.log(here / elsewhere)
        return found


def evidence_of(phrases: Iterable[tuple[str, Iterable[str]]]) -> Evidence:
    """Return what the phrases (question, marks) show."""
    counts: dict[str, Counter[str]] = {}
    sizes: Counter[str] = Counter()
    for name, marks in phrases:
        sizes[name] += 1
        for mark in frozenset(marks):
            counts.setdefault(mark, Counter())[name] += 1
    return Evidence(counts, sizes)


def marks_of(terms: Iterable[str], text: str) -> list[str]:
    """Return what is weighed of a phrase or a sentence: its terms and their groups, and of its text the words by their stems, those that
    stand side by side, the pairs of Chinese characters, and the words that ask.

    >>> marks_of(["lapsed"], "who left"), marks_of([], "谁走了")
    (['lapsed', 'group:leaving', 'who', 'left', 'who left', 'asks:who'], ['谁走', '走了', 'asks:谁'])
    """
    held = list(terms)
    groups = dict.fromkeys(f"group:{_groups().get(term, term)}" for term in held if term[0] != "=")
    words = words_in(text)
    side_by_side = [f"{one} {other}" for one, other in itertools.pairwise(words)]
    pairs = [run[at : at + 2] for run in _CHINESE.findall(text) for at in range(len(run) - 1)]
    return [*held, *groups, *words, *side_by_side, *pairs, *(f"asks:{found}" for found in _ASKS.findall(text.lower()))]


def words_in(text: str) -> list[str]:
    """Return the words of a text that are not Chinese, by their stems."""
    return [base(word) for word in words_of(text) if word < "\u3400"]


@cache
def _groups() -> dict[str, str]:
    return {term: group for group, terms in data("concepts")["groups"].items() for term in terms.split()}


def shares_of(speaking: Mapping[str, float]) -> dict[str, float]:
    """Return what speaks for each question as its share, all together 1."""
    most = max(speaking.values(), default=0.0)
    odds = {name: math.exp(value - most) for name, value in speaking.items()}
    total = sum(odds.values())
    return {name: one / total for name, one in odds.items()}
