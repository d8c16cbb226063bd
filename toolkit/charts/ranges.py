"""Dots with their intervals: an estimate, how sure we are, and what it is compared with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from toolkit.charts.figure import (
    distinct_labels,
    figure,
    name_axis,
    nothing_to_draw,
    number_axis,
    once,
    roles,
    sorted_as_given,
    text_mark,
    tip,
)
from toolkit.charts.theme import BAR_STEP, FAINT, INK, MUTED, PAPER, PRIMARY, WIDTH, Kind, axis_format, number_text
from toolkit.language import later, tr

if TYPE_CHECKING:
    import altair as alt


def ranges(
    frame: pl.DataFrame,
    *,
    label: str,
    value: str,
    low: str,
    high: str,
    title: str,
    subtitle: str = "",
    value_title: str,
    kind: Kind = "decimal",
    n: str | None = None,
    reference: float | None = None,
    reference_title: str = later("no difference"),
) -> alt.Chart | alt.LayerChart:
    """One row per label: a dot for the value, a line from `low` to `high`, in the frame's order, with figures and n in words at the right.

    A row whose interval holds `reference` has a hollow dot: not told apart from it. Null values are `not measured` and keep their row.
    """
    drawn = roles(frame, "ranges", label=label, value=value, low=low, high=high, n=n)
    if drawn.is_empty():
        return nothing_to_draw(title, tr("No rows to draw."))
    drawn = distinct_labels(drawn)
    drawn = drawn.with_columns(text=_texts(drawn, kind), clear=_clear(reference))
    edges = [float(edge) for name in ("value", "low", "high") for edge in (drawn[name].min(), drawn[name].max()) if edge is not None]  # type: ignore[arg-type]
    edges += [reference] if reference is not None else []
    least, most = (min(edges), max(edges)) if edges else (0.0, 1.0)
    pad = (most - least or 1.0) * 0.04
    axis = number_axis(value_title, axis_format(kind, max(abs(least), abs(most))), grid=True)
    x = {"field": "value", "type": "quantitative", "scale": {"domain": [least - pad, most + pad], "nice": False}, "axis": axis}
    names, beyond = name_axis(drawn["label"])
    y = {"field": "label", "type": "nominal", "sort": sorted_as_given(drawn["label"]), "axis": names}
    tips = [tip("label", tr("Name")), tip("value", value_title, kind), tip("low", tr("from"), kind), tip("high", tr("to"), kind)]
    tips += [tip("n", "n", "count")] if n else []
    span = {"x": {**x, "field": "low"}, "x2": {"field": "high"}, "y": y, "tooltip": tips}
    fill = {"condition": {"test": "datum.clear", "value": PRIMARY}, "value": PAPER}
    dot = {
        "mark": {"type": "point", "filled": True, "size": 95, "opacity": 1, "stroke": PRIMARY, "strokeWidth": 2},
        "encoding": {"x": x, "y": y, "fill": fill, "tooltip": tips},
    }
    layers: list[dict[str, Any]] = []
    if reference is not None:
        layers += _reference(reference, f"{tr(reference_title)} {number_text(reference, kind)}")
    layers += [{"mark": {"type": "rule", "color": PRIMARY, "strokeWidth": 2.5, "opacity": 0.55}, "encoding": span}, dot]
    layers.append(text_mark("text", align="left", color=MUTED, fontSize=11, x={"value": WIDTH - 140 - beyond}, y=y))
    return figure(
        drawn,
        layers,
        title=title,
        subtitle=subtitle,
        width=WIDTH - 150 - beyond,
        height={"step": BAR_STEP + (4 if "labelExpr" in names else 0)},
    )


def _texts(drawn: pl.DataFrame, kind: Kind) -> pl.Series:
    counts = drawn["n"] if "n" in drawn.columns else [None] * drawn.height
    texts = []
    for value, low, high, n in zip(drawn["value"], drawn["low"], drawn["high"], counts, strict=True):
        text = (
            tr(
                "{number_text}  ({low} to {high})",
                number_text=number_text(value, kind),
                low=number_text(low, kind),
                high=number_text(high, kind),
            )
            if value is not None
            else tr("not measured")
        )
        texts.append(f"{text}  ·  n {n:,}" if n is not None else text)
    return pl.Series(texts, dtype=pl.String)


def _clear(reference: float | None) -> pl.Expr:
    if reference is None:
        return pl.lit(True)
    return ((pl.col("low") > reference) | (pl.col("high") < reference)).fill_null(False)


def _reference(value: float, words: str) -> list[dict[str, Any]]:
    at = {"datum": value, "type": "quantitative"}
    text = {"type": "text", "align": "left", "baseline": "bottom", "dx": 4, "dy": -3, "fontSize": 11, "color": INK, "opacity": 0.7}
    return [
        once({"type": "rule", "color": FAINT, "strokeDash": [4, 3], "strokeWidth": 1.5}, {"x": at}),
        once(text, {"x": at, "y": {"value": 0}, "text": {"datum": words, "type": "nominal"}}),
    ]
