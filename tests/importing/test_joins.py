"""Files joined to the lines, through the front door: what DuckDB counts, what is set aside, what is refused."""

from __future__ import annotations

from pathlib import Path

import duckdb
import polars as pl
import pytest

from toolkit.errors import DataError, MappingError
from toolkit.importing import ImportReport, check_receipts, import_receipts
from toolkit.language import speaking
from toolkit.workspace import Workspace

ITEMS = "order_id,product_id,unit_price,quantity"
ORDERS = "order_id,customer_id,order_date,shop,status"
MAPPING = """
currency = "EUR"
[lines]
files = "items.csv"
{lines}
[[lines.join]]
files = "orders.csv"
on = "order_id"
{join}
{joins}
[lines.columns]
order_id = "order_id"
member_id = "customer_id"
store_id = "shop"
product_id = "product_id"
ordered_at = "order_date"
quantity = "quantity"
amount = {{ multiply = ["unit_price", "quantity"] }}
{more}
"""


def items(numbers=range(1, 25)) -> list[str]:
    return [f"{number},{product},{price},2" for number in numbers for product, price in (("A", 3), ("B", 4))]


def orders(numbers=range(1, 25)) -> list[str]:
    return [f"{number},M{number % 12},2025-03-{number:02d},S1,{'void' if number % 6 == 0 else 'paid'}" for number in numbers]


def shop(folder: Path, item_rows: list[str] | None = None, order_rows: list[str] | None = None, **said: str) -> Path:
    (folder / "items.csv").write_text("\n".join([ITEMS, *(items() if item_rows is None else item_rows)]) + "\n", "utf-8")
    (folder / "orders.csv").write_text("\n".join([ORDERS, *(orders() if order_rows is None else order_rows)]) + "\n", "utf-8")
    usual = {"lines": "", "join": "", "joins": "", "more": ""}
    (folder / "mapping.toml").write_text(MAPPING.format(**{**usual, **said}), "utf-8")
    return folder / "mapping.toml"


def imported(mapping: Path) -> ImportReport:
    return import_receipts(mapping, mapping.parent / "ws", accept_defaults=True)


def live(mapping: Path) -> pl.DataFrame:
    workspace = Workspace(mapping.parent / "ws")
    return pl.concat([pl.read_parquet(workspace.path / file.path) for file in workspace.manifest.line_files])


def refused(mapping: Path, error: type[Exception] = MappingError) -> str:
    with pytest.raises(error) as caught:
        check_receipts(mapping)
    return str(caught.value)


def test_orders_and_their_items_are_what_duckdb_joins(tmp_path: Path) -> None:
    mapping = shop(tmp_path)
    assert imported(mapping).records[0].rows_kept == 48
    lines = live(mapping)
    counted = duckdb.sql(
        f"""select count(*), count(distinct order_id), count(distinct customer_id), sum(unit_price * quantity * 100)::bigint
        from '{tmp_path}/items.csv' join '{tmp_path}/orders.csv' using (order_id)"""
    ).fetchall()[0]
    assert counted == (48, 24, 12, 33600)
    assert (lines.height, lines["order_code"].n_unique(), lines["member_code"].n_unique(), lines["amount"].sum()) == counted


def test_orphans_on_both_sides_are_counted_and_said(tmp_path: Path) -> None:
    mapping = shop(tmp_path, items(range(1, 22)), orders(range(4, 25)))
    report = imported(mapping)
    record = report.records[0]
    assert (record.rows_in, record.rows_kept, record.rows_rejected) == (42, 36, 6)
    assert record.reasons == {"no row of orders.csv has its order_id": 6}
    assert "orders.csv: rows that belong to no row of [lines]: 3, such as order_id '22'." in record.notes
    rejected = pl.read_csv(tmp_path / "ws" / str(record.rejected_path))
    assert rejected["source_row"].to_list() == [2, 3, 4, 5, 6, 7]
    assert '"product_id":"A"' in rejected["raw"][0]
    with speaking("zh"):
        assert "orders.csv 中没有与其 order_id 对应的行" in str(report)


