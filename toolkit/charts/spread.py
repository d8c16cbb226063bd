"""Two figures against each other as shaded cells on number axes: where the members are, and a rectangle to choose among them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from toolkit.charts.figure import figure, nothing_to_draw, number_axis, roles, tip
from toolkit.charts.theme import HEIGHT, PRIMARY, SEQUENTIAL, Kind, axis_format

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
        return nothing_to_draw(title, "No members to draw.")
    most = float(drawn["up_end"].max() or 0)  # type: ignore[arg-type]
    x: dict[str, Any] = {"field": "across", "type": "quantitative", "axis": number_axis(across_title, ",.0f"), "scale": {"nice": False}}
    y: dict[str, Any] = {"field": "up", "type": "quantitative", "axis": number_axis(up_title, axis_format(up_kind, most))}
    shade = {
        "field": "member_count", "type": "quantitative", "scale": {"type": "log", "range": list(SEQUENTIAL[1:])},
        "legend": {"title": "Members", "orient": "top", "gradientLength": 160, "tickCount": 3, "format": "~s"},
    }  # fmt: skip
    tips = [
        tip("across", f"{across_title}, from", "count"), tip("across_end", "to under", "count"),
        tip("up", f"{up_title}, from", up_kind), tip("up_end", "to under", up_kind), tip("member_count", "Members", "count"),
    ]  # fmt: skip
    encoding = {"x": x, "x2": {"field": "across_end"}, "y": y, "y2": {"field": "up_end"}, "color": shade, "tooltip": tips}
    selection = {"select": {"type": "interval", "encodings": ["x", "y"], "mark": {"stroke": PRIMARY, "fill": PRIMARY, "fillOpacity": 0.12}}}
    more = {"params": [{"name": BRUSH, **selection}]} if brush else {}
    return figure(drawn, [{"mark": {"type": "rect"}, "encoding": encoding, **more}], title=title, subtitle=subtitle, height=HEIGHT)
