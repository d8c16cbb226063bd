"""The review in Chinese: sentences change; data, verdicts and figures do not."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from polars.testing import assert_frame_equal

from tests.review.fair import fair
from tests.review.small_campaign import small_campaign
from toolkit import review, wording
from toolkit.language import speaking, word
from toolkit.review.measures.sentences import after, first_of, together
from toolkit.workspace import Workspace

PROSE = ("reading", "finding", "what_to_do", "place")
"""Columns written for the reader; all others are data, which code reads."""
NAMES = r"Benjamini-Hochberg|Shapley|Cinelli|Hazlett|`[^`]*`|“[^”]*”|[a-z]+[._][a-z_]+"
"""What stays as it is in every language: people, commands and columns, what the shop calls its campaign, settings and questions."""
ASKED: list[tuple[str, dict[str, Any]]] = [
    ("verdict", {}),
    *[("effect", {"by": by}) for by in ("estimator", "outcome", "store", "touchpoint", "category")],
    *[("effect", {"outcome": outcome}) for outcome in ("margin", "orders", "units_per_order", "active")],
    ("checks", {}),
    ("money", {}),
    ("money", {"by": "category"}),
    ("migration", {}),
    ("habits_after", {}),
    *[("process", {"by": by}) for by in ("day", "store", "touchpoint")],
    *[("sales_targets", {"by": by}) for by in ("drivers", "members", "months")],
    ("lessons", {}),
    ("programme", {}),
    ("programme", {"by": "contacts"}),
]


@pytest.fixture(scope="module")
def shops(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Workspace]:
    """A campaign drawn at random that brought something, and one of which nobody knows whether it was drawn."""
    folder: Path = tmp_path_factory.mktemp("shops")
    return {"told": small_campaign(folder / "told"), "untold": fair(lift=0.5, randomised=None).write(folder)}


@pytest.mark.parametrize("shop", ["told", "untold"])
@pytest.mark.parametrize(("name", "given"), ASKED, ids=[f"{name} {' '.join(given.values())}" for name, given in ASKED])
def test_sentences_change_and_data_do_not(shops: dict[str, Workspace], shop: str, name: str, given: dict[str, Any]) -> None:
    ask = getattr(review, name)
    english = ask(shops[shop], **given)
    with speaking("zh"):
        chinese = ask(shops[shop], **given)
        headline, notes, question = chinese.headline, [note.text for note in chinese.notes], chinese.question
        labels = [wording.heading(column) for column in chinese.columns]
    for said in (headline, *notes):
        assert re.findall("[a-z]{3,}", re.sub(NAMES, "", said)) == [], said
    assert re.search("[\u4e00-\u9fff]", question)
    assert [label for label in labels if re.fullmatch("[A-Za-z ]{2,}", label)] == []
    data = [column for column in english.table.columns if column not in PROSE]
    assert_frame_equal(english.table.select(data), chinese.table.select(data))
    assert english.figures == pytest.approx(chinese.figures)
    assert [note.verdict for note in english.notes] == [note.verdict for note in chinese.notes]
    figures = {figure.strip(",.") for figure in re.findall(r"\d[\d,.]*%?", re.sub(r"\d{4}-\d\d(-\d\d)?", "", english.headline))}
    assert {figure for figure in figures if figure not in headline} == set(), headline


def test_what_is_measured_is_told_again_in_each_language(shops: dict[str, Workspace]) -> None:
    """Checks are sentences: those of one reader are not shown to the next."""
    with speaking("zh"):
        chinese = review.checks(shops["told"])
    english = review.checks(shops["told"])
    assert chinese.table["verdict"].to_list() == english.table["verdict"].to_list()
    assert chinese.table["finding"].str.contains("[\u4e00-\u9fff]").all()
    assert not english.table["finding"].str.contains("[\u4e00-\u9fff]").any()


def test_words_of_tables(shops: dict[str, Workspace]) -> None:
    table = review.verdict(shops["told"]).table
    with speaking("zh"):
        assert {word(item) for item in table["item"]} >= {"额外销售额", "额外毛利", "净收益"}
        assert [word(verdict) for verdict in ("PASS", "REVIEW", "FAIL", "NOT MEASURED")] == ["通过", "待复核", "不通过", "未测量"]


def test_sentences_are_joined_as_the_language_does() -> None:
    assert (first_of("One. Two."), together("One.", "Two."), after("NOT SO: ", "In store 1")) == ("One.", "One. Two.", "NOT SO: in store 1")
    with speaking("zh"):
        assert (first_of("其一。其二。"), together("其一。", "其二。"), together("", "其二。")) == ("其一。", "其一。其二。", "其二。")
