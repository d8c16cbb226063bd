"""Files are what was written: one turned bit never gives other figures without a word."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from pathlib import Path

import polars as pl
import pytest

import toolkit as tk
from benchmarks.fault_flips import flips
from benchmarks.fault_shop import forget_what_was_read, make_receipts, make_shop, told
from tests.shop import make_workspace, tiny_lines, tiny_products
from toolkit import integrity
from toolkit.audience import members_then
from toolkit.errors import WorkspaceError
from toolkit.integrity import SEAL, STATE, content_named, folder_faults, read_signed, seal_folder, signed, write_content_named
from toolkit.ledger.lessons import read_lessons
from toolkit.workspace import Manifest, Workspace, write_manifest

CALLS = (("portrait.overview", {}),)
KINDS = r"^(manifest|lines|codes/#/(member|store)|tables/#/members|campaigns/.*(json|members)|documents/.*csv|mart/#/(orders|members|seal|mart))"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("faults")
    return make_shop(make_receipts(folder / "in"), folder / "ws", calls=CALLS)


def test_one_turned_bit_is_said_or_changes_nothing(shop: Path, tmp_path: Path) -> None:
    results = dict(flips(shop, tmp_path, times=1, calls=CALLS, only=KINDS))
    assert len(results) >= 15
    assert not [sentence for result in results.values() for sentence in result.lost]
    assert sum(result.said for result in results.values()) >= 5


def test_without_the_look_a_turned_bit_gives_other_figures(shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the test above would see: the same question, a bit of its largest order turned, and nobody looks."""
    shutil.copytree(shop, tmp_path / "ws")
    part = next((tmp_path / "ws" / "mart").glob("2023-12-31-*/orders/*.arrow"))
    content = part.read_bytes()
    amount = int(pl.read_ipc(part)["amount"].max()).to_bytes(8, "little")  # type: ignore[arg-type]
    part.write_bytes(content.replace(amount, bytes([amount[0], amount[1], amount[2] ^ 2, *amount[3:]]), 1))
    sound = told(shop, CALLS)["portrait.overview"]
    forget_what_was_read()
    assert told(tmp_path / "ws", CALLS)["portrait.overview"] == sound
    part = next((tmp_path / "ws" / "mart").glob("2023-12-31-*/orders/*.arrow"))
    part.write_bytes(content.replace(amount, bytes([amount[0], amount[1], amount[2] ^ 2, *amount[3:]]), 1))
    monkeypatch.setattr("toolkit.integrity.faults_in", lambda *_, **__: [])
    forget_what_was_read()
    assert told(tmp_path / "ws", CALLS)["portrait.overview"] != sound


def test_the_manifest_names_what_every_live_file_was(tmp_path: Path) -> None:
    ws = make_workspace(tmp_path / "ws", tiny_lines(), {"products": tiny_products()})
    manifest = Workspace(ws.path).manifest
    assert set(manifest.files) == set(manifest.live())
    for name, seal in manifest.files.items():
        content = (ws.path / name).read_bytes()
        assert seal == (hashlib.sha256(content).hexdigest(), len(content))


def test_a_damaged_source_is_one_sentence_and_a_damaged_mart_is_made_again(tmp_path: Path) -> None:
    ws = make_workspace(tmp_path / "ws", tiny_lines(), {"products": tiny_products()})
    members = tk.members(ws)
    part = next((ws.path / "mart").glob("*/orders/*.arrow"))
    _turned(part)
    forget_what_was_read()
    assert tk.members(ws).equals(members)
    assert not folder_faults(part.parent.parent)
    lines = ws.path / ws.manifest.line_files[0].path
    _turned(lines)
    shutil.rmtree(ws.path / "mart")
    with pytest.raises(WorkspaceError, match=r"\.parquet is not what was written.*toolkit restore.*toolkit doctor"):
        tk.portrait.overview(ws)


def test_times_that_are_set_back_do_not_hide_a_change(tmp_path: Path) -> None:
    ws = make_workspace(tmp_path / "ws", tiny_lines(), {"products": tiny_products()})
    path = ws.path / ws.manifest.codes["member"]
    before = path.stat()
    _turned(path)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    with pytest.raises(WorkspaceError, match="not what was written"):
        ws.codes("member")


