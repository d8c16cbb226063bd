"""What goes back, as plain tables: one row per member, money in currency units, days as days, lists as `a; b`."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from toolkit.audience import Audience, as_audience
from toolkit.audience.export import check_columns, exported_rows
from toolkit.differentiation.next_best import NEXT_BEST, next_best_table
from toolkit.differentiation.planning.launching import treated_members
from toolkit.errors import BadValue
from toolkit.language import tr
from toolkit.scope.traits import trait_columns, with_traits
from toolkit.scope.view import View

KEY, AS_OF = "member_id", "as_of"


def members_table(view: View, columns: Sequence[str] = ()) -> pl.DataFrame:
    """Return every member in scope with `columns`; empty = segment, scores and every other trait."""
    check_columns(view, columns)
    wanted = list(columns) or list(trait_columns(view))
    frame = with_traits(view, wanted).join(view.members.select(KEY), on=KEY, how="semi", maintain_order="left")
    return frame.select(KEY, *(name for name in wanted if name != KEY))


def audience_table(view: View, name: str, columns: Sequence[str] = (), *, for_contact: bool = True) -> pl.DataFrame:
    """Return the members of an audience (a saved name, or an expression), by the rules of `export_audience`."""
    return exported_rows(view, as_audience(view.workspace, name), columns=columns, for_contact=for_contact).table


def next_best_members(view: View) -> pl.DataFrame:
    """Return what to offer each member in scope next (`differentiation.next_best`)."""
    return next_best_table(view, view.members).select(NEXT_BEST.schema.names()).sort(KEY)


def contacts_table(view: View, campaign_id: str, columns: Sequence[str] = (), *, for_contact: bool = True) -> pl.DataFrame:
    """Return whom a launched campaign addresses, with offer, message, store and touchpoint: the tasks of those who carry it out."""
    launched, rows = treated_members(view.workspace, campaign_id)
    crowd = Audience(campaign_id, member_ids=tuple(rows[KEY]), call=tr("campaign {campaign_id}", campaign_id=launched.campaign_id))
    table = exported_rows(view, crowd, columns=columns, for_contact=for_contact, beside=rows).table
    return table.select(pl.lit(campaign_id).alias("campaign_id"), pl.all())


def plain(table: pl.DataFrame, view: View) -> pl.DataFrame:
    """Return a table as any database takes it: no lists, no categories, its day beside it.

    Raises: `BadValue` where it holds no row.
    """
    if table.is_empty():
        raise BadValue(tr("Nothing is written: no member of {place} is in the result.", place=view.place))
    lists = [pl.col(name).cast(pl.List(pl.String)).list.join("; ") for name, dtype in table.schema.items() if isinstance(dtype, pl.List)]
    words = pl.col(pl.Categorical, pl.Enum).cast(pl.String)
    numbers = [pl.col(name).cast(pl.Int64) for name, dtype in table.schema.items() if dtype.is_integer()]
    fractions = [name for name, dtype in table.schema.items() if dtype.is_float() or dtype.is_decimal()]
    day = [] if AS_OF in table.columns else [pl.lit(view.as_of, pl.Date).alias(AS_OF)]
    return table.with_columns(*lists, words, *numbers, pl.col(fractions).cast(pl.Float64).fill_nan(None)).with_columns(*day)
