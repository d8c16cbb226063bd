"""Rows of a database on their way in: streamed to bounded Parquet parts beside the import, which reads them as it reads files."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from toolkit.errors import DataError
from toolkit.extras import absence_told
from toolkit.language import tr
from toolkit.sources.databases.addresses import OBJECT_STORES, SourceTable, address, kind_of
from toolkit.sources.databases.reader import Reader

PART_BYTES = 64 << 20
"""Rows are gathered to about this size in memory before they are written: of fewer bytes Parquet packs badly, of more the peak grows."""
_LAKES = ("delta", "iceberg", *OBJECT_STORES)


@dataclass(frozen=True)
class Arrived:
    """What came of a table."""

    parts: tuple[Path, ...]  # its Parquet files, in the order in which they came
    schema: dict[str, pl.DataType]
    rows: int
    types: dict[str, str]  # column -> its type as the database calls it


@contextmanager
def opened(source: SourceTable) -> Iterator[Reader]:
    """Give a reader of a table or a query.

    Raises: `DataError` where it cannot be read; `MissingExtra` where a package for it is not installed.
    """
    url = address(source.url)
    kind = kind_of(url)
    is_lake = kind in _LAKES
    if not is_lake and (source.table is None) == (source.query is None):
        raise DataError(tr("{source}: name either a `table` or a `query` of the database.", source=source))
    with absence_told():
        if kind in ("postgresql", "postgres"):
            from toolkit.sources.databases.postgres import opened_postgres as of_kind
        elif kind == "sqlite":
            from toolkit.sources.databases.sqlite import opened_sqlite as of_kind
        elif kind == "duckdb":
            from toolkit.sources.databases.duckdb_file import opened_duckdb as of_kind
        elif kind in ("mysql", "mariadb", "mssql", "sqlserver", "odbc"):
            from toolkit.sources.databases.odbc import opened_odbc as of_kind
        elif is_lake:
            from toolkit.sources.databases.lake import opened_lake as of_kind
        else:
            known = "postgresql, mysql, mariadb, mssql, sqlite, duckdb, delta, iceberg, s3, gs, az, odbc"
            raise DataError(
                tr(
                    "{source}: an address begins with the kind of the database, one of {known}; for another one write odbc: and what its "
                    "ODBC driver needs.",
                    source=source, known=known,
                )
            )  # fmt: skip
        with of_kind(source, url) as reader:
            yield reader


def arrive(reader: Reader, folder: Path, *, most: int | None = None) -> Arrived:
    """Write the rows of a table into a folder of Parquet parts; with `most` no more than its first rows."""
    folder.mkdir(parents=True, exist_ok=True)
    gathered: list[pl.DataFrame] = []
    schema: dict[str, pl.DataType] = {}
    parts: list[Path] = []
    rows = size = 0

    def write(frame: pl.DataFrame) -> None:
        nonlocal size
        parts.append(folder / f"part-{len(parts):06d}.parquet")
        frame.write_parquet(parts[-1], compression="lz4", statistics=False)
        gathered.clear()
        size = 0

    for frame in reader.frames(most):
        schema = schema or dict(frame.schema)
        gathered.append(frame)
        rows, size = rows + frame.height, size + frame.estimated_size()
        if size >= PART_BYTES:
            write(pl.concat(gathered))
    if gathered:
        write(pl.concat(gathered))
    if not parts:  # no batch came, so no type is known: an empty table has its columns all the same
        schema = dict.fromkeys(reader.types, pl.String())
        write(pl.DataFrame(schema=schema))
    return Arrived(tuple(parts), schema, rows, dict(reader.types))
