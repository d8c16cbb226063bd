from __future__ import annotations

import numpy as np
import pytest

from toolkit.errors import DataError
from toolkit.models.partial_pooling import pool, pool_by_campaign, pooled_interval

BCG_LOG_RISK_RATIO = [-0.8893, -1.5854, -1.3481, -1.4416, -0.2175, -0.7861, -1.6209, 0.0120, -0.4694, -1.3713, -0.3394, 0.4459, -0.0173]
BCG_VARIANCE = [0.3256, 0.1946, 0.4154, 0.0200, 0.0512, 0.0069, 0.2230, 0.0040, 0.0564, 0.0730, 0.0124, 0.5325, 0.0714]
"""The 13 BCG vaccine trials of Colditz et al. (1994) as printed by R's metafor (dat.bcg)."""


def test_bcg_trials_as_metafor_prints_them():
    """metafor, rma(yi, vi, method="PM", test="knha"): estimate -.7150, tau^2 .3181."""
    found = pool(BCG_LOG_RISK_RATIO, np.sqrt(BCG_VARIANCE))
    assert found.mean == pytest.approx(-0.715, abs=0.001)
    assert found.between**2 == pytest.approx(0.3181, abs=0.001)
    assert found.next_low < found.low < found.mean < found.high < found.next_high
    assert found.count == 13


def test_as_statsmodels():
    from statsmodels.stats.meta_analysis import combine_effects

    theirs = combine_effects(np.array(BCG_LOG_RISK_RATIO), np.array(BCG_VARIANCE), method_re="iterated")
    found = pool(BCG_LOG_RISK_RATIO, np.sqrt(BCG_VARIANCE))
    assert found.mean == pytest.approx(theirs.mean_effect_re, rel=1e-4)
    assert found.between**2 == pytest.approx(theirs.tau2, rel=1e-3)


def test_shrinking_by_hand():
    # Squares 2 * .05^2 / (.05^2 + b) = 1, so b = .05^2: each keeps half of its way from the mean.
    found = pool([0.1, 0.2], [0.05, 0.05])
    assert found.shrunk == pytest.approx((0.125, 0.175))
    assert (found.next_low, found.next_high) == (None, None)


def test_alike_estimates_agree_on_one():
    found = pool([0.10, 0.11, 0.09], [0.05, 0.05, 0.05])
    assert found.between == 0
    assert found.shrunk == pytest.approx((0.1, 0.1, 0.1))
    assert found.standard_error == pytest.approx(0.05 / np.sqrt(3))


def test_a_single_campaign_stays_as_it_is():
    found = pool([0.2], [0.1])
    assert found.mean == pytest.approx(0.2)
    assert (found.shrunk, found.shrunk_errors) == ((0.2,), (0.1,))
    assert found.high == pytest.approx(0.2 + 1.959964 * 0.1)
    assert (found.between, found.next_low, found.count) == (0.0, None, 1)


def test_nothing_and_nonsense():
    assert pool([], []) is None
    with pytest.raises(DataError, match="2 of 3 estimates"):
        pool([0.1, np.nan, 0.2], [0.1, 0.1, 0.0])
    with pytest.raises(DataError, match="1 estimates and 2 errors"):
        pool([0.1], [0.1, 0.1])


def test_parts_of_a_campaign_count_once():
    effect, error, names = pool_by_campaign([1.0, 3.0, 5.0], [1.0, 1.0, 2.0], ["b", "b", "a"])
    assert names == ["b", "a"]
    assert effect.tolist() == [2.0, 5.0]
    assert error == pytest.approx([np.sqrt(0.5), 2.0])


def test_the_intervals_hold():
    rng = np.random.default_rng(3)
    mean_held = next_held = 0
    for _ in range(600):
        error = rng.uniform(0.02, 0.1, 8)
        true = rng.normal(0.1, 0.06, 9)
        found = pool(rng.normal(true[:8], error), error)
        mean_held += found.low <= 0.1 <= found.high
        next_held += found.next_low <= true[8] <= found.next_high
    assert 0.92 <= mean_held / 600 <= 0.98
    assert 0.84 <= next_held / 600 <= 0.98


def test_the_interval_is_students_from_three_estimates_on():
    two = pool([0.1, 0.3], [0.1, 0.1])
    assert pooled_interval(two) == pytest.approx((0.2 - 1.959964 * two.standard_error, 0.2 + 1.959964 * two.standard_error))
    three = pool([0.1, 0.2, 0.3], [0.1, 0.1, 0.1])
    assert pooled_interval(three) == pytest.approx((three.low, three.high))
    assert pooled_interval(three, 0.8)[0] > three.low
