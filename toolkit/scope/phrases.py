"""Phrases that several answers share, so that a scope reads the same in each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from toolkit import language
from toolkit.answer import Note
from toolkit.language import tr
from toolkit.mart.catalogue import NO_CATEGORY
from toolkit.wording import capital

if TYPE_CHECKING:
    from toolkit.scope.view import View


def where(view: View) -> str:
    """Return the scope as the opening of a sentence: 'Across the chain', 'In store 367', 'Among members where order_count > 50'."""
    if view.scope.audience is not None:
        return tr("Among {place}", place=view.place)
    return tr("In {place}", place=view.place) if view.scope.is_place else tr("Across the chain")


def without_categories(view: View) -> list[str | Note]:
    """Return the note of an answer that rests on categories, in a shop whose goods have none, or a single one."""
    count = view.categories.filter((pl.col("category") != NO_CATEGORY) & (pl.col("order_count") > 0)).height
    if count > 1:
        return []
    told = view.say(
        "The shop's goods have [one?a single category|no categories], and this rests on them: give the products table a `category` column.",
        one=count == 1,
    )
    return [Note(told, "NOT MEASURED")]


def made_where(view: View) -> str:
    """Return where sales and orders were made: 'made in store 367', 'of the chain', 'of members where order_count > 50'."""
    return (
        tr("made in {place}", place=view.place)
        if view.scope.is_place and view.scope.audience is None
        else tr("of {place}", place=view.place)
    )


def sales_basis(view: View) -> str:
    """Return the note that says which sales the table counts and whose traits they are."""
    return tr(
        "Traits are the members' own, across the chain; sales and orders are those {made_where}, {period}.",
        made_where=made_where(view),
        period=view.period,
    )


def not_measured(view: View, table: str, column: str, what: str) -> Note:
    """Return the note for a figure that a missing column makes impossible, named by name."""
    sentence = tr("{what}. The {table} table has no `{column}` column.", what=capital(what), table=table, column=column)
    return Note(sentence, "NOT MEASURED")


def list_cut_short(view: View, members: int, top: int) -> list[str]:
    """Return the note of a list of members that is longer than the table (`top` rows; 0 = all); none where it is not."""
    if not top or members <= top:
        return []
    return [view.say("The table lists {top:,} of {members:,} members; top=0 lists all.", top=top, members=members)]


def spoken(name: str) -> str:
    """Return the name under which a table with sentences in it is kept: one for each language they are written in."""
    code = language.current()
    return name if code == language.SOURCE else f"{name}-{code}"
