"""Cohorts: members by the month they joined, and how many of them buy, month after month since."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import polars as pl

from toolkit import columns as c
from toolkit.answer import Finding, Note
from toolkit.columns import AnswerTable
from toolkit.errors import BadValue
from toolkit.language import tr
from toolkit.portrait.measures.stages import lifecycle_limits
from toolkit.registry import question
from toolkit.scope.view import View
from toolkit.targeting.measures.came_again import (
    HORIZON_MONTHS,
    MONTH_DAYS,
    came_again,
    came_again_text,
    earlier_shares,
    last_reach,
    with_horizons,
)
from toolkit.wording import clauses

if TYPE_CHECKING:
    import altair as alt

COHORTS = c.table(
    "one row per joining month and month since",
    c.text("cohort", "Cohort", "YYYY-MM"),
    # Months in which too few joined are left out as a whole, so that what hides is who ordered.
    c.members("members", "Members at the start", "who joined then, in scope", hidden_by=None),
    c.count("months_since", "Months since", hidden_by=None),
    c.members(meaning="ordered in that month"),
    c.share("retained_share", "Still order", "of the members at the start", hidden_by="member_count"),
    c.money("sales", "Sales", "that month in the scope, returns subtracted", hidden_by="member_count"),
    c.money("sales_per_member", "Sales per member", "over all members at the start", hidden_by="member_count"),
    c.flag("truncated", "Truncated", "may have bought before the receipts start"),
    c.share(
        "earlier_share",
        "Members before, about",
        "of the members at the start, before the receipts start, by the pauses of all; pauses longer than the receipts are not in it",
        null="too near to the end of the receipts to tell, or as early as their start",
        hidden_by=None,
    ),
    c.days("horizon_days", "Horizon (days)", "after the first order seen; months of 30 days", null="the first month", hidden_by=None),
    c.members("followed_count", "Followed so long", "whose horizon ended by as_of, first order in the scope", hidden_by=None),
    c.members("again_count", "Came again", "ordered on a later day within the horizon"),
    c.share("again_share", "Share who came again", "of those followed so long", null="nobody is", hidden_by="again_count"),
)
FOLLOWED = c.table(
    "one row per month since, its whole cohorts together",
    c.count("month", hidden_by=None),
    c.members("members", hidden_by=None),
    c.members(),
    c.share("retained_share", hidden_by="member_count"),
    c.money("spend", hidden_by="member_count"),
)
_FOLLOWED_MONTHS = (1, 3, 6, 12)


@question(
    "targeting",
    "How many of the members who joined in a month still buy in the months after?",
    words=(
        "cohorts, joining month by months since, retention",
        "retention of new members month by month",
        "what do members spend in the months after they join",
        "同期群 留存 入会月",
    ),
    tables=COHORTS,
    figures=[
        *(c.share(f"retained_share_month_{month}", f"Still order after {month} month" + "s" * (month > 1)) for month in _FOLLOWED_MONTHS),
        *(c.share(f"again_share_{MONTH_DAYS * month}_days", f"Came again within {MONTH_DAYS * month} days") for month in HORIZON_MONTHS),
    ],
)
def cohorts(view: View, *, most_months: int = 24) -> Finding:
    """Return retention and spend by joining month: one row per cohort and month since.

    A member joins in the month of `joined_on` where the shop states it and it is not after the first order, else in that of the first order
    across the chain. Retained in month k = ordered in the scope in the k-th calendar month after (month 0 = the joining month). Only whole
    months are shown. Members first seen in the first days of the receipts, with no joining day stated, may have bought before: their cohort
    is marked as left-truncated, with about how many of it (`earlier_share`), and takes no part in the shares by calendar month.

    Came again = ordered on a later day within 30, 60, ... days of the first order seen (`horizon_days`), of the members whose horizon lies
    wholly in the receipts (`followed_count`): the fixed horizon with complete follow-up (Kaplan and Meier 1958, reduced sample). Where no
    cohort without truncation is followed for half a year, the headline takes those that are not mostly members before, and says so.

    Parameters
    ----------
    most_months
        Latest joining months shown, 1 to 120.

    Raises
    ------
    BadValue
        `most_months` is out of range.

    Example
    -------
    >>> tk.targeting.cohorts(ws, region="north").table                  # doctest: +SKIP
    """
    if not 1 <= most_months <= 120:
        raise BadValue(tr("targeting.cohorts: most_months is {most_months}; 1 to 120 months were needed.", most_months=most_months))
    last = _last_whole_month(view.as_of)
    joined = _joined(view).filter(pl.col("month") <= last)
    earlier = earlier_shares(view, joined)
    sizes = joined.group_by("month").agg(pl.len().alias("members"), pl.col("truncated").any()).sort("month").tail(most_months)
    few = sizes.filter(pl.col("members") < view.least)
    sizes = sizes.filter(pl.col("members") >= view.least)
    frame = with_horizons(view, joined, earlier, _cohorts(view, joined, sizes, last))
    shown, followed, again = COHORTS.of(frame.drop("month"), view), _followed(view, frame), came_again(view, frame)
    return Finding(
        headline=_headline(view, followed, again),
        table=shown,
        chart=(lambda: _chart(view, shown.frame)) if shown.height else None,
        notes=_notes(view, sizes, few, last, frame),
        ask_next=[("targeting.gain_loss", {}), ("portrait.lifecycle", {})],
        figures={f"retained_share_month_{row['month']}": row["retained_share"] for row in followed.rows()}
        | {f"again_share_{row['horizon_days']:.0f}_days": row["again_share"] for row in again.rows()},
    )


def _last_whole_month(as_of: date) -> date:
    """First day of the latest calendar month that has ended by as_of."""
    first = (as_of + timedelta(days=1)).replace(day=1)
    return (first - timedelta(days=1)).replace(day=1)


def _joined(view: View) -> pl.DataFrame:
    """Members in scope with an order: `member_code`, joining `month` (its first day), `truncated`, `is_stated` (the joining day is)."""
    members = view.members.filter(pl.col("first_ordered_on").is_not_null())
    stated = pl.col("joined_on") if "joined_on" in members.columns else pl.lit(None, pl.Date)
    stated = pl.when(stated <= pl.col("first_ordered_on")).then(stated)
    limits = lifecycle_limits(view)
    unsure = view.first_day + timedelta(days=limits.lapsed_days or 91)
    truncated = stated.is_null() & (pl.col("first_ordered_on") <= unsure)
    month = pl.coalesce(stated, "first_ordered_on").dt.truncate("1mo")
    joined = members.select("member_code", month.alias("month"), truncated.alias("truncated"), stated.is_not_null().alias("is_stated"))
    # Months before the receipts cannot be followed: their early months are out of sight.
    return joined.with_columns((pl.col("truncated") | (pl.col("month") < view.first_day.replace(day=1))).alias("truncated"))


def _cohorts(view: View, joined: pl.DataFrame, sizes: pl.DataFrame, last: date) -> pl.DataFrame:
    month = pl.col("ordered_at").dt.date().dt.truncate("1mo")
    bought = (
        view.orders.filter(pl.col("member_code").is_not_null())
        .group_by("member_code", month.alias("ordered"))
        .agg(pl.col("is_order").any(), pl.col("amount").sum())
        .collect(engine="streaming")
        .join(joined.join(sizes.select("month"), on="month", how="semi"), on="member_code")
        .filter(pl.col("ordered") <= last)
    )
    cells = bought.group_by("month", _months_between("month", "ordered").alias("months_since")).agg(
        pl.col("is_order").sum().alias("member_count"), pl.col("amount").sum()
    )
    span = _months_between("month", pl.lit(last))
    first = pl.max_horizontal(pl.lit(0, pl.Int64), _months_between("month", pl.lit(view.first_day)))
    every = sizes.with_columns(pl.int_ranges(first, span + 1, dtype=pl.Int64).alias("months_since")).explode(
        "months_since", empty_as_null=False
    )
    full = every.join(cells, on=["month", "months_since"], how="left", maintain_order="left")
    full = full.with_columns(pl.col("member_count", "amount").fill_null(0))
    return full.select(
        "month",
        pl.col("month").dt.strftime("%Y-%m").alias("cohort"),
        "members",
        "months_since",
        "member_count",
        (pl.col("member_count") / pl.col("members")).alias("retained_share"),
        view.major("amount").alias("sales"),
        (view.major("amount") / pl.col("members")).alias("sales_per_member"),
        "truncated",
    )


def _months_between(start: str, end: str | pl.Expr) -> pl.Expr:
    late = pl.col(end) if isinstance(end, str) else end
    early = pl.col(start)
    return ((late.dt.year() - early.dt.year()) * 12 + late.dt.month().cast(pl.Int32) - early.dt.month().cast(pl.Int32)).cast(pl.Int64)


def _followed(view: View, frame: pl.DataFrame) -> AnswerTable:
    """The cohorts that are whole and old enough for a month since, taken together."""
    whole = frame.filter(~pl.col("truncated") & pl.col("months_since").is_in(_FOLLOWED_MONTHS))
    sums = whole.group_by(pl.col("months_since").alias("month")).agg(pl.col("members", "member_count", "sales").sum()).sort("month")
    shares = [pl.col(amount) / pl.col("members") for amount in ("member_count", "sales")]
    return FOLLOWED.of(sums.with_columns(retained_share=shares[0], spend=shares[1]).drop("sales"), view)


def _headline(view: View, followed: AnswerTable, again: AnswerTable) -> str:
    if not followed.height and not again.height:
        return view.say(
            "{where}, retention by joining month is not measured: no whole month of members who joined has been followed long enough."
        )
    if not again.height:
        return _retained(view, followed)
    horizons = came_again_text(view, again, alone=not followed.height)
    return tr("{told} {horizons}", told=_retained(view, followed), horizons=horizons) if followed.height else horizons


def _retained(view: View, followed: AnswerTable) -> str:
    months = [
        view.say(
            "[is_few?fewer than {least}|{retained_share}] order in month {month} (n = {members})", row, is_few=row["retained_share"] is None
        )
        for row in followed.rows()
    ]
    return view.say(
        "{where}, of members who joined in a month, {months}[; in month {month} they spend {spend} each].",
        followed.row(), months=clauses(months),
    )  # fmt: skip


def _notes(view: View, sizes: pl.DataFrame, few: pl.DataFrame, last: date, frame: pl.DataFrame) -> list[str | Note]:
    notes: list[str | Note] = []
    cut = sizes.filter("truncated")
    if cut.height:
        truncated = view.say(
            "Left-truncated: the receipts start on {first_day}, so {members:member} of the months up to {latest:%Y-%m} may have bought "
            "before: the shares by calendar month leave them out.[last_told? By how long members' pauses are, of those first seen in "
            "{last_told:%Y-%m} at least {last_share:.0%} had; longer pauses than the receipts cannot be seen, so it is more.] From which "
            "month on nobody had cannot be told.",
            first_day=view.first_day, members=int(cut["members"].sum()), latest=cut["month"].max(), **last_reach(frame),
        )  # fmt: skip
        notes.append(Note(truncated, "REVIEW"))
    if (frame["followed_count"] > 0).any():
        notes.append(
            view.say(
                "Came again within so many days: of the members whose horizon lies wholly in the receipts (fixed horizon, complete "
                "follow-up); who is not yet that old is not counted as not returned. The horizons hold different members each."
            )
        )
    if few.height:
        notes.append(
            view.say(
                "{few:joining month} with fewer than {least} members (setting scope.minimum_members) [single?is|are] left out "
                "({members:member}).",
                few=few.height, single=few.height == 1, members=int(few["members"].sum()),
            )
        )  # fmt: skip
    notes.append(
        view.say(
            "Whole calendar months up to {last:%Y-%m}; a later, unfinished one is not shown. Months differ in length and season.", last=last
        )
    )
    if view.scope.is_place:
        notes.append(tr("Joining is the member's own, across the chain; retained and spend are in the scope."))
    return notes


def _chart(view: View, table: pl.DataFrame) -> alt.Chart | alt.LayerChart:
    from toolkit.charts.heatmap import heatmap

    counts = pl.Series("label", [f" (n {n:,})" for n in table["members"]], dtype=pl.String)
    shown = table.with_columns(
        pl.concat_str("cohort", pl.when("truncated").then(pl.lit(" *")).otherwise(pl.lit("")), pl.lit(counts)).alias("label")
    ).filter(pl.col("months_since") <= 24)
    return heatmap(
        shown,
        column="months_since",
        row="label",
        value="retained_share",
        n="members",
        kind="share",
        column_order=[str(month) for month in range(int(shown["months_since"].max() or 0) + 1)],  # type: ignore[arg-type]
        title=view.say("Members who still order, by joining month: {place}"),
        subtitle=view.say("months up to {as_of}.[is_cut? * = may have bought before the receipts start]", is_cut=shown["truncated"].any()),
        column_title=tr("Months since joining"),
        value_title=tr("Share who ordered"),
    )
