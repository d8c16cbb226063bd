"""Intervals of shares and of their differences: as statsmodels and scipy have them, and covering what they say."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from toolkit.models.shares import poisson_interval, share_difference, share_index, wilson


def test_wilson_by_published_figures() -> None:
    low, high = pl.DataFrame({"k": [0, 5], "n": [0, 10]}).select(
        *[limit.alias(name) for limit, name in zip(wilson(pl.col("k"), pl.col("n")), "lh", strict=True)]
    )
    assert low.to_list() == [None, pytest.approx(0.2366, abs=1e-4)]
    assert high.to_list() == [None, pytest.approx(0.7634, abs=1e-4)]


@pytest.mark.parametrize(("part", "whole"), [(0, 7), (3, 12), (12, 12), (480, 1000)])
def test_wilson_as_scipy(part: int, whole: int) -> None:
    from scipy.stats import binomtest

    low, high = (pl.select(end).item() for end in wilson(pl.lit(part), pl.lit(whole)))
    wanted = binomtest(part, whole).proportion_ci(method="wilson")
    assert (low, high) == pytest.approx((wanted.low, wanted.high), abs=1e-7)


def test_a_poisson_interval_leaves_a_fortieth_on_either_side() -> None:
    from scipy.stats import poisson

    count = np.array([0, 1, 4, 30])
    low, high = poisson_interval(count)
    assert low[0] == 0
    assert poisson.sf(count[1:] - 1, low[1:]) == pytest.approx(0.025)
    assert poisson.cdf(count, high) == pytest.approx(0.025)


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


def test_a_share_of_one_person_is_not_sure() -> None:
    def side(counts: list[float], size: float) -> tuple:
        x = np.array(counts)
        sums = [pl.Series([float(value)]) for value in (x.sum(), (x**2).sum(), (x * size).sum())]
        return (*sums, len(x) * size, len(x) * size**2)

    spread = share_index(side([2.0] * 50, 20), side([1.0] * 50, 20)).row(0)
    lumped = share_index(side([100.0] + [0.0] * 49, 200), side([50.0] + [0.0] * 49, 200)).row(0)
    assert spread[0] == lumped[0] == pytest.approx(2)
    assert spread[1] > 1.9
    assert lumped[1] < 1
    assert share_index(side([0.0] * 5, 20), side([1.0] * 5, 20)).row(0) == (None, None, None)
