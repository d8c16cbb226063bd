"""Cohorts: members by the month they joined, and how many of them buy, month after month since."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import polars as pl

from toolkit import wording
from toolkit.answer import Finding, Note
from toolkit.errors import BadValue
from toolkit.language import tr, trn
from toolkit.portrait.measures.stages import lifecycle_limits
from toolkit.registry import question
from toolkit.scope.hiding import hide_few
from toolkit.scope.phrases import where
from toolkit.scope.view import View
from toolkit.wording import share, some

if TYPE_CHECKING:
    import altair as alt

_SCHEMA = {
    "cohort": pl.String, "members": pl.Int64, "months_since": pl.Int64, "member_count": pl.Int64, "retained_share": pl.Float64,
    "sales": pl.Float64, "sales_per_member": pl.Float64, "truncated": pl.Boolean,
}  # fmt: skip


@question(
    "targeting",
    "How many of the members who joined in a month still buy in the months after?",
    words=(
        "cohorts, joining month by months since, retention",
        "retention of new members month by month",
        "what do members spend in the months after they join",
        "同期群 留存 入会月",
    ),
)
def cohorts(view: View, *, most_months: int = 24) -> Finding:
    """Return retention and spend by joining month: one row per cohort and month since.

    A member joins in the month of `joined_on` where the shop states it and it is not after the first order, else in that of the first order
    across the chain. Retained in month k = ordered in the scope in the k-th calendar month after (month 0 = the joining month). Only whole
    months are shown. Members first seen in the first days of the receipts, with no joining day stated, may have bought before: their cohort
    is marked as left-truncated and takes no part in the headline.

    Parameters
    ----------
    most_months
        Latest joining months shown, 1 to 120.

    Returns
    -------
    Answer
        Table columns: `cohort` (YYYY-MM), `members` (who joined then, in scope), `months_since`, `member_count` (ordered in that month),
        `retained_share` (0..1 of `members`), `sales` (currency units, that month in the scope, returns subtracted), `sales_per_member`
        (over all `members`; money of fewer buyers than scope.minimum_members is null), `truncated`. Cohorts with fewer members
        than that are left out and counted in a note.

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
    sizes = (
        joined.group_by("month").agg(pl.len().cast(pl.Int64).alias("members"), pl.col("truncated").any()).sort("month").tail(most_months)
    )
    few = sizes.filter(pl.col("members") < view.settings.scope.minimum_members)
    sizes = sizes.filter(pl.col("members") >= view.settings.scope.minimum_members)
    table = _table(view, joined, sizes, last)
    shown, hidden = hide_few(view, table, "sales", "sales_per_member")
    return Finding(
        headline=_headline(view, table),
        table=shown,
        chart=(lambda: _chart(view, table)) if table.height else None,
        notes=[*_notes(view, sizes, few, last), *hidden],
        ask_next=[("targeting.gain_loss", {}), ("portrait.lifecycle", {})],
        figures=_figures(table),
    )


def _last_whole_month(as_of: date) -> date:
    """First day of the latest calendar month that has ended by as_of."""
    first = (as_of + timedelta(days=1)).replace(day=1)
    return (first - timedelta(days=1)).replace(day=1)


def _joined(view: View) -> pl.DataFrame:
    """Members in scope with an order: `member_code`, joining `month` (its first day), `truncated`."""
    members = view.members.filter(pl.col("first_ordered_on").is_not_null())
    stated = pl.col("joined_on") if "joined_on" in members.columns else pl.lit(None, pl.Date)
    stated = pl.when(stated <= pl.col("first_ordered_on")).then(stated)
    limits = lifecycle_limits(view)
    unsure = view.first_day + timedelta(days=limits.lapsed_days or 91)
    truncated = stated.is_null() & (pl.col("first_ordered_on") <= unsure)
    month = pl.coalesce(stated, "first_ordered_on").dt.truncate("1mo")
    made = members.select("member_code", month.alias("month"), truncated.alias("truncated"))
    # Months before the receipts cannot be followed: their early months are out of sight.
    return made.with_columns((pl.col("truncated") | (pl.col("month") < view.first_day.replace(day=1))).alias("truncated"))


def _table(view: View, joined: pl.DataFrame, sizes: pl.DataFrame, last: date) -> pl.DataFrame:
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
        pl.col("is_order").sum().cast(pl.Int64).alias("member_count"), pl.col("amount").sum()
    )
    span = _months_between("month", pl.lit(last))
    first = pl.max_horizontal(pl.lit(0, pl.Int64), _months_between("month", pl.lit(view.first_day)))
    every = sizes.with_columns(pl.int_ranges(first, span + 1, dtype=pl.Int64).alias("months_since")).explode(
        "months_since", empty_as_null=False
    )
    full = every.join(cells, on=["month", "months_since"], how="left", maintain_order="left")
    full = full.with_columns(pl.col("member_count", "amount").fill_null(0))
    return full.select(
        pl.col("month").dt.strftime("%Y-%m").alias("cohort"),
        "members",
        "months_since",
        "member_count",
        (pl.col("member_count") / pl.col("members")).alias("retained_share"),
        view.major("amount").alias("sales"),
        (view.major("amount") / pl.col("members")).alias("sales_per_member"),
        "truncated",
    ).cast(_SCHEMA)  # type: ignore[arg-type]


