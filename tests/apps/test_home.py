"""The entry page's parts: figures as their own question says them, things to do that lead where they say, lists of what is kept."""

from __future__ import annotations

import re
from datetime import date, timedelta
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from benchmarks.strange_shops import imported, strange_shop
from toolkit.apps.pages.address import choice_of
from toolkit.apps.pages.choice import Choice
from toolkit.apps.serving import home
from toolkit.apps.serving.entry import Entry
from toolkit.audience import as_audience, save_audience
from toolkit.language import speaking
from toolkit.portrait import scoreboard
from toolkit.review import agenda
from toolkit.workspace import Workspace


@pytest.fixture(scope="module")
def ws(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    folder = tmp_path_factory.mktemp("home")
    return imported(strange_shop("steady", members=500), folder, as_of=date(2024, 3, 31), first_day=date(2022, 6, 1))


def asked(link: str) -> tuple[str, Choice]:
    address = urlsplit(link)
    assert dict(parse_qsl(address.query))["tab"] == "ask"
    return address.path, choice_of(address.query, Choice())


def test_the_main_figures_are_those_of_the_scoreboard(ws: Workspace) -> None:
    answer, board = scoreboard(ws), home.board(ws)
    assert [tile.name for tile in board.tiles] == [
        "Members", "Active members", "First-time members", "Repeat rate", "Sales to members", "Order value",
    ]  # fmt: skip
    assert board.tiles[0].value == f"{answer.figures['members']:,.0f}"
    assert board.told == answer.notes[0].text
    for tile, name in zip(board.tiles, ("members", "active_members"), strict=False):
        assert tile.turn == (answer.figures[f"{name}_change"] > 0.0005) - (answer.figures[f"{name}_change"] < -0.0005)
        assert tile.line.startswith("<svg")
    path, choice = asked(board.tiles[3].link)
    assert (path, choice.question, choice.own) == (
        "voila/render/portrait.ipynb",
        "portrait.figure",
        {"metric": "repeat_rate", "by": "month"},
    )


def test_things_to_do_lead_to_the_members_and_to_the_plan(ws: Workspace) -> None:
    rows, things = agenda(ws).table.head(5), home.things_to_do(ws)
    assert [thing.text for thing in things] == rows["todo"].to_list()
    (see, see_link), (plan, plan_link) = things[0].ways
    assert (see, plan) == ("See them", "Plan for them")
    assert asked(see_link)[1].audience == rows["who"][0]
    assert plan_link == f"voila/render/differentiation.ipynb?{urlencode({'audience': rows['who'][0]})}"


def test_what_is_kept_and_what_is_drafted_stand_in_lists(tmp_path: Path) -> None:
    ws = imported(strange_shop("steady", members=120), tmp_path, as_of=date(2024, 3, 31), first_day=date(2023, 9, 1))
    assert home.campaigns(ws) == home.audiences(ws) == ()
    save_audience(ws, as_audience(ws, "order_count >= 2").renamed("A & B regulars"))
    (ws.path / "documents" / "plans").mkdir(parents=True)
    (ws.path / "documents" / "plans" / "spring.toml").write_text('campaign_id = "spring"\n', "utf-8")
    (audience,), (draft,) = home.audiences(ws), home.campaigns(ws)
    with speaking("zh"):
        assert re.match(r"\d+ 名会员、", home.audiences(ws)[0].beside)
    assert re.match(r"\d+ members, kept \d{4}-", audience.beside)
    assert "A &amp; B" in audience.shown
    assert audience.ways[0][1] == "voila/render/targeting.ipynb?audience=A+%26+B+regulars"
    assert (draft.text, draft.beside) == ("spring", "draft, cannot be read")
    assert draft.ways[0][1] == "voila/render/differentiation.ipynb?plan=spring"


def test_the_page_is_as_far_as_it_is_and_made_anew_where_something_changed(tmp_path: Path) -> None:
    ws = imported(strange_shop("steady", members=120), tmp_path, as_of=date(2024, 3, 31), first_day=date(2023, 9, 1))
    entry = Entry(ws.path)
    soon = entry.home("en", patience=0.0)
    assert soon.board is None
    assert all(card.pending for card in soon.cards)
    ready = entry.home("en", patience=timedelta(minutes=5).total_seconds())
    assert isinstance(ready.board, home.Board)
    assert ready.audiences == ()
    assert isinstance(entry.home("zh", patience=300.0).things, tuple)
    save_audience(ws, as_audience(ws, "order_count >= 2").renamed("regulars"))
    assert len(entry.home("en", patience=300.0).audiences) == 1  # type: ignore[arg-type]


def test_a_part_that_fails_says_why_and_takes_no_other_away(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: Workspace) -> None:
        raise ValueError("broken on purpose")

    from toolkit.apps.serving import entry

    monkeypatch.setitem(entry._PARTS, "things", broken)
    monkeypatch.setattr(entry, "log_fault", lambda error: "E1")
    page = Entry(ws.path).home("en", patience=300.0)
    assert isinstance(page.things, str)
    assert "broken on purpose" not in page.things
    assert isinstance(page.board, home.Board)


def test_in_chinese(ws: Workspace) -> None:
    with speaking("zh"):
        assert home.things_to_do(ws)[0].ways[0][0] == "看看他们"
