"""An offer's short text and its figures, one field each: clicking and typing change the same text."""

from __future__ import annotations

import pytest

from toolkit.apps.pages.offer_text import STARTS, figures_of, method_of, with_figure
from toolkit.ledger.offer import Offer


@pytest.mark.parametrize("text", STARTS.values())
def test_what_a_form_opens_with_is_an_offer_and_survives_its_fields(text: str) -> None:
    again = text
    for name, value in figures_of(text).items():
        again = with_figure(again, name, value)
    assert Offer.parse(again) == Offer.parse(text)


@pytest.mark.parametrize(
    ("text", "figures"),
    [
        ("full_reduction 60/10", {"threshold": "60", "value": "10"}),
        ("full_reduction sixty/", {"threshold": "sixty"}),
        ("coupon 5", {"value": "5"}),
        ("coupon 5 from 30 on TEA | for you", {"value": "5", "threshold": "30", "goods": "TEA"}),
        ("member_day wed 10%", {"weekday": "wed", "depth": "10"}),
        ("service a call", {"message": "a call"}),
        ("gift 5", {}),
        ("", {}),
    ],
)
def test_figures_are_read_as_typed(text: str, figures: dict[str, str]) -> None:
    assert figures_of(text) == figures


def test_one_figure_changes_and_the_rest_stays() -> None:
    assert with_figure("full_reduction 60/10", "threshold", "1 000") == "full_reduction 1000/10"
    assert with_figure("full_reduction 60/10", "threshold", "1,000") == "full_reduction 1000/10"
    assert with_figure("full_reduction 60/10", "threshold", "6,5") == "full_reduction 6,5/10", "not guessed: the plan says that it is none"
    assert with_figure("full_reduction 60/10", "threshold", "") == "full_reduction /10", "what is missing is said by the plan"
    assert with_figure("full_reduction /10", "threshold", "60") == "full_reduction 60/10"
    assert with_figure("coupon 5 from 30 | for you", "goods", "TEA") == "coupon 5 from 30 on TEA | for you"
    assert with_figure("discount 10%", "depth", "12.5%") == "discount 12.5%"
    assert method_of("Member_Day wed 10%") == "member_day"
