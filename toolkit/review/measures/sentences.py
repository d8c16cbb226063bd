"""Sentences made of parts, so that they read well in the languages with capitals and full stops and in those without."""

from __future__ import annotations

from toolkit.language import tr


def after(opening: str, sentence: str) -> str:
    """Return a sentence after its first words, where there are any: 'NOT RANDOMISED: across the chain, ...'."""
    return f"{opening}{sentence[:1].lower()}{sentence[1:]}" if opening else sentence


def together(first: str, second: str) -> str:
    """Return two sentences, one after the other; either may be empty."""
    return tr("{first} {second}", first=first, second=second) if first and second else first or second


def first_of(sentences: str) -> str:
    """Return the first of several sentences, with its full stop.

    >>> first_of("Nobody was held out. Ask again.")
    'Nobody was held out.'
    """
    between = tr(". ")
    end = between.rstrip()
    return sentences.removesuffix(end).split(between)[0] + end
