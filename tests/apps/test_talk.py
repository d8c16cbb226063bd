"""A conversation in a notebook and in a terminal: each turn is a call that a cell can run, a part can be taken away, a number takes a choice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import ipywidgets as widgets
import pytest
from typer.testing import CliRunner

import toolkit as tk
from toolkit.apps.pages.page import targeting_page
from toolkit.apps.pages.state import State
from toolkit.cli.shell import app
from toolkit.conversation import Talking
from toolkit.workspace import Workspace


def found(box: Any, css: str) -> list[Any]:
    """Return the widgets with a class, in the order of the page."""
    here = [box] if css in getattr(box, "_dom_classes", ()) else []
    return here + [one for child in getattr(box, "children", ()) for one in found(child, css)]


def test_a_turn_is_kept_as_its_call_and_gone_on_from(floor: Workspace) -> None:
    talking = Talking(floor)
    assert talking.say("which members carry the sales?").answers[0].name == "portrait.contribution"
    store = tk.portrait.stores(floor).table["store_id"][0]
    narrowed = talking.say(f"and store {store}?")
    assert narrowed.understood.calls[0].parameters == {"store_id": store}
    assert talking.without("store_id").understood.calls[0].parameters == {}  # type: ignore[union-attr]
    assert talking.without("store_id") is None
    offered = talking.last.choices  # type: ignore[union-attr]
    assert offered
    assert talking.say("1").understood.calls == (offered[0],)
    said: dict[str, Any] = {"tk": tk, "ws": floor}
    for line in talking.code().splitlines():
        assert eval(line, said).headline
    assert len(talking.code().splitlines()) == 4
    assert talking.last.choices[0] not in [turn.understood.calls[0] for turn in talking.turns]  # type: ignore[union-attr]


def test_what_is_not_understood_computes_nothing(floor: Workspace) -> None:
    turn = Talking(floor).say("purple elephants sing quietly")
    assert (turn.answers, turn.code()) == ((), "")
    assert turn.said


def test_the_widget_shows_turns_parts_and_choices(floor: Workspace) -> None:
    talk = tk.talk(floor)
    assert len(talk.field.options) > 60
    talk.field.value = "which members carry the sales?"
    assert talk.field.value == ""
    (turn,) = found(talk, "tk-turn")
    (choice, *_) = found(turn, "tk-next-button")
    choice.click()
    first, second = found(talk, "tk-turn")
    assert "tk-newest" not in first._dom_classes
    assert "tk-newest" in second._dom_classes
    store = tk.portrait.stores(floor).table["store_id"][0]
    talk.say(f"how are our members doing in store {store}")
    chip = found(talk, "tk-chip")[-1]
    assert isinstance(chip, widgets.Button)
    chip.click()
    assert talk.talking.last.understood.calls[0].parameters == {}  # type: ignore[union-attr]
    talk.field.value = "<script>alert(1)</script>"
    assert "<script>alert" not in "".join(one.value for one in found(talk, "tk-asked"))


def test_explore_shows_a_question_with_its_controls(floor: Workspace) -> None:
    explore = tk.explore(floor, "portrait.stores")
    assert explore.code() == "tk.portrait.stores(ws)"
    explore.state.change(own={"by": "region"})
    assert "by='region'" in explore.code()
    with pytest.raises(tk.ToolkitError, match=r"portrait\.stores"):
        tk.explore(floor, "portrait.storse")


def test_a_terminal_session_ends_with_its_calls(floor: Workspace) -> None:
    path: Path = floor.path
    said = CliRunner().invoke(app, ["talk", str(path)], input="which members carry the sales?\n1\n\n").output
    assert said.count("> tk.") == 2
    assert said.rstrip().splitlines()[-2] == "tk.portrait.contribution(ws)"


def test_one_field_on_top_of_a_page_shows_what_was_understood_as_chips_that_change_its_controls(floor: Workspace) -> None:
    page = targeting_page(State(floor.path, asked=False))
    (field,) = [one for one in page.page.children if "tk-words-bar" in one._dom_classes]
    typed, chips, choices, _ = field.children
    assert page.shown == "build"
    store = sorted(page.state.shop.stores)[-1]
    typed.value = f"which members carry the sales, heavy and light, in store {store}"
    assert page.shown == "ask"
    assert (page.state.choice.question, page.state.choice.store_id, page.state.choice.own) == (
        "portrait.contribution",
        store,
        {"by": "heavy"},
    )
    asked, first, second = chips.children
    assert "tk-chip-fixed" in asked._dom_classes
    by = next(chip for chip in (first, second) if store not in chip.description)
    by.click()
    assert page.state.choice.own == {}
    assert len(chips.children) == 2
    page.state.change(store_id="")  # a control takes its chip with it
    assert len(chips.children) == 1
    page.state.ask("portrait.segments")  # what was not asked in words has none
    assert chips.children == ()
    typed.value = "did the campaign work"
    assert len(choices.children) == 2
    choices.children[0].click()
    assert page.state.choice.question.startswith("review.")
    assert choices.children == ()
