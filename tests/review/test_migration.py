"""Migration: flows and values by hand, the ruler of the launch, and what must not be claimed."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from tests.portrait.pictures import spec_of
from tests.review.small_campaign import END, campaign_tables, small_campaign
from toolkit.portrait.measures.segment_maps import NO_ORDERS, read_segment_map
from toolkit.review.measures.case import open_case
from toolkit.review.measures.moves import Moves, flow_table, moves_of, segment_values
from toolkit.review.migration import migration
from toolkit.scope.view import open_view
from toolkit.workspace import Workspace


def moves(rows: list[tuple[bool, str, str]], value: dict[str, float]) -> Moves:
    members = pl.DataFrame(rows, schema=["treated", "before", "after"], orient="row").with_columns(
        pl.col("before").replace_strict(value, return_dtype=pl.Float64).alias("before_value"),
        pl.col("after").replace_strict(value, return_dtype=pl.Float64).alias("after_value"),
    )
    return Moves(members, ("good", "fair", "poor"), pl.DataFrame(), date(2024, 1, 1), date(2024, 2, 1), "sales", ())


def test_flows_by_hand() -> None:
    # Of 20 treated 'fair' 12 rise and 8 stay; of 10 in the control 2 rise and 8 stay. Two are 'poor' in all.
    rows = [(True, "fair", "good")] * 12 + [(True, "fair", "fair")] * 8 + [(False, "fair", "good")] * 2 + [(False, "fair", "fair")] * 8
    made = flow_table(moves([*rows, (True, "poor", "poor"), (False, "poor", "poor")], {"good": 300.0, "fair": 100.0, "poor": 0.0}), 5, 0.95)
    by_move = {(row["before"], row["after"]): row for row in made.to_dicts()}
    up = by_move[("fair", "good")]
    assert (up["treated_count"], up["control_count"], up["treated_share"], up["control_share"]) == (12, 2, 0.6, 0.2)
    assert up["difference"] == pytest.approx(0.4)
    assert up["low"] < 0.4 < up["high"]
    assert up["moved_value"] == pytest.approx(0.4 * 20 * 200)
    assert by_move[("fair", "fair")]["moved_value"] == 0
    assert by_move[("others", "others")]["difference"] is None
    assert made["before"].to_list() == ["fair", "fair", "others"]


def test_small_ends_stand_together_and_the_row_adds_up() -> None:
    rng = np.random.default_rng(2)
    names = ["good", "fair", "poor"]
    rows = [
        (bool(rng.random() < 0.5), str(rng.choice(names, p=[0.1, 0.8, 0.1])), str(rng.choice(names, p=[0.05, 0.9, 0.05])))
        for _ in range(300)
    ]
    value = {"good": 5.0, "fair": 2.0, "poor": 1.0}
    found = moves(rows, value)
    made = flow_table(found, 12, 0.95)
    for before in ("good", "fair", "poor"):
        row = made.filter(pl.col("before") == before)
        if row.is_empty():
            continue
        assert row["treated_share"].sum() == pytest.approx(1)
        assert row["difference"].sum() == pytest.approx(0)
        arm = {side: [value[after] for treated, start, after in rows if start == before and treated == side] for side in (True, False)}
        assert row["moved_value"].sum() == pytest.approx(len(arm[True]) * (np.mean(arm[True]) - np.mean(arm[False])))


def test_values_of_thin_segments() -> None:
    ten = read_segment_map("ten")
    members = pl.DataFrame(
        {"segment": ["champions"] * 12 + ["loyal"] * 2, "r_score": [5] * 12 + [4] * 2, "value": [100.0] * 12 + [10.0] * 2},
        schema_overrides={"r_score": pl.Int8},
    )
    values, thin = segment_values(ten, members, 10)
    worth = dict(values.select("segment", "value").iter_rows())
    assert worth["champions"] == 100.0
    assert worth["loyal"] == pytest.approx((1200 + 20) / 14) or worth["loyal"] is None  # R 4 alone has too few
    assert worth[NO_ORDERS] == 0.0
    assert "champions" not in thin


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return small_campaign(tmp_path_factory.mktemp("shop") / "ws")


def test_both_days_by_the_ruler_of_the_launch(shop: Workspace) -> None:
    found = moves_of(open_case(open_view(shop), "C1"))
    assert found.launch == date(2024, 5, 5)
    assert found.end == END
    assert found.members.height == 120
    # Treated and control were alike at launch; at the end the treated have more orders and money than all others.
    start = found.members.group_by("treated", "before").len()
    assert start.filter("treated").sort("before")["len"].to_list() == start.filter(~pl.col("treated")).sort("before")["len"].to_list()
    assert found.basis == "margin"
    # Everybody bought every fourth day: 22 or 23 units in 91 days, each 10.00 at a cost of .60.
    assert 22 * 940 <= max(found.values["value"].drop_nulls()) <= 23 * 940
    assert {"champions", NO_ORDERS} <= set(found.segments)


def test_the_answer(shop: Workspace) -> None:
    answer = migration(shop, campaign_id="C1")
    assert "C1 'May coupon'" in answer.headline
    assert "(n = 60 treated, 60 held out at random)" in answer.headline
    assert answer.table["treated_count"].sum() == 60
    assert answer.table["control_count"].sum() == 60
    assert spec_of(answer)
    early = migration(shop, campaign_id="C1", as_of="2024-05-20")
    assert any("still running: moves up to 2024-05-20" in str(note) for note in early.notes)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"contacts": campaign_tables()["contacts"].filter(pl.col("arm") == "treated")}, "NOT RANDOMISED"),
        ({"contacts": pl.concat([campaign_tables()["contacts"].filter(pl.col("arm") == "treated"), campaign_tables()["contacts"].tail(3)])},
         "Fewer than 10 members to compare with"),
        ({"contacts": campaign_tables()["contacts"].head(5)}, "fewer than 10 treated members in scope"),
        ({"campaigns": campaign_tables()["campaigns"].with_columns(starts_on=pl.lit(date(2023, 5, 1)))}, "before the receipts do"),
    ],
)  # fmt: skip
def test_bad_input_is_said(tmp_path: Path, change: dict, said: str) -> None:
    answer = migration(small_campaign(tmp_path / "ws", **change), campaign_id="C1")
    assert said in " ".join([answer.headline, *map(str, answer.notes)])
    assert "proven" not in answer.headline
