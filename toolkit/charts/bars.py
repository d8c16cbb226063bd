"""Bars: a ranking with its n and error bars, groups side by side, parts of a whole."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import polars as pl

from toolkit.charts.figure import (
    broken,
    distinct_labels,
    figure,
    label_expr,
    name_axis,
    nothing_to_draw,
    number_axis,
    once,
    pixels,
    roles,
    sorted_as_given,
    text_mark,
    tip,
    with_breaks,
)
from toolkit.charts.theme import (
    ACCENT,
    BAR_STEP,
    FAINT,
    INK,
    MUTED,
    ON_DARK,
    ON_LIGHT,
    PALETTE,
    PAPER,
    PRIMARY,
    WIDTH,
    Kind,
    axis_format,
    number_text,
)
from toolkit.language import later, tr, word

if TYPE_CHECKING:
    import altair as alt

_CHARACTER_PIXELS = 6.6  # width of a 12 px digit in the fonts of the theme, rounded up


def _names(drawn: pl.DataFrame, padding: float) -> tuple[dict[str, Any], int]:
    """The axis of names in the frame's order, and the width that is left for the bars."""
    axis, beyond = name_axis(drawn["label"])
    named = {"field": "label", "type": "nominal", "axis": axis, "sort": sorted_as_given(drawn["label"]), "scale": {"paddingInner": padding}}
    return named, WIDTH - beyond


def ranked_bars(
    frame: pl.DataFrame,
    *,
    label: str,
    value: str,
    title: str,
    subtitle: str = "",
    value_title: str,
    kind: Kind = "count",
    n: str | None = None,
    low: str | None = None,
    high: str | None = None,
    ranked: bool = True,
    highlight: str | None = None,
    reference: float | None = None,
    reference_title: str = later("average"),
) -> alt.Chart | alt.LayerChart:
    """Horizontal bars, one per row, longest first (`ranked=False` keeps the frame's order, for stages and bands).

    Columns: `label` any, `value` number (null = not measured: no bar, but the row and its n stay), `n` integer, `low` and `high` the ends
    of an error bar. The figure and its n stand beside each bar. `highlight` is one label that is drawn in the accent colour and bold;
    `reference` draws a dashed line with its name.

    >>> import polars as pl
    >>> shops = pl.DataFrame({"store": ["A", "B"], "sales": [3, 5]})
    >>> chart = ranked_bars(shops, label="store", value="sales", title="Sales", value_title="USD")
    >>> chart.to_dict()["title"]["text"]
    'Sales'
    """
    drawn = roles(frame, "ranked_bars", label=label, value=value, n=n, low=low, high=high)
    if drawn.is_empty():
        return nothing_to_draw(title, tr("No rows to draw."))
    if ranked:
        drawn = drawn.sort("value", descending=True, nulls_last=True, maintain_order=True)
    drawn = distinct_labels(drawn).with_columns(text=_bar_texts(drawn, kind), end=_ends(drawn))
    scale, axis = _headroom(drawn, kind, value_title, reference)
    name, width = _names(drawn, 0.28)
    chosen = {"test": f"datum.label === {_js_text(broken(word(highlight)))}", "value": ACCENT} if highlight is not None else None
    fill: dict[str, Any] = {"value": PRIMARY, **({"condition": chosen} if chosen else {})}
    tips = [tip("label", tr("Name")), tip("value", value_title, kind)]
    tips += [tip("n", "n", "count")] if n else []
    tips += [tip("low", tr("from"), kind), tip("high", tr("to"), kind)] if low and high else []
    position = {"field": "value", "type": "quantitative", "scale": scale, "axis": axis}
    layers: list[dict[str, Any]] = [{"mark": {"type": "bar"}, "encoding": {"x": position, "y": name, "color": fill, "tooltip": tips}}]
    if low and high:
        span = {"x": {"field": "low", "type": "quantitative", "axis": axis}, "x2": {"field": "high"}, "y": name, "tooltip": tips}
        # A white line below the dark one: seen on the bar and beyond its end.
        layers += [
            {"mark": {"type": "rule", "color": colour, "strokeWidth": wide}, "encoding": span} for colour, wide in ((PAPER, 4), (INK, 1.5))
        ]
    layers.append(text_mark("text", align="left", dx=6, color=MUTED, x={"field": "end", "type": "quantitative", "axis": axis}, y=name))
    if reference is not None:
        layers += _reference_layers(reference, f"{tr(reference_title)} {number_text(reference, kind)}")
    return figure(
        drawn, layers, title=title, subtitle=subtitle, width=width, height={"step": BAR_STEP + (4 if "labelExpr" in name["axis"] else 0)}
    )


