"""Goods for a purpose: every factor against a count by hand, what is left out, and what a shop without a table is told."""

from __future__ import annotations

import math
from datetime import date, timedelta

import polars as pl
import pytest

import toolkit as tk
from tests.shop import AS_OF, make_workspace, random_lines, random_products
from toolkit.differentiation.measures.goods_factors import candidates
from toolkit.differentiation.planning.playbook import PURPOSES
from toolkit.errors import BadValue
from toolkit.scope.period import Period
from toolkit.scope.view import open_view
from toolkit.settings import Settings

OPEN = {
    "scope": {"minimum_members": 1},
    "playbook": {"recent_days": 1, "recent_wait_share": 0.0, "recent_most_share": 1.0},
    "goods": {"minimum_baskets": 5},
}
LINES = random_lines(8, lines=3_000, members=60)
PRODUCTS = random_products().with_columns(
    pl.col("product_id").str.tail(2).cast(pl.Int64).mul(5).alias("unit_cost"),
    pl.when(pl.col("product_id") == "p03").then(AS_OF - timedelta(days=30)).when(pl.col("product_id") == "p04")
    .then(AS_OF - timedelta(days=300)).when(pl.col("product_id") == "p05").then(AS_OF + timedelta(days=9)).alias("launched_on"),
)  # fmt: skip
STOCK = pl.DataFrame(
    [
        ("s1", "p02", AS_OF - timedelta(days=40), 900.0), ("s1", "p02", AS_OF - timedelta(days=9), 12.0), ("s2", "p02", AS_OF, 3.0),
        ("s1", "p03", AS_OF, 0.0), ("s2", "p06", AS_OF + timedelta(days=1), 77.0), ("s2", "p07", AS_OF, 50.0),
    ],
    schema={"store_id": pl.String, "product_id": pl.String, "counted_on": pl.Date, "on_hand": pl.Float64}, orient="row",
)  # fmt: skip


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    return make_workspace(tmp_path_factory.mktemp("goods") / "ws", LINES, {"products": PRODUCTS, "stock": STOCK})


@pytest.fixture(scope="module")
def bare(tmp_path_factory):
    return make_workspace(tmp_path_factory.mktemp("goods") / "bare", LINES, {"products": random_products()})


def goods(ws, **more) -> dict[str, dict]:
    settings = more.pop("settings", OPEN)
    answer = tk.differentiation.goods_for(ws, top=0, settings=settings, **more)
    return {row["goods"]: row for row in answer.table.iter_rows(named=True)}


def window() -> pl.DataFrame:
    days = LINES.filter(pl.col("ordered_at").dt.date() > AS_OF - timedelta(days=365), pl.col("quantity") > 0)
    return days.filter(pl.col("member_id").is_not_null()).join(PRODUCTS, on="product_id")


def test_affinity_by_hand(shop):
    audience = ["m00", "m01", "m02", "m03", "m04", "m05"]
    found = goods(shop, audience=audience)
    bought = window().drop_nulls("category")
    everybody = window()["member_id"].n_unique()
    mine = window().filter(pl.col("member_id").is_in(audience))["member_id"].n_unique()
    for name, row in found.items():
        inside = bought.filter(pl.col("category") == name)
        all_, own = inside["member_id"].n_unique(), inside.filter(pl.col("member_id").is_in(audience))["member_id"].n_unique()
        assert row["buyer_count"] == own
        assert row["affinity_rate"] == pytest.approx((own + 50 * all_ / everybody) / (mine + 50))
        assert row["affinity_index"] == pytest.approx(row["affinity_rate"] / (all_ / everybody))
    assert len(found) == 4


def test_of_few_buyers_nothing_is_said(shop):
    few = OPEN | {"scope": {"minimum_members": 6}}
    rare = window().group_by("member_id").len().sort("len", "member_id").head(6)["member_id"].to_list()
    found = goods(shop, audience=rare, level="product", settings=few)
    shy = [row for row in found.values() if row["buyer_count"] is None]
    assert shy
    assert all(row["buyer_count"] == 0 or row["buyer_count"] >= 6 for row in found.values() if row["buyer_count"] is not None)


