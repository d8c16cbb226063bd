"""R, F and M of every member: the arithmetic, and the table kept beside the mart."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date

import polars as pl

from toolkit.models.ranks import midrank_score
from toolkit.models.repurchase import gaps
from toolkit.models.rhythm_bands import RecencyRuler, usual_gaps
from toolkit.portrait.measures.shopping_days import member_days
from toolkit.scope.sales import member_sales
from toolkit.scope.view import View

EVEN_CUTS = (0.2, 0.4, 0.6, 0.8)


@dataclass(frozen=True)
class Ruler(RecencyRuler):
    """What scores members: edges of recency in days, and the shares of members at which F and M are cut."""

    fm_cuts: tuple[float, ...] = EVEN_CUTS


def score_members(members: pl.DataFrame, *, as_of: date, ruler: RecencyRuler, fm_cuts: tuple[float, ...] = EVEN_CUTS) -> pl.DataFrame:
    """Return the scores of members: one row per member, in the order they came.

    Columns in: `member_code`, `last_ordered_on` (Date, null = returns alone), `order_count`, `amount` (minor units), `usual_gap_days` where
    the ruler parts members by their rhythm, and `gap_days_mean` where it looks at their own pauses. Columns out: `member_code`,
    `recency_days` (Int64, days from the last order to `as_of`), `order_count`, `amount`, and `r_score`, `f_score`, `m_score` (Int8, 1..5, 5
    best). Members without an order are not scored: recency and scores are null, and they do not count into the ranks.

    R by fixed day edges of the member's band, at most 3 for who has been away for several pauses of their own; F and M by midrank, one more
    than the `fm_cuts` that `(mean_rank - 0.5) / n` lies above (by default `ceil(5 * (mean_rank - 0.5) / n)`), so that equal members get
    equal scores. Source: DEFINITIONS.md section 1, RFM; Hughes, Strategic Database Marketing (1994).

    Example
    -------
    >>> last = [date(2026, 1, 9), None]
    >>> shop = pl.DataFrame({"member_code": [1, 2], "last_ordered_on": last, "order_count": [3, 0], "amount": [500, -20]})
    >>> score_members(shop, as_of=date(2026, 1, 10), ruler=RecencyRuler(((7, 14, 28, 56),))).rows()
    [(1, 1, 3, 500, 5, 3, 3), (2, None, 0, -20, None, None, None)]
    """
    has_order = pl.col("last_ordered_on").is_not_null()
    recency = (pl.lit(as_of) - pl.col("last_ordered_on")).dt.total_days()
    return members.select(
        "member_code",
        recency.alias("recency_days"),
        pl.col("order_count").cast(pl.Int64),
        pl.col("amount").cast(pl.Int64),
        ruler.score(recency).alias("r_score"),
        midrank_score(pl.when(has_order).then(pl.col("order_count")), cuts=fm_cuts).alias("f_score"),
        midrank_score(pl.when(has_order).then(pl.col("amount")), cuts=fm_cuts).alias("m_score"),
    )


def chain_scores(view: View, ruler: Ruler) -> pl.DataFrame:
    """Return the scores of all members of the chain as of the view's date (columns as `score_members`); kept beside the mart.

    A member's scores are theirs across the chain, so that they read the same in every store's report.
    """
    name = "rfm-" + hashlib.sha256(repr(ruler).encode()).hexdigest()[:16]
    return view.chainwide(name, lambda chain: unstored_scores(chain, ruler))


def unstored_scores(chain: View, ruler: Ruler) -> pl.DataFrame:
    """Return the scores of all members of a chain, worked out now."""
    members = chain.population
    if ruler.rhythms and ruler.cuts:
        usual = usual_gaps(gaps(member_days(chain), as_of=chain.as_of), ruler.rhythms)
        members = members.join(usual, on="member_code", how="left", maintain_order="left")
    return score_members(members, as_of=chain.as_of, ruler=ruler, fm_cuts=ruler.fm_cuts)


def scope_scores(view: View, ruler: Ruler) -> pl.DataFrame:
    """Return the scores of the members in scope with what they bought there in the window: one row per member, sorted by member_id.

    Columns: `member_id` and those of `score_members`, and of the window `view.period` in the scope `orders` (Int64), `sales` and
    `order_sales` (minor units); 0 where a member bought nothing. Members who only returned goods there are in it too, without scores.
    """
    scored = view.members.select("member_code", "member_id").join(chain_scores(view, ruler), on="member_code", how="left")
    bought = member_sales(view).drop("units_milli")
    together = scored.join(bought, on="member_code", how="full", coalesce=True)
    if together["member_id"].null_count():  # in a store: returns there, orders elsewhere
        names = view.population.select("member_code", pl.col("member_id").alias("name"))
        together = together.join(names, on="member_code", how="left").with_columns(pl.coalesce("member_id", "name")).drop("name")
    return together.with_columns(pl.col("orders", "sales", "order_sales").fill_null(0)).sort("member_id")
