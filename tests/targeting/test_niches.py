"""targeting.niches: the village's cat lovers hold, a fashion does not, tastes that go together are one group, chance makes none."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from tests.portrait.ladder import ladder_lines, shop_of
from tests.portrait.pictures import spec_of
from tests.portrait.village import village_lines, village_products
from tests.shop import make_workspace
from toolkit.audience import Audience
from toolkit.errors import BadValue, UnknownName
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


def test_a_store_shows_its_own_members(fashion: Workspace) -> None:
    table = niches(fashion, store_id="s1").table
    assert table.filter(niche="CAT FOOD + LITTER")["member_count"].to_list() == [10]
    assert "BEADS" not in table["niche"], "8 members are too few to be shown"


def test_no_taste_no_niche(tmp_path: Path) -> None:
    answer = niches(shop_of(tmp_path, ladder_lines()), settings={"scope": {"minimum_members": 1}})
    assert "no small group" in answer.headline
    assert answer.notes[0].verdict == "NOT MEASURED"
    assert answer.table.is_empty()
