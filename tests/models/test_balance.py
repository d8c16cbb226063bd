from __future__ import annotations

import numpy as np
import pytest

from toolkit.errors import DataError
from toolkit.models.balance import overlap, propensities, standardised_differences
from toolkit.models.reasons import Reason, Why


def test_by_hand():
    table = np.array([[1.0, 5.0, 2.0], [3.0, 5.0, 2.0], [2.0, 5.0, 3.0], [6.0, 5.0, 3.0]])
    found = standardised_differences(table, np.array([False, False, True, True]), ["a", "b", "c"])
    # Means 4 and 2, variances 8 and 2: 2 / sqrt(5).
    assert found["standardised_difference"].to_list() == [pytest.approx(2 / np.sqrt(5)), None, np.inf]
    assert found["treated_mean"].to_list() == [4.0, 5.0, 3.0]
    assert found["covariate"].to_list() == ["a", "b", "c"]


def test_weights_move_the_controls_but_not_the_ruler():
    table = np.array([[1.0], [3.0], [2.0], [6.0]])
    found = standardised_differences(table, np.array([False, False, True, True]), ["a"], control_weights=np.array([0.0, 1.0]))
    assert found["control_mean"].item() == 3.0
    assert found["standardised_difference"].item() == pytest.approx(1 / np.sqrt(5))


def test_propensity_is_the_share_within_groups():
    """One yes/no covariate: the logistic regression must give each group its share of treated."""
    group = np.repeat([0.0, 1.0], 5000)
    treated = np.concatenate([np.arange(5000) < 1000, np.arange(5000) < 3000])
    chance = propensities(group[:, None], treated)
    assert chance[[0, -1]] == pytest.approx([0.2, 0.6], abs=0.002)
    assert propensities(np.ones((4, 1)), np.array([True, False, False, False])) == pytest.approx(0.25)


def test_random_arms_overlap():
    rng = np.random.default_rng(2)
    found = overlap(rng.gamma(1, 1, (6000, 4)), rng.random(6000) < 0.5)
    assert found.beyond_share == pytest.approx(0.01, abs=0.01)
    assert found.effective_controls == pytest.approx(found.control_count, rel=0.02)


def test_members_picked_by_a_rule_do_not():
    rng = np.random.default_rng(2)
    table = rng.gamma(1, 1, (6000, 4))
    found = overlap(table, table[:, 0] > 1.5)
    assert found.beyond_share > 0.8
    assert found.effective_controls < 0.1 * found.control_count


def test_effective_number_in_two_groups():
    """Controls 100 and 900 in two groups, treated 900 and 100: odds 9 and 1/9 give (900 + 100)^2 / (100 * 81 + 900 / 81) = 123.3."""
    group = np.repeat([0.0, 1.0, 0.0, 1.0], [900, 100, 100, 900])
    found = overlap(group[:, None], np.arange(2000) < 1000)
    assert found.effective_controls == pytest.approx(123.3, rel=0.02)


def test_a_sample_of_the_rows_says_the_same():
    rng = np.random.default_rng(3)
    table = rng.gamma(1, 1, (9000, 2))
    treated = rng.random(9000) < np.where(table[:, 0] > 1, 0.7, 0.3)
    whole, part = overlap(table, treated), overlap(table, treated, most_rows=3000)
    assert part.beyond_share == pytest.approx(whole.beyond_share, abs=0.02)
    assert part.effective_controls == pytest.approx(whole.effective_controls, rel=0.1)


def test_tiny_arms_and_bad_input():
    assert overlap(np.ones((30, 1)), np.arange(30) < 3).reason == Reason(Why.FEW_IN_ARM, members=3, name="treated", least_arm=20)
    with pytest.raises(DataError, match="both arms are needed; 0 members are treated and 3"):
        standardised_differences(np.ones((3, 1)), np.zeros(3, dtype=bool), ["a"])
    with pytest.raises(DataError, match="1 values of the covariates are missing"):
        standardised_differences(np.array([[1.0], [np.nan]]), np.array([True, False]), ["a"])
    with pytest.raises(DataError, match="2 names"):
        standardised_differences(np.ones((3, 1)), np.array([True, False, True]), ["a", "b"])
