"""A PostgreSQL shop through the same door as files: exact, whole or not at all, and silent about its password."""

from __future__ import annotations

import tomllib
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from tests.servers import PASSWORD, QUOTED
from toolkit.cli.shell import app
from toolkit.errors import DataError, MappingError, ToolkitError
from toolkit.importing import check_receipts, import_receipts
from toolkit.importing.first_figures import first_figures
from toolkit.language import speaking
from toolkit.sources.columns.proposal import propose_mapping
from toolkit.sources.databases import arrival, postgres
from toolkit.sources.databases.addresses import SourceTable
from toolkit.sources.mapping import mapping_from_text
from toolkit.workspace import Workspace

LINES = 50_000
SHOP = f"""
create schema till;
create type till.state as enum ('paid', 'void');
create table till.receipts as select
  i as line_no, md5((i / 3)::text)::uuid as receipt_id, 1 + (i / 3) % 20 as store_id,
  case when (i / 3) % 9 > 0 then 'M' || lpad(((i / 3) * 7919 % 4000)::text, 6, '0') end as member_no, 'sku' || i % 200 as product_code,
  timestamptz '2025-03-30 00:30+01' + (i / 3) * interval '10 minutes' as sold_at,
  (1 + i % 3)::numeric(10,3) as quantity, (((i * 37) % 5000 + 1)::numeric / 100)::numeric(12,2) as amount, i % 7 = 0 as on_offer,
  (case when i % 997 < 3 then 'void' else 'paid' end)::till.state as status, '\\x00'::bytea as signature
from generate_series(0, {LINES - 1}) i;
create table till.goods as select 'sku' || i as sku, 'dept' || i % 9 as department, (i + 0.255)::numeric as cost, 'x' as "Größe 尺寸"
from generate_series(0, 199) i;
"""


@pytest.fixture(scope="module")
def shop(postgres: str) -> str:
    execute(postgres, *SHOP.split(";\n"))
    return postgres


