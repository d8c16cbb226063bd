"""Heatmaps: weekday x hour, segment x segment flow, R x F grid with names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import polars as pl

from toolkit.charts.figure import figure, label_expr, nothing_to_draw, pixels, roles, shortened, sorted_as_given, text_mark, tip
from toolkit.charts.theme import (
    DEEP_ABOVE,
    DEEP_BELOW,
    DEEP_FROM,
    DIVERGING,
    MUTED,
    ON_DEEP,
    ON_PALE,
    SEQUENTIAL,
    WIDTH,
    Kind,
    axis_format,
    number_text,
)
from toolkit.language import tr, word

if TYPE_CHECKING:
    import altair as alt

_TEXT_PIXELS = 44  # a narrower cell has no room for its figure
_NAMED_PIXELS = 96  # a narrower cell has no room for a name
_HOUR_PIXELS = 24  # 24 hours fit the page
_WIDEST_PIXELS = 124
_PEAKS = 3
_LETTER = 6.2
_WIDE_LETTER = 7.2  # as wide as a reader's own font may be


def heatmap(
    frame: pl.DataFrame,
    *,
    column: str,
    row: str,
    value: str,
    title: str,
    subtitle: str = "",
    column_title: str = "",
    row_title: str = "",
    value_title: str,
    kind: Kind = "count",
    column_order: list | None = None,
    row_order: list | None = None,
    name: str | None = None,
    n: str | None = None,
) -> alt.Chart | alt.LayerChart:
    """Cells shaded by a value, one per (row, column); a missing cell stays white.

    Wide cells carry their figure, and `name` (a segment) above it; where cells are too narrow, the three highest do. The order of columns
    and rows is the given one, or that of the frame. The colour runs over lightness alone, so it can be read in grey.
    """
    drawn = roles(frame, "heatmap", column=column, row=row, value=value, name=name, n=n)
    if drawn.is_empty():
        return nothing_to_draw(title, tr("No cells to draw."))
    drawn = drawn.with_columns(label_expr("column").alias("column"), label_expr("row").alias("row"))
    columns, rows = _order(column_order, drawn["column"]), _order(row_order, drawn["row"])
    cell = max(_NAMED_PIXELS if name else _HOUR_PIXELS, min(_WIDEST_PIXELS, WIDTH // len(columns)))
    drawn = _worded(drawn, kind, cell)
    most = max(float(cast("float | None", drawn["value"].max()) or 0), 1e-12)
    least = min(0.0, float(cast("float | None", drawn["value"].min()) or 0))
    both = least < 0 < float(cast("float | None", drawn["value"].max()) or 0)  # losses and gains: white in the middle, dark at both ends
    if both:
        most = max(most, -least)
        least = -most
    x = {
        "field": "column",
        "type": "nominal",
        "sort": columns,
        "scale": {"domain": columns, "padding": 0.04},
        "axis": _axis(column_title, cell, columns),
    }
    y = {"field": "row", "type": "nominal", "sort": rows, "scale": {"domain": rows, "padding": 0.06}, "axis": {"title": row_title or None}}
    legend: dict[str, Any] = {
        "title": value_title,
        **shortened(axis_format(kind, most)),
        "gradientLength": 180,
        "orient": "top",
        "tickCount": 4,
    }
    shade = {
        "field": "value",
        "type": "quantitative",
        "scale": {"domain": [least, most], "range": list(DIVERGING if both else SEQUENTIAL)},
        "legend": legend,
    }
    tips = [tip("row", row_title or tr("Row")), tip("column", column_title or tr("Column")), tip("value", value_title, kind)]
    tips += [tip("name", tr("Name"))] if name else []
    tips += [tip("n", "n", "count")] if n else []
    cells = {"mark": {"type": "rect", "cornerRadius": 2}, "encoding": {"x": x, "y": y, "color": shade, "tooltip": tips}}
    wide = most - least
    dark = f"datum.value > {least + (DEEP_ABOVE if both else DEEP_FROM) * wide}"
    dark += f" || datum.value < {least + DEEP_BELOW * wide}" * both
    ink = {"condition": {"test": dark, "value": ON_DEEP}, "value": ON_PALE}
    lower: dict[str, Any] = {"dy": 8} if name else {}
    words = text_mark("text", fontSize=11, x=x, y=y, **lower)
    words["encoding"]["color"] = ink
    layers = [cells, words]
    if name:
        called = text_mark("name", fontSize=11, fontWeight=600, dy=-8, limit=cell - 6, x=x, y=y)
        called["encoding"]["color"] = ink
        layers.append(called)
    tall = 48 if name else 30 if cell >= _TEXT_PIXELS else 26
    return figure(drawn, layers, title=title, subtitle=subtitle, width={"step": cell}, height={"step": tall})


def _worded(drawn: pl.DataFrame, kind: Kind, cell: int) -> pl.DataFrame:
    texts = pl.Series([number_text(value, kind) for value in drawn["value"]], dtype=pl.String)
    if cell >= _TEXT_PIXELS or "name" in drawn.columns:
        return drawn.with_columns(text=texts)
    peaks = drawn["value"].rank("ordinal", descending=True) <= _PEAKS
    short = pl.Series([text if len(text) * 6 <= cell else "▲" for text in texts], dtype=pl.String)
    return drawn.with_columns(text=pl.when(peaks).then(short).otherwise(pl.lit("")))


def _order(wanted: list | None, values: pl.Series) -> list[str]:
    here = sorted_as_given(values)
    first = [word(str(item)) for item in wanted or []]
    return first + [label for label in here if label not in first]


def _axis(title: str, cell: int, names: list[str]) -> dict[str, Any]:
    wide = max(pixels(name, _LETTER) for name in names) > cell
    words = {"labelExpr": "split(datum.label, ' ')", "labelLineHeight": 13} if wide else {}  # one word a line where a name is too wide
    if max(pixels(part, _WIDE_LETTER) for name in names for part in name.split(" ")) > max(cell + 4, 60):  # not even one word: slanted
        words = {"labelAngle": -35, "labelAlign": "right", "labelBaseline": "middle", "labelLimit": 160}
    return {"title": title or None, "labelAngle": 0, "labelLimit": max(cell + 4, 60), "orient": "bottom", "titleColor": MUTED, **words}
