"""Whatever is done to the audit log behind its back is found."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from toolkit.audit import FIRST, HEAD, LOG, acting, read_audit, record


@pytest.fixture
def logged(tmp_path: Path) -> Path:
    for number in range(4):
        record(tmp_path, "saved", audience=f"crowd {number}", members=number)
    return tmp_path


def edit(folder: Path, change: Callable[[list[str]], list[str]]) -> list[str]:
    lines = (folder / LOG).read_text("utf-8").splitlines()
    (folder / LOG).write_text("".join(f"{line}\n" for line in change(lines)), "utf-8")
    return list(read_audit(folder).faults)


def test_a_whole_log_has_no_faults(logged: Path) -> None:
    audit = read_audit(logged)
    assert audit.faults == ()
    assert [entry.number for entry in audit.entries] == [1, 2, 3, 4]
    assert audit.entries[0].before == FIRST
    assert (logged / LOG).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda lines: [lines[0].replace("crowd 0", "crowd 9"), *lines[1:]], "Line 1 was changed"),
        (lambda lines: [lines[0], *lines[2:]], "Before line 2"),
        (lambda lines: [lines[1], lines[0], *lines[2:]], "Before line 1"),
        (lambda lines: lines[:-1], "does not reach"),
        (lambda lines: [], "does not reach"),
        (lambda lines: [*lines[:2], "{", *lines[3:]], "Line 3 cannot be read"),
        (lambda lines: [*lines, lines[-1]], "Before line 5"),
    ],
)
def test_a_changed_removed_moved_or_cut_line_is_found(logged: Path, change: Callable[[list[str]], list[str]], told: str) -> None:
    assert any(told in fault for fault in edit(logged, change))


def test_a_rewritten_log_is_found_by_a_head_kept_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOOLKIT_AUDIT_HEADS", str(tmp_path / "heads"))
    shop = tmp_path / "shop"
    shop.mkdir()
    head = record(shop, "exported", members=500)
    for name in (LOG, HEAD):
        (shop / name).unlink()
    monkeypatch.delenv("TOOLKIT_AUDIT_HEADS")
    record(shop, "exported", members=5)  # a whole new log, with its head
    assert read_audit(shop).faults == ()
    assert len(read_audit(shop, head=head).faults) == 1, "a head noted by hand"
    monkeypatch.setenv("TOOLKIT_AUDIT_HEADS", str(tmp_path / "heads"))
    assert len(read_audit(shop).faults) == 1, "the head outside the workspace"


def test_who_did_it_is_the_named_user_else_the_account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    record(tmp_path, "saved")
    monkeypatch.setenv("LOGNAME", "somebody else")
    record(tmp_path, "saved")
    with acting("anna@shop.example", "page"):
        record(tmp_path, "saved")
    one, two, three = read_audit(tmp_path).entries
    assert one.who == two.who != "somebody else"
    assert (three.who, three.how) == ("anna@shop.example", "page")


def test_a_line_that_a_power_cut_tore_does_not_break_the_chain(logged: Path) -> None:
    with (logged / LOG).open("a") as file:
        file.write('{"number": 5, "at')
    record(logged, "saved", members=7)
    audit = read_audit(logged)
    assert audit.faults == ()
    assert json.loads((logged / LOG).read_text("utf-8").splitlines()[-1])["after"] == "a line that was cut off"
