"""Which question a sentence asks: its words against the ways of asking each question, rare words counting more."""

from __future__ import annotations

import math
import re
import types
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache, cached_property, lru_cache
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from toolkit.conversation.evidence import Evidence, evidence_of, marks_of
from toolkit.conversation.metrics import QUESTIONS, metric_words
from toolkit.conversation.text import base, sentence, words_of
from toolkit.conversation.vocabulary import Vocabulary, data, vocabulary
from toolkit.language import in_every_language, tr
from toolkit.registry import Question, all_questions

SPARED, HALF_SPARED = 0.85, 0.5
"""How much of a term that becomes a parameter need not be explained by the phrase; half of one that narrows it to a group by the way."""
FULL, OTHER, NAMED = 1.0, 0.93, 1.12
"""What a phrase of this package counts, one of the registry's own words, of which a sentence need not hold all, a figure by its name."""
WORD_FOR_WORD = 1.2
"""The score of a sentence that is a phrase word for word: ahead of all others."""
ABSENT = 0.7
"""What is left of a phrase whose weightiest term the sentence does not have."""
_CAMPAIGN = frozenset({"{campaign}", "campaign_word"})
_NEEDED = frozenset({"{goods}", "{member}", "{budget}", "{spend_save}"})
SEGMENT = "{segment}"
_CHARACTER = 0.4
"""What a Chinese character that is no word of ours counts of a word: words have two or three."""
SAYS_LITTLE = frozenset({"member", "people", "shopping"})
"""Words of which alone a phrase is not made: they stand in any sentence."""
_WHOM = frozenset({"member", "people", "goods_word", "today"})
_PLACE_OF_NAME = re.compile(r"\{\w+\}")
_PLACE = 1.5
"""Weight of a name or figure that a phrase has a place for, in units of the rarest word."""


@dataclass(frozen=True)
class Phrase:
    """One way to ask a question: its terms (concepts, other words by their stem, places such as `{goods}`)."""

    question: str
    terms: frozenset[str]
    factor: float
    metric: str = ""  # the figure that it names

    @cached_property
    def sense(self) -> frozenset[str]:
        """The terms that make it this question: neither a place for a name nor a word that says only whom it is about."""
        return frozenset(term for term in self.terms if term[0] != "{" and term not in _WHOM)


@dataclass(frozen=True)
class Match:
    """How well a question fits: the score (0..1), and the terms of the sentence that its phrase holds."""

    question: str
    score: float
    phrase: Phrase


