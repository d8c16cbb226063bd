"""Questions in plain words: the nearest one is found, and answered with the call that was made shown."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from toolkit.answer import Answer
from toolkit.errors import UnknownName
from toolkit.language import tr
from toolkit.registry import SCOPE_PARAMETERS, Question, all_questions
from toolkit.workspace import Workspace


def ask(workspace: Workspace | str | Path, text: str, **given: Any) -> Answer:
    """Answer the question nearest to `text` in plain words; the answer shows the call that was made.

    `store 367` or `store_id=367` in the text is taken as the scope. Words are compared with each question's text and its other wordings,
    rare words counting more (cosine of tf-idf).

    Raises
    ------
    UnknownName
        Nothing is near; the questions that exist are listed.

    Example
    -------
    >>> tk.ask(ws, "who are our best customers?")                      # doctest: +SKIP
    """
    ws = workspace if isinstance(workspace, Workspace) else Workspace(workspace)
    scope: dict[str, Any] = {}
    for name in ("store", "region", "member"):
        match = re.search(rf"\b{name}(?:_id)?\s*[=:]?\s*['\"]?([\w\-]*\d[\w\-]*)['\"]?", text, flags=re.IGNORECASE)
        if match:
            scope[name if name == "region" else f"{name}_id"] = match.group(1)
            text = text.replace(match.group(0), "member card" if name == "member" else " ")
    ranked = rank_questions(text)
    if not ranked or ranked[0][1] < NEAR:
        raise UnknownName(
            tr("No question is near '{words}'. You can ask:\n", words=text.strip())
            + "\n".join(f"  {q.name:32} {q.text}" for q in all_questions())
        )
    chosen = ranked[0][0]
    wanted = {key: value for key, value in scope.items() if key in SCOPE_PARAMETERS or key in chosen.parameters}
    return chosen(ws, **{**wanted, **given})


NEAR = 0.18
"""Cosine similarity under which a question is not near: chosen so that sentences about other things find nothing."""


def rank_questions(text: str) -> list[tuple[Question, float]]:
    """Return all questions by nearness to `text`, nearest first, with their cosine similarity."""
    documents = [(item, _terms(phrase)) for item in all_questions() for phrase in (item.text, item.name.replace(".", " "), *item.words)]
    seen = Counter(term for _, terms in documents for term in set(terms))
    weight = {term: math.log(1 + len(documents) / times) for term, times in seen.items()}
    asked = _terms(text)
    best: dict[str, tuple[Question, float]] = {}
    for item, terms in documents:
        near = _cosine(asked, terms, weight)
        if near > best.get(item.name, (item, -1.0))[1]:
            best[item.name] = (item, near)
    return sorted(best.values(), key=lambda pair: -pair[1])


_STOP = frozenset(
    """a an and are as at by do does did for from has have how i in is it its me my of on or our show so tell than that the their them they
    this to us was we what which who whom will with would you your much many""".split()  # noqa: SIM905
)


def _terms(text: str) -> list[str]:
    words = re.findall(r"[a-z]+|[\u3400-\u9fff]", text.casefold())
    return [_stem(word) for word in words if word not in _STOP]


def _stem(word: str) -> str:
    for ending in ("ingly", "ations", "ation", "ings", "ing", "ies", "ers", "er", "es", "ed", "s", "ly"):
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            return word[: -len(ending)]
    return word


def _cosine(asked: list[str], terms: list[str], weight: Mapping[str, float]) -> float:
    left, right = Counter(asked), Counter(terms)
    dot = sum(left[term] * right[term] * weight.get(term, 0) ** 2 for term in left)
    unknown = max(weight.values(), default=1.0)
    length = math.sqrt(sum((left[term] * weight.get(term, unknown)) ** 2 for term in left)) * math.sqrt(
        sum((right[term] * weight[term]) ** 2 for term in right)
    )
    return dot / length if length else 0.0
