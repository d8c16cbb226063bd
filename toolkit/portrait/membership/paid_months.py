"""Paid members by month: who holds a plan, who began, who renewed, who left it."""

from __future__ import annotations

import polars as pl

from toolkit import columns as c
from toolkit.scope.view import View

MONTHS = c.table(
    "one row per month since the first term, oldest first",
    c.day("month", "Month", "its first day; the last may be part of a month"),
    c.members("member_count", "Paid members", "on the last day of the month, or on as_of"),
    c.members("begun_count", "Began", "a first term, or one after a pause"),
    c.members("renewed_count", "Renewed", "a further term began"),
    c.members("ended_count", "Ended", "a term's last day lay in the month and none followed in time", null="some may yet be renewed"),
    c.money("fees", "Fees", "of the terms that began in the month"),
)


def paid_months(view: View, rows: pl.DataFrame) -> pl.DataFrame:
    """Return the months with their paid members; in: the terms (`paid_terms`)."""
    begins, ends = (pl.col(name).dt.truncate("1mo").alias("month") for name in ("valid_from", "valid_until"))
    first = rows["valid_from"].min()
    months = pl.DataFrame({"month": pl.date_range(first.replace(day=1), view.as_of, "1mo", eager=True)})  # type: ignore[union-attr]
    days = months.with_columns(pl.min_horizontal(pl.col("month").dt.month_end(), pl.lit(view.as_of)).alias("day"))
    held = days.join_where(
        rows.select("member_id", "valid_from", "valid_until"), pl.col("valid_from") <= pl.col("day"), pl.col("valid_until") >= pl.col("day")
    )
    member = pl.col("member_id")
    counts = (
        held.group_by("month").agg(member.n_unique().alias("member_count")),
        rows.group_by(begins).agg(
            member.filter(pl.col("term") == 1).n_unique().alias("begun_count"),
            member.filter(pl.col("term") > 1).n_unique().alias("renewed_count"), view.major(pl.col("fee").sum()).alias("fees"),
        ),
        rows.group_by(ends).agg(member.filter("is_judged", ~pl.col("is_renewed")).n_unique().alias("ended_count")),
    )  # fmt: skip
    frame = months
    for part in counts:
        frame = frame.join(part, on="month", how="left", maintain_order="left")
    last_judged = pl.col("month").dt.month_end() + pl.duration(days=view.settings.membership.renewal_days) <= view.as_of
    ended = pl.when(last_judged).then(pl.col("ended_count").fill_null(0)).alias("ended_count")
    return frame.with_columns(
        pl.col("member_count", "begun_count", "renewed_count").fill_null(0).cast(pl.Int64),
        pl.col("fees").fill_null(0.0),
        ended.cast(pl.Int64),
    )
