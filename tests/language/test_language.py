"""What the reader reads: numbers, dates, lists, nouns and words of tables in their language; the choice of the language."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest

from toolkit import language, wording
from toolkit.language import LANGUAGE_VARIABLE, current, day, speak, speaking, tr, trn, word


@pytest.fixture(autouse=True)
def _english_again() -> Iterator[None]:
    yield
    speak("en")


def test_the_source_is_english() -> None:
    assert current() == "en"
    assert tr("not measured") == "not measured"
    assert tr("{days} days", days=28) == "28 days"


def test_dates_money_nouns_and_lists_are_the_readers() -> None:
    with speaking("zh"):
        assert day(date(2026, 11, 22)) == "2026年11月22日"
        assert tr("{start} to {end}", start=date(2026, 1, 1), end=date(2026, 3, 31)) == "2026年1月1日至2026年3月31日"
        assert wording.money(1234.5, "CNY") == "¥1,234" or wording.money(1234.5, "CNY") == "¥1,235"
        assert wording.money(12.5, "USD") == "US$12.50"
        assert wording.some(1234, "member") == "1,234 名会员"
        assert wording.share(None) == "未测量"
        assert wording.listing(["甲", "乙", "丙"]) == "甲、乙和丙"
        assert language.label("Members") == "会员数"
    assert wording.money(12.5, "USD") == "$12.50"


def test_words_of_tables_are_shown_and_never_stored() -> None:
    with speaking("zh"):
        assert word("champions") == "核心会员"
        assert word("no word of ours") == "no word of ours"
        assert wording.cell("champions", "text", "EUR", "segment") == "核心会员"
        assert wording.cell("champions", "text", "EUR", "store_name") == "champions"  # the shop's own word


def test_a_message_without_translation_stays_english() -> None:
    with speaking("zh"):
        assert tr("A sentence that nobody wrote, {n}.", n=3) == "A sentence that nobody wrote, 3."
        assert trn("{n} such thing", "{n} such things", 2, n=2) == "2 such things"
        assert tr("") == ""


def test_a_language_is_of_a_call_or_of_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    speak("zh-CN")
    assert current() == "zh"
    with speaking("en"):
        assert current() == "en"
        with ThreadPoolExecutor(1) as pool:
            assert pool.submit(current).result() == "zh"  # another reader's thread
    assert current() == "zh"
    with pytest.raises(ValueError, match="There is no language 'xx' here"):
        speak("xx")
    monkeypatch.setattr(language, "_of_process", [])
    monkeypatch.setenv(LANGUAGE_VARIABLE, "xx")
    assert current() == "en"
    monkeypatch.setattr(language, "_of_process", [])
    monkeypatch.setenv(LANGUAGE_VARIABLE, "zh")
    assert current() == "zh"
