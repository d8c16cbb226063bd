"""Why members do not come again, on shops in which goods and service lose them, or nothing does."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl
import pytest

import toolkit as tk
from benchmarks.leaving_shops import LeavingShop, leaving_shop
from toolkit.models.asked import no_fit, nobody_asked
from toolkit.scope.view import open_view
from toolkit.targeting.measures.leaving import why_left_of
from toolkit.targeting.why_low import FOUND, LOST, REST, USUAL


@pytest.fixture(scope="module")
def shop() -> LeavingShop:
    return leaving_shop(seed=3, planted=("goods", "feedback"), members=2000)


@pytest.fixture(scope="module")
def ws(shop, tmp_path_factory):
    return shop.imported(tmp_path_factory.mktemp("left"), without=("services", "stock"))


def found_causes(answer) -> set[str]:
    return set(answer.table.filter(pl.col("reading") == FOUND)["cause"])


def test_planted_goods_are_found_and_what_only_looks_like_one_is_not(shop, ws):
    goods = tk.targeting.losing_goods(ws)
    called = set(goods.table["good"])
    assert len(called & set(shop.bad)) >= 6
    assert called <= set(shop.bad)
    worst = goods.table.row(0, named=True)
    assert worst["member_count"] > worst["expected_count"]
    assert (goods.table["last_share"] > goods.table["earlier_share"]).all()


@pytest.mark.parametrize(
    "scope", [{}, {"store_id": "S1"}, {"audience": "order_count > 3"}, {"store_id": "S1", "period": "2024-01-01..2024-03-01"}]
)
def test_parts_add_up_in_every_scope(ws, scope):
    table = tk.targeting.why_low(ws, **scope).table
    whole, parts = table.filter(pl.col("cause") == LOST), table.filter(pl.col("cause") != LOST)
    assert whole["part_count"][0] == whole["member_count"][0] == parts["part_count"].sum() >= 10
    assert whole["at_stake_spend"][0] == pytest.approx(parts["at_stake_spend"].sum(), abs=0.005)
    assert (table["part_count"].is_null() == table["needs"].is_not_null()).all()


def test_causes_are_found_and_what_is_not_there_is_named(ws):
    answer = tk.targeting.why_low(ws)
    assert found_causes(answer) == {"goods that lose people", "bad rating"}
    needs = dict(answer.table.select("cause", "needs").drop_nulls().iter_rows())
    assert "services (member_id" in needs["case left unsolved"]
    assert "stock (store_id" in needs["favourite out of stock"]
    assert "NOT MEASURED" in {note.verdict for note in answer.notes}
    assert answer.ask_next[0].startswith("tk.targeting.losing_goods(")


def test_lost_baskets_are_counted_as_by_hand(shop, ws):
    found = why_left_of(open_view(ws))
    assert found is not None
    window = found.window
    orders = shop.tables["lines"].filter(pl.col("quantity") > 0).select("member_id", pl.col("ordered_at").dt.date().alias("day"))
    days = orders.unique().sort("member_id", "day").with_columns(pl.col("day").shift(-1).over("member_id").alias("next"))
    pause = (pl.col("next") - pl.col("day")).dt.total_days()
    lost = days.filter(pl.col("day").is_between(window.start, window.end), pause.is_null() | (pause > window.lost_days))
    assert found.baskets["lost"].sum() == lost["member_id"].n_unique()
    assert window.end < shop.tables["lines"]["ordered_at"].dt.date().max()


def test_members_of_a_cause_are_a_list_for_an_audience(ws):
    rated = tk.targeting.lost_members(ws, cause="feedback", top=0)
    everybody = tk.targeting.lost_members(ws, top=0)
    assert 0 < rated.table.height < everybody.table.height
    assert set(rated.table["member_id"]) <= set(everybody.table["member_id"])
    assert tk.Audience.from_answer("rated badly", rated).name == "rated badly"
    assert tk.targeting.lost_members(ws, cause="stock").table.is_empty()


def test_goods_that_lose_people_are_a_thing_to_do(shop, ws):
    row = tk.review.agenda(ws).table.filter(pl.col("question") == "targeting.losing_goods").row(0, named=True)
    assert row["todo"].split(" good")[0] == str(tk.targeting.losing_goods(ws).table.height)
    assert tk.targeting.losing_goods(ws).table["good"][0] in row["todo"]


def test_nothing_planted_nothing_claimed(tmp_path):
    answer = tk.targeting.why_low(leaving_shop(seed=21, members=1000).imported(tmp_path))
    assert not found_causes(answer)
    assert "No cause can be told" in answer.headline
    assert answer.table.filter(pl.col("cause") == USUAL)["part_count"][0] > 0
    assert abs(answer.table.filter(pl.col("cause") == REST)["lost_share"][0]) < 0.25


def test_a_season_that_was_not_seen_before_is_said(shop, tmp_path):
    answer = tk.targeting.why_low(shop.imported(tmp_path), as_of=date(2022, 6, 30))
    usual = answer.table.filter(pl.col("cause") == USUAL).row(0, named=True)
    assert usual["part_count"] is None
    assert usual["needs"].startswith("receipts from")
    assert "as is usual" not in answer.headline


def test_receipts_that_are_too_short_are_refused(shop, tmp_path):
    answer = tk.targeting.why_low(shop.imported(tmp_path, as_of=date(2021, 2, 28)))
    assert "cannot be told" in answer.headline
    assert answer.table.is_empty()
    assert tk.targeting.losing_goods(shop.imported(tmp_path / "again", as_of=date(2021, 2, 28))).table.is_empty()


def test_who_was_asked_is_told_from_campaigns_that_chance_drew(ws):
    """Nothing was planted there: measured, and no more than usual."""
    table = tk.targeting.why_low(ws).table
    readings = dict(table.select("cause", "reading").iter_rows())
    assert readings["nobody asked"] == readings["no offer that fits"] == "no more than usual"
    assert table.filter(pl.col("cause") == "nobody asked")["touched_count"][0] > 500


def test_asks_by_hand() -> None:
    # one campaign: 10 of 20 held out and 5 of 40 asked are lost; another without control members tells nothing
    lost = np.array([1] * 10 + [0] * 10 + [1] * 5 + [0] * 35 + [1] * 9)
    treated = np.array([False] * 20 + [True] * 49)
    campaign = np.array([0] * 60 + [1] * 9)
    test = nobody_asked(lost, treated, campaign)
    assert test is not None
    assert (test.basket_count, test.lost_count, test.part) == (20, 10, pytest.approx(0.75))
    assert test.expected == pytest.approx(2.5)
    assert test.ratio == pytest.approx(4.0)
    assert test.low < 4 < test.high
    assert test.chance < 0.001
    assert nobody_asked(lost[60:], treated[60:], campaign[60:]) is None
    # held out: 40 of 100 whether it fits or not; asked: 10 of 100 where it fits, 30 of 100 where not: 20 more than a fitting one leaves
    rows = [(arm, fits, number < many) for arm, fits, many in ((0, 0, 40), (0, 1, 40), (1, 1, 10), (1, 0, 30)) for number in range(100)]
    arm, fits, gone = (np.array(column) for column in zip(*rows, strict=True))
    fit_test = no_fit(gone, arm == 1, fits == 1, np.zeros(400, int))
    assert fit_test is not None
    assert (fit_test.lost_count, fit_test.part, fit_test.expected) == (30, pytest.approx(2 / 3), pytest.approx(10))
    assert fit_test.chance < 0.05
    assert no_fit(gone[:200], arm[:200] == 1, fits[:200] == 1, np.zeros(200, int)) is None
