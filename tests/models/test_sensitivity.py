"""Hidden reasons: the published figures of the Darfur example, and brute force with a reason that is hidden on purpose."""

from __future__ import annotations

import numpy as np
import pytest

from toolkit.models.sensitivity import bounds_of, hidden_bias, robustness_value, strongest_reason

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

    strongest = strongest_reason(outcome, treated, known[:, None])
    assert strongest is not None
    assert strongest.bias() == pytest.approx(slope(known) - slope(known, hidden), rel=0.05)
    assert strongest.bias(2) > strongest.bias()


def test_the_strongest_is_the_one_that_would_do_most_harm() -> None:
    """One tells the outcome alone, one the choice alone, one a little of both: the last would mislead most."""
    rng = np.random.default_rng(6)
    of_outcome, of_choice, both = rng.standard_normal((3, 5_000))
    treated = rng.random(5_000) < 1 / (1 + np.exp(-(of_choice + 0.4 * both)))
    outcome = 3 * of_outcome + both + rng.standard_normal(5_000)
    table = np.column_stack([of_outcome, of_choice, both])
    strongest = strongest_reason(outcome, treated, table)
    assert strongest is not None
    assert strongest.column == 2
    assert strongest.members == 5_000
    narrowed = strongest_reason(outcome, treated, table, reasons=[0, 1])
    assert narrowed is not None
    assert narrowed.column != 2
    assert narrowed.bias() < strongest.bias()


def test_how_many_times_undoes_exactly_and_comes_back() -> None:
    rng = np.random.default_rng(7)
    known = rng.standard_normal(2_000)
    treated = rng.random(2_000) < 1 / (1 + np.exp(-known))
    strongest = strongest_reason(known + rng.standard_normal(2_000), treated, known[:, None])
    assert strongest is not None
    for times in (0.5, 1.0, 1.8):
        assert strongest.times(strongest.bias(times)) == pytest.approx(times, rel=1e-6)
    assert strongest.times(0.0) == strongest.times(-1.0) == 0.0
    assert strongest.times(1e9) <= 100
    share = strongest.share(strongest.bias())
    assert hidden_bias(strongest.standard_error, strongest.freedom, share, share) == pytest.approx(strongest.bias())


def test_a_reason_tells_at_least_so_much_of_the_choice() -> None:
    rng = np.random.default_rng(8)
    known, treated = rng.standard_normal(4_000), rng.random(4_000) < 0.5
    outcome = known + rng.standard_normal(4_000)
    bare, held = (strongest_reason(outcome, treated, known[:, None], least_choice=least) for least in (0.0, 0.03))
    assert bare is not None
    assert held is not None
    assert bare.of_choice < 0.005
    assert held.of_choice == 0.03
    assert bare.of_outcome == held.of_outcome == pytest.approx(0.5, abs=0.05)
    assert held.times(0.1) < bare.times(0.1)


def test_noise_is_no_reason_and_a_rule_leaves_nothing() -> None:
    rng = np.random.default_rng(5)
    outcome, treated, noise = rng.standard_normal(600), rng.random(600) < 0.5, rng.standard_normal((600, 20))
    weak = strongest_reason(outcome, treated, noise)
    assert weak is not None
    assert weak.bias() < 0.05
    rule = np.column_stack([treated, treated, np.ones(600)]).astype(float)
    assert strongest_reason(outcome, treated, rule) is None
    flat = strongest_reason(outcome, treated, np.ones((600, 2)))
    assert flat is not None
    assert flat.bias() == 0
    assert strongest_reason(outcome[:40], treated[:40], noise[:40, :2]) is None, "an arm of fewer than 30"
