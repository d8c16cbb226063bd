"""The colours of pages, reports and charts, by day and by night: read from the one style sheet, their contrast worked out as WCAG 2 does."""

from __future__ import annotations

import itertools
import math
import re

import pytest

from toolkit.charts import theme
from toolkit.charts.likeness import SIGHT, lab
from toolkit.shipped import colours, shipped_folder

_DAY, _NIGHT = (dict(re.findall(r"--tk-([\w-]+):(#[0-9a-f]{6})", part)) for part in colours().split("@media screen", 2)[:2])
MODES = {"day": _DAY, "night": _NIGHT}
PAPERS = ("paper", "ground")
WORDS = [
    *itertools.product(("ink", "muted", "main", "warn", "quiet", "pass", "review", "fail", "link"), PAPERS),
    *itertools.product(("ink", "muted", "main"), ("soft",)),
    ("on-main", "main"), ("on-main", "main-deep"), ("warn-ink", "warn-soft"), ("ink", "warn-soft"), ("ink", "good-soft"), ("muted", "good-soft"),
    ("ink", "note-soft"), ("note-ink", "note-soft"), ("warn", "warn-soft"), ("on-deep", "deep"), ("beside-deep", "deep"),
]  # fmt: skip
MARKS = [*itertools.product(("edge", "main", "good", "warn", *(f"mark-{at}" for at in range(1, 7))), ("paper",)), ("accent", "paper")]


def light(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    r, g, b = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def contrast(one: str, other: str) -> float:
    low, high = sorted((light(one), light(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("mode", MODES)
def test_words_and_marks_can_be_seen(mode: str) -> None:
    ours = MODES[mode]
    faint = {(one, on): contrast(ours[one], ours[on]) for one, on in WORDS}
    assert {pair: round(found, 2) for pair, found in faint.items() if found < 4.5} == {}
    faint = {(one, on): contrast(ours[one], ours[on]) for one, on in MARKS}
    assert {pair: round(found, 2) for pair, found in faint.items() if found < 3} == {}


@pytest.mark.parametrize("sight", SIGHT)
def test_marks_can_be_told_apart_by_night(sight: str) -> None:
    marks = [_NIGHT[f"mark-{at}"] for at in range(1, 7)]
    assert min(math.dist(lab(a, sight), lab(b, sight)) for a, b in itertools.combinations(marks, 2)) >= 25


def test_every_colour_of_the_theme_has_one_for_the_night() -> None:
    ours = [theme.INK, theme.MUTED, theme.FAINT, theme.GRID, theme.PAPER, *theme.PALETTE]
    for colour in ours:
        assert f'svg [fill="{colour}"]' in colours(), colour
        assert f'svg [stroke="{colour}"]' in colours(), colour
    assert [_DAY[f"mark-{at}"] for at in range(1, 7)] == list(theme.PALETTE)
    assert [_NIGHT[f"mark-{at}"] for at in range(1, 7)] == list(theme.NIGHT_PALETTE)
    assert set(_DAY) == set(_NIGHT)


def test_words_on_marks_can_be_read() -> None:
    assert all(max(contrast(theme.ON_DARK, one), contrast(theme.ON_LIGHT, one)) >= 4.5 for one in theme.PALETTE)
    assert all(contrast("#000000", _NIGHT[f"mark-{at}"]) >= 4.5 for at in range(1, 7))


def shade(ramp: tuple[str, ...], at: float) -> tuple[float, ...]:
    """The colour of a cell as the chart library mixes it: between the two nearest of a ramp."""
    place = min(int(at * (len(ramp) - 1)), len(ramp) - 2)
    left, right = ([int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)] for colour in ramp[place : place + 2])
    share = at * (len(ramp) - 1) - place
    return tuple(one * (1 - share) + other * share for one, other in zip(left, right, strict=True))


def by_night(cell: tuple[float, ...]) -> tuple[float, ...]:
    """A cell through the filter of the night, as the sheet states it."""
    turned, dimmed = re.search(r"invert\((\.\d+)\) hue-rotate\(180deg\) brightness\((\.\d+)\)", colours()).groups()  # type: ignore[union-attr]
    r, g, b = (float(turned) - (2 * float(turned) - 1) * part for part in cell)
    hued = (-0.574 * r + 1.43 * g + 0.144 * b, 0.426 * r + 0.43 * g + 0.144 * b, 0.426 * r + 1.43 * g - 0.856 * b)
    return tuple(min(1.0, max(0.0, part * float(dimmed))) for part in hued)


def test_words_in_cells_can_be_read_by_day_and_by_night() -> None:
    assert 'svg.marks [fill="#000001"]{fill:#fff}svg.marks [fill="#fffffd"]{fill:#000}' in colours()
    for ramp, deep in (
        (theme.SEQUENTIAL, lambda at: at > theme.DEEP_FROM),
        (theme.DIVERGING, lambda at: at > theme.DEEP_ABOVE or at < theme.DEEP_BELOW),
    ):
        for at in (step / 200 for step in range(201)):
            cell, is_deep = shade(ramp, at), deep(at)
            for seen, words in ((cell, "#fffffd" if is_deep else "#000001"), (by_night(cell), "#000000" if is_deep else "#ffffff")):
                hexed = "#" + "".join(f"{round(part * 255):02x}" for part in seen)
                assert contrast(hexed, words) >= 4.45, (ramp, at)


def test_no_sheet_names_a_colour_of_its_own() -> None:
    """But the wall, which is dark at any hour, paper, and the fallbacks of what also stands in a notebook."""
    here = shipped_folder("dashboards") / "share/nbconvert/templates/toolkit/static"
    for name in ("app.css", "loop.css"):
        for line in (here / name).read_text("utf-8").splitlines():
            if ".tk-wall" not in line and line != "body,body.jp-Notebook{background:#fff}":
                assert not re.search(r"#[0-9a-f]{3,6}\b", line), line
