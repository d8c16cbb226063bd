"""A view in the address: there and back, whatever is in it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit.apps.pages.address import LONGEST, choice_of, query_of
from toolkit.apps.pages.choice import Choice

WORDS = st.text(st.characters(blacklist_categories=["Cs"]), min_size=1, max_size=40)


@settings(max_examples=40)
@given(store=WORDS, audience=WORDS, own=st.dictionaries(st.sampled_from(["by", "since"]), WORDS))
def test_there_and_back(store: str, audience: str, own: dict[str, str]) -> None:
    choice = Choice(question="portrait.segments", store_id=store, audience=audience, own=own)
    assert choice_of("?" + query_of(choice, Choice()), Choice()) == choice


def test_the_start_needs_no_query() -> None:
    assert query_of(Choice(), Choice()) == ""
    assert choice_of("", Choice(store_id="7")) == Choice(store_id="7")
    assert choice_of("?" + query_of(Choice(), Choice(store_id="7")), Choice(store_id="7")) == Choice()


@pytest.mark.parametrize("query", ["token=secret", "question=os.system", "settings=x", "%%%", "=&=&", "own.=x&store_id"])
def test_what_no_app_writes_is_left_out(query: str) -> None:
    choice = choice_of(query, Choice())
    assert (choice.question, choice.scope) == (Choice().question, {})


def test_a_view_longer_than_an_address_is_not_kept() -> None:
    assert query_of(Choice(audience="x" * (LONGEST + 1)), Choice()) == ""
