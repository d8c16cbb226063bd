"""Lines spread over files that are no plain text: sheets of one workbook, JSON, files written in several ways."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest

from tests.importing.test_joins import ITEMS, ORDERS, imported, items, live, orders, refused, shop
from tests.importing.test_proposed_joins import live as live_in
from tests.sources.records.test_workbook import write_book
from toolkit.errors import MappingError
from toolkit.importing import check_receipts
from toolkit.sources.columns.proposal import propose_mapping
from toolkit.sources.mapping import mapping_from_text


def cells(rows: list[str]) -> list[list]:
    return [[float(cell) if cell.isdigit() else cell for cell in row.split(",")] for row in rows]


def book(folder: Path, order_rows: list[list]) -> Path:
    sheets = {"Orders": [ORDERS.split(","), *order_rows], "Items": [ITEMS.split(","), *cells(items())]}
    return write_book(folder / "export.xlsx", sheets)


def test_sheets_of_a_workbook_are_proposed_and_joined(tmp_path: Path) -> None:
    text = propose_mapping([book(tmp_path, cells(orders()))])
    assert 'sheet = "Items"' in text
    assert 'sheet = "Orders"' in text
    (tmp_path / "mapping.toml").write_text(text, "utf-8")
    lines = live_in(tmp_path)
    assert (lines.height, lines["order_code"].n_unique(), lines["member_code"].n_unique(), lines["amount"].sum()) == (48, 24, 12, 33600)


def test_rows_of_a_joined_sheet_with_an_error_in_them_are_counted(tmp_path: Path) -> None:
    rows = cells(orders())
    rows[4][1] = "#N/A"
    book(tmp_path, rows)
    mapping = shop(tmp_path, lines='sheet = "Items"', join='sheet = "Orders"')
    mapping.write_text(mapping.read_text("utf-8").replace("items.csv", "export.xlsx").replace("orders.csv", "export.xlsx"), "utf-8")
    record = imported(mapping).records[0]
    assert (record.rows_in, record.rows_kept, record.rows_rejected) == (48, 46, 2)
    assert any("export.xlsx 'Orders': rows that cannot be read are joined to nothing: 1." in note for note in record.notes)


def test_a_sheet_is_not_joined_to_itself(tmp_path: Path) -> None:
    book(tmp_path, cells(orders()))
    mapping = shop(tmp_path, lines='sheet = "Items"', join='sheet = "Items"')
    mapping.write_text(mapping.read_text("utf-8").replace("items.csv", "export.xlsx").replace("orders.csv", "export.xlsx"), "utf-8")
    assert "a file cannot be joined to itself" in refused(mapping)


def test_json_orders_are_joined_to_their_items(tmp_path: Path) -> None:
    mapping = shop(tmp_path)
    records = [dict(zip(ORDERS.split(","), row.split(","), strict=True)) for row in orders()]
    (tmp_path / "orders.json").write_text(json.dumps(records), "utf-8")
    mapping.write_text(mapping.read_text("utf-8").replace("orders.csv", "orders.json"), "utf-8")
    assert imported(mapping).records[0].rows_kept == 48
    assert live(mapping)["amount"].sum() == 33600


ENTRIES = """
currency = "EUR"
[lines]
files = ["items.csv", {{ path = "points.csv", decimal = ".", thousands = "," }}]
decimal = ","
[[lines.join]]
files = "orders.csv"
on = "order_id"
[lines.columns]
order_id = "order_id"
member_id = "customer_id"
store_id = "shop"
product_id = "product_id"
ordered_at = "order_date"
quantity = "quantity"
amount = "amount"
discount_amount = {discount}
"""


def several_ways(folder: Path, discount: str) -> Path:
    """Items with decimal commas and with decimal points, and a header whose discounts have three decimals after a comma or a thousand."""
    (folder / "items.csv").write_text("order_id;product_id;quantity;amount\n1;A;1;1.250,50\n", "utf-8")
    (folder / "points.csv").write_text("order_id;product_id;quantity;amount\n2;A;1;1,250.50\n", "utf-8")
    head = "order_id;customer_id;order_date;shop;off\n"
    (folder / "orders.csv").write_text(head + "1;M1;2025-03-01;S;1.250\n2;M2;2025-03-02;S;1.250\n", "utf-8")
    (folder / "mapping.toml").write_text(ENTRIES.format(discount=discount), "utf-8")
    return folder / "mapping.toml"


def test_cells_of_joined_files_are_not_read_as_one_of_several_ways(tmp_path: Path) -> None:
    fault = refused(several_ways(tmp_path, '"off"'))
    assert "discount_amount is in a joined file" in fault
    assert "decimal = ..." in fault


@pytest.mark.parametrize(("sign", "cents"), [(",", 125000), (".", 125)])
def test_a_column_of_a_joined_file_keeps_its_own_decimal_sign(tmp_path: Path, sign: str, cents: int) -> None:
    mapping = several_ways(tmp_path, f'{{ column = "off", decimal = "{sign}" }}')
    assert imported(mapping).records[0].rows_kept == 2
    lines = live(mapping).sort("ordered_at")
    assert lines["amount"].to_list() == [125050, 125050]
    assert lines["discount_amount"].to_list() == [cents, cents]


def test_a_currency_that_stands_in_the_joined_file(tmp_path: Path) -> None:
    rows = [f"{row},{'USD' if number % 2 else 'EUR'}" for number, row in enumerate(orders(), start=1)]
    mapping = shop(tmp_path)
    (tmp_path / "orders.csv").write_text("\n".join([f"{ORDERS},currency", *rows]) + "\n", "utf-8")
    with mapping.open("a", encoding="utf-8") as file:
        file.write('[currency_rates]\ncolumn = "currency"\nrates = { USD = "0.5" }\n')
    imported(mapping)
    assert live(mapping)["amount"].sum() == 12 * 1400 + 12 * 700


def test_a_join_takes_no_format_of_cells() -> None:
    text = ENTRIES.format(discount='"off"').replace('files = "orders.csv"', 'files = { path = "orders.csv", decimal = "," }')
    with pytest.raises(MappingError, match="leave decimal out here"):
        mapping_from_text(text, folder=".")


def test_rates_in_a_sheet_are_read_with_their_days(tmp_path: Path) -> None:
    rows = [f"{row},USD" for row in orders()]
    mapping = shop(tmp_path)
    (tmp_path / "orders.csv").write_text("\n".join([f"{ORDERS},currency", *rows]) + "\n", "utf-8")
    days = [[dt.datetime(2025, 1, 1), "USD", 0.5], [dt.datetime(2025, 3, 13), "USD", 0.25]]
    write_book(tmp_path / "rates.xlsx", {"Rates": [["day", "currency", "rate"], *days], "Notes": [["a", "b"], ["c", "d"]]})
    with mapping.open("a", encoding="utf-8") as file:
        file.write('[currency_rates]\ncolumn = "currency"\nfiles = "rates.xlsx"\ntime_format = "%d.%m.%Y"\n')
    imported(mapping)
    assert live(mapping)["amount"].sum() == 12 * 700 + 12 * 350


def test_check_says_what_is_read_of_each_sheet(tmp_path: Path) -> None:
    (tmp_path / "mapping.toml").write_text(propose_mapping([book(tmp_path, cells(orders()))]), "utf-8")
    notes = check_receipts(tmp_path / "mapping.toml").records[0].notes
    assert any("sheet 'Items'" in note for note in notes)
    assert any("sheet 'Orders'" in note for note in notes)


def test_order_fields_of_the_first_line_are_filled_down_before_the_join(tmp_path: Path) -> None:
    """The items name their order on its first line alone."""
    rows = [row if number % 2 == 0 else "," + row.partition(",")[2] for number, row in enumerate(items())]
    mapping = shop(tmp_path, rows, lines='fill_down = ["order_id"]\nwithin = "order_id"')
    assert imported(mapping).records[0].rows_kept == 48
    lines = live(mapping)
    assert (lines["order_code"].n_unique(), lines["amount"].sum()) == (24, 33600)
