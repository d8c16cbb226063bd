"""What the reader's language must not change: rows, figures, audiences, and what a call means."""

from __future__ import annotations

import polars as pl
import pytest

from tests.shop import make_workspace
from tests.targeting.pantry import pantry_lines, pantry_products
from toolkit.language import speaking
from toolkit.targeting import attach, core_members, cross_shop, drill, gain_loss, niches, path_members, units_per_order
from toolkit.targeting.niches import _named
from toolkit.workspace import Workspace

FEW = {"scope": {"minimum_members": 1}}


@pytest.fixture(scope="module")
def pantry(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return make_workspace(tmp_path_factory.mktemp("pantry") / "ws", pantry_lines(), {"products": pantry_products()})


@pytest.mark.parametrize(
    ("question", "given"),
    [
        (attach, {"goods": "PASTA"}),
        (core_members, {}),
        (cross_shop, {"first": "PASTA", "second": "WINE", "third": "TEA"}),
        (drill, {"by": "value, channel, order_count", "settings": FEW}),
        (gain_loss, {"by": "category"}),
        (gain_loss, {}),
        (units_per_order, {"by": "store"}),
    ],
)
def test_figures_and_audiences_are_those_of_english(pantry: Workspace, question, given: dict) -> None:
    english = question(pantry, **given)
    with speaking("zh"):
        chinese = question(pantry, **given)
    same = [name for name, dtype in english.table.schema.items() if dtype != pl.String or name == "who"]
    assert chinese.table.select(same).equals(english.table.select(same))
    assert chinese.figures == english.figures
    assert chinese.headline != english.headline


def test_a_row_is_named_in_any_language(pantry: Workspace) -> None:
    with speaking("zh"):
        shown = cross_shop(pantry, of="channel", settings=FEW).table["group"].to_list()
        lists = [cross_shop(pantry, of="channel", members=group, settings=FEW).table for group in shown]
    assert any("仅" in group for group in shown)
    for group, members in zip(shown, lists, strict=True):
        assert cross_shop(pantry, of="channel", members=group, settings=FEW).table.equals(members)
    lost = gain_loss(pantry, members="lost").table
    assert gain_loss(pantry, members="已流失").table.equals(lost)
    with speaking("zh"):
        assert gain_loss(pantry, members="LOST").table.equals(lost)
        assert gain_loss(pantry, by="category", members="增加：pasta").table.height
    stopped = path_members(pantry, second="did not come back").table
    assert path_members(pantry, second="未再回来").table.equals(stopped)


def test_a_niche_of_many_categories_is_named_in_any_language(pantry: Workspace) -> None:
    from toolkit.scope.view import open_view

    view = open_view(pantry)
    codes = view.categories["category_code"].head(6).to_list()
    groups = pl.DataFrame({"group": [0], "category_codes": [codes]})
    with speaking("zh"):
        chinese = _named(view, groups)
    english = _named(view, groups)
    assert english["niche"][0].endswith(" + 2 more")
    assert chinese["niche"][0].endswith(" + 另 2 个")
    assert set(english["known_as"][0]) == {english["niche"][0], chinese["niche"][0]}
    assert niches(pantry).table["niche"].n_unique() == niches(pantry).table.height