@pytest.fixture(autouse=True)
def address(shop: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_DB", shop)


def execute(url: str, *statements: str) -> list[tuple]:
    import adbc_driver_postgresql.dbapi as driver

    rows: list[tuple] = []
    with driver.connect(url, autocommit=True) as connection, connection.cursor() as cursor:
        for statement in statements:
            if statement.strip():
                cursor.execute(statement)
                rows = cursor.fetchall() if statement.lstrip().startswith("select") else []
    return rows


def mapping_of(source: str, columns: str = "", more: str = "") -> str:
    return f"""
name = "till"
currency = "EUR"
time_zone = "Europe/Berlin"
[lines]
{source}
drop = {{ status = ["void"] }}
[lines.columns]
member_id = "member_no"
order_id = "receipt_id"
store_id = "store_id"
product_id = "product_code"
ordered_at = "sold_at"
quantity = "quantity"
amount = "amount"
{columns}
{more}"""


RECEIPTS = 'url = "env:SHOP_DB"\ntable = "till.receipts"'


def read(text: str, folder: Path):
    return mapping_from_text(text, folder=folder)


def refused(text: str, folder: Path) -> str:
    with pytest.raises(ToolkitError) as caught:
        import_receipts(read(text, folder), folder / "ws")
    assert not (folder / "ws").exists()
    said = str(caught.value)
    assert PASSWORD not in said
    assert QUOTED not in said
    return said


def test_from_a_table_to_members_to_the_cent(shop: str, tmp_path: Path) -> None:
    proposed = propose_mapping([], [SourceTable("env:SHOP_DB", "till.receipts")])
    given = tomllib.loads(proposed)
    assert given["lines"]["url"] == "env:SHOP_DB"
    assert given["lines"]["table"] == "till.receipts"
    assert given["lines"]["columns"]["order_id"] == "receipt_id"
    text = mapping_of(RECEIPTS, more='[products]\nurl = "env:SHOP_DB"\ntable = "till.goods"\n[products.columns]\nproduct_id = "sku"\ncategory = "department"\nunit_cost = "cost"')  # fmt: skip
    report = import_receipts(read(text, tmp_path), tmp_path / "ws")
    lines = report.records[0]
    (kept,) = execute(shop, "select count(*), sum(amount)::text, count(distinct receipt_id) from till.receipts where status = 'paid'")
    assert (lines.rows_in, lines.rows_kept, lines.rows_left_out) == (LINES, kept[0], LINES - kept[0])
    ws = Workspace(tmp_path / "ws")
    figures = first_figures(ws)
    assert figures is not None
    assert (figures.sales, figures.orders) == (int(Decimal(kept[1]) * 100), kept[2])
    every = pl.concat(ws.source_lines().values()).join(ws.codes("member").lazy(), left_on="member_code", right_on="code")
    ours = every.group_by(pl.col("id")).agg(pl.col("amount").sum()).sort("id").collect()
    theirs = execute(shop, "select member_no, (sum(amount) * 100)::bigint from till.receipts where status = 'paid' and member_no is not null group by 1 order by 1")  # fmt: skip
    assert ours.rows() == theirs
    # the night on which clocks go forward: 01:30 and then 03:00 on the shop's wall
    hours = every.select(pl.col("ordered_at").dt.hour().unique().sort().head(3)).collect().to_series().to_list()
    assert 2 not in every.filter(pl.col("ordered_at").dt.date() == pl.date(2025, 3, 30)).select(pl.col("ordered_at").dt.hour().unique()).collect().to_series().to_list()  # fmt: skip
    assert hours == [0, 1, 2]
    prices = ws.table("products")
    assert prices is not None
    assert prices.filter(pl.col("product_id") == "sku1").collect()["unit_cost"].item() == 126  # 1.255: half away from zero
    everything = b"".join(path.read_bytes() for path in (tmp_path / "ws").rglob("*") if path.is_file())
    assert PASSWORD.encode() not in everything
    assert QUOTED.encode() not in everything
    again = import_receipts(read(text, tmp_path), tmp_path / "ws")
    assert again.records[0].rows_replaced == kept[0]


def test_a_query_is_read_as_a_table_is(tmp_path: Path) -> None:
    query = "with r as (select *, amount * 2 as double from till.receipts where line_no < 300) select * from r order by line_no;"
    text = mapping_of(f'url = "env:SHOP_DB"\nquery = "{query}"').replace('amount = "amount"', 'amount = "double"')
    report = import_receipts(read(text, tmp_path), tmp_path / "ws", accept_defaults=True)
    assert report.records[0].rows_in == 300


def test_a_look_reads_the_first_rows_alone(tmp_path: Path) -> None:
    report = check_receipts(read(mapping_of(RECEIPTS), tmp_path), first_rows=600)
    assert report.records[0].rows_in == 600
    assert "env:SHOP_DB/till.receipts: the first 600 rows were looked at, and no more." in report.records[0].notes


@pytest.mark.parametrize(
    ("source", "needed"),
    [
        ('url = "env:SHOP_DB"\ntable = "till.reciepts"', "there is no such table (relation \"till.reciepts\" does not exist). Did you mean 'till.receipts'?"),
        ('url = "env:SHOP_DB"\ntable = "receipts"', "Did you mean 'till.receipts'?"),
        ('url = "env:SHOP_DB"\nquery = "delete from till.receipts returning *"', "the query is no select, and only what reads is sent"),
        ('url = "env:SHOP_DB"\nquery = "select 1; drop table till.receipts"', "the query is no select"),
        ('url = "env:SHOP_DB"\nquery = "with d as (delete from till.receipts returning *) select * from d"', "must be at the top level"),
        ('url = "env:SHOP_DB"\nquery = "select nothing from till.receipts"', 'a column is not there (column "nothing" does not exist)'),
        ('url = "env:SHOP_DB"\nquery = "select from where"', "the database cannot read the query (syntax error"),
        ('url = "env:SHOP_DB"\nquery = "select * from till.receipts where false"', "env:SHOP_DB/query"),
        ('url = "env:SHOP_DB"', "name either a `table` or a `query` of the database"),
        ('url = "env:NO_SUCH_DB"\ntable = "t"', "environment variable NO_SUCH_DB, which is not set: export NO_SUCH_DB='"),
        ('url = "oracle://db/till"\ntable = "t"', "an address begins with the kind of the database, one of postgresql"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_one_sentence(source: str, needed: str, tmp_path: Path) -> None:
    said = refused(mapping_of(source), tmp_path)
    assert needed in said
    assert "\n" not in said
    with speaking("zh"):
        assert any("一" <= sign <= "鿿" for sign in refused(mapping_of(source), tmp_path))


@pytest.mark.parametrize(
    ("old", "new", "needed"),
    [
        (QUOTED, "falsch123", "the database refused the user or the password; mend the address that env:SHOP_DB names"),
        ("/postgres", "/tillen", 'there is no such database (database "tillen" does not exist)'),
        ("127.0.0.1:", "127.0.0.1:1", "the database does not answer"),
    ],
)
def test_a_wrong_address_is_one_sentence(
    old: str, new: str, needed: str, shop: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = shop.replace(old, new, 1) if old != "127.0.0.1:" else shop.rpartition(":")[0] + ":1/postgres"
    monkeypatch.setenv("SHOP_DB", wrong)
    said = refused(mapping_of(RECEIPTS), tmp_path)
    assert needed in said
    assert "falsch123" not in said
    assert "\n" not in said


def test_a_column_that_is_not_there_is_told_before_a_row_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrival, "arrive", None)
    said = refused(mapping_of(RECEIPTS).replace('amount = "amount"', 'amount = "ammount"'), tmp_path)
    assert "till.receipts has no column 'ammount', which mapping [lines.columns] names; did you mean 'amount'?" in said


def test_a_user_without_the_right_to_read(shop: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    execute(shop, "create role guest login password 'geheim99'", "grant usage on schema till to guest")
    monkeypatch.setenv("SHOP_DB", shop.replace(f"shop:{QUOTED}", "guest:geheim99"))
    assert "the user may not read it (permission denied for table receipts)" in refused(mapping_of(RECEIPTS), tmp_path)


def test_no_password_stands_in_a_mapping() -> None:
    for url in ("postgresql://shop:geheim1@db/till", "postgresql://shop@db/till?password=geheim1", "odbc:DSN=till;UID=x;PWD={geheim1}"):
        with pytest.raises(MappingError) as caught:
            mapping_from_text(mapping_of(f'url = "{url}"\ntable = "receipts"'), folder=".")
        assert "the address carries a password or a key, which no mapping may hold" in str(caught.value)
        assert "geheim1" not in str(caught.value)
    with pytest.raises(MappingError) as caught:
        mapping_from_text(mapping_of('files = "a.csv"\nurl = "env:SHOP_DB"\ntable = "t"'), folder=".")
    assert "rows come either from `files` or from `url`" in str(caught.value)


def test_numbers_that_are_none_and_numbers_beyond_all(shop: str, tmp_path: Path) -> None:
    row = "select md5(i::text)::uuid as receipt_id, 1 as store_id, 'M' || i as member_no, 'a' as product_code, timestamptz '2025-01-01' as sold_at, 1 as quantity, 'paid' as status"  # fmt: skip

    def report(amount: str):
        query = f"{row}, ({amount}) as amount from generate_series(1, 400) i"
        return import_receipts(read(mapping_of(f'url = "env:SHOP_DB"\nquery = "{query}"'), tmp_path), tmp_path / "ws", accept_defaults=True).records[0]  # fmt: skip

    record = report("case when i = 7 then 'NaN'::numeric when i = 8 then 100000000000000000 else i / 3.0 end")
    assert record.reasons == {"no amount": 1, "amount is too large": 1}
    for amount in ("case when i = 9 then power(10::numeric, 40) else i end", "case when i = 9 then 'Infinity'::numeric else i end"):
        with pytest.raises(DataError, match="in the column amount is larger than any amount can be; mend it there"):
            report(amount)
    assert Workspace(tmp_path / "ws").manifest.data_version == 1


def test_a_type_that_changed_is_asked_about_once(shop: str, tmp_path: Path) -> None:
    execute(shop, "create table till.night as select * from till.receipts where line_no < 3000")
    text = mapping_of('url = "env:SHOP_DB"\ntable = "till.night"')
    import_receipts(read(text, tmp_path), tmp_path / "ws")
    execute(shop, "alter table till.night alter store_id type text, alter amount type numeric")
    with pytest.raises(
        DataError, match=r"The column 'store_id' of \[lines\] held a number at the last import and holds text now"
    ) as caught:
        import_receipts(read(text, tmp_path), tmp_path / "ws")
    assert "type:store_id" in str(caught.value)
    assert "type:amount" not in str(caught.value)
    import_receipts(read(text, tmp_path), tmp_path / "ws", accept_defaults=True)
    import_receipts(read(text, tmp_path), tmp_path / "ws")


def test_a_connection_that_breaks_off_leaves_nothing_and_the_rerun_finishes(
    shop: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    padded = "select r.*, repeat(md5(line_no::text), 60) as padding from till.receipts r where line_no < 30000"
    text = mapping_of(f'url = "env:SHOP_DB"\nquery = "{padded}"')
    exact, batches = postgres.exact_decimals, []

    def cut(*given):
        batches.append(1)
        if len(batches) == 1:
            execute(shop, "select pg_terminate_backend(pid) from pg_stat_activity where query like '%padding%' and pid <> pg_backend_pid()")
        return exact(*given)

    monkeypatch.setattr(postgres, "exact_decimals", cut)
    said = refused(text, tmp_path)
    assert "the connection broke off while rows were read; nothing was changed, run the command again" in said
    assert import_receipts(read(text, tmp_path), tmp_path / "ws").records[0].rows_in == 30_000
    assert len(batches) > 2


def test_a_table_of_another_system_is_joined(tmp_path: Path) -> None:
    text = mapping_of(RECEIPTS.replace("till.receipts", "till.receipts"), more="").replace(
        "[lines.columns]", '[[lines.join]]\nurl = "env:SHOP_DB"\ntable = "till.goods"\non = { product_code = "sku" }\n[lines.columns]'
    )
    text = text.replace('product_id = "product_code"', 'product_id = "goods.department"')
    report = import_receipts(read(text, tmp_path), tmp_path / "ws")
    assert report.records[0].rows_rejected == 0
    assert Workspace(tmp_path / "ws").codes("product").height == 9


def test_a_night_asks_the_database_for_its_new_rows_alone(shop: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    execute(shop, "create table till.nights as select * from till.receipts where line_no < 6000")
    (tmp_path / "mapping.toml").write_text(mapping_of('url = "env:SHOP_DB"\ntable = "till.nights"'), "utf-8")

    def night(*words: str) -> str:
        done = CliRunner().invoke(app, ["import", str(tmp_path / "mapping.toml"), str(tmp_path / "ws"), *words])
        assert done.exit_code == 0, f"{done.output}{done.exception}"
        return done.output

    night()
    execute(
        shop,
        "insert into till.nights select * from till.receipts where line_no between 6000 and 6299",
        "update till.nights set amount = 1 where line_no = 5",
    )
    rows: list[int] = []
    exact = postgres.exact_decimals
    monkeypatch.setattr(postgres, "exact_decimals", lambda frame, *given: rows.append(frame.height) or exact(frame, *given))
    said = night("--since", "last")
    assert "Of env:SHOP_DB/till.nights, receipts before" in said
    assert 300 < sum(rows) < 3500
    after = Workspace(tmp_path / "ws")
    (kept,) = execute(
        shop, "select count(*), (sum(case when line_no = 5 then 0 else amount end) * 100)::bigint from till.nights where status = 'paid'"
    )
    figures = first_figures(after)
    assert figures is not None
    assert after.line_count == kept[0]
    assert figures.sales == kept[1] + 186  # the line of the first night that was changed long after: it is not looked at again
