"""The cells of the matrix against their parts, on the tiny shop and on random receipts."""

from __future__ import annotations

import polars as pl
import pytest

from tests.shop import make_workspace, random_lines, random_products, tiny_lines, tiny_products
from toolkit.differentiation.measures.cells import by_level, member_cells, segment_of, segment_where, segments
from toolkit.errors import UnknownName
from toolkit.portrait.traits import traits
from toolkit.scope.view import chosen_members, open_view


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    return make_workspace(tmp_path_factory.mktemp("cells") / "ws", random_lines(1), {"products": random_products()})


def test_cells_are_the_traits_of_the_portrait(shop):
    view = open_view(shop)
    cells = view.population.select("member_code", "member_id").join(member_cells(view), on="member_code", maintain_order="left")
    known = traits(view)
    assert cells.height == view.population.height
    for column, trait in (("sensitivity", "promo_level"), ("power", "spending_power"), ("stage", "stage")):
        assert cells[column].to_list() == known[trait].to_list()
    said = [segment_of(*pair) for pair in cells.select("sensitivity", "power").rows()]
    assert cells["segment"].to_list() == said
    assert cells["segment"].null_count() == 0


def test_each_segment_is_an_audience_and_together_they_are_everybody(shop):
    view = open_view(shop)
    cells = view.population.select("member_code", "member_id").join(member_cells(view), on="member_code")
    seen = []
    for segment in segments():
        ids = view.population.filter(chosen_members(segment_where(segment), view))["member_id"].to_list()
        assert sorted(ids) == sorted(cells.filter(pl.col("segment") == segment)["member_id"])
        seen += ids
    assert sorted(seen) == sorted(view.population["member_id"])


def test_a_shop_without_discounts_has_a_segment_all_the_same(tmp_path):
    ws = make_workspace(tmp_path / "ws", tiny_lines(), {"products": tiny_products()})
    with ws.writing():
        ws.commit(line_columns=("channel",))
    view = open_view(ws)
    cells = member_cells(view)
    assert cells["sensitivity"].null_count() == cells.height == 5
    assert set(cells["segment"]) <= set(segments())
    assert all(text.startswith("sensitivity not measured, power ") for text in cells["segment"])


def test_a_segment_that_does_not_exist_is_named():
    with pytest.raises(UnknownName, match="sensitivity high, power low"):
        segment_where("sensitivity hihg, power low")


def test_segments_stand_by_level_and_not_by_the_alphabet():
    shuffled = sorted([*segments(), "one of their own"])
    assert by_level(pl.DataFrame({"segment": shuffled}))["segment"].to_list() == [*segments(), "one of their own"]
