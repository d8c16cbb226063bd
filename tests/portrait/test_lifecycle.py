"""portrait.lifecycle: stages of hand-made members by eye, the village's planted ones, and the flow between two dates."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from benchmarks.strange_shops import END, Habits, StrangeShop, imported, receipts, strange_shop
from tests.portrait.ladder import FEW
from tests.portrait.pictures import spec_of
from tests.shop import AS_OF
from toolkit.errors import BadValue
from toolkit.language import speaking
from toolkit.portrait import lifecycle, traits
from toolkit.portrait.measures.stages import STAGES, lifecycle_limits, stages_on
from toolkit.scope.view import open_view
from toolkit.targeting import slipping
from toolkit.workspace import Workspace

RULES = {"lapsing_days": 30, "lapsed_days": 90, "new_days": 60, "first_day": date(2023, 1, 1)}
ON = date(2024, 6, 30)


def stage(*days_ago: int, **changed: object) -> str:
    days = pl.DataFrame({"member_code": [1] * len(days_ago), "day": [ON - timedelta(days=ago) for ago in days_ago]})
    return stages_on(days, as_of=ON, **{**RULES, **changed})["stage"].item()


def test_stages_by_eye() -> None:
    assert stage(200, 130, 30) == "returned"  # a pause of 100 days ended 30 days ago
    assert stage(200, 130, 60, 0) == "established"  # no pause was longer than 90 days
    assert stage(300, 100, 60, 10) == "established"  # came back too long ago: 100 > 60 days
    assert stage(59, 3) == "new"
    assert stage(60, 3) == "established"
    assert stage(31) == "lapsing"
    assert stage(30) == "new"
    assert stage(90) == "lapsing"
    assert stage(91) == "lapsed"
    assert stage(300, 91) == "lapsed"


def test_the_first_days_of_the_receipts_make_nobody_new() -> None:
    assert stage(20, first_day=ON - timedelta(days=110)) == "established"  # first seen on day 90, within the lapsed limit
    assert stage(19, first_day=ON - timedelta(days=110)) == "new"


def test_nothing_after_the_day_is_seen() -> None:
    days = pl.DataFrame({"member_code": [1, 1, 2], "day": [ON, ON + timedelta(days=1), ON + timedelta(days=5)]})
    assert stages_on(days, as_of=ON, **RULES).select("member_code", "recency_days").rows() == [(1, 0)]
    assert stages_on(days.reverse(), as_of=ON, **RULES).equals(stages_on(days, as_of=ON, **RULES))


def test_too_few_gaps_are_said_so(ladder: Workspace) -> None:
    answer = lifecycle(ladder, settings=FEW)
    assert "lifecycle stages are not measured: only" in answer.headline
    assert answer.notes[0].verdict == "NOT MEASURED"
    assert answer.chart is None
    assert traits(ladder, settings=FEW)["stage"].null_count() == 11


def test_planted_members_of_the_village(village: Workspace) -> None:
    members = traits(village).with_columns(pl.col("member_id").str.slice(1).cast(pl.Int64).alias("who"))

    def stages(first: int, last: int) -> set[str]:
        return set(members.filter(pl.col("who").is_between(first, last))["stage"])

    assert stages(60, 79) == {"lapsed"}
    assert stages(80, 89) == {"new"}
    assert stages(90, 99) == {"returned"}
    assert "lapsed" not in stages(100, 239)
    answer = lifecycle(village)
    assert answer.table["stage"].to_list() == list(STAGES)
    counted = dict(answer.table.select("stage", "member_count").rows())
    assert counted == {name: int((members["stage"] == name).sum()) for name in STAGES}
    assert answer.table["sales_share"].sum() == pytest.approx(1)
    assert f"of them {counted['new']} new and {counted['returned']} returned" in answer.headline
    assert f"{counted['lapsed']} lapsed" in answer.headline
    assert spec_of(answer)["title"]["text"] == "Lifecycle stages: the chain"


def test_flow_between_two_dates(village: Workspace) -> None:
    since = AS_OF - timedelta(days=200)
    answer = lifecycle(village, since=str(since))
    flows = {(row["stage_before"], row["stage"]): row["member_count"] for row in answer.table.to_dicts()}
    assert flows["not yet here", "new"] == 10
    assert flows["lapsed", "returned"] == 10  # away since day -300
    assert flows["established", "lapsed"] == 20
    assert answer.table["member_count"].sum() == 240
    assert answer.table.group_by("stage_before").agg(pl.col("member_share").sum())["member_share"].to_list() == pytest.approx([1.0] * 3)
    assert spec_of(answer)["title"]["text"] == "From stage to stage: the chain"
    assert answer.table.equals(lifecycle(village, since=since).table)
    before = lifecycle(village, period="200d").table
    assert before["earlier_member_count"].sum() == 230  # ten had not been here yet


@pytest.mark.parametrize("since", ["2001-01-01", str(AS_OF), "2030-01-01", "soon"])
def test_since_outside_the_receipts(village: Workspace, since: str) -> None:
    with pytest.raises(BadValue, match=r"portrait\.lifecycle: since is"):
        lifecycle(village, since=since)


def _lull(days: np.ndarray) -> np.ndarray:
    """January and February bring an eighth of the usual visits, every year; nobody ever leaves."""
    return np.where((days - days.astype("datetime64[Y]")).astype(int) < 60, 0.12, 1.0)


def test_a_quiet_season_is_no_leaving(tmp_path: Path) -> None:
    """By the calendar 274 of 400 were lapsing on 31 January, of whom nobody had left."""
    habits = Habits(members=300, rhythms=(9.0, 14.0), season=_lull, stay_days=0, joining=(-400.0, 600.0))
    shop = StrangeShop("lull", receipts(habits), END - timedelta(days=habits.days - 1))
    as_of = date(2024, 1, 31)
    ws = imported(shop, tmp_path / "two", as_of=as_of, first_day=as_of - timedelta(days=669))
    answer, limits = lifecycle(ws), lifecycle_limits(open_view(ws))
    assert answer.figures["lapsing_member_share"] < 0.12
    assert (limits.season, limits.lapsing_days > 1.5 * limits.usual_days) == ("seasonal", True)
    assert "cannot be told" not in answer.headline
    as_long = f"the {limits.lapsing_days} days before 2024-01-31 are as long as {limits.usual_days} usual ones"
    assert any(as_long in note.text for note in answer.notes)
    # The same ruler on another date: as many usual days, fewer of the calendar.
    assert lifecycle_limits(open_view(ws), date(2023, 10, 31)).lapsing_days <= limits.usual_days + 4
    one = imported(shop, tmp_path / "one", as_of=as_of, first_day=as_of - timedelta(days=299))
    for told in (lifecycle(one), slipping(one)):
        assert "One season was seen" in told.headline
    with speaking("zh"):
        assert "只见过一个季节" in lifecycle(one).headline
        assert any("相当于平常的" in note.text for note in lifecycle(ws).notes)


def test_short_receipts_say_what_cannot_be_told_yet(tmp_path: Path) -> None:
    """14 weeks of members who come every eleven: hardly anybody can be told new from known, and no stage of before."""
    as_of = date(2024, 2, 29)
    shop = strange_shop("uci_like", members=1500)
    short = imported(shop, tmp_path / "short", as_of=as_of, first_day=as_of - timedelta(days=97))
    answer, limits = lifecycle(short), lifecycle_limits(open_view(short))
    assert limits.lapsed_days is not None
    first = shop.lines.filter(pl.col("day").is_between(as_of - timedelta(days=97), as_of)).group_by("member").agg(pl.col("day").min())
    late = first.filter(pl.col("day").is_between(as_of - timedelta(days=90), as_of - timedelta(days=97 - limits.lapsed_days))).height
    assert f"Of {late:,} first seen in the last 91 days it cannot be told yet whether they are new." in answer.headline
    assert f"The receipts cover 98 days: longer pauses are not seen yet, so {limits.lapsed_days} may be too few." in answer.headline
    before = dict(answer.table.select("stage", "earlier_member_count").iter_rows())
    assert [before[name] for name in ("new", "returned", "lapsed")] == [None] * 3  # not 0: receipts do not reach back for them
    assert before["established"] > 0
    with speaking("zh"):
        assert "小票只覆盖 98 天" in lifecycle(short).headline
