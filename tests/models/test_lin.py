from __future__ import annotations

import numpy as np
import pytest

from benchmarks.rare_orders import widths
from toolkit.errors import DataError
from toolkit.models.lin import effect_from, lin_effect, standard_errors
from toolkit.review.measures.model_reasons import reason_text


@pytest.fixture(scope="module")
def campaign() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(5)
    table = rng.gamma(0.7, 2.0, (600, 3))
    treated = rng.random(600) < 0.3 + 0.3 * (table[:, 0] > 1)
    outcome = rng.gamma(0.5, 1 + table.sum(axis=1)) + treated * (1 + table[:, 1])
    return outcome, treated, table


def by_statsmodels(outcome, treated, table, weights=None):
    """The regression written out: Y ~ D + X + D*X, X centred at the treated, HC3."""
    from statsmodels.regression.linear_model import WLS

    weights = np.ones(outcome.size) if weights is None else weights
    centred = table - np.average(table[treated], axis=0, weights=weights[treated])
    design = np.column_stack([np.ones(outcome.size), treated, centred, centred * treated[:, None]])
    return WLS(outcome, design, weights=weights).fit(cov_type="HC3")


def test_two_means_by_hand():
    # Means 12 and 10; HC3 with an intercept alone: sum of squares / (n - 1)^2 per arm = 40 / 39^2 each.
    effect = lin_effect(np.tile([9.0, 11.0, 11.0, 13.0], 20), np.tile([False, False, True, True], 20))
    assert (effect.estimate, effect.base, effect.treated_count, effect.control_count) == (2.0, 10.0, 40, 40)
    assert effect.standard_error == pytest.approx(np.sqrt(2 * 40 / 39**2))
    assert effect.effective_controls == pytest.approx(40)
    assert effect.freedom == pytest.approx(78)


def test_as_statsmodels(campaign):
    fit, effect = by_statsmodels(*campaign), lin_effect(*campaign)
    assert effect.estimate == pytest.approx(fit.params[1], rel=1e-9)
    assert effect.standard_error == pytest.approx(fit.bse[1], rel=1e-9)
    assert effect.base == pytest.approx(fit.params[0], rel=1e-9)
    assert effect.base_standard_error == pytest.approx(fit.bse[0], rel=1e-9)


def test_as_statsmodels_with_weights(campaign):
    weights = np.random.default_rng(1).uniform(0.5, 3, campaign[0].size)
    fit, effect = by_statsmodels(*campaign, weights), lin_effect(*campaign, weights=weights)
    assert (effect.estimate, effect.standard_error) == pytest.approx((fit.params[1], fit.bse[1]), rel=1e-9)


def test_the_effect_is_that_on_the_treated():
    """Without noise the answer is exact, though the effect differs by member and the arms differ in X."""
    x = np.arange(100.0)
    treated = x >= 50
    noise = np.tile([-1.0, 1.0], 50)  # the same in both arms: it is not told by X
    effect = lin_effect(3 + 2 * x + treated * x + noise, treated, x)
    assert effect.estimate == pytest.approx(x[treated].mean(), abs=0.3)


def test_rows_in_blocks_give_the_same(campaign, monkeypatch):
    whole = lin_effect(*campaign)
    monkeypatch.setattr("toolkit.models.lin._ROWS_AT_ONCE", 37)
    parts = lin_effect(*campaign)
    assert (parts.estimate, parts.standard_error) == pytest.approx((whole.estimate, whole.standard_error), rel=1e-9)


def test_constant_lonely_and_repeated_columns_are_left_out(campaign):
    outcome, treated, table = campaign
    lonely = np.zeros(outcome.size)
    lonely[np.flatnonzero(~treated)[0]] = 1
    only_treated = np.where(treated, np.arange(outcome.size), 7.0)
    wide = np.column_stack([np.full(outcome.size, 3.1), table, table[:, 0] * 2 - table[:, 2], lonely, only_treated])
    effect = lin_effect(outcome, treated, wide)
    assert effect.left_out == (0, 4, 5, 6)
    assert effect.estimate == pytest.approx(lin_effect(outcome, treated, table).estimate)


