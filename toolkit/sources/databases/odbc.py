"""MariaDB, MySQL, SQL Server and whatever else has an ODBC driver, by arrow-odbc.

`mysql://`, `mariadb://` and `mssql://` are written out for the driver that is installed; `odbc:` takes a connection string as it is.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from configparser import ConfigParser
from configparser import Error as ConfigError
from contextlib import contextmanager, suppress
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import polars as pl

from toolkit.errors import DataError
from toolkit.language import tr
from toolkit.sources.databases.addresses import SourceTable, kind_of
from toolkit.sources.databases.faults import is_missing_table, told
from toolkit.sources.databases.queries import parts_of_name, quoted_name, select_of
from toolkit.sources.databases.reader import Reader, nearest_table

_BATCH_ROWS, _BATCH_BYTES, _LONGEST_TEXT = 65_535, 32 << 20, 1 << 16
PIECE_ROWS = 250_000
"""Rows that MariaDB's driver is asked for at once: it holds a whole result in memory, whatever its options say (3.1.15, measured)."""
_DRIVERS = {"mysql": ("mariadb", "mysql"), "mariadb": ("mariadb", "mysql"), "mssql": ("sql server",), "sqlserver": ("sql server",)}
_PORTS = {"mysql": 3306, "mariadb": 3306, "mssql": 1433, "sqlserver": 1433}
_TABLES = "select table_schema, table_name from information_schema.tables"
Ask = Callable[[str], Iterator[pl.DataFrame]]
_SNAPSHOT = "start transaction with consistent snapshot, read only"


@contextmanager
def opened_odbc(source: SourceTable, url: str) -> Iterator[Reader]:
    """Give a reader of a table or query through an ODBC driver; a query that is more than a select is not sent.

    Raises: `DataError` with one sentence.
    """
    arrow_odbc = odbc_library()
    words = connection_string(source, url)
    base = select_of(source, _quote(words), is_read_only=False)
    try:
        connection = arrow_odbc.connect(connection_string=words)
        if is_maria(words):
            connection.execute(_SNAPSHOT)
    except arrow_odbc.Error as error:
        raise told(error, source, words) from None

    sizes: dict[str, Any] = {"max_bytes_per_batch": _BATCH_BYTES, "max_text_size": _LONGEST_TEXT, "max_binary_size": _LONGEST_TEXT}

    def ask(query: str) -> Iterator[pl.DataFrame]:
        for batch in connection.read_arrow_batches(query, batch_size=_BATCH_ROWS, **sizes):
            yield pl.DataFrame(pl.from_arrow(batch))

    try:
        schema = connection.read_arrow_batches(_first(base, source, words, 0), batch_size=1, **sizes).schema
    except arrow_odbc.Error as error:
        near = _near(source.table, ask) if source.table and is_missing_table(error) else ""
        raise told(error, source, words, near) from None
    types = {field.name: str(field.type) for field in schema if "binary" not in str(field.type)}

    def frames(most: int | None) -> Iterator[pl.DataFrame]:
        rows = 0
        try:
            is_whole = most is None and is_maria(words)
            total, queries = (
                _pieces(base, source, ask) if is_whole else (most, [base if most is None else _first(base, source, words, most)])
            )
            for query in queries:
                for frame in ask(query):
                    yield frame.select(*types) if total is None else frame.select(*types).head(total - rows)
                    rows += frame.height
                    if most is not None and rows >= most:
                        return
        except arrow_odbc.Error as error:
            raise told(error, source, words) from None
        if is_whole and rows != total:
            raise DataError(tr("{source}: the query gives other rows each time it is asked; take out of it what changes.", source=source))

    yield Reader(types, frames, tuple(field.name for field in schema if field.name not in types))


