"""What a person may type into the fields of a question: an answer comes, or a sentence in the page's own words, never a fault."""

from __future__ import annotations

import re

import pytest

from toolkit.apps.pages.choice import Choice
from toolkit.apps.pages.controls import controls_of, in_words
from toolkit.apps.pages.state import Shop, answer_of, read_shop
from toolkit.language import LANGUAGES, speaking
from toolkit.registry import SCOPE_PARAMETERS, Question, all_questions
from toolkit.workspace import Workspace

TYPED = ("abc", "-1", "0", "1e99", "nan", "9" * 30, "COFFEE, MILK", "2026-13-45", "{x}%s' OR 1=1 --")
ASKED = [question for question in all_questions() if any(control.kind != "choice" for control in controls_of(question))]


@pytest.fixture(scope="module")
def shop(workspace: Workspace) -> Shop:
    return read_shop(workspace.path)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("question", ASKED, ids=lambda question: question.name)
def test_what_is_typed_gets_an_answer_or_a_sentence_without_code(shop: Shop, question: Question, language: str) -> None:
    with speaking(language):
        controls = controls_of(question)
        needed = {control.name: "1" for control in controls if control.required}
        written = [name for name in (*SCOPE_PARAMETERS, *question.parameters) if "_" in name]
        for control in controls:
            for value in TYPED if control.kind != "choice" else ():
                said = answer_of(shop, Choice(question.name, own={**needed, control.name: value}))
                if isinstance(said, str):
                    told = said.replace(value, "")
                    assert not re.search(r"\b(portrait|targeting|differentiation|review)\.[a-z]", told), said
                    assert not re.search(rf"\b({'|'.join(written) or '!'})\b", told), said
                    assert not re.match(rf"{control.name}(?![a-z])", told), said
                    assert "tk." not in told, said


@pytest.mark.parametrize(
    ("name", "line", "read"),
    [
        (
            "targeting.attach",
            "targeting.attach: goods and with_goods are both 'x'; two different goods were needed.",
            "“Goods” and “Together with” are both 'x'; two different goods were needed.",
        ),
        (
            "targeting.cohorts",
            "targeting.cohorts：most_months 是 0；须在 1 至 120 个月之间。",
            "“Joining months shown” 是 0；须在 1 至 120 个月之间。",
        ),
        (
            "targeting.due_again",
            "targeting.due_again: 'x' is a product. Ask with by='product'.",
            "'x' is a product. Ask with “Shown by”: Product.",
        ),
        ("targeting.buyers", "targeting.buyers: goods that were bought were needed.", "Goods that were bought were needed."),
        ("targeting.drill", "members cannot be split by 'id'.", "Members cannot be split by 'id'."),
    ],
)
def test_a_sentence_about_a_fault_names_fields_as_the_page_does(name: str, line: str, read: str) -> None:
    assert in_words(line, name, fault=True) == read
