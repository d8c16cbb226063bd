"""Freezing: whole or not at all, once, and a change afterwards is seen."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from tests.ledger.frozen import AS_OF, definition, left_out, members
from tests.shop import make_workspace, tiny_lines
from toolkit.errors import BadValue, DataError, WorkspaceError
from toolkit.language import speaking
from toolkit.ledger.campaigns import known_campaigns, open_campaign
from toolkit.ledger.launch import freeze
from toolkit.workspace import Workspace


@pytest.fixture
def ws(tmp_path: Path) -> Workspace:
    return make_workspace(tmp_path / "ws", tiny_lines())


def test_what_was_warned_of_is_read_in_the_readers_language(ws: Workspace) -> None:
    freeze(ws, definition(), members(), as_of=AS_OF, notes={"en": ["look"], "zh": ["看"]})
    with speaking("zh"):
        assert open_campaign(ws, "summer").notes == ("看",)


def test_what_is_read_is_what_was_launched(ws: Workspace) -> None:
    made = freeze(
        ws, definition(), members(), as_of=AS_OF, left_out=left_out(), cost={"total": 12.5, "offers": None}, settings={"a": 1},
        notes={"en": ["look"], "zh": ["看"]},
    )  # fmt: skip
    found = open_campaign(ws, "summer")
    for campaign in (made, found):
        assert (campaign.source, campaign.randomised, campaign.as_of, campaign.days) == ("ledger", True, AS_OF, 28)
        assert (campaign.methods, campaign.cost_fixed, campaign.cost_per_contact) == (("full_reduction",), 1250, None)
        assert (campaign.goals, campaign.cost, campaign.settings) == ({"lift": 0.1}, {"total": 12.5, "offers": None}, {"a": 1})
        assert (campaign.notes, campaign.definition, campaign.score_columns) == (("look",), definition(), ("amount_91d",))
        assert (campaign.count("treated"), campaign.count("control")) == (2, 1)
        wanted = members().sort("member_id").drop("store_id")
        assert_frame_equal(campaign.members.select(wanted.columns), wanted)
        assert campaign.members["contacted_at"].null_count() == 3
        assert campaign.left_out.equals(left_out())
    told = json.loads((ws.path / "campaigns/summer/definition.json").read_text("utf-8"))
    assert (told["seed"], told["data_version"], told["member_counts"]) == (0, 1, {"treated": 2, "control": 1})
    assert sorted(path.name for path in (ws.path / "campaigns").iterdir()) == [".lock", "summer"]


def test_the_same_id_twice_is_refused(ws: Workspace) -> None:
    freeze(ws, definition(), members(), as_of=AS_OF)
    before = (ws.path / "campaigns/summer/members.parquet").read_bytes()
    for campaign_id in ("summer", "Summer"):
        with pytest.raises(BadValue, match="launched already"):
            freeze(ws, definition(campaign_id=campaign_id), members(arm=["control", "treated", "treated"]), as_of=AS_OF)
    assert (ws.path / "campaigns/summer/members.parquet").read_bytes() == before


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"arm": ["treated"] * 3}, "nobody is control"),
        ({"arm": ["control"] * 3}, "nobody is treated"),
        ({"arm": ["treated", "control", "none"]}, "member ben has the arm 'none'"),
        ({"member_id": ["anna", "anna", "ben"]}, "twice"),
        ({"member_id": ["anna", "dora", "ben"]}, "twice"),
        ({"member_id": ["anna", None, "ben"]}, "no id"),
    ],
)
def test_members_are_checked(ws: Workspace, changes: dict[str, Any], said: str) -> None:
    with pytest.raises(DataError, match=said):
        freeze(ws, definition(), members(**changes), as_of=AS_OF, left_out=left_out())
    with pytest.raises(DataError, match="no column arm"):
        freeze(ws, definition(), members().drop("arm"), as_of=AS_OF)
    with pytest.raises(BadValue, match="a control of nobody"):
        freeze(ws, definition(control_share=0), members(), as_of=AS_OF)
    assert not (ws.path / "campaigns/summer").exists()


@pytest.mark.parametrize("name", ["members.parquet", "definition.json", "left_out.parquet", "hashes.json"])
def test_a_file_changed_later_is_seen(ws: Workspace, name: str) -> None:
    freeze(ws, definition(), members(), as_of=AS_OF)
    path = ws.path / "campaigns/summer" / name
    if name == "members.parquet":
        pl.read_parquet(path).with_columns(arm=pl.lit("treated")).write_parquet(path)
    elif name == "definition.json":
        path.write_text(path.read_text("utf-8").replace("2024-08-04", "2024-08-05"), "utf-8")
    else:
        path.unlink()
    with pytest.raises(WorkspaceError, match=name):
        open_campaign(ws, "summer")
    assert known_campaigns(ws)["intact"].to_list() == [False]


def test_a_definition_that_cannot_be_read_does_not_hide_the_others(ws: Workspace) -> None:
    freeze(ws, definition(), members(), as_of=AS_OF)
    freeze(ws, definition(campaign_id="autumn"), members(), as_of=AS_OF)
    (ws.path / "campaigns/summer/definition.json").write_text("{", "utf-8")
    known = known_campaigns(ws)
    assert dict(known.select("campaign_id", "intact").iter_rows()) == {"autumn": True, "summer": False}


def test_a_review_beside_it_changes_nothing(ws: Workspace) -> None:
    freeze(ws, definition(), members(), as_of=AS_OF)
    (ws.path / "campaigns/summer/review").mkdir()
    (ws.path / "campaigns/summer/review/x.json").write_text("{}", "utf-8")
    assert open_campaign(ws, "summer").count("control") == 1


def test_what_a_killed_launch_left_is_swept(ws: Workspace) -> None:
    (ws.path / "campaigns/.summer.1.part").mkdir(parents=True)
    assert known_campaigns(ws).is_empty()
    freeze(ws, definition(), members(), as_of=AS_OF)
    assert not (ws.path / "campaigns/.summer.1.part").exists()


def test_a_full_disk_leaves_nothing(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "rename", full)
    with pytest.raises(WorkspaceError, match="nothing was kept"):
        freeze(ws, definition(), members(), as_of=AS_OF)
    assert [path.name for path in (ws.path / "campaigns").iterdir()] == [".lock"]


_TWO = """
import sys
from tests.ledger.frozen import AS_OF, definition, members
from toolkit.errors import BadValue
from toolkit.ledger.launch import freeze
from toolkit.workspace import Workspace
ws, mine = Workspace(sys.argv[1]), sys.argv[2]
for number in range(6):
    try:
        freeze(ws, definition(campaign_id=f"c{number}", name=mine), members(segment=[mine] * 3), as_of=AS_OF)
    except BadValue as error:
        assert "launched already" in str(error)
        continue
    print(number)
"""


def test_two_at_once_do_not_harm_each_other(ws: Workspace) -> None:
    root = Path(__file__).parents[2]
    two = [
        subprocess.Popen([sys.executable, "-c", _TWO, str(ws.path), name], cwd=root, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(root)})
        for name in ("left", "right")
    ]  # fmt: skip
    done = {name: set(process.communicate(timeout=60)[0].split()) for name, process in zip(("left", "right"), two, strict=True)}
    assert [process.returncode for process in two] == [0, 0]
    assert done["left"] | done["right"] == set("012345")
    assert not done["left"] & done["right"]
    for name, launched in done.items():
        for number in launched:
            campaign = open_campaign(ws, f"c{number}")
            assert (campaign.name, campaign.members["segment"].unique().to_list()) == (name, [name])


def test_a_copy_of_the_ledger_reads_the_same(ws: Workspace, tmp_path: Path) -> None:
    freeze(ws, definition(), members(), as_of=AS_OF)
    shutil.copytree(ws.path, tmp_path / "copy")
    assert open_campaign(Workspace(tmp_path / "copy"), "summer").members.equals(open_campaign(ws, "summer").members)
