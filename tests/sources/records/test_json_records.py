"""JSON as shop systems give it: orders with their items, under a key, a record a line, cut off, or with a line that is none."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import duckdb
import polars as pl
import pytest

from tests.sources.shop_files import read, typed
from toolkit.errors import DataError
from toolkit.importing import check_receipts
from toolkit.sources.columns.proposal import propose_mapping

COLUMNS = """
member_id = "customer.id"
order_id = "id"
store_id = { value = "web" }
product_id = "items.sku"
ordered_at = "created"
quantity = "items.qty"
amount = "items.price"
"""


def order(number: int, items: int = 2, **more) -> dict:
    return {
        "id": 5000 + number,
        "created": f"2025-03-{1 + number % 28:02d} 10:00:00",
        "customer": {"id": f"00{number % 5}", "address": {"city": "Köln"}},
        "items": [{"sku": f"A{number % 3}-{item}", "qty": 1 + item, "price": 2.5 + item} for item in range(items)],
        **more,
    }


ORDERS = [order(number) for number in range(30)]
FORMS = {
    "array.json": json.dumps(ORDERS),
    "pretty.json": json.dumps(ORDERS, indent=2, ensure_ascii=False),
    "wrapped.json": json.dumps({"shop": "x", "orders": ORDERS, "next": None}),
    "lines.jsonl": "\n".join(map(json.dumps, ORDERS)) + "\n",
    "lines.ndjson": "\r\n".join(map(json.dumps, ORDERS)),
}


@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_an_order_with_items_is_a_row_per_item(tmp_path: Path, name: str, encoding: str) -> None:
    kept, rejected = read(tmp_path, FORMS[name], name=name, encoding=encoding, columns=COLUMNS)
    assert rejected.is_empty()
    assert kept.height == 60
    assert kept["amount"].sum() == 30 * (250 + 350)
    assert kept["member_id"].unique().sort().to_list() == ["000", "001", "002", "003", "004"]
    assert kept["order_id"].cast(pl.String).to_list() == [str(5000 + number) for number in range(30) for _ in range(2)]
    table = typed(tmp_path, FORMS[name], name=name, encoding=encoding, columns=COLUMNS)
    assert any("a row for each item of 'items'" in note for note in table.notes)


def test_packed(tmp_path: Path) -> None:
    assert read(tmp_path, gzip.compress(FORMS["lines.jsonl"].encode()), name="a.jsonl.gz", columns=COLUMNS)[0].height == 60


def test_an_order_without_items_is_a_row_that_is_set_aside_by_the_number_of_its_record(tmp_path: Path) -> None:
    orders = [order(0), order(1, items=0), order(2, items=3), order(3, items=1)]
    orders[3]["items"][0]["price"] = "much"
    kept, rejected = read(tmp_path, json.dumps(orders), name="a.json", columns=COLUMNS)
    assert kept.height == 5
    assert rejected["source_row"].to_list() == [2, 4]
    assert rejected["fault"].to_list()[1] == "amount is not a number"


def test_several_lists_are_a_question(tmp_path: Path) -> None:
    orders = [order(number, payments=[{"kind": "card", "value": 9.0}, {"kind": "gift", "value": 1.0}]) for number in range(3)]
    with pytest.raises(DataError, match=r"several lists of records: 'items', 'payments'; .* such as unfold = \"items\""):
        typed(tmp_path, json.dumps(orders), name="a.json", columns=COLUMNS)
    kept, _ = read(tmp_path, json.dumps(orders), name="a.json", columns=COLUMNS, table='unfold = "items"')
    assert (kept.height, kept["amount"].sum()) == (6, 1800)
    with pytest.raises(DataError, match=r"no list of records 'goods'; it has: 'items', 'payments'"):
        typed(tmp_path, json.dumps(orders), name="a.json", columns=COLUMNS, table='unfold = "goods"')


def test_a_list_within_the_items_is_a_question_too(tmp_path: Path) -> None:
    """Discounts of an item would otherwise repeat the item's amount."""
    orders = [order(number) for number in range(3)]
    for one in orders:
        one["items"][0]["discounts"] = [{"code": "A"}, {"code": "B"}]
    with pytest.raises(DataError, match=r"several lists of records: 'items', 'items\.discounts'"):
        typed(tmp_path, json.dumps(orders), name="a.json", columns=COLUMNS)
    assert read(tmp_path, json.dumps(orders), name="a.json", columns=COLUMNS, table='unfold = "items"')[0].height == 6


def test_a_line_that_is_no_record_is_set_aside_with_its_text(tmp_path: Path) -> None:
    lines = [json.dumps(order(number)) for number in range(4)]
    lines[2] = lines[2][:40]
    kept, rejected = read(tmp_path, "\n".join(lines), name="a.jsonl", columns=COLUMNS)
    assert kept.height == 6
    assert rejected.select("source_row", "fault").rows() == [(3, "no JSON record")]
    assert json.loads(rejected["raw"][0])["line"] == lines[2]


def test_an_odd_byte_costs_its_line(tmp_path: Path) -> None:
    lines = [json.dumps(order(number), ensure_ascii=False).encode() for number in range(4)]
    lines[1] = lines[1].replace("ö".encode(), b"\xf6")
    kept, rejected = read(tmp_path, b"\n".join(lines), name="a.jsonl", columns=COLUMNS)
    assert (kept.height, rejected["source_row"].to_list(), rejected["fault"].to_list()) == (6, [2], ["no JSON record"])
    assert r"K\\xf6ln" in rejected["raw"][0]


@pytest.mark.parametrize("content", [FORMS["array.json"][:1500], '[{"id": 1}, 5', '{"a": ', "nothing", '[{"id": "\xff"'])
def test_what_is_cut_off_gets_a_sentence(tmp_path: Path, content: str) -> None:
    with pytest.raises(DataError, match=r"a\.json cannot be read as JSON"):
        typed(tmp_path, content.encode("latin-1"), name="a.json", columns=COLUMNS)


def test_nesting_without_end_gets_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(DataError):
        typed(tmp_path, '{"a":' * 5000 + "1" + "}" * 5000, name="a.json", columns=COLUMNS)
    with pytest.raises(DataError, match="more than 20 deep"):
        typed(tmp_path, "[" + '{"a":' * 60 + "1" + "}" * 60 + "]", name="a.json", columns=COLUMNS)


@pytest.mark.parametrize("content", ["", "[]", "\n\n"])
def test_files_without_records(tmp_path: Path, content: str) -> None:
    assert read(tmp_path, content, name="a.json", columns=COLUMNS)[0].is_empty()


def test_from_map_to_the_figures(tmp_path: Path) -> None:
    orders = [order(number, payments=[{"kind": "card"}]) for number in range(40)]
    (tmp_path / "orders.jsonl").write_text("\n".join(map(json.dumps, orders)))
    text = propose_mapping([tmp_path / "orders.jsonl"])
    assert 'unfold = "items"' in text
    mapping = tmp_path / "mapping.toml"
    columns = COLUMNS.replace("\n\n", "\n")
    mapping.write_text(f'currency = "EUR"\n[lines]\nfiles = "orders.jsonl"\nunfold = "items"\n[lines.columns]{columns}')
    report = check_receipts(mapping)
    counted = duckdb.sql(f"select count(*), sum(i.item.price) from (select unnest(items) as item from '{tmp_path}/orders.jsonl') i")
    rows, amount = counted.fetchall()[0]
    assert (report.records[0].rows_kept, report.rejected) == (rows, 0)
    assert read(tmp_path, files="orders.jsonl", table='unfold = "items"', columns=COLUMNS)[0]["amount"].sum() == round(100 * amount)
