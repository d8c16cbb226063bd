"""Margins, by hand on the tiny shop: milk costs .60, bread 1.50, soap 2.50; fuel, apples and the fee have no known cost."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from tests.shop import AS_OF, make_workspace, tiny_lines, tiny_products
from toolkit.mart.build import ensure_mart
from toolkit.mart.folder import Mart
from toolkit.mart.margins import Margin, category_margins, margin_of, margin_shares_of, product_margins
from toolkit.workspace import Workspace


def shop(path: Path, products: pl.DataFrame | None) -> tuple[Workspace, Mart]:
    ws = make_workspace(path / "ws", tiny_lines(), {} if products is None else {"products": products})
    return ws, ensure_mart(ws, AS_OF)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> tuple[Workspace, Mart]:
    return shop(tmp_path_factory.mktemp("margins"), tiny_products())


def test_products(tiny: tuple[Workspace, Mart]) -> None:
    ws, mart = tiny
    names = ws.codes("product").rename({"code": "product_code", "id": "product_id"})
    found = {row["product_id"]: row for row in product_margins(ws, mart).join(names, on="product_code").iter_rows(named=True)}
    assert set(found) == {"milk", "bread", "soap", "fuel", "apples", "fee"}
    # milk: 2 + 1 + 3 + 1 + 4 + 1 + 1 + 1 = 14 bottles for 14.50
    assert (found["milk"]["amount"], found["milk"]["cost_amount"]) == (1450, 840)
    assert found["milk"]["margin_share"] == pytest.approx(1 - 8.40 / 14.50)
    # bread: 1 + 2 - 1 - 1 = 1 loaf for 3 + 6 - 3 - 3 = 3.00; soap: returns outweigh what was bought
    assert found["bread"]["margin_share"] == pytest.approx(0.5)
    assert [found[name]["margin_share"] for name in ("soap", "fuel", "apples", "fee")] == [None] * 4


def test_categories_and_what_a_group_buys(tiny: tuple[Workspace, Mart]) -> None:
    ws, mart = tiny
    margins = category_margins(ws, mart)
    named = dict(mart.categories.select("category", "category_code").iter_rows())
    dairy = margins.filter(pl.col("category_code") == named["dairy"]).row(0, named=True)
    assert dairy["known_share"] == 1
    assert margins.filter(pl.col("category_code") == named["care"])["margin_share"].to_list() == [None]
    spend = pl.DataFrame(
        {"who": ["a", "a", "b", "c"], "category_code": [named["dairy"], named["bakery"], named["petrol"], named["bakery"]], "amount": [290, 100, 500, -5]},
        schema_overrides={"category_code": pl.UInt32},
    )  # fmt: skip
    groups = margin_shares_of(margins, spend, ["who"])
    milk = 1 - 8.40 / 14.50
    assert groups["margin_share"].to_list() == [pytest.approx((290 * milk + 100 * 0.5) / 390), None, None]
    assert groups["known_share"].to_list() == [1, 0, 0]
    both = margin_of(margins, spend, None)
    assert (both.basis, both.known_share) == ("measured", pytest.approx(385 / 885))  # c returned 5 of bakery
    assert margin_of(margins, spend.filter(pl.col("who") == "b"), 0.3) == Margin(0.3, "assumed", 0.0)
    assert margin_of(margins, spend.clear(), None) == Margin(None, "not known", 0.0)


@pytest.mark.parametrize("products", [None, tiny_products().drop("unit_cost")], ids=["no products table", "no unit_cost"])
def test_no_costs(tmp_path: Path, products: pl.DataFrame | None) -> None:
    ws, mart = shop(tmp_path, products)
    assert product_margins(ws, mart)["margin_share"].null_count() == 6
    assert set(category_margins(ws, mart)["known_share"]) == {0}
