from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from toolkit.models.gamma_gamma import expected_value, fit_gamma_gamma


def simulated(count: int, p: float, q: float, v: float, seed: int) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    x = rng.integers(1, 8, count)
    scale = rng.gamma(q, 1 / v, count)
    return pl.DataFrame({"repeat_count": x, "repeat_value_mean": rng.gamma(p * x, 1 / (scale * x))})


def test_published_parameters_of_cdnow(cdnow):
    fit = fit_gamma_gamma(cdnow)
    assert fit.parameters == pytest.approx((6.25, 3.74, 15.44), rel=0.005)
    assert fit.member_count == 946
    assert fit.correlation == pytest.approx(0.11, abs=0.01)


def test_cents_give_the_same_fit(cdnow):
    cents = cdnow.with_columns(pl.col("repeat_value_mean") * 100)
    assert fit_gamma_gamma(cents).parameters == pytest.approx(np.array(fit_gamma_gamma(cdnow).parameters) * [1, 1, 100], rel=1e-3)


def test_simulated_parameters_come_back():
    assert fit_gamma_gamma(simulated(30_000, 5.0, 4.0, 30.0, seed=1)).parameters == pytest.approx((5.0, 4.0, 30.0), rel=0.1)


def test_few_purchases_lean_on_the_shop(cdnow):
    fit = fit_gamma_gamma(cdnow)
    p, q, v = fit.parameters
    shop = p * v / (q - 1)
    members = pl.DataFrame({"repeat_count": [0, 1, 500], "repeat_value_mean": [None, 100.0, 100.0]})
    none, once, often = expected_value(fit, members)
    assert none == pytest.approx(shop)
    assert shop < once < often
    assert often == pytest.approx(100.0, rel=0.01)


def test_row_order_changes_nothing(cdnow, shuffle):
    assert fit_gamma_gamma(cdnow) == fit_gamma_gamma(shuffle(cdnow))


def test_too_few_or_too_wild_is_not_measured(cdnow):
    assert fit_gamma_gamma(cdnow.head(20)).reason.figures["minimum_members"] == 100
    wild = fit_gamma_gamma(simulated(3000, 5.0, 0.4, 30.0, seed=2))
    assert wild.status == "not measured"
    assert wild.reason
