"""Tiers and points, on accounts that can be counted by eye."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import toolkit as tk
from tests.shop import AS_OF, make_workspace, tiny_lines, tiny_products
from toolkit.models.discontinuity import bunching_at, jump_at, placebo_jumps
from toolkit.models.point_lots import balances, point_lots, redemption
from toolkit.workspace import Workspace

ONE: dict[str, Any] = {"settings": {"scope": {"minimum_members": 1}, "membership": {"near_share": 0.5}}}
RULES = pl.DataFrame({"tier": ["silver", "gold"], "threshold": [2.0, 20.0], "window_days": [365, 365], "measure": ["sales", "sales"]})


@pytest.fixture(scope="module")
def ws(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    tiers = pl.DataFrame(
        {
            "member_id": ["anna", "anna", "ben", "cleo", "dora"],
            "tier": ["gold", "silver", "gold", "silver", "blue"],
            "valid_from": [date(2024, 1, 1), date(2024, 2, 1), date(2024, 5, 6), date(2024, 1, 1), date(2024, 1, 1)],
            "valid_until": [date(2024, 12, 31), None, None, None, None],
        },
        schema_overrides={"valid_until": pl.Date},
    )
    at = datetime(2024, 6, 1)
    points = pl.DataFrame(
        [("anna", at, "earned", 100, None), ("anna", at, "burnt", -30, 30), ("ben", at, "earned", 5, None), ("ben", at, "burnt", 9, 9)],
        schema={"member_id": pl.String, "entered_at": pl.Datetime("us"), "kind": pl.String, "points": pl.Int64, "value": pl.Int64},
        orient="row",
    )
    tables = {"products": tiny_products(), "tiers": tiers, "tier_rules": RULES, "points": points}
    return make_workspace(tmp_path_factory.mktemp("membership") / "ws", tiny_lines(), tables)


def test_who_is_near_and_who_falls(ws: Workspace) -> None:
    # anna spent 16 (2 + 3 + 1 + 6 - 3 + 4 + 3) and holds silver since the later stretch; ben 121.50; cleo -6 holds silver; dora a tier of old
    near = tk.portrait.tiers(ws, show="near", top=0, **ONE).table
    assert near.select("member_id", "tier_next", "counted", "lacking").rows() == [("anna", "gold", 16.0, 4.0)]
    falls = tk.portrait.tiers(ws, show="falls", top=0, **ONE)
    assert falls.table["member_id"].to_list() == ["cleo"]
    said = " ".join(note.text for note in falls.notes)
    assert "the rules do not name (blue)" in said
    assert "two stretches of tiers overlap" in said
    table = tk.portrait.tiers(ws, **ONE).table
    assert dict(table.select("tier", "member_count").iter_rows()) == {"silver": 2, "gold": 1, "blue": 1, "(none stated)": 1}


def test_parts_of_the_points_add_up_to_the_point_and_below_zero_is_said(ws: Workspace) -> None:
    answer = tk.portrait.points(ws, **ONE)
    parts = dict(answer.table.select("part", "point_count").iter_rows())
    total = parts["earned"] + parts["adjusted"] - parts["burnt"] - parts["expired"]
    assert total == parts["outstanding"] - parts["accounts below zero"] == 66
    assert (parts["outstanding"], parts["accounts below zero"]) == (70, 4)
    assert "burnt more points than they ever had" in " ".join(note.text for note in answer.notes)
    assert answer.table.filter(pl.col("part") == "burnt")["worth"][0] == pytest.approx(0.39)  # 39 cents for 39 points


def test_another_cut_off_is_accounting(ws: Workspace) -> None:
    answer = tk.differentiation.replay_rules(ws, tier="gold", threshold=15, rate=2, **ONE)
    assert answer.figures["moved_members"] == 1  # anna
    assert answer.figures["point_change"] == 105
    assert "Accounting, not a forecast" in answer.notes[0].text
    with pytest.raises(tk.ToolkitError, match="gold"):
        tk.differentiation.replay_rules(ws, tier="golden", **ONE)


def test_a_cut_off_that_nobody_is_near_tells_nothing(ws: Workspace, tmp_path: Path) -> None:
    tables = {"products": tiny_products(), "tier_rules": RULES.with_columns(window_days=pl.lit(28))}
    answer = tk.review.tier_effect(make_workspace(tmp_path / "ws", tiny_lines(), tables), **ONE)
    assert "too few members are near its cut-off" in answer.headline
    assert not answer.figures
    assert "too short" in tk.review.tier_effect(ws, **ONE).headline


@pytest.mark.parametrize(
    ("step", "name", "said"),
    [("portrait", "tiers", "`tier_rules`"), ("portrait", "points", "`points`"), ("review", "tier_effect", "`tier_rules`"),
     ("differentiation", "replay_rules", "`tier_rules`")],
)  # fmt: skip
def test_a_table_that_is_missing_is_said_by_name(bare: Workspace, step: str, name: str, said: str) -> None:
    answer = getattr(getattr(tk, step), name)(bare, **ONE)
    assert answer.table.is_empty()
    assert any(note.verdict == "NOT MEASURED" and said in note.text for note in answer.notes)


def test_a_planted_jump_is_told_and_none_is_not() -> None:
    rng = np.random.default_rng(5)
    x = rng.lognormal(5.6, 0.9, 3000)
    y = rng.gamma(1.5, 0.2 * x / 1.5)
    none, planted = jump_at(x, y, 400), jump_at(x, y + 60 * (x >= 400), 400)
    assert none is not None
    assert planted is not None
    assert not none.is_told
    assert planted.low < 60 < planted.high
    assert planted.is_told
    assert len(placebo_jumps(x, y, 400)) == 2
    assert jump_at(x, y, 100_000) is None
    assert jump_at(x, np.ones_like(x), 400) is None


def test_members_who_crowd_above_the_cut_are_seen_also_where_orders_are_counted() -> None:
    rng = np.random.default_rng(6)
    orders = rng.poisson(rng.gamma(2, 10, 4000)).astype(float)
    crowded = np.where((orders < 20) & (orders >= 17) & (rng.random(4000) < 0.7), 20, orders)
    fair, unfair = bunching_at(orders, 20, 12), bunching_at(crowded, 20, 12)
    assert fair is not None
    assert unfair is not None
    assert fair.p_value > 0.01 > unfair.p_value
    assert unfair.ratio > 1.3


def test_points_are_taken_oldest_first_and_what_is_owed_is_in_no_lot() -> None:
    rows = [
        ("a", 0, "earned", 10), ("a", 40, "adjusted", 5), ("a", 90, "burnt", -12), ("b", 5, "burnt", 4), ("b", 6, "earned", 10), ("b", 70, "expired", 3),
        ("b", 80, "adjusted", -1),
    ]  # fmt: skip
    frame = pl.DataFrame(rows, schema=["member", "off", "kind", "points"], orient="row")
    entries = frame.with_columns(day=pl.lit(AS_OF) - pl.duration(days=100) + pl.duration(days="off"))
    lots = point_lots(entries)
    assert lots.select("member", "points", "fate").rows() == [
        ("a", 10, "burnt"), ("a", 2, "burnt"), ("a", 3, None), ("b", 4, "burnt"), ("b", 3, "expired"), ("b", 1, "adjusted"), ("b", 2, None),
    ]  # fmt: skip
    assert balances(entries).rows() == [("a", 3), ("b", 2)]
    forecast = redemption(lots, AS_OF, 364)
    assert forecast is not None
    assert 0 <= forecast.low <= forecast.expected <= forecast.high <= 5
    assert redemption(lots.filter(pl.col("fate").is_null()), AS_OF, 364) is None
    assert AS_OF - timedelta(days=100) == lots["born"].min()
