"""Affinity: by hand, by simulation, and the choice of the best."""

from __future__ import annotations

import numpy as np
import pytest

from toolkit.models.affinity import affinity_index, best_columns, buying_probability, expected_days


def test_expected_days_keep_each_members_total():
    days = np.array([[6.0, 2.0, 0.0], [0.0, 0.0, 1.0]])
    expected = expected_days(days, days.sum(0) / days.sum())
    assert expected.sum(axis=1).tolist() == [8.0, 1.0]
    assert expected[0].tolist() == pytest.approx([8 * 6 / 9, 8 * 2 / 9, 8 * 1 / 9])


def test_the_index_is_pulled_towards_everybody():
    assert affinity_index(np.array([0.0, 10.0, 1000.0]), np.array([0.0, 5.0, 500.0])).tolist() == pytest.approx([1.0, 12 / 7, 1002 / 502])


def test_the_probability_is_that_of_the_mixture():
    rng = np.random.default_rng(1)
    days, expected, ahead = 3, 1.5, 0.8
    rates = rng.gamma(2 + days, 1 / (2 + expected), 400_000)
    simulated = (rng.poisson(rates * ahead) > 0).mean()
    assert buying_probability(np.array(days), np.array(expected), np.array(ahead)) == pytest.approx(simulated, abs=0.003)


def test_nothing_ahead_is_never_and_more_is_likelier():
    found = buying_probability(np.full(3, 2.0), np.ones(3), np.array([0.0, 1.0, 100.0]))
    assert found[0] == 0
    assert (np.diff(found) > 0).all()
    assert found[2] < 1


def test_best_columns_are_in_order_and_never_a_closed_one():
    scores = np.array([[1.0, -np.inf, 5.0, 5.0], [-np.inf, -np.inf, -np.inf, 0.5], [-np.inf] * 4])
    columns, values = best_columns(scores, 2)
    assert columns.tolist() == [[2, 3], [3, -1], [-1, -1]]
    assert values[0].tolist() == [5.0, 5.0]
    assert scores[0, 2] == 5.0, "the scores given stay as they are"
    assert best_columns(scores[:, :1], 3)[0].tolist() == [[0, -1, -1], [-1, -1, -1], [-1, -1, -1]]
