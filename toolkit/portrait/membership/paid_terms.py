"""The terms of paid memberships: which were renewed, which are not over yet, and what was saved in them against their fee."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import polars as pl

from toolkit.language import value
from toolkit.models.shares import wilson
from toolkit.portrait.membership.tables import known_rows
from toolkit.scope.view import View

LENGTHS = ((28, 31, value("a month")), (84, 93, value("a quarter")), (180, 186, value("half a year")), (359, 371, value("a year")))
OTHER_LENGTH = value("another length")
FIRST, SECOND, LATER = value("first term"), value("second term"), value("third term or later")


@dataclass(frozen=True)
class Terms:
    """`rows`: the terms (see `laid_out`); `inside`: terms left out because another of the same member covers them."""

    rows: pl.DataFrame
    inside: int


def paid_terms(view: View) -> Terms | None:
    """Return the terms of members in scope that began up to as_of, with what was saved in them; None where the shop has no such table.

    Adds `discount` and `benefit_cost` (minor units, null where the shop does not state them) and `is_seen`: all of the term lies in the
    receipts. An order or benefit belongs to the term that began last before it. Orders are those of the chain.
    """
    table = known_rows(view, "memberships")
    if table is None:
        return None
    rows, inside = laid_out(table, view.as_of, view.settings.membership.renewal_days)
    rows = rows.join(view.population.select("member_code", "member_id"), on="member_id", how="left", maintain_order="left")
    discount = benefit = pl.lit(None, pl.Int64)
    if view.has_column("lines", "discount_amount"):
        orders = view.chain.orders.filter(pl.col("member_code").is_in(rows["member_code"].drop_nulls().implode()))
        spent = orders.select("member_code", pl.col("ordered_at").dt.date().alias("on"), pl.col("discount_amount").alias("saved")).collect()
        rows, discount = _taken_in(rows, spent.join(_ids(rows), on="member_code"), "discount"), pl.col("discount").fill_null(0)
    used = known_rows(view, "benefits")
    if used is not None and "cost" in used.columns:
        rows = _taken_in(rows, used.select("member_id", pl.col("day").alias("on"), pl.col("cost").alias("saved")), "benefit_cost")
        benefit = pl.col("benefit_cost").fill_null(0)
    is_seen = (pl.col("valid_from") >= view.first_day) & (pl.col("valid_until") <= view.as_of)
    return Terms(rows.with_columns(discount.alias("discount"), benefit.alias("benefit_cost"), is_seen.alias("is_seen")), inside)


def laid_out(table: pl.DataFrame, as_of: date, renewal_days: int) -> tuple[pl.DataFrame, int]:
    """Return the terms in order, and how many are left out since an earlier one of the same member lasts as long or longer.

    In: `member_id`, `valid_from`, `valid_until`, `fee`. Added: `term` (1 = first, anew after a pause longer than `renewal_days`), `length`
    (of `LENGTHS`), `next_from`, `is_renewed` (the next begins within `renewal_days` after the last day) and `is_judged`: those days are
    over on `as_of`. A term that is not judged is neither renewed nor lapsed yet.

    >>> rows = [("a", date(2024, 1, 1), date(2024, 1, 31), 9), ("a", date(2024, 2, 1), date(2024, 2, 29), 9)]
    >>> table = pl.DataFrame(rows, schema=["member_id", "valid_from", "valid_until", "fee"], orient="row")
    >>> laid_out(table, date(2024, 3, 5), 10)[0].select("term", "is_judged", "is_renewed").rows()
    [(1, True, True), (2, False, False)]
    """
    rows = table.select(pl.col("member_id").cast(pl.String), "valid_from", "valid_until", "fee").sort(
        "member_id", "valid_from", "valid_until"
    )
    covered = pl.col("valid_until").cum_max().shift(1).over("member_id")
    kept = rows.filter((covered < pl.col("valid_until")).fill_null(True))
    grace = pl.duration(days=renewal_days)
    begins = (pl.col("valid_from") > pl.col("valid_until").shift(1).over("member_id") + grace).fill_null(True)
    kept = kept.with_columns(begins.alias("begins"), pl.col("valid_from").shift(-1).over("member_id").alias("next_from"))
    run = pl.col("begins").cum_sum().over("member_id")
    days = (pl.col("valid_until") - pl.col("valid_from")).dt.total_days() + 1
    length = pl.lit(OTHER_LENGTH)
    for least, most, name in LENGTHS:
        length = pl.when(days.is_between(least, most)).then(pl.lit(name)).otherwise(length)
    kept = kept.with_columns(
        run.alias("run"),
        length.alias("length"),
        (pl.col("next_from") <= pl.col("valid_until") + grace).fill_null(False).alias("is_renewed"),
        (pl.col("valid_until") + grace <= as_of).alias("is_judged"),
    )
    return kept.with_columns(pl.int_range(1, pl.len() + 1).over("member_id", "run").alias("term")), rows.height - kept.height


def _ids(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.select("member_code", "member_id").drop_nulls().unique()


def _taken_in(rows: pl.DataFrame, taken: pl.DataFrame, name: str) -> pl.DataFrame:
    """The terms with the sum of what was taken in each (`member_id`, `on`, `saved`), null where nothing was."""
    placed = taken.with_columns(pl.col("member_id").cast(pl.String)).sort("on")
    begun = rows.select("member_id", "valid_from", "valid_until").sort("valid_from")
    within = placed.join_asof(begun, left_on="on", right_on="valid_from", by="member_id", check_sortedness=False)
    sums = within.filter(pl.col("on") <= pl.col("valid_until")).group_by("member_id", "valid_from").agg(pl.col("saved").sum().alias(name))
    return rows.join(sums, on=["member_id", "valid_from"], how="left", maintain_order="left")


def term_words() -> pl.Expr:
    """Return which term it is, in words."""
    number = pl.col("term")
    return pl.when(number == 1).then(pl.lit(FIRST)).when(number == 2).then(pl.lit(SECOND)).otherwise(pl.lit(LATER))


def renewals(rows: pl.DataFrame, group: pl.Expr) -> pl.DataFrame:
    """Return, per group, the terms and how many of those that are judged were renewed, with a 95% interval.

    Columns: `group`, `term_count`, `member_count`, `open_count` (terms not judged), `judged_count` (members with a term judged),
    `renewal_share` and its ends. Terms of one member are alike, so the interval is Wilson's with as many terms as would tell as much if
    they were independent (by the spread between members).
    """
    named = rows.with_columns(group.alias("group"))
    sums = named.group_by("group").agg(
        pl.len().cast(pl.Int64).alias("term_count"), pl.col("member_id").n_unique().cast(pl.Int64).alias("member_count"),
        (~pl.col("is_judged")).sum().cast(pl.Int64).alias("open_count"), pl.col("is_judged").sum().alias("n"),
        (pl.col("is_judged") & pl.col("is_renewed")).sum().alias("hits"),
    )  # fmt: skip
    share = pl.when(pl.col("n") > 0).then(pl.col("hits") / pl.col("n")).alias("renewal_share")
    sums = sums.with_columns(share)
    members = (
        named.filter("is_judged").group_by("group", "member_id").agg(pl.len().alias("terms"), pl.col("is_renewed").sum().alias("renewed"))
        .join(sums.select("group", "renewal_share"), on="group")
    )  # fmt: skip
    apart = (pl.col("renewed") - pl.col("renewal_share") * pl.col("terms")) ** 2
    spread = members.group_by("group").agg(pl.len().cast(pl.Int64).alias("judged_count"), apart.sum().alias("apart"))
    sums = sums.join(spread, on="group", how="left").with_columns(pl.col("judged_count").fill_null(0))
    as_one = pl.col("renewal_share") * (1 - pl.col("renewal_share")) * pl.col("n")  # what `apart` would be, were terms independent
    count = pl.when((pl.col("apart") > as_one) & (as_one > 0)).then(pl.col("n") * as_one / pl.col("apart")).otherwise(pl.col("n"))
    low, high = wilson(pl.col("renewal_share") * count, count)
    return sums.with_columns(low.alias("renewal_share_low"), high.alias("renewal_share_high")).drop("n", "hits", "apart")
