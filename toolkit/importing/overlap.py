"""Orders that come again: whether an import brings anew what is there, or other receipts of the same store days.

An order comes again where its id does, in the same store and on the same day, with the same time, total or member: counters that start at 1
every morning give the till and the app the same ids for different orders. It comes again under another id too where member, total and
time of day are the same. A time that is a day only tells nothing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from toolkit.importing.replace import SHRINK_LIMIT, STORE_DAY, HeldDays, span
from toolkit.language import tr, trn
from toolkit.workspace import LineFile, Workspace

LOOKED_LINES = 300_000
"""Where more lines than this are live on the shared store days, every second, third, ... of them is looked at, and all of the first and the
last day: there exports meet. Comparing a whole year would cost a fifth of its import."""
FEW_ORDERS = 5
"""A store day of fewer orders asks nothing by itself: one corrected order number of a village shop is no other source."""
COMES_AGAIN = SHRINK_LIMIT
"""A source of whose orders less than this share comes again is asked about: corrections touch a few orders of a day, never most of them."""
KNOWN_LIMIT = 0.1
"""An import is refused where this share of its orders is there under another source: sales would be too high by as much. By chance alone, a
few orders of a hundred have the same id, day and total."""
THE_SAME = (
    ("store_code", "day", "id", "amount"),
    ("store_code", "day", "id", "time"),
    ("store_code", "day", "id", "member_code"),
    ("store_code", "time", "member", "amount"),
    ("store_code", "ordered_at", "member_code", "amount"),
)
"""Columns that make two orders the same where all of a row agree; a null agrees with nothing. The first finds nearly all."""


@dataclass(frozen=True)
class Overlap:
    """The orders of one live source on the store days that an import speaks of, beside those of the import."""

    source: str
    days: pl.DataFrame  # store_code, day, orders, again: the source's orders, and how many of them come again
    incoming: int  # orders that the import brings for these store days
    known: int  # how many of them are there

    @property
    def orders(self) -> int:
        """Orders of the source on these store days."""
        return int(self.days["orders"].sum())

    @property
    def gone(self) -> int:
        """Orders of the source that do not come again."""
        return self.orders - int(self.days["again"].sum())

    @property
    def comes_again(self) -> bool:
        """Whether the import brings most of the source's orders anew."""
        return self.orders - self.gone >= COMES_AGAIN * self.orders

    @property
    def lost_days(self) -> pl.DataFrame:
        """The store days most of whose orders do not come again; all such days where that is so of most orders."""
        lost = self.days.filter(pl.col("again") < COMES_AGAIN * pl.col("orders"))
        return lost.filter(pl.col("orders") >= FEW_ORDERS) if self.comes_again else lost


def overlaps(workspace: Workspace, stored: Sequence[LineFile], left_out: pl.DataFrame, held: HeldDays, own: str) -> list[Overlap]:
    """Return for every live source how its orders and those of the import agree, on the store days that both have.

    Parameters
    ----------
    stored
        The files of the import.
    left_out
        store_code, day, id: hashes of the ids of orders that the import speaks of without wanting them; they come again, too.
    held
        The live files with lines on the store days of the import.
    own
        The source of the import, of which nobody asks how many of the new orders are there.
    """
    return [_overlap(workspace, source, stored, left_out, held.of({source}), source == own) for source in held.sources]


def _overlap(
    workspace: Workspace, source: str, stored: Sequence[LineFile], left_out: pl.DataFrame, held: HeldDays, is_own: bool
) -> Overlap:
    days = held.days.select("store_code", "day").sort("store_code", "day").with_row_index("row")
    at_edge = pl.col("day").is_in([days["day"].min(), days["day"].max()])
    days = days.filter(at_edge | (pl.col("row") % math.ceil(held.lines / LOOKED_LINES) == 0)).drop("row")
    there, new = orders_of(workspace, held.files, days), orders_of(workspace, stored, days)
    gone = _without(there, new).join(left_out, on=["store_code", "day", "id"], how="anti")
    by_day = (
        there.group_by("store_code", "day")
        .agg(pl.len().alias("orders"))
        .join(gone.group_by("store_code", "day").agg(pl.len().alias("gone")), on=["store_code", "day"], how="left")
        .select("store_code", "day", "orders", (pl.col("orders") - pl.col("gone").fill_null(0)).alias("again"))
        .sort("day", "store_code")
    )
    return Overlap(source, by_day, new.height, 0 if is_own else new.height - _without(new, there).height)


