"""`toolkit audience` from the shell: save, show, list, overlap, refresh, export, and what it says about a slip."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from tests.shop import make_workspace, tiny_lines, tiny_products
from toolkit.cli.shell import app
from toolkit.errors import BadValue, ToolkitError, UnknownName


@pytest.fixture
def ws(tmp_path: Path) -> str:
    members = pl.DataFrame({"member_id": ["anna", "ben", "dora"], "contactable": [True, True, None]})
    make_workspace(tmp_path / "ws", tiny_lines(), {"products": tiny_products(), "members": members})
    return str(tmp_path / "ws")


def run(*words: str) -> str:
    done = CliRunner().invoke(app, ["audience", *words])
    if isinstance(done.exception, ToolkitError):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.output


def test_from_saving_to_export(ws: str, tmp_path: Path) -> None:
    assert "Saved version 1 of 'many'" in run("save", ws, "many", "order_count > 1")
    assert "2 members (40.0%" in run("show", ws, "many")
    run("save", ws, "most", "many", "--or", "member_id IN ('ben', 'dora')", "--without", "member_id = 'emil'")
    assert "3 members on 2024-06-30" in run("list", ws)
    assert "many" in run("overlap", ws, "many", "most", "order_count > 0")
    assert "0 came, 0 went, 3 stayed" in run("refresh", ws, "most")
    assert "3 members on 2024-06-30, 4 on" not in run("refresh", ws, "most", "--as-of", "2024-06-29")
    assert "2 members exported" in run("export", ws, "most", str(tmp_path / "out"), "--columns", "order_count,amount")
    assert len(list((tmp_path / "out").iterdir())) == 4
    assert "segment" in run("columns", ws)
    assert "Saved version 2." in run("refresh", ws, "most", "--save")


def test_slips_are_sentences(ws: str) -> None:
    run("save", ws, "many", "order_count > 1")
    with pytest.raises(BadValue, match="saved already"):
        run("save", ws, "many", "order_count > 2")
    with pytest.raises(UnknownName, match="did you mean 'order_count'"):
        run("save", ws, "x", "order_cuont > 2")
    with pytest.raises(UnknownName, match="did you mean 'many'"):
        run("show", ws, "mamy")
    with pytest.raises(BadValue, match="either a WHERE expression or --from"):
        run("save", ws, "x")
    with pytest.raises(BadValue, match="without `member_id`"):
        run("save", ws, "x", "--answer", "tk.portrait.overview(ws, settings={'scope': {'minimum_members': 1}})")
    with pytest.raises(BadValue, match="is no call of a question"):
        run("save", ws, "x", "--answer", "tk.portrait.overview(__import__('os'))[0]")
