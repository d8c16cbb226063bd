"""The small tables: checked against the contract, then laid over what the workspace has."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from toolkit import schemas
from toolkit.sources.checks import check_small_table
from toolkit.sources.convert import Typed
from toolkit.workspace import Workspace

EVENT_DAY = {"events": "occurred_at", "redemptions": "redeemed_at"}
"""Tables without a key: a day that comes again replaces that day."""


def split_table(name: str, typed: Typed) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return (kept rows, rejected rows as source_index and fault) of a small table."""
    good, rejected = check_small_table(name, typed.frame.collect(engine="streaming"))
    return good.drop("source_index"), rejected


def lay_over(workspace: Workspace, name: str, new: pl.DataFrame) -> pl.DataFrame:
    """Return the table as it will be: rows of the new import, and the old ones that it does not speak of."""
    before = workspace.table(name)
    if before is None:
        return new
    old = before.collect()
    if name in EVENT_DAY:
        day = pl.col(EVENT_DAY[name]).dt.date()
        old = old.filter(~day.is_in(new.select(day)[EVENT_DAY[name]].unique().to_list()))
    else:
        keys = schemas.CONTRACT[name].primary_key()
        old = old.join(new.select(keys), on=keys, how="anti", maintain_order="left")
    return pl.concat([old, new], how="diagonal_relaxed")


def write_table(workspace: Workspace, folder: str, name: str, frame: pl.DataFrame) -> str:
    """Write a table for the next commit and return its path within the workspace."""
    path = f"{folder}/{name}.parquet"
    (workspace.path / folder).mkdir(parents=True, exist_ok=True)
    keys = [key for key in schemas.CONTRACT[name].primary_key() if key in frame.columns]
    (frame.sort(keys) if keys else frame).write_parquet(Path(workspace.path / path))
    return path
