"""Rows that a mapping leaves out, and orders that another order cancels: counted, said, and gone from every figure."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

import toolkit as tk
from tests.importing.strangers import HEADER, write_shop
from toolkit.errors import DataError, MappingError
from toolkit.importing import check_receipts, import_receipts
from toolkit.language import speaking
from toolkit.workspace import ImportRecord, Workspace

STATES = ["paid"] * 6 + ["cancelled"] * 3 + ["voided"]
WITH_STATE = f"{HEADER},status"
MIRRORED = 'cancellations = "mirrored"'


def state_rows(states: list[str], *, bad: str = "") -> list[str]:
    rows = [f"R{number},M{number % 4},S1,P1,2025-01-{number + 1:02d} 10:00:00,1,10,{state}" for number, state in enumerate(states)]
    return [*rows, *([f"RX,M1,S1,P1,2025-01-30 10:00:00,1,{bad},paid"] if bad else [])]


def counts(record: ImportRecord) -> tuple[int, int, int, int]:
    assert record.rows_in == record.rows_kept + record.rows_rejected + record.rows_left_out
    return record.rows_in, record.rows_kept, record.rows_rejected, record.rows_left_out


def live_orders(workspace: Path) -> list[str]:
    return sorted(Workspace(workspace).order_ids().collect()["order_id"])


@pytest.mark.parametrize("section", ['[lines.drop]\nstatus = ["cancelled", "voided"]\n', '[lines.keep]\nstatus = "paid"\n'])
def test_rows_are_left_out_by_value_and_counted(tmp_path: Path, section: str) -> None:
    mapping = write_shop(tmp_path, state_rows(STATES, bad="free"), header=WITH_STATE, more=section)
    report = import_receipts(mapping, tmp_path / "ws")
    assert counts(report.records[0]) == (11, 6, 1, 4)
    assert str(report).startswith("lines: 11 rows in = 6 kept + 1 set aside + 4 left out by the mapping (2025-01-01 to 2025-01-06)")
    assert live_orders(tmp_path / "ws") == [f"R{number}" for number in range(6)]
    assert "4 left out by the mapping" in str(report)
    with speaking("zh"):
        assert "映射排除" in str(check_receipts(mapping))


def test_what_was_left_out_is_told_by_its_line(tmp_path: Path) -> None:
    section = '[lines.drop]\nstatus = ["cancelled", "voided", "refunded"]\n'
    record = check_receipts(write_shop(tmp_path, state_rows(STATES), header=WITH_STATE, more=section)).records[0]
    assert record.left_out == {"drop status = 'cancelled'": 3, "drop status = 'voided'": 1}
    assert "[lines.drop] status: 'refunded' occurs in no row; the column holds: 'paid', 'cancelled', 'voided'." in record.notes


def test_values_that_no_row_holds_are_one_sentence_a_column(tmp_path: Path) -> None:
    section = '[lines.keep]\nstatus = ["paid", "settled", "closed"]\n'
    record = check_receipts(write_shop(tmp_path, state_rows(STATES), header=WITH_STATE, more=section)).records[0]
    said = "[lines.keep] status: 'settled', 'closed' occur in no row; the column holds: 'paid', 'cancelled', 'voided'."
    assert [note for note in record.notes if "[lines.keep]" in note] == [said]


def test_chinese_states_and_two_columns(tmp_path: Path) -> None:
    rows = [f"{row},{'0' if number % 2 else '1'}" for number, row in enumerate(state_rows(["已付款"] * 6 + ["已取消"] * 4))]
    section = '[lines.keep]\n"有效" = [1]\n[lines.drop]\n"状态" = ["已取消"]\n'
    record = import_receipts(write_shop(tmp_path, rows, header=f"{HEADER},状态,有效", more=section), tmp_path / "ws").records[0]
    assert counts(record) == (10, 3, 0, 7)
    assert record.left_out == {"drop 状态 = '已取消'": 4, "keep 有效 = '1'": 3}


def test_an_empty_cell_can_be_kept(tmp_path: Path) -> None:
    rows = state_rows(["", "2025-01-09", ""])
    record = check_receipts(write_shop(tmp_path, rows, header=f"{HEADER},cancelled_at", more='[lines.keep]\ncancelled_at = ""\n')).records[
        0
    ]
    assert counts(record) == (3, 2, 0, 1)


def test_a_filter_that_leaves_nothing_is_one_sentence(tmp_path: Path) -> None:
    mapping = write_shop(tmp_path, state_rows(STATES), header=WITH_STATE, more='[lines.keep]\nstatus = ["Paid"]\n')
    with pytest.raises(DataError) as caught:
        import_receipts(mapping, tmp_path / "ws")
    assert str(caught.value) == (
        "mapping.toml [lines]: keep and drop leave none of the 10 rows; the columns hold: status: 'paid', 'cancelled', 'voided'."
    )


def test_columns_and_values_that_cannot_be(tmp_path: Path) -> None:
    mapping = write_shop(tmp_path, state_rows(STATES), header=WITH_STATE, more='[lines.drop]\nstatsu = ["voided"]\n')
    with pytest.raises(MappingError, match=r"no column 'statsu', which mapping.toml \[lines.drop\] names; did you mean 'status'\?"):
        check_receipts(mapping)
    mapping = write_shop(tmp_path, state_rows(STATES), header=WITH_STATE, more="[lines.drop]\nstatus = []\n")
    with pytest.raises(MappingError, match=r"\[lines.drop\] status lists no value"):
        check_receipts(mapping)
    mapping = write_shop(tmp_path, state_rows(STATES), header=WITH_STATE, lines='cancellations = "all"')
    with pytest.raises(MappingError, match="cancellations"):
        check_receipts(mapping)


def test_a_day_whose_rows_are_all_left_out_is_replaced_too(tmp_path: Path) -> None:
    import_receipts(write_shop(tmp_path, state_rows(STATES), header=WITH_STATE), tmp_path / "ws", accept_defaults=True)
    assert len(live_orders(tmp_path / "ws")) == 10
    section = '[lines.keep]\nstatus = "paid"\n'
    report = import_receipts(write_shop(tmp_path, state_rows(STATES), header=WITH_STATE, more=section), tmp_path / "ws")
    assert report.records[0].rows_replaced == 10
    assert len(live_orders(tmp_path / "ws")) == 6


def order(number: str, member: str, when: datetime, *goods: tuple[str, int, float], store: str = "S1") -> list[str]:
    return [f"{number},{member},{store},{sku},{when:%Y-%m-%d %H:%M:%S},{quantity},{amount}" for sku, quantity, amount in goods]


def village() -> list[str]:
    """Twenty members order once, ten of them again; ten of these thirty orders are cancelled by an order of its own."""
    start = datetime(2025, 3, 1, 10)
    rows = [row for day in range(20) for row in order(f"A{day}", f"M{day}", start + timedelta(days=day), ("P1", 1, 100))]
    rows += [row for day in range(5, 15) for row in order(f"B{day}", f"M{day}", start + timedelta(days=day + 10, hours=1), ("P1", 1, 100))]
    for day, later in [*((day, 0) for day in range(5)), *((day, 10) for day in range(10, 15))]:
        rows += order(f"C{day}", f"M{day}", start + timedelta(days=day + later, hours=2), ("P1", -1, -100))
    return rows


def test_cancelled_orders_are_no_orders(tmp_path: Path) -> None:
    record = import_receipts(write_shop(tmp_path, village(), lines=MIRRORED), tmp_path / "ws").records[0]
    assert counts(record) == (40, 20, 0, 20)
    assert not [note for note in record.notes if "cancellation" in note]
    row = tk.portrait.overview(tmp_path / "ws").table.row(0, named=True)
    assert (row["sales"], row["orders"], row["buyer_count"]) == (2000, 20, 15)
    assert row["order_value"] == 100
    assert round(row["repeat_rate"], 3) == 0.333


def test_without_the_line_they_are_asked_about(tmp_path: Path) -> None:
    report = check_receipts(write_shop(tmp_path, village()))
    assert counts(report.records[0]) == (40, 40, 0, 0)
    (question,) = report.questions
    assert question.sentence.startswith("10 orders look like cancellations")
    assert "'C0', 'A0'" in question.sentence
    assert question.write == '[lines] cancellations = "mirrored"'
    with pytest.raises(DataError, match="look like cancellations"):
        import_receipts(write_shop(tmp_path, village()), tmp_path / "ws")
    ignored = write_shop(tmp_path, village(), more='[answers]\nignore = ["cancellations:order"]\n')
    assert check_receipts(ignored).questions == ()
    with speaking("zh"):
        assert "10 个订单看起来是" in str(check_receipts(write_shop(tmp_path, village())))
    answered = check_receipts(write_shop(tmp_path, village(), lines='cancellations = "kept"')).records[0]
    assert counts(answered) == (40, 40, 0, 0)
    assert not [note for note in answered.notes if "cancellations" in note]


NOON = datetime(2025, 3, 1, 12)
GOODS = (("牛奶", 2, 7.0), ("面包", 1, 5.5))
BACK = (("面包", -1, -5.5), ("牛奶", -2, -7.0))


@pytest.mark.parametrize(
    ("cancellation", "gone"),
    [
        (order("C", "客1", NOON + timedelta(minutes=5), *BACK, store="南京路"), True),
        (order("C", "客1", NOON + timedelta(days=1, hours=20), *BACK, store="南京路"), True),
        (order("C", "客1", NOON + timedelta(days=3), *BACK, store="南京路"), False),  # days later: a return
        (order("C", "客1", NOON - timedelta(hours=1), *BACK, store="南京路"), False),  # before the order
        (order("C", "客1", NOON + timedelta(hours=1), *BACK, store="淮海路"), False),  # another store
        (order("C", "客2", NOON + timedelta(hours=1), *BACK, store="南京路"), False),  # another member
        (order("C", "客1", NOON + timedelta(hours=1), BACK[0], store="南京路"), False),  # one of two lines came back
        (order("C", "客1", NOON + timedelta(hours=1), ("面包", -1, -5.5), ("牛奶", -1, -3.5), store="南京路"), False),  # one of two pieces
        (order("C", "客1", NOON + timedelta(hours=1), ("面包", -1, -5.5), ("牛奶", -2, -6.0), store="南京路"), False),  # part of the money
        (order("C", "客1", NOON + timedelta(hours=1), ("面包", -1, -7.0), ("牛奶", -2, -5.5), store="南京路"), False),  # the same sum only
    ],
)
def test_only_a_mirror_cancels(tmp_path: Path, cancellation: list[str], gone: bool) -> None:
    rows = [*order("A", "客1", NOON, *GOODS, store="南京路"), *order("Z", "客9", NOON, *GOODS, store="淮海路"), *cancellation]
    record = import_receipts(write_shop(tmp_path, rows, lines=MIRRORED), tmp_path / "ws").records[0]
    assert (record.rows_left_out > 0) is gone
    assert live_orders(tmp_path / "ws") == (["Z"] if gone else ["A", "C", "Z"])


def test_each_cancellation_takes_one_order_away_the_nearest(tmp_path: Path) -> None:
    rows = [row for hour in range(3) for row in order(f"A{hour}", "M1", NOON + timedelta(hours=hour), ("P1", 1, 5))]
    rows += order("C1", "M1", NOON + timedelta(hours=1, minutes=10), ("P1", -1, -5))
    rows += order("C2", "M1", NOON + timedelta(hours=1, minutes=20), ("P1", -1, -5))
    rows += order("A1", "M1", NOON + timedelta(hours=1), ("P1", 1, 5), store="S2")  # the same number in another store is another order
    record = import_receipts(write_shop(tmp_path, rows, lines=MIRRORED), tmp_path / "ws").records[0]
    assert record.rows_left_out == 4
    assert live_orders(tmp_path / "ws") == ["A1", "A2"]


def test_receipts_that_were_imported_before_without_the_line(tmp_path: Path) -> None:
    import_receipts(write_shop(tmp_path, village()), tmp_path / "ws", accept_defaults=True)
    import_receipts(write_shop(tmp_path, village(), lines=MIRRORED), tmp_path / "ws")
    assert len(live_orders(tmp_path / "ws")) == 20


def test_a_whole_order_brought_back_now_and_then_is_a_note(tmp_path: Path) -> None:
    rows = [f"R{number},M{number % 40},S1,P{number % 7},2025-03-{number % 28 + 1:02d} 10:00:00,1,{number}" for number in range(1, 400)]
    rows.append("X,M7,S1,P0,2025-03-08 12:00:00,-1,-7")
    report = import_receipts(write_shop(tmp_path, rows), tmp_path / "ws")
    assert report.questions == ()
    (note,) = [note for note in report.records[0].notes if "cancellations" in note]
    assert note.startswith("1 orders look like")


def test_nothing_but_cancelled_orders_is_said(tmp_path: Path) -> None:
    rows = [*order("A", "M1", NOON, ("P1", 1, 5)), *order("C", "M1", NOON, ("P1", -1, -5))]
    with pytest.raises(DataError, match="cancelled"):
        import_receipts(write_shop(tmp_path, rows, lines=MIRRORED), tmp_path / "ws")
