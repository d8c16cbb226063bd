"""A new product: who buys it again, those who tried lately counted as long as they are seen; and what it takes."""

from __future__ import annotations

import numpy as np
import pytest

from toolkit.models.new_product import bought_again, source_of_volume


def test_who_tried_lately_counts_as_long_as_they_are_seen():
    days, again = np.array([2, 4, 4, 6, 10, 10]), np.array([True, True, False, True, False, False])
    share, low, high, watched = bought_again(days, again, np.array([1, 2, 6, 11]))
    assert share[:3] == pytest.approx([0, 1 / 6, 1 - 5 / 6 * 4 / 5 * 2 / 3])
    assert watched.tolist() == [6, 6, 3, 0]
    assert np.isnan(share[3])
    assert low[2] < share[2] < high[2]


def rows(taken: float, people: int = 4000):
    """One row a person: a pace of their own, some took the product; later they buy it more, and less of the first good."""
    rng = np.random.default_rng(3)
    pace, tried = rng.gamma(2, 1, people), rng.random(people) < 0.3
    product = rng.poisson(pace * np.where(tried, 1.0, 0.1)) * 2.0
    goods = np.column_stack([rng.poisson(pace * 3) * 2.0 - taken * product, rng.poisson(pace) * 2.0])
    return np.arange(people), tried, np.column_stack([pace]), np.full(people, 50.0), product, goods


def test_what_was_planted_is_within_the_interval_and_too_few_are_refused():
    for taken in (0.0, 0.6, 1.0):
        found = source_of_volume(*rows(taken))
        assert found is not None
        assert found.low <= taken <= found.high
        assert found.by_good.sum() == pytest.approx(found.share)
        assert abs(found.by_good[1]) < 0.15
    assert source_of_volume(*rows(0.6, people=60)) is None
