"""A second import of the same days replaces them: what was live and what comes, compared day by day.

The unit is a store's day. A store's day that the new receipts speak of is replaced whole; every other day stays as it is.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from toolkit.errors import ImportRefused
from toolkit.workspace import LineFile, Workspace

SHRINK_LIMIT = 0.5
"""An import that would leave less than this share of a store's day refuses: a stray line must not wipe out a day of receipts."""
SHRINK_MINIMUM = 20
"""Store days with fewer lines than this may shrink to anything."""

STORE_DAY = ("store_code", pl.col("ordered_at").dt.date().alias("day"))


@dataclass(frozen=True)
class Replacement:
    """Which live files an import touches."""

    files: tuple[LineFile, ...]  # files that hold lines of the replaced store days
    days: pl.DataFrame  # store_code, day, lines_before, lines_now
    rows: int  # lines replaced


def plan_replacement(workspace: Workspace, incoming: pl.DataFrame) -> Replacement:
    """Return what the store days of `incoming` (store_code, day, lines_now) replace among the live lines."""
    empty = incoming.head(0).with_columns(pl.lit(0, pl.UInt32).alias("lines_before"))
    if incoming.is_empty():
        return Replacement((), empty, 0)
    first, last = incoming["day"].min(), incoming["day"].max()
    near = [file for file in workspace.manifest.line_files if file.first_day <= last and file.last_day >= first]  # type: ignore[operator]
    touched, before = [], []
    for file in near:
        held = (
            pl.scan_parquet(workspace.path / file.path)
            .group_by(STORE_DAY)
            .agg(pl.len().alias("lines_before"))
            .collect(engine="streaming")
            .join(incoming, on=["store_code", "day"], how="semi")
        )
        if held.height:
            touched.append(file)
            before.append(held)
    if not before:
        return Replacement((), empty, 0)
    days = (
        pl.concat(before)
        .group_by("store_code", "day")
        .agg(pl.col("lines_before").sum())
        .join(incoming, on=["store_code", "day"])
        .sort("day", "store_code")
    )
    return Replacement(tuple(touched), days, int(days["lines_before"].sum()))


def refuse_shrinking(replacement: Replacement, stores: pl.DataFrame) -> None:
    """Raise if days would lose most of their lines.

    Raises
    ------
    ImportRefused
        Some store's day would keep less than SHRINK_LIMIT of its lines.
    """
    shrunk = replacement.days.filter(
        (pl.col("lines_before") >= SHRINK_MINIMUM) & (pl.col("lines_now") < SHRINK_LIMIT * pl.col("lines_before"))
    ).join(stores.select(pl.col("code").alias("store_code"), pl.col("id").alias("store_id")), on="store_code", how="left")
    if shrunk.is_empty():
        return
    examples = "; ".join(
        f"store {row['store_id']} on {row['day']}: {row['lines_before']:,} lines would become {row['lines_now']:,}"
        for row in shrunk.head(3).iter_rows(named=True)
    )
    raise ImportRefused(
        f"This import would wipe out receipts: on {shrunk.height:,} store days less than half of the lines would be left ({examples}). "
        "Nothing was changed. If the new receipts are right, import with --shrink (allow_shrinking=True)."
    )


def surviving(workspace: Workspace, file: LineFile, days: pl.DataFrame) -> pl.DataFrame:
    """Return the lines of a live file that are not replaced, in their order."""
    lines = pl.read_parquet(workspace.path / file.path).with_columns(STORE_DAY[1])
    return lines.join(days.select("store_code", "day"), on=["store_code", "day"], how="anti", maintain_order="left").drop("day")
