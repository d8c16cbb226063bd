"""Activity: how often members come now, against their own past."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from toolkit.answer import Finding, Note
from toolkit.mart.view import View
from toolkit.portrait.phrases import sales_basis, where
from toolkit.portrait.takings import takings
from toolkit.registry import question
from toolkit.targeting.cells import hide_few
from toolkit.targeting.rhythm import SPAN_DAYS, STATES, rhythms
from toolkit.wording import share, some

if TYPE_CHECKING:
    import altair as alt

NONE_YET = "no orders"


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
        return f"{where(view)}, activity is not measured: none of {some(members, 'member')} has a past long enough to judge by."
    less, more = counts.get(STATES[0], 0), counts.get(STATES[2], 0)
    return (
        f"{where(view)}, {less:,} of {some(judged, 'member')} with a past to judge by ({share(less / judged)}) came on fewer days in "
        f"the last {SPAN_DAYS} than their own past makes likely, {more:,} ({share(more / judged)}) on more."
    )


def _notes(view: View, counts: dict[str, int], judged: int) -> list[str | Note]:
    settings, days = view.settings.activity, view.settings.lifetime_value.purchase_days
    notes: list[str | Note] = []
    if judged:
        notes.append(
            f"By chance alone up to {share(settings.tail, 0)} of members land on either side ({settings.tail * judged:,.0f} of "
            f"{judged:,}): what is beyond that is change. All members together may also follow the season."
        )
    else:
        notes.append(Note("Activity: the receipts do not reach back far enough.", "NOT MEASURED"))
    short = counts.get(STATES[3], 0)
    if short:
        notes.append(
            f"Past too short: {some(short, 'member')} with fewer than {settings.minimum_windows} whole windows of {days} days before the "
            f"last {SPAN_DAYS} days; their first day counts as the start, not as a visit."
        )
    return [*notes, sales_basis(view)]


def _chart(view: View, table: pl.DataFrame) -> alt.Chart | alt.LayerChart:
    from toolkit.charts.bars import measured_bars

    return measured_bars(
        table.filter(pl.col("activity").is_in(STATES[:3])),
        label="activity",
        measures={"expected_days_91": "at the pace of their past", "days_91": f"in the last {SPAN_DAYS} days"},
        n="member_count",
        kind="decimal",
        title=f"Shopping days of a member, then and now: {view.place}",
        subtitle=f"up to {view.as_of}, n members beside each",
        value_title=f"Mean shopping days in {SPAN_DAYS}",
    )
