"""The same lines in SQLite, DuckDB, Delta Lake, Iceberg and Parquet are the same receipts; in each, what is wrong is one sentence."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from toolkit.errors import DataError, MappingError, ToolkitError
from toolkit.importing import import_receipts
from toolkit.sources.databases.addresses import SourceTable, address, has_secret, without_secrets
from toolkit.sources.databases.arrival import arrive, opened
from toolkit.sources.databases.queries import select_of
from toolkit.sources.mapping import mapping_from_text
from toolkit.workspace import Workspace

LINES = pl.DataFrame(
    {
        "bon": [f"b{i // 3}" for i in range(3000)],
        "shop": [i // 3 % 4 for i in range(3000)],
        "card": [None if i // 3 % 5 == 0 else f"c{i // 3 * 7 % 300}" for i in range(3000)],
        "item": [f"sku{i % 30} 茶" for i in range(3000)],
        "day": [datetime(2025, 1, 1, 9) + timedelta(minutes=17 * (i // 3)) for i in range(3000)],
        "amount": [Decimal(i * 37 % 5000 + 1).scaleb(-2) for i in range(3000)],
    },
    schema_overrides={"amount": pl.Decimal(12, 2)},
)
COLUMNS = 'member_id = "card"\norder_id = "bon"\nstore_id = "shop"\nproduct_id = "item"\nordered_at = "day"\nquantity = {value = 1}\namount = "amount"'  # fmt: skip


def sqlite(folder: Path) -> str:
    import adbc_driver_sqlite.dbapi as driver

    written = LINES.with_columns(pl.col("amount").cast(pl.Float64), pl.col("day").dt.to_string("%Y-%m-%d %H:%M:%S"))
    with driver.connect(str(folder / "shop.db")) as connection, connection.cursor() as cursor:
        cursor.execute("create table receipts (bon text, shop, card, item, day datetime, amount numeric(12,2))")
        cursor.adbc_ingest("receipts", written.to_arrow(), mode="append")
        connection.commit()
    return 'url = "sqlite:shop.db"\ntable = "receipts"'


def duckdb(folder: Path) -> str:
    import duckdb

    with duckdb.connect(str(folder / "shop.duckdb")) as connection:
        connection.register("lines", LINES.to_arrow())
        connection.execute("create table receipts as select *, [1] as tags, uuid() as u from lines")
    return 'url = "duckdb:shop.duckdb"\ntable = "main.receipts"'


def delta(folder: Path) -> str:
    LINES.write_delta(str(folder / "lake" / "receipts"))
    return 'url = "delta:lake/receipts"'


def iceberg(folder: Path) -> str:
    from pyiceberg.catalog import MetastoreCatalog
    from pyiceberg.table import CommitTableResponse, StaticTable

    class OneTable(MetastoreCatalog):
        """A catalogue of one table: those that pyiceberg brings need a database of their own."""

        now = None

        def load_table(self, identifier):
            return self.now

        def commit_table(self, table, requirements, updates):
            self.now = self._update_and_stage_table(self.now, table.name(), requirements, updates)
            self._write_metadata(self.now.metadata, self.now.io, self.now.metadata_location)
            return CommitTableResponse(metadata=self.now.metadata, metadata_location=self.now.metadata_location)

    OneTable.__abstractmethods__ = frozenset()  # type: ignore[misc]
    catalog, lines = OneTable("shop", warehouse=f"file://{folder}/warehouse"), LINES.to_arrow()  # type: ignore[abstract]
    table = catalog._create_staged_table("till.receipts", lines.schema, location=f"file://{folder}/warehouse/till/receipts")
    catalog._write_metadata(table.metadata, table.io, table.metadata_location)
    catalog.now = table
    table.append(lines)
    assert StaticTable.from_metadata(catalog.now.metadata_location).scan().count() == LINES.height
    return f'url = "iceberg:{catalog.now.metadata_location}"'


def parquet(folder: Path) -> str:
    (folder / "lake").mkdir()
    LINES.head(1000).write_parquet(folder / "lake" / "a.parquet")
    LINES.slice(1000).write_parquet(folder / "lake" / "b.parquet")
    return f'url = "parquet:{folder}/lake/*.parquet"'


def imported(section: str, folder: Path) -> pl.DataFrame:
    text = f'currency = "EUR"\n[lines]\n{section}\n[lines.columns]\n{COLUMNS}\n'
    report = import_receipts(mapping_from_text(text, folder=folder), folder / "ws", accept_defaults=True)
    assert report.records[0].rows_in == report.records[0].rows_kept == LINES.height
    ws = Workspace(folder / "ws")
    every = pl.concat(ws.source_lines().values())
    for name in ("member", "product", "store"):
        codes = ws.codes(name).lazy().rename({"id": name})
        every = every.join(codes, left_on=f"{name}_code", right_on="code", how="left")
    return every.select("member", "product", "store", "ordered_at", "amount").sort(pl.all()).collect()


@pytest.fixture(scope="module")
def from_files(tmp_path_factory: pytest.TempPathFactory) -> pl.DataFrame:
    folder = tmp_path_factory.mktemp("files")
    LINES.write_parquet(folder / "receipts.parquet")
    return imported('files = "receipts.parquet"', folder)


@pytest.mark.parametrize("kind", [sqlite, duckdb, delta, iceberg, parquet])
def test_the_same_lines_wherever_they_stand(kind: Callable[[Path], str], from_files: pl.DataFrame, tmp_path: Path) -> None:
    assert imported(kind(tmp_path), tmp_path).equals(from_files)


def refused(section: str, folder: Path) -> str:
    text = f'currency = "EUR"\n[lines]\n{section}\n[lines.columns]\n{COLUMNS}\n'
    with pytest.raises(ToolkitError) as caught:
        import_receipts(mapping_from_text(text, folder=folder), folder / "ws")
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("section", "needed"),
    [
        ('url = "sqlite:shop.db"\ntable = "reciepts"', "there is no such table (no such table: reciepts). Did you mean 'receipts'?"),
        ('url = "sqlite:none.db"\ntable = "receipts"', "there is no file "),
        ('url = "sqlite:text.db"\ntable = "receipts"', "cannot be read: file is not a database"),
        ('url = "sqlite:shop.db"\nquery = "select total from receipts"', "a column is not there (no such column: total)"),
        ('url = "sqlite:shop.db"\nquery = "update receipts set bon = 1"', "the query is no select"),
        ('url = "duckdb:none.duckdb"\ntable = "receipts"', "database does not exist"),
        ('url = "delta:nowhere"', "cannot be read"),
        ('url = "iceberg:nowhere/metadata.json"', "cannot be read"),
        ('url = "parquet:nowhere/*.parquet"', "cannot be read"),
        ('url = "delta:nowhere"\nquery = "select 1"', "only a database answers a query; name a table"),
    ],
)
def test_what_cannot_be_read_is_one_sentence(section: str, needed: str, tmp_path: Path) -> None:
    (tmp_path / "text.db").write_text("no database at all, but a text that is long enough to be looked into for its head" * 9)
    sqlite(tmp_path)
    assert needed in refused(section, tmp_path)


def test_a_folder_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    section = parquet(tmp_path)

    def broken(*_given: object, **_named: object) -> pl.LazyFrame:
        raise PermissionError(13, "Permission denied", str(tmp_path))

    monkeypatch.setattr(pl, "scan_parquet", broken)
    assert "cannot be read" in refused(section, tmp_path)


def test_cells_of_sqlite_are_what_all_of_them_are(tmp_path: Path) -> None:
    import adbc_driver_sqlite.dbapi as driver

    with driver.connect(str(tmp_path / "odd.db")) as connection, connection.cursor() as cursor:
        cursor.execute("create table t (whole, late, mixed, none, text)")
        cursor.executemany("insert into t values (?, ?, ?, ?, ?)", [[i, i, i, None, f"0{i}"] for i in range(3000)])
        cursor.execute("insert into t values (1, 2.5, 'x', null, 7)")
        connection.commit()
    with opened(SourceTable(f"sqlite:{tmp_path}/odd.db", "t")) as reader:
        arrived = arrive(reader, tmp_path / "parts")
    assert arrived.types == {"whole": "integer", "late": "real", "mixed": "text", "none": "text", "text": "text"}
    assert arrived.schema == {"whole": pl.Int64, "late": pl.Float64, "mixed": pl.String, "none": pl.String, "text": pl.String}
    assert pl.read_parquet(list(arrived.parts)).row(-1) == (1, 2.5, "x", None, "7")


def test_secrets_are_seen_and_hidden() -> None:
    for url, secret in {
        "postgresql://shop:pw12@db/till": "pw12",
        "mssql://sa:p%40ss@db/till?encrypt=yes": "p%40ss",
        "odbc:Driver={X};UID=a;PWD={p;w}": "p;w",
        "az://box/file.parquet?sig=abc%3D": "abc%3D",
        "postgresql://db/till?user=a&password=pw12": "pw12",
        "s3://KEY12:SECRET9@bucket/x": "SECRET9",
    }.items():
        assert has_secret(url)
        assert secret not in without_secrets(f"FATAL {url}: {secret} is wrong", url)
    for url in (
        "env:SHOP_DB",
        "keyring:shop/till",
        "postgresql://shop@db/till",
        "sqlite:shop.db",
        "s3://bucket/a*.parquet",
        "odbc:DSN=till",
    ):
        assert not has_secret(url)
        assert without_secrets(url) == url
    assert "p@ss" not in without_secrets("Login failed for sa/p@ss", "mssql://sa:p%40ss@db/till")


def test_an_address_from_the_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    import keyring

    kept = {("shop", "till"): "sqlite:shop.db"}
    monkeypatch.setattr(keyring, "get_password", lambda service, user: kept.get((service, user)))
    assert address("keyring:shop/till") == "sqlite:shop.db"
    with pytest.raises(DataError, match="python -m keyring set shop nobody"):
        address("keyring:shop/nobody")


def test_an_address_needs_its_table() -> None:
    with pytest.raises(MappingError, match="`url` needs either the `table` that is read or a `query`"):
        mapping_from_text(f'currency = "EUR"\n[lines]\nurl = "sqlite:shop.db"\n[lines.columns]\n{COLUMNS}', folder=".")


@pytest.mark.parametrize(
    "query", ["select 1 -- ; drop", "with a as (select ';' as b) select * from a;", "/* x */ (select 1)", "values (1)"]
)
def test_a_query_that_reads(query: str) -> None:
    assert select_of(SourceTable("env:DB", query=query)) == query.rstrip(";")