def test_recent_share_and_what_is_left_out(shop):
    settings = OPEN | {"playbook": {"recent_days": 30, "recent_wait_share": 0.0, "recent_most_share": 1.0}}
    found = goods(shop, settings=settings)
    last = window().group_by("category", "member_id").agg(pl.col("ordered_at").dt.date().max())
    members = open_view(shop).members.height
    shares = {}
    for name, row in found.items():
        lately = last.filter((pl.col("category") == name) & (pl.col("ordered_at") > AS_OF - timedelta(days=30))).height
        assert row["recent_share"] == pytest.approx(lately / members)
        shares[name] = lately / members
    middle = sorted(shares.values())[1]
    cut = OPEN | {"playbook": {"recent_days": 30, "recent_wait_share": 0.0, "recent_most_share": middle}}
    assert set(goods(shop, settings=cut)) == {name for name, value in shares.items() if value <= middle}


def test_stock_days_count_the_last_count_of_each_store_and_never_a_later_one(shop):
    found = goods(shop, level="product")
    sold = LINES.filter(pl.col("product_id") == "p02", pl.col("ordered_at").dt.date() > AS_OF - timedelta(days=91))["quantity"].sum()
    assert found["p02"]["on_hand_count"] == 15.0
    assert found["p02"]["stock_days"] == pytest.approx(15 / sold * 91)
    assert "p03" not in found  # counted, and nothing there
    assert found["p06"]["on_hand_count"] is None  # counted after the day only
    here = goods(shop, level="product", store_id="s2")
    assert here["p02"]["on_hand_count"] == 3.0
    assert "p02" in goods(shop, level="product", purpose="clear_stock")
    assert set(goods(shop, level="product", purpose="clear_stock")) == {"p02", "p07"}


def test_margin_and_price_by_hand(shop):
    found = goods(shop, level="product")
    lines = LINES.join(PRODUCTS, on="product_id")
    for name in ("p02", "p07"):
        mine = lines.filter(pl.col("product_id") == name)
        amount, units = mine["amount"].sum(), mine["quantity"].sum()
        assert found[name]["margin_share"] == pytest.approx(1 - int(name[1:]) * 5 / 100 * units / amount)
    view = open_view(shop, settings=OPEN)
    usual = view.categories.filter(pl.col("category") == PRODUCTS.filter(pl.col("product_id") == "p07")["category"][0]).row(0, named=True)
    mine = lines.filter(pl.col("product_id") == "p07")
    tier = mine["amount"].sum() * 100 / (mine["quantity"].sum() * 1_000) / (usual["priced_amount"] / usual["priced_units_milli"])
    assert found["p07"]["price_tier_index"] == pytest.approx(tier)
    paid = view.members["priced_amount"].sum() / view.members["expected_amount"].sum()
    assert found["p07"]["price_fit"] == pytest.approx(math.exp(-((math.log(tier / paid) / 0.35) ** 2) / 2))
    step = goods(shop, level="product", purpose="trade_up")
    assert step["p07"]["price_fit"] == pytest.approx(math.exp(-((math.log(tier / (1.2 * paid)) / 0.35) ** 2) / 2))
    assert set(step) <= {f"p{number:02d}" for number in range(10)}  # what is not counted has no price tier


def test_launched_goods(shop):
    found = goods(shop, level="product", purpose="launch", settings=OPEN | {"playbook": {"recent_most_share": 1.0}})
    assert set(found) <= {"p03"}
    view = open_view(shop, settings=OPEN)
    table = candidates(view, Period(view.first_day, view.as_of), "product", price_step=1.0).table
    ids = dict(shop.codes("product").iter_rows())
    ages = {ids[code]: age for code, age in table.select("good", "launched_days").rows()}
    assert (ages["p03"], ages["p04"], ages["p05"], ages["p06"]) == (30.0, 300.0, None, None)


def test_the_score_is_the_weighted_mean_of_places(shop):
    settings = OPEN | {"playbook": OPEN["playbook"] | {"weights": {"add_one_more": {"affinity": 0.5, "margin": 0.3}}}}
    found = goods(shop, settings=settings)
    for row in found.values():
        places = []
        for factor in ("affinity_rate", "margin_share"):
            values = [other[factor] for other in found.values()]
            below, same = sum(value < row[factor] for value in values), sum(value == row[factor] for value in values)
            places.append((below + (same + 1) / 2 - 0.5) / len(values))
        assert row["score"] == pytest.approx((0.5 * places[0] + 0.3 * places[1]) / 0.8)
    assert [row["score"] for row in found.values()] == sorted((row["score"] for row in found.values()), reverse=True)


