"""Why some do not come again: what is called, and how losses are shared out."""

from __future__ import annotations

import numpy as np
import pytest

from toolkit.models.leaving import Goods, added_chances, shared_out, why_left


def found(bad: tuple[int, ...], *, seed: int = 1, once: bool = False):
    """Baskets of 30 goods; `bad` ones lose people; with `once`, good 29 is bought by people who come a single time."""
    rng = np.random.default_rng(seed)
    rows = 6000
    held = rng.random((rows, 30)) < 0.06
    again = rng.random(rows) < 0.8
    chance = np.full(rows, 0.05)
    if once:
        held[:, 29] = ~again & (rng.random(rows) < 0.5)
        chance[held[:, 29]] = 0.9
    chance += 0.2 * held[:, list(bad)].sum(axis=1)
    held[:, 20] |= held[:, 3] & (rng.random(rows) < 0.5)  # bought together with what is bad
    lost = (rng.random(rows) < chance).astype(float)
    row, good = np.nonzero(held)
    seen = why_left(
        lost, [rng.integers(0, 4, rows)], {"none": rng.random(rows) < 0.1}, Goods(row, good, 30), again,
        base=np.ones(rows), false_share=0.05, least=30, least_ratio=1.25,
    )  # fmt: skip
    return lost, seen


def test_bad_goods_are_called_and_neither_their_neighbours_nor_a_cause_that_is_none():
    lost, seen = found((3, 7, 11), once=True)
    assert set(seen.goods) == {3, 7, 11}
    assert seen.unsure == 1  # the good of people who come once
    assert not seen.causes["none"].told
    parts = shared_out(seen.expected, list(seen.added.values()))
    assert parts.sum(axis=1) == pytest.approx(1)
    excess = (lost[:, None] * parts)[:, 1].sum()
    assert excess == pytest.approx(0.2 * 3 * 0.06 * len(lost), rel=0.25)


def test_nothing_bad_nothing_called():
    assert not any(found((), seed=seed)[1].goods for seed in range(5))


def test_two_causes_of_the_same_baskets_are_told_apart():
    rng = np.random.default_rng(2)
    touched = [rng.random(20_000) < 0.3, rng.random(20_000) < 0.3]
    lost = (rng.random(20_000) < 0.05 + 0.1 * touched[0] + 0.3 * touched[1]).astype(float)
    assert added_chances(lost, np.full(20_000, 0.05), touched) == pytest.approx([0.1, 0.3], abs=0.02)
