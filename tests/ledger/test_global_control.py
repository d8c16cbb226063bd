"""The global control: the same members whatever the order, a larger share holds the smaller one, and it is not given up by mistake."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from tests.shop import make_workspace, tiny_lines
from toolkit.errors import BadValue
from toolkit.ledger.global_control import GlobalControl, read_global_control, set_global_control

IDS = pl.Series([f"m{number}" for number in range(5_000)])
DAY = date(2024, 6, 30)


def test_membership_follows_from_the_id() -> None:
    two, five = GlobalControl(0.02).holds(IDS), GlobalControl(0.05).holds(IDS)
    assert GlobalControl(0.05).holds(IDS.reverse()).reverse().equals(five)
    assert 200 < int(five.sum()) < 300
    assert not (two & ~five).any()
    assert not GlobalControl(0.0).holds(IDS).any()
    assert int((GlobalControl(0.05, seed=1).holds(IDS) & five).sum()) < 40


def test_it_is_kept_and_not_given_up_by_mistake(tmp_path: Path) -> None:
    ws = make_workspace(tmp_path / "ws", tiny_lines())
    assert read_global_control(ws).share == 0
    assert set_global_control(ws, 0.05, since=DAY) == read_global_control(ws) == GlobalControl(0.05, 0, DAY)
    assert set_global_control(ws, 0.05, since=DAY).share == 0.05
    for share, seed in ((0.02, 0), (0.05, 1)):
        with pytest.raises(BadValue, match="is set since 2024-06-30"):
            set_global_control(ws, share, since=DAY, seed=seed)
    assert set_global_control(ws, 0.02, since=DAY, replace_it=True).share == 0.02
    with pytest.raises(BadValue, match="a share from 0 to"):
        set_global_control(ws, 0.6, since=DAY)
    ws.write_document("global_control", {"share": "much"})
    with pytest.raises(BadValue, match="were needed"):
        read_global_control(ws)