@pytest.mark.parametrize("purpose", PURPOSES)
@pytest.mark.parametrize("level", ["category", "product"])
def test_a_shop_without_tables_says_what_is_missing_by_name(bare, purpose, level):
    answer = tk.differentiation.goods_for(bare, purpose=purpose, level=level, settings=OPEN)
    said = "\n".join(str(note) for note in answer.notes)
    assert "NOT MEASURED: Margin: the products table has no `unit_cost` column" in said
    assert "NOT MEASURED: Stock: there is no stock table" in said
    assert "NOT MEASURED: Novelty: the products table has no `launched_on` column" in said
    assert ("Price: a category has no price tier" in said) == (level == "category")
    weights = next(str(note) for note in answer.notes if "playbook.weights" in str(note))
    assert "margin" not in weights.split("):")[1]
    turns = {"clear_stock": "stock", "launch": "novelty", "trade_up": "price" if level == "category" else None}.get(purpose)
    assert (f"; {turns}, on which this turns, is not measured" in answer.headline) == (turns is not None)
    assert answer.table["score"].is_between(0, 1).all()
    assert answer.chart is not None


def test_every_purpose_has_weights_that_can_be_changed():
    assert set(Settings().playbook.weights) == set(PURPOSES)
    with pytest.raises(BadValue, match="novelti"):
        open_settings({"launch": {"novelti": 1}})
    with pytest.raises(BadValue, match="one weight above 0"):
        open_settings({"launch": {}})


def open_settings(weights: dict) -> None:
    from toolkit.settings import read_settings

    read_settings({"playbook": {"weights": weights}})


def test_bad_input_and_nothing_left(shop):
    with pytest.raises(BadValue, match="top is -3"):
        tk.differentiation.goods_for(shop, top=-3)
    with pytest.raises(BadValue, match="purpose"):
        tk.differentiation.goods_for(shop, purpose="win back")
    answer = tk.differentiation.goods_for(shop, settings={"scope": {"minimum_members": 1}, "goods": {"minimum_baskets": 5_000}})
    assert "no goods are left" in answer.headline
    assert answer.table.is_empty()


def test_nothing_after_the_day_is_seen(shop):
    early = date(2024, 1, 31)
    view = open_view(shop, as_of=early, settings=OPEN)
    table = candidates(view, Period(view.first_day, early), "product", price_step=1.0).table
    assert table["on_hand_count"].null_count() == table.height
    assert table["launched_days"].drop_nulls().to_list() == [149.0]  # p04; p03 was launched later


def test_what_is_not_known_counts_as_middling_and_does_not_win(tmp_path):
    """Only p02 and p07 have a known margin here, and only p02, p07 a counted stock: the favourites are others."""
    few = ("p02", "p07")
    costs = PRODUCTS.with_columns(pl.when(pl.col("product_id").is_in(few)).then("unit_cost").alias("unit_cost"))
    ws = make_workspace(tmp_path / "ws", LINES, {"products": costs, "stock": STOCK.filter(pl.col("product_id").is_in(few))})
    weights = {"affinity": 0.6, "margin": 0.2, "stock": 0.2}
    settings = OPEN | {"playbook": OPEN["playbook"] | {"weights": {"add_one_more": weights}}}
    answer = tk.differentiation.goods_for(ws, top=0, level="product", settings=settings)
    rows = answer.table.rows(named=True)
    assert rows[0]["goods"] in few
    assert {row["goods"] for row in rows if row["middling"] is None} == set(few)
    assert {row["middling"] for row in rows} == {None, "margin and stock"}
    assert [row["score"] for row in rows] == sorted((row["score"] for row in rows), reverse=True)
    rates = [row["affinity_rate"] for row in rows]
    least = min(rows, key=lambda row: row["affinity_rate"])
    below, same = sum(rate < least["affinity_rate"] for rate in rates), sum(rate == least["affinity_rate"] for rate in rates)
    assert least["goods"] not in few
    assert least["score"] == pytest.approx(0.6 * (below + (same + 1) / 2 - 0.5) / len(rows) + 0.4 * 0.5)
    said = [note for note in answer.notes if "count as middling" in note.text]
    assert [note.text.split(":")[0] for note in said] == ["Margin", "Stock"]
    assert {note.verdict for note in said} == {"REVIEW"}
    # Where of no good all is known, the first one says what is not.
    ws = make_workspace(tmp_path / "none", LINES, {"products": costs, "stock": STOCK.filter(pl.col("product_id") == "p03")
                                                   .with_columns(pl.lit("p05").alias("product_id"), pl.lit(9.0).alias("on_hand"))})  # fmt: skip
    answer = tk.differentiation.goods_for(ws, level="product", settings=settings)
    assert answer.table["middling"].null_count() == 0
    assert "not known" in answer.headline
    assert any("of no good is all known" in note.text for note in answer.notes)
