"""How figures read."""

from __future__ import annotations

from datetime import date

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


@pytest.mark.parametrize(
    ("name", "value", "kind"),
    [
        ("sales_share", 0.2, "share"),
        ("recency_days", 3, "days"),
        ("member_count", 3, "count"),
        ("first_ordered_on", date(2026, 1, 1), "date"),
        ("segment", "loyal", "text"),
        ("counted", True, "flag"),
        ("whatever", 0.5, "number"),
    ],
)
def test_kind_follows_from_the_name(name: str, value: object, kind: str) -> None:
    assert wording.kind_of(name, value) == kind


def test_an_empty_cell_is_a_dash() -> None:
    assert wording.cell(None, "money", "USD") == "–"
    assert wording.cell(float("nan"), "share", "USD") == "–"


def test_listing_and_change() -> None:
    assert wording.listing(["a", "b", "c"]) == "a, b and c"
    assert wording.change(-0.031) == "down 3.1%"
    assert wording.change(None) == "not measured"
