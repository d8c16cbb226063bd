"""Activity: how often members come now, against their own past."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from toolkit import columns as c
from toolkit.answer import Finding, Note
from toolkit.language import tr, value
from toolkit.portrait.measures.takings import takings
from toolkit.registry import question
from toolkit.scope.phrases import sales_basis
from toolkit.scope.view import View
from toolkit.targeting.measures.rhythm import SPAN_DAYS, STATES, rhythms
from toolkit.targeting.measures.shares import known_share, share_text

if TYPE_CHECKING:
    import altair as alt

NONE_YET = value("no orders")

BY_STATE = c.table(
    "one row per state of activity that has members",
    c.text("activity"),
    c.members(),
    c.share("member_share", "Share of members"),
    c.number("days_28", "Days, last 28", "mean shopping days of a member in the last 28 days"),
    c.number("days_91", "Days, last 91", "mean shopping days of a member in the last 91 days"),
    c.number("expected_days_91", "Days, at own past pace", "mean at the pace of their past", null="the past is too short"),
    c.count("order_count", "Orders", "of the period"),
    c.money("sales", "Sales", "of the period"),
    c.text("who", "As an audience", "the group as an audience's expression"),
)


@question(
    "targeting",
    "Who comes more often, and who less often, than they used to?",
    words=(
        "activity of members against their own past",
        "shopping days in the last 28 and 91 days",
        "which members have become more active or less active",
        "会员活跃度 活跃变化",
    ),
    tables=BY_STATE,
    figures=(c.share("less_active_share", "Share less active"), c.share("more_active_share", "Share more active")),
)
def activity(view: View) -> Finding:
    """Return how active members are against their own past: one row per state.

    A member is less (more) active than usual when, at the pace of the year before, so few (so many) shopping days in the last 91 would be
    as unlikely as 5% (setting activity.tail). Activity is the member's own across the chain; sales are those of the scope.

    Notes
    -----
    Days in 91 given a past of n days in T: negative binomial (Gamma-Poisson, Jeffreys prior). See `toolkit.models.rhythm.day_tails`.

    Example
    -------
    >>> tk.targeting.activity(ws, region="north").table                 # doctest: +SKIP
    """
    members = takings(view).join(rhythms(view), on="member_code", how="left", maintain_order="left")
    members = members.with_columns(pl.col("activity").fill_null(NONE_YET))
    order = {name: place for place, name in enumerate((*STATES, NONE_YET))}
    by_state = members.group_by("activity").agg(
        pl.len().alias("member_count"),
        (pl.len() / members.height).alias("member_share"),
        pl.col("days_28", "days_91", "expected_days_91").mean(),
        pl.col("order_count").sum(),
        view.major(pl.col("sales").sum()).alias("sales"),
    )
    expression = pl.when(pl.col("activity") != NONE_YET).then(pl.format("activity = '{}'", "activity"))
    shown = BY_STATE.of(by_state.with_columns(expression.alias("who")).sort(pl.col("activity").replace_strict(order)), view)
    counts = dict(by_state.select("activity", "member_count").iter_rows())
    less, usual, more, short = (counts.get(name, 0) for name in STATES)
    judged = less + usual + more
    less_share, more_share = (known_share(view, count, judged) for count in (less, more))
    if judged:
        headline = view.say(
            "{where}, {less:few} of {judged:member} with a past to judge by[ ({less_share})] came on fewer days in the last {span_days} "
            "than their own past makes likely, {more:few}[ ({more_share})] on more.",
            less=less, judged=judged, less_share=share_text(less_share), span_days=SPAN_DAYS, more=more, more_share=share_text(more_share),
        )  # fmt: skip
    else:
        headline = view.say(
            "{where}, activity is not measured: none of {members:member} has a past long enough to judge by.", members=members.height
        )
    return Finding(
        headline=headline,
        table=shown,
        chart=(lambda: _chart(view, shown.frame)) if judged else None,
        notes=_notes(view, judged, short),
        ask_next=[("targeting.slipping", {})] + [("portrait.overview", {"audience": f"activity = '{STATES[0]}'"})] * bool(less),
        figures={"less_active_share": less_share, "more_active_share": more_share},
    )


def _notes(view: View, judged: int, short: int) -> list[str | Note]:
    notes: list[str | Note] = []
    if judged:
        notes.append(
            view.say(
                "By chance alone up to {activity.tail:.0%} of members land on either side ({by_chance:,.0f} of {judged:few}): what is "
                "beyond that is change. All members together may also follow the season.",
                by_chance=view.settings.activity.tail * judged,
                judged=judged,
            )
        )
    else:
        notes.append(Note(tr("Activity: the receipts do not reach back far enough."), "NOT MEASURED"))
    if short:
        notes.append(
            view.say(
                "Past too short: {short:member} with fewer than {activity.minimum_windows} whole windows of "
                "{lifetime_value.purchase_days} days before the last {span_days} days; their first day counts as the start, not as a "
                "visit.",
                short=short,
                span_days=SPAN_DAYS,
            )
        )
    return [*notes, sales_basis(view)]


def _chart(view: View, table: pl.DataFrame) -> alt.Chart | alt.LayerChart:
    from toolkit.charts.bars import measured_bars

    return measured_bars(
        table.filter(pl.col("activity").is_in(STATES[:3])),
        label="activity",
        measures={
            "expected_days_91": tr("at the pace of their past"),
            "days_91": view.say("in the last {span_days} days", span_days=SPAN_DAYS),
        },
        n="member_count",
        kind="decimal",
        title=view.say("Shopping days of a member, then and now: {place}"),
        subtitle=view.say("up to {as_of}, n members beside each"),
        value_title=view.say("Mean shopping days in {span_days}", span_days=SPAN_DAYS),
    )
