"""Allocation against every possible one, and effects by hand."""

from __future__ import annotations

import itertools

import numpy as np
import polars as pl
import pytest

from toolkit.models.allocation import allocate_offers, gain_curve, shadow_price
from toolkit.models.offer_effects import MEASURED, OVERALL, offer_effects


def best_by_trying(gain: np.ndarray, cost: np.ndarray, budget: float, contacts: np.ndarray, most: float) -> float:
    best = 0.0
    for choice in itertools.product(range(-1, gain.shape[1]), repeat=gain.shape[0]):
        pairs = [(segment, offer) for segment, offer in enumerate(choice) if offer >= 0]
        if any(np.isnan(gain[pair]) for pair in pairs) or sum(cost[pair] for pair in pairs) > budget:
            continue
        if sum(contacts[pair] for pair in pairs) <= most:
            best = max(best, sum(gain[pair] for pair in pairs))
    return best


@pytest.mark.parametrize("seed", range(30))
def test_it_is_the_best_of_all(seed: int) -> None:
    rng = np.random.default_rng(seed)
    gain, cost = rng.normal(20, 30, (5, 3)).round(2), rng.integers(0, 60, (5, 3)).astype(float)
    contacts = rng.integers(1, 50, (5, 3)).astype(float)
    gain[rng.random((5, 3)) < 0.15] = np.nan
    budget, most = float(rng.integers(1, 150)), float(rng.integers(10, 150))
    found = allocate_offers(gain, cost, budget, contacts=contacts, most_contacts=most)
    assert found.gain == pytest.approx(best_by_trying(gain, cost, budget, contacts, most))
    assert found.cost <= budget
    assert sum(contacts[pair] for pair in found.pairs) <= most
    assert found.gain == pytest.approx(sum(gain[pair] for pair in found.pairs))


def test_the_next_unit_of_budget() -> None:
    gain, cost = np.array([[30.0], [20.0], [-5.0]]), np.array([[10.0], [10.0], [1.0]])
    assert shadow_price(gain, cost, 5.0) == pytest.approx(3.0)  # of the first segment, three a unit
    assert shadow_price(gain, cost, 15.0) == pytest.approx(2.0)
    assert shadow_price(gain, cost, 100.0) == 0
    assert shadow_price(np.array([[-1.0]]), np.array([[1.0]]), 1.0) == 0
    assert [found.gain for found in gain_curve(gain, cost, np.array([5.0, 10.0, 19.0, 20.0, 50.0]))] == [0, 30, 30, 50, 50]
    nothing = allocate_offers(np.full((2, 2), -1.0), np.zeros((2, 2)), 10.0)
    assert (nothing.choice, nothing.gain, nothing.cost) == ((-1, -1), 0.0, 0.0)


def lessons(*rows: tuple) -> pl.DataFrame:
    names = {"campaign_id": pl.String, "segment": pl.String, "method": pl.String, "effect_share": pl.Float64, "effect_share_se": pl.Float64}
    return pl.DataFrame(rows, schema=names, orient="row").with_columns(is_random=pl.col("campaign_id") != "loose")


PAIRS = pl.DataFrame({"segment": ["a", "b", "c", "a"], "method": ["coupon", "coupon", "coupon", "service"]})


def test_effects_that_differ_are_kept_apart_by_how_sure_they_are() -> None:
    found = offer_effects(lessons(("x", "a", "coupon", 0.2, 0.01), ("x", "b", "coupon", 0.0, 0.01)), PAIRS)
    # weights 1e4 each: Q = 2 * 1e4 * .01 = 200, spread = 1e4, so tau squared = 199 / 1e4
    tau, variance = 0.0199, 1e-4
    own = tau / (tau + variance)
    assert found["effect_share"].to_list() == pytest.approx([own * 0.2 + (1 - own) * 0.1, (1 - own) * 0.1, 0.1, 0.1])
    assert found["basis"].to_list() == [MEASURED, MEASURED, OVERALL, OVERALL]
    mean = (tau + variance) / 2
    assert found["effect_share_se"].to_list()[2] == pytest.approx(np.sqrt(mean + tau))
    assert found["effect_share_se"].to_list()[0] == pytest.approx(np.sqrt(own * variance + (1 - own) ** 2 * mean))
    assert found["is_random"].all()


def test_effects_no_further_apart_than_chance_are_one() -> None:
    found = offer_effects(
        lessons(("x", "a", "coupon", 0.06, 0.05), ("y", "b", "coupon", 0.04, 0.05), ("loose", "c", "coupon", 0.05, 0.05)), PAIRS
    )
    assert found["effect_share"].to_list() == pytest.approx([0.05] * 4)
    assert found["is_random"].to_list() == [True, True, False, False]


def test_a_campaign_that_tells_its_segments_does_not_count_twice() -> None:
    told = lessons(("x", "a", "coupon", 0.3, 0.1), ("x", None, "coupon", 9.0, 0.001), ("y", None, "service", 0.1, 0.1))
    found = offer_effects(told, PAIRS)
    assert found["effect_share"].max() < 0.31  # type: ignore[operator]
    assert found.filter(pl.col("method") == "service")["basis"].to_list() == [OVERALL]
    assert offer_effects(told.clear(), PAIRS).is_empty()
