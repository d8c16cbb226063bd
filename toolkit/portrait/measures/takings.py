"""What each member in scope brought in the window of sales figures, and the same summed over groups of members."""

from __future__ import annotations

import polars as pl

from toolkit.scope.sales import member_sales
from toolkit.scope.view import View


def takings(view: View) -> pl.DataFrame:
    """Return sales by member: one row per member in scope, sorted as `view.members`.

    Columns: `member_code`, `order_count` (Int64, returns alone not counted) and `sales` (Int64 minor units) of the window `view.period`,
    made in the scope (a store's report counts that store's sales); 0 where the member brought nothing in the window.
    """
    sums = member_sales(view).select("member_code", pl.col("orders").alias("order_count"), "sales")
    return (
        view.members.select("member_code")
        .join(sums, on="member_code", how="left", maintain_order="left")
        .with_columns(pl.col("order_count", "sales").fill_null(0))
    )


def by_group(view: View, members: pl.DataFrame, *groups: str) -> pl.DataFrame:
    """Return what each group of members holds: one row per group that has members.

    In: one row per member with `member_code`, the `groups`, and `order_count` and `sales` of `takings`. Out: the groups,
    `member_count`, `member_share` (0..1 of all members given), `order_count`, `sales` (currency units) and `sales_share` (0..1; null
    where nothing was sold).
    """
    total = int(members["sales"].sum() or 0)
    return (
        members.group_by(*groups)
        .agg(pl.len().cast(pl.Int64).alias("member_count"), pl.col("order_count").sum(), pl.col("sales").sum())
        .with_columns(
            (pl.col("member_count") / max(members.height, 1)).alias("member_share"),
            (pl.col("sales") / total if total > 0 else pl.lit(None, pl.Float64)).alias("sales_share"),
            view.major("sales").alias("sales"),
        )
        .select(*groups, "member_count", "member_share", "order_count", "sales", "sales_share")
    )


def without_order(view: View, buyers: pl.DataFrame) -> list[str]:
    """Return the note that counts the members in scope who are not among `buyers` (`member_code`), those with an order in the window."""
    away = view.members.join(buyers, on="member_code", how="anti").height
    if not away:
        return []
    one = away == view.least == 1
    return [
        view.say(
            "Not counted: {away:few} other [one?member|members] in scope without an order {window:in}.",
            away=away, one=one, window=view.period,
        )
    ]  # fmt: skip
