"""Headline figures of an executed notebook: what its Answers said when they were displayed."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from toolkit.answer import ANSWER_MIME

_SPARK_POINTS = 120  # a small picture shows no more, and 457 stores are read for one page


def told_answers(notebook: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, Any], dict[str, Any]]]:
    """Yield (output, what the answer told) for each displayed Answer of an executed notebook, in order."""
    for cell in notebook.get("cells", []):
        for output in cell.get("outputs", []):
            told = answer_of(output)
            if told is not None:
                yield output, told


def answer_of(output: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return what an Answer told in the metadata (or data) of one output, or None for any other output."""
    for place in ("metadata", "data"):
        told = (output.get(place) or {}).get(ANSWER_MIME)
        if isinstance(told, Mapping) and isinstance(told.get("name"), str):
            return dict(told)
    return None


def headline_figures(notebook: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return answer name -> {headline, figures, spark, currency}; the first answer of a name counts, and only finite numbers."""
    found: dict[str, dict[str, Any]] = {}
    for _, told in told_answers(notebook):
        figures = told.get("figures") if isinstance(told.get("figures"), Mapping) else {}
        spark = told.get("spark") if isinstance(told.get("spark"), list) else []
        found.setdefault(
            told["name"],
            {
                "headline": str(told.get("headline") or ""),
                "figures": {str(key): value for key, value in figures.items() if _is_number(value)},  # type: ignore[union-attr]
                "spark": [value if _is_number(value) else None for value in spark[-_SPARK_POINTS:]],  # type: ignore[index]
                "currency": str(told.get("currency") or ""),
            },
        )
    return found


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