def test_lines_without_a_partner_can_be_kept(tmp_path: Path) -> None:
    columns = 'channel = "status"'
    mapping = shop(tmp_path, items(range(1, 22)), orders(range(4, 25)), join="required = false", more=columns)
    record = imported(mapping).records[0]
    assert record.reasons == {"no store id": 6}  # an empty cell is judged as any other
    assert any("Rows without a partner in orders.csv: 6; its columns are empty there." in note for note in record.notes)


@pytest.mark.parametrize("section", ['[lines.drop]\nstatus = "void"', '[lines.keep]\nstatus = "paid"'])
def test_rows_are_kept_and_dropped_by_a_joined_column_but_never_orphans(tmp_path: Path, section: str) -> None:
    mapping = shop(tmp_path, items(range(1, 26)), more=section)
    record = imported(mapping).records[0]
    assert (record.rows_in, record.rows_kept, record.rows_rejected, record.rows_left_out) == (50, 40, 2, 8)
    assert not [question for question in check_receipts(mapping).questions if question.kind == "state"]
    assert [question.key for question in check_receipts(shop(tmp_path)).questions if question.kind == "state"] == ["state:status"]


def test_a_name_that_both_files_have_is_the_sections_own(tmp_path: Path) -> None:
    mapping = shop(tmp_path, [f"{row},inner" for row in items()], more='channel = "status"')
    (tmp_path / "items.csv").write_text((tmp_path / "items.csv").read_text("utf-8").replace(ITEMS, f"{ITEMS},status"), "utf-8")
    imported(mapping)
    assert Workspace(tmp_path / "ws").codes("channel")["id"].to_list() == ["inner"]
    mapping.write_text(mapping.read_text("utf-8").replace('channel = "status"', 'channel = "orders.status"'), "utf-8")
    imported(mapping)
    assert set(Workspace(tmp_path / "ws").codes("channel")["id"]) == {"inner", "paid", "void"}


def test_a_chain_of_joins_with_formats_of_their_own(tmp_path: Path) -> None:
    customers = "\n".join(["cust;karte", *(f"M{number};K{number % 4}" for number in range(12))])
    (tmp_path / "kunden.csv").write_bytes(f"Übersicht\n{customers}\n".encode("cp1252"))
    joins = '[[lines.join]]\nfiles = "kunden.csv"\non = {customer_id = "cust"}\nencoding = "cp1252"\ndelimiter = ";"\nskip_rows = 1'
    mapping = shop(tmp_path, joins=joins)
    mapping.write_text(mapping.read_text("utf-8").replace('member_id = "customer_id"', 'member_id = "karte"'), "utf-8")
    record = imported(mapping).records[0]
    assert any(note.startswith("kunden.csv: read as cp1252, delimiter ';'") for note in record.notes)
    assert live(mapping)["member_code"].n_unique() == 4


def test_keys_of_two_columns_and_a_price_of_the_product(tmp_path: Path) -> None:
    header, rows = "shop,no,product,quantity,who,day", [f"S{n % 2},{n},P{n % 3},{n},M{n},2025-01-0{n}" for n in range(1, 9)]
    (tmp_path / "items.csv").write_text("\n".join([header, *rows]), "utf-8")
    prices = [f"S{store},P{product},{store + product}.25" for store in range(2) for product in range(3)]
    (tmp_path / "prices.csv").write_text("\n".join(["store,code,price", *prices]), "utf-8")
    mapping = tmp_path / "mapping.toml"
    mapping.write_text(
        """currency = "EUR"
[lines]
files = "items.csv"
join = { files = "prices.csv", on = { shop = "store", product = "code" } }
[lines.columns]
order_id = "no"
member_id = "who"
store_id = "shop"
product_id = "product"
ordered_at = "day"
quantity = "quantity"
amount = { multiply = ["price", "quantity"] }
""",
        "utf-8",
    )
    imported(mapping)
    assert live(mapping)["amount"].sum() == sum(n * (n % 2 + n % 3) * 100 + n * 25 for n in range(1, 9))


