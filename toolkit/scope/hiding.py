"""Cells of a table that hold too few members to speak of."""

from __future__ import annotations

import polars as pl

from toolkit.language import tr
from toolkit.scope.view import View
from toolkit.wording import some


def hide_few(view: View, table: pl.DataFrame, *columns: str, count: str = "member_count") -> tuple[pl.DataFrame, list[str]]:
    """Return the table with `columns` null where a row has some members, but fewer than scope.minimum_members; and the note that says so.

    The count stays, so that groups still add up.
    """
    least = view.settings.scope.minimum_members
    few = (pl.col(count) > 0) & (pl.col(count) < least)
    hidden = table.filter(few).height
    if not hidden:
        return table, []
    made = table.with_columns(pl.when(~few).then(pl.col(name)).alias(name) for name in columns)
    rows = some(hidden, "row")
    return made, [
        tr("{rows} with fewer than {least} members (setting scope.minimum_members): figures are not shown.", rows=rows, least=least)
    ]