@dataclass(frozen=True)
class Phrasebook:
    """All phrases, the weight of each term, and the vocabulary they are read with."""

    phrases: tuple[Phrase, ...]
    weights: Mapping[str, float]
    vocabulary: Vocabulary
    known: frozenset[str]  # questions that are registered; of others it is only known that they would be asked
    literal: Mapping[str, str] = field(default_factory=dict)  # a phrase word for word -> its question
    own: Mapping[str, frozenset[str]] = field(default_factory=dict)  # question -> the terms of its own text and words
    evidence: Evidence = field(default_factory=lambda: Evidence({}, {}))  # how much each word speaks for each question

    def weight(self, term: str) -> float:
        """Return what a term counts; a word that no phrase has counts as the rarest."""
        return self.weights.get(term, self.rarest) * (_CHARACTER if term[0] == "=" and term[1:] >= "\u3400" else 1.0)

    @property
    def rarest(self) -> float:
        """The weight of a term that one question alone has."""
        return self.weights[""]

    def ranked(
        self,
        terms: Iterable[str],
        usable: Mapping[str, frozenset[str]] | None = None,
        *,
        text: str = "",
        narrowing: frozenset[str] = frozenset(),
        metric: str = "",
    ) -> list[Match]:
        """Return the questions by how well a sentence's terms fit one of their phrases, best first.

        `usable`: question -> terms of the sentence that the question can take as parameters, and that need not stand in its phrase.
        `text`: the sentence; one that is a phrase word for word asks that phrase's question, whatever else its words could mean.
        `narrowing`: terms that may stand for a group of members. `metric`: the figure that the sentence names.
        """
        asked = frozenset(terms)
        best: dict[str, Match] = {}
        total = sum(self.weight(term) for term in asked)
        for phrase in self.phrases:
            if phrase.question in QUESTIONS and phrase.metric != metric:
                continue
            both = phrase.terms & asked
            if (
                phrase.question.startswith("differentiation.")
                and SEGMENT in phrase.terms
                and SEGMENT not in asked
                and asked & narrowing - phrase.terms
            ):
                both |= {SEGMENT}  # `offer to lapsed members` names a group as much as a segment's name does
            if not both:
                continue
            shared = sum(self.weight(term) for term in both)
            free = (usable or {}).get(phrase.question, frozenset()) - phrase.terms
            right = shared / sum(self.weight(term) for term in phrase.terms)
            spared = sum(self.weight(term) * (SPARED if term[0] == "{" or term not in narrowing else HALF_SPARED) for term in free & asked)
            explained = shared / max(total - spared, shared)
            if (not (phrase.terms & asked & _CAMPAIGN) and phrase.terms & _CAMPAIGN) or phrase.terms & _NEEDED - both:
                right *= ABSENT  # it is about a campaign, goods, a member, and none is named
            sense = phrase.sense
            if max(phrase.terms, key=self.weight) not in both or (sense and not sense & both):  # what it is about is not spoken of
                right *= ABSENT
            factor = phrase.factor if phrase.factor <= FULL or not asked - phrase.terms - (free - narrowing) else FULL
            score = factor * 2 * right * explained / (right + explained)
            if score > best.get(phrase.question, Match("", 0.0, phrase)).score:
                best[phrase.question] = Match(phrase.question, score, phrase)
        if (said := self.literal.get(" ".join(words_of(text)))) in best:
            best[said] = replace(best[said], score=WORD_FOR_WORD)
        return sorted(best.values(), key=lambda match: (-match.score, match.question))


def phrasebook(own_words: Mapping[str, str] | None = None) -> Phrasebook:
    """Return the phrases of the questions that are registered now."""
    state = tuple((item.name, item.text, item.words) for item in all_questions())
    return _phrasebook(tuple(sorted((own_words or {}).items())), state)


@lru_cache(maxsize=8)
def _phrasebook(own: tuple[tuple[str, str], ...], _state: tuple[tuple[str, str, tuple[str, ...]], ...]) -> Phrasebook:
    known = vocabulary(dict(own))
    questions = all_questions()
    written = [(name, text, FULL) for name, texts in data("phrases")["phrases"].items() for text in texts]
    written += [(item.name, text, FULL) for item in questions for text in in_every_language(tr, item.text)]
    written += [(item.name, text, OTHER) for item in questions for text in item.words]
    registered = {item.name for item in questions}
    spoken = [one for one in written if one[0] in registered]
    spoken += [(QUESTIONS[0], text, FULL) for texts in data("phrases")["metrics"].values() for text in texts]
    written = [one for one in spoken if one[0] not in QUESTIONS]  # these are asked by the name of a figure
    phrases = {Phrase(name, terms, factor) for name, text, factor in written if (terms := frozenset(terms_of(text, known))) - SAYS_LITTLE}
    phrases |= {
        Phrase(item.name, terms, NAMED, metric)
        for item in questions
        if item.name in QUESTIONS
        for opening in _OPENINGS[item.name]
        for metric, word in metric_words()
        if metric in literals(item)["metric"] and (terms := frozenset(terms_of(opening + word, known))) - {"member"}
    }
    phrases |= {
        replace(phrase, terms=phrase.terms - {"{campaign}"} | {"campaign_word"}) for phrase in phrases if "{campaign}" in phrase.terms
    }
    literal: dict[str, str] = {}
    for name, text, _ in sorted(written, key=lambda one: one[2]):  # of two questions with one phrase neither is meant for certain
        key = " ".join(words_of(text))
        literal[key] = name if literal.get(key, name) == name else ""
    holders: dict[str, set[str]] = {}
    for phrase in phrases:
        for term in phrase.terms:
            holders.setdefault(term, set()).add(phrase.question)
    count = len({phrase.question for phrase in phrases}) + 1
    weights = {term: math.log(count / len(names)) for term, names in holders.items()}
    rarest = math.log(count)
    weights = {term: max(weight, 0.25 * rarest) * (_PLACE if term[0] == "{" else 1.0) for term, weight in weights.items()} | {"": rarest}
    own_terms = {
        item.name: frozenset(term for text in (*in_every_language(tr, item.text), *item.words) for term in terms_of(text, known))
        for item in questions
    }
    evidence = evidence_of((name, marks_of(terms_of(text, known), _PLACE_OF_NAME.sub(" ", text))) for name, text, _ in spoken)
    ordered = tuple(sorted(phrases, key=lambda phrase: (phrase.question, -phrase.factor, sorted(phrase.terms))))
    known = replace(known, spoken=frozenset(term[1:] for term in weights if term.startswith("=")))
    return Phrasebook(ordered, weights, known, frozenset(item.name for item in questions), literal, own_terms, evidence)


