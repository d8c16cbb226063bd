"""A figure in windows and groups, worked out from its sums; null where the receipts do not tell it. And its change between two windows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import polars as pl

from toolkit import columns as c
from toolkit import wording
from toolkit.columns import Column
from toolkit.language import tr
from toolkit.portrait.figures import Figure
from toolkit.portrait.measures.figure_sums import Groups, sums_of
from toolkit.portrait.measures.stages import lifecycle_limits
from toolkit.scope.period import Period
from toolkit.scope.view import View

COUNTS: dict[str, Column] = {
    "buyer_count": c.members("buyer_count", "Buyers", "members who ordered"),
    "member_count": c.members("member_count", "Members", "members with an order up to the last day"),
    "orders": c.count("order_count", "Orders", hidden_by=None),
}
"""The counts that stand beside a figure (`Figure.n`), by name."""


def figure_values(view: View, asked: Figure, windows: Sequence[Period], groups: Groups | None = None) -> pl.DataFrame:
    """Return a figure and its counts: one row per window and group, windows in their order.

    Columns: `window` (place in `windows`), `group` ("" without groups), the counts of `asked.n` under the names of COUNTS, and the figure
    under its own, money in major units; null where the receipts do not tell it.
    """
    return values_of(view, asked, windows, sums_of(view, [asked], windows, groups), groups)


def values_of(view: View, asked: Figure, windows: Sequence[Period], sums: pl.DataFrame, groups: Groups | None = None) -> pl.DataFrame:
    """Return what `figure_values` does, from sums that several figures were asked for at once."""
    every = pl.DataFrame({"window": range(len(windows))}, schema={"window": pl.Int64}).join(
        sums.select("group").unique().sort("group") if groups else pl.DataFrame({"group": [""]}), how="cross"
    )
    whole = every.join(sums, on=["window", "group"], how="left", maintain_order="left")
    whole = whole.with_columns(pl.all().exclude("window", "group").fill_null(0))
    known = pl.DataFrame(
        {"window": range(len(windows)), "known": [_is_told(view, asked, window) for window in windows]},
        schema_overrides={"window": pl.Int64},
    )
    amount = view.major(asked.of) if asked.column.kind == "money" else asked.of
    is_of_members = view.scope.audience is not None or (groups is not None and groups.code == "member_code")
    refunds_alone = (pl.col("buyer_count") == 0) & (pl.col("member_sales") != 0)  # of who knows how few: nobody of them bought
    return whole.join(known, on="window", how="left", maintain_order="left").select(
        "window",
        "group",
        *(pl.col(name).alias(COUNTS[name].name) for name in asked.n),
        pl.when(pl.col("known") & ~(refunds_alone & is_of_members)).then(amount).alias(asked.name),
    )


def _is_told(view: View, asked: Figure, window: Period) -> bool:
    """Whether the receipts tell the figure of a window."""
    if asked.name in ("active_members", "active_share"):
        since = window.end - timedelta(days=view.settings.scope.active_days - 1)
        return since >= view.first_day or window == view.period
    if asked.name == "first_time_members":
        return window.start > view.first_day
    if asked.name == "member_sales_share":
        return view.scope.audience is None
    if asked.source == "stages":
        return lifecycle_limits(view).measured
    if asked.name in ("margin", "margin_share"):
        return view.has_column("products", "unit_cost")
    return asked.name != "discount_share" or view.has_column("lines", "discount_amount")


def change_of(asked: Figure, now: pl.Expr, was: pl.Expr) -> pl.Expr:
    """Return the change of a figure: in points where it is a share, else as a share of what it was (null where that is not above 0)."""
    return 100 * (now - was) if asked.is_share else pl.when(was > 0).then(now / was) - 1


def change_said(asked: Figure, change: float | None) -> str:
    """Return a change as it ends a sentence; empty where it is not measured."""
    if change is None:
        return ""
    if not asked.is_share:
        return wording.change(change)
    size = tr("{points} points", points=f"{abs(change):.1f}")
    return tr("unchanged") if abs(change) < 0.05 else tr("up {size}", size=size) if change > 0 else tr("down {size}", size=size)
