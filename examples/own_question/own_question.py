"""A question of a shop's own: who comes on market days?"""

from __future__ import annotations

from typing import Literal

import polars as pl

import toolkit as tk


@tk.question("portrait", "Who comes on market days?", words=("market day", "visits on a weekday"))
def market_days(view: tk.View, *, day: Literal["wed", "sat"] = "sat") -> tk.Finding:
    """Return members, orders and sales of the period on one day of the week, beside all other days.

    Parameters
    ----------
    day
        The day of the market.
    """
    weekday = pl.col("ordered_at").dt.weekday()
    orders = view.orders.filter("is_order", view.period.holds(), pl.col("member_code").is_not_null())
    counted = orders.group_by((weekday == {"wed": 3, "sat": 6}[day]).alias("is_market_day")).agg(
        pl.col("member_code").n_unique().alias("member_count"), pl.len().alias("orders"), view.major(pl.col("amount").sum()).alias("sales")
    )
    table = counted.sort("is_market_day", descending=True).collect()
    least = view.settings.scope.minimum_members
    if table.filter(pl.col("member_count") >= least).height < 2:
        return tk.Finding(f"Not told: fewer than {least} members of {view.place} came on market days or on others.", table.clear())
    members, share = table["member_count"][0], table["sales"][0] / table["sales"].sum()
    headline = f"In {view.place}, {share:.1%} of member sales fall on market days (n = {members:,} members)."
    return tk.Finding(headline, table, ask_next=[("portrait.habits", {})], figures={"market_member_count": members})
