"""`toolkit import --interactive`: what is asked in a terminal, what is typed, and what is left behind."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.importing.test_door import ROWS, counted, write_file
from toolkit.cli.receipts_dialog import receipts_dialog
from toolkit.importing.first_figures import first_figures
from toolkit.workspace import Workspace

IMPORT = [sys.executable, "-m", "toolkit.cli", "import", "--interactive"]


class Typing:
    """Types answers one after the other, and remembers what was shown."""

    def __init__(self, *answers: str) -> None:
        self.answers: Iterator[str] = iter(answers)
        self.shown: list[str] = []

    def __call__(self, prompt: str) -> str:
        self.shown.append(prompt)
        return next(self.answers)

    @property
    def text(self) -> str:
        return "\n".join(self.shown)


def talk(tmp_path: Path, *answers: str):
    typing = Typing(*answers)
    report = receipts_dialog([write_file(tmp_path / "exports")], tmp_path / "ws", typing, typing.shown.append)
    assert list(typing.answers) == []
    return report, typing


def test_questions_are_answered_by_numbers(tmp_path: Path) -> None:
    # leave out -> none of the offered, out of reach, then 'cancelled'; leave out 'USD'; import
    report, typing = talk(tmp_path, "2", "x", "9", "2", "2", "2", "1")
    assert typing.text.count("Type a number from 1 to 2.") == 2
    assert report is not None
    want = counted(tmp_path / "exports" / "shop.csv")
    figures = first_figures(Workspace(tmp_path / "ws"))
    assert figures is not None
    assert (figures.orders, figures.sales, figures.members) == (want["orders"], want["sales"], want["members"])
    assert 'Status = ["cancelled"]' in (tmp_path / "mapping.toml").read_text("utf-8")
    assert "Member id            <- Customer" in typing.text


def test_answers_can_be_taken_back_and_nothing_need_be_imported(tmp_path: Path) -> None:
    # right; back; right; right; (figures) change: a column: the 11th (channel) from the 8th column + none = 9; back; keep and stop
    report, typing = talk(tmp_path, "1", "4", "1", "1", "2", "1", "11", "9", "3", "4")
    assert report is None
    assert not (tmp_path / "ws").exists()
    kept = (tmp_path / "mapping.toml").read_text("utf-8")
    assert 'ignore = ["state:Status", "currency:Currency"]' in kept
    assert "channel" not in kept
    assert typing.text.count("does that look right?") == 3


def test_ctrl_c_leaves_nothing(tmp_path: Path) -> None:
    def interrupted(_prompt: str) -> str:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        receipts_dialog([write_file(tmp_path / "exports")], tmp_path / "ws", interrupted, lambda _text: None)
    assert [path.name for path in tmp_path.iterdir()] == ["exports"]


def test_a_column_that_is_missing_is_asked_for(tmp_path: Path) -> None:
    path = write_file(tmp_path, ["R1,M1,P1,2025-05-05,1,10.00", "R2,M2,P2,2025-05-06,1,20.00"], header="Order,Customer,Ding,Date,Qty,Total")
    typing = Typing("1", "5", "4", "1")  # take a column; product id; the third column behind "none"; import
    report = receipts_dialog([path], tmp_path / "ws", typing, typing.shown.append)
    assert report is not None
    assert report.records[0].rows_kept == 2
    assert "product_id" in typing.text


def test_without_a_terminal_it_is_a_sentence(tmp_path: Path) -> None:
    done = subprocess.run(
        [*IMPORT, str(write_file(tmp_path)), str(tmp_path / "ws")], check=False, capture_output=True, text=True, stdin=subprocess.DEVNULL
    )
    assert done.returncode == 2
    assert "no terminal" in done.stderr
    done = subprocess.run([*IMPORT[:-1], "a.toml", "b.toml", "ws"], check=False, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 2
    assert "takes one mapping" in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="no pseudo terminals")
def test_in_a_real_terminal(tmp_path: Path) -> None:
    leader, follower = pty.openpty()
    os.write(leader, b"2\n2\n2\n2\n1\n")
    command = [*IMPORT, str(write_file(tmp_path / "exports")), str(tmp_path / "ws")]
    done = subprocess.run(command, check=False, capture_output=True, text=True, stdin=follower, timeout=120)
    os.close(leader)
    os.close(follower)
    assert done.returncode == 0, done.stderr
    assert "does that look right?" in done.stdout
    assert Workspace(tmp_path / "ws").line_count == counted(tmp_path / "exports" / "shop.csv")["lines"] < len(ROWS)
