"""One to one: what is offered is not what was just bought, and beats what is popular; one row a member, in any order of the lines."""

from __future__ import annotations

import math
from datetime import timedelta

import numpy as np
import polars as pl
import pytest

import toolkit as tk
from benchmarks.truth_differentiation import goods_hits
from tests.shop import AS_OF, make_workspace, random_lines, random_products, tiny_lines, tiny_products
from toolkit.differentiation.measures import tastes
from toolkit.differentiation.measures.next_goods import next_goods
from toolkit.errors import BadValue, UnknownName
from toolkit.scope.view import open_view

FEW = {"scope": {"minimum_members": 1}}


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    return make_workspace(tmp_path_factory.mktemp("next") / "ws", random_lines(5, members=40), {"products": random_products()})


def bought(lines: pl.DataFrame) -> pl.DataFrame:
    """Member, category, and the days on which it was bought, by hand."""
    return (
        lines.filter(pl.col("member_id").is_not_null() & (pl.col("quantity") > 0))
        .join(random_products(), on="product_id")
        .drop_nulls("category")
        .group_by("member_id", "category")
        .agg(pl.col("ordered_at").dt.date().unique().alias("days"))
    )


def test_one_row_a_member_and_nothing_just_bought(shop):
    table = tk.differentiation.next_best(shop, top=0, settings=FEW).table
    view = open_view(shop)
    assert sorted(table["member_id"]) == view.population["member_id"].to_list()
    days = {(member, category): when for member, category, when in bought(random_lines(5, members=40)).rows()}
    for row in table.iter_rows(named=True):
        for goods in (row["goods"], row["second_goods"]):
            when = days.get((row["member_id"], goods), [])
            assert all(AS_OF - day >= timedelta(days=28) for day in when), (row, when)
        assert row["new_goods"] is None or (row["member_id"], row["new_goods"]) not in days
        assert row["goods"] is None or row["goods"] != row["second_goods"]


def test_the_probability_by_hand(shop):
    view = open_view(shop)
    held = bought(random_lines(5, members=40)).with_columns(pl.col("days").list.len().alias("x"))
    total, by_category = held["x"].sum(), dict(held.group_by("category").agg(pl.col("x").sum()).rows())
    names = dict(view.categories.select("category_code", "category").rows())
    rows = next_goods(view).filter((pl.col("slot") == "1") & ~pl.col("is_due")).join(view.population, on="member_code")
    assert rows.height > 5
    for row in rows.head(12).iter_rows(named=True):
        mine = {category: (x, max(days)) for member, category, days, x in held.rows() if member == row["member_id"]}
        name = names[row["category_code"]]
        x = mine.get(name, (0, None))[0]
        expected = sum(count for count, _ in mine.values()) * by_category[name] / total
        known = max((AS_OF - row["first_ordered_on"]).days + 1, 28)
        pace = (row["day_count_91d"] / min(known, 91) + row["day_count_right"] / known / 2) / 1.5
        missed = (2 + x) / (2 + expected) * expected * min((AS_OF - mine[name][1]).days, known) / known if x else 0
        ahead = expected * pace * 91 / row["day_count_right"] / (1 + 0.05 * missed)
        wanted = 0.95 * (1 - ((2 + expected) / (2 + expected + ahead)) ** (2 + x))
        assert math.isclose(row["purchase_probability"], wanted, rel_tol=1e-9), row


def test_neither_order_of_lines_nor_partitions_nor_batches_matter(tmp_path, shop, monkeypatch):
    lines = random_lines(5, members=40).sample(fraction=1, shuffle=True, seed=3)
    other = make_workspace(tmp_path / "ws", lines, {"products": random_products()}, partitions=5)
    wanted = tk.differentiation.next_best(shop, top=0, settings=FEW).table
    monkeypatch.setattr(tastes, "CELLS_AT_ONCE", 12)  # batches of a few members
    assert tk.differentiation.next_best(other, top=0, settings=FEW).table.equals(wanted)


def test_one_member_is_their_row_of_the_list(shop):
    table = tk.differentiation.next_best(shop, top=0, settings=FEW).table
    for member in ("m00", "m33"):
        answer = tk.differentiation.next_best(shop, member_id=member)
        assert answer.table.equals(table.filter(pl.col("member_id") == member))
        assert answer.headline.startswith(f"Member {member}: ")
    with pytest.raises(UnknownName, match="did you mean 'm"):
        tk.differentiation.next_best(shop, member_id="m0")
    with pytest.raises(BadValue, match="top is -1"):
        tk.differentiation.next_best(shop, top=-1)


def test_nothing_after_the_day_is_seen(tmp_path, shop):
    early = AS_OF - timedelta(days=60)
    lines = random_lines(5, members=40)
    cut = make_workspace(tmp_path / "ws", lines.filter(pl.col("ordered_at").dt.date() <= early), {"products": random_products()})
    now = tk.differentiation.next_best(shop, as_of=early, top=0, settings=FEW).table
    then = tk.differentiation.next_best(cut, as_of=cut.last_day, top=0, settings=FEW)
    if then.as_of == early:
        assert now.equals(then.table)


def test_a_tiny_shop_has_reasons_in_words(tmp_path):
    ws = make_workspace(tmp_path / "ws", tiny_lines(), {"products": tiny_products()})
    answer = tk.differentiation.next_best(ws, top=0, settings=FEW | {"playbook": {"recent_days": 14, "recent_wait_share": 0}})
    rows = {row["member_id"]: row for row in answer.table.iter_rows(named=True)}
    assert rows["cleo"]["goods"] is None  # a return alone
    assert rows["anna"]["goods"] == "dairy"
    assert "bought on 2 days" in rows["anna"]["reason"]
    assert "27 days ago" in rows["anna"]["reason"]
    assert rows["emil"]["goods"] != "dairy"  # bought yesterday
    usual = tk.differentiation.next_best(ws, member_id="anna", settings=FEW | {"playbook": {"recent_days": 14}})
    assert usual.table["goods"][0] == "bakery"  # the only pause between two purchases of dairy was 154 days: 27 are less than half of it
    assert rows["anna"]["product"] == "Milk 1 l (milk)"
    assert all(row["method"] for row in rows.values())
    assert any("contactable" in str(note) for note in answer.notes)
    assert answer.chart is not None


def test_coupon_or_discount_by_the_second_trait(shop):
    view = open_view(shop)
    table = tk.differentiation.next_best(shop, top=0, settings=FEW).table.join(
        tk.portrait.traits(shop).select("member_id", "coupon_level", "promo_level"), on="member_id"
    )
    never = (pl.col("method") == "discount") & (pl.col("coupon_level") == "high")
    assert table.filter(never).is_empty()
    assert table.filter((pl.col("method") == "coupon") & (pl.col("coupon_level") == "low") & (pl.col("promo_level") == "high")).is_empty()
    assert view.population.height == table.height


def test_own_tastes_hit_more_often_than_what_is_popular(journey):
    found = goods_hits(journey, "2017-10-02")
    assert found["members"] > 2_000
    assert found["hit_rate"] > found["popular_hit_rate"] + 0.05
    assert abs(found["promised"] - found["hit_rate"]) < 0.05
    assert np.isfinite(found["three_hit_rate"])