def _pieces(base: str, source: SourceTable, ask: Ask) -> tuple[int, Iterable[str]]:
    """Return how many rows there are, and selects of about `PIECE_ROWS` of them that together are the whole, in one snapshot of it.

    A table goes by its whole-number key, which costs the database nothing; anything else by a hash of its cells, and is read by the
    database once for each piece.
    """
    total = int(next(ask(f"select cast(count(*) as char(20)) as number from ({base}) as counted")).item())
    if total <= PIECE_ROWS:
        return total, [base]
    if key := _whole_number_key(source, ask):
        return total, _by_key(base, key, ask)
    cells = [f"hex({quoted_name(name, '`')})" for name in next(ask(f"select * from ({base}) as looked limit 1")).columns]
    pieces = -(-total // PIECE_ROWS)
    hashed = f"crc32(concat_ws('|', {', '.join(cells)})) % {pieces}"
    return total, [f"select * from ({base}) as hashed where {hashed} = {number}" for number in range(pieces)]


def _by_key(base: str, key: str, ask: Ask) -> Iterator[str]:
    after = ""
    while True:
        rest = f"({base}) as keyed where {key} > {after}" if after else f"({base}) as keyed"
        piece = f"select {key} from {rest} order by {key} limit {PIECE_ROWS}"
        bound = next(ask(f"select cast(max({key}) as char(20)) as bound from ({piece}) as piece")).item()
        if bound is None:
            return
        yield f"select * from {rest} {'and' if after else 'where'} {key} <= {bound}"
        after = bound


_KEY = """select column_name from information_schema.columns where table_schema = {schema} and table_name = {table} and column_key = 'PRI'
and data_type in ('tinyint', 'smallint', 'mediumint', 'int', 'bigint') and ordinal_position = (select min(k.ordinal_position)
from information_schema.columns k where k.table_schema = {schema} and k.table_name = {table} and k.column_key = 'PRI')"""


def _whole_number_key(source: SourceTable, ask: Ask) -> str:
    """Return the column that a table's primary key begins with, where it is a whole number."""
    if source.table is None:
        return ""
    *schema, table = ("'" + name.replace("'", "''").replace("\\", "\\\\") + "'" for name in parts_of_name(source.table))
    found = list(ask(_KEY.format(schema=schema[-1] if schema else "database()", table=table)))
    return quoted_name(found[0].item(0, 0), "`") if found and found[0].height else ""


def _first(base: str, source: SourceTable, words: str, most: int) -> str:
    """Return the select of no more than the first rows, where it can be written: a driver that is let go of reads a result to its end."""
    if is_maria(words):
        return f"select * from ({base}) as first_rows limit {most}"
    return base.replace("select *", f"select top ({most}) *", 1) if source.table and "sql server" in words.lower() else base


def odbc_library():
    """Return arrow-odbc.

    Raises: `DataError` where the system's own library is not there.
    """
    try:
        import arrow_odbc
    except ModuleNotFoundError:
        raise
    except (ImportError, OSError):  # the package is there, the system's own library is not
        raise DataError(
            tr("ODBC is not installed on this machine (libodbc): `apt-get install unixodbc` brings it, and the database's driver with it.")
        ) from None
    return arrow_odbc


def connection_string(source: SourceTable, url: str, drivers: Sequence[str] | None = None) -> str:
    """Return an address as ODBC writes it; `drivers` are the names of the installed ones.

    Raises: `DataError` where no driver of the kind is installed.

    >>> connection_string(SourceTable("env:DB"), "mariadb://shop:a%3Bb@db:3307/till?ssl=1", ["MariaDB Unicode"])
    'Driver={MariaDB Unicode};Server=db;Port=3307;Database=till;Uid=shop;Pwd={a;b};Charset=utf8mb4;ssl=1'
    """
    kind = kind_of(url)
    if kind == "odbc":
        return url.partition(":")[2].removeprefix("//").rstrip(";")
    installed = list(drivers) if drivers is not None else _installed_drivers()
    driver = next((name for word in _DRIVERS[kind] for name in sorted(installed, reverse=True) if word in name.lower()), None)
    if driver is None:
        there = tr(", ").join(installed) or tr("none")
        raise DataError(tr("{source}: no ODBC driver for {kind} is installed; there are: {there}.", source=source, kind=kind, there=there))
    parts = urlsplit(url)
    is_maria = kind in ("mysql", "mariadb")
    port = parts.port or _PORTS[kind]
    server = (
        {"Server": parts.hostname or "localhost", "Port": str(port)} if is_maria else {"Server": f"{parts.hostname or 'localhost'},{port}"}
    )
    named = {
        "Driver": f"{{{driver}}}",
        **server,
        "Database": _braced(unquote(parts.path.lstrip("/"))),
        "Uid": _braced(unquote(parts.username or "")),
        "Pwd": _braced(unquote(parts.password or ""), always=True),
        **({"Charset": "utf8mb4"} if is_maria else {}),
        **dict(parse_qsl(parts.query)),
    }
    return ";".join(f"{key}={value}" for key, value in named.items() if value)


def _braced(value: str, *, always: bool = False) -> str:
    """Return a value of a connection string; in braces anything may stand in it."""
    return f"{{{value.replace('}', '}}')}}}" if value and (always or re.search(r"[;{}=\[\]()@,?*!]", value)) else value


def _installed_drivers() -> list[str]:
    """Return the drivers that unixODBC lists in its files, of the system and of the user."""
    folder = os.environ.get("ODBCSYSINI", "/etc")
    listed = ConfigParser(interpolation=None, strict=False)
    with suppress(ConfigError, UnicodeDecodeError):
        listed.read([os.path.join(folder, os.environ.get("ODBCINSTINI", "odbcinst.ini")), os.path.expanduser("~/.odbcinst.ini")])
    return [name for name in listed.sections() if name != "ODBC"]


def _quote(words: str) -> str:
    return "`" if is_maria(words) else "[" if "sql server" in words.lower() else '"'


def is_maria(words: str) -> bool:
    """Return whether an address or a connection string is that of MariaDB or MySQL."""
    return "maria" in words.lower() or "mysql" in words.lower()


def _near(wanted: str, ask: Ask) -> str:
    """Return the table that may have been meant; nothing where the database keeps no list that everybody reads."""
    import arrow_odbc

    try:
        known = [(f"{schema}.{name}", name) for frame in ask(_TABLES) for schema, name in frame.iter_rows()]
    except arrow_odbc.Error:
        return ""
    return nearest_table(wanted, known)
