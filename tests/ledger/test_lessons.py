"""Lessons: kept with the campaign, one file a review day, and only read once they are known."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests.shop import make_workspace, tiny_lines
from toolkit.errors import DataError
from toolkit.ledger.campaigns import known_campaigns
from toolkit.ledger.lessons import LESSONS, read_lessons, write_lessons
from toolkit.workspace import Workspace


@pytest.fixture
def ws(tmp_path: Path) -> Workspace:
    return make_workspace(tmp_path / "ws", tiny_lines())


def lesson(campaign_id: str = "A", as_of: date = date(2024, 3, 1), **changes: Any) -> pl.DataFrame:
    row = {
        "campaign_id": campaign_id, "method": "coupon", "offer": None, "segment": None, "category": None, "outcome": "amount",
        "effect": 1.5, "standard_error": 0.5, "base": 30.0, "effect_share": 0.05, "effect_share_se": 0.02, "treated_count": 100,
        "control_count": 50, "randomised": True, "verdict": "PASS", "starts_on": date(2024, 1, 1), "ends_on": date(2024, 1, 28),
        "as_of": as_of,
    }  # fmt: skip
    return pl.DataFrame([{**row, **changes}], schema=LESSONS)


def test_nothing_yet(ws: Workspace) -> None:
    assert read_lessons(ws).schema == LESSONS
    assert read_lessons(ws, date(2024, 1, 1)).is_empty()


def test_the_latest_review_known_by_a_day_counts(ws: Workspace) -> None:
    write_lessons(ws, "A", lesson())
    write_lessons(ws, "A", lesson(as_of=date(2024, 6, 1), effect=2.0))
    write_lessons(ws, "2024/B", lesson("2024/B", date(2024, 5, 1)))
    assert read_lessons(ws)["effect"].to_list() == [1.5, 2.0]
    assert read_lessons(ws, date(2024, 5, 31)).select("campaign_id", "effect").rows() == [("2024/B", 1.5), ("A", 1.5)]
    assert read_lessons(ws, date(2024, 3, 1))["campaign_id"].to_list() == ["A"]
    assert read_lessons(ws, date(2024, 2, 29)).is_empty()
    assert known_campaigns(ws).is_empty()  # a review of a campaign of the tables makes it no campaign of the ledger
    assert all(path.is_relative_to(ws.path / "campaigns") for path in (ws.path / "campaigns").rglob("lessons-*.parquet"))


def test_a_review_done_again_replaces_its_lessons(ws: Workspace) -> None:
    write_lessons(ws, "A", pl.concat([lesson(), lesson(segment="s")]))
    path = write_lessons(ws, "A", lesson(effect=9.0))
    assert read_lessons(ws)["effect"].to_list() == [9.0]
    assert path == ws.path / "campaigns/A/review/lessons-2024-03-01.parquet"


@pytest.mark.parametrize(
    ("frame", "said"),
    [
        (lesson().drop("effect"), "have no column effect"),
        (lesson().with_columns(x=1), "a column x that is not theirs"),
        (lesson("B"), "rows of campaign 'B'"),
        (lesson(outcome="sales"), "outcome 'sales'"),
        (lesson(verdict=None), "without verdict"),
        (pl.concat([lesson(), lesson()]), "twice"),
        (pl.concat([lesson(), lesson(segment="s", as_of=date(2024, 4, 1))]), "of 2 days"),
        (lesson().with_columns(effect=pl.lit("much")), "another kind"),
    ],
)
def test_lessons_are_checked(ws: Workspace, frame: pl.DataFrame, said: str) -> None:
    with pytest.raises(DataError, match=said):
        write_lessons(ws, "A", frame)
    assert read_lessons(ws).is_empty()
