"""MariaDB, MySQL, SQL Server and whatever else has an ODBC driver, by arrow-odbc.

`mysql://`, `mariadb://` and `mssql://` are written out for the driver that is installed; `odbc:` takes a connection string as it is.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from configparser import ConfigParser
from configparser import Error as ConfigError
from contextlib import contextmanager, suppress
from urllib.parse import parse_qsl, unquote, urlsplit

import polars as pl

from toolkit.errors import DataError
from toolkit.language import tr
from toolkit.sources.databases.addresses import SourceTable, kind_of
from toolkit.sources.databases.faults import is_missing_table, told
from toolkit.sources.databases.queries import select_of
from toolkit.sources.databases.reader import Reader, nearest_table

_BATCH_ROWS, _BATCH_BYTES, _LONGEST_TEXT = 65_535, 32 << 20, 1 << 16
_DRIVERS = {"mysql": ("mariadb", "mysql"), "mariadb": ("mariadb", "mysql"), "mssql": ("sql server",), "sqlserver": ("sql server",)}
_PORTS = {"mysql": 3306, "mariadb": 3306, "mssql": 1433, "sqlserver": 1433}
_STREAMED = {"NO_CACHE": "1", "FORWARDONLY": "1"}
"""MariaDB's driver holds a whole result in memory unless it is told not to."""
_TABLES = "select table_schema, table_name from information_schema.tables"


@contextmanager
def opened_odbc(source: SourceTable, url: str) -> Iterator[Reader]:
    """Give a reader of a table or query through an ODBC driver; a query that is more than a select is not sent.

    Raises: `DataError` with one sentence.
    """
    arrow_odbc = _library()
    words = connection_string(source, url)
    base = select_of(source, _quote(words), is_read_only=False)

    def rows(query: str):
        return arrow_odbc.read_arrow_batches_from_odbc(
            query,
            words,
            batch_size=_BATCH_ROWS,
            max_bytes_per_batch=_BATCH_BYTES,
            max_text_size=_LONGEST_TEXT,
            max_binary_size=_LONGEST_TEXT,
        )

    try:
        reader = rows(base)
    except arrow_odbc.Error as error:
        near = ""
        if source.table and is_missing_table(error):
            near = _near(source.table, rows)
        raise told(error, source, words, near) from None
    types = {field.name: str(field.type) for field in reader.schema if "binary" not in str(field.type)}

    def frames(most: int | None) -> Iterator[pl.DataFrame]:
        left = most
        try:
            for batch in reader:
                frame = pl.DataFrame(pl.from_arrow(batch)).select(*types)
                yield frame if left is None else frame.head(left)
                left = None if left is None else left - frame.height
                if left is not None and left <= 0:
                    return
        except arrow_odbc.Error as error:
            raise told(error, source, words) from None

    yield Reader(types, frames, tuple(field.name for field in reader.schema if field.name not in types))


def _library():
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
    'Driver={MariaDB Unicode};Server=db;Port=3307;Database=till;Uid=shop;Pwd={a;b};Charset=utf8mb4;NO_CACHE=1;FORWARDONLY=1;ssl=1'
    """
    kind = kind_of(url)
    if kind == "odbc":
        words = url.partition(":")[2].removeprefix("//").rstrip(";")
        further = _STREAMED if _is_maria(words) else {}
        return ";".join([words, *(f"{key}={value}" for key, value in further.items() if f"{key.lower()}=" not in words.lower())])
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
        **({"Charset": "utf8mb4", **_STREAMED} if is_maria else {}),
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
    return "`" if _is_maria(words) else "[" if "sql server" in words.lower() else '"'


def _is_maria(words: str) -> bool:
    return "maria" in words.lower() or "mysql" in words.lower()


def _near(wanted: str, rows) -> str:
    """Return the table that may have been meant; nothing where the database keeps no list that everybody reads."""
    import arrow_odbc

    try:
        known = [(f"{schema}.{name}", name) for batch in rows(_TABLES) for schema, name in zip(*batch.to_pydict().values(), strict=True)]
    except arrow_odbc.Error:
        return ""
    return nearest_table(wanted, known)
