"""DuckDB files by DuckDB's own reader."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import polars as pl

from toolkit.sources.databases.addresses import SourceTable, place_of
from toolkit.sources.databases.faults import told
from toolkit.sources.databases.queries import narrowed, quoted_name, select_of
from toolkit.sources.databases.reader import Reader

_NATIVE = frozenset(
    ["BOOLEAN", "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "FLOAT", "DOUBLE", "VARCHAR",
     "DATE", "TIME", "TIMESTAMP", "TIMESTAMP WITH TIME ZONE", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS"]
)  # fmt: skip
_BATCH, _MEMORY = 65_536, "256MB"


@contextmanager
def opened_duckdb(source: SourceTable, url: str) -> Iterator[Reader]:
    """Give a reader of a table or query of a DuckDB file; the file is opened to be read and not to be changed.

    Raises: `DataError` with one sentence.
    """
    import duckdb

    base = select_of(source)
    try:
        connection = duckdb.connect(place_of(url), read_only=True, config={"memory_limit": _MEMORY})
    except duckdb.Error as error:
        raise told(error, source, url) from None
    with connection:
        try:
            described = connection.sql(f"describe select * from ({base}) as rows").fetchall()
        except duckdb.Error as error:
            raise told(error, source, url) from None
        types = {row[0]: row[1] for row in described if row[1] != "BLOB"}
        listed = ", ".join(_column(name, type_name) for name, type_name in types.items())

        def frames(most: int | None) -> Iterator[pl.DataFrame]:
            try:
                rows = connection.sql(
                    f"select {listed} from ({narrowed(base, source, types)}) as rows" + (f" limit {most}" if most else "")
                )
                read = getattr(rows, "to_arrow_reader", None) or rows.fetch_arrow_reader
                for batch in read(_BATCH):
                    yield pl.DataFrame(pl.from_arrow(batch))
            except (duckdb.Error, OSError) as error:
                raise told(error, source, url) from None

        yield Reader(types, frames, tuple(row[0] for row in described if row[0] not in types))


def _column(name: str, type_name: str) -> str:
    own = quoted_name(name)
    if type_name in _NATIVE or type_name.startswith("DECIMAL"):
        return own
    return f"{own}::{'DECIMAL(38,0)' if type_name in ('HUGEINT', 'UHUGEINT') else 'VARCHAR'} as {own}"
