"""Who came again within a fixed horizon of the first order seen, and how many of those first seen may have been there before."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import polars as pl

from toolkit import columns as c
from toolkit.columns import AnswerTable
from toolkit.models.repurchase import gaps, repurchase_curve
from toolkit.portrait.measures.shopping_days import member_days
from toolkit.scope.view import View
from toolkit.wording import clauses

MONTH_DAYS = 30
"""Days of a month of follow-up: months of the calendar differ in length, a horizon must not."""
HORIZON_MONTHS = (1, 2, 3, 6, 12)
_HALF_YEAR = 6
_MOSTLY_OLD = 0.5
"""More members before than this: no cohort of new members at all, and it takes no part in a headline while there are others."""
_ENDED_DAYS = 91
"""Receipts that lie behind a pause at least: a longer one could hardly have been seen to end, so that none would seem to be so long."""
_SHORTEST_DAYS = 182
"""Receipts in which a share of members before can be told: in 14 weeks it came to .38 where .89 were (benchmarks/truth_cohorts.py)."""
_WATCHED = 30
"""Pauses still watched at least, as for the limits of the lifecycle."""
AGAIN = c.table(
    "one row per horizon, the cohorts of the headline together",
    c.days("horizon_days", hidden_by=None),
    c.members("followed_count", hidden_by=None),
    c.members("again_count"),
    c.share("again_share", hidden_by="again_count"),
    c.share("earlier_share", hidden_by=None),
    c.text("first"),
    c.text("last"),
)


def _horizons(view: View, joined: pl.DataFrame, months: Sequence[int]) -> pl.DataFrame:
    """Return how many members of a cohort were followed for k months of 30 days after their first order, and how many came again by then.

    In: `member_code`, `month` (the cohort). Out: `month`, `months_since` (k), `horizon_days`, `followed_count`, `again_count`.

    Followed is whose whole horizon lies in the receipts (complete follow-up): who is not yet that old is not counted as not returned. As
    the end of the receipts has nothing to do with what a member does, the share is without bias: the reduced-sample estimate, which Kaplan
    and Meier (JASA 53 (1958), 457-481, section 3) set against their own. Came again = ordered in the scope on a later day. Of a store or
    region, those are followed who ordered there on their first day: who began elsewhere is in its scope only because they came again.
    """
    orders = view.orders.filter("is_order", pl.col("member_code").is_not_null())
    days = orders.select("member_code", pl.col("ordered_at").dt.date().alias("day")).unique().collect()
    first = view.members.select("member_code", pl.col("first_ordered_on").alias("first"))
    visits = days.join(first, on="member_code").group_by("member_code", "first").agg(
        (pl.col("day") == pl.col("first")).any().alias("began"), pl.col("day").filter(pl.col("day") > pl.col("first")).min().alias("again")
    )  # fmt: skip
    followed = joined.join(visits.filter("began"), on="member_code")
    whole = followed.join(pl.DataFrame({"months_since": list(months)}, schema={"months_since": pl.Int64}), how="cross").with_columns(
        (pl.col("months_since") * MONTH_DAYS).alias("horizon_days")
    )
    until = pl.col("first") + pl.duration(days="horizon_days")
    return (
        whole.filter(until <= view.as_of)
        .group_by("month", "months_since", "horizon_days")
        .agg(pl.len().alias("followed_count"), (pl.col("again") <= until).fill_null(False).sum().alias("again_count"))
    )


def earlier_shares(view: View, joined: pl.DataFrame) -> pl.DataFrame:
    """Return about which share of a cohort had been members before the receipts start: one row per month, ascending.

    In: `member_code`, `month`, `is_stated` (the joining day is known). Out: `month`, `earlier_share`; null in receipts of less than half a
    year, and in the last 91 days: a pause that reaches back to the start from there could hardly have been seen to end.

    On a day t days after the receipts start, C members come back from a pause that began in them. If S(t) of the pauses that end are
    longer than t, the C are 1 - S(t) of all who come back on that day, and C S(t) / (1 - S(t)) others look as if they came for the first
    time. S is the Kaplan-Meier curve of the pauses of those who come back at all, every pause weighing the same (`repurchase_curve`).
    Pauses longer than the receipts never count: it is a lower figure where members are that rare. Made for the chain; of a scope the same,
    but for those whose joining day is stated.
    """
    months = view.chainwide("earlier_members", _earlier)
    stated = joined.group_by("month").agg((~pl.col("is_stated")).mean().alias("unstated"))
    return (
        stated.join(months, on="month", how="left")
        .select("month", (pl.col("earlier_share") * pl.col("unstated")).alias("earlier_share"))
        .sort("month")
    )


def _earlier(chain: View) -> pl.DataFrame:
    days = member_days(chain).sort("member_code", "day")
    start = chain.first_day
    before = pl.col("day").shift(1).over("member_code")
    month = pl.col("day").dt.truncate("1mo")
    returns = days.with_columns(before.is_not_null().alias("is_back"))
    visits = returns.group_by("day").agg(pl.col("is_back").sum().alias("back"), (~pl.col("is_back")).sum().alias("fresh"))
    curve = repurchase_curve(gaps(days, as_of=chain.as_of), member_weighted=False).filter(pl.col("at_risk_count") >= _WATCHED)
    if curve.is_empty() or (chain.as_of - start).days < _SHORTEST_DAYS:
        return pl.DataFrame(schema={"month": pl.Date, "earlier_share": pl.Float64})
    most = float(curve["returned_share"][-1])
    passed = curve.select(pl.col("gap_days").alias("since"), (pl.col("returned_share") / most).alias("ended")).sort("since")
    daily = visits.with_columns((pl.col("day") - start).dt.total_days().alias("since")).sort("since")
    daily = daily.join_asof(passed, on="since", strategy="backward").with_columns(pl.col("ended").fill_null(0.0))
    # On the first days nearly nobody can be seen to come back: all are taken to have been there.
    unseen = pl.when(pl.col("ended") > 0).then(pl.col("back") * (1 - pl.col("ended")) / pl.col("ended")).otherwise(pl.col("fresh"))
    seen = chain.as_of - timedelta(days=_ENDED_DAYS)
    share = pl.min_horizontal(unseen.sum() / pl.col("fresh").sum(), 1.0)
    return (
        daily.group_by(month.alias("month"))
        .agg(pl.when(pl.col("fresh").sum() > 0).then(share).alias("earlier_share"))
        .sort("month")
        # An earlier month cannot hold fewer of them: few are seen to come back in the first weeks.
        .with_columns(pl.when(pl.col("month") <= seen).then(pl.col("earlier_share").cum_max(reverse=True)))
    )


def with_horizons(view: View, joined: pl.DataFrame, earlier: pl.DataFrame, frame: pl.DataFrame) -> pl.DataFrame:
    """Cohorts with the share of members before, and who was followed for the months since and came again."""
    most = int(frame["months_since"].max() or 0)  # type: ignore[arg-type]
    followed = _horizons(view, joined, range(1, most + 1))
    full = frame.join(earlier, on="month", how="left", maintain_order="left")
    full = full.join(followed.drop("horizon_days"), on=["month", "months_since"], how="left", maintain_order="left")
    since = pl.col("months_since") > 0
    return full.with_columns(
        pl.when(since).then(pl.col("months_since") * MONTH_DAYS).alias("horizon_days"),
        *(pl.when(since).then(pl.col(name).fill_null(0)).alias(name) for name in ("followed_count", "again_count")),
        (pl.col("again_count") / pl.col("followed_count")).alias("again_share"),
    )


def came_again(view: View, frame: pl.DataFrame) -> AnswerTable:
    """Who came again within each horizon of the headline, of the cohorts that tell most of new members, taken together."""
    # A later cohort has fewer members before than the last of which it can be told how many.
    told = frame.sort("month", maintain_order=True).with_columns(
        pl.when("truncated").then(pl.col("earlier_share").forward_fill()).otherwise(0.0).alias("earlier_share")
    )
    seen = told.filter(pl.col("months_since").is_in(HORIZON_MONTHS) & (pl.col("followed_count") > 0))
    sound = seen.filter(~pl.col("truncated"))
    if sound.filter(pl.col("months_since") == _HALF_YEAR)["followed_count"].sum() < view.least:
        newer = seen.filter(pl.col("earlier_share") <= _MOSTLY_OLD)
        sound = newer if newer["followed_count"].sum() >= view.least else seen
    weight = pl.col("followed_count")
    sums = sound.group_by("horizon_days", maintain_order=True).agg(
        pl.col("followed_count", "again_count").sum(),
        pl.when(~pl.col("earlier_share").has_nulls()).then((pl.col("earlier_share") * weight).sum() / weight.sum()).alias("earlier_share"),
        pl.col("cohort").min().alias("first"),
        pl.col("cohort").max().alias("last"),
    )
    sums = sums.filter(weight >= view.least).sort("horizon_days")
    return AGAIN.of(sums.with_columns(again_share=pl.col("again_count") / weight), view)


def came_again_text(view: View, again: AnswerTable, *, alone: bool) -> str:
    """The horizons in words, each of the members whose horizon is over; how many of them may be members before."""
    rows = list(again.rows())
    first, last = min(row["first"] for row in rows), max(row["last"] for row in rows)
    shares = [
        view.say(
            "[is_few?fewer than {least}|{again_share}] came again within {horizon_days} days (n = {followed_count})",
            row, is_few=row["again_share"] is None,
        )
        for row in rows
    ]  # fmt: skip
    return view.say(
        "[alone?{where}, of|Of] the members first seen [several?from {first} to {last}|in {first}], {shares}[young?; "
        "later is not seen yet].[old? About {earlier_share} or more of those followed for {horizon_days} days may have been members before "
        "the receipts start[mostly?: how new ones come again cannot be told yet].][unknown? How many of them were "
        "members before cannot be told from receipts so short.]",
        rows[-1], shares=clauses(shares), alone=alone, first=first, last=last, several=first != last,
        unknown=rows[-1]["earlier_share"] is None, mostly=(rows[-1]["earlier_share"] or 0) > _MOSTLY_OLD,
        young=rows[-1]["horizon_days"] < MONTH_DAYS * HORIZON_MONTHS[-1], old=(rows[-1]["earlier_share"] or 0) >= 0.005,
    )  # fmt: skip


def last_reach(frame: pl.DataFrame) -> dict[str, object]:
    """The last month of which it can be told how many were members before, and how many at least."""
    months = frame.unique("month").sort("month").filter("truncated").drop_nulls("earlier_share")
    latest = months.row(-1, named=True) if months.height else {"month": None, "earlier_share": None}
    return {"last_told": latest["month"], "last_share": latest["earlier_share"]}
