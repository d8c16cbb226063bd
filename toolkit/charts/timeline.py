"""Timeline: what ran when, one bar per thing from its first to its last day."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from toolkit.charts.figure import NO_LABEL, distinct_labels, figure, label_expr, nothing_to_draw, roles, sorted_as_given, text_mark, tip
from toolkit.charts.theme import BAR_STEP, INK, MUTED, PALETTE, WIDTH
from toolkit.language import tr, word

if TYPE_CHECKING:
    import altair as alt

_MOST = 60


def timeline(
    frame: pl.DataFrame,
    *,
    label: str,
    start: str,
    end: str,
    title: str,
    subtitle: str = "",
    group: str | None = None,
    n: str | None = None,
    n_title: str = "n",
) -> alt.Chart | alt.LayerChart:
    """One bar per row from `start` to `end` (dates, both included), in the frame's order, at most 60.

    `group` (a method) colours the bars and is written beside them with `n`, so that colour is not needed to read it.
    """
    drawn = roles(frame, "timeline", label=label, start=start, end=end, group=group, n=n)
    if drawn.is_empty():
        return nothing_to_draw(title, tr("Nothing ran."))
    if drawn.height > _MOST:
        subtitle = f"{subtitle}{' · ' if subtitle else ''}" + tr("the last {shown} of {known}", shown=_MOST, known=drawn.height)
        drawn = drawn.tail(_MOST)
    drawn = distinct_labels(drawn)
    if group:
        drawn = drawn.with_columns(label_expr("group").replace(tr(NO_LABEL), word("not stated")).alias("group"))
    words: list[pl.Expr | pl.Series] = [pl.col("group")] if group else []
    words += [pl.Series([f"n {count:,}" if count is not None else tr("n not known") for count in drawn["n"]], dtype=pl.String)] if n else []
    words_shown = pl.concat_str(words, separator=" · ") if words else pl.lit("")
    # A day is drawn whole: a bar ends where the next day begins.
    drawn = drawn.with_columns(words_shown.alias("text"), (pl.col("end").cast(pl.Date) + pl.duration(days=1)).alias("after"))
    x: dict[str, Any] = {
        "field": "start",
        "type": "temporal",
        "axis": {"title": None, "format": tr("%b %Y"), "tickCount": 8, "labelOverlap": True, "grid": True},
    }
    y = {"field": "label", "type": "nominal", "sort": sorted_as_given(drawn["label"]), "axis": {"title": None}}
    tips = [
        tip("label", tr("Name")),
        *(tip(name, said) | {"type": "temporal", "format": tr("%-d %b %Y")} for name, said in (("start", "From"), ("end", "To"))),
    ]
    tips += [tip("group", tr("Kind"))] if group else []
    tips += [tip("n", n_title, "count")] if n else []
    encoding: dict[str, Any] = {"x": x, "x2": {"field": "after"}, "y": y, "tooltip": tips}
    if group:
        names = sorted_as_given(drawn["group"])
        colours = [PALETTE[place % len(PALETTE)] for place in range(len(names))]
        encoding["color"] = {"field": "group", "type": "nominal", "title": None, "scale": {"domain": names, "range": colours}}
    bars = {"mark": {"type": "bar", "cornerRadius": 2, "stroke": INK, "strokeWidth": 0.4}, "encoding": encoding}
    beside = text_mark("text", align="left", dx=5, fontSize=11, color=MUTED, x={**x, "field": "after"}, y=y)
    return figure(drawn, [bars, beside], title=title, subtitle=subtitle, width=WIDTH - 40, height={"step": BAR_STEP - 4})