def _without(orders: pl.DataFrame, others: pl.DataFrame) -> pl.DataFrame:
    """Return the orders that are the same as none of the others."""
    for columns in THE_SAME:
        if orders.height:
            orders = orders.join(others, on=columns, how="anti")
    return orders


def orders_of(workspace: Workspace, files: Sequence[LineFile], days: pl.DataFrame) -> pl.DataFrame:
    """Return order_code, lines, id (a hash) and the columns of THE_SAME of the orders of these store days; a day has no `time`."""
    parts = []
    for file in files:
        lines = pl.scan_parquet(workspace.data_file(file.path)).select("order_code", "ordered_at", "member_code", "amount", *STORE_DAY)
        orders = (
            lines.join(days.lazy(), on=["store_code", "day"], how="semi")
            .group_by("order_code")
            .agg(pl.col("store_code", "day", "ordered_at", "member_code").first(), pl.col("amount").sum(), pl.len().alias("lines"))
        )
        ids = pl.scan_parquet(workspace.data_file(file.ids_path)).select("order_code", pl.col("order_id").hash(seed=1).alias("id"))
        parts.append(orders.join(ids, on="order_code"))
    orders = pl.concat(parts).collect(engine="streaming")
    has_time = pl.col("ordered_at").dt.time() != pl.time(0, 0)
    return orders.with_columns(
        pl.when(has_time).then(pl.col("ordered_at")).alias("time"),
        pl.col("member_code").cast(pl.Int64).fill_null(-1).alias("member"),
    )


# -- what is said ----------------------------------------------------------------------------------------------------------------------


def lost_orders(overlap: Overlap, stores: pl.DataFrame, label: str, source: str) -> str:
    """Return the question about orders of the same source that do not come again, or nothing where most do on every day."""
    lost = overlap.lost_days
    if lost.is_empty():
        return ""
    worst = lost.sort("orders", descending=True, maintain_order=True).row(0, named=True)
    return tr(
        "Of the {orders:,} orders of store {store} on {day} that are there from source {source}, {again:,} are in the new files (less "
        "than half on {days:,} of {all_days:,} store days). Are these further receipts? Then give them a source of their own in {label}: "
        "source = {other}. Do the files bring only new and changed orders? Then write under [lines]: replaces = {unit}. Do they replace "
        "what is there? Then import with --replace (allow_shrinking=True).",
        orders=worst["orders"], store=_store(stores, worst["store_code"]), day=worst["day"], source=source,
        again=worst["again"], days=lost.height, all_days=overlap.days.height, label=label, other='"app"', unit='"orders"',
    )  # fmt: skip


def known_orders(overlap: Overlap, label: str, source: str) -> str:
    """Return the question about orders that are there under another source, or nothing where there are few."""
    if overlap.known < KNOWN_LIMIT * overlap.incoming:
        return ""
    asked = tr(
        "Of the {incoming:,} orders that {label} brings as source {source} for the same store days ({span}), {known:,} are already there "
        "from source {other}: the same receipts would be counted twice.",
        incoming=overlap.incoming, label=label, source=source, span=span(overlap.days), known=overlap.known, other=_named(overlap.source),
    )  # fmt: skip
    ways = tr(
        "Are they the same? Then write in {label}: source = {same}, and they replace what is there. Are they others? Then write under "
        "[answers]: ignore = [{key}].",
        label=label, same=f'"{overlap.source}"', key=f'"same_receipts:{overlap.source}"',
    )  # fmt: skip
    return f"{asked} {ways}"


def beside_note(overlap: Overlap) -> str:
    """Return the sentence on store days that another source has as well."""
    told = trn(
        "{days:,} store day ({span}) also holds {orders:,} orders of source {other}, which stay.",
        "{days:,} store days ({span}) also hold {orders:,} orders of source {other}, which stay.",
        overlap.days.height, days=overlap.days.height, span=span(overlap.days), orders=overlap.orders, other=_named(overlap.source),
    )  # fmt: skip
    if not overlap.known:
        return told
    return told + " " + tr("{known:,} of the new orders look like orders of that source; they are counted twice.", known=overlap.known)


def _named(source: str) -> str:
    return source or tr("(unnamed)")


def _store(stores: pl.DataFrame, code: int) -> str:
    return stores.filter(pl.col("code") == code)["id"].item()
