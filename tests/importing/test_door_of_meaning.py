"""The door on what the values leave open: each line that a question proposes is a choice, understood as it stands, and settles it."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests.sources.test_questions_of_meaning import SHOPS, usual, with_cells, write
from toolkit.importing import import_receipts
from toolkit.importing.door import Door
from toolkit.importing.first_figures import first_figures
from toolkit.importing.open_points import DROP, LINE, NOTHING, RIGHT, OpenPoint
from toolkit.mart import build_mart
from toolkit.sources.mapping_text import parsed, with_lines
from toolkit.workspace import Workspace


def opened(folder: Path, **said: Any) -> Door:
    write(folder, **said)
    door = Door(folder / "ws")
    door.choose([folder / "lines.csv", folder / "mapping.toml"])
    door.look()
    assert not door.faults
    return door


def asked(door: Door, key: str) -> OpenPoint:
    return next(point for point in door.points if point.key == key)


@pytest.mark.parametrize("key", SHOPS)
def test_what_a_question_proposes_answers_it(tmp_path: Path, key: str) -> None:
    door = opened(tmp_path, **SHOPS[key])
    point = asked(door, key)
    kinds = [choice.kind for choice in point.choices]
    assert kinds[0] == RIGHT
    if DROP in kinds:
        assert not point.lines, "rows are chosen by their values, not by a line besides"
        shown = next(choice for choice in point.choices if choice.kind == DROP)
        sentence = point.sentence
        named = parsed(sentence[sentence.index("[lines.drop] ") + len("[lines.drop] ") :].split("\n")[0].rstrip("."))
        (values,) = named.values()
        assert set(values) < {value for value, _ in shown.values}
        door.answer(point, DROP, values)
    elif point.lines:
        door.answer(point, LINE, point.lines[0])
    else:
        door.answer(point, NOTHING)
    door.look()
    assert not door.faults
    assert not [left.key for left in door.points if left.key.startswith(key.partition(":")[0])]
    door.undo()
    assert point in door.points, "taken back, it stands open again"


def test_rows_of_no_goods_can_be_left_out(tmp_path: Path) -> None:
    key = "no_goods:sku"
    door = opened(tmp_path, **SHOPS[key])
    door.answer(asked(door, key), LINE, '[lines.drop] "sku" = ["POST", "D"]')
    door.look()
    assert door.trial
    assert sum(door.trial.report.records[0].left_out.values()) == 3


def test_an_answer_adds_to_what_was_said() -> None:
    text = '[answers]\nignore = ["state:Status"]\n\n[lines]\nfiles = "a.csv"\nnot_a_member = "99"\n\n[lines.drop]\nStatus = ["void"]\n'
    for line in (
        '[lines.columns] amount = "net", [answers] ignore = ["tax:net", "state:Status"]',
        'not_a_member = ["STAFF"]',
        '[lines.drop] "Status" = ["test"]',
    ):
        text = with_lines(text, line, are_more=True)
    given = parsed(text)
    assert given["answers"]["ignore"] == ["state:Status", "tax:net"]
    assert given["lines"]["not_a_member"] == ["99", "STAFF"]
    assert given["lines"]["drop"]["Status"] == ["void", "test"]
    assert given["lines"]["columns"] == {"amount": "net"}
    assert parsed(with_lines(text, 'not_a_member = ["1"]'))["lines"]["not_a_member"] == ["1"], "what a person writes stands as written"
    assert parsed(with_lines(text, 'note = "a, [answers] b = 1"'))["lines"]["note"] == "a, [answers] b = 1"


def test_first_figures_count_orders_as_the_mart_does(tmp_path: Path) -> None:
    """Fees alone, goods given away, returns and receipts cancelled in themselves are no orders; an even exchange is one."""
    rows = [
        ("A", "M1", "P1", "1", "10.00"),
        ("A", "M1", "POST", "1", "3.00"),
        ("B", "M2", "POST", "1", "4.00"),  # a fee alone
        ("C", "M3", "P1", "1", "0.00"),  # given away
        ("D", "M4", "P1", "-1", "-10.00"),
        ("E", "M5", "P1", "1", "10.00"),  # cancelled in itself
        ("E", "M5", "P1", "-1", "-10.00"),
        ("F", "M6", "P1", "-1", "-10.00"),  # an even exchange
        ("F", "M6", "P2", "1", "10.00"),
        ("G", "", "P2", "0", "5.00"),
    ]
    text = "\n".join(["no,who,sku,day,qty,total", *(f"{no},{who},{sku},2025-05-05,{qty},{total}" for no, who, sku, qty, total in rows)])
    (tmp_path / "lines.csv").write_text(text + "\n", "utf-8")
    (tmp_path / "mapping.toml").write_text(
        'currency = "EUR"\n[answers]\nignore = ["worth_nothing", "few_members", "second_id"]\n[lines]\nfiles = "lines.csv"\n'
        'cancellations = "kept"\n[lines.columns]\norder_id = "no"\nmember_id = "who"\nproduct_id = "sku"\nordered_at = "day"\n'
        'quantity = "qty"\namount = "total"\nstore_id = { value = "S" }\n'
        'is_goods = { false_if = [{ column = "sku", equals = ["POST"] }] }\n',
        "utf-8",
    )
    import_receipts(tmp_path / "mapping.toml", tmp_path / "ws", accept_defaults=True)
    ws = Workspace(tmp_path / "ws")
    figures = first_figures(ws)
    assert figures is not None
    assert (figures.orders, figures.member_orders, figures.members, figures.sales) == (3, 2, 2, 1200)
    assert build_mart(ws, date(2025, 5, 5)).orders.select(pl.col("is_order").sum()).collect().item() == figures.orders


def test_the_trial_says_what_is_replaced_and_asks_of_receipts_that_are_there(tmp_path: Path) -> None:
    door = opened(
        tmp_path,
        row=usual,
    )
    assert door.trial
    assert door.trial.replaced == ()
    door.bring_in()
    before = Workspace(door.workspace).line_count
    door.look()
    assert door.trial
    (told,) = door.trial.replaced
    assert f"{before:,} lines by {before:,}" in told
    assert Workspace(door.workspace).line_count == before
    door.write('source = "app"')
    door.look()
    assert "already there" in door.faults
    assert not door.is_ready
    (point,) = door.points
    own, (*_, ignored) = Workspace(door.workspace).manifest.imports[0].source, point.lines
    assert point.lines == (f'source = "{own}"', f'[answers] ignore = ["same_receipts:{own}"]')
    door.answer(point, LINE, point.lines[0])
    door.look()
    assert door.is_ready
    door.undo()
    door.answer(point, LINE, ignored)
    door.look()
    assert door.is_ready
    door.bring_in()
    assert Workspace(door.workspace).line_count == 2 * before


def test_columns_of_joined_files_are_offered_and_their_rows_left_out(tmp_path: Path) -> None:
    orders = "\n".join(f"{n},M{n % 12:02d},2025-03-{n:02d},S1,{'void' if n % 6 == 0 else 'paid'}" for n in range(1, 25))
    items = "\n".join(f"{n},{sku},{price},2" for n in range(1, 25) for sku, price in (("A", 3), ("B", 4)))
    (tmp_path / "orders.csv").write_text(f"order_id,customer_id,order_date,shop,Status\n{orders}\n", "utf-8")
    (tmp_path / "order_items.csv").write_text(f"order_id,product_id,unit_price,quantity\n{items}\n", "utf-8")
    door = Door(tmp_path / "ws")
    door.choose([tmp_path / "orders.csv", tmp_path / "order_items.csv"])
    taken = {one.column: one for one in door.columns()}
    assert taken["member_id"].samples == ("M01", "M02", "M03")
    assert taken["amount"].source == "unit_price × quantity"
    assert "Status" in taken["channel"].others
    door.look()
    (point,) = door.points
    shown = next(choice for choice in point.choices if choice.kind == DROP)
    assert dict(shown.values) == {"paid": 40, "void": 8}
    door.answer(point, DROP, ["void"])
    door.look()
    assert door.trial
    assert door.trial.figures
    assert (door.trial.figures.orders, door.trial.figures.sales) == (20, 20 * 1400)


def test_arithmetic_is_said_as_a_sum(tmp_path: Path) -> None:
    columns = 'amount = { multiply = ["price", "qty", 1.5], divide = 2, less_rate = "rate" }'
    door = opened(tmp_path, row=with_cells(price=lambda *_: "2.00", rate=lambda *_: "0"), columns=columns)
    taken = {one.column: one for one in door.columns()}
    assert taken["amount"].source == "price × qty × 1.5 ÷ 2 × (1 − rate)"
