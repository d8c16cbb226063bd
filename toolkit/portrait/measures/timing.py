"""When orders happen: by weekday and hour."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from toolkit import wording
from toolkit.answer import Finding
from toolkit.charts.heatmap import heatmap
from toolkit.language import tr, word
from toolkit.portrait.measures.favourites import WEEKDAYS
from toolkit.scope.phrases import made_where, where
from toolkit.scope.sales import within
from toolkit.scope.view import View

if TYPE_CHECKING:
    import altair as alt


def orders_by_hour(view: View) -> pl.DataFrame:
    """Return member orders of the period in scope: one row per store, channel, weekday (1 = Monday) and hour that has any.

    Columns: `store_code`, `channel_code`, `weekday`, `hour`, `order_count`, `sales` (minor units). The one look at the orders that all
    habits share.
    """
    at = pl.col("ordered_at").dt
    return (
        view.orders.filter(pl.col("member_code").is_not_null() & within(view.period))
        .group_by("store_code", "channel_code", at.weekday().cast(pl.Int64).alias("weekday"), at.hour().cast(pl.Int64).alias("hour"))
        .agg(pl.col("is_order").cast(pl.Int64).sum().alias("order_count"), pl.col("amount").sum().alias("sales"))
        .collect()
    )


def busiest_hour(made: pl.DataFrame) -> dict[str, float] | None:
    """Return the cell of `week` with most orders (ties to the earlier one), None without an order."""
    cells = week(made).filter(pl.col("order_count") > 0).sort("order_count", "weekday_number", "hour", descending=[True, False, False])
    return cells.row(0, named=True) if cells.height else None


def week(made: pl.DataFrame) -> pl.DataFrame:
    """Return orders by weekday and hour: `weekday_number` (1 = Monday), `hour`, `order_count`, `sales` (minor units), `order_share`
    (0..1)."""
    total = max(int(made["order_count"].sum()), 1)
    return (
        made.group_by(pl.col("weekday").alias("weekday_number"), "hour")
        .agg(pl.col("order_count", "sales").sum())
        .with_columns((pl.col("order_count") / total).alias("order_share"))
        .sort("weekday_number", "hour")
    )


def when_finding(view: View, made: pl.DataFrame) -> Finding:
    """Return what `habits(by="when")` answers: one row per weekday and hour with orders."""
    peak = busiest_hour(made)
    table = week(made).select(
        pl.col("weekday_number").replace_strict(range(1, 8), WEEKDAYS, return_dtype=pl.String).alias("weekday"),
        pl.format("{}-{}", pl.col("hour").cast(pl.String).str.zfill(2), (pl.col("hour") + 1).cast(pl.String).str.zfill(2)).alias("hour"),
        "order_count",
        "order_share",
        view.major("sales").alias("sales"),
    )
    if peak is None:
        headline = tr("{where}, no member ordered from {start} to {end}.", where=where(view), start=view.period.start, end=view.period.end)
    else:
        headline = tr(
            "{where}, the busiest hour is {hour}: {order_share} of {orders}.",
            where=where(view),
            hour=_hour_words(peak),
            order_share=wording.share(peak["order_share"]),
            orders=_n_orders(made),
        )
    return Finding(
        headline=headline,
        table=table,
        chart=(lambda: week_chart(view, made)) if peak else None,
        notes=[
            tr(
                "Orders {made_where}, {period}, non-members left out; times as the shop's receipts have them.",
                made_where=made_where(view),
                period=view.period,
            )
        ],
        ask_next=[("portrait.habits", {}), ("portrait.habits", {"by": "hour"})],
        figures={"peak_order_share": peak["order_share"]} if peak else {},
    )


def _hour_words(peak: dict[str, float]) -> str:
    return tr(
        "{weekday} from {from_hour:02d} to {to_hour:02d}",
        weekday=word(WEEKDAYS[int(peak["weekday_number"]) - 1]),
        from_hour=int(peak["hour"]),
        to_hour=int(peak["hour"]) + 1,
    )


def _n_orders(made: pl.DataFrame) -> str:
    return wording.some(int(made["order_count"].sum()), "order")


def week_chart(view: View, made: pl.DataFrame) -> alt.Chart | alt.LayerChart:
    """Draw weekday x hour, shaded by orders."""
    cells = week(made)
    hours = [f"{hour:02d}" for hour in range(int(cells["hour"].min() or 0), int(cells["hour"].max() or 0) + 1)]  # type: ignore[arg-type]
    return heatmap(
        cells.with_columns(
            pl.col("weekday_number").replace_strict(range(1, 8), WEEKDAYS, return_dtype=pl.String).alias("weekday"),
            pl.col("hour").cast(pl.String).str.zfill(2),
        ),
        column="hour", row="weekday", value="order_count", column_order=hours, row_order=list(WEEKDAYS),
        column_title=tr("Hour"), value_title=tr("Orders"), title=tr("When members order: {place}", place=view.place),
        subtitle=tr("{period}, n = {orders}", period=view.period, orders=_n_orders(made)),
    )  # fmt: skip
