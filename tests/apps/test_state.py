"""The state of an app, with no browser and no widgets."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import FrozenInstanceError
from pathlib import Path

import polars as pl
import pytest

from tests.apps.conftest import NAME, NASTY
from toolkit.answer import Answer
from toolkit.apps.pages.choice import Choice
from toolkit.apps.pages.state import State, answer_of, blockers, read_shop
from toolkit.conversation.menu import AUDIENCE_EXAMPLES
from toolkit.errors import WorkspaceError
from toolkit.scope.view import chosen_members, open_view
from toolkit.workspace import Workspace


def test_opens_with_an_answer(state: State) -> None:
    assert isinstance(state.result, Answer)
    assert state.result.name == "portrait.overview"
    assert state.blockers == ()
    assert state.result.as_of == state.shop.last_day
    assert state.shop.stores == {"s1": "s1  Harbour", NASTY: f"{NASTY}  {NAME}"}
    assert state.shop.regions == ("north", "south")


def test_a_store_changes_the_answer_and_observers_are_told(state: State) -> None:
    told: list[str] = []
    state.observe(lambda change: told.append(change["name"]))
    before = state.result
    state.change(store_id="s1")
    assert isinstance(state.result, Answer)
    assert state.result.scope == "store s1"
    assert state.result.headline != before.headline
    assert [told[0], told[-2], told[-1]] == ["choice", "result", "busy"]
    assert not state.busy
    count = len(told)
    state.change(store_id="s1")
    assert len(told) == count, "the same choice again costs nothing"


def test_the_choice_is_frozen() -> None:
    with pytest.raises(FrozenInstanceError):
        Choice().store_id = "s1"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("choice", "said"),
    [
        (Choice(store_id="s11"), "There is no store “s11”. Did you mean s1?"),
        (Choice(store_id="<i>no</i>"), "There is no store “<i>no</i>”. Choose one from the list"),
        (Choice(region="nort"), "There is no region “nort”. Did you mean north"),
        (Choice(store_id="s1", region="north"), "Choose a store or a region, not both"),
        (Choice(as_of="31.1.2024"), "YYYY-MM-DD"),
        (Choice(as_of="1990-01-01"), "the receipts of"),
        (Choice(period="soon"), "it takes a number of days"),
        (Choice(audience="order_cuont > 3"), "did you mean 'order_count'"),
        (Choice(audience="order_count"), "a condition"),
        (Choice(audience="order_count >"), "is not a WHERE expression"),
        (Choice(audience="order_count > 100000"), "Nobody is in the audience"),
        (Choice(question="portrait.nothing"), "There is no question 'portrait.nothing'"),
        (Choice(question="portrait.contribution", own={"by": "weight"}), "Shown by is “weight”; it can be Tenths of members, "),
        (Choice(question="portrait.lifecycle", own={"since": "spring"}), "Compared with the day is “spring”, but a day"),
        (Choice(question="portrait.segments", own={"segment_map": "/etc/passwd"}), "it can be As the shop has set, Ten segments"),
        (Choice(question="portrait.member"), "Member number is empty: type one"),
        (Choice(own={"by": "decile"}), "This question has no setting “by”"),
    ],
)
def test_what_stands_in_the_way_is_a_sentence(state: State, choice: Choice, said: str) -> None:
    found = blockers(state.shop, choice)
    assert len(found) == 1
    assert said in found[0]
    assert answer_of(state.shop, choice) == found[0]


def test_all_faults_are_said_at_once(state: State) -> None:
    choice = Choice(store_id="x", as_of="y", audience="z > 1", question="portrait.member")
    assert len(blockers(state.shop, choice)) == 4
    assert answer_of(state.shop, choice) == "\n".join(blockers(state.shop, choice))


def test_a_fault_that_only_the_question_knows_is_a_sentence_too(state: State) -> None:
    state.ask("portrait.member", {"member_id": "nobody"})
    assert state.blockers == ()
    assert "nobody" in str(state.result)
    state.change(store_id="s1", audience="member_id = 'v000'", question="portrait.overview", own={})
    assert "too few to generalise" in str(state.result)


def test_every_example_of_an_audience_can_be_asked(state: State) -> None:
    for _, where in AUDIENCE_EXAMPLES:
        assert not [fault for fault in blockers(state.shop, Choice(audience=where)) if not fault.startswith("Nobody")]
        assert chosen_members(where, open_view(Workspace(state.shop.path))).any()


def test_reset_and_back(state: State) -> None:
    first = state.result.headline
    assert not state.can_go_back
    state.change(store_id="s1")
    state.ask("portrait.contribution", {"by": "heavy"})
    assert state.choice == Choice(question="portrait.contribution", store_id="s1", own={"by": "heavy"})
    state.change(store_id="nowhere")
    assert isinstance(state.result, str)
    state.reset()
    assert state.choice == state.start
    assert state.result.headline == first
    state.back()
    assert state.choice.store_id == "nowhere"
    state.back()
    assert state.choice == Choice(question="portrait.contribution", store_id="s1", own={"by": "heavy"})
    state.back()
    state.back()
    assert state.choice == state.start
    assert not state.can_go_back


def test_words_of_ones_own_find_a_question(state: State) -> None:
    state.change(store_id="s1")
    state.ask_in_words("which members carry the sales")
    assert state.choice.question == "portrait.contribution"
    assert state.choice.store_id == "s1"
    state.ask_in_words("   ")
    assert state.choice.question == "portrait.contribution"
    state.ask_in_words("the weather on Mars")
    assert state.result == "The receipts say nothing of the weather."
    assert state.choice.question == "portrait.contribution"
    state.change(store_id="")
    state.ask_in_words("how is the Harbour doing")
    assert (state.choice.question, state.choice.store_id) == ("portrait.overview", "s1")
    state.ask_in_words("which members carry the sales in store s7")
    assert str(state.result).startswith("There is no store “s7”. There are")
    assert (state.choice.question, state.choice.store_id) == ("portrait.overview", "s1")
    state.ask_in_words("only the south")
    assert (state.choice.region, state.choice.store_id) == ("south", "")


def test_what_was_clicked_opens_the_portrait_of_those_members(state: State) -> None:
    state.ask("portrait.segments")
    segment = state.result.table.filter(pl.col("member_count") > 0)["segment"][0]
    state.narrow({"segment": segment, "member_share": 0.5})
    assert (state.choice.question, state.choice.audience) == ("portrait.overview", f"segment = '{segment}'")
    assert isinstance(state.result, Answer)
    state.back()
    assert (state.choice.question, state.choice.audience) == ("portrait.segments", "")
    state.narrow({"share": 0.5})
    state.narrow({"segment": "no such segment"})
    assert state.choice.question == "portrait.segments", "a mark that names nobody does nothing"
    state.ask("portrait.stores")
    state.narrow({"store_id": NASTY})
    assert (state.choice.question, state.choice.store_id) == ("portrait.overview", NASTY)


def test_a_member_of_a_list_has_a_card(state: State) -> None:
    state.ask("targeting.slipping", {"top": "0"})
    member = state.result.table["member_id"][0]
    state.narrow({"member_id": "nobody"})
    assert state.choice.question == "targeting.slipping"
    state.narrow({"member_id": member})
    assert (state.choice.question, dict(state.choice.own)) == ("portrait.member", {"member_id": member})
    assert member in state.result.headline
    state.change(own={"member_id": "nobody"})
    assert state.result.startswith("No member 'nobody'")


def test_every_suggestion_of_an_answer_can_be_asked(state: State) -> None:
    for name, own in state.result.finding.ask_next:
        state.reset()
        state.ask(name, own)
        assert isinstance(state.result, Answer), state.result


def test_a_folder_that_is_no_workspace_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WorkspaceError):
        read_shop(tmp_path)


def test_the_state_needs_no_widgets() -> None:
    code = "import sys, toolkit.apps.pages.state; assert not {'ipywidgets', 'IPython', 'voila', 'altair'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
