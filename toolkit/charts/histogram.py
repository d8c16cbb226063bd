"""A histogram from bins that were counted in polars, with named marks such as the median."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import polars as pl

from toolkit.charts.figure import figure, nothing_to_draw, number_axis, once, one_line, roles, tip
from toolkit.charts.theme import ACCENT, HEIGHT, INK, Kind, axis_format, number_text
from toolkit.language import later, tr

if TYPE_CHECKING:
    import altair as alt


def histogram(
    frame: pl.DataFrame,
    *,
    low: str,
    high: str,
    count: str,
    title: str,
    subtitle: str = "",
    x_title: str,
    count_title: str = later("members"),
    kind: Kind = "count",
    count_kind: Kind = "count",
    marks: Mapping[str, float] | None = None,
) -> alt.Chart | alt.LayerChart:
    """Bars of given width: one row per bin with its edges and its count. `marks` are vertical lines with their names: `{"median": 12}`.

    Bins may differ in width; then `count` should be a density, and `count_title` say so.
    """
    drawn = roles(frame, "histogram", low=low, high=high, count=count).drop_nulls(["low", "high"])
    if drawn.is_empty():
        return nothing_to_draw(title, tr("No bins to draw."))
    axis = number_axis(x_title, axis_format(kind, float(drawn["high"].abs().max() or 0)), grid=False)  # type: ignore[arg-type]
    x = {"field": "low", "type": "quantitative", "bin": "binned", "axis": axis, "scale": {"zero": False, "nice": False}}
    y = {
        "field": "count",
        "type": "quantitative",
        "axis": number_axis(count_title, axis_format(count_kind, float(drawn["count"].max() or 0))),  # type: ignore[arg-type]
    }
    tips = [tip("low", tr("{x_title}, from", x_title=x_title), kind), tip("high", tr("below"), kind), tip("count", count_title, count_kind)]
    # Vega-Lite 6 draws binned bars with rounded ends at zero width.
    bars = {
        "mark": {"type": "bar", "binSpacing": 1, "cornerRadiusEnd": 0},
        "encoding": {"x": x, "x2": {"field": "high"}, "y": y, "tooltip": tips},
    }
    middle = (float(drawn["low"].min()) + float(drawn["high"].max())) / 2  # type: ignore[arg-type]
    layers = [bars]
    for place, (name, at) in enumerate((marks or {}).items()):
        layers += _mark(f"{one_line(name)} {number_text(at, kind)}", at, line=place, left=at > middle)
    return figure(drawn, layers, title=title, subtitle=subtitle, height=HEIGHT)


def _mark(words: str, at: float, *, line: int, left: bool) -> list[dict[str, Any]]:
    x = {"datum": at, "type": "quantitative"}
    rule = once({"type": "rule", "color": ACCENT, "strokeWidth": 2, "strokeDash": [5, 3]}, {"x": x})
    text = {
        "type": "text",
        "align": "right" if left else "left",
        "dx": -6 if left else 6,
        "baseline": "top",
        "fontWeight": 600,
        "color": INK,
    }
    return [rule, once(text, {"x": x, "y": {"value": 2 + 17 * line}, "text": {"datum": words, "type": "nominal"}})]
