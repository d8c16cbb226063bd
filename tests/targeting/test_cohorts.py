"""Cohorts by eye: months since joining, truncation, unfinished months, suppression."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest

from benchmarks.strange_shops import StrangeShop, imported, strange_shop
from benchmarks.truth_cohorts import truth
from tests.portrait.ladder import lines_of
from tests.portrait.pictures import spec_of
from tests.shop import AS_OF, make_workspace
from toolkit.errors import BadValue, TooFewMembers
from toolkit.language import speaking
from toolkit.targeting import cohorts
from toolkit.workspace import Workspace

FEW = {"scope": {"minimum_members": 1}}


def ago(day: date) -> int:
    return (AS_OF - day).days


@pytest.fixture(scope="module")
def ws(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """`old` is there from the start; a and b join in March 2024; a comes again in April and May, b in May; c joins in May."""
    orders = [("old", ago(date(2023, 1, 5)), "s1", 1, 1.0)]
    orders += [("a", ago(day), "s1", 1, 2.0) for day in (date(2024, 3, 31), date(2024, 4, 1), date(2024, 5, 9))]
    orders += [("b", ago(day), "s2", 1, 4.0) for day in (date(2024, 3, 1), date(2024, 5, 31))]
    orders += [("c", ago(date(2024, 5, 15)), "s1", 1, 8.0), ("c", ago(date(2024, 6, 29)), "s1", -1, -3.0)]
    orders += [("a", ago(date(2024, 6, 30)), "s1", 1, 1.0)]
    cards = pl.DataFrame({"member_id": ["b", "c"], "joined_on": [date(2024, 2, 10), date(2024, 6, 20)]})
    path: Path = tmp_path_factory.mktemp("cohorts") / "ws"
    return make_workspace(path, lines_of(orders), {"members": cards})


def rows(answer) -> dict:
    return {(row["cohort"], row["months_since"]): (row["members"], row["member_count"], row["sales"]) for row in answer.table.to_dicts()}


def test_by_eye(ws: Workspace) -> None:
    answer = cohorts(ws, settings=FEW)
    found = rows(answer)
    assert found["2024-03", 0] == (1, 1, 2.0)  # a; b joined in February, before the first order
    assert found["2024-03", 1] == (1, 1, 2.0)
    assert found["2024-03", 3] == (1, 1, 1.0)  # as_of ends June: the month is whole
    assert found["2024-02", 0] == (1, 0, 0.0)
    assert found["2024-02", 1] == (1, 1, 4.0)
    assert found["2024-02", 2] == (1, 0, 0.0)
    assert found["2024-05", 0] == (1, 1, 8.0)  # c: the stated day lies after the first order
    assert found["2024-05", 1] == (1, 0, -3.0)  # returned something: money, but no order
    assert ("2024-05", 2) not in found
    truncated = dict(answer.table.select("cohort", "truncated").unique().iter_rows())
    assert truncated == {"2023-01": True, "2024-02": False, "2024-03": False, "2024-05": False}
    assert "33.3% order in month 1 (n = 3)" not in answer.headline
    assert "66.7% order in month 1 (n = 3)" in answer.headline
    assert answer.notes[0].verdict == "REVIEW"
    assert "Left-truncated: the receipts start on 2023-01-05, so 1 member of" in str(answer.notes[0])
    assert "2023-01 *" in str(spec_of(answer))


def test_an_unfinished_month_is_not_shown(ws: Workspace) -> None:
    found = rows(cohorts(ws, as_of="2024-06-29", settings=FEW))
    assert ("2024-05", 1) not in found
    assert ("2024-03", 2) in found


def test_a_store(ws: Workspace) -> None:
    found = rows(cohorts(ws, store_id="s2", settings=FEW))
    assert {cohort for cohort, _ in found} == {"2024-02"}


@pytest.fixture(scope="module")
def two_places(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """12 members begin in s1 (north) and 12 in s2 (south) in March 2024. In April a0-a5 order in s1, a6-a8 in s2 alone, b0-b2 in s2."""
    orders = [("old", ago(date(2023, 1, 5)), "s1", 1, 1.0)]
    for number in range(12):
        orders += [(f"a{number}", ago(date(2024, 3, 5)), "s1", 1, 2.0), (f"b{number}", ago(date(2024, 3, 6)), "s2", 1, 4.0)]
    orders += [(f"a{number}", ago(date(2024, 4, 5)), "s1" if number < 6 else "s2", 1, 10.0) for number in range(9)]
    orders += [(f"b{number}", ago(date(2024, 4, 6)), "s2", 1, 20.0) for number in range(3)] + [("old", 0, "s1", 1, 1.0)]
    stores = pl.DataFrame({"store_id": ["s1", "s2"], "region": ["north", "south"]})
    path: Path = tmp_path_factory.mktemp("places") / "ws"
    return make_workspace(path, lines_of(orders), {"stores": stores})


@pytest.mark.parametrize(
    ("scope", "march", "april"),
    [
        ({}, (24, 24, 72.0), (24, 12, 150.0)),
        ({"store_id": "s1"}, (12, 12, 24.0), (12, 6, 60.0)),
        ({"region": "north"}, (12, 12, 24.0), (12, 6, 60.0)),
        # South: its own 12 and three of the north who came in April; joining is across the chain, orders are those of the place.
        ({"region": "south"}, (15, 12, 48.0), (15, 6, 90.0)),
        ({"audience": "order_count > 1"}, (12, 12, 30.0), (12, 12, 150.0)),
        ({"audience": "order_count > 1", "store_id": "s2"}, (6, 3, 12.0), (6, 6, 90.0)),
    ],
)
def test_scopes_by_eye(two_places: Workspace, scope: dict, march: tuple, april: tuple) -> None:
    answer = cohorts(two_places, settings=FEW, **scope)
    found = rows(answer)
    assert found["2024-03", 0] == march
    assert found["2024-03", 1] == april
    assert answer.figures["retained_share_month_1"] == pytest.approx(april[1] / april[0])
    assert any("across the chain" in str(note) for note in answer.notes) == ("store_id" in scope or "region" in scope)


def test_a_scope_of_few_members_is_refused(two_places: Workspace) -> None:
    with pytest.raises(TooFewMembers, match="fewer than the 10"):
        cohorts(two_places, audience="order_count > 1 AND member_id > 'b'")


def test_small_months_are_left_out_and_money_of_few_is_hidden(ws: Workspace, tmp_path: Path) -> None:
    orders = [(f"m{number:02d}", ago(date(2024, 3, 1 + number % 20)), "s1", 1, 2.0) for number in range(20)]
    orders += [
        ("m01", ago(date(2024, 4, 3)), "s1", 1, 2.0),
        ("solo", ago(date(2024, 4, 9)), "s1", 1, 2.0),
        ("old", 540, "s1", 1, 1.0),
        ("old", 0, "s1", 1, 1.0),
    ]
    answer = cohorts(make_workspace(tmp_path / "ws", lines_of(orders)))
    assert rows(answer)["2024-03", 1] == (20, None, None)
    assert rows(answer)["2024-03", 0] == (20, 20, 40.0)
    assert any("2 joining months with fewer than 10 members" in str(note) for note in answer.notes)
    assert "fewer than 10 order in month 1 (n = 20)" in answer.headline


def test_too_young_and_out_of_range(ws: Workspace) -> None:
    assert "is not measured" in cohorts(ws, as_of="2023-01-20", settings=FEW).headline
    with pytest.raises(BadValue, match="most_months is 0"):
        cohorts(ws, most_months=0, settings=FEW)


def followed(answer) -> dict:
    return {(row["cohort"], row["horizon_days"]): (row["followed_count"], row["again_count"]) for row in answer.table.to_dicts()}


def test_who_came_again_within_a_horizon_by_eye(ws: Workspace) -> None:
    found = followed(cohorts(ws, settings=FEW))
    assert found["2024-03", 30] == (1, 1)  # a came again on the next day
    assert found["2024-02", 90] == (1, 0)  # b on the 91st day
    assert found["2024-02", 120] == (1, 1)  # 120 days after 1 March are over on 29 June
    assert found["2024-05", 30] == (1, 0)  # c only returned goods
    assert ("2024-03", 120) not in found
    assert found["2024-02", None] == (None, None)


@pytest.mark.parametrize(
    ("scope", "in_60_days"),
    [({}, (24, 12)), ({"region": "north"}, (12, 6)), ({"region": "south"}, (12, 3))],  # a6 to a8 began in the north: not followed here
)
def test_of_a_place_those_who_began_there_are_followed(two_places: Workspace, scope: dict, in_60_days: tuple) -> None:
    answer = cohorts(two_places, settings=FEW, **scope)
    assert followed(answer)["2024-03", 60] == in_60_days
    assert followed(answer)["2024-03", 30] == (in_60_days[0], 0)  # all came again after 31 days
    assert answer.figures["again_share_60_days"] == pytest.approx(in_60_days[1] / in_60_days[0])


UNTIL = date(2024, 2, 29)


@pytest.fixture(scope="module")
def sparse() -> StrangeShop:
    return strange_shop("uci_like", members=1500)


@pytest.fixture(scope="module")
def year(sparse: StrangeShop, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return imported(sparse, tmp_path_factory.mktemp("year"), as_of=UNTIL, first_day=UNTIL - timedelta(days=372))


def test_a_year_of_sparse_receipts_answers_with_its_horizon(sparse: StrangeShop, year: Workspace) -> None:
    """Nearly every cohort is left-truncated, and every horizon is told of those alone who are followed so long."""
    answer, members = cohorts(year, settings=FEW), truth(sparse, UNTIL - timedelta(days=372), UNTIL)
    assert answer.table.filter(~pl.col("truncated"))["cohort"].n_unique() <= 2
    assert "not measured" not in answer.headline
    partly = 0
    for row in answer.table.filter(pl.col("months_since") > 0).to_dicts():
        old_enough = members.filter(
            pl.col("cohort") == row["cohort"], (pl.lit(UNTIL) - pl.col("first")).dt.total_days() >= row["horizon_days"]
        )
        again = int((old_enough["again"] <= row["horizon_days"]).sum())
        assert (row["followed_count"], row["again_count"]) == (old_enough.height, again)
        partly += 0 < old_enough.height < row["members"]
    assert partly  # a horizon of 30 days after 31 January is not over on 29 February
    half_year = answer.figures["again_share_180_days"]
    assert f"{half_year:.1%} came again within 180 days (n = " in answer.headline
    assert "; later is not seen yet" in answer.headline
    assert "or more of those followed for 180 days may have been members before" in answer.headline


def test_how_many_of_a_month_were_members_before(sparse: StrangeShop, year: Workspace) -> None:
    members = truth(sparse, UNTIL - timedelta(days=372), UNTIL)
    old = members.group_by("cohort").agg(pl.col("is_old").mean())
    answer = cohorts(year, settings=FEW)
    told = answer.table.unique("cohort").drop_nulls("earlier_share").join(old, on="cohort").sort("cohort")
    assert told.height >= 9
    assert told["earlier_share"].is_sorted(descending=True)
    assert (told["earlier_share"] - told["is_old"]).abs().mean() < 0.12  # type: ignore[operator]
    assert told["cohort"].max() == "2023-11"  # a pause as long would have ended in the last 91 days, or not yet
    assert "By how long members' pauses are" in str(answer.notes[0])


def test_fourteen_weeks_say_what_they_cannot_tell(sparse: StrangeShop, tmp_path: Path) -> None:
    short = imported(sparse, tmp_path, as_of=UNTIL, first_day=UNTIL - timedelta(days=97))
    answer = cohorts(short)
    assert answer.table["truncated"].all()
    assert answer.table["earlier_share"].null_count() == answer.table.height
    assert "came again within 30 days" in answer.headline
    assert "How many of them were members before cannot be told from receipts so short." in answer.headline
    assert "180 days" not in answer.headline
    with speaking("zh"):
        assert "在 30 天内再来" in cohorts(short).headline
