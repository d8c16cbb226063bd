"""Benefits that were given: which of them were used."""

from __future__ import annotations

import polars as pl

from toolkit.portrait.membership.tables import known_rows
from toolkit.scope.view import View


def unused_grants(view: View, used: pl.DataFrame) -> pl.DataFrame | None:
    """Return the grants of the window, and those from before that could be used in it, with `is_used` and `is_over`; None without the
    table.

    `used`: all uses up to as_of (`member_id`, `benefit`, `used_at`). `is_over`: its last day is past.
    """
    table = known_rows(view, "benefit_grants")
    if table is None:
        return None
    until = pl.col("usable_until") if "usable_until" in table.columns else pl.lit(None, pl.Date)
    ids = pl.col("member_id", "benefit").cast(pl.String)
    grants = matched(
        table.select(ids, pl.col("granted_at").alias("at"), until.alias("usable_until"), "day"),
        used.select(ids, pl.col("used_at").alias("at")),
    )
    known_until = (pl.col("usable_until") >= view.period.start).fill_null(False)
    told = grants.filter(pl.col("day") <= view.period.end, (pl.col("day") >= view.period.start) | known_until)
    return told.with_columns((pl.col("usable_until") < view.as_of).fill_null(False).alias("is_over"))


def matched(grants: pl.DataFrame, uses: pl.DataFrame) -> pl.DataFrame:
    """Return the grants (`member_id`, `benefit`, `at`, ...) with `is_used`: a use takes the oldest grant before it that is left.

    A use that finds no grant takes none, also of those that come later. So what is left of an account is a queue: the running sum of grants
    less uses, over its lowest point so far; and what is left at the end are the last ones given.

    >>> rows = lambda days: pl.DataFrame({"member_id": "a", "benefit": "gift", "at": days})
    >>> matched(rows([2, 5, 8]), rows([1, 6]))["is_used"].to_list()
    [True, False, False]
    """
    who = ["member_id", "benefit"]
    both = pl.concat([grants.select(*who, "at", step=pl.lit(1)), uses.select(*who, "at", step=pl.lit(-1))])
    both = both.sort(*who, "at", pl.col("step") == -1, maintain_order=True).with_columns(pl.col("step").cum_sum().over(who).alias("sum"))
    left = both.group_by(who).agg((pl.col("sum").last() - pl.min_horizontal(pl.col("sum").min(), 0)).alias("left"))
    placed = grants.sort(*who, "at", maintain_order=True).join(left, on=who, how="left", maintain_order="left")
    after = pl.len().over(who) - pl.int_range(pl.len()).over(who)  # 1 = the last one given
    return placed.with_columns((after > pl.col("left")).alias("is_used")).drop("left")
