from __future__ import annotations

import numpy as np
import pytest

from toolkit.models.glm import fit_regression


@pytest.fixture(scope="module")
def features() -> np.ndarray:
    return np.random.default_rng(1).normal(size=(20_000, 3)) * [1.0, 5.0, 0.1] + [0, 3, 0]


def slopes(fitted) -> np.ndarray:
    return np.array(fitted.coefficients) / np.array(fitted.scale)


def test_logistic_finds_the_planted_coefficients(features):
    rng = np.random.default_rng(2)
    linear = 0.4 + features @ [1.0, -0.2, 3.0]
    happened = rng.random(linear.size) < 1 / (1 + np.exp(-linear))
    fitted = fit_regression(features, happened, family="logistic")
    assert fitted.converged
    assert slopes(fitted) == pytest.approx([1.0, -0.2, 3.0], rel=0.12)
    assert fitted.predict(features).mean() == pytest.approx(happened.mean(), abs=1e-3)


def test_poisson_promises_what_came_whatever_the_unit(features):
    rng = np.random.default_rng(3)
    spent = rng.poisson(np.exp(0.5 + features @ [0.4, 0.05, 0.0])) * rng.gamma(2.0, 50.0, size=features.shape[0])
    cents, money = (fit_regression(features, spent * unit, family="poisson") for unit in (100, 1))
    assert cents.converged
    assert slopes(cents)[:2] == pytest.approx([0.4, 0.05], rel=0.15)
    assert cents.predict(features).sum() == pytest.approx(100 * spent.sum(), rel=1e-6)
    assert cents.predict(features) == pytest.approx(100 * money.predict(features), rel=1e-6)


def test_the_same_bits_in_any_row_order(features):
    happened = features[:, 0] + np.random.default_rng(4).normal(size=features.shape[0]) > 0
    order = np.random.default_rng(5).permutation(features.shape[0])
    plain = fit_regression(features, happened, family="logistic")
    assert plain == fit_regression(features[order], happened[order], family="logistic")
    assert np.array_equal(plain.predict(features)[order], plain.predict(features[order]))


def test_a_feature_said_twice_and_one_that_never_varies(features):
    happened = features[:, 0] + np.random.default_rng(4).normal(size=features.shape[0]) > 0
    doubled = np.column_stack([features[:, 0], features[:, 0], np.ones(features.shape[0])])
    fitted = fit_regression(doubled, happened, family="logistic")
    assert fitted.converged
    assert fitted.coefficients[0] == pytest.approx(fitted.coefficients[1])
    assert fitted.coefficients[2] == pytest.approx(0)


def test_complete_separation_stays_finite():
    line = np.linspace(-1, 1, 200)[:, None]
    fitted = fit_regression(line, line[:, 0] > 0, family="logistic")
    assert fitted.converged
    assert np.isfinite(fitted.predict(line)).all()


def test_predictions_stop_at_the_best_row_seen(features):
    fitted = fit_regression(features, np.exp(features[:, 0]), family="poisson")
    assert fitted.predict(features * 50).max() <= fitted.predict(features).max() * (1 + 1e-9)


@pytest.mark.parametrize(("family", "outcome"), [("logistic", 1.0), ("poisson", 0.0)])
def test_an_outcome_that_never_varies(features, family, outcome):
    fitted = fit_regression(features[:200], np.full(200, outcome), family=family)
    assert fitted.predict(features[:200]) == pytest.approx(np.full(200, outcome), abs=1e-6)
