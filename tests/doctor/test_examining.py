"""`toolkit doctor`: what it mends, what it names, and that an import can follow."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import polars as pl
import pytest

import toolkit as tk
from benchmarks.fault_shop import forget_what_was_read
from tests.shop import make_workspace, tiny_lines, tiny_products
from tests.test_integrity import _turned
from toolkit.doctor.examining import examine
from toolkit.errors import WorkspaceError
from toolkit.workspace import COPY, Workspace


@pytest.fixture
def ws(tmp_path: Path) -> Workspace:
    return make_workspace(tmp_path / "ws", tiny_lines(), {"products": tiny_products()}, files=2)


def test_a_whole_workspace_is_said_to_be(ws: Workspace) -> None:
    tk.members(ws)
    found = examine(ws.path)
    assert str(found) == f"All is well: {len(ws.manifest.live())} data files are what was written, and so is everything made from them."


def test_what_is_made_from_the_receipts_is_made_again(ws: Workspace) -> None:
    members = tk.members(ws)
    _turned(next((ws.path / "mart").glob("*/members/*.arrow")))
    found = examine(ws.path)
    assert not found.left
    assert "made again" in found.mended[0]
    forget_what_was_read()
    assert tk.members(ws).equals(members)
    assert str(examine(ws.path)).startswith("All is well")


def test_a_damaged_manifest_is_replaced_by_its_copy_and_a_copy_by_the_manifest(ws: Workspace) -> None:
    manifest = ws.manifest
    (ws.path / "manifest.json").write_bytes(b"")
    assert "its copy was put in its place: receipts up to 2024-06-30" in examine(ws.path).mended[0]
    assert Workspace(ws.path).manifest == manifest
    (ws.path / COPY).unlink()
    examine(ws.path)
    assert (ws.path / COPY).read_bytes() == (ws.path / "manifest.json").read_bytes()
    for name in ("manifest.json", COPY):
        _turned(ws.path / name)
    with pytest.raises(WorkspaceError, match="Its copy cannot be read, either"):
        examine(ws.path)


def test_damaged_receipts_are_named_and_can_be_set_aside_and_imported_again(tmp_path: Path) -> None:
    (tmp_path / "lines.csv").write_text(
        "order,member,store,sku,time,qty,amount\n"
        + "".join(f"o{n},m{n % 7},s1,milk,2024-01-{n % 28 + 1:02d} 10:{n % 60:02d}:00,1,2.50\n" for n in range(200)),
        "utf-8",
    )
    (tmp_path / "mapping.toml").write_text(
        'name = "till"\ncurrency = "EUR"\n[lines]\nfiles = "lines.csv"\ncolumns = { order_id = "order", member_id = "member", store_id = "store", '
        'product_id = "sku", ordered_at = "time", quantity = "qty", amount = "amount" }\n',
        "utf-8",
    )
    tk.import_receipts(tmp_path, tmp_path / "ws", accept_defaults=True)
    ws = tk.open(str(tmp_path / "ws"))
    before = tk.members(ws)
    _turned(ws.path / ws.manifest.line_files[0].path)
    (found,) = examine(ws.path).left
    assert "source till from 2024-01-01 to 2024-01-28 it holds 200 lines" in found
    assert "import these days again" in found
    assert examine(ws.path, set_aside=True).left[0].startswith("Of source till 200 lines")
    assert Workspace(ws.path).line_count == 0
    assert len(list((ws.path / "damaged").iterdir())) == 2
    tk.import_receipts(tmp_path, tmp_path / "ws", accept_defaults=True)
    assert tk.members(ws).equals(before)


def test_a_damaged_dictionary_and_a_table_say_what_to_do(ws: Workspace) -> None:
    _turned(ws.path / ws.manifest.codes["member"])
    _turned(ws.path / ws.manifest.tables["products"])
    left = " ".join(examine(ws.path).left)
    assert "Without this dictionary no line has its ids" in left
    assert "It is the table products" in left
    again = " ".join(examine(ws.path, set_aside=True).left)
    assert "The table products is left out" in again
    assert "Without this dictionary" in again


def test_files_of_an_older_toolkit_are_sealed_and_leftovers_removed(ws: Workspace) -> None:
    raw = {
        key: value for key, value in json.loads((ws.path / "manifest.json").read_text("utf-8")).items() if key not in ("files", "digest")
    }
    (ws.path / "manifest.json").write_text(json.dumps(raw | {"format": 2}), "utf-8")
    left = ws.path / "lines" / "000009" / "part.parquet"
    left.parent.mkdir()
    left.write_bytes(b"half")
    (ws.path / "documents").mkdir(exist_ok=True)
    (ws.path / "documents" / ".settings.toml.999999999-1.part").write_bytes(b"half")
    said = str(examine(ws.path))
    assert "2 files that interrupted attempts had left were removed" in said
    assert "files of an older toolkit can be read" in said
    assert not left.exists()
    opened = Workspace(ws.path)
    assert set(opened.manifest.files) == set(opened.manifest.live())


def test_a_document_and_a_file_without_a_seal_that_cannot_be_read_are_named(ws: Workspace) -> None:
    ws.document_file("settings.toml").write_text("[scope", "utf-8")
    lines = ws.path / ws.manifest.line_files[0].path
    raw = json.loads((ws.path / "manifest.json").read_text("utf-8"))
    (ws.path / "manifest.json").write_text(
        json.dumps({key: value for key, value in raw.items() if key not in ("files", "digest")} | {"format": 2}), "utf-8"
    )
    lines.write_bytes(lines.read_bytes()[:100])
    left = " ".join(examine(ws.path).left)
    assert "settings.toml is not valid TOML" in left
    assert f"{lines} cannot be read" in left
    shutil.rmtree(ws.path / "mart", ignore_errors=True)
    (ws.path / "documents" / "settings.toml").unlink()
    with pytest.raises(WorkspaceError, match=r"cannot be read.*toolkit doctor"):
        tk.portrait.overview(ws)
    assert pl.read_parquet(ws.path / ws.manifest.line_files[1].path).height
