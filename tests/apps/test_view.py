"""The widgets, without a browser: they show the state, change it, and never fail in silence."""

from __future__ import annotations

import base64
import json
import re
from datetime import date
from html import unescape
from pathlib import Path
from typing import Any

import nbformat
import pytest

from tests.apps.conftest import NAME, NASTY
from toolkit.apps.pages import panels
from toolkit.apps.pages.error_boundary import LOG_VARIABLE, Guard
from toolkit.apps.pages.fields import PAGE_VARIABLE
from toolkit.apps.pages.state import State
from toolkit.apps.pages.view import AskView
from toolkit.errors import BadValue

DASHBOARDS = sorted((Path(__file__).parents[2] / "dashboards").glob("*.ipynb"))


@pytest.fixture
def view(state: State, monkeypatch: pytest.MonkeyPatch) -> AskView:
    monkeypatch.setenv(PAGE_VARIABLE, "1")
    return AskView(state, ("portrait",))


def test_shows_the_first_answer(view: AskView) -> None:
    assert "How are our members doing?" in view.answer.head.value
    spec = json.loads(unescape(re.search(r'data-spec="([^"]*)"', view.answer.chart.value).group(1)))
    assert spec["width"] == "container"
    assert 'role="img" aria-label="' in view.answer.chart.value
    assert view.scope.fields["as_of"].value == view.state.shop.last_day
    assert "tk-chosen" in view.menu.buttons["portrait.overview"]._dom_classes
    assert view.said.value == view.busy.value == view.answer.stop.value == ""


def test_fields_change_the_state_and_follow_it(view: AskView) -> None:
    view.scope.fields["store_id"].value = "s1 Harbour"
    assert view.state.choice.store_id == "s1"
    assert "store s1" in view.answer.head.value
    view.scope.fields["period"].value = "28d"
    view.scope.fields["as_of"].value = date(2024, 5, 31)
    assert view.state.choice.scope == {"store_id": "s1", "period": "28d", "as_of": "2024-05-31"}
    view.scope.fields["as_of"].value = view.state.shop.last_day
    assert view.state.choice.as_of == "", "the last day is the default"
    view.state.reset()
    assert view.scope.fields["store_id"].value == ""
    assert view.scope.fields["period"].value == ""
    assert view.state.can_go_back


def test_a_wrong_store_is_said_and_takes_the_old_answer_away(view: AskView) -> None:
    view.scope.fields["store_id"].value = "Harbor"
    assert "There is no store “Harbor”" in view.answer.stop.value
    assert 'role="alert"' in view.answer.stop.value
    assert view.answer.head.value == view.answer.chart.value == view.answer.details.value == view.answer.download.value == ""
    assert view.answer.nexts.layout.display == "none"
    view.scope.box.children[1].children[-1].click()
    assert view.answer.stop.value == ""
    assert view.scope.fields["store_id"].value == ""


def test_own_parameters_are_controls(view: AskView) -> None:
    view.menu.buttons["portrait.contribution"].click()
    by, _measure = view.own.children
    assert by.description == "Shown by"
    by.value = "heavy"
    assert view.state.choice.own == {"by": "heavy"}
    by.value = "decile"
    assert view.state.choice.own == {}
    view.menu.buttons["portrait.lifecycle"].click()
    (since,) = view.own.children
    since.value = date(2024, 3, 1)
    assert view.state.choice.own == {"since": "2024-03-01"}
    assert view.answer.stop.value == ""
    view.menu.buttons["portrait.member"].click()
    assert "Member number is empty" in view.answer.stop.value
    view.own.children[0].value = "v001"
    assert "v001" in view.answer.head.value


def test_a_cell_that_names_members_is_a_button(view: AskView) -> None:
    view.menu.buttons["portrait.stores"].click()
    buttons = re.findall(r'<button type="button" class="tk-cell" data-column="(\w+)" data-value="([^"]*)"', view.answer.details.value)
    assert {(column, unescape(value)) for column, value in buttons} == {("store_id", "s1"), ("store_id", NASTY)}
    view.answer.picked.value = "1|" + json.dumps({"store_id": NASTY})
    assert (view.state.choice.question, view.state.choice.store_id) == ("portrait.overview", NASTY)
    view.answer.picked.value = "2|no row"
    view.answer.picked.value = '3|["s1"]'
    assert view.state.choice.store_id == NASTY
    assert view.said.value == ""


