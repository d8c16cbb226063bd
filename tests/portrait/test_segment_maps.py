"""Segment maps: every cell in exactly one segment, and what a faulty map of a user is told."""

import polars as pl
import pytest

from toolkit.errors import BadValue, UnknownName
from toolkit.portrait.measures.segment_maps import combinations, read_segment_map, segment_map_from_text

TWO = """
[[segments]]
name = "good"
cells = [{ r = [3, 5] }]
[[segments]]
name = "gone"
cells = [{ r = [1, 2] }]
"""


@pytest.mark.parametrize(("name", "count", "axes"), [("ten", 10, ("r", "f")), ("eight", 8, ("r", "f", "m"))])
def test_built_in_maps_hold_every_cell_once(name, count, axes):
    found = read_segment_map(name)
    assert len(found.segments) == count
    assert found.axes == axes
    assert all(len(found.segments_at(cell)) == 1 for cell in combinations(axes))
    assert found.table().height == 5 ** len(axes)
    assert set(found.table()["segment"].to_list()) == set(found.names)


def test_the_eight_have_chinese_names_and_english_beside():
    found = read_segment_map("eight")
    assert found.segments_at({"r": 5, "f": 4, "m": 5}) == ["重要价值客户"]
    assert found.segments_at({"r": 1, "f": 1, "m": 5}) == ["重要挽留客户"]
    assert found.segments[0].label == "重要价值客户 (important, valued)"
    assert all(segment.english for segment in found.segments)


def test_the_corners_of_the_ten():
    found = read_segment_map("ten")
    names = {(r, f): found.segments_at({"r": r, "f": f})[0] for r in (1, 5) for f in (1, 5)}
    assert names == {(5, 5): "champions", (5, 1): "recent", (1, 5): "can't lose", (1, 1): "hibernating"}


def test_own_map_over_one_score(tmp_path):
    (tmp_path / "mine.toml").write_text(TWO)
    found = read_segment_map("mine.toml", folder=tmp_path)
    scored = pl.DataFrame({"r_score": [5, 1, None], "f_score": [1, 1, None], "m_score": [2, 2, 1]}, schema_overrides={"r_score": pl.Int8})
    assert found.apply(scored)["segment"].to_list() == ["good", "gone", None]
    assert found.levels == {"good": 1, "gone": 0}


def test_gap_and_overlap_are_told_cell_by_cell():
    text = TWO.replace("[3, 5]", "[4, 5]").replace("[1, 2]", "[1, 1]") + '[[segments]]\nname = "extra"\ncells = [{ r = 5 }]\n'
    with pytest.raises(BadValue) as error:
        segment_map_from_text(text, where="mine.toml")
    assert str(error.value).splitlines() == [
        "mine.toml: cell R=2 is in no segment. Add it to one.",
        "mine.toml: cell R=3 is in no segment. Add it to one.",
        "mine.toml: cell R=5 is in 2 segments (good, extra). Leave it in one.",
    ]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("cells = [{ r = [3, 5] }]", "cels = [{ r = [3, 5] }]"), "did you mean 'cells'?"),
        (("[3, 5]", "[3, 6]"), "a score from 1 to 5 or a pair"),
        (("[3, 5]", "[5, 3]"), "runs backwards: write [3, 5]"),
        (('"gone"', '"good"'), "the name 'good' is used twice"),
        (('"gone"', '"no orders"'), "is kept for members without an order"),
        (("r = [3, 5]", "x = 3"), "there is no key 'segments.1.cells.1.x'"),
        (("[[segments]]", "[[segments"), "not valid TOML"),
    ],
)
def test_faults_of_a_map_are_sentences(change, said):
    with pytest.raises(BadValue) as error:
        segment_map_from_text(TWO.replace(*change, 1), where="mine.toml")
    assert said in str(error.value)


def test_an_unknown_map_names_those_that_exist(tmp_path):
    with pytest.raises(UnknownName, match="did you mean 'eight'"):
        read_segment_map("eigth", folder=tmp_path)


def test_fingerprint_follows_the_cells():
    one, other = (segment_map_from_text(text, where="x") for text in (TWO, TWO.replace("[3, 5]", "[2, 5]").replace("[1, 2]", "[1, 1]")))
    assert one.fingerprint != other.fingerprint
