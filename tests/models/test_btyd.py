from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl
import pytest

from toolkit.models.btyd import (
    BtydFit,
    _alive,
    _arrays,
    _purchases_while_alive,
    btyd_summary,
    expected_purchases,
    fit_bg_nbd,
    fit_pareto_nbd,
    p_alive,
    p_buys,
)
from toolkit.models.reasons import Reason, Why


def simulate_bg_nbd(count: int, r: float, alpha: float, a: float, b: float, observed: float, seed: int) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    rate, stop = rng.gamma(r, 1 / alpha, count), rng.beta(a, b, count)
    x, last, clock, alive = np.zeros(count, dtype=np.int64), np.zeros(count), np.zeros(count), np.ones(count, dtype=bool)
    while alive.any():
        clock = clock + rng.exponential(1 / rate)
        alive &= clock <= observed
        x, last = x + alive, np.where(alive, clock, last)
        alive &= rng.random(count) >= stop
    return pl.DataFrame({"repeat_count": x, "last_repeat_days": last, "observed_days": np.full(count, observed)})


def fitted(model: str, *parameters: float) -> BtydFit:
    return BtydFit(model, parameters, None, 0, 0, "measured", "")  # type: ignore[arg-type]


def test_summary_by_hand():
    days = pl.DataFrame(
        {
            "member_code": [1, 1, 1, 2],
            "day": [date(2024, 1, 1), date(2024, 1, 11), date(2024, 1, 21), date(2024, 1, 5)],
            "amount": [500, 100, 300, 900],
        }
    )
    assert btyd_summary(days, as_of=date(2024, 1, 31)).rows() == [(1, 2, 20, 30, 200.0), (2, 0, 0, 26, None)]
    assert btyd_summary(days, as_of=date(2024, 1, 12)).rows() == [(1, 1, 10, 11, 100.0), (2, 0, 0, 7, None)]


def test_published_bg_nbd_of_cdnow(cdnow):
    fit = fit_bg_nbd(cdnow)
    r, alpha, a, b = fit.parameters
    assert (r, alpha / 7, a, b) == pytest.approx((0.243, 4.414, 0.793, 2.426), rel=0.005)
    assert fit.log_likelihood + cdnow["repeat_count"].sum() * np.log(7) == pytest.approx(-9582.4, abs=0.1)


def test_published_pareto_nbd_of_cdnow(cdnow):
    fit = fit_pareto_nbd(cdnow)
    r, alpha, s, beta = fit.parameters
    assert (r, alpha / 7, s, beta / 7) == pytest.approx((0.553, 10.578, 0.606, 11.669), rel=0.005)
    assert fit.log_likelihood + cdnow["repeat_count"].sum() * np.log(7) == pytest.approx(-9595.0, abs=0.1)


def test_published_expectation_of_the_first_customer():
    # Fader, Hardie and Lee (2005): x = 2, t_x = 30.43, T = 38.86 weeks gives 1.226 in the next 39 weeks.
    customer = pl.DataFrame({"repeat_count": [2], "last_repeat_days": [30.43], "observed_days": [38.86]})
    fit = fitted("bg_nbd", 0.243, 4.414, 0.793, 2.426)
    assert expected_purchases(fit, customer, horizon_days=39)[0] == pytest.approx(1.226, abs=0.002)


@pytest.mark.parametrize("model", [fit_bg_nbd, fit_pareto_nbd])
def test_the_time_unit_changes_nothing_else(cdnow, model):
    weeks = cdnow.with_columns(pl.col("last_repeat_days") / 7, pl.col("observed_days") / 7)
    by_day, by_week = model(cdnow), model(weeks)
    scale = (1, 7, 1, 1) if by_day.model == "bg_nbd" else (1, 7, 1, 7)
    assert np.array(by_day.parameters) == pytest.approx(np.array(by_week.parameters) * scale, rel=1e-4)
    assert p_alive(by_day, cdnow).to_numpy() == pytest.approx(p_alive(by_week, weeks).to_numpy(), rel=1e-3, nan_ok=True)


def test_simulated_parameters_come_back():
    summary = simulate_bg_nbd(12_000, 0.8, 20.0, 0.9, 3.0, observed=100.0, seed=4)
    fit = fit_bg_nbd(summary)
    assert fit.parameters == pytest.approx((0.8, 20.0, 0.9, 3.0), rel=0.15)