def test_parquet_keys_that_became_floats_meet_whole_numbers_of_a_text_file(tmp_path: Path) -> None:
    mapping = shop(tmp_path)
    frame = pl.read_csv(tmp_path / "items.csv").with_columns(pl.col("order_id").cast(pl.Float64))
    frame.write_parquet(tmp_path / "items.parquet")
    mapping.write_text(mapping.read_text("utf-8").replace("items.csv", "items.parquet"), "utf-8")
    assert imported(mapping).records[0].rows_kept == 48


def test_texts_that_are_the_same_number_are_said_and_joined_when_asked(tmp_path: Path) -> None:
    rows = [row.replace(",", ".0,", 1) for row in orders(range(1, 24))] + orders([24])
    record = imported(shop(tmp_path, None, rows)).records[0]
    assert record.rows_kept == 2
    (note,) = [note for note in record.notes if "Keys differ by zeros alone" in note]
    assert "'1' and '1.0'" in note
    assert 'match = "number"' in note
    assert imported(shop(tmp_path, None, rows, join='match = "number"')).records[0].rows_kept == 48


def test_a_key_in_several_rows_is_a_fault_until_the_most_frequent_value_is_asked_for(tmp_path: Path) -> None:
    twice = [*orders(), "7,M99,2025-03-07,S1,paid", "7,M7,2025-03-07,S1,paid"]
    assert "orders.csv holds keys in several rows (1 of them, such as order_id '7' in 3 rows)" in refused(shop(tmp_path, None, twice))
    mapping = shop(tmp_path, None, twice, join="distinct = true")
    assert imported(mapping).records[0].rows_kept == 48
    assert live(mapping)["member_code"].n_unique() == 12


def test_a_row_of_the_joined_file_that_cannot_be_read_makes_orphans(tmp_path: Path) -> None:
    record = imported(shop(tmp_path, None, [*orders(range(1, 24)), "24,M0"])).records[0]
    assert record.reasons == {"no row of orders.csv has its order_id": 2}
    assert "orders.csv: rows that cannot be read are joined to nothing: 1." in record.notes


def test_files_of_two_formats_and_rows_that_cannot_be_read(tmp_path: Path) -> None:
    mapping = shop(tmp_path, [*items(range(1, 13)), "13,A"])
    pl.DataFrame([row.split(",") for row in items(range(13, 25))], schema=ITEMS.split(","), orient="row").with_columns(
        pl.col("order_id").cast(pl.Int64), pl.col("unit_price").cast(pl.Float64), pl.col("quantity").cast(pl.Int32)
    ).write_parquet(tmp_path / "items.parquet")
    mapping.write_text(mapping.read_text("utf-8").replace('"items.csv"', '["items.csv", "items.parquet"]'), "utf-8")
    record = imported(mapping).records[0]
    assert (record.rows_in, record.rows_kept) == (49, 48)
    assert record.reasons == {"too few fields": 1}
    assert record.examples["too few fields"] == ("13,A", 26)
    assert live(mapping)["amount"].sum() == 33600


def test_an_empty_key_has_no_partner(tmp_path: Path) -> None:
    record = imported(shop(tmp_path, [*items(), ",A,3,2"], [*orders(), ",M1,2025-03-01,S1,paid", ",M2,2025-03-01,S1,paid"])).records[0]
    assert record.reasons == {"no row of orders.csv has its order_id": 1}


