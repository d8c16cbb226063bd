"""Two figures against each other as shaded cells on number axes: where the members are, and a rectangle to choose among them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from toolkit.charts.figure import figure, nothing_to_draw, number_axis, roles, shortened, tip
from toolkit.charts.theme import HEIGHT, PRIMARY, SEQUENTIAL, Kind, axis_format
from toolkit.language import tr

if TYPE_CHECKING:
    import altair as alt

BRUSH = "brush"
"""Name of the selection; its signal holds the lowest and highest value along each axis (`across`, `up`)."""


def spread_chart(
    frame: pl.DataFrame, *, title: str, subtitle: str = "", across_title: str, up_title: str, up_kind: Kind = "count", brush: bool = True
) -> alt.Chart | alt.LayerChart:
    """One rectangle per cell (`across`, `across_end`, `up`, `up_end`) shaded by `member_count`; with `brush`, a rectangle can be drawn.

    The shade runs over the logarithm: one full corner would otherwise leave all other cells white.
    """
    edges = ("across", "across_end", "up", "up_end")
    drawn = roles(frame, "spread_chart", **{name: name for name in (*edges, "member_count")})
    if drawn.is_empty():
        return nothing_to_draw(title, tr("No members to draw."))
    x: dict[str, Any] = {"field": "across", "type": "quantitative", **_folded(drawn, "across", across_title, "count")}
    y: dict[str, Any] = {"field": "up", "type": "quantitative", **_folded(drawn, "up", up_title, up_kind)}
    shade = {
        "field": "member_count", "type": "quantitative", "scale": {"type": "log", "range": list(SEQUENTIAL[1:])},
        "legend": {"title": tr("Members"), "orient": "top", "gradientLength": 160, "tickCount": 3, **shortened("~s")},
    }  # fmt: skip
    tips = [
        tip("across", tr("{across_title}, from", across_title=across_title), "count"), tip("across_end", tr("to under"), "count"),
        tip("up", tr("{up_title}, from", up_title=up_title), up_kind), tip("up_end", tr("to under"), up_kind),
        tip("member_count", tr("Members"), "count"),
    ]  # fmt: skip
    encoding = {"x": x, "x2": {"field": "across_end"}, "y": y, "y2": {"field": "up_end"}, "color": shade, "tooltip": tips}
    selection = {"select": {"type": "interval", "encodings": ["x", "y"], "mark": {"stroke": PRIMARY, "fill": PRIMARY, "fillOpacity": 0.12}}}
    more = {"params": [{"name": BRUSH, **selection}]} if brush else {}
    return figure(drawn, [{"mark": {"type": "rect"}, "encoding": encoding, **more}], title=title, subtitle=subtitle, height=HEIGHT)


def _folded(drawn: pl.DataFrame, name: str, title: str, kind: Kind) -> dict[str, Any]:
    """Axis and scale of one side: its ticks are the edges of the cells, and steps of the same proportion are as wide, from 0 on."""
    edges = sorted(set(drawn[name]) | set(drawn[f"{name}_end"]))
    first = next((edge for edge in edges if edge > 0), 1.0)
    axis = number_axis(title, ",.0f" if kind == "count" else axis_format(kind, edges[-1]), values=edges, labelOverlap="greedy")
    return {"axis": axis, "scale": {"type": "symlog", "constant": first, "domain": [edges[0], edges[-1]], "nice": False}}
