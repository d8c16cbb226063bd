"""Where members stand by the rules of the tiers: what is counted for them, which tier they hold, and which they have by the rule."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import polars as pl

from toolkit.language import tr
from toolkit.portrait.membership.tables import needed
from toolkit.scope.view import View
from toolkit.wording import some

HELD, BY_RULE = "held", "by_rule"


@dataclass(frozen=True)
class Rules:
    """The ladder, lowest first: `tiers` and their `thresholds` in the units of `counted` (minor units, orders or points)."""

    tiers: tuple[str, ...]
    thresholds: tuple[int, ...]
    measure: str
    window_days: int


def tier_rules(view: View) -> Rules | str:
    """Return the rules, or in words what is needed for them."""
    table = view.workspace.table("tier_rules")
    if table is None:
        return needed("tier_rules")
    rows = table.collect().sort("threshold", "tier")
    if rows.is_empty() or rows.select("measure", "window_days").n_unique() != 1:
        return tr("tiers that count one thing over one window of days (`tier_rules`)")
    measure = str(rows["measure"][0])
    units = view.minor_units if measure == "sales" else 1
    return Rules(tuple(rows["tier"]), tuple(round(one * units) for one in rows["threshold"]), measure, int(rows["window_days"][0]))


def counted(view: View, rules: Rules, end: date) -> pl.DataFrame:
    """Return what counts for a tier, of the days up to `end` (included): member_code and `counted`; members of the chain with any."""
    start = end - timedelta(days=rules.window_days - 1)
    if rules.measure == "points":
        table = view.workspace.table("points")
        if table is None:
            return pl.DataFrame(schema={"member_code": pl.UInt32, "counted": pl.Int64})
        inside = pl.col("entered_at").dt.date().is_between(start, end)
        sums = table.filter(inside, pl.col("kind") == "earned").group_by("member_id").agg(pl.col("points").sum().alias("counted")).collect()
        ids = view.population.select("member_code", "member_id")
        return sums.with_columns(pl.col("member_id").cast(pl.String)).join(ids, on="member_id").select("member_code", "counted")
    inside = pl.col("ordered_at").dt.date().is_between(start, end)
    orders = view.chain.orders.filter(inside, pl.col("member_code").is_not_null())
    what = pl.col("amount").sum() if rules.measure == "sales" else pl.col("is_order").sum()
    return orders.group_by("member_code").agg(what.cast(pl.Int64).alias("counted")).collect(engine="streaming")


def held_on(view: View, day: date) -> tuple[pl.DataFrame, int] | None:
    """Return the tier that each member held on a day (member_id, `held`), and of how many members stretches overlap; None without `tiers`.

    Where stretches overlap the one that began last counts.
    """
    table = view.workspace.table("tiers")
    if table is None:
        return None
    frame = table.with_columns(pl.col("member_id").cast(pl.String))
    until = pl.col("valid_until") if "valid_until" in table.collect_schema().names() else pl.lit(None, pl.Date)
    on = frame.filter(pl.col("valid_from") <= day, until.is_null() | (until >= day)).sort("valid_from").collect()
    held = on.group_by("member_id", maintain_order=True).agg(pl.col("tier").last().alias("held"), pl.len().alias("stretches"))
    return held.select("member_id", "held"), held.filter(pl.col("stretches") > 1).height


def placed(rules: Rules, amount: pl.Expr) -> pl.Expr:
    """Return the tier that a count is worth by the rules; null below the lowest."""
    tier = pl.lit(None, pl.String)
    for name, threshold in zip(rules.tiers, rules.thresholds, strict=True):
        tier = pl.when(amount >= threshold).then(pl.lit(name)).otherwise(tier)
    return tier


def shown(view: View, rules: Rules, amount: float) -> str:
    """Return a count in words: money, orders or points."""
    if rules.measure == "sales":
        return view.money(amount)
    return some(round(amount), "order" if rules.measure == "orders" else "point")
