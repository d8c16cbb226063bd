"""Offers: the text reads back, and what cannot be is refused in a sentence."""

from __future__ import annotations

import pytest

from toolkit.errors import BadValue
from toolkit.ledger.offer import EXAMPLES, METHODS, Offer


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("full_reduction 60/10", {"method": "full_reduction", "threshold": 60, "value": 10}),
        ("coupon 5 from 30", {"method": "coupon", "threshold": 30, "value": 5}),
        ("coupon 2.5", {"method": "coupon", "value": 2.5}),
        ("discount 12.5% on COFFEE; TEA | Hot drinks", {"depth": 0.125, "categories": ("COFFEE", "TEA"), "message": "Hot drinks"}),
        ("member_day wed 10%", {"weekday": 3, "depth": 0.1}),
        ("member_day sun 5% on SOFT DRINKS/AND MORE", {"weekday": 7, "categories": ("SOFT DRINKS/AND MORE",)}),
        ("service a call after two weeks", {"message": "a call after two weeks"}),
        ("service on KETTLES | trade in your old one", {"categories": ("KETTLES",), "message": "trade in your old one"}),
        ("service", {"method": "service", "message": ""}),
    ],
)
def test_a_text_reads_back(text: str, fields: dict) -> None:
    offer = Offer.parse(text)
    assert {name: getattr(offer, name) for name in fields} == fields
    assert offer.text == text
    assert Offer.parse(offer.text, name=offer.name) == offer


def test_examples_and_all_depths_read_back() -> None:
    assert [Offer.parse(EXAMPLES[method]).method for method in METHODS] == list(METHODS)
    for depth in range(1, 1000):
        offer = Offer(name="x", method="discount", depth=depth / 1000)
        assert Offer.parse(offer.text, name="x") == offer


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("coupom 5", "did you mean 'coupon'"),
        ("", "begins with no known method"),
        ("coupon", "'coupon 5 from 30' was needed"),
        ("full_reduction -60/10", "cannot be read"),
        ("full_reduction 60", "'full_reduction 60/10' was needed"),
        ("full_reduction 10/10", "the whole basket"),
        ("full_reduction 0/10", "starts from some spend"),
        ("coupon 0", "an amount above 0"),
        ("coupon 5 from 3", "the whole basket"),
        ("discount 100%", "between 0 and 1"),
        ("discount 10", "cannot be read"),
        ("member_day someday 10%", "no weekday"),
    ],
)
def test_a_slip_is_a_sentence(text: str, said: str) -> None:
    with pytest.raises(BadValue, match=said):
        Offer.parse(text)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"method": "coupon", "threshold": -1, "value": 5}, "threshold is -1.0; an amount of 0 or more"),
        ({"method": "coupon"}, "needs its value"),
        ({"method": "coupon", "value": 5, "depth": 0.1}, "has no depth"),
        ({"method": "coupon", "value": float("nan")}, "above 0"),
        ({"method": "coupon", "value": "much"}, "value is 'much'"),
        ({"method": "coupn", "value": 5}, "method is 'coupn'"),
        ({"method": "discount", "depth": 10}, "such as 0.1 for 10%"),
        ({"method": "member_day", "weekday": 8, "depth": 0.1}, r"1 \(Monday\) to 7"),
        ({"method": "discount", "depth": 0.1, "categories": ("A;B",)}, "a category cannot"),
        ({"method": "service", "message": "a|b"}, "a message cannot"),
        ({"method": "coupon", "value": 5, "treshold": 3}, "did you mean 'threshold'"),
    ],
)
def test_fields_are_checked(fields: dict, said: str) -> None:
    with pytest.raises(BadValue, match=said):
        Offer.model_validate({"name": "x", **fields})


def test_all_faults_at_once() -> None:
    with pytest.raises(BadValue) as error:
        Offer(name="x", method="coupon", threshold=-1, depth=0.1)
    assert len(str(error.value).splitlines()) == 3
