from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.errors import DataError
from toolkit.models.concentration import gini, lorenz, members_carrying, value_bands


def test_gini_by_hand():
    assert gini(pl.Series([1, 1, 1, 1])) == 0
    assert gini(pl.Series([0, 0, 0, 1])) == pytest.approx(0.75)
    assert gini(pl.Series([1, 2, 3])) == pytest.approx(2 / 9)


@pytest.mark.parametrize("nothing", [pl.Series([], dtype=pl.Int64), pl.Series([0, 0]), pl.Series([-5, -1])])
def test_nothing_sold_is_not_measured(nothing):
    assert gini(nothing) is None
    assert members_carrying(nothing) is None
    assert lorenz(nothing).is_empty()


@given(st.lists(st.integers(0, 1000), min_size=2, max_size=50).filter(any))
def test_gini_is_the_mean_difference_over_twice_the_mean(values):
    pairs = sum(abs(a - b) for a in values for b in values)
    expected = pairs / (2 * len(values) * sum(values))
    assert gini(pl.Series(values)) == pytest.approx(expected, abs=1e-9)


def test_curve_starts_at_nothing_and_ends_at_everything():
    curve = lorenz(pl.Series(range(1, 1001)), points=50)
    assert curve.height == 51
    assert curve.row(0) == (0.0, 0.0)
    assert curve.row(-1) == (1.0, 1.0)
    assert curve["value_share"].diff().drop_nulls().is_sorted(descending=True)


def test_eighty_percent_is_carried_by_the_largest():
    assert members_carrying(pl.Series([80, 5, 5, 5, 5])) == pytest.approx(0.2)
    assert members_carrying(pl.Series([79, 6, 5, 5, 5])) == pytest.approx(0.4)


def test_bands_keep_ties_and_count_everything():
    shop = pl.DataFrame({"amount": [50, 20, 20, 20, 0]})
    bands = value_bands(shop, shares=(0.2, 0.3, 0.5), labels=("heavy", "medium", "light"))
    assert bands["member_count"].to_list() == [1, 3, 1]
    assert bands["value_sum"].sum() == 110
    assert bands["value_share"].sum() == pytest.approx(1.0)


def test_deciles_of_an_empty_shop_are_ten_empty_rows():
    bands = value_bands(pl.DataFrame({"amount": pl.Series([], dtype=pl.Int64)}))
    assert bands.height == 10
    assert bands["member_count"].sum() == 0
    assert bands["value_share"].null_count() == 10
    assert bands["member_share"].null_count() == 10


def test_missing_column_is_named():
    with pytest.raises(DataError, match="'sales'"):
        value_bands(pl.DataFrame({"amount": [1]}), value="sales")
