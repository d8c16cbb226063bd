from __future__ import annotations

import numpy as np
import pytest

from toolkit.errors import BadValue
from toolkit.models.clusters import adjusted_rand, cluster
from toolkit.models.reasons import Reason, Why


@pytest.fixture(scope="module")
def planted() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(3)
    truth = rng.choice(3, size=900, p=[0.5, 0.3, 0.2])
    return rng.normal(size=(900, 3)) + 6 * np.eye(3)[truth], truth


def test_planted_groups_are_found_and_stable(planted):
    features, truth = planted
    found = cluster(features, count=3, resamples=5)
    assert found.status == "stable"
    assert adjusted_rand(found.labels, truth) > 0.95
    assert list(found.sizes) == sorted(found.sizes, reverse=True)
    assert sum(found.sizes) == 900


def test_noise_is_not_stable():
    found = cluster(np.random.default_rng(4).random((1000, 4)), count=6, resamples=8)
    assert found.status == "not stable"
    assert found.agreement < 0.6
    assert found.reason == Reason(Why.AGREEMENT, agreement=found.agreement, stable_from=0.6)


def test_rows_in_another_order_get_the_same_groups(planted):
    features, _ = planted
    order = np.random.default_rng(5).permutation(features.shape[0])
    plain, mixed = cluster(features, count=3, resamples=3), cluster(features[order], count=3, resamples=3)
    assert np.array_equal(plain.labels[order], mixed.labels)
    assert (plain.sizes, plain.agreement) == (mixed.sizes, mixed.agreement)


def test_equal_members_are_in_the_same_group():
    features = np.random.default_rng(6).integers(0, 3, size=(500, 2)).astype(float)
    labels = cluster(features, count=4, resamples=2).labels
    _, cell = np.unique(features, axis=0, return_inverse=True)
    assert all(np.unique(labels[cell == one]).size == 1 for one in range(cell.max() + 1))


def test_too_few_or_all_alike_is_not_measured():
    assert cluster(np.zeros((20, 2)), count=2).reason == Reason(Why.FEW_ROWS, members=20, minimum_rows=100)
    alike = cluster(np.zeros((200, 2)), count=2)
    assert (alike.status, set(alike.labels.tolist())) == ("not measured", {-1})


def test_adjusted_rand_of_chance_is_about_zero():
    rng = np.random.default_rng(7)
    assert adjusted_rand(rng.integers(4, size=5000), rng.integers(4, size=5000)) == pytest.approx(0, abs=0.01)


def test_one_group_is_no_grouping():
    with pytest.raises(BadValue, match="at least 2"):
        cluster(np.zeros((200, 2)), count=1)
