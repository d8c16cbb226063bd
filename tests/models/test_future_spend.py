from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from toolkit.models.calibration import spearman
from toolkit.models.future_spend import fit_btyd_spend, fit_future_spend, predict_future_spend
from toolkit.models.reasons import Why
from toolkit.models.snapshots import labelled_snapshot

AS_OF = date(2023, 10, 31)


def test_a_quarter_is_promised_as_it_comes(frequent_shop):
    model = fit_future_spend(frequent_shop, as_of=AS_OF, horizon_days=91)
    assert (model.status, model.stretch, model.learned_days) == ("measured", 1.0, 91)
    promised = predict_future_spend(model, frequent_shop, as_of=AS_OF)
    received = labelled_snapshot(frequent_shop, as_of=AS_OF, horizon_days=91)["spent"]
    assert promised["expected_spend"].sum() == pytest.approx(received.sum(), rel=0.10)
    assert spearman(promised["expected_spend"].to_numpy(), received.to_numpy()) > 0.7


def test_later_receipts_row_order_and_names_change_nothing(frequent_shop, shuffle):
    known = shuffle(frequent_shop.filter(pl.col("day") <= AS_OF)).with_columns((100_000 - pl.col("member_code")).alias("member_code"))
    first, again = (fit_future_spend(frame, as_of=AS_OF) for frame in (frequent_shop, known))
    assert first == again


def test_a_year_is_projected_from_ten_months_and_says_so(simulate):
    days = simulate(members=1200, days=690, seed=21)
    model = fit_future_spend(days, as_of=AS_OF, horizon_days=365)
    assert (model.status, model.learned_days) == ("projected", 213)
    assert (model.reason.why, model.reason.figures["horizon_days"]) == (Why.PROJECTED, 152)
    assert 1.3 < model.stretch < 365 / 213 + 0.1
    promised = predict_future_spend(model, days, as_of=AS_OF)["expected_spend"].sum()
    received = labelled_snapshot(days, as_of=AS_OF, horizon_days=365)["spent"].sum()
    assert promised == pytest.approx(received, rel=0.15)


def test_a_year_is_measured_where_a_year_was_seen(simulate):
    days = simulate(members=800, days=900, seed=22)
    model = fit_future_spend(days, as_of=date(2024, 6, 1), horizon_days=365)
    assert (model.status, model.learned_days, model.stretch) == ("measured", 365, 1.0)


def test_too_short_a_history_is_not_measured(frequent_shop):
    model = fit_future_spend(frequent_shop, as_of=date(2023, 6, 1), horizon_days=365)
    assert model.status == "not measured"
    assert (model.reason.why, model.reason.figures["needed"]) == (Why.SHORT_RECEIPTS, 273)
    assert predict_future_spend(model, frequent_shop, as_of=date(2023, 6, 1))["expected_spend"].is_null().all()


def test_a_sparse_shop_is_modelled(sparse_shop):
    model = fit_btyd_spend(sparse_shop, as_of=AS_OF, horizon_days=91)
    assert model.status == "modelled"
    promised = predict_future_spend(model, sparse_shop, as_of=AS_OF)["expected_spend"].sum()
    assert promised == pytest.approx(labelled_snapshot(sparse_shop, as_of=AS_OF, horizon_days=91)["spent"].sum(), rel=0.25)


def test_few_buyers_and_no_receipts_are_not_measured(frequent_shop):
    few = frequent_shop.filter(pl.col("member_code") < 5)
    reason = fit_future_spend(few, as_of=AS_OF).reason
    assert (reason.why, reason.figures["minimum_buyers"]) == (Why.FEW_BUYERS, 200)
    assert fit_btyd_spend(few, as_of=AS_OF).status == "not measured"
    assert fit_future_spend(frequent_shop.clear(), as_of=AS_OF).status == "not measured"