def test_a_column_constant_among_the_treated_still_carries_the_controls_to_them():
    """Controls spend 10 + 2x with x from 1 to 100; the treated all had x = 0, and spend 13: an effect of 3."""
    noise = np.tile([-1.0, 1.0, 1.0, -1.0], 25)
    outcome = np.concatenate([10 + 2 * np.arange(1.0, 101) + noise, 13 + noise])
    treated = np.arange(200) >= 100
    effect = lin_effect(outcome, treated, np.concatenate([np.arange(1.0, 101), np.zeros(100)]))
    assert effect.estimate == pytest.approx(3.0, abs=0.05)


def test_a_small_control_arm_gets_few_covariates(campaign):
    outcome, treated, table = campaign
    some = np.concatenate([np.flatnonzero(treated), np.flatnonzero(~treated)[:25]])
    effect = lin_effect(outcome[some], treated[some], table[some], members_per_covariate=10)
    assert effect.left_out == (2,)
    assert lin_effect(outcome[some], treated[some], table[some]).left_out == (1, 2), "one per 20 members, and one at least"
    assert effect.estimate == pytest.approx(by_statsmodels(outcome[some], treated[some], table[some, :2]).params[1])


@pytest.mark.parametrize(
    ("outcome", "treated", "reason"),
    [
        (np.arange(103.0), np.arange(103) >= 3, "3 members in the control arm; at least 20 are needed"),
        (np.arange(40.0), np.ones(40, dtype=bool), "0 members in the control arm"),
        (
            np.where(np.arange(80) < 40, np.arange(80.0), 0.0),
            np.arange(80) < 40,
            "every member of the control arm has the same outcome (0)",
        ),
        (np.empty(0), np.empty(0, dtype=bool), "0 members in the treated arm"),
    ],
)
def test_what_cannot_be_measured_says_why(outcome, treated, reason):
    effect = lin_effect(outcome, treated, np.ones((outcome.size, 2)))
    assert not effect.measured
    assert reason in reason_text(effect.reason)
    assert (effect.estimate, effect.low, effect.p_value, effect.share, effect.share_standard_error) == (None,) * 5


def test_an_outcome_told_exactly_is_not_measured():
    x = np.arange(100.0)
    assert not lin_effect(x * 0 + np.where(x < 50, 2.0, 2.0), x < 50, x).measured


def test_bad_input_is_named():
    with pytest.raises(DataError, match="2 values of `outcome` are missing"):
        lin_effect(np.array([1.0, np.nan, np.inf]), np.array([True, False, True]))
    with pytest.raises(DataError, match="'treated': 2"):
        lin_effect(np.ones(3), np.array([True, False]))
    with pytest.raises(DataError, match="weights must be above zero; 1"):
        lin_effect(np.ones(2), np.array([True, False]), weights=np.array([1.0, 0.0]))


def test_share_and_its_error():
    effect = effect_from(2.0, np.hypot(0.3, 0.4), base=10.0, base_standard_error=0.4, treated_count=9, control_count=9)
    assert effect.share == pytest.approx(0.2)
    # share = T / B - 1 with T = 12 +- .3, B = 10 +- .4
    assert effect.share_standard_error == pytest.approx(np.hypot(0.3 / 10, 12 * 0.4 / 100))
    assert effect.times(100).high == pytest.approx((2 + 1.959964 * 0.5) * 100)
    assert effect.times(100).share == pytest.approx(0.2)


