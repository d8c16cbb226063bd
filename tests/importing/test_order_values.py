"""Values of whole orders, shared out over their lines: sums to the cent, counted by DuckDB, the shares by plain Python."""

from __future__ import annotations

import random
from collections import defaultdict
from fractions import Fraction
from pathlib import Path

import duckdb
import polars as pl
import pytest

from tests.importing.strangers import COLUMNS, HEADER
from toolkit.errors import MappingError
from toolkit.importing import check_receipts, import_receipts, order_values
from toolkit.workspace import ImportRecord, Workspace

WIDE = f"{HEADER},price,total,off,back"


def shop(folder: Path, rows: list[str], amount: str, more: str = "", lines: str = "") -> Path:
    (folder / "lines.csv").write_text("\n".join([WIDE, *rows]) + "\n", "utf-8")
    columns = COLUMNS.replace('amount = "amount"', f"amount = {amount}")
    (folder / "mapping.toml").write_text(f'currency = "EUR"\n[lines]\nfiles = "lines.csv"\n{lines}\n{columns}{more}', "utf-8")
    return folder / "mapping.toml"


def imported(mapping: Path) -> tuple[ImportRecord, pl.DataFrame]:
    """Import and return (record, live lines with the order's and the product's own id)."""
    record = import_receipts(mapping, mapping.parent / "ws", accept_defaults=True).records[0]
    assert record.rows_in == record.rows_kept + record.rows_rejected + record.rows_left_out
    workspace = Workspace(mapping.parent / "ws")
    lines = pl.concat([pl.read_parquet(workspace.path / file.path) for file in workspace.manifest.line_files])
    products = workspace.codes("product").select(product_id="id", product_code="code")
    return record, lines.join(workspace.order_ids().collect(), on="order_code").join(products, on="product_code")


def row(order: str, sku: str, qty: str = "1", *, price: str = "", total: str = "", off: str = "", back: str = "", amount: str = "") -> str:
    return f"{order},M1,S1,{sku},2025-01-01 10:00:00,{qty},{amount},{price},{total},{off},{back}"


def shares(lines: pl.DataFrame, order: str, column: str = "amount") -> dict[str, int]:
    return dict(lines.filter(pl.col("order_id") == order).sort("product_id").select("product_id", column).iter_rows())


def test_a_total_on_every_line_or_on_the_first_is_shared_by_price_times_quantity(tmp_path: Path) -> None:
    rows = [
        row("A", "p", "1", price="3", total="10.00"),
        row("A", "q", "2", price="1.5", total="10.00"),
        row("A", "r", price="4", total="10"),
    ]
    rows += [row("B", "p", "1", price="3", total="10.00"), row("B", "q", "2", price="1.5"), row("B", "r", price="4", total="0")]
    rows += [row("C", "p", "7", price="3", total="9.99")]
    _, lines = imported(shop(tmp_path, rows, '{ per_order = "total", by = ["price", "qty"] }'))
    assert shares(lines, "A") == shares(lines, "B") == {"p": 300, "q": 300, "r": 400}
    assert shares(lines, "C") == {"p": 999}


def test_what_is_left_goes_to_the_largest_remainders(tmp_path: Path) -> None:
    rows = [row("A", sku, qty, total="1.00") for sku, qty in (("p", "1"), ("q", "1"), ("r", "4"))]  # 16.67, 16.67, 66.67
    rows += [row("B", sku, total="0.01") for sku in "rqp"]
    _, lines = imported(shop(tmp_path, rows, '{ per_order = "total" }'))
    assert shares(lines, "A") == {"p": 17, "q": 17, "r": 66}
    assert shares(lines, "B") == {"p": 1, "q": 0, "r": 0}


def test_returns_exchanges_and_weights_of_nothing(tmp_path: Path) -> None:
    rows = [row("back", "p", "-1", total="-9"), row("back", "q", "-2", total="-9")]
    rows += [row("swap", "p", "3", price="10", total="20"), row("swap", "q", "-1", price="10", total="20")]
    rows += [row("even", "p", "1", price="10", total="5"), row("even", "q", "-1", price="10", total="5")]
    rows += [row("free", "p", "0", total="0.03"), row("free", "q", "0", total="0.03")]
    _, lines = imported(shop(tmp_path, rows, '{ per_order = "total" }'))
    assert shares(lines, "back") == {"p": -300, "q": -600}
    assert shares(lines, "swap") == {"p": 3000, "q": -1000}
    assert shares(lines, "even") == {"p": 500, "q": 0}
    assert shares(lines, "free") == {"p": 2, "q": 1}


def test_discounts_and_refunds_of_an_order(tmp_path: Path) -> None:
    rows = [row("A", "p", amount="30", off="4.00", back="10"), row("A", "q", amount="10"), row("B", "p", amount="5")]
    more = 'discount_amount = { per_order = "off", by = "amount" }\n'
    record, lines = imported(shop(tmp_path, rows, '{ column = "amount", less_per_order = "back" }', more))
    assert record.rows_kept == 3
    assert shares(lines, "A") == {"p": 2250, "q": 750}
    assert shares(lines, "A", "discount_amount") == {"p": 300, "q": 100}
    assert shares(lines, "B") == {"p": 500}
    assert shares(lines, "B", "discount_amount") == {"p": 0}


