"""Traits of the members for audiences: columns that an analysis measures (segment, stage, ...), joined to the readable members table.

The mart lies below the analyses, so it does not import them: a provider is loaded by its name, when an expression first names one of its
columns. A provider is a module with `trait_columns(view) -> tuple of names` and `member_traits(view) -> frame` (one row per member of the
chain: `member_code` and those columns).
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from typing import TYPE_CHECKING

import polars as pl

from toolkit.extras import absence_told

if TYPE_CHECKING:
    from toolkit.scope.view import View

PROVIDERS = ("toolkit.portrait.measures.member_traits", "toolkit.targeting.measures.rhythm", "toolkit.targeting.measures.loyal_traits")


def trait_columns(view: View) -> tuple[str, ...]:
    """Return the names of all traits that an audience can speak of; nothing is measured for it."""
    return tuple(dict.fromkeys(name for provider in PROVIDERS for name in import_module(provider).trait_columns(view)))


def with_traits(view: View, names: Iterable[str] | None = None) -> pl.DataFrame:
    """Return the readable members table with the traits among `names` (None = all) joined to it; its own columns win.

    One row per member of the chain, sorted by member_id. Providers none of whose columns is asked for are not asked.
    """
    frame = view.readable
    wanted = None if names is None else set(names) - set(frame.columns)
    if wanted is not None and not wanted:
        return frame
    keyed = frame.with_columns(view.population["member_code"])
    for provider in PROVIDERS:
        module = import_module(provider)
        mine = [name for name in module.trait_columns(view) if name not in keyed.columns and (wanted is None or name in wanted)]
        if mine:
            with absence_told():
                measured = module.member_traits(view, mine)
            keyed = keyed.join(measured, on="member_code", how="left", maintain_order="left")
    return keyed.drop("member_code")
