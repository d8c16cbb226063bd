"""Goods that go together, what is attached to them, and who they are for: on a shop in which the truth is known."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from tests.portrait.pictures import axis_titles, spec_of
from tests.shop import AS_OF, make_workspace, random_lines, random_products, tiny_lines, tiny_products
from tests.targeting.pantry import pantry_lines, pantry_products
from toolkit.errors import BadValue, UnknownName
from toolkit.mart.baskets import read_baskets
from toolkit.mart.build import ensure_mart
from toolkit.scope.view import open_view
from toolkit.targeting.assortment import MAY_GO, STAYS, UNKNOWN, assortment
from toolkit.targeting.attach import attach
from toolkit.targeting.bought_together import bought_together, liked_together
from toolkit.targeting.core import core_goods, core_members
from toolkit.targeting.cross_shop import cross_shop
from toolkit.targeting.decision_tree import decision_tree
from toolkit.targeting.distribution import distribution
from toolkit.targeting.heavy_light import heavy_light
from toolkit.targeting.measures.goods import good_or_most_bought
from toolkit.targeting.new_product import new_product
from toolkit.targeting.revenue_tree import revenue_tree
from toolkit.targeting.switching import OTHERS, switching
from toolkit.targeting.units_per_order import units_per_order
from toolkit.workspace import Workspace

FEW = {"scope": {"minimum_members": 1}}


@pytest.fixture(scope="module")
def pantry(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return make_workspace(tmp_path_factory.mktemp("pantry") / "ws", pantry_lines(), {"products": pantry_products()})


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return make_workspace(tmp_path_factory.mktemp("tiny") / "ws", tiny_lines(), {"products": tiny_products()})


def pairs_of(table: pl.DataFrame) -> set[frozenset[str]]:
    return {frozenset(row) for row in table.select("goods", "goes_with").iter_rows()}


# -- baskets -----------------------------------------------------------------------------------------------------------------------------


def test_baskets_hold_what_was_bought(tiny: Workspace) -> None:
    products = dict(tiny.codes("product").iter_rows())
    held = {}
    for part in read_baskets(tiny, ensure_mart(tiny, AS_OF)):
        goods = part.goods.join(part.orders.with_row_index("order"), on="order")
        for row in goods.iter_rows(named=True):
            key = (row["member_code"], row["ordered_at"], row["store_code"])
            held.setdefault(key, []).append((products[row["product_code"]], row["amount"], row["is_bought"]))
    assert sum(len(goods) for goods in held.values()) == 17  # the two milk lines of n1 are one good
    flat = sorted(good for goods in held.values() for good in goods)
    assert ("milk", 200, True) in flat
    assert ("fee", 200, False) in flat  # no quantity
    assert [good for good in flat if good[0] == "soap"] == [("soap", -1200, False), ("soap", -600, False), ("soap", 400, True)]


def test_baskets_are_the_same_however_lines_are_kept(tmp_path: Path) -> None:
    def table(ws: Workspace) -> pl.DataFrame:
        answer = bought_together(
            ws, settings={**FEW, "goods": {"minimum_both": 1, "minimum_baskets": 5, "false_share": 0.5}}, level="product"
        )
        return answer.table

    lines = random_lines(5, lines=4000)
    one = make_workspace(tmp_path / "one", lines, {"products": random_products()})
    other = make_workspace(
        tmp_path / "other", lines.sample(fraction=1, shuffle=True, seed=1), {"products": random_products()}, partitions=5, files=3
    )
    assert table(one).equals(table(other))


# -- together ----------------------------------------------------------------------------------------------------------------------------


def test_what_was_planted_is_found_and_nothing_else(pantry: Workspace) -> None:
    answer = bought_together(pantry)
    assert pairs_of(answer.table) == {frozenset(("PASTA", "SAUCE"))}
    row = answer.table.row(0, named=True)
    assert row["together_index_low"] > 1.5
    assert row["both_count"] > 800
    assert row["buyer_count"] == 150
    assert "PASTA with SAUCE" in answer.headline
    assert "orders" in answer.headline
    assert "Times as often as by chance" in axis_titles(spec_of(answer))


def test_a_good_in_every_order_goes_with_nothing(pantry: Workspace) -> None:
    assert "nothing goes with SALT" in bought_together(pantry, goods="salt").headline
    verdicts = attach(pantry, goods="SALT").table
    assert set(verdicts["verdict"]) == {"as by chance"}


def test_wine_is_a_taste_of_members_and_not_of_baskets(pantry: Workspace) -> None:
    liked = liked_together(pantry)
    assert frozenset(("PASTA", "WINE")) not in pairs_of(liked.table)
    assert "members" in liked.headline


def test_a_trade_purchase_is_left_out_and_said_so(pantry: Workspace) -> None:
    answer = bought_together(pantry, level="product")
    assert any("3 orders with more than 150 different products" in str(note) for note in answer.notes)
    assert not any("bulk" in name for pair in pairs_of(answer.table) for name in pair)


@pytest.mark.parametrize("scope", [{"store_id": "s1"}, {"audience": "order_count > 30"}, {"period": "182d"}])
def test_scopes(pantry: Workspace, scope: dict) -> None:
    assert frozenset(("PASTA", "SAUCE")) in pairs_of(bought_together(pantry, **scope).table)
    assert bought_together(pantry, **scope).figures["pair_count"] >= 1


def test_a_second_call_reads_what_was_kept(pantry: Workspace) -> None:
    assert bought_together(pantry).table.equals(bought_together(pantry).table)
    assert bought_together(pantry, settings={"goods": {"minimum_baskets": 5000}}).table.is_empty()


def test_names_that_are_not_there(pantry: Workspace) -> None:
    with pytest.raises(UnknownName, match="did you mean 'PASTA'"):
        bought_together(pantry, goods="PASTTA")
    with pytest.raises(UnknownName, match="renamed has its new name alone"):
        attach(pantry, goods="noodles")
    with pytest.raises(BadValue, match=r"500 products are called 'Bulk'\. Give a product_id: bulk000"):
        bought_together(pantry, goods="Bulk")
    assert bought_together(pantry, goods="yog-a1").table.is_empty()


def test_a_renamed_category_is_known_by_its_new_name(tmp_path: Path) -> None:
    products = pantry_products().with_columns(pl.col("category").replace("SAUCE", "SAUCES & DIPS"))
    ws = make_workspace(tmp_path / "ws", pantry_lines(), {"products": products})
    assert pairs_of(bought_together(ws).table) == {frozenset(("PASTA", "SAUCES & DIPS"))}
    with pytest.raises(UnknownName, match="did you mean 'SAUCES & DIPS'"):
        bought_together(ws, goods="SAUCES AND DIP")
    with pytest.raises(UnknownName, match="one that was renamed"):
        bought_together(ws, goods="SAUCE")


def test_too_little_to_tell(tiny: Workspace) -> None:
    answer = bought_together(tiny, settings=FEW)
    assert "too little to tell" in answer.headline
    assert answer.notes[-1].verdict == "NOT MEASURED"
    assert answer.chart is None
    assert liked_together(tiny, settings=FEW, period="2024-04-01..2024-04-02").table.is_empty()


# -- attach ------------------------------------------------------------------------------------------------------------------------------


def test_attach_rates_count_orders(pantry: Workspace) -> None:
    lines = pantry_lines().filter(pl.col("member_id").is_null() | (pl.col("member_id") != "caterer"))
    orders = lines.group_by("order_id").agg(pl.col("product_id").unique().alias("held"))
    with_pasta = orders.filter(pl.col("held").list.contains("pasta"))
    both = with_pasta.filter(pl.col("held").list.contains("sauce")).height
    row = attach(pantry, goods="pasta", with_goods="sauce").table.row(0, named=True)
    assert (row["order_count"], row["both_count"]) == (with_pasta.height, both)
    assert row["attach_rate"] == pytest.approx(both / with_pasta.height)
    assert row["attach_rate_low"] < row["attach_rate"] < row["attach_rate_high"]
    assert row["expected_rate"] < 0.35
    assert row["verdict"] == "more often than by chance"


def test_attach_headline_and_chart(pantry: Workspace) -> None:
    answer = attach(pantry, goods="PASTA")
    assert "hold SAUCE too" in answer.headline
    assert answer.table["goods"][0] == "SALT"
    assert spec_of(answer)


def test_attach_from_whom(pantry: Workspace) -> None:
    answer = attach(pantry, goods="PASTA", by="segment")
    assert answer.table["order_count"].sum() > 1500
    assert "SAUCE" in answer.headline
    assert answer.table["both_count"].sum() / answer.table["order_count"].sum() == pytest.approx(answer.figures["attach_rate"], abs=0.02)  # type: ignore[operator]
    assert spec_of(answer)


def test_attach_refuses_what_makes_no_sense(pantry: Workspace) -> None:
    with pytest.raises(BadValue, match="a category and 'yog-a1' a product"):
        attach(pantry, goods="PASTA", with_goods="yog-a1")
    with pytest.raises(BadValue, match="two different goods"):
        attach(pantry, goods="PASTA", with_goods="pasta".upper())
    few = attach(pantry, goods="BULK 01")
    assert "too few people bought BULK 01" in few.headline
    assert few.notes[0].verdict == "NOT MEASURED"


# -- units per order ---------------------------------------------------------------------------------------------------------------------


def test_units_are_those_of_counted_goods(tiny: Workspace) -> None:
    # The quarter to 30 June: a5 (soap, 3 milk), b1 (fuel is not counted, 1 milk), d1 (apples by weight, a fee), e1 4, e2 1, n1 2 of milk.
    table = units_per_order(tiny, settings=FEW).table
    assert table.select("group", "order_count", "units_per_order").rows() == [
        ("all orders", 6, pytest.approx(12 / 6)),
        ("members", 5, pytest.approx(10 / 5)),
        ("non-members", 1, 2.0),
    ]
    assert table["orders_before"].to_list() == [3, 3, None]  # a1, a2 and a3; a4 is a return


def test_units_against_the_period_before(pantry: Workspace) -> None:
    answer = units_per_order(pantry, by="store")
    assert answer.table["group"].to_list()[0] == "all orders"
    assert set(answer.table["group"][1:]) == {"s1", "s2"}
    assert answer.table["verdict"][1] == "no clear change"
    assert "units" in answer.headline
    assert spec_of(answer)
    hours = units_per_order(pantry, by="hour").table
    assert hours["group"].to_list() == ["all orders", "12:00"]
    assert units_per_order(pantry, by="segment").table["order_count"][1:].sum() <= hours["order_count"][0]


def test_units_before_the_receipts_are_not_measured(pantry: Workspace) -> None:
    answer = units_per_order(pantry, period="300d")
    assert answer.table["units_per_order_before"].null_count() == answer.table.height
    assert any(note.verdict == "NOT MEASURED" for note in answer.notes)


def test_goods_by_weight_alone_have_no_units(tmp_path: Path) -> None:
    lines = random_lines(1, lines=300).with_columns(pl.lit(0.375).alias("quantity"))
    answer = units_per_order(make_workspace(tmp_path / "ws", lines))
    assert "not measured" in answer.headline
    assert answer.table.is_empty()


# -- cross-shopping ----------------------------------------------------------------------------------------------------------------------


def test_members_across_channels(pantry: Workspace) -> None:
    answer = cross_shop(pantry, of="channel", settings=FEW)
    assert answer.table["member_count"].sum() == 152
    assert "152 members" in answer.headline
    both = answer.table.filter(pl.col("group").str.starts_with("both"))
    assert both["member_count"][0] == 150
    assert spec_of(answer)


def test_every_member_is_in_one_combination(pantry: Workspace) -> None:
    answer = cross_shop(pantry, first="WINE", second="PASTA", third="TEA", period="28d", settings=FEW)
    lines = pantry_lines().filter(
        pl.col("member_id").is_not_null() & (pl.col("ordered_at").dt.date() > pl.lit(AS_OF) - pl.duration(days=28))
    )
    held = lines.filter(pl.col("product_id").is_in(["wine", "pasta", "tea"])).group_by("member_id").agg(pl.col("product_id").unique())
    assert answer.table["member_count"].sum() == held.height
    alone = held.filter((pl.col("product_id").list.len() == 1) & pl.col("product_id").list.contains("wine")).height
    assert answer.table.row(0, named=True)["group"] == "WINE only"
    assert answer.table["member_count"][0] == alone
    spent = lines.join(held, on="member_id", how="semi")["amount"].sum()
    assert answer.table["sales"].sum() == pytest.approx(spent)
    assert answer.table["sales_share"].sum() == pytest.approx(1)


def test_a_small_combination_cannot_be_found_from_the_others(pantry: Workspace) -> None:
    answer = cross_shop(pantry, of="channel")
    assert answer.table["member_count"].min() >= 10 or answer.table["member_count"].min() == 0  # type: ignore[operator]
    assert "other combinations" in answer.table["group"].to_list()
    assert answer.figures == {}


def test_cross_shopping_refuses_and_says_so(pantry: Workspace, tiny: Workspace) -> None:
    with pytest.raises(BadValue, match="but one came"):
        cross_shop(pantry, first="WINE")
    with pytest.raises(BadValue, match="not all different"):
        cross_shop(pantry, first="WINE", second="wine")
    with pytest.raises(UnknownName, match="no store 's3'"):
        cross_shop(pantry, of="store", first="s1", second="s3")
    assert "nothing to overlap" in cross_shop(pantry, of="store", store_id="s1").headline
    assert "fewer than the 4" in cross_shop(tiny, first="dairy", second="care", settings={"scope": {"minimum_members": 4}}).headline


def test_no_channels(tmp_path: Path) -> None:
    ws = make_workspace(tmp_path / "ws", pantry_lines().drop("channel").with_columns(pl.lit(None, pl.String).alias("channel")).head(2000))
    assert cross_shop(ws, of="channel").table.is_empty()


# -- core --------------------------------------------------------------------------------------------------------------------------------


def test_core_members_are_heavy_and_steady(pantry: Workspace) -> None:
    answer = core_members(pantry)
    core = answer.table.row(0, named=True)
    assert core["member_count"] in (30, 31)  # the caterer is heavy, but came in two months
    assert core["months_share"] > 0.9
    assert answer.table["member_count"].sum() == 152
    assert answer.table["sales_share"].sum() == pytest.approx(1)
    assert "core members" in answer.headline
    assert spec_of(answer)


def test_core_goods_are_what_sets_them_apart(pantry: Workspace) -> None:
    answer = core_goods(pantry)
    assert answer.table.filter("is_core_good")["goods"].to_list() == ["WINE"]
    wine = answer.table.row(0, named=True)
    assert wine["core_index_low"] > 3
    assert wine["penetration_rate"] == 1.0
    assert wine["repeat_rate"] == 1.0
    assert wine["core_sales_share"] > 0.7
    salt = answer.table.filter(pl.col("goods") == "SALT").row(0, named=True)
    assert salt["core_index"] == pytest.approx(1, abs=0.15)
    assert "WINE" in answer.headline
    assert spec_of(answer)


def test_a_window_too_short_for_steady(pantry: Workspace) -> None:
    for ask in (core_members, core_goods):
        assert "not measured" in ask(pantry, period="56d").headline


def test_the_window_starts_with_the_receipts(pantry: Workspace) -> None:
    assert "from 2023-07-09 to 2023-09-30" in bought_together(pantry, as_of="2023-09-30").headline


def test_no_core(tiny: Workspace) -> None:
    answer = core_goods(tiny, settings=FEW)
    assert answer.notes[0].verdict == "NOT MEASURED"
    assert "fewer than" in core_members(tiny, settings={"scope": {"minimum_members": 4}}).headline


# -- substitutes -------------------------------------------------------------------------------------------------------------------------


def test_sales_by_members_frequency_units_and_price_add_up(pantry: Workspace) -> None:
    answer = revenue_tree(pantry, period="170d", settings=FEW)
    parts = pl.sum_horizontal("members_sales", "frequency_sales", "units_sales", "price_sales", "non_member_sales")
    assert answer.table.select((parts - pl.col("change_sales")).abs().max()).item() < 0.001
    assert answer.table["change_sales"][0] == pytest.approx(answer.table["change_sales"].tail(-1).sum(), abs=0.001)
    assert answer.table.filter(pl.col("category") == "CHEESE")["units_index"].to_list() == [None]  # by weight
    assert "receipts start" in revenue_tree(pantry, period="300d").headline


def test_heavy_buyers_hold_half_and_are_held_against_what_sorting_makes(pantry: Workspace) -> None:
    table = heavy_light(pantry, period="170d").table
    wine = table.row(by_predicate=pl.col("goods") == "WINE", named=True)
    assert wine["heavy_count"] < 30  # the first thirty take it tenfold and spend twice as much
    assert wine["still_share"] > 0.5
    tea = table.row(by_predicate=pl.col("goods") == "TEA", named=True)
    assert tea["heavy_change"] < -0.1
    assert tea["heavy_change"] == pytest.approx(tea["expected_change"], abs=0.15)


def test_a_good_that_a_store_does_not_sell_is_missing_there(pantry: Workspace, tmp_path: Path) -> None:
    assert "2 stores sold something" in distribution(pantry).headline
    lines = pantry_lines().with_columns(
        pl.format("s{}", pl.col("member_id").str.slice(1, 3).str.to_integer(strict=False).fill_null(0) % 4).alias("store_id")
    )
    table = distribution(make_workspace(tmp_path / "ws", lines, {"products": pantry_products()}), period="300d").table
    missing = table.filter(pl.col("verdict") == "missing in some stores")
    # A member has two yoghurts of the four by their number, as a store has here.
    assert set(missing["category"]) == {"YOGHURT"}
    assert missing.select("missing_count", "store_count", "store_share").unique().rows() == [(2, 2, 0.5)]


def test_a_new_product_is_told_week_by_week_and_an_old_one_is_not_new(pantry: Workspace) -> None:
    assert "too near the first" in new_product(pantry, good="yog-a1").headline
    assert "no product is new" in new_product(pantry).headline


def test_what_was_switched_adds_up_to_the_change_of_each_good(pantry: Workspace) -> None:
    answer = switching(pantry, category="yoghurt", against="year", period="170d")
    assert "receipts start" in answer.headline
    answer = switching(pantry, category="yoghurt", period="170d")
    parts = [name for name in answer.table.columns if name.endswith("_sales") and name not in ("change_sales", "net_sales")]
    for row in answer.table.iter_rows(named=True):
        assert sum(row[name] or 0 for name in parts) == pytest.approx(row["change_sales"], abs=0.001)
    assert set(answer.table["verdict"]) == {"no more than chance"}
    assert any("season is inside" in note.text for note in answer.notes)
    good = answer.table["goods"][0]
    of_good = switching(pantry, category="yoghurt", period="170d", good=good)
    assert of_good.table["part_sales"].sum() == pytest.approx(answer.table["change_sales"][0], abs=0.001)
    assert OTHERS not in of_good.table["part"]
    assert spec_of(of_good)["title"]["text"].startswith("What changed")


def test_substitutes_are_found(pantry: Workspace) -> None:
    answer = decision_tree(pantry, category="yoghurt")
    groups = dict(answer.table.select("goods", "group").iter_rows())
    found = {name[-7:-1]: group for name, group in groups.items()}
    assert found["yog-a1"] == found["yog-a2"] != found["yog-b1"] == found["yog-b2"]
    assert set(answer.table["verdict"]) == {"more often than by chance"}
    assert answer.notes[0].verdict == "PASS"
    assert answer.figures["agreement_of_halves"] == 1
    assert spec_of(answer)


def test_substitutes_that_are_not_measured(pantry: Workspace) -> None:
    assert "too little to tell" in decision_tree(pantry, category="WINE").headline
    assert "too little to tell" in decision_tree(pantry, category="YOGHURT", by="brand").headline
    assert "too little to tell" in decision_tree(pantry, category="YOGHURT", period="2019-01-01..2019-01-02").headline
    with pytest.raises(BadValue, match="a category was needed"):
        decision_tree(pantry, category="yog-a1")


def test_attach_where_only_one_good_was_sold(tmp_path: Path) -> None:
    lines = pantry_lines().filter(pl.col("product_id") == "tea")
    ws = make_workspace(tmp_path / "ws", lines, {"products": pantry_products()})
    for by in ("goods", "segment"):
        answer = attach(ws, goods="TEA", by=by)
        assert "nothing else" in answer.headline
        assert answer.notes[-1].verdict == "NOT MEASURED"
    assert "too little to tell" in bought_together(ws).headline


def test_without_a_name_the_category_in_most_orders_is_meant(pantry: Workspace) -> None:
    view = open_view(pantry)
    most = view.categories.sort(["order_count", "category"], descending=[True, False])["category"]
    assert good_or_most_bought(view, "", "x").label == most[0]
    assert good_or_most_bought(view, str(most[1]), "x").label == most[1]
    assert attach(pantry).table.equals(attach(pantry, goods=most[0]).table)


def test_cross_shopping_without_categories_is_said_by_name(tmp_path: Path) -> None:
    answer = cross_shop(make_workspace(tmp_path / "ws", tiny_lines(), {}), settings=FEW)
    assert "no good has a category" in answer.headline
    assert [note.verdict for note in answer.notes] == ["NOT MEASURED"]
    assert "no `category` column" in answer.notes[0].text


# -- assortment --------------------------------------------------------------------------------------------------------------------------


def test_of_goods_that_stand_in_for_each_other_one_may_go(pantry: Workspace) -> None:
    answer = assortment(pantry, category="yoghurt")
    verdicts = dict(answer.table.select("goods", "verdict").iter_rows())
    for pair in "ab":
        assert sorted(verdicts[f"Yoghurt (yog-{pair}{one})"] for one in (1, 2)) == sorted((MAY_GO, STAYS))
    row = answer.table.filter(pl.col("goods").str.contains("yog-a")).row(0, named=True)
    assert "yog-a" in row["stand_ins"]
    assert row["alone_share_high"] <= 0.25
    assert row["risk_sales"] < 0.1 * row["sales"]
    assert answer.figures == {"may_go_count": 2.0, "keep_count": 0.0}
    assert any("in some stores" in str(note) and note.verdict == "REVIEW" for note in answer.notes)
    assert "Would take nothing else" in axis_titles(spec_of(answer))


def test_assortment_of_too_few_says_so(pantry: Workspace) -> None:
    assert "fewer than two were bought" in assortment(pantry, category="salt").headline
    few = assortment(pantry, category="yoghurt", period="28d")
    assert set(few.table["verdict"]) <= {UNKNOWN}
    assert few.figures["may_go_count"] == 0
    with pytest.raises(BadValue, match="a category was needed"):
        assortment(pantry, category="yog-a1")
