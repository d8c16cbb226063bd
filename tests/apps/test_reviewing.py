"""A review read without a browser: the verdict first, the rest when somebody looks, files that cannot run anything."""

from __future__ import annotations

import base64
import io
import math
import re
import shutil
import zipfile
from html import unescape
from pathlib import Path

import polars as pl
import pytest

from tests.apps.conftest import NAME
from toolkit import wording
from toolkit.answer import Answer
from toolkit.apps.pages.reviewing import SECTIONS, Reviewing
from toolkit.apps.pages.reviewing_view import ReviewingView
from toolkit.apps.pages.state import State, fresh
from toolkit.registry import find_question
from toolkit.workspace import Workspace


@pytest.fixture(scope="module")
def read(floor: Workspace) -> Reviewing:
    return Reviewing(floor.path)


def test_it_opens_with_the_verdict_and_answers_the_rest_when_looked_at(read: Reviewing, floor: Workspace) -> None:
    assert list(read.sections) == ["verdict"]
    assert read.campaign_id == "C1", "the latest"
    view = ReviewingView(read)
    view.opened()
    assert tuple(read.sections) == SECTIONS
    verdict = read.sections["verdict"]
    assert isinstance(verdict, Answer)
    assert verdict.headline == find_question("review.verdict")(floor, campaign_id="C1").headline
    assert "<script>" not in view.places["verdict"].head.value
    assert read.query() == ""


def test_a_note_stands_once_on_a_page(read: Reviewing) -> None:
    view = ReviewingView(read)
    view.opened()
    shown = "".join(unescape(place.details.value) for place in view.places.values())
    noted = [note.text for answer in read.answers for note in answer.notes]
    again = len(noted) - len(set(noted))
    assert again > 3, "there is something to repeat"
    assert all(shown.count(f"{text}</li>") == 1 for text in set(noted))
    told = [int(count) for count in re.findall(r"<li>(\d+) more notes? on this stands? above\.</li>", shown)]
    assert sum(told) == again
    page = unescape(base64.b64decode(read.html_file()[1]).decode("utf-8"))
    assert all(page.count(f"{text}</li>") == 1 for text in set(noted))


def test_a_campaign_of_an_address(read: Reviewing) -> None:
    read.go_to("campaign=nothing")
    assert read.campaign_id == "C1"
    read.go_to("campaign=C0")
    assert read.campaign_id == "C0"
    assert read.query() == "campaign=C0"
    read.go_to("")
    assert read.campaign_id == "C1"


def test_the_files_hold_every_answer_and_run_nothing(read: Reviewing) -> None:
    name, page = read.html_file()
    text = base64.b64decode(page).decode("utf-8")
    assert name == "review-C1.html"
    assert all(answer.question in text for answer in read.answers)
    assert NAME not in text
    name, book = read.xlsx_file()
    with zipfile.ZipFile(io.BytesIO(base64.b64decode(book))) as parts:
        sheets = [part for part in parts.namelist() if part.startswith("xl/worksheets/sheet")]
        assert len(sheets) == len(read.answers)
        assert not any(re.search(rb"<f[ >]", parts.read(sheet)) for sheet in sheets)


def test_every_figure_of_the_files_is_that_of_the_package(read: Reviewing, floor: Workspace) -> None:
    read.renew()
    _, book = read.xlsx_file()
    page = unescape(base64.b64decode(read.html_file()[1]).decode("utf-8"))
    with zipfile.ZipFile(io.BytesIO(base64.b64decode(book))) as parts:
        sheets = [parts.read(f"xl/worksheets/sheet{number}.xml").decode() for number in range(1, len(read.answers) + 1)]
    for answer, sheet in zip(read.answers, sheets, strict=True):
        own = {} if answer.name == "review.lessons" else {"campaign_id": read.campaign_id}
        table = find_question(answer.name)(floor, **own).table
        written = {
            (row, column): float(value) for column, row, value in re.findall(r'<c r="([A-Z]+)(\d+)"(?: s="\d+")?><v>([^<]*)</v>', sheet)
        }
        known = {
            (str(number), chr(ord("A") + place)): float(value)
            for number, row in enumerate(table.iter_rows(), start=4)
            for place, value in enumerate(row)
            if isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
        }
        assert written == pytest.approx(known)
        shown = re.findall(r"<td[^>]*>(.*?)</td>", page)
        cells = [
            wording.cell(row[name], kind, answer.currency, name)
            for row in table.head(60).iter_rows(named=True)
            for name, kind in answer.kinds.items()
        ]
        assert not set(cells) - set(shown), answer.name


def test_a_shop_without_a_campaign_says_so(workspace: Workspace) -> None:
    view = ReviewingView(Reviewing(workspace.path))
    assert "There is no campaign yet" in view.said.value


def test_nothing_is_worked_out_before_it_is_asked(workspace: Workspace) -> None:
    state = State(workspace.path, asked=False)
    assert state.result is None
    state.ask_first()
    assert isinstance(state.result, Answer)


def test_receipts_that_came_in_since_are_read(workspace: Workspace, tmp_path: Path) -> None:
    state = State(shutil.copytree(workspace.path, tmp_path / "ws"))
    before = state.shop
    assert fresh(before) is before
    with (ws := Workspace(before.path)).writing():
        ws.commit(tables={**ws.manifest.tables})
    state.ask_first()
    assert state.shop is not before
    assert isinstance(state.result, Answer)
    assert state.shop.members.height == before.members.height
    assert isinstance(state.shop.members, pl.DataFrame)
