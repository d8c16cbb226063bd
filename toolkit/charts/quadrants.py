"""A scatter of already aggregated points, cut into four named quarters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

import polars as pl

from toolkit.charts.figure import figure, label_expr, nothing_to_draw, number_axis, once, roles, tip
from toolkit.charts.theme import FAINT, INK, MUTED, PALETTE, PAPER, PRIMARY, SHAPES, Kind, axis_format
from toolkit.language import later, tr

if TYPE_CHECKING:
    import altair as alt

Corner = Literal["low-low", "low-high", "high-low", "high-high"]
_CORNERS: tuple[Corner, ...] = ("high-high", "low-high", "high-low", "low-low")
_WIDTH, _HEIGHT = 560, 400


def quadrants(
    frame: pl.DataFrame,
    *,
    x: str,
    y: str,
    title: str,
    subtitle: str = "",
    x_title: str,
    y_title: str,
    x_kind: Kind = "count",
    y_kind: Kind = "money",
    x_cut: float | None = None,
    y_cut: float | None = None,
    corners: Mapping[Corner, str] | None = None,
    size: str | None = None,
    size_title: str = later("members"),
    label: str | None = None,
    logarithmic: bool = False,
) -> alt.Chart | alt.LayerChart:
    """Points (stores, or bins of members with their number as `size`) against two quantities.

    `x_cut` and `y_cut` draw the cuts; `corners` names the quarters, x first: `"low-high"` is low x, high y. A value on the cut is high.
    Quarters differ by colour and by shape. `label` (a store's name) is shown in the tooltip.
    """
    drawn = roles(frame, "quadrants", x=x, y=y, size=size, label=label).drop_nulls(["x", "y"])
    if drawn.is_empty():
        return nothing_to_draw(title, tr("No points to draw."))
    scale = {"type": "symlog"} if logarithmic else {"zero": False, "nice": True}
    axes = {
        "x": {"field": "x", "type": "quantitative", "scale": scale, "axis": {**_axis(drawn["x"], x_title, x_kind), "grid": True}},
        "y": {"field": "y", "type": "quantitative", "scale": scale, "axis": _axis(drawn["y"], y_title, y_kind)},
    }
    tips = [tip("x", x_title, x_kind), tip("y", y_title, y_kind)]
    mark: dict[str, Any] = {
        "type": "point",
        "filled": True,
        "opacity": 0.75,
        "size": 55,
        "color": PRIMARY,
        "stroke": PAPER,
        "strokeWidth": 0.6,
    }
    encoding: dict[str, Any] = {**axes}
    if size:
        tips.append(tip("size", size_title, "count"))
        legend = {"orient": "right", "format": ",.0f", "tickCount": 4, "symbolFillColor": FAINT, "symbolStrokeColor": FAINT}
        encoding["size"] = {
            "field": "size",
            "type": "quantitative",
            "title": tr(size_title),
            "scale": {"range": [14, 520]},
            "legend": legend,
        }
    if label:
        drawn = drawn.with_columns(label_expr("label").alias("label"))
        tips.insert(0, tip("label", tr("Name")))
    layers: list[dict[str, Any]] = []
    if x_cut is not None and y_cut is not None:
        names: dict[Corner, str] = {corner: (corners or {}).get(corner, corner) for corner in _CORNERS}
        drawn = drawn.with_columns(quarter=_quarter(x_cut, y_cut, names))
        corner_names = list(names.values())
        kind_of = {"field": "quarter", "type": "nominal", "title": None}
        encoding["color"] = {
            **kind_of,
            "scale": {"domain": corner_names, "range": [PALETTE[place] for place in (0, 1, 3, 4)]},
            "legend": {"columns": 2, "labelLimit": _WIDTH // 2},
        }
        encoding["shape"] = {**kind_of, "scale": {"domain": corner_names, "range": list(SHAPES[:4])}}
        tips.append(tip("quarter", tr("Group")))
        layers += _cuts(x_cut, y_cut)
        layers += [_corner(names[corner], corner) for corner in _CORNERS]
    points = {"mark": mark, "encoding": {**encoding, "tooltip": tips}}
    return figure(drawn, [points, *layers], title=title, subtitle=subtitle, width=_WIDTH, height=_HEIGHT)


def _axis(values: pl.Series, title: str, kind: Kind) -> dict[str, Any]:
    return number_axis(title, axis_format(kind, float(values.abs().max() or 0)), labelOverlap=True)  # type: ignore[arg-type]


def _quarter(x_cut: float, y_cut: float, names: Mapping[Corner, str]) -> pl.Expr:
    right, top = pl.col("x") >= x_cut, pl.col("y") >= y_cut
    low = pl.when(top).then(pl.lit(names["low-high"])).otherwise(pl.lit(names["low-low"]))
    return pl.when(right).then(pl.when(top).then(pl.lit(names["high-high"])).otherwise(pl.lit(names["high-low"]))).otherwise(low)


def _cuts(x_cut: float, y_cut: float) -> list[dict[str, Any]]:
    mark = {"type": "rule", "color": MUTED, "strokeDash": [5, 4], "strokeWidth": 1.25}
    return [
        once(mark, {"x": {"datum": x_cut, "type": "quantitative"}}),
        once(mark, {"y": {"datum": y_cut, "type": "quantitative"}}),
    ]


def _corner(words: str, corner: Corner) -> dict[str, Any]:
    right, top = corner.startswith("high"), corner.endswith("high")
    mark = {
        "type": "text",
        "align": "right" if right else "left",
        "baseline": "top" if top else "bottom",
        "fontSize": 12,
        "fontWeight": 600,
        "color": INK,
        "opacity": 0.75,
        "limit": _WIDTH // 2 - 20,
    }
    place = {"x": {"value": _WIDTH - 6 if right else 6}, "y": {"value": 6 if top else _HEIGHT - 6}}
    return once(mark, {**place, "text": {"datum": words, "type": "nominal"}})
