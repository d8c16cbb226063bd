"""targeting.niches: the village's cat lovers hold, a fashion does not, tastes that go together are one group, chance makes none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from tests.portrait.ladder import ladder_lines, shop_of
from tests.portrait.pictures import spec_of
from tests.portrait.village import village_lines, village_products
from tests.shop import make_workspace
from toolkit.audience import Audience
from toolkit.errors import BadValue, UnknownName
from toolkit.models.niches import defining_goods, group_taste, taste_groups, taste_links
from toolkit.targeting.niches import niches
from toolkit.workspace import Workspace


@pytest.fixture(scope="module")
def fashion(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """The village, where cat lovers buy litter on every other visit too, and v120-v134 bought beads on every visit of the first half."""
    lines = village_lines()
    middle = lines["ordered_at"].min() + (lines["ordered_at"].max() - lines["ordered_at"].min()) / 2
    once = lines.unique("order_id", keep="first", maintain_order=True)
    fans = [f"v{who}" for who in range(120, 135)]
    beads = once.filter(pl.col("member_id").is_in(fans), pl.col("ordered_at") < middle).with_columns(pl.lit("beads").alias("product_id"))
    cats = [f"v{who:03d}" for who in range(20)]
    litter = once.filter(pl.col("member_id").is_in(cats)).gather_every(2).with_columns(pl.lit("litter").alias("product_id"))
    goods = pl.DataFrame({"product_id": ["beads", "litter"], "category": ["BEADS", "LITTER"], "counted": [True, True]})
    products = pl.concat([village_products(), goods])
    return make_workspace(tmp_path_factory.mktemp("fashion") / "ws", pl.concat([lines, beads, litter]), {"products": products})


def test_cat_lovers_hold_and_beads_do_not(fashion: Workspace) -> None:
    answer = niches(fashion)
    rows = {row["niche"]: row for row in answer.table.iter_rows(named=True)}
    cats = rows["CAT FOOD + LITTER"]
    assert (cats["status"], cats["member_count"], cats["category_count"]) == ("stable", 20, 2)
    assert cats["held_share"] == 1
    assert cats["taste_index"] > 5
    assert 0 < cats["spend"] < cats["sales"] * 10
    beads = rows["BEADS"]
    assert (beads["status"], beads["held_share"], beads["member_count"]) == ("not stable", 0, 15)
    assert beads["member_change"] == -1
    assert "the strongest is CAT FOOD + LITTER: 20 members" in answer.headline
    shown = next(str(note) for note in answer.notes if "may not last" in str(note))
    assert "BEADS" in shown
    assert "0.0% show the taste in the other" in shown
    assert any("never tell a member" in str(note) for note in answer.notes)
    assert spec_of(answer)["title"]["text"] == "Do niches hold? the chain"


def test_members_of_a_niche_and_a_wrong_name(fashion: Workspace) -> None:
    answer = niches(fashion, niche="CAT FOOD + LITTER")
    assert sorted(answer.table["member_id"]) == [f"v{who:03d}" for who in range(20)]
    assert answer.table["taste_index_low"].is_sorted(descending=True)
    with pytest.raises(UnknownName, match="CAT FOOD"):
        niches(fashion, niche="CAT FOOD + LITER")


def test_products_of_a_niche(fashion: Workspace) -> None:
    answer = niches(fashion, niche="cat food + litter", show="product")
    rows = {row["product"]: row for row in answer.table.iter_rows(named=True)}
    litter = rows["litter"]
    assert (litter["category"], litter["in_niche"], litter["late_count"], litter["penetration_rate"]) == ("LITTER", True, 20, 1.0)
    assert litter["other_penetration_rate"] == 0
    assert litter["goods_index_low"] > 5
    assert "beads" not in rows
    assert "products define the niche CAT FOOD + LITTER (stable)" in answer.headline
    beads = niches(fashion, niche="BEADS", show="product").table.row(0, named=True)
    assert (beads["product"], beads["late_count"], beads["goods_index_low"]) == ("beads", 0, 0)
    with pytest.raises(BadValue, match="the products of which niche"):
        niches(fashion, show="product")


def test_members_as_an_audience(fashion: Workspace) -> None:
    answer = niches(fashion, niche="CAT FOOD + LITTER", top=0)
    assert len(Audience.from_answer("cats", answer).member_ids or ()) == 20
    with pytest.raises(BadValue, match="lists 3 of 20 members"):
        Audience.from_answer("cats", niches(fashion, niche="CAT FOOD + LITTER", top=3))


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


def test_a_store_shows_its_own_members(fashion: Workspace) -> None:
    table = niches(fashion, store_id="s1").table
    assert table.filter(niche="CAT FOOD + LITTER")["member_count"].to_list() == [10]
    assert "BEADS" not in table["niche"], "8 members are too few to be shown"


def test_no_taste_no_niche(tmp_path: Path) -> None:
    answer = niches(shop_of(tmp_path, ladder_lines()), settings={"scope": {"minimum_members": 1}})
    assert "no small group" in answer.headline
    assert answer.notes[0].verdict == "NOT MEASURED"
    assert answer.table.is_empty()


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
