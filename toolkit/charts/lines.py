"""Lines over time, with the earlier period dashed behind them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import polars as pl

from toolkit.charts.figure import figure, label_expr, nothing_to_draw, number_axis, roles, sorted_as_given, text_mark, tip
from toolkit.charts.theme import DASHES, FAINT, HEIGHT, MUTED, PALETTE, PRIMARY, WIDTH, Kind, axis_format
from toolkit.language import later, tr

if TYPE_CHECKING:
    import altair as alt

_POINTS_UP_TO = 40  # more points than this on one line and they run into each other


def lines_over_time(
    frame: pl.DataFrame,
    *,
    time: str,
    value: str,
    title: str,
    subtitle: str = "",
    value_title: str,
    kind: Kind = "count",
    series: str | None = None,
    earlier: str | None = None,
    earlier_title: str = later("a year earlier"),
    this_title: str = later("this period"),
    from_zero: bool = True,
) -> alt.Chart | alt.LayerChart:
    """One line per series over dates; null leaves a gap.

    Columns: `time` date or datetime, `value` number, `series` any (up to six; told apart by dash and by a name at the end of the line as
    well as by colour), `earlier` the value of the period of comparison at the same place on the axis (only without `series`).
    """
    drawn = roles(frame, "lines_over_time", time=time, value=value, series=series, earlier=earlier if series is None else None)
    if drawn.is_empty():
        return nothing_to_draw(title, tr("No dates to draw."))
    drawn = drawn.sort("time", maintain_order=True)
    largest = max(
        (float(cast("float | None", drawn[name].abs().max()) or 0) for name in ("value", "earlier") if name in drawn.columns), default=0.0
    )
    x = {"field": "time", "type": "temporal", "axis": _time_axis(drawn["time"])}
    y = {
        "field": "value",
        "type": "quantitative",
        "scale": {"zero": from_zero, "nice": True},
        "axis": number_axis(value_title, axis_format(kind, largest)),
    }
    if series is None:
        if earlier:
            # The earlier line first, so that this period's is drawn over it.
            both = [("earlier", tr(earlier_title)), ("value", tr(this_title))]
            drawn = pl.concat([drawn.select("time", value=pl.col(name).cast(pl.Float64), series=pl.lit(told)) for name, told in both])
        layers = _one_line(drawn, x, y, value_title, kind, this_title, earlier_title if earlier else None)
    else:
        drawn = drawn.with_columns(label_expr("series").alias("series"))
        layers = _many_lines(drawn, x, y, value_title, kind)
        last = pl.col("value").is_not_null() & (pl.col("time") == pl.col("time").filter(pl.col("value").is_not_null()).max().over("series"))
        drawn = drawn.with_columns(end=pl.when(last).then(pl.col("series")))
    return figure(drawn, layers, title=title, subtitle=subtitle, height=HEIGHT)


def _one_line(
    drawn: pl.DataFrame, x: dict[str, Any], y: dict[str, Any], value_title: str, kind: Kind, this_title: str, earlier_title: str | None
) -> list[dict[str, Any]]:
    tips = [tip("time", tr("Date")) | {"type": "temporal", "format": tr("%-d %b %Y")}, tip("value", value_title, kind)]
    point = {"filled": True, "size": 34} if drawn["time"].n_unique() <= _POINTS_UP_TO else False
    if earlier_title is None:
        area = {"mark": {"type": "area", "line": False, "fillOpacity": 0.1}, "encoding": {"x": x, "y": y}}
        return [area, {"mark": {"type": "line", "point": point}, "encoding": {"x": x, "y": y, "tooltip": tips}}]
    names = [tr(this_title), tr(earlier_title)]
    told = {"field": "series", "type": "nominal", "title": None}
    colour = {**told, "scale": {"domain": names, "range": [PRIMARY, FAINT]}, "legend": {"symbolType": "stroke", "symbolStrokeWidth": 2.5}}
    dash = {**told, "scale": {"domain": names, "range": [[1, 0], [5, 4]]}}
    encoding = {"x": x, "y": y, "color": colour, "strokeDash": dash, "tooltip": [tip("series", tr("Period")), *tips]}
    return [{"mark": {"type": "line", "point": point}, "encoding": encoding}]


def _many_lines(drawn: pl.DataFrame, x: dict[str, Any], y: dict[str, Any], value_title: str, kind: Kind) -> list[dict[str, Any]]:
    names = sorted_as_given(drawn["series"])
    places = range(len(names))
    colours = {"domain": names, "range": [PALETTE[place % len(PALETTE)] for place in places]}
    dashes = {
        "domain": names,
        "range": [DASHES[place // len(PALETTE) % len(DASHES) if place >= len(PALETTE) else place] for place in places],
    }
    colour = {
        "field": "series",
        "type": "nominal",
        "title": None,
        "scale": colours,
        "legend": {"columns": 4, "symbolType": "stroke", "symbolStrokeWidth": 2.5},
    }
    tips = [
        tip("series", tr("Series")),
        tip("time", tr("Date")) | {"type": "temporal", "format": tr("%-d %b %Y")},
        tip("value", value_title, kind),
    ]
    line = {
        "mark": {"type": "line", "point": {"size": 30} if drawn.height <= _POINTS_UP_TO * 2 else False},
        "encoding": {
            "x": x,
            "y": y,
            "color": colour,
            "strokeDash": {"field": "series", "type": "nominal", "title": None, "scale": dashes},
            "tooltip": tips,
        },
    }
    named = text_mark("end", align="left", dx=7, fontSize=11, color=MUTED, limit=110, x=x, y=y)
    return [line, named]


def _time_axis(times: pl.Series) -> dict[str, Any]:
    span = times.to_frame("time").select(pl.col("time").max() - pl.col("time").min()).item() if times.dtype.is_temporal() else None
    span_days = span.total_seconds() / 86_400 if span is not None else 0.0
    form = "%H:%M" if 0 < span_days < 1 else tr("%-d %b") if span_days <= 120 else tr("%b %Y") if span_days <= 365 * 6 else tr("%Y")
    return {
        "title": None,
        "format": form,
        "tickCount": min(8, max(2, times.n_unique())),
        "labelOverlap": True,
        "labelFlush": True,
        "maxExtent": WIDTH,
    }
