"""Tastes that go together, groups made of them, and the goods that define a group: planted ones found, chance not."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from toolkit.models.niches import defining_goods, group_taste, taste_groups, taste_links


def test_goods_are_chosen_by_one_half_and_measured_by_the_other() -> None:
    rng = np.random.default_rng(2)
    goods = 500
    early, late = rng.poisson(12, goods), rng.poisson(12, goods)
    early[0], late[0] = 40, 41
    counts = pl.DataFrame(
        {"group": 0, "product_code": range(goods), "early_count": early, "late_count": late, "group_size": 100,
         "early_buyers": early + 108, "late_buyers": late + 108}
    )  # fmt: skip
    found = defining_goods(counts, 1000, least=10)
    assert found["product_code"].to_list() == [0]
    assert found["index_late"][0] == pytest.approx((41 / 100) / (108.5 / 901), rel=1e-9)
    assert 2 < found["index_low"][0] < 41 / 12


def test_tastes_are_linked_beyond_chance_only() -> None:
    rng = np.random.default_rng(5)
    rows = [(who, code) for code in range(30) for who in np.flatnonzero(rng.random(3000) < 0.03).tolist()]
    free = pl.DataFrame(rows, schema={"member_code": pl.Int64, "category_code": pl.Int64}, orient="row")
    assert taste_links(free, 3000).height <= 1
    planted = pl.concat([free, pl.DataFrame([(who, code) for who in range(40) for code in (3, 7, 9)], schema=free.schema, orient="row")])
    links = taste_links(planted, 3000)
    assert {(3, 7), (3, 9), (7, 9)} <= set(links.select("first", "second").rows())
    assert [3, 7, 9] in taste_groups(list(range(30)), links)


def test_groups_need_every_link() -> None:
    links = pl.DataFrame({"first": [1, 2], "second": [2, 3], "lift": [9.0, 5.0]})
    assert taste_groups([1, 2, 3, 4], links) == [[1, 2], [3], [4]]
    assert taste_groups([], links) == []


def test_group_taste_adds_the_categories() -> None:
    counts = pl.DataFrame(
        {"member_code": [1, 1, 1, 2, 2], "category_code": [1, 2, 3, 1, 3], "day_count": [6, 4, 0, 2, 8]},
        schema={"member_code": pl.UInt32, "category_code": pl.UInt32, "day_count": pl.Int64},
    )
    groups = pl.DataFrame({"group": [0, 0], "category_code": [1, 2]}, schema={"group": pl.UInt32, "category_code": pl.UInt32})
    taste = group_taste(counts, groups, prior=2, confidence=0.95)
    assert taste["day_count"].to_list() == [10, 2]
    assert taste["expected_days"].to_list() == pytest.approx([6, 6])  # 12 of 20 category days are of the group
    assert taste["category_count"].to_list() == [2, 0]
    assert taste["index_low"][0] > taste["index_low"][1]