def _months_between(start: str, end: str | pl.Expr) -> pl.Expr:
    late = pl.col(end) if isinstance(end, str) else end
    early = pl.col(start)
    return ((late.dt.year() - early.dt.year()) * 12 + late.dt.month().cast(pl.Int32) - early.dt.month().cast(pl.Int32)).cast(pl.Int64)


def _followed(table: pl.DataFrame, month: int) -> dict[str, Any] | None:
    """The cohorts that are whole and old enough for a month since, taken together."""
    rows = table.filter(~pl.col("truncated") & (pl.col("months_since") == month))
    if rows.is_empty():
        return None
    members = int(rows["members"].sum())
    return {"members": members, "share": int(rows["member_count"].sum()) / members, "spend": float(rows["sales"].sum()) / members}


def _headline(view: View, table: pl.DataFrame) -> str:
    known = [(month, found) for month in (1, 3, 6, 12) if (found := _followed(table, month))]
    if not known:
        return tr(
            "{where}, retention by joining month is not measured: no whole month of new members has been followed long enough.",
            where=where(view),
        )
    said = [
        tr("{share} order in month {month} (n = {members:,})", share=share(found["share"]), month=month, members=found["members"])
        for month, found in known
    ]
    spend = wording.money(known[0][1]["spend"], view.currency)
    return tr(
        "{where}, of members who joined in a month, {said}; in month {month} they spend {spend} each.",
        where=where(view),
        said=wording.clauses(said),
        month=known[0][0],
        spend=spend,
    )


def _notes(view: View, sizes: pl.DataFrame, few: pl.DataFrame, last: date) -> list[str | Note]:
    notes: list[str | Note] = []
    cut = sizes.filter("truncated")
    if cut.height:
        notes.append(
            Note(
                tr(
                    "Left-truncated: the receipts start on {first_day}, so {members} of the months up to {latest:%Y-%m} may have "
                    "bought before and are not new. Read these rows as existing members; they are not in the headline.",
                    first_day=view.first_day,
                    members=some(int(cut["members"].sum()), "member"),
                    latest=cut["month"].max(),
                ),
                "REVIEW",
            )
        )
    if few.height:
        notes.append(
            trn(
                "{joining_months} with fewer than {minimum_members} members (setting scope.minimum_members) is left out ({members}).",
                "{joining_months} with fewer than {minimum_members} members (setting scope.minimum_members) are left out ({members}).",
                few.height,
                joining_months=some(few.height, "joining month"),
                minimum_members=view.settings.scope.minimum_members,
                members=some(int(few["members"].sum()), "member"),
            )
        )
    notes.append(
        tr("Whole calendar months up to {last:%Y-%m}; a later, unfinished one is not shown. Months differ in length and season.", last=last)
    )
    if view.scope.is_place:
        notes.append(tr("Joining is the member's own, across the chain; retained and spend are in the scope."))
    return notes


def _figures(table: pl.DataFrame) -> dict[str, float]:
    return {f"retained_share_month_{month}": found["share"] for month in (1, 3, 6, 12) if (found := _followed(table, month))}


def _chart(view: View, table: pl.DataFrame) -> alt.Chart | alt.LayerChart:
    from toolkit.charts.heatmap import heatmap

    counts = pl.Series("label", [f" (n {n:,})" for n in table["members"]], dtype=pl.String)
    shown = table.with_columns(
        pl.concat_str("cohort", pl.when("truncated").then(pl.lit(" *")).otherwise(pl.lit("")), pl.lit(counts)).alias("label")
    ).filter(pl.col("months_since") <= 24)
    cut = tr(" * = may have bought before the receipts start") if shown["truncated"].any() else ""
    return heatmap(
        shown,
        column="months_since",
        row="label",
        value="retained_share",
        n="members",
        kind="share",
        column_order=[str(month) for month in range(int(shown["months_since"].max() or 0) + 1)],  # type: ignore[arg-type]
        title=tr("Members who still order, by joining month: {place}", place=view.place),
        subtitle=tr("months up to {as_of}.{cut}", as_of=view.as_of, cut=cut),
        column_title=tr("Months since joining"),
        value_title=tr("Share who ordered"),
    )
