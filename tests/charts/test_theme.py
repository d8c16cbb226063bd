"""Palette, number formats, small pictures, and the cached library."""

from __future__ import annotations

import itertools
import math
import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import polars as pl
import pytest
import vl_convert

from toolkit.charts import offline, sparkline
from toolkit.charts.bars import ranked_bars
from toolkit.charts.likeness import LEAST, SIGHT, lab
from toolkit.charts.theme import PALETTE, axis_format, number_text
from toolkit.language import speaking


@pytest.mark.parametrize("sight", SIGHT)
def test_palette_can_be_told_apart(sight: str) -> None:
    nearest = min(math.dist(lab(a, sight), lab(b, sight)) for a, b in itertools.combinations(PALETTE, 2))
    assert nearest >= LEAST


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [(0.1234, "share1", "12.3%"), (0.1234, "share", "12%"), (1234567.4, "money", "1,234,567"),
     (2.5, "money2", "2.50"), (None, "count", "–"),
     (float("nan"), "count", "–"), (float("-inf"), "index", "–"), (-3.14, "points", "-3.1")],
)  # fmt: skip
def test_numbers_read_well(value: float | None, kind: str, text: str) -> None:
    assert number_text(value, kind) == text  # type: ignore[arg-type]


def test_large_axes_are_short_and_small_ones_are_not() -> None:
    assert axis_format("money", 2_000_000) == "~s"
    assert axis_format("money", 900) == ",.0f"


@pytest.mark.parametrize(
    ("code", "most", "labels"),
    [("en", 20_000, {"0", "10k", "20k"}), ("zh", 20_000, {"0", "5,000", "1万", "1.5万"}), ("zh", 2e6, {"0", "50万", "150万"}),
     ("zh", 4e8, {"0", "1亿", "3亿"}), ("zh", -3e4, {"−3万", "0"})],
)  # fmt: skip
def test_short_numbers_are_those_of_the_language(code: str, most: float, labels: set[str]) -> None:
    frame = pl.DataFrame({"name": ["a", "b"], "value": [float(most), most / 3]})
    with speaking(code):
        chart = ranked_bars(frame, label="name", value="value", title="t", value_title="Sales", kind="money")
    drawn = re.findall(r">([^<>]+)</text>", vl_convert.vegalite_to_svg(chart.to_dict(validate=False)))
    assert labels <= set(drawn), drawn


@pytest.mark.parametrize("values", [[1, 2, 3], [1, None, 3, 4], [5, 5, 5], [float("nan"), 1, 2], list(range(300))])
def test_small_pictures_are_whole_svg(values: list) -> None:
    for picture in (sparkline.spark_line(values, label='<"sales">'), sparkline.spark_bars(values)):
        root = ElementTree.fromstring(picture)
        assert root.tag.endswith("svg")
    assert "nan" not in picture


def test_small_pictures_with_nothing_to_show() -> None:
    assert sparkline.spark_line([]) == sparkline.spark_line([None, 1]) == sparkline.spark_bars([0, None]) == sparkline.meter(None) == ""
    ElementTree.fromstring(sparkline.meter(1.7))


def test_library_is_cached_whole_and_mended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    offline.bundle.cache_clear()
    text = offline.bundle()
    cached = next(tmp_path.rglob("vega-*.js"))
    assert "</script" not in text
    assert "vegaEmbed" in text
    cached.write_text(text[:1000], "utf-8")  # a copy that was cut short must never reach a page
    offline.bundle.cache_clear()
    assert offline.bundle() == text == cached.read_text("utf-8")
    written = offline.write_bundle(tmp_path / "assets")
    assert written.read_text("utf-8") == text
    assert [path.name for path in (tmp_path / "assets").iterdir()] == [written.name]
    offline.bundle.cache_clear()


def test_a_cache_that_cannot_be_written_costs_only_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder", "utf-8")
    monkeypatch.setenv("XDG_CACHE_HOME", str(blocked))
    offline.bundle.cache_clear()
    assert "vegaEmbed" in offline.bundle()
    offline.bundle.cache_clear()