def test_expectation_matches_the_simulated_future():
    whole = simulate_bg_nbd(60_000, 0.8, 20.0, 0.9, 3.0, observed=100.0, seed=5)
    fit = fitted("bg_nbd", 0.8, 20.0, 0.9, 3.0)
    newcomers = pl.DataFrame({"repeat_count": [0], "last_repeat_days": [0.0], "observed_days": [0.0]})
    assert expected_purchases(fit, newcomers, horizon_days=100.0)[0] == pytest.approx(whole["repeat_count"].mean(), rel=0.03)
    assert p_buys(fit, newcomers, horizon_days=100.0)[0] == pytest.approx((whole["repeat_count"] > 0).mean(), abs=0.01)


def test_alive_is_never_shown_after_one_purchase(cdnow):
    for model in (fit_bg_nbd, fit_pareto_nbd):
        alive = p_alive(model(cdnow), cdnow)
        assert alive.is_null().to_list() == (cdnow["repeat_count"] == 0).to_list()
        assert alive.drop_nulls().is_between(0, 1).all()


def test_hypergeometric_and_quadrature_agree():
    rng = np.random.default_rng(7)
    summary = pl.DataFrame({"repeat_count": rng.integers(0, 40, 200), "observed_days": rng.uniform(50, 400, 200)})
    summary = summary.with_columns((pl.col("observed_days") * 0.8).alias("last_repeat_days"))
    x, t_x, big_t = _arrays(summary)
    for a in (0.3, 0.793, 1.7):
        fit = fitted("bg_nbd", 0.8, 20.0, a, 2.4)
        slow = _alive(fit, x, t_x, big_t) * _purchases_while_alive(0.8 + x, a, 2.4 + x, 91 / (20.0 + big_t))
        assert expected_purchases(fit, summary, horizon_days=91) == pytest.approx(slow, rel=1e-4)


@pytest.mark.parametrize("a", [0.999, 1.0, 1.001])
def test_expectation_runs_smoothly_through_a_of_one(a):
    summary = pl.DataFrame({"repeat_count": [0, 3, 50], "last_repeat_days": [0.0, 80.0, 95.0], "observed_days": [100.0] * 3})
    near = expected_purchases(fitted("bg_nbd", 0.8, 20.0, 1.01, 2.4), summary, horizon_days=91)
    assert expected_purchases(fitted("bg_nbd", 0.8, 20.0, a, 2.4), summary, horizon_days=91) == pytest.approx(near, rel=0.02)


@pytest.mark.parametrize("model", [fitted("bg_nbd", 0.5, 5.0, 0.8, 2.4), fitted("pareto_nbd", 0.5, 9.0, 1.0, 11.0)])
def test_extreme_members_stay_finite(model):
    summary = pl.DataFrame(
        {
            "repeat_count": [0, 0, 1, 3000, 3000, 40],
            "last_repeat_days": [0, 0, 1, 3640, 10, 3],
            "observed_days": [0, 3650, 3650, 3650, 3650, 3650],
        }
    )
    for horizon in (1, 28, 3650, 100_000):
        expected = expected_purchases(model, summary, horizon_days=horizon)
        assert np.isfinite(expected).all()
        assert (expected >= 0).all()
        assert ((p_buys(model, summary, horizon_days=horizon) >= 0) & (p_buys(model, summary, horizon_days=horizon) <= 1)).all()
    assert p_alive(model, summary).drop_nulls().is_between(0, 1).all()


def test_row_order_changes_nothing(cdnow, shuffle):
    assert fit_bg_nbd(cdnow) == fit_bg_nbd(shuffle(cdnow))


def test_few_repeaters_are_not_measured(cdnow):
    fit = fit_bg_nbd(cdnow.filter(pl.col("repeat_count") == 0))
    assert (fit.status, fit.parameters) == ("not measured", ())
    assert fit.reason == Reason(Why.FEW_REPEATERS, repeaters=0, minimum_repeat_members=100)
    assert fit_pareto_nbd(cdnow.clear()).status == "not measured"


def test_members_that_do_not_differ_are_said_to():
    # Everybody came back exactly twice and just now: nothing shows that members differ or stop.
    summary = pl.DataFrame({"repeat_count": [2] * 500, "last_repeat_days": [100] * 500, "observed_days": [100] * 500})
    fit = fit_bg_nbd(summary)
    assert fit.reason == Reason(Why.LOOSELY_KNOWN)
    assert np.isfinite(expected_purchases(fit, summary, horizon_days=28)).all()
