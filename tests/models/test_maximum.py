"""The search for the lowest point: found where there is one, and none claimed on a slope that falls for ever."""

from __future__ import annotations

import numpy as np
import pytest

from toolkit.models.maximum import FAR, lowest


def test_the_lowest_of_two_hollows_is_taken() -> None:
    def hollows(theta: np.ndarray) -> float:
        return float((theta[0] ** 2 - 1) ** 2 + 0.1 * theta[0])

    where, value = lowest(hollows, [np.array([1.0]), np.array([-1.0])])
    assert where[0] == pytest.approx(-1.0122, abs=1e-3)
    assert value == pytest.approx(hollows(where))
    assert lowest(hollows, [np.array([1.0])])[0][0] == pytest.approx(0.9872, abs=1e-3)


def test_a_slope_without_end_has_no_lowest_point() -> None:
    assert lowest(lambda theta: -float(theta[0]), [np.zeros(1)]) is None
    inside = lowest(lambda theta: float((theta[0] - FAR + 1) ** 2), [np.zeros(1)])
    assert inside is not None
    assert inside[0][0] == pytest.approx(FAR - 1, abs=1e-2)


def test_values_that_are_not_finite_are_walked_round() -> None:
    where, _ = lowest(lambda theta: float((theta[0] - 2) ** 2) if theta[0] > 0.5 else np.nan, [np.array([1.0])])
    assert where[0] == pytest.approx(2, abs=1e-3)
