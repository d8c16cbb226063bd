"""SQLite by ADBC. A column has no type there, each cell has one: a look at all cells tells what the column is."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import quote

import polars as pl

from toolkit.errors import DataError
from toolkit.language import tr
from toolkit.sources.databases.addresses import SourceTable, place_of
from toolkit.sources.databases.faults import is_missing_table, told
from toolkit.sources.databases.queries import quoted_name, select_of
from toolkit.sources.databases.reader import Reader, nearest_table

_STORED = {"integer": pl.Int64, "real": pl.Float64, "text": pl.String}


@contextmanager
def opened_sqlite(source: SourceTable, url: str) -> Iterator[Reader]:
    """Give a reader of a table or query of a SQLite file; the file is opened to be read and not to be changed.

    Raises: `DataError` with one sentence.
    """
    import adbc_driver_manager
    import adbc_driver_sqlite.dbapi as driver

    failed = adbc_driver_manager.Error
    base, place = select_of(source), os.path.abspath(place_of(url))
    if not os.path.isfile(place):
        raise DataError(tr("{source}: there is no file {path}.", source=source, path=place))
    try:
        connection = driver.connect(f"file:{quote(place)}?mode=ro")
    except failed as error:
        raise told(error, source, url) from None
    with connection, connection.cursor() as cursor:
        try:
            cursor.execute(f"select * from ({base}) limit 0")
            names = cursor.fetch_record_batch().schema.names
        except failed as error:
            near = ""
            if source.table and is_missing_table(error):
                cursor.execute("select name from sqlite_master where type in ('table', 'view')")
                near = nearest_table(source.table, cursor.fetchall())
            raise told(error, source, url, near) from None
        types: dict[str, str] = {}

        def frames(most: int | None) -> Iterator[pl.DataFrame]:
            rows = f"({base} limit {most})" if most else f"({base})"
            try:
                seen = ", ".join(f"group_concat(distinct typeof({quoted_name(name)}))" for name in names)
                cursor.execute(f"select {seen} from {rows}")
                kinds = [frozenset((cell or "null").split(",")) - {"null"} for cell in cursor.fetchone() or ()]
                types.update({name: _shown(kind) for name, kind in zip(names, kinds, strict=True)})
                cursor.adbc_statement.set_options(**{"adbc.sqlite.query.batch_rows": "65536"})
                cursor.execute(f"select {', '.join(map(_column, names, kinds))} from {rows}")
                stored = {name: _STORED[_shown(kind)] for name, kind in zip(names, kinds, strict=True)}
                for batch in cursor.fetch_record_batch():
                    yield pl.DataFrame(pl.from_arrow(batch)).cast(stored)  # type: ignore[arg-type] - a batch of empty cells has no type
            except (failed, OSError) as error:
                raise told(error, source, url) from None

        types.update(dict.fromkeys(names, ""))
        yield Reader(types, frames)


def _shown(kind: frozenset[str]) -> str:
    """Return the type that all cells of a column have."""
    return "text" if not kind or kind - {"integer", "real"} else "real" if "real" in kind else "integer"


def _column(name: str, kind: frozenset[str]) -> str:
    own = quoted_name(name)
    return f"cast({own} as {_shown(kind)}) as {own}"
