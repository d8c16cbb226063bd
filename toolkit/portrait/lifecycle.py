"""Lifecycle: who is new, established, returned, lapsing or lapsed, and who went from where to where between two dates."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING

import polars as pl

from toolkit import columns as c
from toolkit.answer import Finding, Note
from toolkit.charts.bars import ranked_bars
from toolkit.charts.heatmap import heatmap
from toolkit.columns import AnswerTable
from toolkit.errors import BadValue
from toolkit.language import tr
from toolkit.portrait.measures.levels import in_order
from toolkit.portrait.measures.stages import (
    CUT_OFF,
    NO_ORDER,
    NOT_YET,
    STAGES,
    Limits,
    lifecycle_limits,
    lifecycle_stages,
    perhaps_new,
    untold,
)
from toolkit.portrait.measures.takings import by_group, takings
from toolkit.registry import question
from toolkit.scope.hiding import unmeasured
from toolkit.scope.phrases import sales_basis
from toolkit.scope.view import View

if TYPE_CHECKING:
    import altair as alt

_TIMES_SEEN = 2
"""Receipts at least so many times as long as the lapsed limit: in shorter ones long pauses that end are seldom seen from end to end."""
_HERE = ("new", "established", "returned")

STAGE_GROUPS = c.table(
    "one row per stage",
    c.text("stage", "Stage"),
    c.text("meaning", "Meaning"),
    c.members(),
    c.share("member_share", "Share of members"),
    c.count("order_count", "Orders", "in the period"),
    c.money("sales", "Sales", "of the period"),
    c.share("sales_share", "Share of sales", "of the period", null="nothing was sold"),
    c.members("earlier_member_count", "Members before", "the same members' stage on the day before", null="the receipts do not reach back"),
)
FLOWS = c.table(
    "one row per pair of stages then and now",
    c.text("stage_before", "Stage before"),
    c.text("stage", "Stage"),
    c.members(),
    c.share("member_share", "Share of members", "of the members in `stage_before`"),
    c.money("sales", "Sales", "of the period"),
)
_ALL_MEMBERS = c.table(
    "all members in one row",
    c.members("here"),
    c.share("here_share"),
    *(c.members(name) for name in ("new", "returned", "lapsing", "lapsed", "unseen", "known", "lost", "back", "unsure")),
)


@question(
    "portrait",
    "How many members are new, established, lapsing, lapsed or returned?",
    words=(
        "lifecycle stages, customer life cycle",
        "who has stopped buying, who came back, who is new",
        "who is about to leave, churn",
        "how many members did we lose, win back, gain",
        "flow between lifecycle stages since a date",
        "生命周期 流失 新客 沉睡",
    ),
    tables=(STAGE_GROUPS, FLOWS),
    figures=(
        c.share("new_member_share", "Share of new members"),
        c.share("established_member_share", "Share of established members"),
        c.share("returned_member_share", "Share of returned members"),
        c.share("lapsing_member_share", "Share of lapsing members"),
        c.share("lapsed_member_share", "Share of lapsed members"),
    ),
)
def lifecycle(view: View, *, since: date | str | None = None) -> Finding:
    """Return the lifecycle stages: one row per stage; with `since` one row per pair of stages then and now.

    A member is lapsing when away longer than 90% of the pauses of members who come back take (of members with a like rhythm, where members
    differ in it), lapsed when longer than 98% of those of all (settings lifecycle.lapsing_quantile, lapsed_quantile; pauses still open
    count as such); returned when back within lifecycle.new_days from a pause longer than the lapsed limit; new when the first order is at
    most lifecycle.new_days old and not in the first days of the receipts. Who is away since their store, channel or source fell silent or
    their id was replaced is cut off: not known to have left. Everyone else with an order is established. Stages are the members' own across
    the chain; both dates use the same limits. On short receipts the headline says what cannot be told yet. Lapsing is time away; *slipping*
    (`targeting.slipping`) is a forecast against the own habit.

    Parameters
    ----------
    since
        The day to compare with; shows who went from which stage to which. Empty = stages, against the day before the period.

    Raises
    ------
    BadValue
        `since` is no date, is not before as_of, or lies before the receipts.

    Example
    -------
    >>> tk.portrait.lifecycle(ws, since="2024-06-30").table            # doctest: +SKIP
    """
    limits = lifecycle_limits(view)
    before = _since(view, since)
    members = _members(view, before)
    if not limits.measured:
        return unmeasured(
            FLOWS if since else STAGE_GROUPS,
            view.say("{where}, lifecycle stages are not measured: {reason} (n = {all:member}).", vars(limits), all=members.height),
            view.say("Lifecycle stages: {reason}.", vars(limits)),
            ask_next=[("portrait.overview", {})],
        )
    stages = _stage_table(view, members, limits, before)
    flows = _flow_table(view, members) if since and before is not None else None
    counts = dict(stages.frame.select("stage", "member_count").iter_rows())
    return Finding(
        headline=_headline(view, members, limits, before),
        table=flows or stages,
        chart=(lambda: _flow_chart(view, flows, before, members.height)) if flows else lambda: _stage_chart(view, stages, members.height),
        notes=_notes(view, members, limits, before),
        ask_next=[("portrait.lifecycle", {"since": str(before)})] * (before is not None and not flows) + [("portrait.lifetime_value", {})],
        figures={
            f"{stage}_member_share": count / members.height for stage, count in counts.items() if count is not None and stage in STAGES
        },
    )


def _since(view: View, since: date | str | None) -> date | None:
    if not since:
        day = view.period.start - timedelta(days=1)
        return day if view.first_day <= day < view.as_of else None
    try:
        day = since if isinstance(since, date) else date.fromisoformat(str(since).strip())
    except ValueError:
        raise BadValue(
            view.say(
                "portrait.lifecycle: since is '{since}', but a date as YYYY-MM-DD was needed, such as {first_day}.",
                since=since, first_day=view.first_day,
            )
        ) from None  # fmt: skip
    if not view.first_day <= day < view.as_of:
        raise BadValue(
            view.say(
                "portrait.lifecycle: since is {day}, but a day from {first_day} (first receipts) to before {as_of} (as_of) was needed.",
                day=day, first_day=view.first_day,
            )
        )  # fmt: skip
    return day


def _members(view: View, before: date | None) -> pl.DataFrame:
    """Members in scope with their stage now and before, and their sales of the period."""
    members = takings(view).join(lifecycle_stages(view), on="member_code", how="left", maintain_order="left")
    members = members.with_columns(pl.col("stage").fill_null(NO_ORDER))
    if before is None:
        return members.with_columns(pl.lit(None, pl.String).alias("stage_before"))
    earlier = lifecycle_stages(view, before).select("member_code", pl.col("stage").alias("stage_before"))
    return members.join(earlier, on="member_code", how="left", maintain_order="left").with_columns(
        pl.col("stage_before").fill_null(NOT_YET)
    )


def _stage_table(view: View, members: pl.DataFrame, limits: Limits, before: date | None) -> AnswerTable:
    earlier = members.group_by(pl.col("stage_before").alias("stage")).agg(pl.len().alias("earlier_member_count"))
    hidden = untold(limits, view.first_day, before) if before else []
    listed = [*STAGES, *([CUT_OFF] if (members["stage"] == CUT_OFF).any() else [])]
    rows = pl.DataFrame({"stage": listed, "meaning": [_meaning(view, stage, limits) for stage in listed]})
    groups = by_group(view, members, "stage")
    frame = rows.join(groups, on="stage", how="full", coalesce=True).join(earlier, on="stage", how="left")
    frame = frame.with_columns(
        pl.col("member_count", "order_count").fill_null(0),
        pl.col("member_share", "sales").fill_null(0.0),
        pl.col("sales_share").fill_null(0.0) if members["sales"].sum() > 0 else pl.col("sales_share"),
        pl.when(pl.lit(before is not None) & ~pl.col("stage").is_in(hidden)).then(pl.col("earlier_member_count").fill_null(0)),
        pl.col("meaning").fill_null(tr("returns alone")),
    )
    return STAGE_GROUPS.of(in_order(frame, "stage", order=(*STAGES, CUT_OFF, NO_ORDER)), view)


def _meaning(view: View, stage: str, limits: Limits) -> str:
    after = (limits.lapsing_days or 0) + 1
    return {
        "new": view.say("first order in the last {lifecycle.new_days} days"),
        "established": view.say("ordered in the last {days} days", days=_lapsing_after(limits)),
        "returned": view.say("back in the last {lifecycle.new_days} days, after more than {lapsed_days} away", vars(limits)),
        "lapsing": view.say("away for {after} to {lapsed_days} days", vars(limits), after=after)
        if not limits.by_band
        else view.say("away for more than {days} to {lapsed_days} days", vars(limits), days=_lapsing_after(limits)),
        "lapsed": view.say("away for more than {lapsed_days} days", vars(limits)),
        CUT_OFF: view.say("away since their store, channel or source fell silent or their id was replaced: not known to have left"),
    }[stage]


def _lapsing_after(limits: Limits) -> str:
    """Days without an order after which a member is lapsing; of several rhythms, the days of each."""
    return " / ".join(map(str, limits.by_band or (limits.lapsing_days,)))


def _flow_table(view: View, members: pl.DataFrame) -> AnswerTable:
    flows = members.group_by("stage_before", "stage").agg(pl.len().alias("member_count"), pl.col("sales").sum())
    flows = flows.with_columns(
        (pl.col("member_count") / pl.col("member_count").sum().over("stage_before")).alias("member_share"),
        view.major("sales").alias("sales"),
    )
    return FLOWS.of(in_order(flows, "stage_before", "stage", order=(NOT_YET, *STAGES, CUT_OFF, NO_ORDER)), view)


def _headline(view: View, members: pl.DataFrame, limits: Limits, before: date | None) -> str:
    stage, was_here, is_here = pl.col("stage"), pl.col("stage_before").is_in(_HERE), pl.col("stage").is_in(_HERE)
    unseen = stage == CUT_OFF
    covered = (view.as_of - view.first_day).days + 1
    sums = members.select(
        *((stage == name).sum().alias(name) for name in ("new", "returned", "lapsing", "lapsed")),
        is_here.sum().alias("here"),
        is_here.mean().alias("here_share"),
        was_here.sum().alias("known"),
        (was_here & ~is_here & ~unseen).sum().alias("lost"),
        unseen.sum().alias("unseen"),
        perhaps_new(view, limits).sum().alias("unsure"),
        (pl.col("stage_before").is_in(("lapsing", "lapsed")) & is_here).sum().alias("back"),
    )
    return view.say(
        "{where}, {here} of {all:member} are with us[ ({here_share})], of them {new} new and {returned} returned; {lapsing} are lapsing "
        "(away more than {lapsing_after} days[banded?, by their rhythm]) and {lapsed} lapsed (more than {lapsed_days})[any_unseen?; of "
        "{unseen} it is not known: their store, channel or source fell silent or their id was "
        "replaced].[any_unsure? Of {unsure} first seen in the last {lifecycle.new_days} days it cannot be told yet whether they are "
        "new.][short? The receipts cover {covered} days: longer pauses are not seen yet, so {lapsed_days} may be too few.][before? Since "
        "{before}, {lost} of the {known} who were with us went quiet and {back} quiet ones came back.][one_season? One season was seen: "
        "whether who stays away does so because of it cannot be told.]",
        _ALL_MEMBERS.of(sums, view).row(), all=members.height, before=before, lapsing_after=_lapsing_after(limits),
        banded=bool(limits.by_band), lapsed_days=limits.lapsed_days, any_unseen=bool(sums["unseen"].item()),
        one_season=limits.season == "one season", any_unsure=bool(sums["unsure"].item()),
        covered=covered, short=covered < _TIMES_SEEN * (limits.lapsed_days or 0),
    )  # fmt: skip


def _notes(view: View, members: pl.DataFrame, limits: Limits, before: date | None) -> list[str | Note]:
    unknown = view.first_day + timedelta(days=int(limits.lapsed_days or 0))
    limits_note = view.say(
        "Limits from the shop's own repurchase curve: {lifecycle.lapsing_quantile:.0%} of the pauses of members who come back end within "
        "{lapsing_days} days, {lifecycle.lapsed_quantile:.0%} within {lapsed_days} ({closed_gap_count} pauses that ended; those still "
        "open are counted as open, each member weighs the same).[ They were moved apart: {reason}.][seasonal? Members come more at one "
        "time of the year than at another: by the same weeks of a year ago the {lapsing_days} days before {as_of} are as long as "
        "{usual_days} usual ones, and limits are as long in usual days on every date.]",
        vars(limits), seasonal=limits.usual_days is not None,
    )  # fmt: skip
    notes: list[str | Note] = [
        Note(limits_note, None if limits.status == "proposed" else "REVIEW"),
        *([_rhythms(view, limits, limits.rhythms.cuts)] if limits.rhythms else []),
        view.say(
            "The receipts start on {first_day}: who was first seen up to {unknown} may have bought before, and is never called new.",
            first_day=view.first_day, unknown=unknown,
        ),
        sales_basis(view),
    ]  # fmt: skip
    if late := members.filter(perhaps_new(view, limits)).height:
        text = view.say(
            "{late:member} first seen in the last {lifecycle.new_days} days could not be told new from known: those who are here count as "
            "established. Returned are known of those alone who ordered up to {early}, before a pause so long could begin.",
            late=late, early=view.as_of - timedelta(days=int(limits.lapsed_days or 0) + 1),
        )  # fmt: skip
        notes.append(Note(text, "REVIEW"))
    if before is not None:
        notes.append(
            view.say(
                "Stages on {before} use the same limits; they are of the members in scope today, {not_yet:word} = no order up to that day.",
                before=before, not_yet=NOT_YET,
            )
        )  # fmt: skip
    silent = int((members["stage"] == NO_ORDER).sum())
    if silent:
        text = view.say("{silent:member} have no order (returns alone) and therefore no stage.", silent=silent)
        notes.append(Note(text, "NOT MEASURED"))
    return notes


def _rhythms(view: View, limits: Limits, cuts: Sequence[int]) -> str:
    bands = [
        view.say("after {days} days of who usually comes again within {cut}", days=days, cut=cut)
        for days, cut in zip(limits.by_band, cuts, strict=False)
    ]
    return view.say(
        "Members differ in how long they usually stay away, so lapsing is judged by their own rhythm: {bands} and after {days} of all "
        "others. Lapsed is the same for all.",
        bands=tr(", ").join(bands), days=limits.by_band[-1],
    )  # fmt: skip


def _stage_chart(view: View, stages: AnswerTable, n: int) -> alt.Chart | alt.LayerChart:
    return ranked_bars(
        stages.frame, label="stage", value="member_share", n="member_count", kind="share1", ranked=False,
        value_title=tr("Share of members"),
        title=view.say("Lifecycle stages: {place}"),
        subtitle=view.say("as of {as_of}, n = {n:member}", n=n),
    )  # fmt: skip


def _flow_chart(view: View, flows: AnswerTable, before: date | None, n: int) -> alt.Chart | alt.LayerChart:
    return heatmap(
        flows.frame.drop_nulls("member_count"), column="stage", row="stage_before", value="member_share", n="member_count", kind="share",
        value_title=tr("Share of the row"), column_title=view.say("Stage on {as_of}"),
        row_title=view.say("Stage on {before}", before=before), column_order=[*STAGES, CUT_OFF], row_order=[NOT_YET, *STAGES, CUT_OFF],
        title=view.say("From stage to stage: {place}"),
        subtitle=view.say("n = {n:member}", n=n),
    )  # fmt: skip
