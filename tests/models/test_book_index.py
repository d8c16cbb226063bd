"""Guides against colleagues: what they were given is taken out, chance gives wide ranks, who is alone has no index."""

from __future__ import annotations

import numpy as np

from toolkit.models.book_index import book_index
from toolkit.models.held_out import held_out_effect


def test_better_members_and_stores_make_no_better_guide_but_a_planted_one_is_found() -> None:
    rng = np.random.default_rng(4)
    book = np.repeat(np.arange(12), 500)
    place = book // 4
    kind = (rng.random(len(book)) < 0.2 + 0.05 * (book % 4)).astype(int)  # some were given better members
    chance = (0.2 + 0.3 * kind) * (1 + 0.2 * place)
    usual = book_index((rng.random(len(book)) < chance).astype(float), book, place, kind)
    assert not usual.stands_out.any()
    assert ((usual.low < 1) & (usual.high > 1)).all()
    assert (usual.rank_high - usual.rank_low).min() >= 3
    planted = book_index((rng.random(len(book)) < chance * np.where(book == 5, 1.5, 1)).astype(float), book, place, kind)
    assert planted.stands_out.tolist() == [number == 5 for number in range(12)]
    assert planted.rank_high[5] == 1
    alone = book_index(np.ones(40), np.repeat([0, 1], 20), np.repeat([0, 1], 20), np.zeros(40, int))
    assert np.isnan(alone.shrunk).all()


def test_few_held_out_and_unequal_purchases_claim_nothing_too_often() -> None:
    rng = np.random.default_rng(2)
    claimed = 0
    for _ in range(30):
        spend = rng.lognormal(0, 1.5, 300) * (rng.random(300) < 0.4)
        on_list = np.ones(300, bool)
        on_list[rng.choice(300, 40, replace=False)] = False
        effect = held_out_effect(spend, on_list)
        claimed += (effect.low or 0) > 0 or (effect.high or 0) < 0
    assert claimed <= 5
    assert not held_out_effect(np.ones(100), np.arange(100) < 50).measured
    assert not held_out_effect(np.arange(100.0), np.arange(100) < 95).measured
