"""When orders happen: by weekday and hour."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from toolkit import columns as c
from toolkit.answer import Finding
from toolkit.charts.heatmap import heatmap
from toolkit.language import tr
from toolkit.portrait.measures.favourites import WEEKDAYS, weekdays_of
from toolkit.scope.phrases import made_where
from toolkit.scope.sales import within
from toolkit.scope.view import View

if TYPE_CHECKING:
    import altair as alt

WHEN = c.table(
    "one row per weekday and hour with orders (`when`)",
    c.text("weekday"),
    c.text("hour"),
    c.count("order_count", "Orders"),
    c.share("order_share", "Share of orders"),
    c.money("sales", "Sales"),
)


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


def busiest_hour(orders: pl.DataFrame) -> dict[str, float] | None:
    """Return the cell of `week` with most orders (ties to the earlier one), None without an order."""
    cells = week(orders).filter(pl.col("order_count") > 0).sort("order_count", "weekday_number", "hour", descending=[True, False, False])
    return cells.row(0, named=True) if cells.height else None


def week(orders: pl.DataFrame) -> pl.DataFrame:
    """Return orders by weekday and hour: `weekday_number` (1 = Monday), `hour`, `order_count`, `sales` (minor units), `order_share`
    (0..1)."""
    total = max(int(orders["order_count"].sum()), 1)
    return (
        orders.group_by(pl.col("weekday").alias("weekday_number"), "hour")
        .agg(pl.col("order_count", "sales").sum())
        .with_columns((pl.col("order_count") / total).alias("order_share"))
        .sort("weekday_number", "hour")
    )


def when_finding(view: View, orders: pl.DataFrame) -> Finding:
    """Return what `habits(by="when")` answers: one row per weekday and hour with orders."""
    peak = busiest_hour(orders)
    frame = week(orders).select(
        pl.col("weekday_number").replace_strict(range(1, 8), WEEKDAYS, return_dtype=pl.String).alias("weekday"),
        pl.format("{}-{}", pl.col("hour").cast(pl.String).str.zfill(2), (pl.col("hour") + 1).cast(pl.String).str.zfill(2)).alias("hour"),
        "order_count",
        "order_share",
        view.major("sales").alias("sales"),
    )
    return Finding(
        headline=view.say("{where}, no member ordered {window:in}.", window=view.period) if peak is None else view.say(
            "{where}, the busiest hour is {weekday:word} from {from_hour:02d} to {to_hour:02d}: {order_share:share} of {orders:order}.",
            weekday=WEEKDAYS[int(peak["weekday_number"]) - 1], from_hour=int(peak["hour"]), to_hour=int(peak["hour"]) + 1,
            order_share=peak["order_share"], orders=int(orders["order_count"].sum()),
        ),
        table=WHEN.of(frame, view),
        chart=(lambda: week_chart(view, orders)) if peak else None,
        notes=[
            view.say(
                "Orders {made_where}, {period}, non-members left out; times as the shop's receipts have them.", made_where=made_where(view)
            )
        ],
        ask_next=[("portrait.habits", {}), ("portrait.habits", {"by": "hour"})],
        figures={"peak_order_share": peak["order_share"] if peak else None},
    )  # fmt: skip


def week_chart(view: View, orders: pl.DataFrame) -> alt.Chart | alt.LayerChart:
    """Draw weekday x hour, shaded by orders."""
    cells = week(orders)
    hours = [f"{hour:02d}" for hour in range(int(cells["hour"].min() or 0), int(cells["hour"].max() or 0) + 1)]  # type: ignore[arg-type]
    return heatmap(
        cells.with_columns(
            pl.col("weekday_number").replace_strict(range(1, 8), WEEKDAYS, return_dtype=pl.String).alias("weekday"),
            pl.col("hour").cast(pl.String).str.zfill(2),
        ),
        column="hour", row="weekday", value="order_count", column_order=hours, row_order=weekdays_of(view.settings.calendar),
        column_title=tr("Hour"), value_title=tr("Orders"), title=view.say("When members order: {place}"),
        subtitle=view.say("{period}, n = {orders:order}", orders=int(orders["order_count"].sum())),
    )  # fmt: skip
