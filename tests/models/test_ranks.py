from __future__ import annotations

import math

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.errors import BadValue
from toolkit.models.ranks import empty_scores, midrank_score, quantile_band

amounts = st.lists(st.one_of(st.none(), st.integers(-50, 50)), min_size=1, max_size=60)


def score(values, **options):
    return pl.DataFrame({"value": pl.Series(values, dtype=pl.Int64)}).select(midrank_score("value", **options)).to_series().to_list()


def test_five_different_members_get_the_five_scores():
    assert score([30, 10, 50, 20, 40]) == [3, 1, 5, 2, 4]


def test_smallest_is_best_turns_the_scores_round():
    assert score([30, 10, 50, 20, 40], largest_is_best=False) == [3, 5, 1, 4, 2]


def test_one_member_is_in_the_middle():
    assert score([7]) == [3]


@given(amounts)
def test_score_is_the_formula_with_null_left_out(values):
    known = sorted(value for value in values if value is not None)
    for value, got in zip(values, score(values), strict=True):
        if value is None:
            assert got is None
            continue
        ranks = [place + 1 for place, other in enumerate(known) if other == value]
        twice_mean = ranks[0] + ranks[-1]
        assert got == math.ceil(5 * (twice_mean - 1) / (2 * len(known)) - 1e-12)


@given(st.lists(st.integers(0, 5), min_size=1, max_size=40), st.randoms())
def test_equal_values_score_equal_in_any_order(values, random):
    again = list(values)
    random.shuffle(again)
    first, second = dict(zip(values, score(values), strict=True)), dict(zip(again, score(again), strict=True))
    assert first == second


def test_empty_scores_are_named_not_filled():
    scores = pl.Series(score([1] * 8 + [2, 3]))
    assert empty_scores(scores) == [1, 3, 4]


def test_bands_cut_at_the_shares_and_keep_ties_together():
    shop = pl.DataFrame({"amount": [100, 90, 80, 70, 60, 50, 40, 30, 20, 10]})
    assert shop.select(quantile_band("amount")).to_series().to_list() == ["heavy"] * 2 + ["medium"] * 3 + ["light"] * 5
    alike = pl.DataFrame({"amount": [10] * 9 + [1]})
    assert alike.select(quantile_band("amount")).to_series().n_unique() == 2


def test_bands_from_the_bottom_leave_null_null():
    shop = pl.DataFrame({"price_index": [0.8, None, 1.0, 1.2]})
    band = quantile_band("price_index", shares=(1 / 3, 1 / 3, 1 / 3), labels=("low", "mid", "high"), largest_first=False)
    assert shop.select(band).to_series().to_list() == ["low", None, "mid", "high"]


def test_shares_must_match_the_labels():
    with pytest.raises(BadValue, match="one share >= 0 per label"):
        quantile_band("amount", shares=(0.5, 0.4), labels=("a", "b"))


def test_empty_in_empty_out():
    empty = pl.DataFrame({"amount": pl.Series([], dtype=pl.Int64)})
    assert empty.select(midrank_score("amount").alias("score"), quantile_band("amount").alias("band")).height == 0
