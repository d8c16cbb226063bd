"""The matrix against a count by hand, and lessons against the playbook."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

import toolkit as tk
from tests.shop import AS_OF, make_workspace, random_lines, random_products
from toolkit.differentiation.matrix import advice_table
from toolkit.differentiation.measures.cells import member_cells, segment_of
from toolkit.differentiation.measures.measured import best_method, measured_methods
from toolkit.ledger.lessons import LESSONS, write_lessons
from toolkit.scope.view import open_view

FEW = {"scope": {"minimum_members": 1}}


def lesson(campaign: str, effect: float, error: float, **more) -> dict:
    row = dict.fromkeys(LESSONS.names()) | {
        "campaign_id": campaign, "method": "coupon", "outcome": "margin", "effect": effect * 100, "standard_error": error * 100,
        "base": 100.0, "effect_share": effect, "effect_share_se": error, "treated_count": 100, "control_count": 50, "randomised": True,
        "verdict": "PASS", "starts_on": date(2024, 1, 1), "ends_on": date(2024, 1, 14), "as_of": date(2024, 2, 1),
    }  # fmt: skip
    return row | more


def lessons(*rows: dict) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=LESSONS)


@pytest.fixture
def shop(tmp_path):
    return make_workspace(tmp_path / "ws", random_lines(3, members=60), {"products": random_products()})


@pytest.mark.parametrize("lifecycle", [False, True])
def test_cells_hold_everybody_and_their_sales(shop, lifecycle):
    view = open_view(shop, settings=FEW)
    answer = tk.differentiation.matrix(shop, lifecycle=lifecycle, settings=FEW)
    cells = view.population.select("member_code").join(member_cells(view), on="member_code")
    orders = view.orders.collect().filter(pl.col("member_code").is_not_null() & (pl.col("ordered_at").dt.date() >= view.period.start))
    keys = ["stage", "sensitivity", "power"] if lifecycle else ["sensitivity", "power"]
    by_hand = {}
    for row in cells.iter_rows(named=True):
        mine = orders.filter(pl.col("member_code") == row["member_code"])
        key = tuple(row[name] or "not measured" for name in keys)
        n, count, sales = by_hand.get(key, (0, 0, 0))
        by_hand[key] = (n + 1, count + int(mine["is_order"].sum()), sales + int(mine["amount"].sum()))
    found = {row[: len(keys)]: row[len(keys) :] for row in answer.table.select(*keys, "member_count", "order_count", "sales").rows()}
    assert {key: (n, count, round(sales * 100)) for key, (n, count, sales) in found.items()} == by_hand
    assert answer.table["sales_share"].sum() == pytest.approx(1)


def test_each_cell_is_an_audience(shop):
    table = tk.differentiation.matrix(shop, lifecycle=True, settings=FEW).table
    for who, count in table.select("who", "member_count").head(12).rows():
        assert open_view(shop, audience=who).members.height == count


def test_small_cells_are_not_shown_and_cannot_be_reckoned_back(shop):
    table = tk.differentiation.matrix(shop, settings={"scope": {"minimum_members": 6}}).table
    hidden = table.filter(pl.col("sales").is_null())
    assert hidden.height > 1
    assert table["member_count"].min() >= 6
    assert hidden.select("member_count", "member_share", "order_count", "sales_share").null_count().row(0) == (hidden.height,) * 4


def test_a_randomised_lesson_outranks_the_playbook_and_only_once_it_is_known(shop):
    cell = segment_of("low", "high")
    write_lessons(shop, "c1", lessons(lesson("c1", 0.10, 0.02, segment=cell)))
    table = advice_table(open_view(shop)).filter(pl.col("segment") == cell)
    assert set(table["method"]) == {"coupon"}
    assert table["is_measured"].all()
    assert table["basis"][0] == "measured in c1, randomised, n = 150, margin"
    assert table["effect_share_low"][0] == pytest.approx(0.10 - 1.959964 * 0.02)
    answer = tk.differentiation.matrix(shop, settings=FEW)
    note = next(str(note) for note in answer.notes if "decides." in str(note))
    assert note.startswith(f"PASS: {cell}: coupon, +10.0% margin (+6.1% to +13.9%), campaign c1, randomised, n = 150")
    early = advice_table(open_view(shop, as_of="2024-01-31")).filter(pl.col("segment") == cell)
    assert "service" in set(early["method"])
    assert not early["is_measured"].any()


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (lesson("c2", 0.10, 0.06, segment=segment_of("low", "high")), "no more than a guess"),
        (lesson("c2", 0.10, 0.02, segment=segment_of("low", "high"), randomised=False), "not randomised, so it does not outrank"),
        (lesson("c2", 0.10, 0.02, segment=segment_of("low", "high"), randomised=None), "not randomised, so it does not outrank"),
        (lesson("c2", -0.10, 0.02, segment=segment_of("low", "high"), method="service"), "loses and is still advised"),
    ],
)
def test_other_lessons_are_shown_and_do_not_outrank(shop, row, said):
    write_lessons(shop, "c2", lessons(row))
    table = advice_table(open_view(shop)).filter(pl.col("segment") == segment_of("low", "high"), pl.col("stage").is_null())
    assert table["method"].to_list() == ["service"]
    answer = tk.differentiation.matrix(shop, settings=FEW)
    assert any(said in str(note) for note in answer.notes), [str(note) for note in answer.notes]


def test_lessons_that_say_nothing_of_a_method_are_left_out():
    cell = segment_of("low", "low")
    rows = [
        lesson("a", 0.1, 0.01, category="dairy"),
        lesson("b", 0.1, 0.01, verdict="FAIL"),
        lesson("c", 0.1, 0.01, outcome="orders"),
        lesson("d", 0.1, 0.01) | {"effect_share": None, "effect_share_se": None},
    ]
    assert measured_methods(lessons(*rows), [cell]).is_empty()
    assert best_method(measured_methods(lessons(), [cell])).is_empty()


def test_the_cells_own_lesson_goes_before_the_general_one_and_margin_before_amount():
    cell, other = segment_of("low", "low"), segment_of("mid", "low")
    rows = [lesson("a", 0.5, 0.01), lesson("b", 0.2, 0.01, segment=cell), lesson("b", 0.9, 0.01, segment=cell, outcome="amount")]
    found = measured_methods(lessons(*rows), [cell, other])
    assert found.select("segment", "campaigns", "effect_share").rows() == [(cell, "b", 0.2), (other, "a", 0.5)]


def test_campaigns_are_pooled_by_random_effects():
    found = measured_methods(lessons(lesson("a", 0.1, 0.1), lesson("b", 0.5, 0.1)), ["x"])
    # weights 100 and 100, Q = 100 (.2^2 + .2^2) = 8, tau^2 = (8 - 1) / (200 - 100) = .07: variance of each .08, of the mean .04
    row = found.row(0, named=True)
    assert row["effect_share"] == pytest.approx(0.3)
    assert row["effect_share_high"] - row["effect_share"] == pytest.approx(1.959964 * 0.2, rel=1e-5)
    assert (row["campaigns"], row["campaign_count"], row["member_count"], row["supports"]) == ("a, b", 2, 300, False)


def test_of_several_methods_the_surest_is_taken():
    rows = [lesson("a", 0.3, 0.12), lesson("b", 0.2, 0.02, method="service"), lesson("c", 0.9, 0.02, method="discount", randomised=False)]
    assert best_method(measured_methods(lessons(*rows), ["x"]))["method"].to_list() == ["service"]


def test_a_shop_without_discounts_says_so(shop):
    with shop.writing():
        shop.commit(line_columns=("channel",))
    answer = tk.differentiation.matrix(shop, settings=FEW)
    assert set(answer.table["sensitivity"]) == {"not measured"}
    assert any("discount_amount" in str(note) for note in answer.notes)
    assert answer.as_of == AS_OF
    assert answer.chart is not None
