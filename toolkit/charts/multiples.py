"""Small multiples: the same small picture once per group, on the same scales."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import polars as pl

from toolkit.charts.figure import figure, label_expr, nothing_to_draw, number_axis, roles, sorted_as_given, tip
from toolkit.charts.theme import DASHES, PALETTE, Kind, axis_format
from toolkit.language import tr

if TYPE_CHECKING:
    import altair as alt

_PAGE_WIDTH = 700
_PANELS = 24
_MONTHS_FROM_DAYS = 120  # under it, ticks within one month would all read the same


def multiples(
    frame: pl.DataFrame,
    *,
    panel: str,
    x: str,
    value: str,
    title: str,
    subtitle: str = "",
    x_title: str = "",
    value_title: str,
    kind: Kind = "count",
    series: str | None = None,
    mark: Literal["line", "bar"] = "line",
    columns: int = 4,
    same_scale: bool = True,
) -> alt.Chart | alt.LayerChart:
    """One panel per group, in the frame's order, at most 24. `x` may be dates, numbers, or names (kept in the frame's order).

    `series`: up to six lines in each panel, told apart by dash as well as by colour.
    """
    drawn = roles(frame, "multiples", panel=panel, x=x, value=value, series=series)
    if drawn.is_empty():
        return nothing_to_draw(title, tr("No panels to draw."))
    drawn = drawn.with_columns(label_expr("panel").alias("panel"))
    panels = sorted_as_given(drawn["panel"])
    if len(panels) > _PANELS:
        subtitle = f"{subtitle}{' · ' if subtitle else ''}" + tr("the first {shown} of {known} groups", shown=_PANELS, known=len(panels))
        drawn = drawn.filter(pl.col("panel").is_in(panels[:_PANELS]))
        panels = panels[:_PANELS]
    columns = min(columns, len(panels))
    largest = float(drawn["value"].abs().max() or 0)  # type: ignore[arg-type]
    across, dtype = {"field": "x", "axis": {"title": x_title or None, "labelOverlap": True}}, drawn["x"].dtype
    if dtype.is_temporal():
        days = (drawn["x"].max() - drawn["x"].min()).days  # type: ignore[operator, union-attr]
        form = tr("%b") if days > _MONTHS_FROM_DAYS else tr("%-d %b")
        across |= {"type": "temporal", "axis": {"title": x_title or None, "format": form, "tickCount": 4, "labelOverlap": True}}
        tip_of_day = tip("x", x_title or tr("Date")) | {"type": "temporal", "format": tr("%-d %b %Y")}
    elif dtype.is_numeric() and mark == "line":
        across["type"], tip_of_day = "quantitative", tip("x", x_title or "x", "decimal")
    else:
        drawn = drawn.with_columns(label_expr("x").alias("x"))
        across |= {
            "type": "nominal",
            "sort": sorted_as_given(drawn["x"]),
            "axis": {"title": x_title or None, "labelAngle": -45, "labelLimit": 90},
        }
        tip_of_day = tip("x", x_title or tr("Name"))
    y = {"field": "value", "type": "quantitative", "axis": number_axis(value_title, axis_format(kind, largest), tickCount=3)}
    facet = {
        "field": "panel",
        "type": "nominal",
        "title": None,
        "sort": panels,
        "columns": columns,
        "spacing": 18,
        "header": {"labelAnchor": "start"},
    }
    unit: dict[str, Any] = {
        "mark": {"type": mark, **({"strokeWidth": 1.75} if mark == "line" else {})},
        "encoding": {
            "x": across,
            "y": y,
            "facet": facet,
            "tooltip": [tip("panel", tr("Group")), tip_of_day, tip("value", value_title, kind)],
        },
    }
    if series is not None:
        unit["encoding"] |= _told_apart(sorted_as_given(drawn["series"]))
        unit["encoding"]["tooltip"].insert(1, tip("series", tr("Series")))
    resolve = {} if same_scale else {"resolve": {"scale": {"y": "independent"}}}
    width = max(90, (_PAGE_WIDTH - 18 * (columns - 1)) // columns - 12)
    return figure(drawn, [unit], title=title, subtitle=subtitle, width=width, height=90, **resolve)


def _told_apart(names: list[str]) -> dict[str, Any]:
    """Colour and dash of the lines of a panel."""
    told = {"field": "series", "type": "nominal", "title": None}
    colours = [PALETTE[place % len(PALETTE)] for place in range(len(names))]
    dashes = [DASHES[place % len(DASHES)] for place in range(len(names))]
    return {
        "color": {**told, "scale": {"domain": names, "range": colours}, "legend": {"symbolType": "stroke", "symbolStrokeWidth": 2.5}},
        "strokeDash": {**told, "scale": {"domain": names, "range": dashes}},
    }
