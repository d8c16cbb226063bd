"""Receipts from databases, streamed: CPU seconds and peak memory of an import of five million lines, beside the same lines as Parquet.

    python -m benchmarks.sources [--lines 5000000] [--only postgresql mariadb sqlite duckdb parquet]

PostgreSQL and MariaDB are started on loopback in a folder of their own and stopped. Bar: a peak of at most 700 MB, whatever the lines.
CPU is that of the import's own process; the servers' own is theirs. To arrive = until the rows lie in parts beside the import; what follows is
what it is for files (`parquet` is the import of the same lines as a file).
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from benchmarks.apart import apart, spent
from tests.servers import mariadb_server, postgres_server, sql

PEAK_BAR = 700
MAPPING = """name = "till"
currency = "EUR"
[answers]
ignore = ["repeated", "quantity", "order_total", "few_members", "one_card", "amount", "tax"]
[lines]
{source}
[lines.columns]
member_id = "member_no"
order_id = "receipt_id"
store_id = "store_id"
product_id = "product_code"
ordered_at = "sold_at"
quantity = "quantity"
amount = "amount"
"""
LINES = """select i as line_no, {receipt} as receipt_id, 1 + {order} % 50 as store_id, {member} as member_no, {product} as product_code,
{time} as sold_at, {quantity} as quantity, {amount} as amount from {series}"""


def imported(mapping: str, workspace: str) -> dict[str, Any]:
    """Import in this process: what it cost altogether, and until the rows had arrived."""
    from toolkit.importing import import_receipts
    from toolkit.sources.records import shelf

    arrival, arrive, reports = {"cpu": 0.0, "peak": 0.0}, shelf.arrive, []

    def watched(*given: Any, **named: Any) -> Any:
        arrived = []
        arrival.update(spent(lambda: arrived.append(arrive(*given, **named))))
        return arrived[0]

    shelf.arrive = watched
    cost = spent(lambda: reports.append(import_receipts(mapping, workspace, accept_defaults=True)))
    return {**cost, "rows": reports[0].records[0].rows_kept, "arrival": arrival}


def of_postgres(count: int) -> str:
    return LINES.format(
        receipt="(i / 4)::bigint", order="(i / 4)", member="'M' || lpad(((i / 4) * 7919 % 400000)::text, 8, '0')",
        product="'sku' || i * 31 % 3000", time="timestamp '2024-01-01' + (i / 4) * interval '25 seconds'",
        quantity="(1 + i % 3)::numeric(10,3)", amount="((i * 37 % 5000 + 1)::numeric / 100)::numeric(12,2)", series=f"generate_series(0::bigint, {count - 1}::bigint) i",
    )  # fmt: skip


def of_mariadb(count: int) -> str:
    return LINES.replace("select i ", "select cast(i as signed) ").format(
        receipt="cast(i div 4 as signed)", order="(i div 4)", member="concat('M', lpad((i div 4) * 7919 % 400000, 8, '0'))",
        product="concat('sku', i * 31 % 3000)", time="timestamp '2024-01-01 00:00:00' + interval ((i div 4) * 25) second",
        quantity="cast(1 + i % 3 as decimal(10,3))", amount="cast((i * 37 % 5000 + 1) / 100 as decimal(12,2))",
        series=f"(select seq as i from seq_0_to_{count - 1}) numbers",
    )  # fmt: skip


@contextmanager
def filled(kind: str, count: int, folder: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """Give the section of a mapping that reads the lines, and what the environment must hold."""
    with ExitStack() as stack:
        if kind == "postgresql":
            import adbc_driver_postgresql.dbapi as driver

            url = stack.enter_context(postgres_server())
            with driver.connect(url, autocommit=True) as connection, connection.cursor() as cursor:
                cursor.execute(f"create unlogged table receipts as {of_postgres(count)}")
            yield 'url = "env:SHOP_DB"\ntable = "receipts"', {"SHOP_DB": url}
        elif kind in ("mariadb", "mariadb, a query"):
            url, at = stack.enter_context(mariadb_server())
            sql(
                at,
                f"create table receipts (line_no bigint primary key) engine=InnoDB {of_mariadb(count).replace('select', 'as select', 1)}",
                "till",
            )
            query = "select * from receipts"
            yield (
                f'url = "env:SHOP_DB"\n{"query" if "query" in kind else "table"} = "{query if "query" in kind else "receipts"}"',
                {"SHOP_DB": url},
            )
        else:
            import duckdb

            with duckdb.connect(str(folder / "shop.duckdb"), config={"memory_limit": "2GB"}) as connection:
                lines = (
                    of_postgres(count)
                    .replace("(i / 4)", "(i // 4)")
                    .replace("(i // 4) * interval '25 seconds'", "to_seconds((i // 4) * 25)")
                )
                series = f"generate_series(0::bigint, {count - 1}::bigint) i"
                lines = lines.replace(series, f"(select range as i from range(0, {count})) as numbers")
                connection.execute(f"create table receipts as {lines}")
                connection.execute(f"copy receipts to '{folder}/receipts.parquet'")
            if kind == "parquet":
                yield 'files = "receipts.parquet"', {}
            elif kind == "duckdb":
                yield 'url = "duckdb:shop.duckdb"\ntable = "receipts"', {}
            else:
                import adbc_driver_sqlite.dbapi as driver
                import polars as pl

                rows = pl.scan_parquet(folder / "receipts.parquet").with_columns(
                    pl.col("amount", "quantity").cast(pl.Float64), pl.col("sold_at").dt.to_string("%Y-%m-%d %H:%M:%S")
                )
                with driver.connect(str(folder / "shop.db")) as connection, connection.cursor() as cursor:
                    for number, start in enumerate(range(0, count, 500_000)):
                        part = rows.slice(start, 500_000).collect().to_arrow()
                        cursor.adbc_ingest("receipts", part, mode="append" if number else "create")
                    connection.commit()
                yield 'url = "sqlite:shop.db"\ntable = "receipts"', {}


def measured(kind: str, count: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="toolkit-sources-") as place:
        folder = Path(place)
        with filled(kind, count, folder) as (source, environment):
            (folder / "mapping.toml").write_text(MAPPING.format(source=source), "utf-8")
            begun = time.perf_counter()
            result = apart(__file__, "--import", folder / "mapping.toml", folder / "workspace", also=environment)
            assert result["rows"] == count, result
            return {**result, "seconds": time.perf_counter() - begun}


def main() -> None:
    kinds = ["parquet", "postgresql", "mariadb", "mariadb, a query", "sqlite", "duckdb"]
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=5_000_000)
    parser.add_argument("--only", nargs="*", default=kinds, choices=kinds)
    parser.add_argument("--import", dest="work", nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.work:
        print(json.dumps(imported(*given.work)))
        return
    print(
        f"{given.lines:,} lines | CPU s to arrive | peak MB | bar {PEAK_BAR} MB | CPU s of the import | seconds | peak MB | bar {PEAK_BAR} MB"
    )
    print("---|---:|---:|---|---:|---:|---:|---")
    missed = 0
    for kind in given.only:
        one = measured(kind, given.lines)
        arrival = one["arrival"]
        told = ["met" if peak <= PEAK_BAR else "missed" for peak in (arrival["peak"], one["peak"])]
        missed += "missed" in told
        print(
            f"{kind} | {arrival['cpu']:.1f} | {arrival['peak']:.0f} | {told[0]} | {one['cpu']:.1f} | {one['seconds']:.0f} | {one['peak']:.0f} | {told[1]}",
            flush=True,
        )
    raise SystemExit(1 if missed else 0)


if __name__ == "__main__":
    main()
