"""Launching on the club shop: what plan shows is what is frozen; contact lists never hold a control member."""

from __future__ import annotations

import csv
import json
import sqlite3
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

import toolkit as tk
from tests.differentiation.club import spring
from tests.shop import AS_OF, replace_table
from toolkit.errors import BadValue, DataError, UnknownName
from toolkit.models.assignment import assign
from toolkit.workspace import Workspace


@pytest.fixture(scope="module")
def launched(copy_of_club: Callable[..., Workspace]) -> Workspace:
    ws = copy_of_club()
    tk.save_plan(ws, spring())
    tk.launch(ws, "spring")
    return ws


def test_what_is_frozen_is_what_was_planned(launched: Workspace, club: Workspace) -> None:
    found = tk.campaign(launched, "spring")
    table = tk.differentiation.plan(club, campaign=spring(), settings={"scope": {"minimum_members": 1}}).table
    cells = found.members.group_by("segment", "offer", "arm").agg(pl.len().cast(pl.Int64).alias("member_count"))
    keys = ["segment", "offer", "arm", "member_count"]
    assert cells.select(keys).sort(keys).equals(table.select(keys).sort(keys))
    assert (found.as_of, found.goals, found.cost["contacts"], found.cost["fixed"]) == (AS_OF, {"lift": 0.3}, 90.0, 100.0)
    assert found.left_out.height == 75
    assert found.settings["campaigns"]["power"] == 0.8
    assert any("in another campaign" in note for note in found.notes)
    known = tk.campaigns(launched).filter(pl.col("campaign_id") == "spring").row(0, named=True)
    assert (known["source"], known["treated_count"], known["control_count"], known["intact"]) == ("ledger", 180, 45, True)


def test_the_draw_can_be_made_again_from_what_is_frozen(launched: Workspace) -> None:
    found = tk.campaign(launched, "spring")
    drawn = json.loads((launched.path / "campaigns/spring/definition.json").read_text("utf-8"))["drawn"]
    scores = [row["score"] for row in drawn["balance"]]
    again = assign(
        found.members, control_share=0.2, seed=drawn["seed"], salt=drawn["salt"], strata=drawn["strata"], scores=scores,
        tolerance=drawn["tolerance"], most_draws=drawn["most_draws"],
    )  # fmt: skip
    assert again.arms["arm"].equals(found.members["arm"])
    assert again.draws == drawn["draws"]
    assert all(abs(row["standardised_difference"] or 0) <= 0.1 for row in drawn["balance"])


def test_once_only_and_not_with_blockers(launched: Workspace) -> None:
    with pytest.raises(BadValue, match="launched already"):
        tk.launch(launched, spring())
    with pytest.raises(BadValue, match="launched already"):
        tk.save_plan(launched, spring(), replace_it=True)
    with pytest.raises(BadValue, match="cannot be launched:\n- "):
        tk.launch(launched, spring(campaign_id="next", control_share=0))
    with pytest.raises(BadValue, match="Too many overlap"):  # all of them are in spring
        tk.launch(launched, spring(campaign_id="next"))
    with pytest.raises(BadValue, match="cannot be the id"):
        tk.launch(launched, "../spring")
    with pytest.raises(UnknownName, match="no plan 'x'"):
        tk.launch(launched, "x")
    assert sorted(path.name for path in (launched.path / "campaigns").iterdir() if path.is_dir()) == ["spring"]


def test_contact_lists_hold_the_treated_only(launched: Workspace, tmp_path: Path) -> None:
    found = tk.campaign(launched, "spring")
    control = set(found.members.filter(pl.col("arm") == "control")["member_id"])
    made = tk.contact_lists(launched, "spring", tmp_path / "lists", per_store=True, columns=["order_count_91d"])
    tables = [pl.read_parquet(path) for path in made.files if path.suffix == ".parquet"]
    listed = [member for table in tables for member in table["member_id"]]
    assert sorted(listed) == sorted(found.members.filter(pl.col("arm") == "treated")["member_id"])
    assert not control & set(listed)
    assert len(tables) == len(made.exports) == 6  # two touchpoints in three stores
    assert all(table["store_id"].n_unique() == 1 for table in tables)
    mail = next(table for path, table in zip([p for p in made.files if p.suffix == ".parquet"], tables, strict=True) if "mail" in path.name)
    assert mail["offer_text"].unique().to_list() == ["discount 10% on TEA"]
    assert mail.columns == ["member_id", "segment", "offer", "offer_text", "message", "store_id", "order_count_91d"]
    for path in tmp_path.joinpath("lists").glob("*.csv"):
        with path.open(encoding="utf-8-sig", newline="") as file:
            assert not control & {row["member_id"] for row in csv.DictReader(file)}
    assert "the control members are on none" in made.sentence
    with pytest.raises(BadValue, match="already"):
        tk.contact_lists(launched, "spring", tmp_path / "lists", per_store=True)


def test_the_treated_are_tasks_in_a_table_of_the_shops_own(launched: Workspace, tmp_path: Path) -> None:
    found = tk.campaign(launched, "spring").members
    treated = sorted(found.filter(pl.col("arm") == "treated")["member_id"])
    to = f"sqlite:{tmp_path}/crm.db"
    for mode in ("create", "merge"):
        tk.write_back(launched, "contacts", name="spring", to=to, table="tasks", mode=mode, columns=["order_count_91d"])
        with sqlite3.connect(tmp_path / "crm.db") as crm:
            tasks = crm.execute("select campaign_id, member_id, offer_text, touchpoint from tasks order by member_id").fetchall()
        assert [task[1] for task in tasks] == treated
        assert {task[0] for task in tasks} == {"spring"}
        assert all(task[2] and task[3] for task in tasks)


def test_who_withdrew_since_is_on_no_list(launched: Workspace, tmp_path: Path) -> None:
    found = tk.campaign(launched, "spring").members.filter(pl.col("arm") == "treated")["member_id"]
    gone = found[0]
    table = launched.table("members")
    assert table is not None
    members = table.collect()
    withdrawn = members.with_columns(contactable=pl.when(pl.col("member_id") == gone).then(False).otherwise("contactable"))
    try:
        ws = replace_table(launched.path, "members", withdrawn)
        made = tk.contact_lists(ws, "spring", tmp_path / "lists", formats=["parquet"])
    finally:
        replace_table(launched.path, "members", members)
    assert gone not in {member for file in made.files for member in pl.read_parquet(file)["member_id"]}
    assert "1 treated member may no longer be contacted" in made.sentence


def test_without_consent_lists_are_for_analysis_only(copy_of_club: Callable[..., Workspace], tmp_path: Path) -> None:
    ws = copy_of_club(contactable=False)
    tk.launch(ws, spring())
    with pytest.raises(DataError, match="no `contactable` column"):
        tk.contact_lists(ws, "spring", tmp_path / "lists")
    assert not (tmp_path / "lists").exists()
    made = tk.contact_lists(ws, "spring", tmp_path / "lists", for_contact=False, formats=["csv"])
    assert len(made.files) == 2
    assert "nobody may be addressed" in next(tmp_path.joinpath("lists").glob("*.manifest.json")).read_text("utf-8")
    with pytest.raises(BadValue, match="was not launched here"):
        tk.contact_lists(ws, "OLD", tmp_path / "old")
    with pytest.raises(UnknownName, match="no campaign 'x'"):
        tk.contact_lists(ws, "x", tmp_path / "x")
