"""Members against non-members: shares of sales and orders, and what an order is worth."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from toolkit import wording
from toolkit.answer import Finding, Note
from toolkit.language import later, tr, value
from toolkit.scope.phrases import where
from toolkit.scope.sales import Totals, days_of, per_order, totals
from toolkit.scope.view import View
from toolkit.wording import share

if TYPE_CHECKING:
    import altair as alt


def members_and_others(view: View) -> Finding:
    """Return members against non-members in the window: two rows, columns as `portrait.contribution` but for those that count people."""
    sums = totals(view)
    table = _table(view, sums)
    headline, notes = _headline(view, table)
    held = table["sales_share"][0]
    return Finding(
        headline=headline,
        table=table,
        chart=lambda: _chart(view, table),
        notes=notes,
        ask_next=[("portrait.contribution", {"by": "loyal"}), ("portrait.overview", {})],
        figures={} if held is None or notes else {"member_sales_share": held},
    )


def _table(view: View, sums: Totals) -> pl.DataFrame:
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


def _headline(view: View, table: pl.DataFrame) -> tuple[str, list[str | Note]]:
    members, others = table.to_dicts()
    if view.scope.audience is not None:
        said = tr(
            "{where}, there are no receipts of non-members: an audience is made of members. Ask for the chain, a store or a region.",
            where=where(view),
        )
        return said, [Note(tr("Members against non-members is not measured for an audience."), "NOT MEASURED")]
    if not members["orders"] and not others["orders"]:
        return tr("{where}, nobody ordered {days_of}: shares are not measured.", where=where(view), days_of=days_of(view)), [
            Note(tr("No orders in the window."), "NOT MEASURED")
        ]
    if not others["orders"] and not others["sales"]:
        said = tr(
            "{where}, all {orders:,} orders {days_of} are of members: there are no non-members to compare with.",
            where=where(view),
            orders=members["orders"],
            days_of=days_of(view),
        )
        return said, [Note(tr("Members against non-members is not measured: the receipts hold none without a member."), "NOT MEASURED")]
    worth = [wording.money(row["order_value"], view.currency) for row in (members, others)]
    count = members["orders"] + others["orders"]
    said = tr(
        "{where}, members bring {sales_share} of the sales and {order_share} of the {count:,} orders {days_of}; a "
        "member's order is worth {members_worth}, a non-member's {others_worth}.",
        where=where(view),
        sales_share=share(members["sales_share"]),
        order_share=share(members["order_share"]),
        count=count,
        days_of=days_of(view),
        members_worth=worth[0],
        others_worth=worth[1],
    )
    return said, []


def _chart(view: View, table: pl.DataFrame) -> alt.Chart | alt.LayerChart:
    from toolkit.charts.bars import measured_bars

    return measured_bars(
        table,
        label="group",
        measures={"order_share": later("share of orders"), "sales_share": later("share of sales")},
        title=tr("Members against non-members"),
        subtitle=tr("{place}, {period}", place=view.place, period=view.period),
    )
