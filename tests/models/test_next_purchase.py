from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from toolkit.models.calibration import prediction_quality
from toolkit.models.next_purchase import fit_next_purchase, predict_next_purchase
from toolkit.models.reasons import Why
from toolkit.models.snapshots import labelled_snapshot

AS_OF = date(2023, 12, 31)


@pytest.fixture(scope="module")
def logistic(frequent_shop):
    return fit_next_purchase(frequent_shop, as_of=AS_OF, try_boosting=False)


def test_a_frequent_shop_is_learned_from_its_own_snapshots(frequent_shop, logistic):
    assert (logistic.method, logistic.snapshot_count) == ("logistic", 6)
    seen = labelled_snapshot(frequent_shop, as_of=AS_OF, horizon_days=28)
    quality = prediction_quality(
        seen["bought"].to_numpy(), predict_next_purchase(logistic, frequent_shop, as_of=AS_OF)["p_buys"].to_numpy()
    )
    assert quality.error < 0.06
    assert 0.8 < quality.slope < 1.25
    assert quality.auc > 0.8
    assert logistic.held_out.row_count > 0


def test_later_receipts_change_nothing(frequent_shop, logistic):
    known = frequent_shop.filter(pl.col("day") <= AS_OF)
    assert fit_next_purchase(known, as_of=AS_OF, try_boosting=False) == logistic
    assert predict_next_purchase(logistic, known, as_of=AS_OF).equals(predict_next_purchase(logistic, frequent_shop, as_of=AS_OF))


def test_row_order_and_names_change_nothing(frequent_shop, logistic, shuffle):
    renamed = shuffle(frequent_shop).with_columns((100_000 - pl.col("member_code")).alias("member_code"))
    again = fit_next_purchase(renamed, as_of=AS_OF, try_boosting=False)
    assert again == logistic
    there = (
        predict_next_purchase(again, renamed, as_of=AS_OF)
        .with_columns((100_000 - pl.col("member_code")).alias("member_code"))
        .sort("member_code")
    )
    assert there.equals(predict_next_purchase(logistic, frequent_shop, as_of=AS_OF))


def test_boosting_must_earn_its_place(frequent_shop, logistic):
    chosen = fit_next_purchase(frequent_shop, as_of=AS_OF)
    assert chosen.reason.why is Why.LOG_LOSSES
    assert chosen.method in ("logistic", "boosting")
    refused = fit_next_purchase(frequent_shop, as_of=AS_OF, boosting_gain=0.99)
    assert refused.method == "logistic"
    forced = [fit_next_purchase(frame, as_of=AS_OF, boosting_gain=-1.0) for frame in (frequent_shop, frequent_shop.reverse())]
    assert [model.method for model in forced] == ["boosting", "boosting"]
    first, second = (predict_next_purchase(model, frequent_shop, as_of=AS_OF)["p_buys"].to_numpy() for model in forced)
    assert np.array_equal(first, second)


def test_a_sparse_shop_falls_back_to_btyd_and_says_why(sparse_shop):
    model = fit_next_purchase(sparse_shop, as_of=AS_OF)
    assert model.method == "btyd"
    assert model.reason.why is Why.SPARSE
    probability = predict_next_purchase(model, sparse_shop, as_of=AS_OF)["p_buys"]
    assert probability.is_between(0, 1).all()
    seen = labelled_snapshot(sparse_shop, as_of=AS_OF, horizon_days=28)
    assert probability.mean() == pytest.approx(seen["bought"].mean(), abs=0.02)


def test_who_comes_back_by_the_clock_is_not_left_to_btyd():
    """Durable goods, sparse: BG/NBD takes a pause that is nearly over for a member who has left, and promises an eighth too little."""
    rng = np.random.default_rng(5)
    first = rng.integers(0, 300, 3000)
    pauses = rng.gamma(4.0, rng.choice([80.0, 130.0], 3000)[:, None] / 1.0, (3000, 4)).round()
    bought = np.column_stack([first, first[:, None] + pauses.cumsum(axis=1)]).astype(int)
    days = pl.DataFrame({"member_code": np.repeat(np.arange(3000), 5), "place": bought.ravel()}).unique()
    start = AS_OF - timedelta(days=699)
    days = days.with_columns(day=pl.lit(start) + pl.duration(days="place"), order_count=pl.lit(1), amount=pl.lit(40_000)).sort(
        "member_code", "day"
    )
    model = fit_next_purchase(days, as_of=AS_OF)
    assert (model.method, model.reason.why) == ("logistic", Why.SPARSE_LEARNED)
    seen = labelled_snapshot(days, as_of=AS_OF, horizon_days=28)["bought"].to_numpy()
    quality = prediction_quality(seen, predict_next_purchase(model, days, as_of=AS_OF)["p_buys"].to_numpy())
    assert 0.85 < quality.predicted_share / quality.event_share < 1.15
    assert quality.auc > 0.55


def test_a_young_shop_falls_back_too(frequent_shop):
    model = fit_next_purchase(frequent_shop, as_of=date(2023, 3, 15))
    assert model.method == "btyd"
    assert model.reason.why is Why.FEW_SNAPSHOTS


def test_a_handful_of_members_is_not_measured(frequent_shop):
    few = frequent_shop.filter(pl.col("member_code") < 8)
    model = fit_next_purchase(few, as_of=AS_OF)
    assert model.method == "not measured"
    assert model.reason.why is Why.NO_FALL_BACK
    assert model.reason.figures["reason"].figures["minimum_repeat_members"] == 100
    assert predict_next_purchase(model, few, as_of=AS_OF)["p_buys"].null_count() == 8


def test_no_receipts_at_all(frequent_shop):
    model = fit_next_purchase(frequent_shop.clear(), as_of=AS_OF)
    assert model.method == "not measured"
    assert predict_next_purchase(model, frequent_shop.clear(), as_of=AS_OF).is_empty()


def test_thinned_rows_keep_the_level(frequent_shop, logistic):
    thin = fit_next_purchase(frequent_shop, as_of=AS_OF, try_boosting=False, most_rows=2000)
    assert thin.row_count <= 2000
    means = [predict_next_purchase(model, frequent_shop, as_of=AS_OF)["p_buys"].mean() for model in (thin, logistic)]
    assert means[0] == pytest.approx(means[1], abs=0.02)
