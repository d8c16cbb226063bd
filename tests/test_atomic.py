"""Files written whole or not at all."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from toolkit.atomic import WHOLE, broken_off, write_atomically, written_beside, written_together


def test_a_reader_finds_the_old_or_the_new_content(tmp_path: Path) -> None:
    target = tmp_path / "x.bin"
    target.write_bytes(b"old")
    with written_beside(target) as part:
        part.write_bytes(b"new")
        assert part.parent == tmp_path
        assert target.read_bytes() == b"old"
    assert target.read_bytes() == b"new"
    assert os.listdir(tmp_path) == ["x.bin"]


def test_an_atomic_write_that_fails_keeps_the_old_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "x.json"
    write_atomically(target, "old")
    monkeypatch.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(OSError(errno.ENOSPC, "full")))
    with pytest.raises(OSError, match="full"):
        write_atomically(target, "new")
    assert target.read_text() == "old"
    assert [item.name for item in tmp_path.iterdir()] == ["x.json"]


def test_files_that_belong_together_are_there_together_or_not_at_all(tmp_path: Path) -> None:
    def written(folder: Path, content: str, *, fail: bool = False) -> None:
        with written_together(folder) as part:
            for name in ("a.csv", "b.csv"):
                (part / name).write_text(content)
                if fail:
                    raise RuntimeError("killed here")

    with pytest.raises(RuntimeError):
        written(tmp_path / "new", "1", fail=True)
    assert not list(tmp_path.iterdir())
    written(tmp_path / "new", "1")
    with pytest.raises(RuntimeError):
        written(tmp_path / "new", "2", fail=True)
    assert {path.name: path.read_text() for path in (tmp_path / "new").iterdir()} == {"a.csv": "1", "b.csv": "1"}
    written(tmp_path / "new", "3")
    assert {path.name: path.read_text() for path in (tmp_path / "new").iterdir()} == {"a.csv": "3", "b.csv": "3"}


def test_a_move_that_was_broken_off_is_nobodys_finished_work(tmp_path: Path) -> None:
    (tmp_path / WHOLE).mkdir()
    (tmp_path / WHOLE / "names").write_text("a.csv\nb.csv")
    (tmp_path / WHOLE / "b.csv").write_text("half moved")
    (tmp_path / "a.csv").write_text("half moved")
    (tmp_path / ".999999999.part").mkdir()
    assert broken_off(tmp_path) == {"a.csv", "b.csv"}
    with written_together(tmp_path) as part:
        (part / "a.csv").write_text("again")
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"a.csv": "again", "b.csv": "half moved"}
    assert broken_off(tmp_path) == set()
