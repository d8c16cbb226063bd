from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import rankdata, spearmanr

from toolkit.models.calibration import auc, prediction_quality, spearman


def test_auc_counts_pairs():
    assert auc(np.array([0, 1, 0, 1]), np.array([0.1, 0.9, 0.5, 0.5])) == pytest.approx(3.5 / 4)
    assert auc(np.array([1, 1]), np.array([0.1, 0.9])) is None


def test_spearman_agrees_with_scipy_on_ties():
    rng = np.random.default_rng(1)
    first, second = rng.integers(0, 9, size=300), rng.integers(0, 9, size=300) * 1.5
    assert spearman(first, second) == pytest.approx(spearmanr(first, second).statistic)
    assert spearman(np.ones(5), np.arange(5)) is None
    assert rankdata([1]).size == 1


def test_an_honest_probability_passes_and_an_overconfident_one_shows():
    rng = np.random.default_rng(2)
    linear = rng.normal(size=40_000)
    truth = 1 / (1 + np.exp(-linear))
    bought = rng.random(truth.size) < truth
    honest = prediction_quality(bought, truth)
    assert honest.slope == pytest.approx(1.0, abs=0.05)
    assert honest.error < 0.01
    sure = prediction_quality(bought, 1 / (1 + np.exp(-2 * linear)))
    assert sure.slope == pytest.approx(0.5, abs=0.03)
    assert sure.error > 0.05
    assert sure.auc == pytest.approx(honest.auc)


def test_lift_is_of_those_who_stayed_away():
    probability = np.repeat([0.1, 0.9], [100, 900])
    bought = np.repeat([0, 1, 0], [100, 800, 100])
    assert prediction_quality(bought, probability).lift == pytest.approx(1.0 / 0.2)


def test_ties_do_not_profit_from_a_lucky_order():
    bought = np.repeat([0, 1], 50)
    flat = prediction_quality(bought, np.full(100, 0.5))
    assert flat.error == pytest.approx(0.0)
    assert flat.lift == pytest.approx(1.0)
    assert flat == prediction_quality(bought[::-1], np.full(100, 0.5))


def test_one_outcome_only_is_not_measured():
    all_bought = prediction_quality(np.ones(50), np.full(50, 0.9))
    assert (all_bought.auc, all_bought.slope, all_bought.lift) == (None, None, None)
    assert all_bought.error == pytest.approx(0.1)
    assert prediction_quality(np.array([]), np.array([])).row_count == 0
