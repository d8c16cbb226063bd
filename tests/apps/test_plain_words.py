"""No code on a marketer's page: every text that a step, a page or the ledger can say is walked, in both languages."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from babel.messages.pofile import read_po

from toolkit.apps.pages.controls import controls_of
from toolkit.apps.pages.plain_words import condition_words, plain_words
from toolkit.language import FOLDER, speaking, tr
from toolkit.registry import all_questions

CODE = re.compile(
    r"\b[a-z]+(?:_[a-z0-9]+)+\b|\b[a-z]+='|\bAUC\b|\b(?:portrait|targeting|differentiation|review)\.[a-z_]+\(|full_reduction \d"
)
ON_PAGES = re.compile(r"^(?:portrait|targeting|differentiation|review|scope|audience|apps|ledger)/")
TYPED = re.compile(r"order_count|deploy/|DEFINITIONS|documents/|WHERE|\.toml|=0\.|`tk\.|`toolkit |array_contains|gap_cuts|\w+=")
"""What tells who types an expression, a file or a call how to do it."""
PARTS = re.compile(r"\[[a-z_]+\?|\{[^{}]*\}|<[^<>]*>")
"""Fields of a message, and the names of its optional parts: neither is read by anybody."""


def texts(language: str) -> Iterator[str]:
    with (FOLDER / "zh" / "LC_MESSAGES" / "toolkit.po").open("rb") as file:
        for message in read_po(file, locale="zh"):
            where = [place for place, _ in message.locations]
            if not message.id or message.context or not any(ON_PAGES.match(place) for place in where):
                continue
            forms = (message.id, message.string)[language == "zh"]
            yield from map(str, forms if isinstance(forms, tuple | list) else (forms,))


@pytest.mark.parametrize("language", ["en", "zh"])
def test_no_text_of_a_page_has_a_name_of_the_code_in_it(language: str) -> None:
    with speaking(language):
        said = {text: plain_words(PARTS.sub(" ", text)) for text in texts(language) if not TYPED.search(text)}
    assert len(said) > 2_000
    assert {text: CODE.findall(shown) for text, shown in said.items() if CODE.search(shown)} == {}


def test_no_control_is_called_by_its_name_in_the_code() -> None:
    found = [
        (question.name, control.label) for question in all_questions() for control in controls_of(question) if CODE.search(control.label)
    ]
    found += [
        (question.name, label) for question in all_questions() for control in controls_of(question) for label, _ in control.choices
        if CODE.search(label)
    ]  # fmt: skip
    assert found == []


def test_a_condition_reads_as_a_sentence() -> None:
    told = "80 members where losing_touch AND amount_91d > 100 spent less"
    assert condition_words(told, "losing_touch AND amount_91d > 100") == (
        "80 members who are slipping away and who spent over 100 in the last 13 weeks spent less"
    )
    assert plain_words("'coupon 5 from 30' on 'member_day wed 10%'") == "'a coupon of 5 from 30 on' on '10% off on wed'"
    with speaking("zh"):
        assert condition_words(tr("members where {short}", short="losing_touch"), "losing_touch") == "正在流失的会员"
