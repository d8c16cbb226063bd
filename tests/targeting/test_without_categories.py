"""A shop whose goods have no categories: what compares goods compares products and says so; what rests on categories says what is missing."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl
import pytest

import toolkit as tk
from benchmarks.strange_shops import StrangeShop, imported, strange_shop
from toolkit.registry import find_question
from toolkit.workspace import Workspace

AS_OF = date(2024, 9, 30)
SAID = "The shop's goods have no categories"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """The steady shop; every third order holds P1 with P2 beside its own good, another third any two goods."""
    plain = strange_shop("steady", members=400)
    number = pl.col("order").str.slice(1).cast(pl.Int64)
    third, other = (plain.lines.filter(number % 3 == rest) for rest in (0, 1))
    beside = [third.with_columns(sku=pl.lit(name), amount=pl.lit(price)) for name, price in (("P1", 3.5), ("P2", 1.25))]
    mixed = [other.with_columns(sku=pl.format("P{}", 3 + number * step % 37), amount=pl.lit(2.4 + step)) for step in (1, 5)]
    lines = pl.concat([plain.lines, *beside, *mixed])
    return imported(
        StrangeShop("no categories", lines, plain.first_day),
        tmp_path_factory.mktemp("shop"),
        as_of=AS_OF,
        first_day=AS_OF - timedelta(days=500),
    )


@pytest.mark.parametrize("name", ["bought_together", "liked_together", "entry_goods", "due_again"])
def test_products_stand_for_categories(shop: Workspace, name: str) -> None:
    answer = find_question(f"targeting.{name}")(shop)
    assert any(f"{SAID}: products are compared instead." in str(note) for note in answer.notes)
    assert "of 0 orders" not in answer.headline


def test_pairs_and_attach_are_those_of_products(shop: Workspace) -> None:
    pairs = tk.targeting.bought_together(shop)
    assert pairs.table.select("goods", "goes_with").row(0) == ("P1", "P2")
    assert pairs.table.equals(tk.targeting.bought_together(shop, level="product").table)
    attach = tk.targeting.attach(shop)
    assert "orders with P1 hold P2 too" in attach.headline or "orders with P2 hold P1 too" in attach.headline
    assert tk.differentiation.goods_for(shop).table.height > 2


@pytest.mark.parametrize("name", ["targeting.niches", "portrait.personas", "differentiation.next_best"])
def test_what_rests_on_categories_says_so(shop: Workspace, name: str) -> None:
    notes = [note for note in find_question(name)(shop).notes if SAID in str(note)]
    assert [note.verdict for note in notes] == ["NOT MEASURED"]
    assert "no good has a category" in tk.targeting.cross_shop(shop).headline


def test_a_choice_between_goods_of_a_category_says_that_there_is_none(shop: Workspace) -> None:
    for question in (tk.targeting.decision_tree, tk.targeting.switching):
        answer = question(shop)
        assert answer.table.is_empty()
        assert "no good has a category" in answer.headline
