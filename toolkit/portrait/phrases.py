"""Phrases that several answers share, so that a scope reads the same in each."""

from __future__ import annotations

from toolkit.mart.view import View


def where(view: View) -> str:
    """Return the scope as the opening of a sentence: 'Across the chain', 'In store 367', 'Among members where order_count > 50'."""
    if view.scope.audience is not None:
        return f"Among {view.place}"
    return f"In {view.place}" if view.scope.is_place else "Across the chain"


def sales_basis(view: View) -> str:
    """Return the note that says which sales the table counts and whose traits they are."""
    made = f"made in {view.place}" if view.scope.is_place and view.scope.audience is None else f"of {view.place}"
    return f"Traits are the members' own, across the chain; sales and orders are those {made}, {view.period}."
