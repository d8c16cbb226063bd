"""The club shop, made once, and copies of it to write in."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import toolkit as tk
from tests.differentiation.club import make_club, spring
from tests.shop import replace_table
from toolkit.workspace import Workspace


@pytest.fixture(scope="session")
def club(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A workspace with the club, its marts and traits made: read only."""
    ws = make_club(Path(tmp_path_factory.mktemp("club")) / "ws")
    tk.differentiation.plan(ws, campaign=spring())
    return ws


@pytest.fixture(scope="session")
def copy_of_club(club: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Workspace]:
    """A function that gives a copy of the club to write in; without consent if asked for."""

    def copied(*, contactable: bool = True) -> Workspace:
        path = tmp_path_factory.mktemp("copy") / "ws"
        shutil.copytree(club.path, path)
        ws = Workspace(path)
        members = ws.table("members")
        return ws if contactable or members is None else replace_table(path, "members", members.collect().drop("contactable"))

    return copied
