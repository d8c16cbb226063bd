"""A quantity against another: a line that rises or levels off, with the place where one stands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from toolkit.charts.figure import figure, nothing_to_draw, number_axis, once, roles, tip
from toolkit.charts.theme import HEIGHT, MUTED, PRIMARY, Kind, axis_format
from toolkit.language import later, tr

if TYPE_CHECKING:
    import altair as alt


def curve(
    frame: pl.DataFrame,
    *,
    x: str,
    y: str,
    title: str,
    subtitle: str = "",
    x_title: str,
    y_title: str,
    kind: Kind = "money",
    low: str | None = None,
    high: str | None = None,
    at: float | None = None,
    at_title: str = later("here"),
) -> alt.Chart | alt.LayerChart:
    """A line of `y` over `x`, a band from `low` to `high` behind it, and a rule at `x = at`; both axes in the same kind of number.

    Columns: numbers; rows without `y` leave a gap.
    """
    drawn = roles(frame, "curve", x=x, y=y, low=low, high=high)
    if drawn.is_empty() or drawn["y"].null_count() == drawn.height:
        return nothing_to_draw(title, tr("No points to draw."))
    drawn = drawn.sort("x")
    across = {"field": "x", "type": "quantitative", "axis": number_axis(x_title, axis_format(kind, _most(drawn["x"])))}
    up = {"field": "y", "type": "quantitative", "axis": number_axis(y_title, axis_format(kind, _most(drawn["y"])))}
    layers: list[dict[str, Any]] = []
    if low and high:
        band = {"mark": {"type": "area", "line": False, "fillOpacity": 0.14}}
        layers.append(band | {"encoding": {"x": across, "y": {**up, "field": "low"}, "y2": {"field": "high"}}})
    tips = [tip("x", x_title, kind), tip("y", y_title, kind)]
    line = {"mark": {"type": "line", "color": PRIMARY, "point": {"filled": True, "size": 34}}}
    layers.append(line | {"encoding": {"x": across, "y": up, "tooltip": tips}})
    if at is not None:
        place = {"datum": at, "type": "quantitative"}
        words = {"type": "text", "align": "left", "baseline": "bottom", "dx": 4, "dy": -3, "fontSize": 11, "color": MUTED}
        layers.append(once({"type": "rule", "color": MUTED, "strokeDash": [5, 4]}, {"x": place}))
        layers.append(once(words, {"x": place, "y": {"value": 0}, "text": {"datum": tr(at_title), "type": "nominal"}}))
    return figure(drawn, layers, title=title, subtitle=subtitle, height=HEIGHT)


def _most(values: pl.Series) -> float:
    return float(values.abs().max() or 0)  # type: ignore[arg-type]
