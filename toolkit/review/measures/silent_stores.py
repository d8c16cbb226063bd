"""Stores that fell silent within a window: closed, moved, or their receipts did not arrive."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl

from toolkit.mart.windows import window_sums
from toolkit.scope.view import View

_BEFORE_DAYS = 91
_SHORTEST = 3  # days on which others trade: a store may close on Sundays

SILENT = pl.Schema({"store_id": pl.String, "silent_from": pl.Date, "silent_to": pl.Date, "expected_orders": pl.Float64})


def silent_stores(view: View, first: date, last: date) -> pl.DataFrame:
    """Return the stores in scope with a silence that chance does not explain: one row per store (its longest), by store_id (schema SILENT).

    A silence is a run of days without an order on which the chain trades, three at least, in which as many orders as the setting
    review.closed_orders were to be expected. Expected is the store's pace of the 91 days before the window and of the window outside the
    silence, whichever is known. (Under a steady pace ten expected orders fail to come with probability e^-10, 1 in 22,000.)
    """
    last = min(last, view.as_of)
    start = max(first - timedelta(days=_BEFORE_DAYS), view.first_day)
    sums = window_sums(view.workspace, view.mart, start, last, by=("store", "day")).filter(pl.col("orders") > 0)
    days = sums.select(pl.col("day").unique().sort()).with_row_index("place")
    inside = days.filter(pl.col("day").is_between(first, last))
    if inside.is_empty():
        return SILENT.to_frame()
    visits = sums.join(days, on="day").join(view.stores.select("store_code", "store_id", "region"), on="store_code", how="left")
    if view.scope.is_place:
        column = "store_id" if view.scope.store_id is not None else "region"
        visits = visits.filter(pl.col(column) == getattr(view.scope, column))
    low, high = int(inside["place"][0]), int(inside["place"][-1])
    runs = _longest_runs(visits, low, high)
    paces = visits.group_by("store_id").agg(pl.col("orders").sum(), pl.col("place").min().alias("opened"))
    trading = high + 1 - pl.col("opened") - pl.col("run")
    expected = pl.when(trading > 0).then(pl.col("orders") / trading * pl.col("run"))
    closed = view.settings.review.closed_orders
    return (
        runs.join(paces, on="store_id")
        .with_columns(expected.alias("expected_orders"))
        .filter((pl.col("run") >= _SHORTEST) & (pl.col("expected_orders") >= closed))
        .join(days.select(pl.col("place").alias("from"), pl.col("day").alias("silent_from")), on="from")
        .join(days.select(pl.col("place").alias("to"), pl.col("day").alias("silent_to")), on="to")
        .select(SILENT.names())
        .sort("store_id")
    )


def _longest_runs(visits: pl.DataFrame, low: int, high: int) -> pl.DataFrame:
    """The longest gap between days with an order within the window, its ends included: store_id, from, to (places), run (days)."""
    stores = visits.group_by("store_id").agg(pl.col("place").min().alias("opened"))
    ends = pl.concat(
        [
            # A store that opened within the window was not silent before.
            stores.select("store_id", pl.max_horizontal(pl.col("opened"), pl.lit(low)).cast(pl.Int64).sub(1).alias("place")),
            stores.select("store_id", pl.lit(high + 1, pl.Int64).alias("place")),
        ]
    )
    places = visits.filter(pl.col("place") >= low).select("store_id", pl.col("place").cast(pl.Int64))
    steps = pl.concat([places, ends]).unique().sort("store_id", "place")
    gaps = steps.with_columns(
        (pl.col("place").shift(1).over("store_id") + 1).alias("from"), (pl.col("place") - 1).alias("to"),
        (pl.col("place") - pl.col("place").shift(1).over("store_id") - 1).alias("run"),
    )  # fmt: skip
    longest = (
        gaps.filter(pl.col("run") > 0).sort("run", "from", descending=[True, False]).unique("store_id", keep="first", maintain_order=True)
    )
    return longest.select("store_id", pl.col("from", "to").cast(pl.UInt32), "run").sort("store_id")


def silence_notes(view: View, silent: pl.DataFrame, last: date) -> list[str]:
    """Return a sentence for each silent store (at most five, the quietest first, then how many more)."""
    ranked = silent.sort("expected_orders", "store_id", descending=[True, False])
    notes = [
        view.say(
            "Store {store_id} has no order from {silent_from} [open?on|to {silent_to}], where some {expected_orders:,.0f} were to be "
            "expected: it was closed, or its receipts are missing. Find out which before its figures are judged.",
            row, open=row["silent_to"] >= last,
        )
        for row in ranked.head(5).iter_rows(named=True)
    ]  # fmt: skip
    more = ranked.height - len(notes)
    return [*notes, view.say("{more:more store} fell silent in the same days.", more=more)] if more else notes