_OPENINGS = {
    "portrait.figure": ("", "how many ", "trend ", "growing ", "fall "),
    "portrait.why": ("why ", "why drop ", "why rise ", "why change "),
}


@cache
def literals(question: Question) -> dict[str, tuple[str, ...]]:
    """Return, by parameter, the values that a question's parameter can take, where they are a closed list."""
    hints = get_type_hints(question.function)
    found = {name: tuple(str(value) for value in _parts(hints[name]) if isinstance(value, str)) for name in question.parameters}
    return {name: values for name, values in found.items() if values}


def _parts(annotation: Any) -> Iterator[Any]:
    if get_origin(annotation) in (Union, types.UnionType):
        for member in get_args(annotation):
            yield from _parts(member)
    elif get_origin(annotation) is Literal:
        yield from get_args(annotation)


def terms_of(text: str, known: Vocabulary) -> list[str]:
    """Return the terms of a phrase: concepts, words that are none by their stem, places as they are written."""
    found: list[str] = []
    for place, part in enumerate(_split_places(text)):
        if place % 2:
            found.append(again("{" + part + "}", found))
            continue
        words = sentence(part).words
        stems = [base(word.text) for word in words]
        texts = [word.text for word in words]
        found += _cover(stems, texts, known)
    return found


def _split_places(text: str) -> list[str]:
    return re.split(r"\{(\w+)\}", text)


def _cover(stems: list[str], texts: list[str], known: Vocabulary) -> list[str]:
    """The concepts of some words, the longest first; what is left over by its stem, empty words not at all."""
    spans = [(length, at, concept) for at in range(len(stems)) if (got := known.concept_at(stems, at)) for length, concept in [got]]
    free = [True] * len(stems)
    found: dict[int, str] = {}
    for length, at, concept in sorted(spans, key=lambda span: (-sum(len(text) for text in texts[span[1] : span[1] + span[0]]), span[1])):
        if all(free[at : at + length]):
            free[at : at + length] = [False] * length
            found[at] = concept
    at = 0
    while at < len(stems):
        if not free[at]:
            at += 1
            continue
        stop = next((size for size, _ in known.stops.at(texts, at) if all(free[at : at + size])), 0)
        if stop:
            at += stop
            continue
        found[at] = open_term(stems[at])
        at += 1
    return [found[place] for place in sorted(found) if found[place] != "empty"]


def again(place: str, found: list[str]) -> str:
    """Return the term of a place; the second name of its kind in a sentence is a term of its own.

    >>> again("{goods}", ["{goods}"])
    '{goods2}'
    """
    return place if place not in found else place[:-1] + "2}"


def open_term(stem: str) -> str:
    """Return the term of a word that is no concept."""
    return f"={stem}"
