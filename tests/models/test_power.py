"""Power: the formula by hand, its inverses, and planned 80% is 80%."""

from __future__ import annotations

import math

import numpy as np
import pytest

from toolkit.errors import BadValue, DataError
from toolkit.models.lin import lin_effect
from toolkit.models.power import chance_to_see, members_needed, noise_factor, smallest_lift, spread_of, spread_on_arms


def test_the_formula_by_hand() -> None:
    unexplained = 1.2**2 * (1 - 0.6**2)
    assert noise_factor() == pytest.approx(7.849, abs=0.001)
    widened = 0.8 + 0.2 * 1.05**2
    assert members_needed(0.05, unexplained, 0.2) == math.ceil(7.84888 * 1.44 * 0.64 * widened / (0.0025 * 0.16))
    lift = smallest_lift(20_000, unexplained, 0.2)
    assert lift is not None
    assert lift == pytest.approx(math.sqrt(7.84888 * 1.44 * 0.64 * (0.8 + 0.2 * (1 + lift) ** 2) / (20_000 * 0.16)), rel=1e-5)
    assert smallest_lift(0, unexplained, 0.2) is None


def test_a_small_uneven_group_shows_no_lift_however_large() -> None:
    assert smallest_lift(40, 5.0, 0.5) is None
    assert chance_to_see(1e6, 40, 5.0, 0.5) < 0.8
    assert smallest_lift(400, 5.0, 0.5) is not None


@pytest.mark.parametrize("share", [0.05, 0.2, 0.5])
@pytest.mark.parametrize("power", [0.6, 0.8, 0.95])
def test_each_is_the_inverse_of_the_others(share: float, power: float) -> None:
    needed = members_needed(0.08, 0.9, share, power=power)
    assert smallest_lift(needed, 0.9, share, power=power) == pytest.approx(0.08, rel=1e-3)
    assert chance_to_see(0.08, needed, 0.9, share) == pytest.approx(power, abs=0.002)
    assert chance_to_see(0, needed, 0.9, share) == pytest.approx(0.05)


def test_the_spread_by_hand() -> None:
    spread = spread_of(np.array([1.0, 3.0] * 10), np.tile([0.0, 0.0, 1.0, 1.0], 5))
    assert (spread.mean, spread.cv) == (2.0, pytest.approx(math.sqrt(20 / 19) / 2))
    assert spread.rho == 0  # the past tells nothing: adjusted R squared is not below 0
    told = spread_of(np.arange(1.0, 31), 2 * np.arange(1.0, 31))
    assert (told.rho, told.unexplained) == (pytest.approx(1.0), pytest.approx(0.0, abs=1e-9))


def test_what_cannot_be_planned_is_said() -> None:
    with pytest.raises(BadValue, match="lift is 0"):
        members_needed(0, 1.0, 0.2)
    with pytest.raises(BadValue, match="control_share is 1"):
        smallest_lift(100, 1.0, 1.0)
    with pytest.raises(BadValue, match="power is 0"):
        members_needed(0.1, 1.0, 0.2, power=0.4)
    with pytest.raises(DataError, match="too few to measure"):
        spread_of(np.ones(5), np.ones(5))
    with pytest.raises(DataError, match="bought for nothing"):
        spread_of(np.zeros(50), np.ones(50))


def test_small_arms_know_less() -> None:
    rng = np.random.default_rng(1)
    past = rng.lognormal(3, 0.8, (400, 9))
    spend = past[:, 0] * rng.lognormal(0, 0.6, 400)
    whole, arms = spread_of(spend, past), spread_on_arms(spend, past, 0.2)
    assert (arms.mean, arms.cv, arms.rho) == (whole.mean, whole.cv, whole.rho)
    assert arms.unexplained > 1.05 * whole.unexplained
    assert spread_on_arms(spend, past, 0.2) == arms
    assert spread_on_arms(spend[:60], past[:60], 0.2).noise is None  # twelve in the control arm


@pytest.mark.parametrize(("share", "members"), [(0.2, 1_200), (0.5, 1_200), (0.2, 250)])
def test_planned_80_percent_is_80_percent(share: float, members: int) -> None:
    """Heavy-tailed spend, told in part by the past: a lift of each member's spend as planned for is found in 72 to 88 of 100 campaigns."""
    rng = np.random.default_rng(7)
    past = rng.lognormal(3, 0.8, members)
    spend = past * rng.lognormal(0, 0.6, members)
    spread = spread_on_arms(spend, past, share)
    lift = smallest_lift(members, spread.unexplained, share)
    assert lift is not None
    found = 0
    for _ in range(300):
        treated = rng.permutation(members) >= round(share * members)
        effect = lin_effect(spend * (1 + lift * treated), treated, past, by_chance=True)
        found += effect.p_value is not None and effect.p_value < 0.05 and (effect.estimate or 0) > 0
    assert 0.72 <= found / 300 <= 0.88