def test_a_file_is_hashed_once_and_again_after_a_day(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ws = make_workspace(tmp_path / "ws", tiny_lines(), {"products": tiny_products()})
    hashed: list[str] = []
    monkeypatch.setattr(integrity, "seal_now", lambda path, made=integrity.seal_now: hashed.append(path) or made(path))
    forget_what_was_read()
    ws.codes("member")
    assert not hashed, "it was hashed when it was written"
    (ws.path / STATE).unlink()
    for _ in range(2):
        forget_what_was_read()
        ws.codes("member")
    assert len(hashed) == 1
    later = integrity.time.time() + integrity.TRUSTED_SECONDS
    monkeypatch.setattr(integrity.time, "time", lambda: later)
    ws.codes("member")
    assert len(hashed) == 2


def test_a_manifest_that_was_changed_is_damaged_and_one_without_seals_opens(tmp_path: Path) -> None:
    ws = make_workspace(tmp_path / "ws", tiny_lines(), {"products": tiny_products()})
    path = ws.path / "manifest.json"
    text = path.read_text("utf-8")
    path.write_text(text.replace('"minor_digits": 2', '"minor_digits": 3'), "utf-8")
    with pytest.raises(WorkspaceError, match=r"damaged.*toolkit doctor"):
        Workspace(ws.path)
    older = {key: value for key, value in json.loads(text).items() if key not in ("files", "digest")} | {"format": 2}
    path.write_text(json.dumps(older), "utf-8")
    opened = Workspace(ws.path)
    assert opened.codes("member").height == 5
    assert opened.manifest == ws.manifest.model_copy(update={"files": {}})


def test_the_digest_covers_every_value() -> None:
    values = {"a": 1, "b": [1.5, "x"]}
    assert read_signed(signed(values)) == values
    for text in (signed(values).replace("1.5", "1.6"), '{"a": 1}', "[]", ""):
        with pytest.raises(ValueError):  # noqa: PT011 - one kind for all
            read_signed(text)


def test_a_sealed_folder_and_a_file_named_by_its_content_show_what_was_changed(tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "a.bin").write_bytes(b"one")
    (tmp_path / "b.bin").write_bytes(b"two")
    assert folder_faults(tmp_path)[0].kind == "missing"
    assert set(seal_folder(tmp_path)) == {"below/a.bin", "b.bin"}
    assert folder_faults(tmp_path) == []
    (tmp_path / "b.bin").write_bytes(b"owt")
    (tmp_path / "below" / "a.bin").unlink()
    assert {fault.kind for fault in folder_faults(tmp_path)} == {"changed", "missing"}
    _turned(tmp_path / SEAL)
    assert len(folder_faults(tmp_path)) == 1

    first = write_content_named(tmp_path, "sums-1", ".parquet", pl.DataFrame({"a": [1]}).write_parquet)
    second = write_content_named(tmp_path, "sums-1", ".parquet", pl.DataFrame({"a": [2]}).write_parquet)
    assert not first.exists()
    assert content_named(tmp_path, "sums-1", ".parquet") == second
    assert content_named(tmp_path, "sums", ".parquet") is None
    _turned(second)
    assert content_named(tmp_path, "sums-1", ".parquet") is None


def test_members_of_a_saved_audience_and_lessons_are_what_was_written(shop: Path, tmp_path: Path) -> None:
    shutil.copytree(shop, tmp_path / "ws")
    path = next((tmp_path / "ws" / "documents" / "audiences").glob("*-v1.members.csv"))
    path.write_text(path.read_text("utf-8").replace("0000", "0001", 1), "utf-8")
    with pytest.raises(WorkspaceError, match="save the audience 'regulars' anew"):
        members_then(tmp_path / "ws", "regulars", 1)
    path = next((tmp_path / "ws" / "campaigns").glob("*/review/lessons-*.parquet"))
    frame = pl.read_parquet(path)
    frame.with_columns(pl.col("effect") + 1).write_parquet(path, metadata=pl.read_parquet_metadata(path))
    with pytest.raises(WorkspaceError, match="write the lessons of campaign 'C008' again"):
        read_lessons(Workspace(tmp_path / "ws"))


def test_an_empty_manifest_keeps_its_digest(tmp_path: Path) -> None:
    write_manifest(tmp_path, Manifest(currency="EUR", minor_digits=2))
    assert Workspace(tmp_path).manifest == Manifest(currency="EUR", minor_digits=2)


def _turned(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 4
    path.write_bytes(content)
