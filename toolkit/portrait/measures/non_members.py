"""Members against non-members: shares of sales and orders, and what an order is worth."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from toolkit import columns as c
from toolkit.answer import Finding, Note
from toolkit.language import later, tr, value
from toolkit.scope.sales import Totals, order_value_notes, per_order, totals
from toolkit.scope.view import View

if TYPE_CHECKING:
    import altair as alt

ORDERS = (c.count("orders", "Orders"), c.share("order_share", "Share of orders", "of all in the table", null="nobody ordered"))
SALES = (
    c.money("sales", "Sales", "returns subtracted"),
    c.share("sales_share", "Share of sales", "of all in the table", null="nothing was sold"),
)
ORDER_VALUE = c.money("order_value", "Order value", "sales of an order", null="no orders")
UNITS_PER_ORDER = c.number("units_per_order", "Units per order", "counted goods", null="no orders")
MEMBERS_AND_OTHERS = c.table(
    "members and non-members, two rows: receipts without a member have no number of people (`members`)",
    *(c.text("group"), *ORDERS, *SALES, ORDER_VALUE, UNITS_PER_ORDER),
)


def members_and_others(view: View) -> Finding:
    """Return members against non-members in the window: two rows, columns as `portrait.contribution` but for those that count people."""
    shown = MEMBERS_AND_OTHERS.of(_frame(view, totals(view)), view)
    members, others = shown.rows()
    missing, orders = "", members["orders"] + others["orders"]
    if view.scope.audience is not None:
        headline = view.say(
            "{where}, there are no receipts of non-members: an audience is made of members. Ask for the chain, a store or a region."
        )
        missing = tr("Members against non-members is not measured for an audience.")
    elif not orders:
        headline = view.say("{where}, nobody ordered {window:in}: shares are not measured.", window=view.period)
        missing = tr("No orders in the window.")
    elif not others["orders"] and not others["sales"]:
        headline = view.say(
            "{where}, all {orders} orders {window:in} are of members: there are no non-members to compare with.",
            members,
            window=view.period,
        )
        missing = tr("Members against non-members is not measured: the receipts hold none without a member.")
    else:
        headline = view.say(
            "{where}, members bring {sales_share} of the sales and {order_share} of the {orders:,} orders {window:in}; a member's order is "
            "worth {order_value}, a non-member's {others_value:money}.",
            members, orders=orders, window=view.period, others_value=others["order_value"],
        )  # fmt: skip
    return Finding(
        headline=headline,
        table=shown,
        chart=lambda: _chart(view, shown.frame),
        notes=[*([Note(missing, "NOT MEASURED")] if missing else []), *order_value_notes(view, shown)],
        ask_next=[("portrait.contribution", {"by": "loyal"}), ("portrait.overview", {})],
        figures={"member_sales_share": None if missing else members["sales_share"]},
    )


def _frame(view: View, sums: Totals) -> pl.DataFrame:
    rows = pl.DataFrame(
        {
            "group": [value("members"), value("non-members")],
            "orders": [sums.member_orders, sums.others[0]],
            "sales": [sums.member_sales, sums.others[1]],
            "order_sales": [sums.member_order_sales, sums.others[2]],
            "units_milli": [sums.member_units_milli, sums.others[3]],
        }
    )
    return rows.select(
        "group",
        "orders",
        (pl.col("orders") / sums.orders if sums.orders else pl.lit(None, pl.Float64)).alias("order_share"),
        view.major("sales").alias("sales"),
        (pl.col("sales") / sums.sales if sums.sales > 0 else pl.lit(None, pl.Float64)).alias("sales_share"),
        *per_order(view),
    )


def _chart(view: View, table: pl.DataFrame) -> alt.Chart | alt.LayerChart:
    from toolkit.charts.bars import measured_bars

    measures = {"order_share": later("share of orders"), "sales_share": later("share of sales")}
    title, subtitle = tr("Members against non-members"), view.say("{place}, {period}")
    return measured_bars(table, label="group", measures=measures, title=title, subtitle=subtitle)
