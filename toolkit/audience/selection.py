"""What `audience=` takes, read in one place: an audience, a saved name, a condition, or member ids in whatever a person has them in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from numbers import Integral
from typing import Any, Protocol

import polars as pl

from toolkit.audience.audience import Audience
from toolkit.errors import BadValue
from toolkit.language import tr

MEMBER_ID = "member_id"


class ArrowStream(Protocol):
    """A table or a column of any library that speaks Arrow: pandas, polars, pyarrow, DuckDB."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object: ...


AudienceLike = Audience | str | Iterable[str | int] | pl.DataFrame | pl.LazyFrame | ArrowStream
"""A saved audience's name, a WHERE expression over the members table, an `Audience`, or member ids: a list, a Series, a table that has
`member_id`."""


def read_selection(given: AudienceLike) -> Audience | str | list[str] | tuple[str, ...]:
    """Return what `audience=` means: an audience or a text as it is, anything else as member ids. Null is nobody; whole numbers are text.

    >>> read_selection(pl.DataFrame({"member_id": [12, 7, 12, None], "sales": [1, 2, 3, 4]}))
    ['12', '7']

    Raises
    ------
    BadValue
        It is none of these, or a table without `member_id`.
    """
    if isinstance(given, Audience | str):
        return given
    column = _column(given)
    if column is not None:
        if column.dtype.is_integer() or column.dtype in (pl.String, pl.Categorical, pl.Enum, pl.Null):
            return column.drop_nulls().unique(maintain_order=True).cast(pl.String).to_list()
        given = column.drop_nulls().unique(maintain_order=True).to_list()
    if not isinstance(given, Iterable) or isinstance(given, Mapping | bytes):
        raise BadValue(
            tr(
                "audience is {kind}, but a saved audience's name, a condition such as 'order_count > 2', a list of member ids, or a table "
                "or column of `member_id` was needed.",
                kind=type(given).__name__,
            )
        )
    ids = [_id(member) for member in given if member is not None]
    return tuple(ids) if isinstance(given, tuple) else ids


def _column(given: Any) -> pl.Series | None:
    """The member ids of a table, or a column as it is; None for what is neither."""
    if isinstance(given, pl.LazyFrame):
        given = given.collect()
    if not isinstance(given, pl.DataFrame | pl.Series):
        if not hasattr(given, "__arrow_c_stream__"):
            return None
        given = pl.Series(_Stream(given))
        given = given.struct.unnest() if isinstance(given.dtype, pl.Struct) else given
    if isinstance(given, pl.Series):
        return given
    if MEMBER_ID not in given.columns:
        raise BadValue(
            tr(
                "audience is a table of {columns} without `member_id`: name the column of the member ids so, or give that column alone.",
                columns=", ".join(given.columns[:6]) or tr("no columns"),
            )
        )
    return given[MEMBER_ID]


class _Stream:
    """Nothing but the stream of an object: polars would look closer at a pandas table, and ask for its own way in."""

    def __init__(self, given: ArrowStream) -> None:
        self.given = given

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        return self.given.__arrow_c_stream__(requested_schema)


def _id(member: Any) -> str:
    if isinstance(member, str):
        return str(member)  # numpy has texts of its own
    if isinstance(member, Integral) and not isinstance(member, bool):
        return str(int(member))
    raise BadValue(
        tr(
            "audience has {member!r} ({kind}) among its member ids, which are texts or whole numbers: give them as the shop writes them.",
            member=member,
            kind=type(member).__name__,
        )
    )
