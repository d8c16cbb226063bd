"""The loop closed on the simulated shop: planned, launched, receipts of the campaign imported with a planted effect, reviewed, learned."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from toolkit.differentiation.launching import launch
from toolkit.importing import import_receipts
from toolkit.ledger.lessons import read_lessons
from toolkit.review import checks, effect, money, verdict
from toolkit.review.learnt import write_lessons
from toolkit.sources.simulated import simulated_shop
from toolkit.workspace import Workspace

KNOWN = date(2023, 11, 5)  # the last day of the receipts when the campaign is launched
STARTS, ENDS = date(2023, 11, 6), date(2023, 12, 3)


def planted(lines: pl.DataFrame, treated: pl.DataFrame, share: float, seed: int) -> tuple[pl.DataFrame, float]:
    """Return extra orders, copies of orders of the window of treated members (each with chance `share`), and their amount.

    A copy is an order of its own an hour later, so that nothing of the member's own shopping is moved or changed.
    """
    day = pl.col("ordered_at").dt.date()
    own = lines.filter(day.is_between(STARTS, ENDS), pl.col("amount") > 0).join(treated, on="member_id", how="semi")
    orders = own.select("order_id").unique().sort("order_id")
    drawn = orders.filter(pl.Series(np.random.default_rng(seed).random(orders.height) < share))
    extra = own.join(drawn, on="order_id", how="semi").with_columns(
        pl.col("order_id") + "-caused", pl.col("ordered_at").dt.offset_by("1h")
    )  # fmt: skip
    return extra.filter(pl.col("ordered_at").dt.date() <= ENDS), float(extra.filter(pl.col("ordered_at").dt.date() <= ENDS)["amount"].sum())


@pytest.fixture(scope="module")
def reviewed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Workspace, float, int]:
    """The workspace after the campaign, the planted amount, and how many were treated."""
    folder = tmp_path_factory.mktemp("loop")
    shop = simulated_shop(folder / "shop", members=500, years=1, seed=11, effect_scale=0, return_share=0)
    files = sorted((shop.folder / "lines").glob("*.parquet"))
    lines = pl.concat([pl.read_parquet(file) for file in files])
    day = pl.col("ordered_at").dt.date()

    def hand_over(rows: pl.DataFrame) -> Workspace:
        for file in files:
            file.unlink(missing_ok=True)
        rows.write_parquet(files[0])
        import_receipts(shop.mapping, folder / "ws")
        return Workspace(folder / "ws")

    ws = hand_over(lines.filter(day <= KNOWN))
    campaign = launch(
        ws,
        {
            "campaign_id": "autumn",
            "name": "Autumn",
            "starts_on": STARTS,
            "ends_on": ENDS,
            "offers": {"five off": "coupon 5 from 30"},
            "offer_of": "five off",
            "touchpoints": "app push",
            "control_share": 0.5,
            "cost_fixed": 200,
            "cost_per_contact": 0.05,
            "goals": {"extra_amount": 1},
            "seed": 3,
        },
    )
    treated = campaign.members.filter(pl.col("arm") == "treated").select("member_id")
    extra, amount = planted(lines, treated, 0.5, seed=5)
    ws = hand_over(pl.concat([lines.filter(day > KNOWN, day <= ENDS + timedelta(days=14)), extra]))
    return ws, amount, treated.height


def test_the_truth_lies_in_the_interval(reviewed: tuple[Workspace, float, int]) -> None:
    ws, amount, treated = reviewed
    answer = effect(ws, campaign_id="autumn")
    row = answer.table.row(0, named=True)
    assert row["treated_count"] == treated
    assert row["effect_low_amount"] <= amount / treated <= row["effect_high_amount"]
    assert row["effect_low_amount"] > 0
    assert "brought" in answer.headline
    assert "held out at random" in answer.headline


def test_the_plan_is_checked_and_its_goal_judged(reviewed: tuple[Workspace, float, int]) -> None:
    ws, _, treated = reviewed
    table = checks(ws, campaign_id="autumn").table
    words = dict(table.select("check", "verdict").iter_rows())
    assert words["Assignment"] == words["Sample ratio"] == words["Balance"] == words["Days seen"] == "PASS"
    assert words["Weeks after"] == "REVIEW"  # 14 of 28 days
    answer = money(ws, campaign_id="autumn")
    assert answer.table.row(by_predicate=pl.col("item") == "Contacts", named=True)["amount"] == pytest.approx(-0.05 * treated)
    assert any(str(note).startswith("PASS: Goal of extra sales of €1.00: reached") for note in answer.notes)
    assert "worked" in verdict(ws, campaign_id="autumn").headline
    assert effect(ws, campaign_id="autumn", by="offer").table["offer"].to_list() == ["five off"]


def test_its_lesson_is_read_by_the_next_plan(reviewed: tuple[Workspace, float, int]) -> None:
    ws, amount, treated = reviewed
    write_lessons(ws, "autumn")
    known = read_lessons(ws, before=ws.last_day)
    whole = known.filter(
        pl.col("campaign_id") == "autumn", pl.col("segment").is_null(), pl.col("category").is_null(), pl.col("outcome") == "amount"
    )
    assert whole.height == 1
    assert abs(whole["effect"][0] - amount / treated) < 2.6 * whole["standard_error"][0]
    assert read_lessons(ws, before=ENDS).is_empty()
    assert whole["randomised"].to_list() == [True]
