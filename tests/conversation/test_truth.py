"""What sentences should come to, and what they come to: the bars of the conversation. `benchmarks/truth_asking.py` prints the figures."""

from __future__ import annotations

import pytest

from tests.conversation.names import name_cases
from tests.conversation.truth import cases, dialogues, is_right, is_silently_wrong, shown, turns
from toolkit.conversation import interpret
from toolkit.workspace import Workspace


@pytest.mark.parametrize(("language", "bar"), [("en", 0.90), ("zh", 0.85)])
def test_question_and_parameters_are_right(shop: Workspace, language: str, bar: float) -> None:
    asked = [case for case in cases() if case.language == language]
    wrong = [f"{case.text} => {shown(found)}" for case in asked if not is_right(found := interpret(shop, case.text), case.expected)]
    assert len(wrong) <= (1 - bar) * len(asked), "\n".join(wrong)


def test_hardly_anything_is_silently_wrong(shop: Workspace) -> None:
    asked = cases()
    wrong = [case.text for case in asked if is_silently_wrong(interpret(shop, case.text), case.expected)]
    assert len(wrong) <= 0.02 * len(asked), "\n".join(wrong)


def test_what_cannot_be_answered_is_refused(shop: Workspace) -> None:
    refused = [case for case in cases() if case.is_refusal]
    wrong = [case.text for case in refused if not is_right(interpret(shop, case.text), case.expected)]
    assert len(wrong) <= 0.05 * len(refused), "\n".join(wrong)


def test_dialogues_of_three_turns(shop: Workspace) -> None:
    wrong = [[text for text, _, right in made if not right] for made in (list(turns(shop, one)) for one in dialogues())]
    assert len([turn for turn in wrong if turn]) <= 3, [turn for turn in wrong if turn]


def test_the_names_of_the_shop_are_recognised_and_no_store_is_taken_for_another(shop: Workspace) -> None:
    missed = []
    for text, name, value in (asked := name_cases()):
        found = interpret(shop, text)
        told = {call.parameters.get(name) for call in found.calls} if found.kind == "answer" else set()
        if name == "store_id" and found.kind == "answer":
            assert told == {value}, text
        if told != {value}:
            missed.append(text)
    assert len(missed) <= 0.02 * len(asked), missed
