"""Controls from annotations, the menu, and what a saved table may contain."""

from __future__ import annotations

import csv
import io
from datetime import date

import polars as pl
import pytest

from tests.apps.conftest import NASTY
from toolkit import columns as c
from toolkit import wording
from toolkit.apps.pages.controls import controls_of
from toolkit.apps.pages.state import State
from toolkit.conversation.menu import FAMILIES, next_label, period_choices, question_menu
from toolkit.registry import STEPS, all_questions, find_question
from toolkit.saving import csv_text, file_name, harmless


def test_every_question_has_controls_in_words() -> None:
    for question in all_questions():
        for control in controls_of(question):
            assert control.label
            assert control.help, f"{question.name}: the docstring says nothing about {control.name}"
            assert (control.kind == "choice") == bool(control.choices)
            if not control.required:
                assert control.fault("") == ""
            for _, value in control.choices:
                assert control.fault(value) == ""


def test_kinds_follow_the_annotations() -> None:
    by = controls_of(find_question("portrait.contribution"))[0]
    assert by.choices[0] == ("Tenths of members", "decile")
    assert [value for _, value in by.choices] == ["decile", "heavy", "orders", "attach", "loyal", "tier", "members"]
    since, names = controls_of(find_question("portrait.movement"))
    assert since.kind == "day"
    assert [value for _, value in names.choices] == ["", "ten", "eight"]
    member = controls_of(find_question("portrait.member"))[0]
    assert (member.kind, member.required) == ("text", True)
    habit = controls_of(find_question("portrait.habits"))[0]
    assert habit.choices[0] == ("All habits", "")


def test_a_yes_or_no_is_chosen_not_typed() -> None:
    (control,) = [one for one in controls_of(find_question("differentiation.matrix")) if one.name == "lifecycle"]
    assert (control.kind, control.choices) == ("choice", (("no", ""), ("yes", "True")))
    question = find_question("differentiation.matrix")
    assert next_label(question, {"lifecycle": True}) == "Which method and which goods for which members? (By stage of life too)"


@pytest.mark.parametrize("step", STEPS)
def test_the_menu_holds_every_question_of_its_steps_once_in_families_of_a_few(step: str) -> None:
    menu = question_menu([step])
    listed = [question.name for _, questions in menu for question in questions]
    assert sorted(listed) == sorted(question.name for question in all_questions() if question.step == step)
    assert max(len(questions) for _, questions in menu) <= 7
    assert {name for _, names in FAMILIES for name in names} <= {question.name for question in all_questions()}


def test_words_of_buttons_and_periods() -> None:
    question = find_question("portrait.contribution")
    assert next_label(question, {"by": "heavy"}) == "Which members carry the sales? (Heavy, medium, light buyers)"
    assert next_label(question, {}) == "Which members carry the sales?"
    assert period_choices(100)[0] == ("last 100 days", "")
    assert len({value for _, value in period_choices(91)}) == 4


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "＝1", "-5 apples"])
def test_text_that_a_spreadsheet_would_run_is_made_harmless(text: str) -> None:
    assert harmless(text) == f"'{text}"
    rows = list(
        csv.reader(io.StringIO(csv_text(pl.DataFrame({"segment": [text, "bread"]}), ["Segment"]).removeprefix("\ufeff"), newline=""))
    )
    assert rows == [["Segment"], [f"'{text}"], ["bread"]]


def test_numbers_stay_numbers_and_nothing_stays_nothing() -> None:
    frame = pl.DataFrame(
        {"sales_change": [-0.5, None], "joined_on": [date(2024, 1, 1), None], "tags": [["=a", "b"], None], "=x": ["a,b", 'c"d']},
        schema_overrides={"tags": pl.List(pl.String)},
    )
    text = csv_text(frame, ["Change of sales", "Joined on", "Tags", "=x"])
    assert text.startswith("\ufeff")
    rows = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))
    assert rows == [["Change of sales", "Joined on", "Tags", "'=x"], ["-0.5", "2024-01-01", "'=a; b", "a,b"], ["", "", "", 'c"d']]


def test_two_columns_of_one_label_keep_their_names() -> None:
    labels = wording.labels_of([c.text("store name"), c.text("store_name")])
    assert labels == ["store name", "store_name"]
    assert csv_text(pl.DataFrame({"store name": ["a"], "store_name": ["b"]}), labels).splitlines()[0] == "\ufeffstore name,store_name"


def test_file_names_are_plain(state: State) -> None:
    state.change(store_id=NASTY)
    name = file_name(state.result)
    assert name.startswith("overview-store-2-b")
    assert name.endswith(f"-{state.shop.last_day}.csv")
    assert not set(name) & set("<>:\"'/\\|?*= ")
