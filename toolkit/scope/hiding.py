"""What an answer says where it can say nothing, and groups too small to stand alone.

That figures of too few members are not shown is declared with the columns of a table (`toolkit.columns`). Here is what is left to a
question: to put small groups together, and to say that nothing is measured.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from toolkit.answer import Finding, Note
from toolkit.columns import Table
from toolkit.language import tr
from toolkit.scope.period import Period
from toolkit.scope.view import View


def unmeasured(table: Table, headline: str, advice: str, *, ask_next: Sequence[tuple[str, Mapping[str, Any]]] = ()) -> Finding:
    """Return the finding of a question that cannot be answered here: the table without rows, and what to do about it."""
    return Finding(headline=headline, table=table.empty(), notes=[Note(advice, "NOT MEASURED")], ask_next=ask_next)


def too_few(view: View, table: Table, count: int, what: str, *, window: Period | None = None) -> Finding | None:
    """Return the finding where `count` members, `what` in the reader's language ("members ordered"), are too few to speak of; else None."""
    if count >= view.least:
        return None
    headline = view.say(
        "{where}[, {window:in}], [count?too few|no] {what}: fewer than the {least} that figures may speak of.",
        window=window,
        count=count,
        what=what,
    )
    return unmeasured(table, headline, tr("Not measured for so few: choose a longer period or a larger scope."))


def pooled(frame: pl.DataFrame, group: str, small: Sequence[str], into: str, least: int) -> tuple[pl.DataFrame, bool]:
    """Return one row per member with those groups among `small` that hold too few put into `into`, and whether there were any.

    Where `into` would still hold too few, all of `small` go into it: a small group alone could be found from the rest.
    """
    sizes = dict(frame.group_by(group).len().iter_rows())
    few = [name for name in small if 0 < sizes.get(name, 0) < least]
    left = sizes.get(into, 0) + sum(sizes[name] for name in few)
    if 0 < left < least:
        few = list(small)
    elif not few:
        return frame, False
    return frame.with_columns(pl.when(pl.col(group).is_in(few)).then(pl.lit(into)).otherwise(group).alias(group)), True
