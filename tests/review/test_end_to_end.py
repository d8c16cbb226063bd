"""The loop closed on the simulated shop: proposed, planned, launched, receipts of the campaign imported with a planted effect, reviewed
from the ledger, learnt, and the next matrix, allocation and plan use the lesson and name it."""

from __future__ import annotations

import polars as pl
import pytest
from typer.testing import CliRunner

import toolkit as tk
from benchmarks.loop import ENDS, SEEN, Loop, run_loop
from toolkit.cli.shell import app
from toolkit.ledger.lessons import read_lessons
from toolkit.review import checks, effect, money, verdict


@pytest.fixture(scope="module")
def loop(tmp_path_factory: pytest.TempPathFactory) -> Loop:
    """One coupon for all, half of them held out; each order of the treated in the window copied with chance .5."""
    return run_loop(
        tmp_path_factory.mktemp("loop"),
        members=500,
        share=0.5,
        seed=11,
        name="Autumn",
        offers={"five off": "coupon 5 from 30"},
        offer_of="five off",
        touchpoints="app push",
        control_share=0.5,
        cost_fixed=200,
        cost_per_contact=0.05,
        goals={"extra_amount": 1},
    )


def test_the_truth_lies_in_the_interval(loop: Loop) -> None:
    ws, treated = loop.workspace, loop.campaign.count("treated")
    answer = effect(ws, campaign_id="autumn")
    row = answer.table.row(0, named=True)
    assert row["treated_count"] == treated
    assert row["effect_low_amount"] <= loop.truth <= row["effect_high_amount"]
    assert row["effect_low_amount"] > 0
    assert "brought" in answer.headline
    assert "held out at random" in answer.headline


def test_the_plan_is_checked_and_its_goal_judged(loop: Loop) -> None:
    ws, treated = loop.workspace, loop.campaign.count("treated")
    table = checks(ws, campaign_id="autumn").table
    words = dict(table.select("check", "verdict").iter_rows())
    assert words["Assignment"] == words["Sample ratio"] == words["Balance"] == words["Days seen"] == "PASS"
    assert words["Weeks after"] == "REVIEW"  # 14 of 28 days
    answer = money(ws, campaign_id="autumn")
    assert answer.table.row(by_predicate=pl.col("item") == "Contacts", named=True)["amount"] == pytest.approx(-0.05 * treated)
    assert any(str(note).startswith("PASS: Goal of extra sales of €1.00: reached") for note in answer.notes)
    assert "worked" in verdict(ws, campaign_id="autumn").headline
    assert effect(ws, campaign_id="autumn", by="offer").table["offer"].to_list() == ["five off"]


def test_its_lessons_decide_what_comes_next(loop: Loop) -> None:
    """The matrix outranked, the allocation's expected net changed, the next plan names the campaign: all from the lessons of the ledger."""
    ws, day = loop.workspace, str(SEEN)
    asked = {"budget": 5000, "candidates": ["coupon 5 from 30", "full_reduction 60/6"], "as_of": day, "period": 28}
    before, guessed = tk.differentiation.matrix(ws, as_of=day), tk.differentiation.allocate(ws, **asked)
    assert before.figures["measured_cells"] == 0
    assert set(guessed.table["basis"].drop_nulls()) <= {"assumption"}
    ran = CliRunner().invoke(app, ["campaign", "lessons", str(ws.path), "autumn", "--as-of", day])
    assert ran.exit_code == 0, ran.output
    assert "It was randomised and nothing forbids to learn from it" in ran.output

    known = read_lessons(ws, before=SEEN)
    whole = known.filter(pl.col("segment").is_null(), pl.col("category").is_null(), pl.col("outcome") == "amount")
    assert whole.select("campaign_id", "method", "randomised").rows() == [("autumn", "coupon", True)]
    assert abs(whole["effect"].item() - loop.truth) < 1.96 * whole["standard_error"].item()
    assert read_lessons(ws, before=ENDS).is_empty()

    after, told = tk.differentiation.matrix(ws, as_of=day), tk.differentiation.allocate(ws, **asked)
    cells = after.table.filter(pl.col("basis").str.contains("measured in autumn, randomised"))
    assert cells.height == after.figures["measured_cells"] > 0
    assert set(cells["method"]) == {"coupon"}
    changed = before.table.join(after.table, on=["sensitivity", "power"], suffix="_after").filter(
        pl.col("method") != pl.col("method_after")
    )
    assert changed.height > 0
    assert any("campaign autumn" in note.text and note.verdict == "PASS" for note in after.notes)
    margin = known.filter(pl.col("segment").is_null(), pl.col("outcome") == "margin")["effect_share"].item()
    assert margin > 0.1
    given = told.table.drop_nulls("basis")
    assert given.height > 0
    assert set(given["basis"]) == {"overall mean"}  # the segments were too small to measure alone
    assert told.figures["expected_net_amount"] > guessed.figures["expected_net_amount"]
    assert any("1 campaign" in note.text for note in told.notes)

    ran = CliRunner().invoke(app, ["campaign", "draft", str(ws.path), "winter", "--control", "0.3"])
    assert ran.exit_code == 0, ran.output
    ran = CliRunner().invoke(app, ["campaign", "plan", str(ws.path), "winter", "--json"])
    assert ran.exit_code == 0, ran.output
    assert "Measured to work: " in ran.output
    assert "campaign autumn, randomised" in ran.output
