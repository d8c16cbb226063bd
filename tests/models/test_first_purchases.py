"""First purchases: the median of those who came back or not, worth that is planted, and luck that is not called worth."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl
import pytest

from toolkit.models.first_purchases import days_until_half, later_worth
from toolkit.models.strata import held_or_not, in_strata


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
    null = later_worth(
        in_strata(pl.DataFrame({"member_code": range(count), "first_amount": first, "later_amount": later})), frame, least=30
    )
    assert null.filter((pl.col("ratio_low") > 1) | (pl.col("ratio_high") < 1)).height == 0
    planted = later_worth(
        in_strata(pl.DataFrame({"member_code": range(count), "first_amount": first, "later_amount": later * (1 + 0.8 * has)})),
        frame,
        least=30,
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
        found = later_worth(in_strata(frame), held, least=30)
        called = found.filter("is_told", (pl.col("ratio_low") > 1) | (pl.col("ratio_high") < 1))["good"].to_list()
        assert called == ([7] if planted else [])
        apart = found.filter((pl.col("ratio") - 1).abs() > 0.4).height
        assert apart > 20, "luck alone makes many look good"


def newcomers(seed: int, *, count: int = 2000, stores: int = 4, planted: float = 0.0) -> tuple[pl.DataFrame, pl.DataFrame]:
    """New members of a chain in which store 0 and December sell some goods more and keep members better; good 0 is worth `planted` more."""
    rng = np.random.default_rng(seed)
    store, month = rng.integers(0, stores, count), rng.integers(0, 18, count)
    first, days = rng.gamma(2, 2000, count), rng.integers(1, 28, count)
    likely = np.full((count, 30), 1.0) * (first / 20000)[:, None].clip(0, 0.9)
    likely[:, 0] = 0.3
    likely[:, 1:4] = np.where(store % 4 == 0, 0.6, 0.1)[:, None]
    likely[:, 4:7] = np.where(month % 12 == 11, 0.6, 0.05)[:, None]
    has = rng.random((count, 30)) < likely
    kept = np.where(store % 4 == 0, 2.5, 1.0) * np.where(month % 12 == 11, 2.5, 1.0) * (1 + planted * has[:, 0])
    later = rng.lognormal(-0.5, 1, count) * first * 5 * kept * (rng.random(count) < 0.7)
    who, good = np.nonzero(has)
    members = pl.DataFrame({
        "member_code": range(count), "first_amount": first, "later_amount": later.astype(int), "first_store": store,
        "first_day": [date(2023 + at // 12, at % 12 + 1, day) for at, day in zip(month.tolist(), days.tolist(), strict=True)],
    })  # fmt: skip
    return members, pl.DataFrame({"member_code": who, "good": good})


def called(members: pl.DataFrame, goods: pl.DataFrame) -> list[int]:
    worth = later_worth(in_strata(members), goods, least=30)
    return worth.filter("is_told", (pl.col("ratio_low") > 1) | (pl.col("ratio_high") < 1))["good"].to_list()


@pytest.mark.parametrize("stores", [4, 200])
def test_a_store_or_a_season_makes_no_entry_good(stores: int) -> None:
    mixed, found = 0, 0
    for seed in range(4):
        members, goods = newcomers(seed, stores=stores)
        assert called(members, goods) == []
        mixed += len(called(members.drop("first_store", "first_day"), goods))
        found += called(*newcomers(seed, stores=stores, planted=1.0)) == [0]
    assert mixed >= 4, "compared across stores and months, the better store's goods and December's are called"
    assert found >= 3


def test_like_members_by_hand() -> None:
    """Two stores, one basket: 100 and 400 are what members bring, twice as much with the good, which the better store sells more."""
    rows = [(store, held, (90 + 20 * (at % 2)) * (4 if store else 1) * (2 if held else 1)) for store, with_, without in ((0, 2, 8), (1, 6, 4))
            for held, times in ((True, with_), (False, without)) for at in range(times)]  # fmt: skip
    members = pl.DataFrame(
        {
            "member_code": range(20),
            "first_store": [row[0] for row in rows],
            "first_amount": [500] * 20,
            "later_amount": [row[2] for row in rows],
        }
    )
    goods = pl.DataFrame({"member_code": [who for who in range(20) if rows[who][1]], "good": ["a"] * 8})
    row = held_or_not(in_strata(members), goods).row(0, named=True)
    assert (row["good"], row["member_count"], row["like_count"], row["alone_count"]) == ("a", 8, 12, 0)
    assert row["ratio"] == pytest.approx(2)  # across stores it would be 650 against 200
    weights = {0: 2 * 8 / 10, 1: 6 * 4 / 10}
    expected = (weights[0] * 100 + weights[1] * 400) / sum(weights.values())
    assert row["expected_mean"] == pytest.approx(expected)
    assert row["later_mean"] == pytest.approx(2 * expected)
    spread = sum(weights[store] * (90 + 20 * 1 - 100) ** 2 * (4 if store else 1) ** 2 * 10 / 9 * 4 for store in (0, 1))
    assert row["error"] == pytest.approx(spread**0.5 / (weights[0] * 100 + weights[1] * 400))
    everybody = pl.DataFrame({"member_code": range(20), "good": ["b"] * 20})
    assert held_or_not(in_strata(members), everybody).is_empty()


def test_members_are_compared_as_closely_as_there_are_enough() -> None:
    count = 61
    members = pl.DataFrame({
        "member_code": range(count), "first_amount": [100] * count, "later_amount": [100] * count,
        "first_store": ["a"] * 40 + ["b"] * 12 + ["c"] * 6 + ["d"] * 2 + [None],
        "first_day": [date(2024, 1, 5)] * 20 + [date(2024, 2, 5)] * 20 + [date(2024, 1 + at % 3, 5) for at in range(12)]
        + [date(2024, 1 + 4 * (at % 2), 5) for at in range(6)] + [date(2024, 1, 5)] * 3,
    })  # fmt: skip
    strata = in_strata(members)
    assert strata.group_by("within", "first_store", maintain_order=True).len().rows() == [
        ("month", "a", 40), ("quarter", "b", 12), ("basket", "c", 6), ("store", "d", 2), (None, None, 1),
    ]  # fmt: skip
    assert strata["stratum"].drop_nulls().n_unique() == 2 + 1 + 1 + 1
