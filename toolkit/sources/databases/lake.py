"""Delta Lake by delta-rs, Iceberg by pyiceberg, and Parquet in object storage by polars' own scan."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import polars as pl
from polars.exceptions import PolarsError

from toolkit.errors import DataError
from toolkit.language import tr
from toolkit.sources.databases.addresses import SourceTable, kind_of, place_of
from toolkit.sources.databases.faults import told
from toolkit.sources.databases.queries import is_narrowed
from toolkit.sources.databases.reader import Reader


@contextmanager
def opened_lake(source: SourceTable, url: str) -> Iterator[Reader]:
    """Give a reader of a table of a lake: `delta:PLACE`, `iceberg:PLACE of its metadata` or `iceberg:CATALOG` with a table, `s3://...`.

    Raises: `DataError` with one sentence.
    """
    if source.query is not None:
        raise DataError(tr("{source}: only a database answers a query; name a table.", source=source))
    try:
        rows = _scan(source, url)
        schema = rows.collect_schema()
    except (PolarsError, OSError, ValueError, *_failures(url)) as error:
        raise told(error, source, url) from None
    flat = {name: str(dtype) for name, dtype in schema.items() if not dtype.is_nested() and dtype not in (pl.Binary, pl.Object)}

    def frames(most: int | None) -> Iterator[pl.DataFrame]:
        wanted = rows.select(*flat)
        if source.since is not None and is_narrowed(source, flat):
            column, day = source.since
            wanted = wanted.filter(pl.col(column).dt.date() >= day)
        try:
            yield from (wanted.head(most) if most else wanted).collect_batches(maintain_order=True, lazy=True)
        except (PolarsError, OSError, ValueError, *_failures(url)) as error:
            raise told(error, source, url) from None

    yield Reader(flat, frames, tuple(name for name in schema if name not in flat))


def _scan(source: SourceTable, url: str) -> pl.LazyFrame:
    kind = kind_of(url)
    if kind == "delta":
        import deltalake  # noqa: F401 - so that its absence is told as that of an extra

        return pl.scan_delta(place_of(url))
    if kind == "iceberg":
        from pyiceberg.catalog import load_catalog

        os.environ.setdefault("POLARS_ICEBERG_PLANNER", "pyiceberg")  # polars warns of the plug-in that it would rather have
        place = place_of(url)
        if source.table is None:
            return pl.scan_iceberg(place)
        return pl.scan_iceberg(load_catalog(place).load_table(source.table))
    return pl.scan_parquet(place_of(url) if kind == "parquet" else url)


def _failures(url: str) -> tuple[Any, ...]:
    """Return what the reader of an address raises of its own."""
    kind = kind_of(url)
    if kind == "delta":
        from deltalake.exceptions import DeltaError

        return (DeltaError,)
    if kind == "iceberg":
        from pyiceberg.exceptions import NoSuchTableError, RESTError, ValidationError

        return (NoSuchTableError, RESTError, ValidationError)
    return ()
