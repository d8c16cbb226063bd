"""The builder's widgets: clicking and typing stay in step, faults are sentences, the members of an answer come over."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from tests.portrait.village import village_lines, village_products
from tests.shop import make_workspace
from toolkit.apps.pages.builder import Standing
from toolkit.apps.pages.builder_view import BuilderView, brushed_spans
from toolkit.apps.pages.page import Page, targeting_page
from toolkit.apps.pages.state import State
from toolkit.errors import BadValue


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Page:
    lines = village_lines()
    ids = lines["member_id"].drop_nulls().unique().sort()
    members = pl.DataFrame({"member_id": ids, "contactable": [place % 3 != 0 for place in range(ids.len())]})
    ws = make_workspace(tmp_path_factory.mktemp("page") / "ws", lines, {"products": village_products(), "members": members})
    return targeting_page(State(ws.path))


@pytest.fixture
def view(page: Page) -> BuilderView:
    view = page.tabs["build"].view
    view.builder.reset()
    return view


def said(view: BuilderView) -> str:
    return view.said.value


def test_a_button_and_the_condition_are_one(view: BuilderView) -> None:
    (column, value), pressed = next(iter(view.asks.toggles.items()))
    pressed.click()
    assert view.asks.typed.value == f"{column} IN ('{value}')"
    assert "tk-chosen" in pressed._dom_classes
    view.asks.typed.value = ""
    assert "tk-chosen" not in pressed._dom_classes


def test_a_row_is_a_clause_and_reads_as_a_sentence(view: BuilderView) -> None:
    rows = view.asks.rows
    rows.box.children[-1].click()
    (line,) = rows.lines
    assert rows.place.children == (line.box,)
    assert view.builder.draft.expression == "", "a row that says nothing yet asks nothing"
    line.value.value = "1,000"
    assert view.builder.draft.expression == "amount_91d > 1000"
    assert "members who spent over 1000 in the last 13 weeks" in view.found.head.value
    line.value.value = "soon"
    assert "“soon” came for “spent in the last 13 weeks”, but a number was needed" in said(view)
    assert view.builder.draft.expression == "amount_91d > 1000"
    line.relation.value = "between"
    assert view.builder.draft.expression == "", "between needs two"
    line.value.value = "10 – 1,000"
    assert view.builder.draft.expression == "amount_91d BETWEEN 10 AND 1000"
    rows.box.children[-1].click()
    other = rows.lines[1]
    other.subject.value = "likes"
    assert "CAT FOOD" in other.value.options, "completed from the shop's own words"
    other.value.value = "CAT FOOD"
    rows.box.children[-1].click()
    rows.lines[2].subject.value = "away"
    rows.lines[2].value.value = "6"
    assert view.asks.typed.value == "amount_91d BETWEEN 10 AND 1000 AND array_contains(tastes, 'CAT FOOD') AND recency_days >= 42"
    view.asks.typed.value = "order_count > day_count AND recency_days <= 28"
    assert [row.subject for row in view.builder.rows.all] == ["", "came"]
    line.box.children[-1].click()
    assert view.builder.draft.expression == "recency_days <= 28"
    assert line.value.value == "4"


def test_a_rectangle_on_the_picture_is_two_ranges(view: BuilderView) -> None:
    view.found.drawn.value = "1|" + json.dumps({"across": [-3.2, 30.4], "up": [10.1, 99.9]})
    assert view.builder.draft.expression == "recency_days BETWEEN 0 AND 30 AND amount_91d BETWEEN 10 AND 100"
    assert [line.value.value for line in view.asks.rows.lines[:2]] == ["0 – 30", "10 – 100"]
    with pytest.raises(BadValue, match="Draw it again"):
        brushed_spans("<script>")


def test_a_rectangle_up_to_the_edge_is_open_there() -> None:
    drawn = '{"across": [14, 364], "up": [20.4, 1000]}'
    assert brushed_spans(drawn, {"recency_days": 364.0, "amount_91d": 1000.0}) == {"recency_days": (14, None), "amount_91d": (20, None)}
    assert brushed_spans(drawn, {"recency_days": 728.0, "amount_91d": None}) == {"recency_days": (14, 364), "amount_91d": (20, 1000)}


def test_a_wrong_word_is_a_sentence_and_the_figures_go(view: BuilderView) -> None:
    view.asks.typed.value = "recensy_days < 3"
    assert "did you mean" in view.found.stop.value
    assert view.found.cells.value == view.found.head.value == ""


def test_keeping_twice_offers_a_version(view: BuilderView, tmp_path: Path) -> None:
    view.found.name.value = "near"
    view.asks.typed.value = "recency_days <= 60"
    press(view, "Keep it")
    assert "version 1" in view.found.told.value
    press(view, "Keep it")
    assert "saved already" in view.found.told.value
    assert view.found.again.layout.display == ""
    view.found.again.click()
    assert "version 2" in view.found.told.value
    press(view, "Contact list (CSV)")
    assert 'download="near' in view.found.told.value


def press(view: BuilderView, words: str) -> None:
    buttons = {one.description: one for one in view.found.keep.children if hasattr(one, "description")}
    buttons[words].click()


def test_the_address_holds_the_draft_and_the_tab(page: Page, view: BuilderView) -> None:
    view.asks.typed.value = "recency_days <= 60"
    assert "where=recency_days" in page.told.value
    page.open("ask")
    assert "tab=ask" in page.told.value
    page.went.value = "1|where=amount+%3E%3D+5"
    assert page.shown == "build"
    assert view.builder.draft.expression == "amount >= 5"


def test_the_members_of_an_answer_become_an_audience(page: Page, view: BuilderView) -> None:
    asking = page.tabs["ask"].view
    asking.state.ask("targeting.slipping", {"top": 0})
    shown = asking.answer.take.layout.display == ""
    assert shown == bool(asking.answer.call)
    page.tabs["ask"].view.take("targeting.slipping(ws, top=0)")
    assert page.shown == "build"
    assert view.builder.draft.source == "targeting.slipping(ws, top=0)"
    assert view.asks.source.value == "targeting.slipping(ws, top=0)"
    assert isinstance(view.builder.standing, Standing | str)
