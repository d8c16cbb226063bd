"""What every chart of an answer is held to."""

from __future__ import annotations

from typing import Any

from toolkit.answer import Answer
from toolkit.charts.theme import ROW_LIMIT


def spec_of(answer: Answer) -> dict[str, Any]:
    """Return the specification of the answer's chart, validated against the Vega-Lite schema, with a title and few rows."""
    spec = answer.chart.to_dict()
    assert spec["title"]["text"]
    assert len(spec["data"]["values"] if "values" in spec["data"] else next(iter(spec["datasets"].values()))) <= ROW_LIMIT
    return spec


def axis_titles(spec: dict[str, Any]) -> set[str]:
    """Return the titles of the axes of all layers."""
    units = spec.get("layer", [spec])
    axes = [unit["encoding"][channel].get("axis") for unit in units for channel in ("x", "y") if channel in unit["encoding"]]
    return {axis["title"] for axis in axes if axis and axis.get("title")}
