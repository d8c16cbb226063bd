from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from toolkit.mart.catalogue import catalogue_of, ranks_of
from toolkit.mart.favourites import favourites_of
from toolkit.mart.lines import last_start, slices_of
from toolkit.mart.prices import expected_amounts, usual_prices
from toolkit.mart.runs import changes_in, first_of_largest, pack, runs_of, sum_by_code, sums_between


def test_runs():
    runs = runs_of(np.array([4, 4, 9, 4, 4, 4]))
    assert runs.starts.tolist() == [0, 2, 3]
    assert runs.lengths.tolist() == [2, 1, 3]
    assert runs.numbers().tolist() == [0, 0, 1, 2, 2, 2]
    assert runs.sum(np.arange(6)).tolist() == [1, 2, 12]
    assert runs.max(np.array([1, 7, -2, 0, 5, 5])).tolist() == [7, -2, 5]
    assert runs.any(np.array([False, True, False, False, False, True])).tolist() == [True, False, True]


def test_runs_of_nothing():
    runs = runs_of(np.zeros(0, dtype=np.int64))
    assert (runs.count, runs.sum(np.zeros(0, dtype=np.int64)).tolist(), runs.numbers().tolist()) == (0, [], [])


def test_sums_are_exact_where_the_running_sum_wraps():
    values = np.array([2**62, 2**62, 2**62, -5, 7])
    assert runs_of(np.array([0, 1, 2, 3, 3])).sum(values).tolist() == [2**62, 2**62, 2**62, 2]


def test_sums_by_code_are_exact_beyond_float64():
    codes = np.array([0, 1, 0, 1])
    values = np.array([2**60 + 1, -(2**60) - 3, 1, 1])
    assert sum_by_code(codes, values, 3).tolist() == [2**60 + 2, -(2**60) - 2, 0]


def test_flags_are_counted_between_bounds():
    flags = changes_in(np.array([1, 1, 2, 2, 1]), np.array([0, 3]))
    assert flags.tolist() == [True, False, True, True, True]
    assert sums_between(flags, np.array([0, 3, 5]), np.array([3, 5, 5])).tolist() == [2, 2, 0]


def test_first_of_largest_takes_the_first_of_equals():
    assert first_of_largest(np.array([1, 3, 3, 2, 2]), runs_of(np.array([0, 0, 0, 1, 1]))).tolist() == [1, 3]


def test_packed_keys_sort_like_tuples():
    left, right = np.array([1, 0, 1, 0]), np.array([0, 3, 2, 1])
    keys, shifts = pack((left, 2), (right, 4))
    assert keys.dtype == np.uint32
    assert np.argsort(keys).tolist() == [3, 1, 0, 2]
    assert ((keys >> np.uint32(shifts[0])).tolist(), shifts) == ([1, 0, 1, 0], [2, 0])
    assert pack((left, 2**40), (right, 4))[0].dtype == np.int64
    with pytest.raises(OverflowError, match="batch of lines is too large"):
        pack((left, 2**40), (right, 2**40))


@pytest.mark.parametrize("option_count", [7, 1_000])
def test_favourites_are_the_same_counted_in_a_table_or_sorted(option_count):
    rng = np.random.default_rng(3)
    member, option = np.sort(rng.integers(0, 50, 400)), rng.integers(0, 7, 400)
    found = favourites_of(member, option, member_count=60, option_count=option_count)
    for number in range(60):
        counts = np.bincount(option[member == number], minlength=7)
        assert found.count[number] == counts.max()
        assert found.option_count[number] == (counts > 0).sum()
        assert found.favourite[number] == (counts.argmax() if counts.max() else -1)


def test_ranks_follow_the_ids_and_not_the_codes():
    ranks = ranks_of(pl.DataFrame({"code": [0, 1, 2], "id": ["b", "c", "a"]}))
    assert (ranks.code_of_rank.tolist(), ranks.rank_of_code.tolist()) == ([2, 0, 1], [1, 2, 0])
    assert ranks_of(pl.DataFrame({"code": [], "id": []}, schema={"code": pl.UInt32, "id": pl.String})).count == 0


def test_catalogue_without_a_products_table():
    none = pl.DataFrame(schema={"code": pl.UInt32, "id": pl.String})
    catalogue = catalogue_of(pl.DataFrame({"code": [0, 1], "id": ["x", "y"]}), None, none, none)
    assert catalogue.categories["category"].to_list() == ["(no category)"]
    assert (catalogue.counted.tolist(), catalogue.unstated.tolist()) == ([True, True], [0, 1])


def test_department_of_a_category_is_the_one_with_most_products():
    none = pl.DataFrame(schema={"code": pl.UInt32, "id": pl.String})
    products = pl.DataFrame(
        {"product_id": list("abcd"), "category": ["x"] * 4, "department": ["q", "p", "p", "q"], "counted": [True, False, None, True]}
    )
    codes = pl.DataFrame({"code": range(5), "id": list("abcde")})
    catalogue = catalogue_of(codes, products, none, none)
    assert catalogue.categories.rows() == [(0, "(no category)", None), (1, "x", "p")]
    assert (catalogue.counted.tolist(), catalogue.unstated.tolist()) == ([True, False, True, True, True], [2, 4])
    assert catalogue.counted_category is None  # x has goods of both kinds


def test_expected_amounts_are_exact_for_large_money():
    categories = pl.DataFrame({"category_code": [0, 1], "priced_amount": [10**15, 5], "priced_units_milli": [3, 0]})
    pairs = pl.DataFrame({"member_code": [0, 0, 7], "category_code": [0, 1, 0], "priced_units_milli": [3, 9, 1]})
    # A third of 10**15 to nine decimals of a thousandth, times one; a category that nobody bought costs nothing.
    assert expected_amounts(pairs, usual_prices(categories)).to_list() == [10**15, 333_333_333_333_333]


def test_slices_never_cut_a_member_or_an_order_of_a_non_member():
    lines = pl.DataFrame({"member_code": [None] * 4 + [1] * 5 + [2], "order_code": [0, 0, 1, 1, 2, 2, 3, 3, 3, 4]})
    parts = slices_of(lines, 2)
    assert [part.height for part in parts] == [2, 2, 5, 1]
    assert pl.concat(parts).equals(lines)
    assert [last_start(lines), last_start(lines[:4]), last_start(lines[:0])] == [9, 2, 0]
