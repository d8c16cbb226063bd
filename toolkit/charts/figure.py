"""From an aggregated polars frame to an `alt.Chart`, without paying for validation on the way.

Every chart function renames the columns it draws to the roles they play (label, value, n ...), so that no column name of the data can mean
something to Vega (`a.b`, `[0]`), and hands plain Vega-Lite dictionaries to `figure`. Building a chart this way takes a tenth of a
millisecond; the same chart through altair's channel classes takes ten. The tests validate every picture against the schema instead.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import polars as pl

from toolkit import language
from toolkit.charts.theme import INK, LABEL_PIXELS, MUTED, ROW_LIMIT, WIDTH, Kind, format_of
from toolkit.errors import DataError
from toolkit.language import later, tr
from toolkit.language.labels import DATA, OURS

if TYPE_CHECKING:
    import altair as alt

_CONTROL = r"[\x00-\x1f\x7f\u2028\u2029\u202a-\u202e\u2066-\u2069]+"
NO_LABEL = later("(none)")
_DIGITS = 9  # more than anyone reads in a picture; 17 would double the size of a report


def roles(frame: pl.DataFrame, picture: str, **columns: str | None) -> pl.DataFrame:
    """Return only the columns that are drawn, named by role, with no NaN or infinity left (they become null).

    Raises DataError for a missing column, for a LazyFrame, and for more rows than a chart may carry: aggregate first.
    """
    if not isinstance(frame, pl.DataFrame):
        raise DataError(
            tr(
                "charts.{picture} needs a collected polars DataFrame, but {came} came: aggregate and collect first.",
                picture=picture,
                came=type(frame).__name__,
            )
        )
    wanted = {role: name for role, name in columns.items() if name is not None}
    missing = sorted(set(wanted.values()) - set(frame.columns))
    if missing:
        raise DataError(
            tr(
                "charts.{picture} needs column {missing}, but the frame has {columns}.",
                picture=picture,
                missing=", ".join(missing),
                columns=", ".join(frame.columns) or "none",
            )
        )
    if frame.height > ROW_LIMIT:
        raise DataError(
            tr(
                "charts.{picture} draws at most {limit} rows, but {rows} came: aggregate before drawing.",
                picture=picture,
                limit=ROW_LIMIT,
                rows=frame.height,
            )
        )
    drawn = frame.select(**{role: _finite(name, frame.schema[name]) for role, name in wanted.items()})
    return drawn if language.current() == language.SOURCE else drawn.with_columns(*_worded(drawn, wanted))


def _worded(drawn: pl.DataFrame, wanted: dict[str, str]) -> list[pl.Expr]:
    """The words of ours in the reader's language, in the columns that are not the shop's own."""
    texts = [role for role in wanted if drawn.schema[role] in (pl.String, pl.Categorical, pl.Enum)]
    words_of = {role: drawn[role].cast(pl.String).drop_nulls().unique().to_list() for role in texts}
    return [
        pl.col(role).cast(pl.String).replace({value: language.word(value) for value in values if wanted[role] not in DATA or value in OURS})
        for role, values in words_of.items()
    ]


def pixels(text: str, letter: float) -> float:
    """Return the width of a text whose Latin letters are `letter` pixels wide; Chinese ones are nearly twice as wide."""
    return letter * sum(1.85 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text)


def _finite(name: str, dtype: pl.DataType) -> pl.Expr:
    column = pl.col(name)
    if dtype.is_integer():
        return column.cast(pl.Int64)
    if not dtype.is_numeric():
        return column
    number = column.cast(pl.Float64).round_sig_figs(_DIGITS)
    return pl.when(number.is_finite()).then(number)


def label_expr(column: str) -> pl.Expr:
    """Text as an axis can show it: no line breaks, control or direction-changing characters; null and empty become `(none)`."""
    text = pl.col(column).cast(pl.String).str.replace_all(_CONTROL, " ").str.strip_chars()
    return pl.when(text.is_null() | (text == "")).then(pl.lit(tr(NO_LABEL))).otherwise(text)


def distinct_labels(frame: pl.DataFrame, column: str = "label") -> pl.DataFrame:
    """Make labels unique without changing how they look (zero-width spaces): two shops of the same name are two bars, not one.

    Long ones get a place to break (`broken`).
    """
    again = pl.int_range(pl.len()).over(column)
    unique = frame.with_columns(label_expr(column).alias(column)).with_columns(
        pl.concat_str(pl.col(column), pl.lit("\u200b").repeat_by(again).list.join("")).alias(column)
    )
    return with_breaks(unique, column)


def with_breaks(frame: pl.DataFrame, column: str = "label") -> pl.DataFrame:
    """Return the frame with a place to break in the long ones of a column of names."""
    return frame.with_columns(pl.Series(column, [broken(name) for name in frame[column]], dtype=pl.String))


def one_line(text: str) -> str:
    """Return a title or name on one line, without control characters."""
    return re.sub(_CONTROL, " ", str(text)).strip()


def number_axis(title: str, form: str, **more: Any) -> dict[str, Any]:
    """Axis of a quantity."""
    return {"title": tr(title) or None, **shortened(form), **more}


_SHORT_LABELS = {
    "en": "datum.value === 0 ? '0' : datum.label",  # d3 writes zero as `0k` among thousands
    "zh": "abs(datum.value) >= 1e8 ? format(datum.value / 1e8, ',~r') + '亿' : "
    "abs(datum.value) >= 1e4 ? format(datum.value / 1e4, ',~r') + '万' : format(datum.value, ',~r')",
}
"""How a number in short form is written beside an axis or a legend: d3 knows thousands and millions alone, Chinese counts in 万 and 亿."""


def shortened(form: str) -> dict[str, Any]:
    """The format of an axis or a legend; numbers in short form as the reader counts them."""
    return {"format": form, **({"labelExpr": _SHORT_LABELS[language.current()]} if form == "~s" else {})}


def tip(field: str, title: str, kind: Kind | None = None, **more: Any) -> dict[str, Any]:
    """One line of a tooltip: text without a kind, a formatted number with one."""
    if kind is None:
        return {"field": field, "type": "nominal", "title": tr(title), **more}
    return {"field": field, "type": "quantitative", "title": tr(title), "format": format_of(kind), **more}


def sorted_as_given(labels: Iterable[str]) -> list[str]:
    """Each label once, in the order of the frame: what Vega needs to keep our order."""
    return list(dict.fromkeys(labels))


_BREAK = "\u2063"  # an invisible separator: the name stays one text for whoever copies it
_LINE, _LETTER, _WIDEST_NAME = 28, 6.6, 290


def broken(name: str) -> str:
    """Return a name too long for one line of an axis with a place to break in it: after the sign that joins a pair, or near the middle."""
    if len(name) <= _LINE or _BREAK in name:
        return name
    spaces = [at for at, letter in enumerate(name) if letter == " "]
    joints = [at for at in spaces if name[:at].endswith((" +", " /", " >", " and", ","))]
    near = [at for at in joints if 0.25 < at / len(name) < 0.75] or spaces
    if not near:
        return name
    best = min(near, key=lambda at: max(at, len(name) - at))
    return f"{name[:best]}{_BREAK}{name[best:]}"


def name_axis(names: Iterable[str]) -> tuple[dict[str, Any], int]:
    """Return the axis of names that went through `broken`, and the pixels that it takes beyond the usual room of names."""
    lines = [line.strip() for name in names for line in name.split(_BREAK)]
    if not any(_BREAK in name for name in names):
        return {"title": None}, 0
    room = int(min(_WIDEST_NAME, max(LABEL_PIXELS, *(pixels(line, _LETTER) for line in lines))))
    two = {"labelExpr": f"split(datum.label, '{_BREAK}')", "labelFontSize": 11, "labelLineHeight": 12, "labelLimit": room}
    return {"title": None, **two}, room - LABEL_PIXELS


def figure(
    data: pl.DataFrame,
    layers: Sequence[dict[str, Any]],
    *,
    title: str,
    subtitle: str = "",
    width: int | dict[str, Any] | None = WIDTH,
    height: int | dict[str, Any] | None = None,
    **top: Any,
) -> alt.Chart | alt.LayerChart:
    """Return an `alt.Chart` (one layer) or `alt.LayerChart` of Vega-Lite unit dictionaries over one small table.

    The text alternative (`description`) is title and subtitle; the figures themselves are in the table beside every chart.
    """
    from toolkit.charts.drawing import drawn  # altair is imported here, when the first chart is built

    heading = {"text": one_line(title), **({"subtitle": one_line(subtitle)} if subtitle else {})}
    spec: dict[str, Any] = {
        "data": {"values": _values(data)},
        "title": heading,
        "description": ". ".join(part for part in (one_line(title), one_line(subtitle)) if part),
        **top,
    }
    if width is not None:
        spec["width"] = width
    if height is not None:
        spec["height"] = height
    return drawn(spec, list(layers))


def nothing_to_draw(title: str, reason: str) -> alt.Chart | alt.LayerChart:
    """Return a picture that says in words why there is none, so that no report ever shows an empty frame."""
    words = {
        "mark": {"type": "text", "fontSize": 13, "color": MUTED, "limit": WIDTH},
        "encoding": {"text": {"field": "reason", "type": "nominal"}},
    }
    return figure(pl.DataFrame({"reason": [one_line(reason)]}), [words], title=title, height=60)


def _values(data: pl.DataFrame) -> list[dict[str, Any]]:
    # A bare date is read as midnight UTC and drawn a day early west of Greenwich; with a time it is read as local, as we mean it.
    times = [
        pl.col(name).cast(pl.Datetime("us")).dt.strftime("%Y-%m-%dT%H:%M:%S") for name, dtype in data.schema.items() if dtype.is_temporal()
    ]
    return (data.with_columns(times) if times else data).to_dicts()


def once(mark: dict[str, Any], encoding: dict[str, Any]) -> dict[str, Any]:
    """Layer drawn once, at constants: without a row of its own it would be drawn on top of itself for each row of the data."""
    return {"mark": mark, "encoding": encoding, "data": {"values": [{}]}}


def text_mark(field: str, *, color: str = INK, **more: Any) -> dict[str, Any]:
    """Layer that writes a text column (empty and null write nothing); positions are shared with the other layers by the caller."""
    mark_keys = ("align", "baseline", "dx", "dy", "fontSize", "fontWeight", "limit", "angle", "opacity")
    mark = {"type": "text", "color": color, **{key: more.pop(key) for key in mark_keys if key in more}}
    written = [{"filter": f"datum.{field}"}]
    return {"mark": mark, "encoding": {"text": {"field": field, "type": "nominal"}, **more}, "transform": written}
