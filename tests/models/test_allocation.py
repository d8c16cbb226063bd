"""Allocation against every possible one."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from toolkit.models.allocation import allocate_offers, gain_curve, shadow_price


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
