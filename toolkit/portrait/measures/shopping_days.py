"""The days on which members ordered: what rhythm, recency and stages are read from."""

from __future__ import annotations

from datetime import date

import polars as pl

from toolkit.scope.view import View


def member_days(view: View, until: date | None = None) -> pl.DataFrame:
    """Return the shopping days of the chain's members: `member_code`, `day`; one row each, up to `until`."""
    last, chain = until or view.as_of, view.chain
    return chain.remembered(("member_days", last), lambda: _days_until(chain, last))


def _days_until(chain: View, last: date) -> pl.DataFrame:
    return (
        chain.orders.filter(pl.col("member_code").is_not_null() & pl.col("is_order"))
        .select("member_code", pl.col("ordered_at").dt.date().alias("day"))
        .filter(pl.col("day") <= last)
        .unique()
        .collect()
    )
