"""A short run of the benchmark of campaigns whose truth is known, on a shop of the tests."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from benchmarks.campaigns import KINDS, WINDOW_DAYS, Receipts, lifted, trial
from benchmarks.claimed_campaigns import GIVEN_AWAY, TRUE
from benchmarks.truth_differentiation import offer_trial, offers_chosen
from benchmarks.truth_review import run_claimed, run_kind, run_width, verdicts
from toolkit.models.past_covariates import PAST_SUMS


@pytest.fixture(scope="module")
def orders(frequent_shop) -> pl.DataFrame:
    number = (pl.col("day") - pl.col("day").min()).dt.total_days()
    return frequent_shop.select(
        "member_code", number.alias("day"), (pl.col("amount") / 100).alias("amount"), pl.lit(True).alias("is_order")
    )


@pytest.fixture(scope="module")
def receipts(orders) -> Receipts:
    first = orders.group_by("member_code").agg(pl.col("day").min()).sort("member_code")
    number = first["member_code"].rank("dense").cast(pl.Int64)
    store = np.random.default_rng(0).integers(0, 12, first.height)
    cards = first.select(
        ("m" + number.cast(pl.String).str.zfill(5)).alias("member_id"),
        pl.Series("home_store", store).cast(pl.String),
        pl.date(2020, 1, 1).dt.offset_by(pl.col("day").cast(pl.String) + "d").alias("joined_on"),
    )
    return Receipts(orders, cards)


def test_the_past_is_what_the_orders_say(orders, receipts):
    day = 300
    past = receipts.past(day)
    assert past.columns == PAST_SUMS.names()
    codes = orders["member_code"].unique().sort()
    for place in (0, 17, 400):
        own = orders.filter(pl.col("member_code") == codes[place], pl.col("day") < day).with_columns((day - pl.col("day")).alias("back"))
        row = past.row(place, named=True)
        assert row["spend_29_56d"] == pytest.approx(own.filter(pl.col("back").is_between(29, 56))["amount"].sum())
        assert row["spend_183_364d"] == pytest.approx(own.filter(pl.col("back").is_between(183, 364))["amount"].sum())
        assert row["days_91d"] == own.filter(pl.col("back") <= 91)["day"].n_unique()
        assert own.is_empty() or row["recency_days"] == own["back"].min()


@pytest.mark.parametrize("kind", KINDS)
def test_the_truth_is_what_was_planted(receipts, kind):
    one = trial(receipts, kind, np.random.default_rng(3))
    usual = one.outcome[one.treated].mean() - one.truth
    assert usual == pytest.approx(one.base)
    assert (one.truth == 0) == (kind == "A/A")
    assert 0 < one.treated.sum() < one.treated.size
    assert one.past.shape[0] == one.outcome.size
    if kind.startswith("win-back"):
        assert (one.past.filter(one.treated)["recency_days"] >= WINDOW_DAYS).all()


def test_lin_holds_where_the_usual_methods_do_not(receipts):
    drawn = run_kind(receipts, "random 50%", 12, seed=2)
    assert drawn.found["lin"].cover >= 0.8
    assert abs(drawn.found["lin"].bias) < 0.04
    assert drawn.pages.likely == drawn.pages.untold == 0
    picked = run_kind(receipts, "hot last month", 8, seed=2)
    assert picked.found["lin"].cover >= 0.75
    assert abs(picked.found["lin"].bias) < 0.05
    assert picked.found["DiD"].bias < -0.1
    assert picked.found["naive difference"].cover < 0.15
    assert picked.pages.claimed_of_nothing == 0


def test_a_hidden_reason_is_never_proven(receipts):
    one = run_kind(receipts, "hidden reason", 8, seed=2)
    assert one.found["lin"].bias > 0.05
    assert one.pages.proven == one.pages.claimed_of_nothing == 0
    assert [name for name, *_ in verdicts(one)] == ["proven", "claims of nothing", "likely"]


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind.endswith("all of them")])
def test_where_everybody_who_fits_was_treated_it_cannot_be_told(receipts, kind):
    one = run_kind(receipts, kind, 3, seed=2)
    assert one.pages.untold == 1
    assert one.found["entropy balancing"].measured == 0
    assert all(least <= value <= most for _, value, least, most in verdicts(one))


@pytest.mark.parametrize("size", [0.4, 0.8])
def test_a_stated_lift_is_planted(receipts, size):
    one = trial(receipts, "hot last month", np.random.default_rng(4))
    for seed in range(3):
        more = lifted(one, size, np.random.default_rng(seed)) - one.would
        assert not more[~one.treated].any()
        assert more.sum() / one.would[one.treated].sum() == pytest.approx(size, rel=0.25)


def test_pages_say_yes_to_what_is_there_and_no_to_what_is_not(receipts):
    """The bars of 300 campaigns on two shops, small: sound ones claimed at 40% and 80%, hidden reasons without an effect not."""
    sound = run_kind(receipts, "hot last month", 8, seed=3).pages
    assert sound.claimed_40 >= 0.6
    assert sound.claimed_80 >= 0.85
    assert sound.very_likely_80 > 0
    assert sound.claimed_of_nothing == 0
    hidden = run_kind(receipts, "hidden reason", 12, seed=3).pages
    assert hidden.proven == hidden.claimed_of_nothing == 0
    assert hidden.claimed_80 >= 0.85
    quiet = run_kind(receipts, "win-back", 8, seed=3).pages
    assert quiet.claimed_of_nothing == 0, "what is extrapolated to members who stopped for good does not count"


def test_intervals_of_a_small_holdout_are_hardly_wider_than_with_one_covariate(receipts):
    found = [run_width(receipts, members, 25, seed=3) for members in (300, 600)]
    assert min(one.narrow for one in found) >= 0.9
    assert np.mean([one.plain_power - one.power for one in found]) <= 0.1
    assert np.mean([one.cover for one in found]) >= 0.9


def test_a_claimed_randomisation_is_found_out_and_a_true_one_is_not(receipts):
    assert np.mean([run_claimed(receipts, kind, 40, seed=3) for kind in TRUE]) <= 0.02
    refused = {kind: run_claimed(receipts, kind, 6, seed=3) for kind in GIVEN_AWAY}
    assert np.mean(list(refused.values())) >= 0.8
    assert min(refused[kind] for kind in ("last digit of the id", "every third id", "order of the ids")) > 0.8


def test_offers_are_drawn_evenly_and_shrunk_promises_are_kept(receipts):
    one = offer_trial(receipts, 1200, np.random.default_rng(1))
    cells = np.bincount(4 * one.segment + one.offer).reshape(9, 4)
    assert np.ptp(cells, axis=1).max() <= 1
    found = offers_chosen(receipts, campaigns=4, members=1200)
    assert 0.6 <= found["shrunk: claimed / true"] <= 1.4
    assert found["raw: claimed / true"] > found["shrunk: claimed / true"]
    assert found["shrunk: gain of the best"] > found["response: gain of the best"]
