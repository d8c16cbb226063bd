"""A second import of the same days replaces them: what was live and what comes, compared day by day.

The unit is a store's day of one source. A store's day that the new receipts speak of is replaced whole; every other day stays as it is, and
so do the same days of another source.
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from datetime import date

import polars as pl

from toolkit import language
from toolkit.language import tr, trn
from toolkit.workspace import LineFile, Workspace

SHRINK_LIMIT = 0.5
"""An import that would leave less than this share of a store's day refuses: a stray line must not wipe out a day of receipts."""
SHRINK_MINIMUM = 20
"""Store days with fewer lines than this may shrink to anything."""

STORE_DAY = ("store_code", pl.col("ordered_at").dt.date().alias("day"))


@dataclass(frozen=True)
class HeldDays:
    """The live files with lines on the store days of an import, and how many each holds of which day."""

    by_file: dict[LineFile, pl.DataFrame]  # store_code, day, lines_before

    @property
    def files(self) -> tuple[LineFile, ...]:
        """The files."""
        return tuple(self.by_file)

    @property
    def sources(self) -> list[str]:
        """The sources of the files."""
        return sorted({file.source for file in self.by_file})

    @property
    def days(self) -> pl.DataFrame:
        """store_code, day, lines_before over all files, one row a store day."""
        empty = pl.DataFrame(schema={"store_code": pl.UInt32, "day": pl.Date, "lines_before": pl.UInt32})
        return pl.concat([empty, *self.by_file.values()]).group_by("store_code", "day").agg(pl.col("lines_before").sum())

    @property
    def lines(self) -> int:
        """Lines on these days."""
        return sum(int(days["lines_before"].sum()) for days in self.by_file.values())

    def of(self, sources: Set[str]) -> HeldDays:
        """Return those of some sources."""
        return HeldDays({file: days for file, days in self.by_file.items() if file.source in sources})


@dataclass(frozen=True)
class Replacement:
    """Which live files an import touches."""

    files: tuple[LineFile, ...]  # files that hold lines of the replaced store days
    days: pl.DataFrame  # store_code, day, lines_before, lines_now
    rows: int  # lines replaced
    order_codes: pl.Series | None = None  # of these orders alone; None = the store days whole


def held_days(workspace: Workspace, incoming: pl.DataFrame) -> HeldDays:
    """Return what is live on the store days of `incoming` (store_code, day, lines_now), of every source."""
    if incoming.is_empty():
        return HeldDays({})
    first, last = incoming["day"].min(), incoming["day"].max()
    near = [file for file in workspace.manifest.line_files if file.first_day <= last and file.last_day >= first]  # type: ignore[operator]
    held = {}
    for file in near:
        days = (
            pl.scan_parquet(workspace.data_file(file.path))
            .group_by(STORE_DAY)
            .agg(pl.len().alias("lines_before"))
            .collect(engine="streaming")
            .join(incoming, on=["store_code", "day"], how="semi")
        )
        if days.height:
            held[file] = days
    return HeldDays(held)


def plan_replacement(held: HeldDays, incoming: pl.DataFrame) -> Replacement:
    """Return what the store days of `incoming` (store_code, day, lines_now) replace among what is held."""
    days = held.days.join(incoming, on=["store_code", "day"]).sort("day", "store_code")
    return Replacement(held.files, days, int(days["lines_before"].sum()))


def span(days: pl.DataFrame) -> str:
    """Return the first and the last day of store days in the reader's form, or the one day."""
    first, last = days["day"].min(), days["day"].max()
    assert isinstance(first, date)
    return language.day(first) if first == last else tr("{first} to {last}", first=first, last=last)


def replacement_told(replacement: Replacement, source: str, *, gone: int, orders: int) -> str:
    """Return the sentence that says what an import replaces, before it does; `gone` of the `orders` looked at do not come again."""
    days = replacement.days
    if days.is_empty():
        return ""
    if replacement.order_codes is not None:
        return tr(
            "This import replaces {orders:,} orders of source {source} ({span}), {before:,} lines; other orders of these days stay.",
            orders=replacement.order_codes.len(), source=source, span=span(days), before=replacement.rows,
        )  # fmt: skip
    told = trn(
        "This import replaces {days:,} store day of source {source} ({span}): {before:,} lines by {now:,}.",
        "This import replaces {days:,} store days of source {source} ({span}): {before:,} lines by {now:,}.",
        days.height, days=days.height, source=source, span=span(days), before=replacement.rows,
        now=int(days["lines_now"].sum()),
    )  # fmt: skip
    if not gone:
        return told
    return (
        told + " " + tr("Of {orders:,} orders that were there and looked at, {gone:,} are not in the new files.", gone=gone, orders=orders)
    )


def shrinking(replacement: Replacement, stores: pl.DataFrame) -> str:
    """Return why an import would wipe out receipts, or nothing: store days would keep less than SHRINK_LIMIT of their lines."""
    shrunk = replacement.days.filter(
        (pl.col("lines_before") >= SHRINK_MINIMUM) & (pl.col("lines_now") < SHRINK_LIMIT * pl.col("lines_before"))
    ).join(stores.select(pl.col("code").alias("store_code"), pl.col("id").alias("store_id")), on="store_code", how="left")
    if shrunk.is_empty():
        return ""
    examples = "; ".join(
        tr(
            "store {store} on {day}: {before:,} lines would become {now:,}",
            store=row["store_id"], day=row["day"], before=row["lines_before"], now=row["lines_now"],
        )
        for row in shrunk.head(3).iter_rows(named=True)
    )  # fmt: skip
    return tr(
        "This import would wipe out receipts: on {days:,} store days less than half of the lines would be left ({examples}). "
        "If the new receipts are right, import with --replace (allow_shrinking=True).",
        days=shrunk.height, examples=examples,
    )  # fmt: skip


def surviving(workspace: Workspace, file: LineFile, replacement: Replacement) -> pl.DataFrame:
    """Return the lines of a live file that are not replaced, in their order."""
    lines = pl.read_parquet(workspace.data_file(file.path))
    if replacement.order_codes is not None:
        return lines.filter(~pl.col("order_code").is_in(replacement.order_codes.implode()))
    days, lines = replacement.days, lines.with_columns(STORE_DAY[1])
    return lines.join(days.select("store_code", "day"), on=["store_code", "day"], how="anti", maintain_order="left").drop("day")
