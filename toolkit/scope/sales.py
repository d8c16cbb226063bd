"""Sales of a window: per member, and in all."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta

import polars as pl

from toolkit.columns import AnswerTable
from toolkit.language import tr
from toolkit.scope.period import Period
from toolkit.scope.view import View


def within(period: Period, column: str = "ordered_at") -> pl.Expr:
    """Return the expression that is true for times in the window: two comparisons that a Parquet scan can use to skip data."""
    first, after = datetime.combine(period.start, time()), datetime.combine(period.end + timedelta(days=1), time())
    return (pl.col(column) >= first) & (pl.col(column) < after)


def member_sales(view: View, period: Period | None = None) -> pl.DataFrame:
    """Return what each member bought in scope in a window: one row per member with a receipt there.

    Columns: `member_code`, `orders` (Int64, returns alone do not count), `sales` (minor units, returns subtracted), `order_sales` (minor
    units, of orders alone), `units_milli` (thousandths, counted goods in orders).
    """
    return (
        view.orders.filter(pl.col("member_code").is_not_null() & within(period or view.period))
        .group_by("member_code")
        .agg(
            pl.col("is_order").cast(pl.Int64).sum().alias("orders"),
            pl.col("amount").sum().alias("sales"),
            pl.col("amount").filter("is_order").sum().alias("order_sales"),
            pl.col("units_milli").filter("is_order").sum().alias("units_milli"),
        )
        .collect(engine="streaming")
    )


@dataclass(frozen=True)
class Totals:
    """Sums of a window in scope; money in minor units, units in thousandths. `sales` = member + non-member sales, returns subtracted."""

    orders: int
    sales: int
    order_sales: int
    units_milli: int
    member_orders: int
    member_sales: int
    member_order_sales: int
    member_units_milli: int

    @property
    def others(self) -> tuple[int, int, int, int]:
        """Orders, sales, order sales and units of non-members."""
        return (
            self.orders - self.member_orders,
            self.sales - self.member_sales,
            self.order_sales - self.member_order_sales,
            self.units_milli - self.member_units_milli,
        )


def totals(view: View, period: Period | None = None) -> Totals:
    """Return the sums of a window in scope, members and all."""
    sums = {
        "orders": pl.col("is_order").cast(pl.Int64),
        "sales": pl.col("amount"),
        "order_sales": pl.when("is_order").then("amount").otherwise(0),
        "units_milli": pl.when("is_order").then("units_milli").otherwise(0),
    }
    member = pl.col("member_code").is_not_null()
    row = (
        view.orders.filter(within(period or view.period))
        .select(
            *[expr.sum().alias(name) for name, expr in sums.items()],
            *[pl.when(member).then(expr).otherwise(0).sum().alias(f"member_{name}") for name, expr in sums.items()],
        )
        .collect(engine="streaming")
        .row(0, named=True)
    )
    return Totals(**{name: int(value or 0) for name, value in row.items()})


def days_of(view: View) -> str:
    """Return the window of sales figures as it ends a sentence: 'from 2026-01-01 to 2026-03-31', 'on 2026-03-31'."""
    period = view.period
    return tr("on {end}", end=period.end) if period.start == period.end else tr("from {period}", period=period)


def ratio(part: float | None, whole: float | None) -> float | None:
    """Return part / whole, None where the whole is not above zero or either is unknown.

    >>> ratio(1, 4), ratio(1, 0)
    (0.25, None)
    """
    return None if part is None or whole is None or whole <= 0 else part / whole


def per_order(view: View) -> list[pl.Expr]:
    """Return `order_value` (currency units) and `units_per_order` from sums of orders; null without any."""
    some = pl.col("orders") > 0
    return [
        pl.when(some).then(view.major("order_sales") / pl.col("orders")).alias("order_value"),
        pl.when(some).then(pl.col("units_milli") / 1000 / pl.col("orders")).alias("units_per_order"),
    ]


def order_value_notes(view: View, shown: AnswerTable) -> list[str]:
    """Return the note on why sales over orders is not the order value, or none where the two agree in every row of the answer's table.

    In: a table with `sales`, `orders` (or `order_count`) and `order_value`. They differ where sales hold receipts that are no orders.
    """
    orders = next(name for name in ("orders", "order_count") if name in shown.frame.columns)
    rows = shown.frame.filter(pl.col(orders) > 0, pl.all_horizontal(pl.col("sales", "order_value").is_not_null()))
    beside = pl.col("sales") - pl.col("order_value") * pl.col(orders)
    apart = rows.select(
        pl.nth(0).cast(pl.String).alias("row"),
        (pl.col("sales") / pl.col(orders)).alias("over"),
        "order_value",
        beside.alias("beside"),
        ((pl.col("sales") / pl.col(orders) - pl.col("order_value")).abs() * view.minor_units >= 0.5).alias("differs"),
    ).filter("differs")
    if apart.is_empty():
        return []
    first = apart.row(0, named=True)
    return [
        view.say(
            "Sales over orders is not the order value (in the row '{row:word}' {over:money} and {worth:money}): {beside:money} of its "
            "sales stand on receipts that are no orders, such as refunds, cancelled or free receipts, and receipts without goods.",
            row=first["row"],
            over=first["over"],
            worth=first["order_value"],
            beside=first["beside"],
        )
    ]


def not_goods_notes(view: View) -> list[str]:
    """Return the note on products that are no goods, or none where the shop has none: they are in sales and in nothing else."""
    held = view.mart.totals["not_goods"]
    if not held["product_count"]:
        return []
    return [
        view.say(
            "{products:product} sold up to {as_of} [one?is|are] no goods (is_goods = no): {amount:minor} of the chain's sales, and no "
            "orders, favourites, baskets or units.",
            products=held["product_count"],
            one=held["product_count"] == 1,
            amount=held["amount"],
        )
    ]
