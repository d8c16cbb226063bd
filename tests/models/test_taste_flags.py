from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl
import pytest
from scipy.stats import gamma

from toolkit.errors import DataError
from toolkit.models.taste_flags import flags_that_hold, shuffled, taste_index


@pytest.fixture(scope="module")
def tastes() -> pl.DataFrame:
    """600 members, 12 categories; members 0..39 love category 0."""
    rng = np.random.default_rng(6)
    rate = np.full((600, 12), 4.0)
    rate[:40, 0] = 40.0
    days = rng.poisson(rate)
    member, category = np.nonzero(days)
    return pl.DataFrame({"member_code": member, "category_code": category, "day_count": days[member, category]})


def test_index_and_limit_by_hand():
    shop = pl.DataFrame({"member_code": [1, 1, 2], "category_code": [1, 2, 2], "day_count": [6, 2, 8]})
    row = taste_index(shop).row(0, named=True)
    assert row["expected_days"] == pytest.approx(8 * 6 / 16)
    assert row["index"] == pytest.approx((2 + 6) / (2 + 3))
    assert row["index_low"] == pytest.approx(gamma.ppf(0.05, 2 + 6, scale=1 / (2 + 3)))


def test_planted_tastes_are_found_and_little_else(tastes):
    flags = taste_index(tastes).filter("is_flag")
    found = flags.filter((pl.col("category_code") == 0) & (pl.col("member_code") < 40)).height
    assert found >= 38
    assert flags.height - found <= 0.05 * 600


def test_the_same_bits_in_any_order(tastes, shuffle):
    assert taste_index(tastes).equals(taste_index(shuffle(tastes)))


def test_few_days_give_no_flag(tastes):
    assert taste_index(tastes, minimum_category_days=10_000)["is_flag"].sum() == 0


def test_nobody_has_a_taste_in_a_shuffled_shop():
    rng = np.random.default_rng(9)
    rows = pl.DataFrame(
        {
            "member_code": rng.integers(300, size=20_000),
            "day": rng.integers(90, size=20_000),
            "category_code": rng.zipf(1.6, size=20_000) % 40,
        }
    ).with_columns((pl.lit(date(2024, 1, 1)) + pl.duration(days="day")).cast(pl.Date).alias("day"))
    flags = taste_index(shuffled(rows, seed=1))
    assert flags["is_flag"].sum() / 300 <= 0.05


def test_flags_that_hold_counts_by_hand():
    before = pl.DataFrame({"member_code": [1, 2, 3], "category_code": [7, 7, 7], "is_flag": [True, True, True]})
    after = pl.DataFrame({"member_code": [1, 2], "category_code": [7, 8], "day_count": [4, 4], "expected_days": [2.0, 2.0]})
    assert flags_that_hold(before, after).row(0) == (3, 2, 1, 0.5)
    assert flags_that_hold(before.clear(), after)["held_share"][0] is None


def test_missing_column_is_named():
    with pytest.raises(DataError, match="day_count"):
        taste_index(pl.DataFrame({"member_code": [1], "category_code": [1]}))
