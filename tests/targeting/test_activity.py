"""Activity and slipping: windows by eye, planted members, and the lapse dates of the simulated shop."""

from __future__ import annotations

import importlib.util
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from benchmarks.strange_shops import imported, strange_shop
from benchmarks.truth_strange import slipping_of
from tests.portrait.pictures import spec_of
from tests.shop import make_workspace
from tests.targeting.habits_shop import habit_lines
from toolkit.audience import Audience
from toolkit.cli.shell import app
from toolkit.errors import BadValue
from toolkit.scope.view import open_view
from toolkit.targeting import activity, slipping
from toolkit.targeting.measures.rhythm import slipping_members
from toolkit.workspace import Workspace

ON = date(2024, 6, 30)


@pytest.fixture(scope="module")
def habits(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    cards = pl.DataFrame({"member_id": [f"h{who:03d}" for who in range(120)], "contactable": [who % 3 != 0 for who in range(120)]})
    return make_workspace(tmp_path_factory.mktemp("habits") / "ws", habit_lines(), {"members": cards})


def test_planted_members(habits: Workspace) -> None:
    view = open_view(habits)
    found = slipping_members(view).join(view.population.select("member_code", "member_id"), on="member_code")
    who = found["member_id"].str.slice(1).cast(pl.Int64)
    slips = set(who.filter(found["is_slipping"].fill_null(False)))
    assert slips == set(range(12))
    assert set(who.filter(found["is_slipping"].is_null())) == set(range(36, 48))
    state = {name: set(who.filter(found["activity"] == name)) for name in found["activity"].unique()}
    assert len(state["more than usual"] & set(range(24, 36))) >= 9  # of some the extra days fall on their usual ones
    assert state["past too short"] == set(range(36, 48))
    assert state["less than usual"] >= set(range(24))
    assert not state["less than usual"] & set(range(60, 120))
    assert Audience("x", where="losing_touch AND NOT contactable").members(view) == ["h000", "h003", "h006", "h009"]


def test_slipping_says_who_how_sure_and_what_they_were_worth(habits: Workspace) -> None:
    answer = slipping(habits, settings={"scope": {"minimum_members": 5}})
    assert answer.table.height == 12
    assert "12 members of 108 with a past to judge by are slipping away" in answer.headline
    assert set(answer.table["how_sure"]) <= {"very sure", "fairly sure", "not so sure"}
    assert answer.table["spend_before"].to_list() == pytest.approx([130.0] * 12, abs=25)  # 10.00 a week over 91 days
    assert answer.table["at_stake_spend"].is_sorted(descending=True)
    assert int(answer.table["reachable"].sum()) == 8
    assert any("8 members of 12 may be contacted" in str(note) for note in answer.notes)
    assert any("12 members not seen for more than 182 days" in str(note) for note in answer.notes)
    assert spec_of(answer)
    assert Audience.from_answer("lost touch", answer).member_ids == tuple(f"h{who:03d}" for who in range(12))
    short = slipping(habits, top=5)
    assert short.table.height == 5
    assert any("lists 5 of 12" in str(note) for note in short.notes)
    with pytest.raises(BadValue, match="lists 5 of 12 members: ask it with top=0"):
        Audience.from_answer("lost touch", short)
    with pytest.raises(BadValue, match="top is -1"):
        slipping(habits, top=-1)


def test_an_audience_chosen_by_the_answer_is_asked_again(habits: Workspace) -> None:
    words = ["audience", "save", str(habits.path), "lost touch", "--answer", "targeting.slipping"]
    assert (
        "Saved version 1 of 'lost touch', a list of 12 members, chosen by tk.targeting.slipping(ws, top=0)"
        in CliRunner().invoke(app, words).output
    )
    earlier = CliRunner().invoke(app, ["audience", "refresh", str(habits.path), "lost touch", "--as-of", "2024-04-01"]).output
    assert "12 members on 2024-04-01, 12 on 2024-06-29 (version 1): 12 came, 12 went, 0 stayed" in earlier
    assert slipping(habits, audience="lost touch").table.height == 12


def test_a_store_and_a_quiet_store(habits: Workspace) -> None:
    answer = slipping(habits, store_id="s2")
    assert answer.table["member_id"].to_list() == sorted(answer.table["member_id"].to_list(), key=answer.table["member_id"].to_list().index)
    assert {int(member[1:]) % 2 for member in answer.table["member_id"]} == {1}
    none = slipping(habits, audience="NOT losing_touch")
    assert "none of" in none.headline
    assert none.chart is None


def test_a_young_shop_is_not_measured(habits: Workspace) -> None:
    early = (open_view(habits).first_day + timedelta(days=60)).isoformat()
    answer = slipping(habits, as_of=early)
    assert "slipping is not measured" in answer.headline
    assert answer.notes[0].verdict == "NOT MEASURED"
    assert "activity is not measured" in activity(habits, as_of=early).headline


def test_activity_by_state(habits: Workspace) -> None:
    answer = activity(habits)
    counts = dict(answer.table.select("activity", "member_count").iter_rows())
    assert sum(counts.values()) == 120
    assert counts["past too short"] == 12
    row = answer.table.row(by_predicate=pl.col("activity") == "as usual", named=True)
    assert row["days_91"] == pytest.approx(row["expected_days_91"], rel=0.1)
    view = open_view(habits)
    for expression, count in answer.table.drop_nulls("who").select("who", "member_count").iter_rows():
        assert len(Audience("x", where=expression).members(view)) == count
    assert spec_of(answer)


def test_few_members_are_hidden(habits: Workspace) -> None:
    answer = activity(habits, audience="losing_touch OR member_id IN ('h024', 'h060')", settings={"scope": {"minimum_members": 5}})
    row = answer.table.row(by_predicate=pl.col("activity") == "more than usual", named=True)
    assert (row["member_count"], row["days_91"], row["sales"]) == (None, None, None)
    assert any("fewer than 5 members" in str(note) for note in answer.notes)


def test_too_early_is_not_too_late(tmp_path: Path) -> None:
    """Members of seven days and of five months: who has just been there has no reason to come, and 23 of 100 so named came as usual."""
    as_of = date(2024, 1, 31)
    shop = strange_shop("mixed")
    ws = imported(shop, tmp_path, as_of=as_of, first_day=as_of - timedelta(days=669))
    view = open_view(ws)
    found = slipping_members(view)
    slips = found.filter("is_slipping")
    assert (slips["recency_days"] > slips["usual_gap_days"]).all()
    assert float(slips["rate_ratio"].mean()) <= view.settings.activity.slipping_doubt
    stay_away, come_as_usual = (cell.value for cell in slipping_of(shop, ws, as_of))
    assert stay_away >= 0.75
    assert come_as_usual <= 0.10
    sure = slipping(ws, settings={"activity": {"slipping_doubt": 0.001}})
    assert sure.table.height < slips.height
    assert any("more have a probability of at most 50% of their past rate and are not listed" in note.text for note in sure.notes)
    nobody = slipping(ws, settings={"activity": {"slipping_doubt": 0.0}})
    assert nobody.table.is_empty()
    assert "look like slipping away, and none of them can be named" in nobody.headline  # not: none is slipping


@pytest.mark.slow
def test_lapse_dates_of_the_simulated_shop_are_recovered(tmp_path: Path) -> None:
    path = Path(__file__).parents[2] / "benchmarks" / "truth_targeting.py"
    spec = importlib.util.spec_from_file_location("truth_targeting", path)
    assert spec is not None
    assert spec.loader is not None
    truth = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(truth)
    found = truth.slipping_recovered(tmp_path, members=1000, seed=5)
    print(found)
    assert found["precision"] >= 0.7
    assert found["recall"] >= 0.6
