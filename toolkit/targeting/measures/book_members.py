"""What the members of guides' books did before a period and in it, and how the books stand against each other."""

from __future__ import annotations

from datetime import timedelta

import polars as pl

from toolkit.models.book_index import BookIndex, book_index
from toolkit.scope.view import View
from toolkit.targeting.measures.books import Books
from toolkit.targeting.measures.rhythm import slipping_members

BANDS = 5
_YEAR = 364
_CAP = 0.99


def people_of(view: View, found: Books) -> pl.DataFrame:
    """Return one row a member of a book or of none: `guide_id`, `store_id` (their guide's), what they did in the year before the period
    (`before_count` orders, `before_amount`, `last_on`) and in it (`came`, `spent`; minor units), `is_slipping`."""
    start, end = view.period.start, view.period.end
    day = pl.col("ordered_at").dt.date()
    before, inside, year = day < start, day.is_between(start, end), day >= start - timedelta(days=_YEAR)
    sums = (
        view.chain.orders.filter(pl.col("member_code").is_not_null())
        .group_by("member_code")
        .agg(
            pl.col("is_order").filter(before & year).sum().cast(pl.Int64).alias("before_count"),
            pl.col("amount").filter(before & year).sum().alias("before_amount"),
            day.filter(before & pl.col("is_order")).max().alias("last_on"),
            pl.col("is_order").filter(inside).any().alias("came"), pl.col("amount").filter(inside).sum().alias("spent"),
        )
        .collect(engine="streaming")
    )  # fmt: skip
    members = found.members if view.scope.audience is None else found.members.join(view.members, on="member_code", how="semi")
    judged = slipping_members(view).select("member_code", "is_slipping")
    people = members.join(sums, on="member_code", how="left").join(judged, on="member_code", how="left")
    people = people.join(found.guides.select("guide_id", "store_id"), on="guide_id", how="left")
    return people.with_columns(pl.col("came").fill_null(False), pl.col("spent", "before_count", "before_amount").fill_null(0)).sort(
        "member_id"
    )


def index_of(people: pl.DataFrame, measure: str) -> tuple[pl.Series, BookIndex]:
    """Return the guides (sorted) and how their books stand (`models.book_index`), by who `came` or by `sales`, capped at the 99th
    hundredth of those who bought. Only members who had ordered in the year before count: others tell nothing of what was to be expected.
    """
    judged = people.filter(pl.col("before_count") > 0, pl.col("guide_id").is_not_null(), pl.col("store_id").is_not_null())
    ids, stores = judged["guide_id"].unique().sort(), judged["store_id"].unique().sort()
    codes = {name: number for number, name in enumerate(ids)}
    places = {name: number for number, name in enumerate(stores)}
    outcome = judged["came"].cast(pl.Float64)
    if measure == "sales":
        outcome = judged["spent"].clip(lower_bound=0).cast(pl.Float64)
        if (above := outcome.filter(outcome > 0)).len():
            outcome = outcome.clip(upper_bound=float(above.quantile(_CAP) or 0))
    kind = judged.select(_band("last_on") * BANDS + _band("before_count" if measure == "came" else "before_amount"))["last_on"]
    index = book_index(
        outcome.to_numpy(), judged["guide_id"].replace_strict(codes, return_dtype=pl.Int64).to_numpy(),
        judged["store_id"].replace_strict(places, return_dtype=pl.Int64).to_numpy(), kind.to_numpy(),
    )  # fmt: skip
    return ids, index


def _band(column: str) -> pl.Expr:
    """A fifth of the members each, equal values together."""
    position = (pl.col(column).rank("average") - 0.5) / pl.len()
    return (position * BANDS).floor().fill_null(0).cast(pl.Int64).clip(0, BANDS - 1)
