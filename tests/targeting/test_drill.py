"""Drill-down: nodes add up, small ones are merged so that nothing can be reckoned back, and every node is the audience it says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from tests.portrait.ladder import lines_of
from tests.portrait.pictures import spec_of
from tests.shop import make_workspace
from toolkit.audience import Audience
from toolkit.errors import BadValue, UnknownName
from toolkit.scope.view import open_view
from toolkit.targeting import drill
from toolkit.workspace import Workspace


@pytest.fixture(scope="module")
def ws(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """200 members; towns of 120, 40, 25, 8, 3, and 4 unknown; grades a (half) and it's (half); spend from 10 to 2,000."""
    rng = np.random.default_rng(1)
    names = [f"m{number:03d}" for number in range(200)]
    towns = ["Ulm"] * 120 + ["Bern"] * 40 + ["Graz"] * 25 + ["Köln, Süd"] * 8 + ["Linz"] * 3 + [None] * 4
    grades = ["a" if number % 2 else "it's" for number in range(200)]
    cards = pl.DataFrame(
        {"member_id": names, "town": towns, "grade": grades, "odd name": grades, "vip": [number < 50 for number in range(200)]}
    )
    orders = [
        (name, int(day), f"s{1 + number % 2}", 1, 10.0 * (number + 1))
        for number, name in enumerate(names)
        for day in rng.integers(0, 80, 2)
    ]
    path: Path = tmp_path_factory.mktemp("drill") / "ws"
    return make_workspace(path, lines_of(orders), {"members": cards})


@pytest.mark.parametrize(
    "by", ["town", "town, grade", "value,town,grade", ["grade", "vip"], "order_count, town", "odd name, value", "stage"]
)
@pytest.mark.parametrize("scope", [{}, {"store_id": "s2"}, {"audience": "vip OR grade = 'a'"}])
def test_nodes_add_up_are_large_enough_and_are_their_audience(ws: Workspace, by: str | list[str], scope: dict) -> None:
    answer = drill(ws, by=by, **scope)
    table, view = answer.table, open_view(ws, **scope)
    assert table["member_count"].min() >= 10
    first = table.filter(pl.col("level") == 1)
    assert int(first["member_count"].sum()) == view.members.height
    assert first["sales_share"].sum() == pytest.approx(1)
    for row in table.iter_rows(named=True):
        alone = view.chain if "audience" in scope else view  # an audience's expression is in that of the node
        assert len(Audience("x", where=row["who"]).members(alone)) == row["member_count"], row
        parts = table.filter((pl.col("level") == row["level"] + 1) & pl.col("node").str.starts_with(row["node"] + " > "))
        if parts.height:
            assert int(parts["member_count"].sum()) == row["member_count"]
            assert float(parts["sales"].sum()) == pytest.approx(row["sales"])
    assert spec_of(answer)


def test_small_groups_are_merged_and_said_so(ws: Workspace) -> None:
    answer = drill(ws, by="town")
    nodes = dict(answer.table.select("node", "member_count").iter_rows())
    assert {name: nodes[name] for name in ("Ulm", "Bern", "Graz")} == {"Ulm": 120, "Bern": 40, "Graz": 25}
    assert nodes["Köln, Süd or not known or Linz"] == 15
    assert any("3 groups with fewer than 10 members" in str(note) for note in answer.notes)


def test_one_small_group_takes_the_next_smallest_along(ws: Workspace) -> None:
    answer = drill(ws, by="town", audience="town IN ('Ulm', 'Bern', 'Graz', 'Linz')")
    nodes = dict(answer.table.select("node", "member_count").iter_rows())
    assert nodes["Linz or Graz"] == 28  # else Linz could be reckoned back from the parent


def test_no_more_groups_than_asked_for(ws: Workspace) -> None:
    assert drill(ws, by="town", most=2).table["member_count"].to_list() == [120, 80]


@pytest.mark.parametrize(
    ("by", "error", "said"),
    [
        ("twon", UnknownName, "did you mean 'town'"),
        ("member_id", BadValue, "cannot be split by 'member_id'"),
        ("first_ordered_on", BadValue, "(date)"),
        ("tastes", BadValue, "(list)"),
        ("", BadValue, "one to 4"),
        ("town, town", BadValue, "different names"),
        ("town, grade, vip, stage, value", BadValue, "one to 4"),
    ],
)
def test_what_cannot_be_split_is_said(ws: Workspace, by: str, error: type[Exception], said: str) -> None:
    with pytest.raises(error) as caught:
        drill(ws, by=by)
    assert said in str(caught.value)
    with pytest.raises(BadValue, match="most is 1"):
        drill(ws, by="town", most=1)


def test_nobody_bought_in_the_period(ws: Workspace) -> None:
    answer = drill(ws, by="town", period="2024-06-30..2024-06-30", audience="last_ordered_on < '2024-06-30'")
    assert answer.table["sales_share"].null_count() == answer.table.height
    assert "no group has sales" in answer.headline


def test_a_chain_too_deep_says_so_and_names_a_group_of_its_own(ws: Workspace) -> None:
    answer = drill(ws, by="town", settings={"scope": {"minimum_members": 45}})
    assert answer.table["node"].to_list() == ["Ulm", "others"]
    assert "'Ulm' brings most" in answer.headline  # of those that are one group
    deep = drill(ws, by="town", settings={"scope": {"minimum_members": 130}})
    assert any("none can stand alone: split by fewer columns" in str(note) for note in deep.notes)
    with pytest.raises(UnknownName, match=r"(?s)'vlaue'; did you mean 'value'.*'twon'; did you mean 'town'"):
        drill(ws, by="vlaue, twon")