def grouped_bars(
    frame: pl.DataFrame,
    *,
    label: str,
    group: str,
    value: str,
    title: str,
    subtitle: str = "",
    value_title: str,
    group_title: str = "",
    kind: Kind = "count",
    n: str | None = None,
) -> alt.Chart | alt.LayerChart:
    """Horizontal bars side by side: one block per label, one bar per group (two to six), each with its figure.

    The first group is the primary colour; the order of labels and groups is the frame's.
    """
    drawn = roles(frame, "grouped_bars", label=label, group=group, value=value, n=n)
    if drawn.is_empty():
        return nothing_to_draw(title, tr("No rows to draw."))
    drawn = drawn.with_columns(
        label_expr("label").alias("label"), label_expr("group").alias("group"), text=_bar_texts(drawn, kind), end=_ends(drawn)
    ).pipe(with_breaks)
    groups = sorted_as_given(drawn["group"])
    scale, axis = _headroom(drawn, kind, value_title, None)
    name, width = _names(drawn, 0.3)
    offset = {"field": "group", "type": "nominal", "sort": groups, "scale": {"paddingInner": 0.12}}
    tips = [tip("label", tr("Name")), tip("group", group_title or tr("Group")), tip("value", value_title, kind)] + (
        [tip("n", "n", "count")] if n else []
    )
    position = {"field": "value", "type": "quantitative", "scale": scale, "axis": axis}
    colour = {"field": "group", "type": "nominal", "title": group_title or None, "scale": _colours(groups), "legend": {"columns": 3}}
    bars = {"mark": {"type": "bar"}, "encoding": {"x": position, "y": name, "yOffset": offset, "color": colour, "tooltip": tips}}
    ends = {"field": "end", "type": "quantitative", "axis": axis}
    words = text_mark("text", align="left", dx=6, fontSize=11, color=MUTED, x=ends, y=name, yOffset=offset)
    return figure(drawn, [bars, words], title=title, subtitle=subtitle, width=width, height={"step": 19, "for": "offset"})


def measured_bars(
    frame: pl.DataFrame,
    *,
    label: str,
    measures: Mapping[str, str],
    title: str,
    subtitle: str = "",
    value_title: str = later("Share"),
    kind: Kind = "share1",
    n: str | None = None,
) -> alt.Chart | alt.LayerChart:
    """Bars side by side, one per measure: `measures` names columns of the frame and what each is called ("share of members").

    One block per row of the frame, in its order; otherwise as `grouped_bars`.
    """
    long = pl.concat(
        frame.select(label, *([n] if n else []), pl.lit(tr(said)).alias("measure"), pl.col(column).cast(pl.Float64).alias("value"))
        for column, said in measures.items()
    )
    return grouped_bars(
        long, label=label, group="measure", value="value", kind=kind, n=n, title=title, subtitle=subtitle, value_title=value_title
    )


