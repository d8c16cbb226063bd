"""The interval of a difference of two shares: as statsmodels has it, and covering what it says."""

from __future__ import annotations

import numpy as np
import pytest

from toolkit.models.two_shares import share_difference


@pytest.mark.parametrize("counts", [(8, 10, 2, 10), (0, 12, 0, 15), (55, 100, 47, 90), (30, 30, 0, 5)])
def test_as_statsmodels(counts: tuple[int, int, int, int]) -> None:
    from statsmodels.stats.proportion import confint_proportions_2indep

    difference, low, high = (float(end[0]) for end in share_difference(*(np.array([value]) for value in counts)))
    wanted = confint_proportions_2indep(*counts, method="agresti-caffo", compare="diff")
    assert difference == pytest.approx(counts[0] / counts[1] - counts[2] / counts[3])
    assert (low, high) == pytest.approx((max(wanted[0], -1), min(wanted[1], 1)))


def test_nobody_in_a_group_is_not_measured() -> None:
    difference, low, high = share_difference(np.array([0.0]), np.array([0.0]), np.array([3.0]), np.array([9.0]))
    assert np.isnan([difference[0], low[0], high[0]]).all()


def test_it_covers_what_it_says() -> None:
    rng = np.random.default_rng(8)
    first, second = rng.binomial(12, 0.1, 4000).astype(float), rng.binomial(20, 0.3, 4000).astype(float)
    _, low, high = share_difference(first, np.full(4000, 12.0), second, np.full(4000, 20.0))
    assert 0.93 < ((low <= -0.2) & (high >= -0.2)).mean() < 0.99
