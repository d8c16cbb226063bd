"""The portrait in Chinese: sentences change, data do not, and what is kept beside the mart is read in the reader's own language."""

from __future__ import annotations

import re
from typing import Any

import pytest
from polars.testing import assert_frame_equal

from tests.portrait.ladder import FEW
from toolkit import portrait, wording
from toolkit.language import speaking
from toolkit.workspace import Workspace

PROSE = ("meaning", "range", "value", "fact", "favourite", "known_for")
"""Columns written for the reader; all others are data, which code reads."""
ASKED: list[tuple[str, dict[str, Any]]] = [
    ("overview", {}),
    ("rfm", {"show": "scores"}),
    ("segments", {"segment_map": "eight"}),
    ("movement", {}),
    *[("contribution", {"by": by}) for by in ("decile", "heavy", "orders", "attach", "loyal", "members")],
    ("quadrants", {}),
    ("spending_power", {}),
    ("price_sensitivity", {}),
    ("habits", {}),
    ("habits", {"by": "when"}),
    ("lifecycle", {}),
    ("personas", {}),
    ("personas", {"by": "group"}),
    ("stores", {}),
    ("member", {"member_id": "v007"}),
]


@pytest.mark.parametrize(("name", "given"), ASKED, ids=[f"{name} {' '.join(given.values())}" for name, given in ASKED])
def test_sentences_change_and_data_do_not(village: Workspace, name: str, given: dict[str, Any]) -> None:
    ask = getattr(portrait, name)
    english = ask(village, **given, settings=FEW)
    with speaking("zh"):
        chinese = ask(village, **given, settings=FEW)
        headline, question = chinese.headline, chinese.question
        labels = [wording.heading(column) for column in chinese.columns]
    assert re.findall("[a-z]{2,}", headline) == [], headline  # the village writes its categories in capitals
    assert re.search("[\u4e00-\u9fff]", question)
    assert [label for label in labels if re.fullmatch("[A-Za-z ]{2,}", label)] == []
    data = [column for column in english.table.columns if column not in PROSE]
    assert_frame_equal(english.table.select(data), chinese.table.select(data))
    figures = {figure.strip(",.") for figure in re.findall(r"\d[\d,.]*%?", english.headline)}
    assert {figure for figure in figures if figure.lstrip("0") not in headline} == set(), headline


def test_kept_reasons_follow_the_reader(ladder: Workspace) -> None:
    with speaking("zh"):
        first = portrait.lifecycle(ladder).headline
    assert re.search("[\u4e00-\u9fff]", portrait.lifecycle(ladder).headline) is None
    with speaking("zh"):
        assert portrait.lifecycle(ladder).headline == first
    assert "未测量" in first


def test_a_map_with_chinese_names_needs_no_english_beside_them(village: Workspace) -> None:
    english = portrait.segments(village, segment_map="eight", settings=FEW).headline
    assert "'重要价值客户' (important, valued)" in english
    with speaking("zh"):
        assert "“重要价值客户”" in portrait.segments(village, segment_map="eight", settings=FEW).headline
