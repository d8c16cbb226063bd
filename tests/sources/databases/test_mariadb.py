"""A Chinese shop in MariaDB, by ODBC: names and values in Chinese, money exact, nothing read of a table that is more than a look needs."""

from __future__ import annotations

import tomllib
from decimal import Decimal
from pathlib import Path

import pytest

from tests.servers import PASSWORD, QUOTED, sql
from toolkit.errors import DataError, ToolkitError
from toolkit.importing import import_receipts
from toolkit.importing.first_figures import first_figures
from toolkit.language import speaking
from toolkit.sources.columns.proposal import propose_mapping
from toolkit.sources.databases import arrival, faults, odbc
from toolkit.sources.databases.addresses import SourceTable
from toolkit.sources.mapping import mapping_from_text
from toolkit.workspace import Workspace

LINES = 20_000
SHOP = f"""
create table 小票 (流水号 bigint unsigned, 单号 varchar(20), 门店 varchar(20), 会员号 varchar(20), 商品 varchar(60), 时间 datetime, 数量 decimal(10,3),
  金额 decimal(12,2), 状态 enum('已支付','已作废'), 备注 longtext, 编号 uuid) character set utf8mb4;
insert into 小票 select seq, concat('D', seq div 3), concat('人民路', 1 + (seq div 3) % 4, '店'), if((seq div 3) % 5, concat('会员', (seq div 3) * 7919 % 1500), null),
  concat(elt(1 + seq % 3, '豆浆', '油条😀', '包子"大"'), seq % 60), '2025-01-01 07:00' + interval (seq div 3) minute, 1 + seq % 3,
  ((seq * 37) % 5000 + 1) / 100, if(seq % 997 < 3, '已作废', '已支付'), repeat('中', seq % 300), uuid() from seq_1_to_{LINES};
create table 有键 like 小票;
alter table 有键 add primary key (流水号);
insert into 有键 select * from 小票;
create table 空 like 小票;
"""


@pytest.fixture(scope="module")
def shop(mariadb: tuple[str, Path]) -> tuple[str, Path]:
    sql(mariadb[1], SHOP, "till")
    return mariadb


