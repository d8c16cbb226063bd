"""Clicking and typing change the same text."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit.audience.clauses import chosen, clauses_of, has_flag, span, with_flag, with_span, with_tastes, with_values

TEXTS = st.text(st.characters(blacklist_categories=["Cs", "Cc"]), min_size=1, max_size=12)


@pytest.mark.parametrize(
    ("typed", "kinds"),
    [
        ("", []),
        ("segment = 'loyal'", ["among"]),
        ("WHERE segment IN ('loyal', 'can''t lose') AND contactable", ["among", "flag"]),
        ("recency_days BETWEEN 1 AND 9 AND amount_91d >= 50", ["range", "range"]),
        ("array_contains(tastes, 'COFFEE') and stage = 'established'", ["taste", "among"]),
        ("order_count > 3 AND (stage = 'new' OR amount > 5)", ["other", "other"]),
        ("stage = 'new' OR amount > 5", ["other"]),
        ("stage = 'new' OR amount > 5 AND contactable", ["other"]),
        ("NOT contactable AND amount / order_count >= 10", ["other", "other"]),
        ("segment IN (1, 2) AND 3 <= amount", ["other", "other"]),
        ("CASE WHEN amount > 3 AND contactable THEN true ELSE false END AND stage = 'new'", ["other", "among"]),
    ],
)
def test_what_is_typed_is_read_as_clauses(typed: str, kinds: list[str]) -> None:
    assert [clause.kind for clause in clauses_of(typed)] == kinds


def test_a_control_changes_its_own_clause_and_nothing_else() -> None:
    typed = "order_count > 3 AND segment = 'loyal' AND (stage = 'new' OR amount > 5)"
    changed = with_values(typed, "segment", ["champions", "loyal"])
    assert changed == "order_count > 3 AND segment IN ('champions', 'loyal') AND (stage = 'new' OR amount > 5)"
    assert with_values(changed, "segment", []) == "order_count > 3 AND (stage = 'new' OR amount > 5)"


def test_an_or_keeps_its_meaning_beside_a_control() -> None:
    assert with_flag("stage = 'new' OR amount > 5", "contactable", True) == "(stage = 'new' OR amount > 5) AND contactable"


def test_two_ranges_of_a_column_are_one() -> None:
    typed = "recency_days >= 5 AND recency_days <= 40 AND recency_days >= 7"
    assert span(typed, "recency_days") == (7, 40)
    assert with_span(typed, "recency_days", None, 91) == "recency_days <= 91"
    assert with_span(typed, "recency_days", None, None) == ""


def test_a_flag_can_be_taken_back() -> None:
    assert has_flag(with_flag("", "contactable", True), "contactable")
    assert with_flag("contactable AND amount >= 3", "contactable", False) == "amount >= 3"


@settings(max_examples=60)
@given(st.lists(TEXTS, min_size=1, max_size=4, unique=True), st.floats(0, 1e9), st.floats(0, 1e9))
def test_there_and_back(values: list[str], low: float, high: float) -> None:
    expression = with_tastes(with_span(with_values("", "segment", values), "amount", low, high), "tastes", values)
    assert list(chosen(expression, "segment")) == values
    assert list(chosen(expression, "tastes", "taste")) == values
    assert span(expression, "amount") == (pytest.approx(low), pytest.approx(high))
