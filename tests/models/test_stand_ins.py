"""What stands in for what, and who takes nothing else: on hand-made visits."""

from __future__ import annotations

import numpy as np
import polars as pl

from toolkit.models.stand_ins import take_nothing_else, visits_together


def test_who_takes_two_goods_in_turn_has_them_together_seldom() -> None:
    rng = np.random.default_rng(1)
    rows = []
    for visit in range(
        800
    ):  # 40 people with 20 visits each: 0 or 1 in turn; 2 for another need; 3 in the first half of the year, 4 in the second
        chosen = [*([int(rng.integers(0, 2))] if rng.random() < 0.4 else []), *([2] if rng.random() < 0.4 else [])]
        rows += [(visit // 20, visit, good) for good in [*chosen, 3 if visit % 20 < 10 else 4] if good < 3 or rng.random() < 0.4]
    bought = pl.DataFrame(rows, schema=["block", "visit", "good"], orient="row")
    visits = pl.DataFrame({"visit": range(800)}).with_columns(block=pl.col("visit") // 20, month=pl.col("visit") % 20 // 10, size=pl.lit(4))
    together = visits_together(bought, visits, 5)
    assert together.stand_in(0.05)[0].tolist() == [False, True, False, False, False]
    assert together.expected[3, 4] == 0  # of other seasons: nothing is told
    assert not together.stand_in(0.05)[2:].any()
    assert 0.5 < together.count[0, 2] / together.expected[0, 2] < 1.5
    alone = visits_together(bought, visits.with_columns(size=pl.lit(1)), 5)
    assert not alone.expected.any()
    assert not alone.stand_in(0.05).any()


def test_the_share_who_takes_nothing_else_is_found_within_its_interval() -> None:
    rng = np.random.default_rng(2)
    within = 0
    for _ in range(20):
        visits, alone = 1 + rng.poisson(3, 400), rng.random(400) < 0.3
        instead = np.where(alone, 0, rng.binomial(visits, rng.beta(2, 3, 400)))
        has = instead < visits
        found = take_nothing_else(visits[has], instead[has])
        within += found.low <= alone[has].mean() <= found.high
        assert (found.chance[instead[has] > 0] == 0).all()
    assert within >= 17
    once = take_nothing_else(np.ones(50, dtype=int), np.zeros(50, dtype=int))
    assert once.low < 0.1
    assert once.high > 0.9
