"""Backups: whole, each content once, restored as they were or not at all."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

import toolkit as tk
from tests.shop import make_workspace, tiny_lines, tiny_products
from tests.test_integrity import _turned
from toolkit.audit import read_audit, record
from toolkit.cli.shell import app
from toolkit.doctor.backup import back_up, backups, restore
from toolkit.errors import BadValue, WorkspaceError
from toolkit.workspace import Workspace

NOW = datetime(2024, 7, 1, 3, 0)


@pytest.fixture
def ws(tmp_path: Path) -> Workspace:
    ws = make_workspace(tmp_path / "ws", tiny_lines(), {"products": tiny_products()})
    ws.write_document("settings", {"scope": {"minimum_members": 1}})
    return ws


def test_a_backup_comes_back_as_it_was_and_the_next_one_costs_what_is_new(ws: Workspace, tmp_path: Path) -> None:
    before = tk.portrait.overview(ws)
    first = back_up(ws.path, tmp_path / "kept", now=NOW)
    assert first.written == first.files
    ws.write_document("settings", {"scope": {"minimum_members": 2}})
    second = back_up(ws.path, tmp_path / "kept", now=NOW + timedelta(days=1))
    assert second.written == 2, "the settings, and what is known of them"
    assert backups(tmp_path / "kept") == [first.path, second.path]
    restore(tmp_path / "kept", tmp_path / "again", backup=first.path.stem)
    assert tk.portrait.overview(tmp_path / "again") == before
    restore(tmp_path / "kept", tmp_path / "latest")
    assert Workspace(tmp_path / "latest").document("settings") == {"scope": {"minimum_members": 2}}
    assert Workspace(tmp_path / "latest").manifest == ws.manifest


def test_nothing_damaged_goes_in_or_comes_out(ws: Workspace, tmp_path: Path) -> None:
    back_up(ws.path, tmp_path / "kept", now=NOW)
    content = max((tmp_path / "kept" / "contents").rglob("*"), key=lambda path: path.stat().st_size if path.is_file() else 0)
    _turned(content)
    with pytest.raises(WorkspaceError, match=r"not what was written\. Take an earlier backup"):
        restore(tmp_path / "kept", tmp_path / "again")
    assert not (tmp_path / "again").exists()
    assert not list(tmp_path.glob(".again*"))
    _turned(ws.path / ws.manifest.line_files[0].path)
    with pytest.raises(WorkspaceError, match="not what was written"):
        back_up(ws.path, tmp_path / "kept", now=NOW + timedelta(days=1))
    assert len(backups(tmp_path / "kept")) == 1


def test_refusals_say_why(ws: Workspace, tmp_path: Path) -> None:
    with pytest.raises(BadValue, match="in the workspace itself"):
        back_up(ws.path, ws.path / "kept", now=NOW)
    with pytest.raises(WorkspaceError, match="no such backup"):
        restore(tmp_path / "nothing", tmp_path / "again")
    kept = back_up(ws.path, tmp_path / "kept", now=NOW)
    with pytest.raises(BadValue, match="written over nothing"):
        restore(tmp_path / "kept", ws.path)
    with pytest.raises(WorkspaceError, match=f"It holds: {kept.path.stem}"):
        restore(tmp_path / "kept", tmp_path / "again", backup="backup-1999")
    _turned(kept.path)
    with pytest.raises(WorkspaceError, match="Take an earlier backup"):
        restore(tmp_path / "kept", tmp_path / "again")


def test_the_commands(ws: Workspace, tmp_path: Path) -> None:
    run = CliRunner()
    assert "were not there from before" in run.invoke(app, ["backup", str(ws.path), str(tmp_path / "kept")]).output
    assert "is as it was in backup-" in run.invoke(app, ["restore", str(tmp_path / "kept"), str(tmp_path / "again")]).output
    done = run.invoke(app, ["doctor", str(tmp_path / "again")])
    assert done.exit_code == 0
    assert done.output.startswith("All is well")
    _turned(tmp_path / "again" / ws.manifest.codes["store"])
    done = run.invoke(app, ["doctor", str(tmp_path / "again")])
    assert done.exit_code == 1
    assert "Without this dictionary" in done.output


def test_a_backup_in_a_store_comes_back_too(ws: Workspace, tmp_path: Path) -> None:
    """pyarrow's own local store stands for the object stores that it speaks with in the same words."""
    address = f"file://{tmp_path / 'store'}"
    before, entry = tk.portrait.overview(ws), record(ws.path, "saved", audience="core")
    first = back_up(ws.path, address, now=NOW)
    assert back_up(ws.path, address, now=NOW + timedelta(days=1)).written == 0
    restore(address, tmp_path / "again")
    assert tk.portrait.overview(tmp_path / "again") == before
    audit = read_audit(tmp_path / "again")
    assert (audit.head, audit.faults) == (entry, ()), "what an owner wrote down, such as a lower minimum, holds there too"
    line_file = Workspace(ws.path).manifest.line_files[0].path
    sha256 = Workspace(ws.path).manifest.files[line_file].sha256
    _turned(tmp_path / "store" / "contents" / sha256[:2] / sha256)
    with pytest.raises(WorkspaceError, match="is not what was written"):
        restore(address, tmp_path / "broken", backup=first.path.stem)
    assert not (tmp_path / "broken").exists()
    for nowhere in ("ftp://host/x", "s3://shop/x?endpoint_override=127.0.0.1:9&scheme=http&region=x&connect_timeout=1"):
        with pytest.raises(WorkspaceError) as caught:
            back_up(ws.path, nowhere, now=NOW)
        assert len(str(caught.value)) < 600