def test_ask_next_keeps_the_scope(view: AskView) -> None:
    view.scope.fields["store_id"].value = "s1 Harbour"
    words = view.answer.next[0].description
    offered = view.answer.offered[0]
    assert words
    view.answer.next[0].click()
    assert (view.state.choice.question, dict(view.state.choice.own), view.state.choice.store_id) == (offered.name, offered.parameters, "s1")


def test_data_cannot_break_out_of_the_page(view: AskView) -> None:
    view.scope.fields["store_id"].value = " ".join(f"{NASTY} {NAME}".split())
    view.menu.buttons["portrait.stores"].click()
    view.state.change(store_id=NASTY)
    shown = [view.answer.head.value, view.answer.details.value, view.answer.chart.value, view.answer.download.value]
    assert all("<script" not in text and "<b>" not in text for text in shown)
    assert "<b>" not in panels.sentence("a <b> c")
    view.state.change(store_id="<img src=x onerror=alert(1)>")
    assert "<img" not in view.answer.stop.value


def test_the_saved_table_is_harmless(view: AskView, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(PAGE_VARIABLE, raising=False)  # on our own page its script saves it: tests/batch/test_browser.py
    view.menu.buttons["portrait.stores"].click()
    link = re.search(r'href="data:text/csv;charset=utf-8;base64,([^"]*)"', view.answer.download.value).group(1)
    text = base64.b64decode(link).decode("utf-8")
    assert f"'{NASTY[:3]}" in text
    assert not re.search(r"(^|,)\"?=", text, re.MULTILINE)
    assert text.count("\r\n") == view.state.result.table.height + 1


def test_a_fault_of_ours_is_said_and_logged(view: AskView, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: Any) -> None:
    log = tmp_path / "logs" / "app.log"
    monkeypatch.setenv(LOG_VARIABLE, str(log))
    monkeypatch.setattr("toolkit.apps.pages.state.find_question", lambda name: 1 / 0)
    view.menu.buttons["portrait.pareto"].click()
    reference = re.search(r"fault ([0-9a-f]{8})", view.said.value).group(1)
    assert "ZeroDivisionError" not in view.said.value
    written = log.read_text("utf-8")
    assert f"fault {reference}" in written
    assert "ZeroDivisionError" in written
    assert not view.state.busy
    assert view.busy.value == ""
    monkeypatch.undo()
    view.state.reset()


def test_the_guard_says_our_own_errors_and_survives_a_log_that_cannot_be_written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    said: list[str] = []
    guard = Guard(said.append)

    def wrong() -> None:
        raise BadValue("period is 'soon'.")

    guard(wrong)()
    assert said == ["", "period is 'soon'."]
    (tmp_path / "file").write_text("", "utf-8")
    monkeypatch.setenv(LOG_VARIABLE, str(tmp_path / "file" / "app.log"))
    guard(lambda: int("x"))()
    assert said[-1].startswith("This could not be worked out")


def test_elsewhere_the_frontend_draws_the_chart(state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(PAGE_VARIABLE, raising=False)
    view = AskView(state, ("portrait",))
    assert "application/vnd.vegalite.v5+json" in view.answer.chart.outputs[0]["data"]


@pytest.mark.parametrize("path", DASHBOARDS, ids=lambda path: path.name)
def test_app_notebooks_are_load_build_display(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    assert [cell.cell_type for cell in notebook.cells] == ["code"] * 3
    assert all(len(cell.source.splitlines()) <= 3 and not cell.outputs and cell.execution_count is None for cell in notebook.cells)
    assert notebook.metadata["title"]


def test_the_page_and_its_files_name_no_other_machine() -> None:
    share = DASHBOARDS[0].parent / "share"
    for path in [path for path in share.rglob("*") if path.is_file()]:
        named = path.read_text("utf-8").replace("http://schemas.openxmlformats.org", "")  # a format's name: nothing is asked there
        assert not re.search(r"https?://|//cdn|@import|(?<!_)url\(", named), path
