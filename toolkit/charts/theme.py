"""How our charts look: fonts, colours, sizes, and the number formats of axes and labels.

Nothing is enabled at import. `themed(chart)` gives a copy of any altair chart the theme; the chart functions of this package already
apply it when a chart is turned into a specification.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import altair as alt

Kind = Literal["count", "share", "share1", "money", "money2", "days", "index", "decimal", "points"]

FONT = (
    'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", '
    '"Apple Color Emoji", "Noto Color Emoji", sans-serif'
)
INK, MUTED, FAINT, GRID, PAPER = "#1f2933", "#5b6875", "#98a4ae", "#e6eaee", "#ffffff"
PRIMARY, ACCENT = "#1b5e86", "#c9761a"
# By night a page puts others in their place (`static/colours.css` of the apps' template, which reports carry too). So what stands on a mark
# has a colour of its own, a shade beside the theme's: words on a light and a dark part of a bar, and on a pale and a deep cell.
ON_LIGHT, ON_DARK = "#0b0f13", "#fffffe"
ON_PALE, ON_DEEP = "#000001", "#fffffd"
# Found by search: each 3:1 on paper, no two nearer than CIE76 28, also as seen with protanopia, deuteranopia and tritanopia; tests hold it.
PALETTE = (PRIMARY, ACCENT, "#029af4", "#704604", "#8f916f", "#353a28")
# Their places by night; `static/colours.css` says so to the pages, and a test holds both together.
NIGHT_PALETTE = ("#5fb0dd", "#f0a24a", "#7374dc", "#a98b63", "#f2d5a1", "#ce4f89")
DASHES = ([1, 0], [6, 3], [2, 2], [8, 3, 2, 3], [12, 4], [1, 3])
SHAPES = ("circle", "square", "triangle-up", "diamond", "cross", "triangle-down")
SEQUENTIAL = ("#f1f6f9", "#c6dce8", "#8fbad0", "#4d8fb2", "#1b5e86", "#0f3b57")
DIVERGING = ("#8b361e", "#c98a72", "#f4f1ee", "#7fb0c9", "#1b5e86")
# From where on a cell carries white words: there black and white read alike, 4.5:1, by day and by night. As shares of the scale.
DEEP_FROM, DEEP_BELOW, DEEP_ABOVE = 0.68, 0.135, 0.91

WIDTH, HEIGHT, BAR_STEP = 640, 280, 26
LABEL_PIXELS = 210
ROW_LIMIT = 5000

# kind -> (axis and tooltip format of d3, Python format, factor before the Python format, suffix)
_FORMATS: dict[str, tuple[str, str, float, str]] = {
    "count": (",.0f", ",.0f", 1, ""),
    "share": (".0%", ".0f", 100, "%"),
    "share1": (".1%", ".1f", 100, "%"),
    "money": (",.0f", ",.0f", 1, ""),
    "money2": (",.2f", ",.2f", 1, ""),
    "days": (",.0f", ",.0f", 1, ""),
    "index": (".2f", ".2f", 1, ""),
    "decimal": (",.1f", ",.1f", 1, ""),
    "points": ("+.1f", "+.1f", 1, ""),
}
# Axis ticks of large counts and sums in short form (12k, 3.4M); labels and tooltips keep all digits.
_AXIS = {"count": "~s", "money": "~s", "share1": ".0%", "money2": ",.2~f"}


def format_of(kind: Kind) -> str:
    """Return the d3 number format of tooltips for a kind of figure."""
    return _FORMATS[kind][0]


def axis_format(kind: Kind, largest: float | None = None) -> str:
    """Return the d3 number format of axis ticks; large counts and sums are shortened (`12k`), small ones are not."""
    if kind in ("count", "money") and (largest is None or abs(largest) < 10_000):
        return ",.0f" if largest is None or abs(largest) >= 10 or kind == "count" else ",.2~f"
    if kind == "share1" and largest is not None and abs(largest) < 0.05:
        return ".1%"
    return _AXIS.get(kind, _FORMATS[kind][0])


def number_text(value: float | None, kind: Kind = "count") -> str:
    """Return a figure as a person reads it; null, NaN and infinity are an en dash.

    >>> number_text(0.1234, "share1"), number_text(1234567.4, "money"), number_text(None)
    ('12.3%', '1,234,567', '–')
    """
    if value is None or not math.isfinite(value):
        return "–"
    _, pattern, factor, suffix = _FORMATS[kind]
    return f"{value * factor:{pattern}}{suffix}"


def config() -> dict[str, Any]:
    """Return the theme as a Vega-Lite `config`: a new dict each time, so that no caller can change it for others."""
    return {
        "font": FONT,
        "background": PAPER,
        "padding": 6,
        "view": {"stroke": None, "continuousWidth": WIDTH, "continuousHeight": HEIGHT},
        "title": {
            "anchor": "start",
            "frame": "group",
            "fontSize": 15,
            "fontWeight": 600,
            "color": INK,
            "offset": 14,
            "subtitleFontSize": 12,
            "subtitleColor": MUTED,
            "subtitlePadding": 5,
            "limit": WIDTH + LABEL_PIXELS,
        },
        "axis": {
            "labelFontSize": 12,
            "labelColor": INK,
            "labelLimit": LABEL_PIXELS,
            "labelPadding": 6,
            "titleFontSize": 12,
            "titleFontWeight": "normal",
            "titleColor": MUTED,
            "titlePadding": 10,
            "gridColor": GRID,
            "domainColor": FAINT,
            "tickColor": FAINT,
            "tickSize": 4,
        },
        "axisQuantitative": {"domain": False, "ticks": False, "tickCount": 6},
        "axisTemporal": {"grid": False},
        "axisBand": {"grid": False, "ticks": False, "domain": False},
        "axisPoint": {"grid": False},
        "legend": {
            "orient": "top",
            "labelFontSize": 12,
            "labelColor": INK,
            "labelLimit": LABEL_PIXELS,
            "titleFontSize": 12,
            "titleFontWeight": "normal",
            "titleColor": MUTED,
            "symbolSize": 90,
            "columnPadding": 18,
        },
        "header": {"labelFontSize": 12, "labelFontWeight": 600, "labelColor": INK, "titleColor": MUTED, "labelLimit": LABEL_PIXELS},
        "range": {"category": list(PALETTE), "ramp": list(SEQUENTIAL), "heatmap": list(SEQUENTIAL), "diverging": list(DIVERGING)},
        "bar": {"color": PRIMARY, "cornerRadiusEnd": 2},
        "line": {"color": PRIMARY, "strokeWidth": 2.25},
        "area": {"color": PRIMARY, "fillOpacity": 0.14},
        "point": {"color": PRIMARY, "filled": True, "size": 45},
        "rule": {"color": MUTED},
        "text": {"color": INK, "fontSize": 12},
    }


def themed(chart: alt.TopLevelMixin) -> Any:
    """Return a copy of any altair chart with our theme as its own `config`; the session's themes are left alone."""
    copy = chart.copy(deep=False)  # type: ignore[attr-defined]
    copy.config = config()
    return copy
