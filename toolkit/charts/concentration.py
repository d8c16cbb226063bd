"""The concentration curve: which share of members makes which share of sales (Lorenz, 80/20)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import polars as pl

from toolkit.charts.figure import figure, nothing_to_draw, number_axis, once, roles, tip
from toolkit.charts.theme import ACCENT, FAINT, INK, MUTED, number_text
from toolkit.language import later, tr

if TYPE_CHECKING:
    import altair as alt

_SIDE = 360


def concentration_curve(
    frame: pl.DataFrame,
    *,
    members: str,
    sales: str,
    title: str,
    subtitle: str = "",
    members_title: str = later("Share of members"),
    sales_title: str = later("Share of sales"),
    mark_at: float | None = 0.2,
) -> alt.Chart | alt.LayerChart:
    """Curve from (0, 0) to (1, 1) beside the line of equal shares, with one point read off in words.

    Columns: `members` and `sales` cumulative shares 0..1, best members first (80/20 curve) or last (Lorenz). `mark_at` is the share of
    members at which the curve is read; the value between two points is interpolated.
    """
    drawn = roles(frame, "concentration_curve", x=members, y=sales).drop_nulls().sort("x", "y")
    if drawn.is_empty():
        return nothing_to_draw(title, tr("No shares to draw."))
    drawn = pl.concat([pl.DataFrame({"x": [0.0], "y": [0.0]}), drawn.cast(pl.Float64)]).unique(maintain_order=True)
    x = {"field": "x", "type": "quantitative", "scale": {"domain": [0, 1]}, "axis": number_axis(members_title, ".0%")}
    y = {"field": "y", "type": "quantitative", "scale": {"domain": [0, 1]}, "axis": number_axis(sales_title, ".0%")}
    least, most = cast("tuple[float, float]", (drawn["y"].min(), drawn["y"].max()))
    if most > 1 or least < 0:  # returns: some members cost more than they brought
        y["scale"] = {"nice": True}
    tips = [tip("x", members_title, "share1"), tip("y", sales_title, "share1")]
    diagonal = {"x": {"datum": 0}, "y": {"datum": 0}, "x2": {"datum": 1}, "y2": {"datum": 1}}
    equal = once({"type": "rule", "strokeDash": [4, 3], "color": FAINT}, diagonal)
    mark = {"type": "text", "color": MUTED, "fontSize": 11, "align": "left", "dx": 8, "dy": 6}
    words = once(mark, {"x": {"datum": 0.7}, "y": {"datum": 0.68}, "text": {"datum": tr("equal shares"), "type": "nominal"}})
    area = {"mark": {"type": "area", "fillOpacity": 0.1}, "encoding": {"x": x, "y": y}}
    line = {"mark": {"type": "line", "interpolate": "linear"}, "encoding": {"x": x, "y": y, "tooltip": tips}}
    layers = [area, equal, words, line]
    if mark_at is not None:
        layers += _reading(mark_at, _at(drawn, mark_at))
    return figure(drawn, layers, title=title, subtitle=subtitle, width=int(_SIDE * 1.35), height=_SIDE)


def _at(drawn: pl.DataFrame, share: float) -> float:
    """Read the curve at a share of members, on the straight line between its neighbours."""
    below, above = drawn.filter(pl.col("x") <= share).tail(1), drawn.filter(pl.col("x") >= share).head(1)
    if above.is_empty():
        return float(below["y"][0])
    (x0, y0), (x1, y1) = below.row(0), above.row(0)
    return float(y0 if x1 == x0 else y0 + (y1 - y0) * (share - x0) / (x1 - x0))


def _reading(share: float, sales: float) -> list[dict[str, Any]]:
    at = {"x": {"datum": share, "type": "quantitative"}, "y": {"datum": sales, "type": "quantitative"}}
    down = once({"type": "rule", "color": ACCENT, "strokeDash": [3, 3]}, {**at, "y2": {"datum": 0}})
    point = once({"type": "point", "color": ACCENT, "size": 90, "opacity": 1}, at)
    reading = tr("{share} of members: {sales} of sales", share=number_text(share, "share"), sales=number_text(sales, "share"))
    mark = {"type": "text", "align": "left", "dx": 12, "dy": 14, "fontWeight": 600, "color": INK}
    return [down, point, once(mark, {**at, "text": {"datum": reading, "type": "nominal"}})]
