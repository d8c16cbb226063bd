"""A question of a shop's own: who comes on market days?"""

from __future__ import annotations

from typing import Literal

import polars as pl

import toolkit as tk
from toolkit import columns as c

DAYS = c.table("market days, then all others", c.flag("is_market_day"), c.members(), c.count("orders"), c.money("sales"))


@tk.question("portrait", "Who comes on market days?", words=("market day", "visits on a weekday"), tables=DAYS)
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
    days = DAYS.of(counted.sort("is_market_day", descending=True).collect(), view)
    if days.few_rows or days.height < 2:
        return tk.Finding(view.say("Not told: fewer than {least} members of {place} came on market days or on others."), DAYS.empty())
    market = days.row()
    share = market["sales"] / days.frame["sales"].sum()
    headline = view.say("In {place}, {share:share} of member sales fall on market days (n = {member_count:member}).", market, share=share)
    return tk.Finding(headline, days, ask_next=[("portrait.habits", {})])
