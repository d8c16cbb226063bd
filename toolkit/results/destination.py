"""A table written where it is read: created, replaced, or merged on its key, in one transaction; whatever fails leaves it as it was.

Rows come into a table of the session first. Merging changes the columns that are brought and no others, adds members that are new, and
leaves those who are not brought: a column that a person fills in beside ours stays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import polars as pl

from toolkit.atomic import written_beside
from toolkit.errors import BadValue, NameTaken
from toolkit.extras import absence_told
from toolkit.language import tr
from toolkit.sources.databases.addresses import OBJECT_STORES, SourceTable, address, kind_of, place_of
from toolkit.sources.databases.faults import told_of_writing
from toolkit.sources.databases.odbc import connection_string, is_maria, odbc_library
from toolkit.sources.databases.queries import parts_of_name, quoted_name, quoted_table

Mode = Literal["create", "replace", "merge"]
MODES: tuple[Mode, ...] = ("create", "replace", "merge")
_STAGE = "toolkit_rows"
_CHUNK = 10_000


@dataclass(frozen=True)
class Session:
    """An open transaction of one kind of database."""

    run: Callable[[str], list[tuple]]  # a statement, its rows
    stage: Callable[[pl.DataFrame], None]  # brings rows into the session's own table
    commit: Callable[[], object]
    types: dict[str, str]  # kind of column -> its name there
    columns: str  # the select of a table's columns, with places for schema and table
    quote: str = '"'
    makes_at_once: bool = False  # a new table is there at once, whatever becomes of the transaction


_STANDARD = {
    "text": "text", "key": "text", "whole": "bigint", "number": "double precision", "truth": "boolean", "day": "date", "time": "timestamp",
}  # fmt: skip
_OF_SCHEMA = (
    "select column_name from information_schema.columns where table_name = {table} and table_schema = coalesce(nullif({schema}, ''), {own})"
)


def write_table(table: pl.DataFrame, target: SourceTable, key: Sequence[str], mode: Mode) -> None:
    """Write a table to a database or a Parquet file.

    Raises: `DataError` or `BadValue` with one sentence; what was there is as it was.
    """
    url = address(target.url)
    kind = kind_of(url)
    if kind in OBJECT_STORES:
        _write_parquet(table, target, url, key, mode)
        return
    if target.table is None:
        raise BadValue(tr("{target}: name the table that is written.", target=target))
    with absence_told(), _opened(target, url) as session:
        _write(table, target, session, key, mode)


def _write(table: pl.DataFrame, target: SourceTable, session: Session, key: Sequence[str], mode: Mode) -> None:
    def name(one: str) -> str:
        return quoted_name(one, session.quote)

    there = _columns_there(target, session)
    whole, stage = quoted_table(str(target.table), session.quote), name(_STAGE)
    if there and mode == "create":
        raise NameTaken(tr("{target} is there already: say replace, or merge, to write into it.", target=target))
    if there and (missing := [column for column in table.columns if column not in there]):
        raise BadValue(
            tr("{target} has no column {columns}: add it there, or write to another table.", target=target, columns=", ".join(missing))
        )
    session.stage(table)
    made = not there
    try:
        if made:
            columns = ", ".join(f"{name(column)} {_type(dtype, session, column in key)}" for column, dtype in table.schema.items())
            session.run(f"create table {whole} ({columns}, primary key ({', '.join(map(name, key))}))")
        elif mode == "replace":
            session.run(f"delete from {whole}")
        listed = ", ".join(map(name, table.columns))
        same = " and ".join(f"{whole}.{name(column)} = {stage}.{name(column)}" for column in key)
        if mode == "merge" and not made:
            values = [(name(column), f"{stage}.{name(column)}") for column in table.columns if column not in key]
            session.run(_update(whole, stage, same, values, session))
        new = f" where not exists (select 1 from {whole} where {same})" if mode == "merge" and not made else ""
        session.run(f"insert into {whole} ({listed}) select {listed} from {stage}{new}")
        session.commit()
    except BaseException:
        if made and session.makes_at_once:
            session.run(f"drop table if exists {whole}")
        raise


def _update(whole: str, stage: str, same: str, values: Sequence[tuple[str, str]], session: Session) -> str:
    if session.quote == "`":
        return f"update {whole} join {stage} on {same} set {', '.join(f'{whole}.{own} = {new}' for own, new in values)}"
    return f"update {whole} set {', '.join(f'{own} = {new}' for own, new in values)} from {stage} where {same}"


def _columns_there(target: SourceTable, session: Session) -> list[str]:
    *schema, table = parts_of_name(str(target.table))
    places = {"schema": _text(schema[-1] if schema else ""), "table": _text(table)}
    return [row[0] for row in session.run(session.columns.format(**places))]


def _text(value: str) -> str:
    return "'" + value.replace("'", "''").replace("\\", "\\\\") + "'"


def _type(dtype: pl.DataType, session: Session, is_key: bool) -> str:
    kinds: dict[object, str] = {pl.Int64: "whole", pl.Float64: "number", pl.Boolean: "truth", pl.Date: "day", pl.Datetime: "time"}
    kind = kinds.get(dtype.base_type(), "text")
    return session.types["key" if is_key and kind == "text" else kind]


@contextmanager
def _opened(target: SourceTable, url: str) -> Iterator[Session]:
    kind = kind_of(url)
    if kind in ("postgresql", "postgres", "sqlite"):
        opener = _adbc
    elif kind == "duckdb":
        opener = _duckdb
    elif kind in ("mysql", "mariadb") or (kind == "odbc" and is_maria(url)):
        opener = _odbc
    else:
        known = "postgresql, mysql, mariadb, sqlite, duckdb, parquet, s3, gs, az"
        raise BadValue(tr("{target}: results are written to {known}; this is none of them.", target=target, known=known))
    with opener(target, url) as session:
        yield session


@contextmanager
def _adbc(target: SourceTable, url: str) -> Iterator[Session]:
    import adbc_driver_manager

    if kind_of(url) == "sqlite":
        import adbc_driver_sqlite.dbapi as driver

        place, columns = place_of(url), "select name from pragma_table_info({table})"
    else:
        import adbc_driver_postgresql.dbapi as driver

        place, columns = url, _OF_SCHEMA.replace("{own}", "current_schema()")
    try:
        with driver.connect(place) as connection, connection.cursor() as cursor:

            def run(statement: str) -> list[tuple]:
                cursor.execute(statement)
                return cursor.fetchall() if statement.startswith("select") else []

            def stage(table: pl.DataFrame) -> None:
                cursor.adbc_ingest(_STAGE, table.to_arrow(compat_level=pl.CompatLevel.oldest()), mode="create", temporary=True)

            yield Session(run, stage, connection.commit, _STANDARD, columns)
    except adbc_driver_manager.Error as error:
        raise told_of_writing(error, target, url) from None


@contextmanager
def _duckdb(target: SourceTable, url: str) -> Iterator[Session]:
    import duckdb

    try:
        with duckdb.connect(place_of(url)) as connection:
            connection.execute("begin")

            def run(statement: str) -> list[tuple]:
                return connection.execute(statement).fetchall()

            def stage(table: pl.DataFrame) -> None:
                connection.register("toolkit_frame", table.to_arrow())
                connection.execute(f"create temp table {_STAGE} as select * from toolkit_frame")

            yield Session(run, stage, connection.commit, _STANDARD, _OF_SCHEMA.replace("{own}", "current_schema()"))
    except duckdb.Error as error:
        raise told_of_writing(error, target, url) from None


@contextmanager
def _odbc(target: SourceTable, url: str) -> Iterator[Session]:
    arrow_odbc = odbc_library()
    words = connection_string(target, url)
    types = {**_STANDARD, "key": "varchar(255)", "number": "double", "time": "datetime(6)"}
    try:
        connection = arrow_odbc.connect(connection_string=words, autocommit=False)

        def run(statement: str) -> list[tuple]:
            if not statement.startswith("select"):
                connection.execute(statement)
                return []
            batches = connection.read_arrow_batches(statement, max_text_size=1024)
            return [tuple(row.values()) for batch in batches for row in batch.to_pylist()]

        def stage(table: pl.DataFrame) -> None:
            session = Session(run, stage, connection.commit, types, "", "`")
            columns = ", ".join(f"`{name}` {_type(dtype, session, False)}" for name, dtype in table.schema.items())
            run(f"create temporary table `{_STAGE}` ({columns}) character set utf8mb4")
            rows = table.to_arrow(compat_level=pl.CompatLevel.oldest())
            connection.insert_into_table(rows.to_reader(_CHUNK), chunk_size=_CHUNK, table=_STAGE)

        yield Session(run, stage, connection.commit, types, _OF_SCHEMA.replace("{own}", "database()"), "`", makes_at_once=True)
        connection.rollback()  # what a fault left open; after a commit there is nothing
    except arrow_odbc.Error as error:
        raise told_of_writing(error, target, words) from None


def _write_parquet(table: pl.DataFrame, target: SourceTable, url: str, key: Sequence[str], mode: Mode) -> None:
    place = place_of(url) if kind_of(url) == "parquet" else url
    local = Path(place) if kind_of(url) == "parquet" else None
    try:
        before = pl.read_parquet(place, glob=False) if mode == "merge" and (local is None or local.exists()) else None
        if local is not None and local.exists() and mode == "create":
            raise NameTaken(tr("{target} is there already: say replace, or merge, to write into it.", target=target))
        if before is not None:
            rest = before.join(table, on=list(key), how="anti", maintain_order="left")
            table = pl.concat([rest, table], how="diagonal_relaxed")
        if local is None:
            table.write_parquet(place)
            return
        local.parent.mkdir(parents=True, exist_ok=True)
        with written_beside(local, private=True) as part:
            table.write_parquet(part)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise told_of_writing(error, target, url) from None
