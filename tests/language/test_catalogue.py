"""The catalogue: whole, compiled, its places filled, and free of messages that nobody shows."""

from __future__ import annotations

import string

import pytest

from toolkit.language import LANGUAGES, SOURCE, catalogue

OTHERS = [code for code in LANGUAGES if code != SOURCE]


def places(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("code", OTHERS)
def test_every_message_is_translated_and_none_is_left_over(code: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert catalogue.main(["--check"]) == 0, capsys.readouterr().out


@pytest.mark.parametrize("code", OTHERS)
def test_translations_have_the_places_of_their_message(code: str) -> None:
    wrong = []
    for message in catalogue.read(code):
        if message.id:
            own = set().union(*(places(text) for text in ([message.id] if isinstance(message.id, str) else message.id)))
            told = [message.string] if isinstance(message.string, str) else message.string
            wrong += [text for text in told if not places(text) <= own]
    assert not wrong


def test_texts_of_scripts_notebooks_and_files_are_gathered() -> None:
    found = {(text, context) for _file, _line, text, context in catalogue.messages()}
    assert ("Load the page again", "script") in found
    assert ("Who carries the sales", None) in found
    assert ("Members", "column") in found
    assert ("member", "counted") in found
    assert ("a fuller basket", "value") in found
