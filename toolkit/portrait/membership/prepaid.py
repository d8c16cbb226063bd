"""Prepaid accounts added up: balances, what lies still, what stood below zero, the age of what is left. Minor units throughout."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import polars as pl

from toolkit.language import value
from toolkit.models.point_lots import point_lots

AGES = ((91, value("up to 3 months")), (182, value("3 to 6 months")), (364, value("6 to 12 months")))
OLDER = value("over a year")


@dataclass(frozen=True)
class Prepaid:
    """`entries`: member, day, kind, amount, in their order; `accounts`: member, balance, last_entry_on; of them `dormant` and `below` zero.

    `ever_below`: accounts that were below zero at any time.
    """

    entries: pl.DataFrame
    accounts: pl.DataFrame
    dormant: pl.DataFrame
    below: pl.DataFrame
    ever_below: int


def prepaid(rows: pl.DataFrame, still_since: date) -> Prepaid:
    """Return the accounts of entries (`member_id`, `entered_at`, `day`, `kind`, `stored_amount`); of equal times loads come first.

    Dormant is an account with money whose last entry lies before `still_since`.
    """
    entries = rows.select(
        pl.col("member_id").cast(pl.String).alias("member"), "entered_at", "day", "kind", pl.col("stored_amount").alias("amount")
    ).sort("member", "entered_at", pl.col("kind") == "spent", maintain_order=True)
    signed = pl.when(pl.col("kind") == "spent").then(-pl.col("amount")).otherwise(pl.col("amount"))
    entries = entries.with_columns(signed.cum_sum().over("member").alias("balance"))
    accounts = entries.group_by("member", maintain_order=True).agg(
        pl.col("balance").last(), pl.col("day").last().alias("last_entry_on"), pl.col("balance").min().alias("lowest")
    )
    return Prepaid(
        entries=entries,
        accounts=accounts,
        dormant=accounts.filter(pl.col("balance") > 0, pl.col("last_entry_on") < still_since),
        below=accounts.filter(pl.col("balance") < 0),
        ever_below=accounts.filter(pl.col("lowest") < 0).height,
    )


def ages(held: Prepaid, as_of: date) -> pl.DataFrame:
    """Return what is outstanding by the age of its load: `age`, `prepaid_amount`, `amount_share`, `member_count`.

    First in, first out. What an account without loads enough has spent is in no age: `Prepaid.below` holds it.
    """
    kinds = pl.col("kind").replace_strict({"loaded": "earned", "spent": "burnt"})
    left = point_lots(held.entries.select("member", "day", kinds, pl.col("amount").alias("points"))).filter(pl.col("fate").is_null())
    days = (pl.lit(as_of) - pl.col("born")).dt.total_days()
    name = pl.lit(OLDER)
    for most, words in reversed(AGES):
        name = pl.when(days <= most).then(pl.lit(words)).otherwise(name)
    sums = left.with_columns(name.alias("age")).group_by("age").agg(
        pl.col("points").sum().alias("prepaid_amount"), pl.col("member").n_unique().cast(pl.Int64).alias("member_count")
    )  # fmt: skip
    frame = pl.DataFrame({"age": [*(words for _, words in AGES), OLDER]}).join(sums, on="age", how="left", maintain_order="left")
    frame = frame.with_columns(pl.col("prepaid_amount", "member_count").fill_null(0))
    whole = int(frame["prepaid_amount"].sum())
    return frame.with_columns((pl.col("prepaid_amount") / whole if whole > 0 else pl.lit(None, pl.Float64)).alias("amount_share"))


def months(held: Prepaid, as_of: date) -> pl.DataFrame:
    """Return `month`, `member_count` (with an entry), `loaded`, `spent` and the `balance` of all accounts at the end of the month."""
    first = held.entries["day"].min()
    every = pl.DataFrame({"month": pl.date_range(first.replace(day=1), as_of, "1mo", eager=True)})  # type: ignore[union-attr]
    sums = held.entries.group_by(pl.col("day").dt.truncate("1mo").alias("month")).agg(
        pl.col("member").n_unique().cast(pl.Int64).alias("member_count"),
        *[pl.col("amount").filter(pl.col("kind") == kind).sum().alias(kind) for kind in ("loaded", "spent")],
    )
    frame = every.join(sums, on="month", how="left").sort("month").with_columns(pl.exclude("month").fill_null(0))
    return frame.with_columns((pl.col("loaded") - pl.col("spent")).cum_sum().alias("balance"))
