"""Goals: rows of a file told one by one, what is stated found for its scope, and a gap whose parts add up."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from tests.portrait.ladder import lines_of
from tests.portrait.pictures import spec_of
from tests.shop import make_workspace, random_lines, tiny_products
from tests.test_cli import run
from toolkit.portrait.measures.goal_list import Goal, goals_here, goals_of_file, read_goals, save_goals
from toolkit.review.goals import goals
from toolkit.scope.view import open_view
from toolkit.workspace import Workspace

FEW = {"scope": {"minimum_members": 1}}
ROWS = """Figure,Store,Region,Month,Target
Sales,s1,,2024-06,"1,500"
复购率,,,2024年6月,32%
sales,s9,,2024-06,5
sales,s1,,,5
sales,s1,,2024-06,600
repeat rate,,,2024-07,32
profits,,,2024-06,1
sales,,North,2024-06,1
orders,,,2024-13,1
orders,,,2024-06,many
"""


@pytest.fixture(scope="module")
def ws(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    folder = tmp_path_factory.mktemp("goals")
    ws = make_workspace(folder / "ws", random_lines(1, lines=3_000, members=60, days=800))
    (folder / "goals.csv").write_text(ROWS, "utf-8")
    done = run("goals", str(folder / "ws"), str(folder / "goals.csv"))
    assert done.returncode == 1, done.stderr
    assert "2 goals taken, 8 rows set aside" in done.stdout
    for words in (
        "Row 4: there is no store 's9'", "Row 5: the goal has no month", "Row 6: row 2 has the same goal (sales, 2024-06) with the target 1,500.0",
        "Row 7: its target is '32', but repeat_rate is a share", "Row 8: There is no figure 'profits'", "Row 9: there is no region 'North'",
        "Row 10: its month is '2024-13'", "Row 11: its target is 'many'",
    ):  # fmt: skip
        assert words in done.stderr
    return ws


def test_what_is_stated_is_found_for_its_scope_and_the_same_goal_again_is_the_new_one(ws: Workspace) -> None:
    assert read_goals(ws) == (Goal("repeat_rate", "2024-06", 0.32), Goal("sales", "2024-06", 1500.0, "s1"))
    chain, store = open_view(ws, settings=FEW), open_view(ws, store_id="s1", settings=FEW)
    assert [(one.figure, one.source, one.store_count, one.bare_stores) for one in goals_here(chain, "2024-06")] == [
        ("sales", "stores", 1, ("s0", "s2", "s3")), ("repeat_rate", "stated", 0, ()),
    ]  # fmt: skip
    assert [one.figure for one in goals_here(store, "2024-06")] == ["sales"]
    save_goals(ws, [Goal("sales", "2024-06", 1600.0, "s1")])
    assert goals_here(store, "2024-06")[0].target == 1600
    save_goals(ws, [Goal("sales", "2024-06", 1500.0, "s1")])


@pytest.mark.parametrize(("as_of", "scope"), [(date(2024, 6, 12), {}), (date(2024, 6, 29), {}), (date(2024, 6, 20), {"store_id": "s1"})])
def test_the_parts_of_a_gap_add_up_to_the_cent(ws: Workspace, as_of: date, scope: dict[str, str]) -> None:
    answer = goals(ws, month="2024-06", as_of=as_of, show="gap", **scope)
    standing = goals(ws, month="2024-06", as_of=as_of, **scope).table.filter(pl.col("figure") == "sales").row(0, named=True)
    parts = round(answer.table["gap_amount"].sum(), 2)
    assert parts == round(answer.figures["gap_amount"], 2) == pytest.approx(standing["gap"], abs=0.005)
    assert standing["reading"] in ("likely", "unlikely", "open")
    assert spec_of(answer)


def test_what_moved_a_store_by_hand(tmp_path: Path) -> None:
    """May: a and b buy once for 10. June: a twice for 10, c (new) once for 30, and a receipt without a member of 5; 100 was wanted."""
    orders = [("a", 50, "s1", 1, 10.0), ("b", 50, "s1", 1, 10.0), ("b", 61, "s1", 1, 1.0), ("a", 61, "s1", 1, 1.0), ("a", 20, "s1", 1, 10.0), ("a", 10, "s1", 1, 10.0),
              ("c", 9, "s1", 1, 30.0), (None, 0, "s1", 1, 5.0)]  # fmt: skip
    ws = make_workspace(tmp_path / "ws", lines_of(orders), {"products": tiny_products()})
    save_goals(ws, [Goal("sales", "2024-06", 100.0), Goal("members", "2024-06", 3.0)])
    answer = goals(ws, month="2024-06", show="gap", settings=FEW)
    parts = {(row["who"], row["part"]): row["gap_amount"] for row in answer.table.to_dicts()}
    assert parts.pop(("everybody", "asked for beyond the month of comparison")) == -80
    assert parts.pop(("everybody", "receipts without a member")) == 5
    assert parts[("other members", "orders per member")] > 0 > parts[("other members", "number of members who bought")]
    assert sum(parts.values()) == 50 - 20
    assert "€45.00 below the target" in answer.headline
    rows = goals(ws, month="2024-06", settings=FEW).table
    assert dict(rows.select("figure", "reading").iter_rows()) == {"sales": "missed", "members": "reached"}


def test_what_cannot_be_told_is_said(ws: Workspace) -> None:
    assert "there is no goal for 2024-02" in goals(ws, month="2024-02").headline
    assert "an audience has none" in goals(ws, audience="order_count > 1").headline
    early = goals(ws, month="2024-06", as_of=date(2024, 6, 1), settings={"scope": {"minimum_members": 20}})
    assert early.table.filter(pl.col("figure") == "repeat rate")["so_far"][0] is None
    assert "cannot be told" in goals(ws, month="2024-06", show="gap", metric="repeat_rate").headline


def test_a_document_with_a_slip_is_refused_with_all_its_faults(ws: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "goals.csv"
    path.write_text("figure,target\nsales,1\n", "utf-8")
    with pytest.raises(Exception, match="a column for month was needed"):
        goals_of_file(ws, path)
