"""Every picture: valid by the schema, in our theme, whole in SVG, fast to build, and safe with any text."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest

from toolkit.charts import bars, concentration, curve, flow, heatmap, histogram, lines, multiples, offline, quadrants, ranges
from toolkit.charts.theme import ROW_LIMIT, config
from toolkit.errors import DataError

NASTY = ["<script>alert(1)</script>", "quotes \"and' back\\slash", "店铺 🛒", "x" * 300, "line\nbreak\u2028\u202e", None, "twice", "twice"]
DAYS = [date(2026, 1, 1) + timedelta(days=index) for index in range(30)]


def named(**columns: list) -> pl.DataFrame:
    return pl.DataFrame({"name": NASTY, **columns})


def values(count: int = 8) -> list[float]:
    return [float(count - index) for index in range(count)]


def all_pictures() -> dict:
    shops = named(sales=[*values(7), None], n=list(range(8)), low=values(), high=[value + 2 for value in values()])
    week = pl.DataFrame({"day": [d for d in ("Mon", "Tue") for _ in range(3)], "hour": ["08", "09", "10"] * 2, "orders": range(6)})
    over_time = pl.DataFrame({"day": DAYS, "orders": range(30), "before": range(1, 31)})
    both = pl.concat([over_time.with_columns(shop=pl.lit(name)) for name in ("A", NASTY[0])])
    long = pl.DataFrame({"name": [n for n in ("A", "B", NASTY[0]) for _ in range(2)], "part": ["x", "y"] * 3, "value": [0.4, 0.6] * 3})
    shares = pl.DataFrame({"m": [0.5, 1.0], "s": [0.8, 1.0]})
    bins = pl.DataFrame({"low": [0, 10], "high": [10, 20], "count": [5, 1]})
    bar = {"label": "name", "value": "sales", "title": "Sales", "value_title": "USD"}
    return {
        "ranked": lambda: bars.ranked_bars(shops, **bar, n="n", low="low", high="high", highlight=NASTY[1], reference=3),
        "grouped": lambda: bars.grouped_bars(long, label="name", group="part", value="value", title="T", value_title="V", kind="share"),
        "stacked": lambda: bars.stacked_bars(long, label="name", part="part", value="value", title="T"),
        "line": lambda: lines.lines_over_time(over_time, time="day", value="orders", title="T", value_title="V"),
        "earlier": lambda: lines.lines_over_time(over_time, time="day", value="orders", earlier="before", title="T", value_title="V"),
        "series": lambda: lines.lines_over_time(both, time="day", value="orders", series="shop", title="T", value_title="V"),
        "curve": lambda: concentration.concentration_curve(shares, members="m", sales="s", title="T"),
        "budget": lambda: curve.curve(
            shops, x="n", y="sales", low="low", high="high", at=3, at_title="this budget", title="T", x_title="X", y_title="Y"
        ),
        "flow": lambda: flow.flow(
            long.with_columns(step=1),
            step="step",
            source="name",
            target="part",
            value="value",
            title="T",
            muted=("y",),
            step_names=["a", "b"],
        ),
        "heatmap": lambda: heatmap.heatmap(week, column="hour", row="day", value="orders", title="T", value_title="V"),
        "named": lambda: heatmap.heatmap(long, column="part", row="name", value="value", name="name", title="T", value_title="V"),
        "quadrants": lambda: quadrants.quadrants(
            shops, x="sales", y="low", size="n", label="name", x_cut=3, y_cut=4, title="T", x_title="X", y_title="Y"
        ),
        "histogram": lambda: histogram.histogram(
            bins, low="low", high="high", count="count", title="T", x_title="Days", marks={"median": 7}
        ),
        "ranges": lambda: ranges.ranges(
            shops, label="name", value="sales", low="low", high="high", n="n", title="T", value_title="V", reference=4
        ),
        "multiples": lambda: multiples.multiples(both, panel="shop", x="day", value="orders", title="T", value_title="V"),
        "bar panels": lambda: multiples.multiples(long, panel="name", x="part", value="value", mark="bar", title="T", value_title="V"),
    }


PICTURES = all_pictures()


@pytest.mark.parametrize("name", PICTURES)
def test_valid_themed_and_drawn(name: str) -> None:
    chart = PICTURES[name]()
    checked = chart.to_dict()  # validates every node against the Vega-Lite schema
    quick = offline.chart_spec(chart)
    assert quick["config"] == config() == checked["config"]
    assert quick["title"]["text"]
    svg = offline.svg_picture(chart)
    assert svg.count("<path") + svg.count("<rect") > 3
    assert "<script" not in svg
    assert "NaN" not in json.dumps(quick, allow_nan=False)


@pytest.mark.parametrize("name", PICTURES)
def test_the_quick_way_says_the_same_as_altairs_own(name: str) -> None:
    chart = PICTURES[name]()
    quick, slow = offline.chart_spec(chart), chart.to_dict()
    for key in ("layer", "encoding", "mark", "title", "width", "height"):
        if key in slow and key != "layer":
            assert quick[key] == slow[key]
    plain = [{k: v for k, v in layer.items() if k != "data"} for layer in slow.get("layer", [])]
    assert [{k: v for k, v in layer.items() if k != "data"} for layer in quick.get("layer", [])] == plain


@pytest.mark.parametrize("name", PICTURES)
def test_quantities_have_titles_and_formats(name: str) -> None:
    spec = PICTURES[name]().to_dict()
    for unit in spec.get("layer", [spec]):
        for channel in ("x", "y"):
            place = unit["encoding"].get(channel, {})
            if place.get("type") == "quantitative" and "field" in place and "axis" in place:
                assert place["axis"]["title"], f"{name}: {channel} has no title"
                assert place["axis"]["format"], f"{name}: {channel} has no format"


def test_equal_names_stay_two_bars_and_order_is_the_ranking() -> None:
    spec = PICTURES["ranked"]().to_dict()
    order = spec["layer"][0]["encoding"]["y"]["sort"]
    assert len(order) == len(set(order)) == 8
    assert [label.strip("\u200b") for label in order].count("twice") == 2
    assert "(none)" in order
    assert not re.search(r"[\n\u2028\u202e]", "".join(order))


def test_null_is_not_measured_and_infinity_is_null() -> None:
    shops = pl.DataFrame({"name": ["a", "b", "c"], "sales": [1.0, float("inf"), float("nan")], "n": [5, 6, 7]})
    chart = bars.ranked_bars(shops, label="name", value="sales", n="n", title="T", value_title="V")
    rows = offline.chart_spec(chart)["data"]["values"]
    assert [row["value"] for row in rows] == [1.0, None, None]
    assert [row["text"] for row in rows] == ["1  ·  n 5", "not measured  ·  n 6", "not measured  ·  n 7"]


def test_histogram_bars_have_a_width() -> None:
    drawn = offline.svg_picture(PICTURES["histogram"]())
    bars_drawn = re.findall(r'aria-roledescription="bar" d="M[\d.]+,[\d.]+h([\d.]+)', drawn)
    assert len(bars_drawn) == 2
    assert all(float(width) > 100 for width in bars_drawn)


def test_marks_at_constants_are_drawn_once() -> None:
    assert offline.svg_picture(PICTURES["histogram"]()).count("median 7<") == 1


def test_dates_are_local_midnight_not_utc() -> None:
    assert offline.chart_spec(PICTURES["line"]())["data"]["values"][0]["time"] == "2026-01-01T00:00:00"


def test_column_names_that_mean_something_to_vega() -> None:
    odd = pl.DataFrame({"a.b[0]": ["x", "y"], "sales'": [1, 2]})
    chart = bars.ranked_bars(odd, label="a.b[0]", value="sales'", title="T", value_title="V")
    assert offline.chart_spec(chart)["data"]["values"][0]["label"] == "y"


@pytest.mark.parametrize(
    ("frame", "said"),
    [
        (pl.LazyFrame({"name": [], "sales": []}), "collect first"),
        (pl.DataFrame({"name": []}), "needs column sales"),
        (pl.DataFrame({"name": ["a"], "sales": [1]}).sample(ROW_LIMIT + 1, with_replacement=True, seed=1), "aggregate before drawing"),
    ],
)
def test_what_cannot_be_drawn_is_said(frame: pl.DataFrame, said: str) -> None:
    with pytest.raises(DataError, match=said):
        bars.ranked_bars(frame, label="name", value="sales", title="T", value_title="V")


def test_no_rows_gives_words() -> None:
    empty = pl.DataFrame({"name": [], "sales": []}, schema={"name": pl.String, "sales": pl.Float64})
    chart = bars.ranked_bars(empty, label="name", value="sales", title="Sales", value_title="V")
    assert "No rows to draw." in offline.svg_picture(chart)


def test_refined_by_an_analyst() -> None:
    import altair as alt

    chart = PICTURES["line"]()
    wider = chart.properties(width=300)
    assert offline.chart_spec(wider)["width"] == 300
    chart.width = 200
    assert offline.chart_spec(chart)["width"] == 200
    beside = PICTURES["histogram"]() | PICTURES["ranked"]()
    assert offline.chart_spec(beside)["config"] == config()
    plain = alt.Chart(pl.DataFrame({"a": [1]})).mark_point().encode(x="a:Q")
    assert offline.chart_spec(plain)["config"] == config()


def test_displays_itself_without_a_network() -> None:
    bundle = PICTURES["line"]()._repr_mimebundle_()
    assert set(bundle) == {offline.MIME, "text/plain"}
    assert bundle["text/plain"] == "[chart] T"


def test_importing_changes_nothing_and_costs_nothing() -> None:
    modules = "bars, concentration, flow, heatmap, histogram, lines, multiples, offline, quadrants, ranges, sparkline, theme"
    code = f"import sys; from toolkit.charts import {modules}; assert 'altair' not in sys.modules and 'vl_convert' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2])


def test_fifteen_charts_cost_little() -> None:
    for draw in PICTURES.values():
        offline.mime_bundle(draw())
    started = time.process_time()
    for draw in PICTURES.values():
        offline.mime_bundle(draw())
    spent = (time.process_time() - started) / len(PICTURES)
    assert spent < 0.02, f"{spent * 1000:.1f} ms a chart; about 3 are usual"


def test_measures_side_by_side() -> None:
    frame = pl.DataFrame({"group": ["core", "others"], "n": [3, 9], "members": [0.25, 0.75], "sales": [1, 0]})
    spec = bars.measured_bars(frame, label="group", measures={"members": "of members", "sales": "of sales"}, n="n", title="T").to_dict()
    rows = next(iter(spec["datasets"].values()))
    assert [(row["label"], row["group"], row["value"], row["n"]) for row in rows] == [
        ("core", "of members", 0.25, 3),
        ("others", "of members", 0.75, 9),
        ("core", "of sales", 1.0, 3),
        ("others", "of sales", 0.0, 9),
    ]