def test_intervals_cover():
    """Of 400 small campaigns with heavy tails and unequal arms, about 95% of the intervals hold the planted effect."""
    rng = np.random.default_rng(9)
    hits = 0
    for _ in range(400):
        x = rng.gamma(1, 1, (150, 2))
        treated = rng.permutation(150) < 110
        outcome = x.sum(axis=1) + rng.gamma(0.8, 1.0, 150) + 0.5 * treated
        effect = lin_effect(outcome, treated, x)
        hits += effect.low <= 0.5 <= effect.high
    assert 0.92 <= hits / 400 <= 0.98


@pytest.mark.parametrize(("members", "share"), [(70, 0.5), (130, 0.2), (900, 0.1)])
def test_many_draws_at_once_give_the_errors_of_each(members: int, share: float) -> None:
    rng = np.random.default_rng(members)
    past = rng.lognormal(size=(members, 9))
    past[:, 3], past[:, 4] = 7.0, past[:, 0] + 2 * past[:, 1]  # tells nothing; told by others
    past[:, 5] = np.arange(members) == 4  # one member's own
    past[:, 6] = past[:, 6] > 6  # a few members: in some draws all of them are in one arm
    spend = rng.lognormal(size=members) * (rng.random(members) < 0.7) + past[:, 0]
    draws = np.array([rng.permutation(members) >= round(members * share) for _ in range(12)])
    one_by_one = [lin_effect(spend, draw, past, by_chance=True).standard_error for draw in draws]
    assert standard_errors(spend, draws, past) == pytest.approx(np.array(one_by_one, dtype=float), rel=1e-8)


def test_a_draw_that_cannot_be_measured_has_no_error() -> None:
    draws = np.arange(60) >= np.array([[19], [19]])
    assert np.isnan(standard_errors(np.arange(60.0), draws, np.zeros((60, 1)))).all()  # 19 in the control arm
    assert np.isnan(standard_errors(np.repeat([1.0, 2.0], 30), np.arange(60)[None] >= 30, np.zeros((60, 1)))).all()  # one spend an arm


def test_a_column_carried_by_a_few_of_an_arm_does_not_blow_up_the_interval():
    """Two controls of a hundred carry a column, one of them nearly alone: HC3 would divide the residual of that one by next to nothing."""
    rng = np.random.default_rng(2)
    treated = np.arange(400) >= 100
    spend, old = rng.gamma(2, 30, 400), np.zeros(400)
    old[:2], old[100:160] = (400.0, 9.0), rng.gamma(2, 100, 60)
    outcome = spend + rng.gamma(2, 10, 400)
    plain = lin_effect(outcome, treated, spend)
    both = lin_effect(outcome, treated, np.column_stack([spend, old]), by_chance=True)
    assert both.standard_error < 1.4 * plain.standard_error
    assert both.left_out == (1,)
    draws = treated[None, :]
    assert standard_errors(outcome, draws, np.column_stack([spend, old])) == pytest.approx([both.standard_error])


def test_where_chance_drew_the_arms_no_column_makes_the_interval_much_wider():
    """Shops of rare orders: on these seeds the interval was up to 59 times as wide as that of the plain difference."""
    times, holds, plain = widths(60, 1).T
    assert times.max() < 5
    assert np.quantile(times, 0.9) < 1.5
    assert holds.mean() >= plain.mean() - 0.05


def test_a_column_far_from_the_treated_for_its_few_carriers_is_left_out_by_chance_alone():
    """Five of sixty controls carry a column that half of the treated carry: where they were picked it must bridge, else it only widens."""
    rng = np.random.default_rng(4)
    treated, spend = np.arange(240) >= 60, rng.gamma(2, 30, 240)
    column = np.zeros(240)
    column[:5], column[60:150] = rng.uniform(5, 15, 5), rng.uniform(20, 40, 90)
    outcome, past = spend + rng.gamma(2, 10, 240), np.column_stack([spend, column])
    assert lin_effect(outcome, treated, past, by_chance=True).left_out == (1,)
    assert lin_effect(outcome, treated, past).left_out == ()
