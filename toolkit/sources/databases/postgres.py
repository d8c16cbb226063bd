"""PostgreSQL by ADBC: rows stream in Arrow batches; what Arrow has no type for is cast on the server, money to exact decimals."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import polars as pl

from toolkit.sources.databases.addresses import SourceTable
from toolkit.sources.databases.faults import is_missing_table, told
from toolkit.sources.databases.queries import narrowed, quoted_name, select_of
from toolkit.sources.databases.reader import Reader, exact_decimals, nearest_table

_NATIVE = frozenset(
    ["bool", "int2", "int4", "int8", "float4", "float8", "text", "varchar", "bpchar", "name", "date", "time", "timestamp", "timestamptz"]
)
_LEFT_OUT = frozenset(["bytea"])
_ANY_SCALE = 18
"""Decimals kept of a numeric that states none; twenty digits are left before the point, more than money in minor units can have."""
_TABLES = (
    "select table_schema || '.' || table_name, table_name from information_schema.tables "
    "where table_schema not in ('pg_catalog', 'information_schema')"
)


@contextmanager
def opened_postgres(source: SourceTable, url: str) -> Iterator[Reader]:
    """Give a reader of a table or query of PostgreSQL; nothing can be changed through it.

    Raises: `DataError` with one sentence.
    """
    import adbc_driver_manager
    import adbc_driver_postgresql.dbapi as driver

    failed = adbc_driver_manager.Error
    base = select_of(source)
    try:
        connection = driver.connect(url, autocommit=True)
    except failed as error:
        raise told(error, source, url) from None
    with connection, connection.cursor() as cursor:
        try:
            cursor.execute("set default_transaction_read_only = on")
            cursor.execute(f"select * from ({base}) as rows limit 0")
            schema = cursor.fetch_record_batch().schema
        except failed as error:
            near = ""
            if source.table and is_missing_table(error):
                with connection.cursor() as other:
                    other.execute(_TABLES)
                    near = nearest_table(source.table, other.fetchall())
            raise told(error, source, url, near) from None
        types = {field.name: _type_of(field) for field in schema}
        kept = [name for name, (type_name, _) in types.items() if type_name not in _LEFT_OUT]
        asked = narrowed(base, source, {name: kind for name, (kind, _) in types.items()})
        scales = {name: scale for name in kept if (scale := types[name][1]) is not None}
        listed = ", ".join(_column(name, types[name][0]) for name in kept)

        def frames(most: int | None) -> Iterator[pl.DataFrame]:
            try:
                cursor.execute(f"select {listed} from ({asked}) as rows" + (f" limit {most}" if most else ""))
                for batch in cursor.fetch_record_batch():
                    yield exact_decimals(pl.DataFrame(pl.from_arrow(batch)), scales, source)
            except (failed, OSError) as error:  # pyarrow tells a stream that broke off as an OSError
                raise told(error, source, url) from None

        yield Reader({name: _shown(*types[name]) for name in kept}, frames, tuple(name for name in types if name not in kept))


def _type_of(field) -> tuple[str, int | None]:
    """Return the name of a column's type and, of a number that is cast to text on its way, how many decimals it has."""
    metadata = field.metadata or {}
    name = metadata.get(b"POSTGRESQL:type", b"").decode() or metadata.get(b"ADBC:postgresql:typname", b"").decode()
    if name == "numeric":
        modifier = int(metadata.get(b"POSTGRESQL:typmod", b"-1"))
        return name, (modifier - 4) & 0x7FF if modifier >= 4 else _ANY_SCALE
    return name, 2 if name == "money" else None


def _shown(name: str, scale: int | None) -> str:
    return "user-defined" if name.startswith("unnamed") else name if scale in (None, _ANY_SCALE) else f"{name}(,{scale})"


def _column(name: str, type_name: str) -> str:
    own = quoted_name(name)
    if type_name in _NATIVE:
        return own
    return f"{own}::{'numeric::' if type_name == 'money' else ''}text as {own}"
