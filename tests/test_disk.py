"""A disk that is full or may not be written: questions are answered without their cache, what should be kept is refused in a sentence."""

from __future__ import annotations

import errno
import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

import toolkit as tk
from tests.shop import make_workspace, random_lines, random_products
from toolkit.audience import Audience, export_audience, save_audience
from toolkit.disk import NotWritten, cannot_write, spare_of, told_in_words, with_spare
from toolkit.errors import ToolkitError, WorkspaceError
from toolkit.mart.sequences import sequences_of
from toolkit.scope.view import open_view
from toolkit.workspace import Workspace

SIZE = 4


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small disk of its own, gone afterwards."""
    place = tmp_path / "disk"
    place.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE}m", "tmpfs", place], capture_output=True, check=False)
    if made.returncode:
        pytest.skip("a disk of its own needs the right to mount one")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", place], check=False)


def fill(disk: Path) -> None:
    with (disk / "rest").open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(b"x" * 4096)


def lock(disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", disk], check=True)


@pytest.mark.parametrize("spoil", [fill, lock])
def test_questions_are_answered_and_nothing_is_kept(disk: Path, tmp_path: Path, spoil: Callable[[Path], None]) -> None:
    lines, products = random_lines(3, lines=800), {"products": random_products()}
    good = make_workspace(tmp_path / "good", lines, products)
    ws = make_workspace(disk / "shop", lines, products)
    spoil(disk)
    files = {path.relative_to(disk) for path in disk.rglob("*")}
    for question in (tk.portrait.overview, tk.targeting.bought_together, tk.targeting.attach):  # a mart, and baskets
        assert question(ws) == question(good)
    view = open_view(ws)
    assert sequences_of(ws, view.mart).first_days.collect().height > 0
    assert spare_of(ws.mart_folder)
    keep: dict[str, Callable[[], object]] = {
        "an audience": lambda: save_audience(ws, Audience("many", where="order_count > 1")),
        "a document": lambda: ws.write_document("settings", {"scope": {"minimum_members": 11}}),
        "an export": lambda: export_audience(view, Audience("many", where="order_count > 1"), disk / "out", for_contact=False),
        "a file": lambda: tk.portrait.overview(ws).save(disk / "answer.html"),
        "a control group": lambda: tk.set_global_control(ws, 0.1),
    }
    for what, made in keep.items():
        with pytest.raises(ToolkitError, match=r"cannot be written|is full") as caught:
            made()
        assert len(str(caught.value)) < 400, what
    left = {path.relative_to(disk) for path in disk.rglob("*") if path.is_file()} - files
    assert {path for path in left if path.stat().st_size} == set() if spoil is lock else not any(".part" in str(path) for path in left)


def test_what_a_disk_says_is_told_and_all_else_is_not() -> None:
    @told_in_words
    def kept(error: Exception) -> None:
        raise error

    with pytest.raises(NotWritten, match=r"'?/x/y'? cannot be written .*full.*kept there") as caught:
        kept(OSError(errno.ENOSPC, "the disk is full", "/x/y"))
    assert isinstance(caught.value, WorkspaceError)
    assert isinstance(caught.value, OSError)
    with pytest.raises(FileNotFoundError):
        kept(FileNotFoundError(errno.ENOENT, "no such file"))
    assert not cannot_write(ValueError("nothing of a disk"))


def test_a_spare_place_is_kept_to_and_is_its_owners_alone(tmp_path: Path) -> None:
    asked: list[Path] = []

    def make(place: Path) -> str:
        asked.append(place)
        if place == tmp_path:
            raise OSError(errno.EROFS, "read-only")
        return place.name

    assert with_spare(tmp_path, make) == with_spare(tmp_path, make)
    assert [place == tmp_path for place in asked] == [True, False, False]
    assert os.stat(asked[1]).st_mode & 0o077 == 0


def test_a_workspace_that_cannot_be_made_is_a_sentence(disk: Path) -> None:
    lock(disk)
    with pytest.raises(WorkspaceError, match="cannot be written"):
        Workspace.create(disk / "shop", currency="EUR", minor_digits=2)
