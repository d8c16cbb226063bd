"""portrait.overview: the ladder's key figures by eye, against the windows before, and its edge cases."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.portrait.ladder import FEW, lines_of, shop_of
from tests.portrait.pictures import axis_titles, spec_of
from tests.shop import make_workspace, tiny_lines, tiny_products
from toolkit.portrait import overview
from toolkit.workspace import Workspace


def test_the_ladder_by_eye(ladder: Workspace) -> None:
    answer = overview(ladder, settings=FEW)
    assert answer.table.columns == [
        *("window", "starts_on", "ends_on", "sales", "orders", "member_count", "active_count", "active_share", "buyer_count"),
        *("repeat_rate", "member_sales_share", "order_value", "units_per_order"),
    ]
    now, before, year = answer.table.to_dicts()
    assert [row["window"] for row in (now, before, year)] == ["this period", "period before", "year before"]
    assert (now["sales"], now["orders"], now["member_count"], now["active_count"], now["buyer_count"]) == (395.0, 36, 10, 5, 5)
    assert now["repeat_rate"] == 0.8  # m4 came once
    assert now["member_sales_share"] == pytest.approx(345 / 395)
    assert now["order_value"] == pytest.approx(400 / 36)  # the return is no order
    assert now["units_per_order"] == pytest.approx(80 / 36)
    # 91 to 181 days ago: five orders of m4, five of m5, two of m6 (days 180 and 181)
    assert (before["sales"], before["orders"], before["member_count"], before["buyer_count"]) == (120.0, 12, 6, 3)
    assert before["repeat_rate"] == 1
    assert year["orders"] is None  # the receipts start on 2023-05-27
    assert answer.headline == (
        "Across the chain, sales from 2024-04-01 to 2024-06-30 are €395.00 from 36 orders (up 229.2% on the 91 days before). "
        "5 of 10 members (50.0%) are active, 80.0% of 5 buyers ordered more than once, members bring 87.3% of the sales, "
        "and an order is worth €11.11 with 2.2 units."
    )
    notes = [str(note) for note in answer.notes]
    assert notes[0].startswith(
        "Against the period before (2024-01-01 to 2024-03-31): sales up 229.2%, orders up 200.0%, active members up 66.7%"
    )
    assert "repeat rate down 20.0 points" in notes[0]
    assert notes[1] == "NOT MEASURED: Against the year before: the receipts start on 2023-05-27, after 2023-04-03."


def test_figures_for_the_index_equal_the_table(ladder: Workspace) -> None:
    answer = overview(ladder, settings=FEW)
    now = answer.table.row(0, named=True)
    assert {"sales", "member_count", "active_share", "repeat_rate", "order_value", "units_per_order"} <= set(answer.figures)
    assert all(value == now[key] and isinstance(value, float) for key, value in answer.figures.items())
    assert len(answer.finding.spark) == 52
    assert answer.finding.spark[-1] == pytest.approx(7 * 10 - 5 + 50)  # m0 on seven days, the return, the passer-by


def test_the_year_before_falls_on_the_same_weekdays(ladder: Workspace) -> None:
    answer = overview(ladder, period="28d", settings=FEW)
    year = answer.table.row(2, named=True)
    assert (year["starts_on"].isoformat(), year["ends_on"].isoformat()) == ("2023-06-05", "2023-07-02")
    assert year["starts_on"].isoweekday() == answer.table["starts_on"][0].isoweekday()
    assert (year["orders"], year["sales"]) == (2, 20.0)  # both orders of m8
    assert year["active_share"] is None  # 91 days before 2023-07-02 the receipts had not begun


def test_a_store_and_an_audience(ladder: Workspace) -> None:
    store = overview(ladder, store_id="s1", settings=FEW)
    assert store.table["sales"][0] == 185.0
    assert any("All sales of the window are of members" in str(note) for note in store.notes)
    crowd = overview(ladder, audience="order_count >= 9", settings=FEW)
    assert (crowd.table["sales"][0], crowd.table["member_count"][0], crowd.table["member_sales_share"][0]) == (190.0, 2, None)


def test_the_tiny_shop_with_fuel_fees_and_returns(tmp_path: Path) -> None:
    ws = make_workspace(tmp_path / "ws", tiny_lines(), {"products": tiny_products()})
    now = overview(ws, settings=FEW).table.row(0, named=True)
    assert (now["sales"], now["orders"], now["member_count"], now["buyer_count"], now["repeat_rate"]) == (123.75, 6, 4, 4, 0.25)
    assert now["order_value"] == pytest.approx(138.75 / 6)
    # anna 4, ben 1 (fuel is not counted), dora 0 (apples by weight, fee without quantity), emil 4 + 1, the passer-by 2
    assert now["units_per_order"] == pytest.approx(12 / 6)


def test_a_window_before_the_receipts_began(ladder: Workspace) -> None:
    answer = overview(ladder, as_of="2023-06-30", settings=FEW)
    assert any(note.verdict == "REVIEW" and "the window holds 35 of its 91 days" in note.text for note in answer.notes)


def test_nobody_ordered_in_the_window(ladder: Workspace) -> None:
    answer = overview(ladder, period="2023-06-01..2023-06-02", settings=FEW)
    assert answer.headline == "Across the chain, nobody ordered from 2023-06-01 to 2023-06-02; 1 member had ordered before."
    assert "order_value" not in answer.figures
    assert any(note.verdict == "NOT MEASURED" and "Member share of sales" in note.text for note in answer.notes)


def test_a_shop_of_three_days_has_no_whole_week(tmp_path: Path) -> None:
    answer = overview(shop_of(tmp_path, lines_of([(f"m{who}", who % 3, "s1", 1, 5) for who in range(12)])))
    assert list(answer.finding.spark) == []
    assert spec_of(answer)


def test_chart(ladder: Workspace) -> None:
    spec = spec_of(overview(ladder, settings=FEW))
    assert spec["title"]["text"] == "Sales by week"
    assert "Sales, EUR" in axis_titles(spec)
