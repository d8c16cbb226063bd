"""Habits after: a lesson in waiting is found where it was taught, not where it was not, and not where later campaigns explain it."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest

from tests.portrait.pictures import spec_of
from tests.review.habit_shop import ARMS, habit_shop
from tests.review.small_campaign import END, START, campaign_tables, small_campaign
from tests.shop import AS_OF
from toolkit.review.habits_after import habits_after
from toolkit.review.measures.case import open_case
from toolkit.review.measures.habits import spending, windows_of
from toolkit.scope.view import open_view
from toolkit.workspace import Workspace


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return habit_shop(tmp_path_factory.mktemp("quiet") / "ws")


def test_what_was_not_taught_is_not_found(quiet: Workspace) -> None:
    answer = habits_after(quiet, campaign_id="C1")
    assert "no sign that it taught them to wait for offers" in answer.headline
    assert answer.table["habit"].to_list() == [
        "promo dependence", "coupon affinity", "spend at full price", "spend on discount", "shopping days with a coupon"
    ]  # fmt: skip
    assert set(answer.table["reading"]) == {"not shown"}
    assert spec_of(answer)
    assert any("28 of 91 days after the end are seen" in str(note) for note in answer.notes)


def test_what_was_taught_is_found(tmp_path: Path) -> None:
    answer = habits_after(habit_shop(tmp_path / "ws", taught=0.25), campaign_id="C1")
    row = answer.table.row(0, named=True)
    assert row["reading"] == "proven"
    assert row["effect_low"] < 25 < row["effect_high"] + 3  # the rate of some is at its upper end already
    assert "taught them to wait for offers" in answer.headline
    assert row["treated_after"] - row["control_after"] == pytest.approx(row["effect"], abs=3)


def test_a_later_campaign_that_explains_it(tmp_path: Path) -> None:
    later = campaign_tables()["campaigns"].with_columns(
        campaign_id=pl.lit("C2"), starts_on=pl.lit(END + timedelta(days=3)), ends_on=pl.lit(END + timedelta(days=12))
    )
    campaigns = pl.concat([campaign_tables()["campaigns"], later])
    members = [f"m{number:03d}" for number in range(400)]
    contacts = pl.concat([pl.DataFrame({"campaign_id": name, "member_id": members, "arm": ARMS}) for name in ("C1", "C2")])
    ws = habit_shop(tmp_path / "ws", boosted=True, more={"campaigns": campaigns, "contacts": contacts})
    answer = habits_after(ws, campaign_id="C1")
    assert "cannot be told" in answer.headline
    assert "On days without other campaigns" in answer.headline
    rows = {row["habit"]: row for row in answer.table.to_dicts()}
    assert rows["promo dependence"]["effect"] is None
    assert rows["promo dependence, on days without other campaigns"]["reading"] == "not shown"
    assert rows["spend on discount"]["effect"] is None


def test_sums_by_hand(tmp_path: Path) -> None:
    case = open_case(open_view(small_campaign(tmp_path / "ws")), "C1")
    windows = windows_of(case)
    assert windows is not None
    before, after = windows
    assert (before.start, before.end) == (START - timedelta(days=182), START - timedelta(days=1))
    assert (after.start, after.end) == (date(2024, 6, 3), AS_OF)
    frame = spending(case, case.seen).with_columns(case.members["treated"])
    treated = frame.filter("treated")
    # 7 days of the rhythm and 4 of the offer, one of which falls on a day of the rhythm.
    assert treated["promo_amount"].unique().to_list() == [4 * 1200]
    assert treated["amount"].unique().to_list() == [7 * 1000 + 4 * 1200]
    assert set(treated["days"]) <= {10, 11}


@pytest.mark.parametrize(
    ("change", "as_of", "said"),
    [
        ({}, "2024-05-20", "it runs until 2024-06-02, and habits show in the weeks after"),
        ({}, "2024-06-10", "8 days after its end are seen, 28 are needed"),
        ({"contacts": campaign_tables()["contacts"].head(5)}, None, "fewer than 10 treated members in scope"),
        ({"contacts": campaign_tables()["contacts"].filter(pl.col("arm") == "treated")}, None, "NOT RANDOMISED"),
        ({"campaigns": campaign_tables()["campaigns"].with_columns(starts_on=pl.lit(date(2023, 6, 1)))}, None, "fewer than 28 days before its start"),
    ],
)  # fmt: skip
def test_bad_input_is_said(tmp_path: Path, change: dict, as_of: str | None, said: str) -> None:
    answer = habits_after(small_campaign(tmp_path / "ws", **change), campaign_id="C1", as_of=as_of)
    assert said in " ".join([answer.headline, *map(str, answer.notes)])
    assert "taught" not in answer.headline
