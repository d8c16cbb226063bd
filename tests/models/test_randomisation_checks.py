from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from toolkit.errors import BadValue, DataError
from toolkit.models.randomisation_checks import groups_differ, members_for_skew, permutation_p, sample_ratio_p


def test_sample_ratio_by_hand():
    # 1 head or fewer, or 9 or more, of ten: 22 / 1024.
    assert sample_ratio_p(9, 1, 0.5) == pytest.approx(22 / 1024)
    assert sample_ratio_p(8_100, 1_900, 0.2) == pytest.approx(0.0125, abs=0.001)
    assert sample_ratio_p(5_300, 4_700, 0.5) < 0.001
    with pytest.raises(BadValue, match=r"control_share is 1\.0"):
        sample_ratio_p(5, 5, 1.0)
    with pytest.raises(DataError, match="no member in either arm"):
        sample_ratio_p(0, 0, 0.5)


def test_members_needed_for_an_exponential():
    # Its skewness is 2: 25 * 4 = 100.
    assert members_for_skew(np.random.default_rng(0).exponential(1, 400_000)) == pytest.approx(100, rel=0.1)
    assert members_for_skew(np.ones(9)) == 0.0


def welch(one: np.ndarray, other: np.ndarray) -> float:
    return (one.mean() - other.mean()) / np.sqrt(one.var(ddof=1) / one.size + other.var(ddof=1) / other.size)


def test_as_all_draws_counted_out():
    """Eleven members, four treated: 330 draws, each counted."""
    values = np.array([3.0, 0.0, 7.5, 1.0, 2.0, 9.0, 4.0, 0.5, 12.0, 5.0, 6.0])
    treated = np.isin(np.arange(11), [2, 5, 8, 10])
    found = abs(welch(values[treated], values[~treated]))
    draws = [np.isin(np.arange(11), rows) for rows in combinations(range(11), 4)]
    exact = np.mean([abs(welch(values[arm], values[~arm])) >= found - 1e-9 for arm in draws])
    assert permutation_p(values, treated, permutations=20_000) == pytest.approx(exact, abs=0.006)


def test_as_scipy():
    from scipy.stats import permutation_test

    rng = np.random.default_rng(6)
    one, other = rng.lognormal(0.6, 1, 30), rng.lognormal(0, 1, 40)
    other_p = permutation_test((one, other), welch, n_resamples=4_000, vectorized=False, rng=rng).pvalue
    treated = np.arange(70) < 30
    assert permutation_p(np.concatenate([one, other]), treated, permutations=9_999) == pytest.approx(other_p, abs=0.02)


def test_covariates_sharpen_it_and_seed_decides():
    rng = np.random.default_rng(2)
    x, treated = rng.normal(0, 5, 200), rng.permutation(200) < 100
    outcome = 1e6 + x + rng.normal(0, 1, 200) + 0.6 * treated
    assert permutation_p(outcome, treated, x[:, None]) < 0.01 < permutation_p(outcome, treated)
    assert permutation_p(outcome, treated, seed=3) == permutation_p(outcome, treated, seed=3)


def test_nothing_to_draw():
    assert permutation_p(np.ones(10), np.arange(10) < 5) is None
    assert permutation_p(np.arange(10.0), np.arange(10) < 1) is None
    with pytest.raises(DataError, match="3 came for 2"):
        permutation_p(np.ones(2), np.ones(3, dtype=bool))


def test_false_alarms_are_as_many_as_promised():
    """Nothing planted, spend with a long tail, arms of 25 and 100: about 5% below .05."""
    rng = np.random.default_rng(8)
    below = [permutation_p(rng.lognormal(0, 1.5, 125), np.arange(125) < 25, permutations=199, seed=k) < 0.05 for k in range(300)]
    assert 0.02 <= np.mean(below) <= 0.08


def test_large_groups_are_the_usual_chi_squared() -> None:
    from scipy.stats import chi2_contingency

    rng = np.random.default_rng(3)
    store, treated = rng.integers(0, 6, 900), rng.random(900) < 0.3
    table = [[int(((store == one) & (treated == arm)).sum()) for one in range(6)] for arm in (True, False)]
    found = groups_differ(store, treated)
    assert found is not None
    assert found.p_value == pytest.approx(chi2_contingency(table, correction=False).pvalue)
    shares = [treated[store == one].mean() for one in range(6)]
    assert found.treated_share == pytest.approx(shares[found.code])


def test_hundreds_of_small_groups_are_told_from_chance() -> None:
    """A store with three members says little, four hundred of them much; alone, groups of one say nothing."""
    rng = np.random.default_rng(4)
    store = rng.integers(0, 400, 1_200)
    p_values = np.array([groups_differ(store, rng.permutation(1_200) < 600).p_value for _ in range(200)])  # type: ignore[union-attr]
    assert (p_values < 0.001).sum() <= 2
    assert 0.01 <= (p_values < 0.05).mean() <= 0.1
    whole = groups_differ(store, rng.random(400)[store] < 0.5)
    assert whole is not None
    assert whole.p_value < 1e-9
    assert whole.code == -1
    assert groups_differ(np.arange(50), np.arange(50) < 25) is None
