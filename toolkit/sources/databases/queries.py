"""A table or a query as the text that is sent: checked to be a select, its names quoted."""

from __future__ import annotations

import re
from collections.abc import Mapping

from toolkit.errors import DataError
from toolkit.language import tr
from toolkit.sources.databases.addresses import SourceTable

_APART = re.compile(r"(?s)'(?:[^']|'')*'|\"[^\"]*\"|`[^`]*`|\[[^\]]*\]|--[^\n]*|/\*.*?\*/")
_CHANGES = r"insert|update|delete|drop|merge|truncate|alter|create|grant|exec|execute|call|into"


def select_of(source: SourceTable, quote: str = '"', *, is_read_only: bool = True) -> str:
    """Return the select of a table or a query; a query is taken where it reads and does nothing else.

    Where the connection itself is read only, what the query does inside is the database's to refuse.

    Raises: `DataError` where the query is no select.

    >>> select_of(SourceTable("env:DB", table="shop.receipts"))
    'select * from "shop"."receipts"'
    >>> select_of(SourceTable("env:DB", query="drop table receipts"))
    Traceback (most recent call last):
      ...
    toolkit.errors.DataError: env:DB/query adef36: the query is no select, and only what reads is sent; write `select ...`.
    """
    if source.table is not None:
        return f"select * from {quoted_table(source.table, quote)}"
    query = (source.query or "").strip().rstrip(";").rstrip()
    bare = _APART.sub(" ", query).strip()
    is_select = re.match(r"(?i)(select|with|\(\s*select|values|from)\b|\(", bare) is not None
    if not is_select or ";" in bare or (not is_read_only and re.search(rf"(?i)\b({_CHANGES})\b", bare)):
        raise DataError(tr("{source}: the query is no select, and only what reads is sent; write `select ...`.", source=source))
    return query


def narrowed(base: str, source: SourceTable, types: Mapping[str, str], quote: str = '"') -> str:
    """Return a select of the rows that are asked for: those since a day, where the column holds days or times; else all."""
    if not is_narrowed(source, types) or source.since is None:
        return base
    column, day = source.since
    return f"select * from ({base}) as since_a_day where {quoted_name(column, quote)} >= '{day.isoformat()}'"


def is_narrowed(source: SourceTable, types: Mapping[str, str]) -> bool:
    """Return whether only the rows since a day are asked for, and a column of the database tells them."""
    return source.since is not None and re.match(r"(?i)date|timestamp", types.get(source.since[0], "")) is not None


def quoted_table(table: str, quote: str = '"') -> str:
    """Return a table's name as it is sent, each part in quotes: capital letters, spaces and Chinese stay what they are.

    >>> quoted_table("till.Kassen Bons"), quoted_table('"a.b".c'), quoted_table("店.小票", "`")
    ('"till"."Kassen Bons"', '"a.b"."c"', '`店`.`小票`')
    """
    return ".".join(quoted_name(part, quote) for part in parts_of_name(table))


def parts_of_name(table: str) -> list[str]:
    """Return a table's name in its parts: database, schema, table."""
    return [found[1] or found[2] or found[3] for found in re.finditer(r'"([^"]+)"|`([^`]+)`|([^."`]+)', table)]


def quoted_name(name: str, quote: str = '"') -> str:
    """Return a name in quotes."""
    opening, closing = ("[", "]") if quote == "[" else (quote, quote)
    return f"{opening}{name.replace(closing, closing * 2)}{closing}"
