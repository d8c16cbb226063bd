"""Activity: how often members come now, against their own past."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from toolkit.answer import Finding, Note
from toolkit.language import tr, value
from toolkit.portrait.measures.takings import takings
from toolkit.registry import question
from toolkit.scope.hiding import hide_few
from toolkit.scope.phrases import sales_basis, where
from toolkit.scope.view import View
from toolkit.targeting.measures.rhythm import SPAN_DAYS, STATES, rhythms
from toolkit.wording import share, some

if TYPE_CHECKING:
    import altair as alt

NONE_YET = value("no orders")


@question(
    "targeting",
    "Who comes more often, and who less often, than they used to?",
    words=(
        "activity of members against their own past",
        "shopping days in the last 28 and 91 days",
        "which members have become more active or less active",
        "会员活跃度 活跃变化",
    ),
)
def activity(view: View) -> Finding:
    """Return how active members are against their own past: one row per state.

    A member is less (more) active than usual when, at the pace of the year before, so few (so many) shopping days in the last 91 would be
    as unlikely as 5% (setting activity.tail). Activity is the member's own across the chain; sales are those of the scope.

    Returns
    -------
    Answer
        Table columns: `activity`; `member_count`, `member_share` (0..1); `days_28`, `days_91` (mean shopping days of a member in the last
        28 and 91 days), `expected_days_91` (mean at the pace of their past; null where the past is too short); `order_count`, `sales`
        (currency units) of the period; `who` (the group as an audience's expression).

    Notes
    -----
    Days in 91 given a past of n days in T: negative binomial (Gamma-Poisson, Jeffreys prior). See `toolkit.models.rhythm.day_tails`.

    Example
    -------
    >>> tk.targeting.activity(ws, region="north").table                 # doctest: +SKIP
    """
    states = (*STATES, NONE_YET)
    members = takings(view).join(rhythms(view), on="member_code", how="left", maintain_order="left")
    members = members.with_columns(pl.col("activity").fill_null(NONE_YET))
    order = {name: place for place, name in enumerate(states)}
    table = (
        members.group_by("activity")
        .agg(
            pl.len().cast(pl.Int64).alias("member_count"),
            (pl.len() / members.height).alias("member_share"),
            pl.col("days_28", "days_91").mean(),
            pl.col("expected_days_91").mean(),
            pl.col("order_count").sum(),
            view.major(pl.col("sales").sum()).alias("sales"),
        )
        .with_columns(pl.when(pl.col("activity") != NONE_YET).then(pl.format("activity = '{}'", "activity")).alias("who"))
        .sort(pl.col("activity").replace_strict(order))
    )
    table, hidden = hide_few(view, table, "days_28", "days_91", "expected_days_91", "order_count", "sales")
    counts = dict(table.select("activity", "member_count").iter_rows())
    judged = sum(counts.get(name, 0) for name in STATES[:3])
    return Finding(
        headline=_headline(view, counts, judged, members.height),
        table=table,
        chart=(lambda: _chart(view, table)) if judged else None,
        notes=[*_notes(view, counts, judged), *hidden],
        ask_next=[("targeting.slipping", {})]
        + [("portrait.overview", {"audience": f"activity = '{STATES[0]}'"})] * bool(counts.get(STATES[0])),
        figures={"less_active_share": counts.get(STATES[0], 0) / judged, "more_active_share": counts.get(STATES[2], 0) / judged}
        if judged
        else {},
    )


def _headline(view: View, counts: dict[str, int], judged: int, members: int) -> str:
    if not judged:
        return tr(
            "{where}, activity is not measured: none of {members} has a past long enough to judge by.",
            where=where(view),
            members=some(members, "member"),
        )
    less, more = counts.get(STATES[0], 0), counts.get(STATES[2], 0)
    return tr(
        "{where}, {less:,} of {members} with a past to judge by ({less_share}) came on fewer days in the last "
        "{span_days} than their own past makes likely, {more:,} ({more_share}) on more.",
        where=where(view),
        less=less,
        members=some(judged, "member"),
        less_share=share(less / judged),
        span_days=SPAN_DAYS,
        more=more,
        more_share=share(more / judged),
    )


def _notes(view: View, counts: dict[str, int], judged: int) -> list[str | Note]:
    settings, days = view.settings.activity, view.settings.lifetime_value.purchase_days
    notes: list[str | Note] = []
    if judged:
        notes.append(
            tr(
                "By chance alone up to {tail} of members land on either side ({by_chance:,.0f} of {judged:,}): what is beyond "
                "that is change. All members together may also follow the season.",
                tail=share(settings.tail, 0),
                by_chance=settings.tail * judged,
                judged=judged,
            )
        )
    else:
        notes.append(Note(tr("Activity: the receipts do not reach back far enough."), "NOT MEASURED"))
    short = counts.get(STATES[3], 0)
    if short:
        notes.append(
            tr(
                "Past too short: {members} with fewer than {minimum_windows} whole windows of {days} days before the last "
                "{span_days} days; their first day counts as the start, not as a visit.",
                members=some(short, "member"),
                minimum_windows=settings.minimum_windows,
                days=days,
                span_days=SPAN_DAYS,
            )
        )
    return [*notes, sales_basis(view)]


def _chart(view: View, table: pl.DataFrame) -> alt.Chart | alt.LayerChart:
    from toolkit.charts.bars import measured_bars

    return measured_bars(
        table.filter(pl.col("activity").is_in(STATES[:3])),
        label="activity",
        measures={"expected_days_91": tr("at the pace of their past"), "days_91": tr("in the last {span_days} days", span_days=SPAN_DAYS)},
        n="member_count",
        kind="decimal",
        title=tr("Shopping days of a member, then and now: {place}", place=view.place),
        subtitle=tr("up to {as_of}, n members beside each", as_of=view.as_of),
        value_title=tr("Mean shopping days in {span_days}", span_days=SPAN_DAYS),
    )
