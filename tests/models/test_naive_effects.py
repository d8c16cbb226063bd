from __future__ import annotations

import numpy as np
import pytest

from toolkit.models.naive_effects import before_after, difference_in_differences, naive_difference
from toolkit.models.reasons import Reason, Why

BEFORE = np.tile([4.0, 6.0, 10.0, 14.0], 20)
AFTER = np.tile([5.0, 9.0, 13.0, 19.0], 20)
TREATED = np.tile([False, False, True, True], 20)


def test_by_hand():
    assert naive_difference(AFTER, TREATED).estimate == pytest.approx(16 - 7)
    change = before_after(AFTER, BEFORE, TREATED)
    assert (change.estimate, change.base) == (pytest.approx(4), pytest.approx(12))
    assert change.standard_error == pytest.approx(np.std(np.tile([3.0, 5.0], 20), ddof=1) / np.sqrt(40))
    did = difference_in_differences(AFTER, BEFORE, TREATED)
    assert (did.estimate, did.base) == (pytest.approx(4 - 2), pytest.approx(16 - 2))


def test_falling_back_fools_them():
    """Members chosen for a lucky month: nothing was done, yet both that look back find a large loss."""
    rng = np.random.default_rng(1)
    before, after = rng.gamma(2, 10, 2000), rng.gamma(2, 10, 2000)
    treated = before > 30
    assert before_after(after, before, treated).high < -10
    assert difference_in_differences(after, before, treated).high < -10


def test_what_cannot_be_measured_says_why():
    assert before_after(np.ones(50), np.ones(50), np.arange(50) < 25).reason == Reason(Why.NO_CHANGE)
    few = difference_in_differences(np.arange(50.0), np.ones(50), np.arange(50) < 3)
    assert few.reason == Reason(Why.FEW_IN_ARM, members=3, name="treated", least_arm=20)