def test_a_small_table_can_be_joined_and_its_orphans_are_counted(tmp_path: Path) -> None:
    (tmp_path / "goods.csv").write_text("sku,class\nA,1\nB,2\nC,9\n", "utf-8")
    (tmp_path / "classes.csv").write_text("no,name\n1,Dairy\n2,Bakery\n", "utf-8")
    more = """
[products]
files = "goods.csv"
join = { files = "classes.csv", on = { class = "no" } }
columns = { product_id = "sku", category = "classes.name" }
"""
    lines, products = imported(shop(tmp_path, more=more)).records
    assert lines.rows_kept == 48
    assert (products.rows_in, products.rows_kept, products.reasons) == (3, 2, {"no row of classes.csv has its class": 1})
    assert set(Workspace(tmp_path / "ws").table("products").collect()["category"]) == {"Dairy", "Bakery"}


def test_numbers_with_another_decimal_sign_in_the_joined_file(tmp_path: Path) -> None:
    (tmp_path / "items.csv").write_text("order_id,product_id,quantity\n1,A,1.5\n2,A,2.5\n", "utf-8")
    (tmp_path / "orders.csv").write_text("order_id;who;day;shop;price\n1;M;2025-03-01;S;10,50\n2;M;2025-03-02;S;20,10\n", "utf-8")
    mapping = tmp_path / "mapping.toml"
    text = MAPPING.format(lines="", join="", joins="", more="").replace("customer_id", "who").replace("order_date", "day")
    mapping.write_text(text.replace("unit_price", "price"), "utf-8")
    assert 'state decimal = "," or decimal = "."' in refused(mapping)
    text = text.replace('{ multiply = ["unit_price", "quantity"] }', '{ column = "price", decimal = "," }')
    mapping.write_text(text, "utf-8")
    imported(mapping)
    assert live(mapping)["amount"].sum() == 3060


BAD = {
    'on = "order_idd"': "did you mean 'order_id'?",
    'on = { order_id = "order_nr" }': "orders.csv has no column 'order_nr'",
    'files = "items.csv"\non = "order_id"': "cannot be joined to itself",
    'files = "none.csv"\non = "order_id"': "finds no file",
    'on = "order_id"\nonn = 1': "did you mean 'on'?",
    "on = {}": "at least 1 item",
    'on = "order_id"\n[[lines.join]]\nfiles = "orders.csv"\non = "order_id"': "two joins are named 'orders'",
    'on = "order_id"\n[[lines.join]]\nfiles = "orders.csv"\non = "order_id"\nname = "b"': "joined twice by the same key",
}


@pytest.mark.parametrize("said", BAD)
def test_joins_that_cannot_be(tmp_path: Path, said: str) -> None:
    mapping = shop(tmp_path)
    given = said if said.startswith("files") else f'files = "orders.csv"\n{said}'
    mapping.write_text(mapping.read_text("utf-8").replace('files = "orders.csv"\non = "order_id"', given), "utf-8")
    assert BAD[said] in refused(mapping)


def test_a_join_that_finds_no_partner_is_refused_with_both_keys(tmp_path: Path) -> None:
    sentence = refused(shop(tmp_path, None, [f"X{row}" for row in orders()]), DataError)
    assert "none of the 48 rows of [lines] has a partner in orders.csv" in sentence
    assert "the rows hold order_id '1', the file holds order_id 'X1'" in sentence


def test_a_column_that_is_nowhere_or_in_two_joined_files(tmp_path: Path) -> None:
    assert "did you mean 'status'?" in refused(shop(tmp_path, more='channel = "statuss"'))
    joins = '[[lines.join]]\nfiles = "orders.csv"\non = "order_id"\nname = "again"\nmatch = "number"'
    mapping = shop(tmp_path, joins=joins.replace('on = "order_id"', 'on = { quantity = "order_id" }'), more='channel = "status"')
    assert "which several joined files have; say which: 'orders.shop' or 'again.shop'" in refused(mapping)


def test_an_empty_joined_file_is_refused_and_empty_lines_are_not(tmp_path: Path) -> None:
    assert "the file holds no row" in refused(shop(tmp_path, None, []), DataError)
    assert "the files hold no rows" in refused(shop(tmp_path, []), DataError)
