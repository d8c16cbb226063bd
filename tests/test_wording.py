"""How figures read."""

from __future__ import annotations

import pytest

from toolkit import wording


@pytest.mark.parametrize(
    ("value", "currency", "said"),
    [
        (4593254.21, "USD", "$4,593,254"),
        (-12.5, "USD", "-$12.50"),
        (1980, "JPY", "¥1,980"),
        (12, "CHF", "CHF\u00a012.00"),
        (None, "EUR", "not measured"),
        (float("nan"), "EUR", "not measured"),
    ],
)
def test_money(value: float | None, currency: str, said: str) -> None:
    assert wording.money(value, currency) == said


def test_an_empty_cell_is_a_dash() -> None:
    assert wording.cell(None, "money", "USD") == "–"
    assert wording.cell(float("nan"), "share", "USD") == "–"


def test_listing_and_change() -> None:
    assert wording.listing(["a", "b", "c"]) == "a, b and c"
    assert wording.change(-0.031) == "down 3.1%"
    assert wording.change(None) == "not measured"
