"""Figures that were told: whether each figure in a text stands in an answer that was given.

A model that writes a report from answers may round, add or invent. Here every number of its text is looked for among the numbers of the
answers, at the precision in which it is written; what is not found is named.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from toolkit.answer import Answer

_DAY = re.compile(r"\d{4}-\d{2}(?:-\d{2})?|\d{4}年\d{1,2}月(?:\d{1,2}日)?")
_NUMBER = re.compile(
    r"(?<![\w.,])([-+−]?)[^\w\s%]{0,3}(\d{1,3}(?:,\d{3})+|\d+)(\.\d+)?\s?(%|percent\b|k\b|m\b|万|亿|million\b|thousand\b)?", re.IGNORECASE
)
_TIMES = {"%": 0.01, "percent": 0.01, "k": 1e3, "thousand": 1e3, "m": 1e6, "million": 1e6, "万": 1e4, "亿": 1e8}
_KEPT = 200
"""Answers remembered: the last ones."""


@dataclass(frozen=True)
class Figure:
    """A number as a text has it: its words, its value, and by how much rounding may have moved it."""

    words: str
    value: float
    slack: float


def figures_in(text: str) -> Iterator[Figure]:
    """Yield the numbers of a text, days and the numbers inside names left out.

    >>> [(one.words, round(one.value, 3)) for one in figures_in("34.6% of 2,469 members, $1.2m, as of 2017-12-31, store s42")]
    [('34.6%', 0.346), ('2,469', 2469.0), ('$1.2m', 1200000.0)]
    """
    for found in _NUMBER.finditer(_DAY.sub(" ", text)):
        sign, whole, part, unit = found.groups()
        times = _TIMES.get((unit or "").casefold(), 1.0)
        value = float(whole.replace(",", "") + (part or "")) * times
        slack = 0.5 * times * 10.0 ** -(len(part) - 1 if part else 0)
        yield Figure(found.group().strip(), -value if sign in ("-", "−") else value, slack * (1 + 1e-9))


@dataclass
class Told:
    """The answers that were given, and the numbers in them."""

    _numbers: deque[tuple[str, frozenset[float]]] = field(default_factory=lambda: deque(maxlen=_KEPT))
    _lock: Lock = field(default_factory=Lock)

    def remember(self, answer: Answer, shown: dict[str, Any]) -> None:
        """Keep the numbers of an answer as it was shown."""
        numbers = {float(value) for value in shown["figures"].values() if isinstance(value, (int, float))}
        for row in shown["table"]:
            numbers.update(float(value) for value in row.values() if isinstance(value, (int, float)) and not isinstance(value, bool))
        for text in (answer.headline, *(note.text for note in answer.notes)):
            numbers.update(one.value for one in figures_in(text))
        with self._lock:
            self._numbers.append((answer.call, frozenset(numbers)))

    def check(self, text: str) -> list[dict[str, Any]]:
        """Return each figure of a text with the call of the newest answer that holds it; '' where none does."""
        with self._lock:
            given = list(self._numbers)[::-1]
        found = []
        for figure in figures_in(text):
            # A share may be written without its sign: "a repeat rate of 0.8"; a fall may be written as "down 3%".
            call = next(
                (call for call, numbers in given if any(abs(abs(number) - abs(figure.value)) <= figure.slack for number in numbers)), ""
            )
            found.append({"figure": figure.words, "stands_in": call})
        return found
