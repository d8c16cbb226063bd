"""Exports in the layouts of known systems come in right, and no preset is believed where the file says otherwise.

The right figures are counted by DuckDB from the text of the export, by SQL written for it by hand.
"""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from tests.sources.presets.layouts import chinese, datasets, platforms, tills
from tests.sources.presets.layouts.door import Layout, imported, proposed, todos
from toolkit.errors import DataError
from toolkit.sources.presets.known import known_presets

LAYOUTS = [value for module in (platforms, tills, datasets, chinese) for value in vars(module).values() if isinstance(value, Layout)]
IN_STATES = [layout for layout in LAYOUTS if layout.state[1]]


def _answered(mapping: str, layout: Layout) -> str:
    for asked, answer in layout.answers:
        assert asked in mapping
        mapping = mapping.replace(asked, answer)
    return mapping


def test_there_are_ten_layouts_and_four_of_them_are_chinese() -> None:
    names = {layout.preset for layout in LAYOUTS}
    assert len(names) >= 10
    assert len([name for name in names if re.search("[一-鿿]", name)]) >= 4
    assert names <= {preset.name for preset in known_presets()}


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.preset)
def test_an_export_comes_in_right(tmp_path: Path, layout: Layout) -> None:
    mapping = proposed(tmp_path, layout.text, layout.encoding)
    assert f"# recognised: {layout.preset}" in mapping
    open_lines = todos(mapping)
    assert len(open_lines) == len(layout.todo), open_lines
    assert all(line.startswith(start) for line, start in zip(open_lines, layout.todo, strict=True))
    figures = imported(tmp_path, _answered(mapping, layout))
    assert figures.lines >= 20
    assert figures == layout.figures()


@pytest.mark.parametrize(
    ("layout", "number"),
    [(layout, number) for layout in LAYOUTS for number in range(len(layout.otherwise))],
    ids=lambda value: str(getattr(value, "preset", value)),
)
def test_the_same_receipts_written_another_way_give_the_same_figures(tmp_path: Path, layout: Layout, number: int) -> None:
    text = re.sub(*layout.otherwise[number], layout.text)
    assert text != layout.text
    mapping = proposed(tmp_path, text, layout.encoding)
    assert f"# recognised: {layout.preset}" in mapping
    answers = [(asked, answer) for asked, answer in layout.answers if asked in mapping]
    figures = imported(tmp_path, _answered(mapping, replace(layout, answers=tuple(answers))))
    right = layout.figures()
    days = [time[:10] for time in (figures.first, figures.last)]
    assert replace(figures, first="", last="") == replace(right, first="", last="")
    assert days == [right.first[:10], right.last[:10]]


@pytest.mark.parametrize("layout", IN_STATES, ids=lambda layout: layout.preset)
def test_a_state_that_is_not_known_of_the_export_is_asked_about(tmp_path: Path, layout: Layout) -> None:
    cell, column = layout.state
    first, mark, rest = layout.text.partition(cell)
    mapping = proposed(tmp_path, first + cell.replace(cell, "新状态 new") + rest if mark else layout.text, layout.encoding)
    (asked,) = [line for line in todos(mapping) if line.startswith(f'# TODO "{column}" = ')]
    assert "'新状态 new'" in asked
    with pytest.raises(DataError, match=re.escape(column)):
        imported(tmp_path, _answered(mapping, layout))
    # Answered in the mapping: the new state counts as well.
    answered = asked.removeprefix("# TODO ").replace("[", '["新状态 new", ', 1)
    assert imported(tmp_path, _answered(mapping.replace(asked, answered), layout)) == layout.figures()


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.preset)
def test_a_preset_says_whether_a_real_file_has_confirmed_it(tmp_path: Path, layout: Layout) -> None:
    preset = next(preset for preset in known_presets() if preset.name == layout.preset)
    assert ("no real file has confirmed it" in proposed(tmp_path, layout.text, layout.encoding)) is not preset.confirmed
