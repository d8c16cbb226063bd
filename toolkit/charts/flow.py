"""Flow: how many went from where to where over several steps, as bands between columns of blocks (a Sankey-like picture)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from toolkit.charts.figure import figure, label_expr, nothing_to_draw, number_axis, roles, sorted_as_given, text_mark, tip
from toolkit.charts.theme import FAINT, INK, PALETTE, PRIMARY, WIDTH, Kind, axis_format, number_text
from toolkit.language import later, tr, word

if TYPE_CHECKING:
    import altair as alt

_POINTS = 13  # of a band's edge: enough for a smooth curve, few enough for a page with many bands
_BLOCK = 0.035  # width of a block, where the distance between two columns is 1
_AIR = 0.12  # of the height: the room between blocks in all
_MOST_BANDS = 300
_LABEL_ROOM = 150
_NAME_PIXELS = 13


def flow(
    frame: pl.DataFrame,
    *,
    step: str,
    source: str,
    target: str,
    value: str,
    title: str,
    subtitle: str = "",
    value_title: str = later("members"),
    step_title: str = later("steps, from left to right"),
    kind: Kind = "count",
    step_names: list[str] | None = None,
    muted: tuple[str, ...] = (),
) -> alt.Chart | alt.LayerChart:
    """Bands from the blocks of one column to those of the next, as wide as their value.

    Columns: `step` integer (1 = from the first column to the second), `source` and `target` labels, `value` number (null and 0: nothing).
    A block is as high as the larger of what comes in and what goes out; blocks keep the frame's order, those of `muted` (who stopped) come
    last, in grey. Every block carries its name and its figure, so that colour is not needed to read it.
    """
    muted = tuple(word(name) for name in muted)
    drawn = roles(frame, "flow", step=step, source=source, target=target, value=value)
    drawn = drawn.with_columns(
        pl.col("step").cast(pl.Int64),
        pl.col("value").cast(pl.Float64),
        label_expr("source").alias("source"),
        label_expr("target").alias("target"),
    ).filter(pl.col("value") > 0)
    if drawn.is_empty():
        return nothing_to_draw(title, tr("No flow to draw."))
    # Beyond some hundred bands nobody sees more; the table has them all.
    drawn = drawn.sort("value", descending=True, maintain_order=True).head(_MOST_BANDS) if drawn.height > _MOST_BANDS else drawn
    blocks = _blocks(drawn, muted, kind)
    tall = int(min(560, max(220, 26 * blocks.group_by("column").len()["len"].max())))  # type: ignore[operator]
    blocks = blocks.with_columns(middle=_apart(blocks, tall))
    bands = _bands(drawn, blocks, muted)
    last = int(blocks["column"].max())  # type: ignore[arg-type]
    bare = {"labels": False, "grid": False, "ticks": False}
    across, down = (
        number_axis(step_title, ",.0f", **bare),
        number_axis(tr("height = {value_title}", value_title=tr(value_title)), axis_format(kind), **bare),
    )
    x_axis = {"field": "x", "type": "quantitative", "axis": across, "scale": {"domain": [-0.03, last + _LABEL_ROOM / 320], "nice": False}}
    y_axis = {"field": "top", "type": "quantitative", "axis": down, "scale": {"domain": [float(blocks["bottom"].max()), 0], "nice": False}}  # type: ignore[arg-type]
    names = sorted_as_given([name for name in blocks["label"] if name not in muted])
    colours = {"domain": [*names, *muted], "range": [PALETTE[at % len(PALETTE)] for at in range(len(names))] + [FAINT] * len(muted)}
    tips = [tip("source", tr("From")), tip("target", tr("To")), tip("value", value_title, kind)]
    area = {
        "mark": {"type": "area", "fillOpacity": 0.42},
        "encoding": {
            "x": x_axis,
            "y": y_axis,
            "y2": {"field": "bottom"},
            "detail": {"field": "band", "type": "nominal"},
            "color": {"field": "tone", "type": "nominal", "scale": colours, "legend": None},
            "tooltip": tips,
        },
    }
    own = {"values": blocks.to_dicts()}
    boxes = {
        "mark": {"type": "rect", "color": PRIMARY, "opacity": 1},
        "data": own,
        "encoding": {
            "x": x_axis,
            "x2": {"field": "x2"},
            "y": y_axis,
            "y2": {"field": "bottom"},
            "color": {"field": "label", "type": "nominal", "scale": colours, "legend": None},
            "tooltip": [tip("label", tr("Name")), tip("value", value_title, kind)],
        },
    }
    middle = {**y_axis, "field": "middle"}
    words = {
        **text_mark("text", align="left", dx=4, fontSize=11, limit=_LABEL_ROOM, color=INK, x={**x_axis, "field": "x2"}, y=middle),
        "data": own,
    }
    layers: list[dict[str, Any]] = [area, boxes, words]
    heads = _heads(step_names, last)
    if heads:
        at_top = {"align": "left", "baseline": "bottom", "dy": -6, "fontSize": 12, "fontWeight": 600}
        layers.append({**text_mark("text", **at_top, x=x_axis, y={"value": 0}), "data": {"values": heads}})
    return figure(bands, layers, title=title, subtitle=subtitle, width=WIDTH + 60, height=tall)


def _apart(blocks: pl.DataFrame, tall: int) -> pl.Series:
    """Where the names stand: at the middle of their block, but a line apart from the one above."""
    line = float(blocks["bottom"].max()) * _NAME_PIXELS / tall  # type: ignore[arg-type]
    place = pl.int_range(pl.len()).over("column") * line
    return blocks.select((pl.col("middle") - place).cum_max().over("column") + place).to_series()


def _heads(names: list[str] | None, last: int) -> list[dict[str, Any]]:
    return [{"x": column, "text": word(name)} for column, name in enumerate((names or [])[: last + 1])]


def _blocks(drawn: pl.DataFrame, muted: tuple[str, ...], kind: Kind) -> pl.DataFrame:
    """One row per column and label: where its block lies (`top`, `bottom`, downwards) and what stands beside it."""
    out = drawn.select(
        (pl.col("step") - 1).alias("column"), pl.col("source").alias("label"), pl.col("value").alias("out"), pl.lit(0.0).alias("into")
    )
    into = drawn.select(
        pl.col("step").alias("column"), pl.col("target").alias("label"), pl.lit(0.0).alias("out"), pl.col("value").alias("into")
    )
    held = (
        pl.concat([out, into])
        .group_by("column", "label", maintain_order=True)
        .agg(pl.col("out").sum(), pl.col("into").sum())
        .with_columns(pl.max_horizontal("out", "into").alias("value"), pl.col("label").is_in(list(muted)).alias("muted"))
        .sort("column", "muted", maintain_order=True)
    )
    tallest = float(held.group_by("column").agg(pl.col("value").sum())["value"].max())  # type: ignore[arg-type]
    most = int(held.group_by("column").len()["len"].max())  # type: ignore[arg-type]
    air = tallest * _AIR / max(most - 1, 1)
    top = (pl.col("value").cum_sum() - pl.col("value")).over("column") + air * pl.int_range(pl.len()).over("column")
    return held.with_columns(top.alias("top")).with_columns(
        (pl.col("top") + pl.col("value")).alias("bottom"),
        (pl.col("top") + pl.col("value") / 2).alias("middle"),
        pl.col("column").cast(pl.Float64).alias("x"),
        (pl.col("column") + _BLOCK).alias("x2"),
        pl.Series(
            "text", [f"{label}  {number_text(value, kind)}" for label, value in held.select("label", "value").iter_rows()], dtype=pl.String
        ),
    )


def _bands(drawn: pl.DataFrame, blocks: pl.DataFrame, muted: tuple[str, ...]) -> pl.DataFrame:
    """The edges of every band as points of a smooth step from one block to the other."""
    place = blocks.with_row_index("place").select("column", "label", "top", "place")
    links = (
        drawn.with_row_index("band")
        .with_columns((pl.col("step") - 1).alias("from_column"))
        .join(place, left_on=["from_column", "source"], right_on=["column", "label"])
        .join(place, left_on=["step", "target"], right_on=["column", "label"], suffix="_to")
    )
    below = (pl.col("value").cum_sum() - pl.col("value")).over("step", "source", order_by="place_to")
    above = (pl.col("value").cum_sum() - pl.col("value")).over("step", "target", order_by="place")
    links = links.with_columns((pl.col("top") + below).alias("leaves"), (pl.col("top_to") + above).alias("arrives")).sort("band")
    way = np.linspace(0, 1, _POINTS)
    bend = way * way * (3 - 2 * way)
    leaves, arrives = links["leaves"].to_numpy()[:, None], links["arrives"].to_numpy()[:, None]
    top = leaves + (arrives - leaves) * bend
    start = links["from_column"].to_numpy()[:, None] + _BLOCK
    tone = pl.when(pl.col("target").is_in(list(muted))).then("target").otherwise("source").alias("tone")
    each = links.select("band", "source", "target", "value", tone)
    return each[np.repeat(np.arange(links.height), _POINTS)].with_columns(
        pl.Series("x", (start + (1 - _BLOCK) * way).ravel()).round(4),
        pl.Series("top", top.ravel()).round(4),
        pl.Series("bottom", (top + links["value"].to_numpy()[:, None]).ravel()).round(4),
    )
