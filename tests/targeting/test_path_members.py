"""targeting.path_members: the members behind the counts of paths and entry_goods, as audiences; slips are sentences."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from tests.shop import AS_OF
from tests.targeting.test_paths import shop, ways
from toolkit.audience import Audience
from toolkit.cli.shell import app
from toolkit.errors import BadValue, UnknownName
from toolkit.targeting import path_members, paths
from toolkit.workspace import Workspace

STAYED = [f"m{who:02d}" for who in range(12)]
STOPPED = [f"m{who:02d}" for who in range(12, 24)]


@pytest.fixture(scope="module")
def ws(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """The ways of test_paths, and `late`, who began with milk and a little soap 100 days ago; m12 may be contacted."""
    rows = [*ways(), ("late", 100, "milk", 5.0)]
    members = pl.DataFrame({"member_id": ["m00", "m12", "m13"], "contactable": [True, True, False]})
    return shop(tmp_path_factory.mktemp("ways") / "ws", rows, members)


def test_by_eye(ws: Workspace) -> None:
    answer = path_members(ws, first="Dairy", second="care")
    assert sorted(answer.table["member_id"]) == STAYED
    row = answer.table.row(0, named=True)
    assert row == {
        "member_id": "m00", "began_on": AS_OF - timedelta(days=300), "first": "dairy", "second": "care", "third": "dairy",
        "second_after_days": 10, "third_after_days": 20, "first_spend": 5.0, "recency_days": 270, "contactable": True,
    }  # fmt: skip
    assert answer.headline == (
        "Across the chain, 12 of 24 entrants (50.0%) began with dairy and came the second time for care; 1 of them may be contacted."
    )
    assert path_members(ws, first="food").table.height == 24, "a department, as no category is called so"
    assert path_members(ws, third="dairy", first="dairy", by="category").table.height == 12


def test_who_stopped(ws: Workspace) -> None:
    answer = path_members(ws, first="dairy", stopped=True)
    assert sorted(answer.table["member_id"]) == STOPPED
    assert "did not come back within 91 days of the first purchase; 1 of them may be contacted." in answer.headline
    assert any("Fewer than 10 members who began less than 182 days before" in str(note) for note in answer.notes)
    assert sorted(path_members(ws, stopped=True, recent=True).table["member_id"]) == ["late", *STOPPED]
    assert "late" not in path_members(ws, stopped=True, recent=True, as_of="2024-06-20").table["member_id"], "90 days: may yet come back"
    assert sorted(path_members(ws, second="did not come back").table["member_id"]) == STOPPED
    assert path_members(ws, second="care", stopped=True).table.is_empty(), "all of them came a third time"
    assert path_members(ws, first="all others").table.is_empty()


def test_counts_agree_with_paths(ws: Workspace) -> None:
    for step, place, there, back in paths(ws, show="node").table.select("step", "place", "member_count", "back_count").iter_rows():
        name = ("first", "second")[step - 1]
        assert path_members(ws, **{name: place}).figures["members_in_all"] == there
        assert path_members(ws, **{name: place}, stopped=True).figures["members_in_all"] == there - back
    assert "tk.targeting.path_members(ws, first='dairy', stopped=True, by='category')" in paths(ws).ask_next


def test_who_entered_with_a_good(tmp_path: Path) -> None:
    rows = [("old", 500, "milk", 5.0), ("old", 0, "toy", 5.0)]
    rows += [(f"m{who:02d}", 300, good, 9.0 - 8 * (good == "soap")) for who in range(20) for good in ("milk", "soap")[: 1 + who % 2]]
    rows += [("m00", 200, "soap", 1.0)]
    ws = shop(tmp_path, rows)
    odd = [f"m{who:02d}" for who in range(1, 20, 2)]
    for name in ("soap", "CARE", "home"):  # product, category, department
        assert sorted(path_members(ws, entered_with=name).table["member_id"]) == odd
    assert path_members(ws, first="care").table.is_empty(), "soap was a little of the first day"
    assert "had soap in the first basket" in path_members(ws, entered_with="soap").headline


def test_an_audience(ws: Workspace) -> None:
    with pytest.raises(BadValue, match="lists 5 of 12 members: ask it with top=0"):
        Audience.from_answer("gone", path_members(ws, first="dairy", stopped=True, top=5))
    answer = path_members(ws, first="dairy", stopped=True, top=0)
    assert Audience.from_answer("gone", answer).member_ids == tuple(STOPPED)
    call = "tk.targeting.path_members(ws, first='dairy', stopped=True, top=0)"
    assert answer.call == call
    done = CliRunner().invoke(app, ["audience", "save", str(ws.path), "milk and gone", "--answer", call])
    assert done.exit_code == 0, done.output
    assert "12 members" in done.output
    done = CliRunner().invoke(app, ["audience", "refresh", str(ws.path), "milk and gone"])
    assert "0 came, 0 went, 12 stayed" in done.output


def test_slips_are_sentences(ws: Workspace) -> None:
    with pytest.raises(UnknownName, match="did you mean 'dairy'"):
        path_members(ws, first="diary")
    with pytest.raises(UnknownName, match="no department 'dairy'"):
        path_members(ws, first="dairy", by="department")
    with pytest.raises(BadValue, match="dairy and home mix categories with departments"):
        path_members(ws, first="dairy", second="home")
    with pytest.raises(UnknownName, match="did you mean 'soap'"):
        path_members(ws, entered_with="saop")
    with pytest.raises(BadValue, match="nobody is known to stop after the third"):
        path_members(ws, third="dairy", stopped=True)
    with pytest.raises(BadValue, match="top is -1"):
        path_members(ws, top=-1)


def test_nobody_new_and_nobody_on_the_path(tmp_path: Path, ws: Workspace) -> None:
    old = shop(tmp_path, [(f"m{who}", ago, "milk", 5.0) for who in range(20) for ago in (400, 100, 0)])
    answer = path_members(old, first="dairy")
    assert "no entrant could be followed" in answer.headline
    assert answer.notes[0].verdict == "NOT MEASURED"
    nobody = path_members(ws, first="toys")
    assert "0 of 24 entrants (0.0%)" in nobody.headline
    assert "12 of 12 entrants (100.0%)" in path_members(ws, second="care", audience="order_count > 1").headline