def stacked_bars(
    frame: pl.DataFrame,
    *,
    label: str,
    part: str,
    value: str,
    title: str,
    subtitle: str = "",
    value_title: str = later("share"),
    part_title: str = "",
    kind: Kind = "share",
    n: str | None = None,
) -> alt.Chart | alt.LayerChart:
    """Horizontal bars of parts: one bar per label, one piece per part, in the frame's order.

    Pieces wide enough carry their figure, so that colour is never the only way to read them. `value` are shares of the whole or amounts.
    """
    drawn = roles(frame, "stacked_bars", label=label, part=part, value=value, n=n)
    if drawn.is_empty():
        return nothing_to_draw(title, tr("No rows to draw."))
    drawn = drawn.with_columns(
        label_expr("label").alias("label"), label_expr("part").alias("part"), pl.col("value").cast(pl.Float64).fill_null(0)
    ).pipe(with_breaks)
    parts = sorted_as_given(drawn["part"])
    order = pl.DataFrame({"part": parts, "order": range(len(parts))}, schema_overrides={"order": pl.Int64})
    drawn = drawn.join(order, on="part", how="left", maintain_order="left")
    before = pl.col("value").cum_sum().over("label", order_by="order") - pl.col("value")
    drawn = drawn.with_columns(start=before, end=before + pl.col("value"), middle=before + pl.col("value") / 2)
    longest = _number(drawn["end"].max()) or 1.0
    colours = {name: PALETTE[index % len(PALETTE)] for index, name in enumerate(parts)}
    room = max(drawn["value"].sum() and longest / WIDTH * 34, 1e-12)
    drawn = drawn.with_columns(
        text=pl.Series([number_text(value, kind) if value >= room else "" for value in drawn["value"]], dtype=pl.String),
        ink=pl.Series([ON_DARK if _is_dark(colours[name]) else ON_LIGHT for name in drawn["part"]], dtype=pl.String),
    )
    axis = number_axis(value_title, axis_format(kind, longest))
    name, width = _names(drawn, 0.28)
    tips = [tip("label", tr("Name")), tip("part", part_title or tr("Part")), tip("value", value_title, kind)] + (
        [tip("n", "n", "count")] if n else []
    )
    scale = {"domain": [0, longest], "nice": False}
    colour = {"field": "part", "type": "nominal", "title": part_title or None, "scale": _colours(parts), "legend": {"columns": 4}}
    start = {"field": "start", "type": "quantitative", "scale": scale, "axis": axis}
    mark = {"type": "bar", "cornerRadiusEnd": 0, "stroke": PAPER, "strokeWidth": 1}
    bars = {"mark": mark, "encoding": {"x": start, "x2": {"field": "end"}, "y": name, "color": colour, "tooltip": tips}}
    words = text_mark("text", fontSize=11, x={"field": "middle", "type": "quantitative", "axis": axis}, y=name)
    words["encoding"]["color"] = {"field": "ink", "type": "nominal", "scale": None}
    return figure(drawn, [bars, words], title=title, subtitle=subtitle, width=width, height={"step": BAR_STEP + 4})


def _bar_texts(drawn: pl.DataFrame, kind: Kind) -> pl.Series:
    counts = drawn["n"] if "n" in drawn.columns else [None] * drawn.height
    figures = [number_text(value, kind) if value is not None else tr("not measured") for value in drawn["value"]]
    return pl.Series([f"{text}  ·  n {n:,}" if n is not None else text for text, n in zip(figures, counts, strict=True)], dtype=pl.String)


def _ends(drawn: pl.DataFrame) -> pl.Series:
    """Where the text of a bar starts: after the bar and its error bar, at zero for bars that go left."""
    columns = [pl.col(name).fill_null(0) for name in ("value", "high") if name in drawn.columns]
    return drawn.select(pl.max_horizontal(pl.lit(0), *columns).cast(pl.Float64)).to_series()


def _headroom(drawn: pl.DataFrame, kind: Kind, value_title: str, reference: float | None) -> tuple[dict[str, Any], dict[str, Any]]:
    """Scale that leaves room for the texts at the ends of the bars, and its axis."""
    lows = [_number(drawn[name].min()) for name in ("value", "low") if name in drawn.columns]
    least = min([0.0, *[low for low in lows if low is not None]])
    most = max(_number(drawn["end"].max()) or 0.0, reference or 0.0)
    if most <= least:
        most = least + 1.0
    room = min(12 + max(pixels(text, _CHARACTER_PIXELS) for text in drawn["text"]), WIDTH * 0.45)
    domain = [least, least + (most - least) * WIDTH / (WIDTH - room)]
    return {"domain": domain, "nice": False}, number_axis(value_title, axis_format(kind, max(most, -least)))


def _reference_layers(value: float, words: str) -> list[dict[str, Any]]:
    at = {"datum": value, "type": "quantitative"}
    rule = once({"type": "rule", "strokeDash": [4, 3], "color": FAINT, "strokeWidth": 1.5}, {"x": at})
    text = {"type": "text", "align": "left", "baseline": "bottom", "dx": 3, "dy": -3, "fontSize": 11, "color": MUTED}
    return [rule, once(text, {"x": at, "y": {"value": 0}, "text": {"datum": words, "type": "nominal"}})]


def _colours(names: list[str]) -> dict[str, Any]:
    return {"domain": names, "range": [PALETTE[index % len(PALETTE)] for index in range(len(names))]}


def _is_dark(colour: str) -> bool:
    """Whether white reads better on it than black: its luminance, as WCAG counts it."""
    red, green, blue = ((int(colour[at : at + 2], 16) / 255) ** 2.2 for at in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue < 0.18


def _number(value: Any) -> float | None:
    return None if value is None else float(value)


def _js_text(text: str) -> str:
    """A text inside a Vega expression; the parser knows JavaScript's string literals, so JSON's are safe."""
    import json

    return json.dumps(text)
