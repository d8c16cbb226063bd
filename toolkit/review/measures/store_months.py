"""A month's sales by store: what drove their change since a month of comparison, in parts that add up to the cent."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl

from toolkit import language
from toolkit.answer import Note
from toolkit.errors import BadValue
from toolkit.language import later, tr
from toolkit.models.shapley import shapley_parts, whole_parts
from toolkit.scope.calendar import unit_of
from toolkit.scope.period import Period, read_date
from toolkit.scope.sales import within
from toolkit.scope.view import View

DRIVERS: dict[str, str] = {
    "members": later("number of members who bought"),
    "frequency": later("orders per member"),
    "units": later("units per order"),
    "price": later("money per unit"),
    "returns": later("returns"),
    "non_member": later("receipts without a member"),
}
"""What moves a store's sales, and how it reads in a sentence."""


def fiscal_notes(view: View) -> list[str | Note]:
    """Return the note that goals are of calendar months, in a shop that counts fiscal periods."""
    if not view.settings.calendar.fiscal:
        return []
    text = tr(
        "Goals and targets are of calendar months, not of your fiscal periods: a figure by fiscal period is told by `portrait.figure`."
    )
    return [Note(text, "REVIEW")]


def month_period(month: str, *, called: str = "review.sales_targets") -> Period:
    """Return the days of a month given as '2026-03'.

    Raises
    ------
    BadValue
        It is no month.
    """
    try:
        first = date.fromisoformat(f"{month.strip()}-01") if len(month.strip()) == 7 else date.fromisoformat(month.strip())
    except ValueError:
        raise BadValue(
            tr("{called}: month is '{month}', but a month as YYYY-MM was needed, such as 2026-03.", called=called, month=month)
        ) from None
    return unit_of(read_date(first, "month"), "month")


def month_words(month: date, english: str = "%Y-%m") -> str:
    """Return a month as the reader writes it: '2026-03' (or another form of `english`), 2026年3月.

    >>> month_words(date(2026, 3, 1)), month_words(date(2026, 3, 1), "%b %y")
    ('2026-03', 'Mar 26')
    """
    if language.current() == language.SOURCE:
        return f"{month:{english}}"
    from babel.dates import format_skeleton

    return format_skeleton("yMMM", month, locale=language.current())


def last_whole_month(as_of: date) -> str:
    """Return the last month that has ended by a day, as '2026-03'.

    >>> last_whole_month(date(2026, 3, 31)), last_whole_month(date(2026, 3, 30))
    ('2026-03', '2026-02')
    """
    ended = as_of if (as_of + timedelta(days=1)).day == 1 else as_of.replace(day=1) - timedelta(days=1)
    return f"{ended:%Y-%m}"


def store_sales(view: View, period: Period) -> pl.DataFrame:
    """Return what each store in scope sold in a window: one row per store with a receipt.

    Columns: `store_id`, `sales` (minor units, all), `members` (with an order), `orders`, `order_sales`, `units_milli` (of members' orders),
    `returns` (members' returns alone), `non_member` (receipts without a member).
    """
    person, order = pl.col("member_code").is_not_null(), pl.col("is_order")
    sums = (
        view.orders.filter(within(period))
        .group_by("store_code")
        .agg(
            pl.col("amount").sum().alias("sales"),
            pl.col("member_code").filter(order & person).n_unique().cast(pl.Int64).alias("members"),
            (order & person).cast(pl.Int64).sum().alias("orders"),
            pl.col("amount").filter(order & person).sum().alias("order_sales"),
            pl.col("units_milli").filter(order & person).sum().alias("units_milli"),
            pl.col("amount").filter(~order & person).sum().alias("returns"),
            pl.col("amount").filter(~person).sum().alias("non_member"),
        )
        .collect(engine="streaming")
    )
    return sums.join(view.stores.select("store_code", "store_id"), on="store_code", how="left").drop("store_code").sort("store_id")


def drivers_of_change(view: View, now: Period, before: Period) -> pl.DataFrame:
    """Return what changed each store's sales: one row per store with a receipt in either window, by store_id.

    Columns: `store_id`, `sales_before`, `sales` and, for each of DRIVERS, `<driver>_sales`: whole minor units that add up to sales -
    sales_before. Members' orders are split by Shapley over members x orders per member x units per order x money per unit. A store that
    sold nothing to members in one of the windows has the whole change under members; one without counted goods has no part for units.
    """
    both = (
        store_sales(view, before)
        .join(store_sales(view, now), on="store_id", how="full", coalesce=True, suffix="_now")
        .with_columns(pl.exclude("store_id").fill_null(0))
        .sort("store_id")
    )
    parts = shapley_parts(*_factors(both))
    change = both["order_sales_now"] - both["order_sales"]
    split = whole_parts(parts, change.to_numpy())
    names = ("members", "frequency", "units", "price")
    return both.select(
        "store_id",
        pl.col("sales").alias("sales_before"),
        pl.col("sales_now").alias("sales"),
        *[pl.Series(f"{name}_sales", split[:, place]) for place, name in enumerate(names)],
        (pl.col("returns_now") - pl.col("returns")).alias("returns_sales"),
        (pl.col("non_member_now") - pl.col("non_member")).alias("non_member_sales"),
    )


def _factors(both: pl.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Members, orders per member, units per order, money per unit of each store, before and now; their product is the members' order sales.

    A ratio that a window does not have is that of the other window, so that it has no part.
    """
    tables = []
    countable = ((both["units_milli"] > 0) & (both["units_milli_now"] > 0)) | (both["orders"] == 0) | (both["orders_now"] == 0)
    for end in ("", "_now"):
        members, orders, sales, units = (both[f"{name}{end}"].to_numpy().astype(float) for name in _SUMS)
        units = np.where(countable.to_numpy() & (units > 0), units, orders)  # none counted: money per order
        with np.errstate(divide="ignore", invalid="ignore"):
            tables.append(np.column_stack([members, orders / members, units / orders, sales / units]))
    before, now = tables
    return np.nan_to_num(np.where(np.isnan(before), now, before)), np.nan_to_num(np.where(np.isnan(now), before, now))


_SUMS = ("members", "orders", "order_sales", "units_milli")


def targets_of(view: View, month: Period) -> pl.DataFrame | None:
    """Return the targets of a month for the stores in scope (`store_id`, `target`: minor units); None where the shop has no such table."""
    table = view.workspace.table("sales_targets")
    if table is None:
        return None
    targets = (
        table.filter(pl.col("month").dt.truncate("1mo") == month.start)
        .select("store_id", pl.col("target_amount").alias("target"))
        .collect()
    )
    targets = targets.group_by("store_id").agg(pl.col("target").sum())
    if view.scope.is_place:
        column = "store_id" if view.scope.store_id is not None else "region"
        here = view.stores.filter(pl.col(column) == getattr(view.scope, column))
        targets = targets.join(here.select("store_id"), on="store_id", how="semi")
    return targets.sort("store_id")
