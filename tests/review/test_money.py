"""The account of a campaign, by hand; missing costs are named; goals; halo; the verdict."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from tests.portrait.pictures import spec_of
from tests.review.fair import Fair, fair
from toolkit.answer import Answer
from toolkit.models.lin import Effect
from toolkit.review import effect, money, verdict
from toolkit.review.measures.account import account_of, less
from toolkit.review.measures.goals import goal_notes
from toolkit.review.measures.study import study
from toolkit.scope.view import open_view
from toolkit.workspace import Workspace


@pytest.fixture(scope="module")
def lifted() -> Fair:
    return fair(lift=1.2)


@pytest.fixture(scope="module")
def ws(lifted: Fair, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return lifted.write(tmp_path_factory.mktemp("lifted"))


def item(answer: Answer, name: str) -> dict:
    return answer.table.row(by_predicate=pl.col("item") == name, named=True)


def test_the_account_adds_up(ws: Workspace) -> None:
    answer = money(ws)
    sales, margin = (effect(ws, outcome=name).table.row(0, named=True) for name in ("amount", "margin"))
    assert item(answer, "Extra sales")["amount"] == pytest.approx(200 * sales["effect_amount"])
    assert item(answer, "Extra margin")["amount"] == pytest.approx(200 * margin["effect_amount"])
    assert item(answer, "Value redeemed")["amount"] == -100.0  # 20 redemptions of 5.00, off the sales already
    assert item(answer, "Contacts")["amount"] == -20.0
    assert item(answer, "Fixed costs")["amount"] == -500.0
    net = item(answer, "Net")
    assert net["amount"] == pytest.approx(200 * margin["effect_amount"] - 520)
    assert net["amount_low"] == pytest.approx(200 * margin["effect_low_amount"] - 520)
    orders = 200 * effect(ws, outcome="orders").table["effect"][0]
    cost = item(answer, "Cost of an extra order")
    assert cost["amount"] is None or cost["amount"] == pytest.approx(620 / orders)
    assert answer.figures["cost_amount"] == 620
    assert "may have earned or lost" in answer.headline
    assert spec_of(answer)


def test_an_offer_paid_out_besides_is_taken_off(ws: Workspace) -> None:
    besides = money(ws, settings={"review": {"redeemed_on_receipt": False}})
    assert item(besides, "Net")["amount"] == pytest.approx(item(money(ws), "Net")["amount"] - 100)


def test_a_store_pays_its_part_of_the_fixed_costs(ws: Workspace, lifted: Fair) -> None:
    part = float(np.mean([place % 2 == 0 for place in np.flatnonzero(lifted.treated)]))
    assert item(money(ws, store_id="s1"), "Fixed costs")["amount"] == pytest.approx(-500 * part)


def test_missing_costs_and_margins_are_named(lifted: Fair, tmp_path: Path) -> None:
    tables = {**lifted.tables, "products": lifted.tables["products"].drop("unit_cost")}
    tables["campaigns"] = tables["campaigns"].drop("cost_fixed", "cost_per_contact")
    tables["redemptions"] = tables["redemptions"].drop("value")
    bare = Fair(lifted.lines, lifted.treated, 0.0, tables).write(tmp_path)
    answer = money(bare)
    assert "what stays of it is not measured: what the goods cost is not known" in answer.headline
    assert "What was spent is not stated" in answer.headline
    assert item(answer, "Net")["amount"] is None
    assert item(answer, "Fixed costs")["amount"] is None
    assert any("value of redemptions, cost per contact and fixed cost" in str(note) for note in answer.notes)
    assert any("offers.margin_share" in str(note) for note in answer.notes)
    assumed = money(bare, settings={"offers": {"margin_share": 0.25}})
    assert item(assumed, "Extra margin")["amount"] == pytest.approx(0.25 * item(assumed, "Extra sales")["amount"])
    assert any("assumed to be 25% of sales" in str(note) for note in assumed.notes)


def test_goals_are_judged_by_the_interval(ws: Workspace) -> None:
    found = study(open_view(ws), "F")
    account = account_of(found)
    low, high = account.sales.low, account.sales.high
    assert low is not None
    assert high is not None
    found.case.campaign.goals.update({"extra_amount": low - 1, "lift": 9.0, "net": (account.net.estimate or 0), "redemption_share": 0.5})
    try:
        notes = {note.text.split(" of ")[1].split(" ")[0]: note for note in goal_notes(found, account)}
        assert [note.verdict for note in goal_notes(found, account)] == ["PASS", "FAIL", "REVIEW", "FAIL"]
        assert notes
        assert "20.0%" not in goal_notes(found, account)[3].text
        assert "(10.0%)" in goal_notes(found, account)[3].text
    finally:
        found.case.campaign.goals.clear()


def test_categories_add_up_and_name_what_is_clear(ws: Workspace) -> None:
    answer = money(ws, by="category")
    assert set(answer.table["category"]) == {"JAM", "TEA"}
    assert answer.table["extra_sales"].sum() == pytest.approx(item(money(ws), "Extra sales")["amount"])
    assert set(answer.table["reading"]) <= {"halo", "cannibalised", "not told apart from zero"}


def test_the_verdict_speaks_plainly(ws: Workspace, tmp_path: Path) -> None:
    answer = verdict(ws)
    assert "worked: " in answer.headline
    assert "whether it paid is open: net" in answer.headline
    assert spec_of(answer)
    strong = verdict(fair(lift=3.0).write(tmp_path / "strong"))
    assert "it paid: net" in strong.headline
    assert strong.notes[0].verdict == "PASS"
    dear = fair(lift=0.0)
    dear.tables["campaigns"] = dear.tables["campaigns"].with_columns(pl.lit(9_000_000).alias("cost_fixed"))
    lost = verdict(dear.write(tmp_path))
    assert "shows no effect on sales" in lost.headline
    assert "it lost money" in lost.headline


def test_a_cost_moves_an_effect_not_its_width() -> None:
    one = less(Effect(10.0, 2.0, 6.0, 14.0, 0.01, 50.0, 20, 20), 7.0)
    assert (one.estimate, one.low, one.high) == (3.0, -1.0, 7.0)
