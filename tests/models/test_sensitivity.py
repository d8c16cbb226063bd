"""Hidden reasons: the published figures of the Darfur example, and brute force with a reason that is hidden on purpose."""

from __future__ import annotations

import numpy as np
import pytest

from toolkit.models.sensitivity import bounds_of, hidden_bias, measured_strength, robustness_value

DARFUR = {"estimate": 0.09732, "standard_error": 0.02326, "freedom": 783}
"""Cinelli and Hazlett (2020), section 5: being directly harmed, on an index of attitudes towards peace."""


def test_darfur_robustness_values() -> None:
    t_value = DARFUR["estimate"] / DARFUR["standard_error"]
    assert t_value**2 / (t_value**2 + 783) == pytest.approx(0.022, abs=5e-4)  # partial R squared of the treatment
    assert robustness_value(t_value, 783) == pytest.approx(0.139, abs=5e-4)
    assert robustness_value(t_value, 783, alpha=0.05) == pytest.approx(0.076, abs=5e-4)


@pytest.mark.parametrize(("times", "left"), [(1, 0.0752), (2, 0.0529), (3, 0.0304)])
def test_darfur_bounds_by_female(times: int, left: float) -> None:
    choice, outcome = bounds_of(0.00908, 0.1091, times=times)
    assert choice == pytest.approx(0.00916 * times, abs=5e-5)
    assert outcome == pytest.approx(0.1246 * times, abs=1e-3)
    assert DARFUR["estimate"] - hidden_bias(DARFUR["standard_error"], 783, choice, outcome) == pytest.approx(left, abs=2e-4)


def test_a_robustness_value_undoes_exactly() -> None:
    value = robustness_value(5.0, 400)
    assert hidden_bias(1.0, 400, value, value) == pytest.approx(5.0)
    assert robustness_value(1.0, 400, alpha=0.05) == 0.0
    assert hidden_bias(1.0, 400, 1.0, 0.5) == np.inf


def test_the_bias_of_a_reason_left_out_is_what_the_formula_says() -> None:
    """Two covariates, equally strong: leave one out, and the bound from the other is the difference it makes."""
    rng = np.random.default_rng(4)
    known, hidden = rng.standard_normal((2, 40_000))
    treated = rng.random(40_000) < 1 / (1 + np.exp(-0.4 * (known + hidden)))
    outcome = 2 * (known + hidden) + rng.standard_normal(40_000)

    def slope(*columns: np.ndarray) -> float:
        return float(np.linalg.lstsq(np.column_stack([treated, np.ones(treated.size), *columns]), outcome, rcond=None)[0][0])

    strength = measured_strength(outcome, treated, known[:, None])
    assert strength.bias == pytest.approx(slope(known) - slope(known, hidden), rel=0.05)
    assert measured_strength(outcome, treated, known[:, None], times=2).bias > strength.bias


def test_noise_is_no_reason_and_a_rule_leaves_nothing() -> None:
    rng = np.random.default_rng(5)
    outcome, treated, noise = rng.standard_normal(600), rng.random(600) < 0.5, rng.standard_normal((600, 20))
    assert measured_strength(outcome, treated, noise).bias < 0.05
    rule = np.column_stack([treated, treated, np.ones(600)]).astype(float)
    assert measured_strength(outcome, treated, rule).bias == np.inf
    assert measured_strength(outcome, treated, np.ones((600, 2))).bias == 0
