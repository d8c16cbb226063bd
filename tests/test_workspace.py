"""The workspace: one manifest, atomic commits, damage and newer versions named."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from filelock import FileLock

from toolkit import workspace as layouts
from toolkit.disk import cannot_write
from toolkit.errors import WorkspaceError
from toolkit.workspace import Manifest, Workspace, write_manifest


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
        ('{"format": 0, "currency": "EUR"}', "no longer reads .it reads 1 to 3"),
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

    with pytest.raises(WorkspaceError, match=r"No space left.*nothing was kept"):
        fill()
    assert cannot_write(pl.exceptions.ComputeError("No space left on device (os error 28)"))
    assert not cannot_write(OSError(errno.ENOENT, "no"))


def test_a_listed_file_that_is_gone_is_named(workspace: Workspace) -> None:
    raw = json.loads((workspace.path / "manifest.json").read_text())
    raw["tables"] = {"products": "tables/000001/products.parquet"}
    write_manifest(workspace.path, Manifest.model_validate(raw))
    with pytest.raises(WorkspaceError, match="is not there"):
        Workspace(workspace.path).table("products")


def test_documents_are_toml_and_damage_is_named(workspace: Workspace) -> None:
    path = workspace.write_document("settings", {"scope": {"minimum_members": 5}})
    assert workspace.document("settings") == {"scope": {"minimum_members": 5}}
    assert workspace.document("nothing") == {}
    path.write_text("[scope")
    with pytest.raises(WorkspaceError, match="not valid TOML"):
        workspace.document("settings")


# -- older layouts ---------------------------------------------------------------------------------------------------------------------

LAYOUT_1 = """
{"format": 1, "currency": "EUR", "minor_digits": 2, "partitions": 1, "data_version": 1,
 "line_files": [], "line_columns": ["coupon_amount"], "codes": {}, "tables": {"products": "tables/000001/products.parquet"},
 "imports": [{"import_id": "000001", "name": "till", "table": "products", "rows_in": 2, "rows_kept": 1, "rows_rejected": 1, "rows_replaced": 0,
              "first_day": null, "last_day": null, "rejected_path": null, "reasons": {"no id": 1}, "notes": ["read as utf-8"]}]}
"""
"""A manifest as version 0.1.0 wrote it: whatever the layout is today, it opens with all that it holds."""


@pytest.fixture
def of_layout_1(tmp_path: Path) -> Path:
    (tmp_path / "tables" / "000001").mkdir(parents=True)
    pl.DataFrame({"product_id": ["milk"]}).write_parquet(tmp_path / "tables" / "000001" / "products.parquet")
    (tmp_path / "manifest.json").write_text(LAYOUT_1, "utf-8")
    return tmp_path


@pytest.fixture
def next_layout(monkeypatch: pytest.MonkeyPatch) -> None:
    """A toolkit one layout on, which keeps its tables in folders of another name."""

    def renamed(folder: Path, manifest: dict[str, Any]) -> dict[str, Any]:
        moved = {}
        for name, path in manifest["tables"].items():
            moved[name] = path.replace("tables/", "tables/upgraded-")
            (folder / moved[name]).parent.mkdir(exist_ok=True)
            shutil.copy(folder / path, folder / moved[name])
        return {**manifest, "tables": moved}

    monkeypatch.setattr(layouts, "FORMAT", layouts.FORMAT + 1)
    monkeypatch.setitem(layouts.UPGRADES, layouts.FORMAT - 1, renamed)


def test_a_workspace_of_version_0_1_opens_with_all_it_holds(of_layout_1: Path) -> None:
    ws = Workspace(of_layout_1)
    table = ws.table("products")
    assert table is not None
    assert table.collect()["product_id"].to_list() == ["milk"]
    assert ws.manifest.imports[0].reasons == {"no id": 1}
    assert ws.manifest.line_columns == ("coupon_amount",)
    assert ws.manifest == Manifest.model_validate(json.loads(LAYOUT_1) | {"format": layouts.FORMAT})


@pytest.mark.parametrize(("names", "source"), [(["till", "till"], "till"), (["till", "app"], ""), ([], "")])
def test_lines_of_layout_1_belong_to_the_one_name_they_were_imported_under(tmp_path: Path, names: list[str], source: str) -> None:
    manifest = json.loads(LAYOUT_1)
    file = {"path": "lines/000001/part-000.parquet", "ids_path": "lines/000001/order-ids-000.parquet", "partition": 0, "rows": 3}
    manifest["line_files"] = [{**file, "first_day": "2026-01-05", "last_day": "2026-01-06"}]
    manifest["imports"] += [{**manifest["imports"][0], "name": name, "table": "lines"} for name in names]
    (tmp_path / "manifest.json").write_text(json.dumps(manifest), "utf-8")
    ws = Workspace(tmp_path)
    assert ws.sources() == {source: (date(2026, 1, 5), date(2026, 1, 6), 3)}
    assert json.loads((tmp_path / "manifest.json").read_text("utf-8"))["line_files"][0]["source"] == source
    assert Workspace(tmp_path).manifest == ws.manifest


@pytest.mark.usefixtures("next_layout")
def test_an_older_layout_is_upgraded_once_and_keeps_all_it_holds(of_layout_1: Path) -> None:
    first, second = Workspace(of_layout_1), Workspace(of_layout_1)
    assert first.manifest == second.manifest
    assert json.loads((of_layout_1 / "manifest.json").read_text())["format"] == layouts.FORMAT
    assert first.manifest.tables == {"products": "tables/upgraded-000001/products.parquet"}
    assert first.manifest.imports[0].notes == ("read as utf-8",)
    with first.writing() as commit:  # sweeps what the old layout left
        assert commit == "000002"
    assert [path.name for path in (of_layout_1 / "tables").iterdir()] == ["upgraded-000001"]


@pytest.mark.usefixtures("next_layout")
def test_an_upgrade_that_fails_leaves_the_old_layout_and_says_so(of_layout_1: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> dict[str, Any]:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setitem(layouts.UPGRADES, layouts.FORMAT - 1, fail)
    with pytest.raises(WorkspaceError, match=r"must be upgraded once \(layout 1 to 4\).*Nothing was changed"):
        Workspace(of_layout_1)
    monkeypatch.setitem(layouts.UPGRADES, layouts.FORMAT - 1, lambda folder, manifest: {**manifest, "currency": 5})
    with pytest.raises(WorkspaceError, match="damaged: currency"):
        Workspace(of_layout_1)
    assert (of_layout_1 / "manifest.json").read_text("utf-8") == LAYOUT_1


@pytest.mark.usefixtures("next_layout")
def test_an_upgrade_waits_for_a_writer_and_a_layout_without_a_step_is_refused(of_layout_1: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layouts, "_UPGRADE_SECONDS", 0)
    with FileLock(of_layout_1 / ".lock"), pytest.raises(WorkspaceError, match="written by another process"):
        Workspace(of_layout_1)
    monkeypatch.delitem(layouts.UPGRADES, layouts.FORMAT - 1)
    with pytest.raises(WorkspaceError, match=r"no longer reads \(it reads 4 to 4\)\. Import the receipts again"):
        Workspace(of_layout_1)
