"""Numbers as people type them."""

from __future__ import annotations

import pytest

from toolkit.apps.pages.typed import number_of, plain_number
from toolkit.errors import BadValue


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("30", 30), (" 2.5 ", 2.5), (".5", 0.5), ("-3", -3), ("1,000", 1_000), ("1 000 000", 1_000_000), ("12,500.75", 12_500.75),
        ("$8.00", 8), ("¥ 20", 20), ("０．５", 0.5), ("１，０００", 1_000), ("1.1万", 11_000), ("2亿", 200_000_000),
    ],
)  # fmt: skip
def test_what_is_a_number(text: str, number: float) -> None:
    assert number_of(text, "a field") == number


@pytest.mark.parametrize("text", ["cheap", "0,10", "1,5", "1,00,000", "1 00", "1.000.000", "--3", "inf", "nan", "1e5", "5%", "٣ 3", "="])
def test_what_is_none_or_could_be_two_is_not_guessed(text: str) -> None:
    with pytest.raises(BadValue, match="came for “a field”, but a number was needed"):
        number_of(text, "a field")


def test_nothing_is_no_number() -> None:
    assert number_of("  ", "a field") is None


def test_a_percent_where_one_may_be() -> None:
    assert number_of("5 %", "a field", percent=True) == 5
    assert plain_number("５％", percent=True) == "5"
