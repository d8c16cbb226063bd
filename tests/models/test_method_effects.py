"""Effects of methods in segments: by hand, and what a choice by them promises against what it keeps."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from toolkit.models.method_effects import MEASURED, OVERALL, offer_effects


def lessons(*rows: tuple) -> pl.DataFrame:
    names = {"campaign_id": pl.String, "segment": pl.String, "method": pl.String, "effect_share": pl.Float64, "effect_share_se": pl.Float64}
    return pl.DataFrame(rows, schema=names, orient="row").with_columns(is_random=pl.col("campaign_id") != "loose")


PAIRS = pl.DataFrame({"segment": ["a", "b", "c", "a"], "method": ["coupon", "coupon", "coupon", "service"]})


def test_effects_that_differ_are_kept_apart_by_how_sure_they_are() -> None:
    found = offer_effects(lessons(("x", "a", "coupon", 0.2, 0.01), ("x", "b", "coupon", 0.0, 0.01)), PAIRS)
    # squares 2 * .01 / (tau squared + 1e-4) equal their one degree of freedom
    tau, variance = 0.0199, 1e-4
    own = tau / (tau + variance)
    assert found["effect_share"].to_list() == pytest.approx([own * 0.2 + (1 - own) * 0.1, (1 - own) * 0.1, 0.1, 0.1])
    assert found["basis"].to_list() == [MEASURED, MEASURED, OVERALL, OVERALL]
    mean = (tau + variance) / 2
    assert found["effect_share_se"].to_list()[2] == pytest.approx(np.sqrt(mean + tau))
    assert found["effect_share_se"].to_list()[0] == pytest.approx(np.sqrt(own * variance + (1 - own) ** 2 * mean))
    assert found["is_random"].all()


def test_effects_no_further_apart_than_chance_are_one() -> None:
    found = offer_effects(lessons(("x", "a", "coupon", 0.06, 0.05), ("y", "b", "coupon", 0.04, 0.05)), PAIRS)
    assert found["effect_share"].to_list() == pytest.approx([0.05] * 4)
    assert found["is_random"].all()


def test_what_was_not_randomised_is_listened_to_only_where_nothing_was() -> None:
    loose = ("loose", "c", "coupon", 0.9, 0.001)
    assert offer_effects(lessons(("x", "a", "coupon", 0.06, 0.05), loose), PAIRS)["effect_share"].to_list() == pytest.approx([0.06] * 4)
    alone = offer_effects(lessons(loose), PAIRS)
    assert alone["effect_share"].to_list() == pytest.approx([0.9] * 4)
    assert not alone["is_random"].any()


def test_campaigns_of_a_pair_are_pooled_and_shrunk_once() -> None:
    twice = lessons(("x", "a", "coupon", 0.1, 0.1), ("y", "a", "coupon", 0.3, 0.1))
    found = offer_effects(twice, PAIRS).row(0, named=True)
    # one pair alone has nothing to be pulled to: the two campaigns, squares 2 * .01 / (.01 + b) = 1, so b = .01
    assert found["effect_share"] == pytest.approx(0.2)
    assert found["effect_share_se"] == pytest.approx(0.1)


def test_a_campaign_that_tells_its_segments_does_not_count_twice() -> None:
    told = lessons(("x", "a", "coupon", 0.3, 0.1), ("x", None, "coupon", 9.0, 0.001), ("y", None, "service", 0.1, 0.1))
    found = offer_effects(told, PAIRS)
    assert found["effect_share"].max() < 0.31  # type: ignore[operator]
    assert found.filter(pl.col("method") == "service")["basis"].to_list() == [OVERALL]
    assert offer_effects(told.clear(), PAIRS).is_empty()


def test_it_promises_what_it_keeps_and_the_raw_best_does_not() -> None:
    """Over 60 campaigns of 6 segments x 3 methods: promised over true of the method chosen per segment, and what the choice gains."""
    rng, totals = np.random.default_rng(1), np.zeros((2, 3))
    pairs = pl.DataFrame({"segment": np.repeat(list("abcdef"), 3), "method": ["x", "y", "z"] * 6})
    for _ in range(60):
        truth = (0.1 + rng.normal(0, 0.08, 3) + rng.normal(0, 0.08, (6, 3))).ravel()
        raw = truth + rng.normal(0, 0.12, 18)
        told = pairs.with_columns(
            campaign_id=pl.lit("c"), effect_share=pl.Series(raw), effect_share_se=pl.lit(0.12), is_random=pl.lit(True)
        )
        for row, promised in enumerate((offer_effects(told, pairs)["effect_share"].to_numpy(), raw)):
            grid = promised.reshape(6, 3)
            choice, taken = grid.argmax(axis=1), grid.max(axis=1) > 0
            totals[row] += (grid.max(axis=1) @ taken, truth.reshape(6, 3)[np.arange(6), choice] @ taken, 1)
    shrunk, plain = totals
    assert 0.85 <= shrunk[0] / shrunk[1] <= 1.2
    assert plain[0] / plain[1] > shrunk[0] / shrunk[1] + 0.15
    assert shrunk[1] >= 0.97 * plain[1]