@pytest.fixture(autouse=True)
def address(shop: tuple[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_DB", shop[0])


def refused(text: str, folder: Path) -> str:
    with pytest.raises(ToolkitError) as caught:
        import_receipts(mapping_from_text(text, folder=folder), folder / "ws")
    assert not (folder / "ws").exists()
    said = str(caught.value)
    assert PASSWORD not in said
    assert QUOTED not in said
    assert "\n" not in said
    return said


def test_a_chinese_shop_comes_in_to_the_cent(shop: tuple[str, Path], tmp_path: Path) -> None:
    text = propose_mapping([], [SourceTable("env:SHOP_DB", "小票")])
    columns = tomllib.loads(text)["lines"]["columns"]
    assert (columns["member_id"], columns["order_id"], columns["amount"]) == ("会员号", "单号", "金额")
    assert 'currency = "CNY"' in text
    with pytest.raises(DataError, match="状态"):  # the door asks of a table what it asks of a file
        import_receipts(mapping_from_text(text, folder=tmp_path), tmp_path / "ws")
    report = import_receipts(mapping_from_text(text + '\n[lines.drop]\n"状态" = ["已作废"]\n', folder=tmp_path), tmp_path / "ws")
    kept, total, orders = sql(shop[1], "select count(*), sum(金额), count(distinct 单号) from 小票 where 状态 <> '已作废'", "till").split()
    assert report.records[0].rows_in == LINES
    assert report.records[0].rows_kept == int(kept)
    ws = Workspace(tmp_path / "ws")
    figures = first_figures(ws)
    assert figures is not None
    assert (figures.sales, figures.orders) == (int(Decimal(total) * 100), int(orders))
    assert "油条😀1" in ws.codes("product")["id"].to_list()
    assert "env:SHOP_DB" in text


QUERY = """url = "env:SHOP_DB"
query = "{query}"
[lines.columns]
member_id = "会员号"
order_id = "单号"
store_id = "门店"
product_id = "商品"
ordered_at = "时间"
quantity = "数量"
amount = "金额"
"""


@pytest.mark.parametrize(
    ("lines", "needed"),
    [
        (QUERY.replace('query = "{query}"', 'table = "小标"'), "there is no such table (Table 'till.小标' doesn't exist)"),
        (QUERY.replace('query = "{query}"', 'table = "空"'), "env:SHOP_DB/空 holds no row: nothing was imported"),
        (QUERY.format(query="select 会员 from 小票"), "a column is not there (Unknown column '会员' in 'SELECT')"),
        (QUERY.format(query="insert into 小票 select * from 小票"), "the query is no select"),
        (QUERY.format(query="select * from 小票 into outfile 'x'"), "the query is no select"),
        (QUERY.format(query="select *, repeat('x', 70000) as 长 from 小票 limit 50"), "a text is longer than can be read at once"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_one_sentence(lines: str, needed: str, tmp_path: Path) -> None:
    text = 'currency = "CNY"\n[lines]\n' + lines
    assert needed in refused(text, tmp_path)
    with speaking("zh"):
        assert "：" in refused(text, tmp_path)


def test_a_wrong_address_is_one_sentence(shop: tuple[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = 'currency = "CNY"\n[lines]\n' + QUERY.replace('query = "{query}"', 'table = "小票"')
    port = shop[0].rpartition(":")[2].partition("/")[0]
    words = f"Server=127.0.0.1;Port={port};Database=till;Uid=shop;Pwd={{{PASSWORD}}}"
    for address, needed in (
        (shop[0].replace(QUOTED, "falsch123"), "the database refused the user or the password"),
        (shop[0].replace(f":{port}/", ":1/"), "the database does not answer (Can't connect to server"),
        (shop[0].replace("/till", "/tillen"), "the database refused the user or the password"),
        ("odbc:Driver={No Such Driver};" + words, "the ODBC driver is not installed or has another name"),
        ("odbc:DSN=nowhere;" + words, "the ODBC driver is not installed or has another name"),
        ("mssql://sa:geheim@db/till", "no ODBC driver for mssql is installed; there are: MariaDB Unicode"),
    ):
        monkeypatch.setenv("SHOP_DB", address)
        said = refused(text, tmp_path)
        assert needed in said
        assert "falsch123" not in said
    monkeypatch.setenv("SHOP_DB", "odbc:Driver={MariaDB Unicode};Charset=utf8mb4;" + words)
    assert import_receipts(mapping_from_text(text, folder=tmp_path), tmp_path / "ws", accept_defaults=True).records[0].rows_in == LINES


@pytest.mark.parametrize("table", ["小票", "有键"])
def test_a_table_larger_than_a_piece_comes_in_pieces_each_row_once(
    table: str, shop: tuple[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(odbc, "PIECE_ROWS", 1500)
    source = SourceTable("env:SHOP_DB", table)
    with arrival.opened(source) as reader:
        sql(shop[1], f"insert into {table} (流水号) values (9000000)", "till")  # not in the snapshot
        pieces = list(reader.frames(None))
    rows = odbc.pl.concat(pieces)
    assert len(pieces) > 10
    assert max(piece.height for piece in pieces) < 2500
    sql(shop[1], f"delete from {table} where 流水号 = 9000000", "till")
    count, total, numbers = sql(shop[1], f"select count(*), sum(金额), sum(流水号) from {table}", "till").split()
    assert (rows.height, rows["金额"].sum(), rows["流水号"].sum()) == (int(count), Decimal(total), int(numbers))
    assert rows["流水号"].n_unique() == rows.height


def test_a_query_that_is_never_the_same_is_told(shop: tuple[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(odbc, "PIECE_ROWS", 1500)
    source = SourceTable("env:SHOP_DB", query="select *, uuid() as 新 from 小票")
    with arrival.opened(source) as reader, pytest.raises(DataError, match="gives other rows each time it is asked"):
        list(reader.frames(None))


def test_a_connection_that_breaks_off_leaves_nothing_and_the_rerun_finishes(
    shop: tuple[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(odbc, "PIECE_ROWS", 5000)
    pieces, killed = odbc._pieces, []

    def cut(*given):
        def queries(each):
            for number, query in enumerate(each):
                if number == 2 and not killed:
                    killed.append(sql(shop[1], "select concat('kill ', id, ';') from information_schema.processlist where user = 'shop'"))
                    sql(shop[1], killed[0])
                yield query

        total, each = pieces(*given)
        return total, queries(each)

    text = 'currency = "CNY"\n[lines]\n' + QUERY.replace('query = "{query}"', 'table = "有键"')
    monkeypatch.setattr(odbc, "_pieces", cut)
    assert "the connection broke off while rows were read; nothing was changed" in refused(text, tmp_path)
    assert killed[0].startswith("kill ")
    assert import_receipts(mapping_from_text(text, folder=tmp_path), tmp_path / "ws", accept_defaults=True).records[0].rows_in == LINES


def test_without_the_systems_library_odbc_is_told_how_to_get(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import builtins
    import sys

    real = builtins.__import__

    def absent(name: str, *given, **named):
        if name == "arrow_odbc":
            raise OSError("libodbc.so.2: cannot open shared object file: No such file or directory")
        return real(name, *given, **named)

    for module in [name for name in sys.modules if name.startswith("arrow_odbc")]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setattr(builtins, "__import__", absent)
    text = 'currency = "CNY"\n[lines]\n' + QUERY.replace('query = "{query}"', 'table = "小票"')
    assert "ODBC is not installed on this machine (libodbc): `apt-get install unixodbc`" in refused(text, tmp_path)


def test_what_drivers_say_is_told_without_their_own_names() -> None:
    source = SourceTable("env:SHOP_DB", "t")
    said = "ODBC emitted an error calling 'SQLExecDirect':\nState: HY000, Native error: 9, Message: [ma-3.1.15][10.11.19-MariaDB]Something for mysql://a:geheim1@b/c."
    assert str(faults.told(said, source)) == "env:SHOP_DB/t cannot be read: Something for mysql://a:***@b/c."
