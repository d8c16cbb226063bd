"""First purchases: the median of those who came back or not, worth that is planted, and luck that is not called worth."""

from __future__ import annotations

import numpy as np
import polars as pl

from toolkit.models.first_purchases import days_until_half, later_worth


def test_half_of_all() -> None:
    days = pl.DataFrame({"g": ["a"] * 4 + ["b"] * 4 + ["c"], "d": [5, 9, None, None, 5, None, None, None, None]})
    assert days.group_by("g", maintain_order=True).agg(days_until_half(pl.col("d")))["d"].to_list() == [9.0, None, None]


def test_planted_worth_is_found_and_luck_is_not() -> None:
    rng = np.random.default_rng(3)
    count = 3000
    first = rng.gamma(2, 2000, count)
    goods = [(who, f"g{good:02d}") for who in range(count) for good in np.flatnonzero(rng.random(30) < first[who] / 20000)]
    frame = pl.DataFrame(goods, schema={"member_code": pl.Int64, "good": pl.String}, orient="row")
    has = np.zeros(count)
    has[frame.filter(good="g00")["member_code"].to_numpy()] = 1
    later = rng.gamma(1, 1, count) * first * 5
    null = later_worth(pl.DataFrame({"member_code": range(count), "first_amount": first, "later_amount": later}), frame, least=30)
    assert null.filter((pl.col("ratio_low") > 1) | (pl.col("ratio_high") < 1)).height == 0
    planted = later_worth(
        pl.DataFrame({"member_code": range(count), "first_amount": first, "later_amount": later * (1 + 0.8 * has)}), frame, least=30
    )
    best = planted.sort("ratio_low").row(-1, named=True)
    assert best["good"] == "g00"
    assert 1 < best["ratio_low"] < 1.8
    assert best["ratio_shrunk"] < best["ratio"]


def test_of_thousands_of_goods_few_are_called_by_luck() -> None:
    rng = np.random.default_rng(8)
    count, goods = 4000, 2000
    first = rng.gamma(2, 2000, count)
    held = pl.DataFrame(
        {"member_code": np.repeat(np.arange(count), 30), "good": rng.integers(0, goods, count * 30)},
        schema={"member_code": pl.Int64, "good": pl.Int64},
    )
    later = rng.lognormal(0, 1, count) * first
    has = np.zeros(count)
    has[held.filter(good=7)["member_code"].to_numpy()] = 1
    for planted in (0.0, 3.0):
        frame = pl.DataFrame({"member_code": range(count), "first_amount": first, "later_amount": later * (1 + planted * has)})
        found = later_worth(frame, held, least=30)
        called = found.filter("is_told", (pl.col("ratio_low") > 1) | (pl.col("ratio_high") < 1))["good"].to_list()
        assert called == ([7] if planted else [])
        apart = found.filter((pl.col("ratio") - 1).abs() > 0.4).height
        assert apart > 20, "luck alone makes many look good"
