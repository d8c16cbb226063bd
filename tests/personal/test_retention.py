"""Lines lose their member with age, and old exports do not bring it back."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import polars as pl
import pytest

from tests.personal.town import import_town
from toolkit.audit import read_audit
from toolkit.errors import BadValue
from toolkit.personal.retention import retain
from toolkit.workspace import Workspace

EDGE = datetime(2024, 3, 29)
"""A month before 29 April, the last day of the town."""


def lines(ws: Workspace) -> pl.DataFrame:
    return pl.scan_parquet([ws.path / file.path for file in ws.manifest.line_files]).collect()


def test_old_lines_lose_their_member_and_stay_as_sales(tmp_path: Path) -> None:
    ws = import_town(tmp_path / "export", tmp_path / "ws")
    before = lines(ws)
    old_of_members = before.filter(pl.col("ordered_at") < EDGE, pl.col("member_code").is_not_null()).height
    done = retain(ws, "1m")
    after = lines(Workspace(ws.path))
    assert (done.lines, done.rows) == (old_of_members, 66)  # everybody looked at the shop on 1 March
    assert after.height == before.height
    assert after["amount"].sum() == before["amount"].sum()
    assert after.filter(pl.col("member_code").is_not_null())["ordered_at"].min() >= EDGE  # type: ignore[operator]
    again = import_town(tmp_path / "export", tmp_path / "ws")
    assert lines(again).filter(pl.col("member_code").is_not_null())["ordered_at"].min() >= EDGE  # type: ignore[operator]
    assert lines(again)["amount"].sum() == before["amount"].sum()
    assert read_audit(ws.path).entries[-1].did == "retained"


def test_old_lines_can_go_altogether(tmp_path: Path) -> None:
    ws = import_town(tmp_path / "export", tmp_path / "ws")
    left = lines(ws).filter(pl.col("ordered_at") >= EDGE).height
    assert "gone" in retain(ws, "1m", drop=True).sentences[0]
    assert lines(Workspace(ws.path)).height == left


def test_a_stretch_that_is_none_changes_nothing(tmp_path: Path) -> None:
    ws = import_town(tmp_path / "export", tmp_path / "ws")
    with pytest.raises(BadValue, match="36m"):
        retain(ws, "36 days")
    assert Workspace(ws.path).manifest.data_version == ws.manifest.data_version
