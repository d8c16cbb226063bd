from __future__ import annotations

import numpy as np
import pytest

from toolkit.errors import DataError
from toolkit.models.entropy_balancing import balanced_effect, entropy_balance
from toolkit.models.reasons import Reason, Why


def test_two_kinds_of_controls_by_hand():
    """Three controls at 0, one at 1, treated mean .5: each kind must carry half."""
    found = entropy_balance(np.array([[0.0], [0.0], [0.0], [1.0]]), np.array([0.5]))
    assert found.weights == pytest.approx([1 / 6, 1 / 6, 1 / 6, 1 / 2])
    assert found.effective_controls == pytest.approx(1 / (3 / 36 + 1 / 4))


def test_exponential_tilting_of_a_known_distribution():
    """Weights exp(l x) tilt Poisson(2) into Poisson(2 exp(l)): for the mean 3 the variance must be 3 too (Hainmueller's weights are of
    this form, his equation 8)."""
    from scipy.stats import poisson

    grid = np.repeat(np.arange(13), np.rint(20_000 * poisson.pmf(np.arange(13), 2)).astype(int)).astype(float)
    found = entropy_balance(grid[:, None], np.array([3.0]))
    assert found.weights @ grid == pytest.approx(3.0, abs=1e-4)
    assert found.weights @ (grid - 3) ** 2 == pytest.approx(3.0, rel=0.02)


def test_every_moment_is_met_and_repeated_columns_do_no_harm():
    rng = np.random.default_rng(3)
    table = rng.gamma(1, 1, (3000, 4))
    wide = np.column_stack([table, table[:, 0] + table[:, 1], np.ones(3000)])
    target = np.append(np.array([1.3, 0.9, 1.0, 1.1]), [2.2, 1.0])
    found = entropy_balance(wide, target)
    assert found.weights @ wide == pytest.approx(target, abs=1e-4)
    assert found.weights == pytest.approx(entropy_balance(table, target[:4]).weights, rel=1e-3)
    assert found.weights.sum() == pytest.approx(1)


def test_nobody_like_the_treated():
    found = entropy_balance(np.linspace(0, 1, 50)[:, None], np.array([1.5]))
    assert (found.weights, found.reason) == (None, Reason(Why.NOBODY_ALIKE))
    rng = np.random.default_rng(1)
    x = np.concatenate([rng.uniform(0, 1, 100), rng.uniform(2, 3, 100)])
    assert not balanced_effect(x, x > 1.5, x[:, None]).measured


def test_selection_on_what_is_known_is_undone():
    rng = np.random.default_rng(4)
    x = rng.gamma(2, 1, (4000, 2))
    treated = rng.random(4000) < 1 / (1 + np.exp(2 - x[:, 0]))
    outcome = 3 * x[:, 0] + x[:, 1] + rng.normal(0, 1, 4000) + 0.7 * treated
    effect = balanced_effect(outcome, treated, x)
    assert outcome[treated].mean() - outcome[~treated].mean() > 3
    assert effect.low < 0.7 < effect.high
    assert effect.high - effect.low < 0.4


def test_tiny_arms_and_wrong_shapes():
    few = balanced_effect(np.arange(40.0), np.arange(40) < 3, np.ones((40, 1)))
    assert few.reason == Reason(Why.FEW_TO_BALANCE, members=3, least_arm=20)
    with pytest.raises(DataError, match="a mean for each of the columns"):
        entropy_balance(np.ones((3, 2)), np.array([1.0]))


def test_without_columns_the_weights_are_equal():
    assert entropy_balance(np.ones((4, 1)), np.array([1.0])).weights.tolist() == [0.25] * 4


def test_controls_on_one_side_of_the_target_have_no_weights():
    """No column alone tells it: their sum does."""
    rng = np.random.default_rng(3)
    table = rng.standard_normal((2000, 6))
    rest = table[table.sum(axis=1) < 2]
    found = entropy_balance(rest, table[table.sum(axis=1) >= 2].mean(axis=0))
    assert found.weights is None
    assert found.reason == Reason(Why.NOBODY_ALIKE)
