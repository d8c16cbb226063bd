"""The workspace: one manifest, atomic commits, damage and newer versions named."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from toolkit.errors import WorkspaceError
from toolkit.workspace import Workspace, is_disk_full


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.create(tmp_path / "ws", currency="EUR", minor_digits=2)


def test_an_empty_workspace_reads_as_empty(workspace: Workspace) -> None:
    assert workspace.line_count == 0
    assert workspace.first_day is None
    assert workspace.codes("member").is_empty()
    assert workspace.table("products") is None
    assert "no receipts yet" in repr(workspace)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "not a workspace"),
        ("{", "damaged"),
        ("[]", "no format number"),
        ('{"format": 99, "currency": "EUR"}', "newer toolkit"),
        ('{"format": 1, "currency": "EUR"}', "minor_digits"),
    ],
)
def test_a_folder_that_is_no_workspace_is_named(tmp_path: Path, text: str | None, said: str) -> None:
    if text is not None:
        (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(WorkspaceError, match=said):
        Workspace(tmp_path)


def test_a_folder_with_other_things_is_not_taken_over(tmp_path: Path) -> None:
    (tmp_path / "holiday.jpg").write_bytes(b"x")
    with pytest.raises(WorkspaceError, match="other things"):
        Workspace.create(tmp_path, currency="EUR", minor_digits=2)


def test_another_currency_is_refused(workspace: Workspace) -> None:
    with pytest.raises(WorkspaceError, match="EUR with 2"):
        Workspace.create(workspace.path, currency="JPY", minor_digits=0)


def test_what_is_not_committed_does_not_exist_and_is_swept(workspace: Workspace) -> None:
    def write_and_fail() -> None:
        with workspace.writing() as commit_id:
            folder = workspace.path / "tables" / commit_id
            folder.mkdir(parents=True)
            pl.DataFrame({"product_id": ["a"]}).write_parquet(folder / "products.parquet")
            raise RuntimeError("killed here")

    with pytest.raises(RuntimeError):
        write_and_fail()
    assert Workspace(workspace.path).table("products") is None
    assert not list((workspace.path / "tables").glob("*"))


def test_leftovers_of_a_killed_writer_are_swept_by_the_next(workspace: Workspace) -> None:
    left = workspace.path / "lines" / "000001"
    left.mkdir(parents=True)
    (left / "part-000.parquet").write_bytes(b"half")
    with workspace.writing() as commit_id:
        assert commit_id == "000001"
        assert not left.exists()


def test_a_commit_is_seen_by_new_readers_and_changes_the_version(workspace: Workspace) -> None:
    with workspace.writing() as commit_id:
        path = f"tables/{commit_id}/products.parquet"
        (workspace.path / path).parent.mkdir(parents=True)
        pl.DataFrame({"product_id": ["a"]}).write_parquet(workspace.path / path)
        workspace.commit(tables={"products": path})
    again = Workspace(workspace.path)
    assert again.manifest.data_version == 1
    table = again.table("products")
    assert table is not None
    assert table.collect()["product_id"].to_list() == ["a"]


def test_two_writers_at_once_are_refused(workspace: Workspace) -> None:
    code = (
        "import sys; from toolkit.workspace import Workspace; from toolkit.errors import WorkspaceError\n"
        "try:\n    Workspace(sys.argv[1]).writing().__enter__()\nexcept WorkspaceError as error:\n    print(error)\n"
    )
    with workspace.writing():
        done = subprocess.run([sys.executable, "-c", code, str(workspace.path)], capture_output=True, text=True, check=True)
    assert "written by another process" in done.stdout


def test_a_full_disk_ends_in_a_sentence_and_leaves_the_state(workspace: Workspace) -> None:
    def fill() -> None:
        with workspace.writing():
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(WorkspaceError, match=r"full\. Nothing was changed"):
        fill()
    assert is_disk_full(pl.exceptions.ComputeError("No space left on device (os error 28)"))
    assert not is_disk_full(OSError(errno.EACCES, "no"))


def test_a_listed_file_that_is_gone_is_named(workspace: Workspace) -> None:
    raw = json.loads((workspace.path / "manifest.json").read_text())
    raw["tables"] = {"products": "tables/000001/products.parquet"}
    (workspace.path / "manifest.json").write_text(json.dumps(raw))
    with pytest.raises(WorkspaceError, match="is not there"):
        Workspace(workspace.path).table("products")


def test_documents_are_toml_and_damage_is_named(workspace: Workspace) -> None:
    path = workspace.write_document("settings", {"scope": {"minimum_members": 5}})
    assert workspace.document("settings") == {"scope": {"minimum_members": 5}}
    assert workspace.document("nothing") == {}
    path.write_text("[scope")
    with pytest.raises(WorkspaceError, match="not valid TOML"):
        workspace.document("settings")
