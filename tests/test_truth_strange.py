"""The table of strange shops, small: two shops on two days through the front door, and what ends it with 1."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from benchmarks import truth_strange
from benchmarks.strange_shops import strange_shop
from benchmarks.truth_strange import BARS, WHERE_A_YEAR_FOLLOWS, Cell, row_of, summary, table
from toolkit.registry import find_question

DAYS = ((date(2024, 1, 31), 670), (date(2024, 9, 30), None))


def test_two_shops_on_two_days(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    pages = [find_question(name) for name in ("targeting.decision_tree", "targeting.niches")]  # all of them take long
    monkeypatch.setattr(truth_strange, "all_questions", lambda: pages)
    shops = [replace(strange_shop(name, members=400), asked=DAYS) for name in ("seasonal_x2", "new_year_set")]
    table(shops)
    printed = capsys.readouterr().out
    rows = [line for line in printed.splitlines() if line.startswith(("seasonal_x2", "new_year_set"))]
    assert {(row[:16].strip(), row[17:40].strip()) for row in rows} >= {
        (shop.name, name) for shop in shops for name in set(BARS) - WHERE_A_YEAR_FOLLOWS
    }
    for row in rows:
        if "28 days" in row or "91 days" in row:
            assert " 2  0  0  0 " in row, row  # within the bar on both days
    assert "PASS was said" in printed
    assert " and wrong 0 times" in printed


@pytest.mark.parametrize(
    ("cells", "row_ends", "code"),
    [
        ([Cell("spend in 91 days", 1.1, "PASS")], "", 0),
        ([Cell("spend in 91 days", 1.3)], "MISSED", 1),
        ([Cell("spend in 91 days", 1.3, "CANNOT TELL"), Cell("spend in 91 days", 1.0)], "", 0),
        ([Cell("spend in 91 days", None, "REFUSED")], "NOT MEASURED", 1),
        ([Cell("spend in 91 days", 1.3, "PASS")], "MISSED", 1),
        ([Cell("slipping come as usual", 0.2)], "MISSED", 1),
        ([], "NOT MEASURED", 1),
    ],
)
def test_what_ends_it_with_1(cells: list[Cell], row_ends: str, code: int) -> None:
    row = row_of("a shop", cells[0].figure if cells else "spend in 91 days", cells)
    assert row.endswith(row_ends or "-")
    assert summary([row], [("a shop", cell) for cell in cells])[1] == code


def test_a_pass_that_was_wrong_is_counted() -> None:
    cells = [("a", Cell("spend in 91 days", 1.0, "PASS"))] * 18 + [("b", Cell("buy in 28 days", 0.7, "PASS"))]
    told, code = summary([], cells)
    assert code == 1
    assert told[-2] == "PASS was said 19 times and wrong 1 times (5.3%; at most 5%); b: buy in 28 days 0.70"
    assert summary([], [*cells, *cells[:1]])[1] == 0  # one in twenty


def test_a_shop_that_is_not_there_is_not_measured(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(truth_strange, "cdnow", lambda _: None)
    assert truth_strange.main(["cdnow"]) == 1
    assert "4 could not be measured" in capsys.readouterr().out