def test_a_refund_is_taken_off_whatever_its_sign(tmp_path: Path) -> None:
    rows = [row("A", "p", amount="30", back="-10"), row("A", "q", amount="10", back="-10"), row("B", "p", amount="5", back="8")]
    _, lines = imported(shop(tmp_path, rows, '{ column = "amount", less_per_order = "back" }'))
    assert shares(lines, "A") == {"p": 2250, "q": 750}
    assert shares(lines, "B") == {"p": -300}


def test_orders_that_contradict_themselves_or_say_nothing_are_set_aside(tmp_path: Path) -> None:
    rows = [
        row("A", "p", total="5"),
        row("A", "q", total="6"),
        row("B", "p"),
        row("B", "q"),
        row("C", "p", total="5"),
        row("D", "p", total="x"),
    ]
    record, lines = imported(shop(tmp_path, rows, '{ per_order = "total" }'))
    assert lines["order_id"].to_list() == ["C"]
    assert record.reasons == {
        "the lines of the order state different values (amount)": 2,
        "no amount": 2,
        "amount is not a number": 1,
    }


def test_lines_left_out_or_twice_take_no_share(tmp_path: Path) -> None:
    rows = [
        row("A", sku, qty, total="9", amount=number)
        for sku, qty, number in (("p", "1", "1"), ("q", "2", "2"), ("q", "2", "2"), ("bag", "3", "3"))
    ]
    more = 'line_id = "amount"\n[lines.drop]\nsku = "bag"\n'
    record, lines = imported(shop(tmp_path, rows, '{ per_order = "total" }', more))
    assert shares(lines, "A") == {"p": 300, "q": 600}
    assert record.reasons == {"duplicate line id": 1}
    assert record.rows_left_out == 1


def test_many_orders_in_parts_are_what_duckdb_and_fractions_say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(order_values, "LINES_AT_ONCE", 500)
    draw = random.Random(5)
    rows = []
    for number in range(1200):
        total = f"{draw.randint(1, 20000) / 100:.2f}"
        rows += [
            row(f"R{number // 2}", f"P{place}", str(draw.randint(1, 5)), price=f"{draw.randint(1, 999) / 100:.2f}", total=total).replace(
                ",S1,", f",S{number % 2},"
            )
            for place in range(draw.randint(1, 6))
        ]
    draw.shuffle(rows)
    record, lines = imported(shop(tmp_path, rows, '{ per_order = "total", by = ["price", "qty"] }'))
    assert record.rows_kept == len(rows)
    orders = duckdb.sql(
        f"select \"order\", store, any_value(total)::decimal(12, 2) * 100 from '{tmp_path}/lines.csv' group by all"
    ).fetchall()
    per_order = lines.group_by("order_code").agg(pl.col("amount").sum())["amount"]
    assert sorted(per_order.to_list()) == sorted(int(total) for _, _, total in orders)
    weights: dict[tuple[str, str], dict[str, Fraction]] = defaultdict(dict)
    totals = {(order, store): int(total) for order, store, total in orders}
    for cells in (text.split(",") for text in rows):
        weights[cells[0], cells[2]][cells[3]] = Fraction(cells[5]) * Fraction(cells[7])
    expected = sorted(share for key, own in weights.items() for share in by_hand(totals[key], own))
    assert sorted(lines["amount"].to_list()) == expected


def by_hand(total: int, weights: dict[str, Fraction]) -> list[int]:
    """Share a total out by the largest remainder, in plain fractions."""
    exact = {name: total * weight / sum(weights.values()) for name, weight in weights.items()}
    whole = {name: int(part) for name, part in exact.items()}
    for name in sorted(exact, key=lambda name: (whole[name] - exact[name], name))[: total - sum(whole.values())]:
        whole[name] += 1
    return list(whole.values())


def test_the_question_on_order_totals_names_the_line_that_answers_it(tmp_path: Path) -> None:
    rows = [row(f"R{n}", sku, str(n % 3 + 1), amount=f"{20 + n}.99") for n in range(40) for sku in ("p", "q")]
    mapping = shop(tmp_path, rows, '"amount"')
    (question,) = [question for question in check_receipts(mapping).questions if question.kind == "order_total"]
    assert question.write in question.sentence
    shop(tmp_path, rows, question.write.removeprefix("[lines.columns] amount = "))
    assert not [question for question in check_receipts(mapping).questions if question.kind == "order_total"]
    _, lines = imported(mapping)
    assert lines["amount"].sum() == sum(2099 + 100 * n for n in range(40))


@pytest.mark.parametrize(
    ("amount", "more", "sentence"),
    [
        ('{ per_order = "total", less_rate = "off" }', "", "shared out as it stands"),
        ('{ per_order = "total", column = "amount" }', "", "exactly one of"),
        ('"amount"', 'channel = { per_order = "total" }', "is no money of a line"),
        ('{ per_order = "totl" }', "", "did you mean 'total'?"),
    ],
)
def test_values_of_orders_that_cannot_be(tmp_path: Path, amount: str, more: str, sentence: str) -> None:
    with pytest.raises(MappingError, match=sentence.replace("?", r"\?")):
        imported(shop(tmp_path, [row("A", "p", total="1")], amount, more))
