"""Lifecycle: who is new, active, returned, slipping or lapsed, and who went from where to where between two dates."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import polars as pl

from toolkit import wording
from toolkit.answer import Finding, Note
from toolkit.charts.bars import ranked_bars
from toolkit.charts.heatmap import heatmap
from toolkit.errors import BadValue
from toolkit.language import tr, word
from toolkit.portrait.measures.levels import in_order
from toolkit.portrait.measures.stages import NO_ORDER, NOT_YET, STAGES, Limits, lifecycle_limits, lifecycle_stages
from toolkit.portrait.measures.takings import by_group, takings
from toolkit.registry import question
from toolkit.scope.phrases import sales_basis, where
from toolkit.scope.view import View

if TYPE_CHECKING:
    import altair as alt

_HERE = ("new", "active", "returned")


@question(
    "portrait",
    "How many members are new, active, slipping away, lapsed or returned?",
    words=(
        "lifecycle stages, customer life cycle",
        "who has stopped buying, who came back, who is new",
        "who is about to leave, churn",
        "how many members did we lose, win back, gain",
        "flow between lifecycle stages since a date",
        "生命周期 流失 新客 沉睡",
    ),
)
def lifecycle(view: View, *, since: date | str | None = None) -> Finding:
    """Return the lifecycle stages: one row per stage; with `since` one row per pair of stages then and now.

    A member is slipping when away longer than 90% of the pauses of members who come back take, lapsed when longer than 98% (settings
    lifecycle.slipping_quantile, lapsed_quantile; pauses still open count as such); returned when back within lifecycle.new_days from a
    pause longer than the lapsed limit; new when the first order is at most lifecycle.new_days old and not in the first days of the
    receipts. Everyone else with an order is active. Stages are the members' own across the chain; both dates use the same limits.

    Parameters
    ----------
    since
        The day to compare with; shows who went from which stage to which. Empty = stages, against the day before the period.

    Returns
    -------
    Answer
        Table columns: `stage`; `meaning`; `member_count`, `member_share` (0..1); `order_count`, `sales` (currency units), `sales_share` of
        the period; `earlier_member_count`, the same members' stage on the day before the period (null when the receipts do not reach back).
        With `since`: `stage_before`, `stage`, `member_count`, `member_share` (0..1 of the members in `stage_before`), `sales`.

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
        return _unmeasured(view, members, limits)
    flows = since not in (None, "") and before is not None
    table = _flow_table(view, members) if flows else _stage_table(view, members, limits, before)
    counts = {stage: int((members["stage"] == stage).sum()) for stage in STAGES}
    return Finding(
        headline=_headline(view, members, counts, limits, before),
        table=table,
        chart=(lambda: _flow_chart(view, table, before)) if flows else lambda: _stage_chart(view, table, members.height),
        notes=_notes(view, members, limits, before),
        ask_next=[("portrait.lifecycle", {"since": str(before)})] * (before is not None and not flows) + [("portrait.lifetime_value", {})],
        figures={f"{stage}_member_share": count / members.height for stage, count in counts.items()} if members.height else {},
    )


def _since(view: View, since: date | str | None) -> date | None:
    if since in (None, ""):
        day = view.period.start - timedelta(days=1)
        return day if view.first_day <= day < view.as_of else None
    try:
        day = since if isinstance(since, date) else date.fromisoformat(str(since).strip())
    except ValueError:
        raise BadValue(
            tr(
                "portrait.lifecycle: since is '{since}', but a date as YYYY-MM-DD was needed, such as {first_day}.",
                since=since,
                first_day=view.first_day,
            )
        ) from None
    if not view.first_day <= day < view.as_of:
        raise BadValue(
            tr(
                "portrait.lifecycle: since is {day}, but a day from {first_day} (first receipts) to before {as_of} (as_of) was needed.",
                day=day,
                first_day=view.first_day,
                as_of=view.as_of,
            )
        )
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


def _stage_table(view: View, members: pl.DataFrame, limits: Limits, before: date | None) -> pl.DataFrame:
    earlier = members.group_by(pl.col("stage_before").alias("stage")).agg(pl.len().cast(pl.Int64).alias("earlier_member_count"))
    rows = pl.DataFrame({"stage": STAGES, "meaning": [_meaning(stage, limits, view) for stage in STAGES]})
    held = by_group(view, members, "stage")
    table = rows.join(held, on="stage", how="full", coalesce=True).join(earlier, on="stage", how="left")
    table = table.with_columns(
        pl.col("member_count", "order_count").fill_null(0),
        pl.col("member_share", "sales").fill_null(0.0),
        pl.col("sales_share").fill_null(0.0) if members["sales"].sum() > 0 else pl.col("sales_share"),
        (pl.col("earlier_member_count").fill_null(0) if before else pl.col("earlier_member_count")),
        pl.col("meaning").fill_null(tr("returns alone")),
    )
    return in_order(table, "stage", order=(*STAGES, NO_ORDER))


def _meaning(stage: str, limits: Limits, view: View) -> str:
    new = view.settings.lifecycle.new_days
    return {
        "new": tr("first order in the last {new} days", new=new),
        "active": tr("ordered in the last {slipping_days} days", slipping_days=limits.slipping_days),
        "returned": tr("back in the last {new} days, after more than {lapsed_days} away", new=new, lapsed_days=limits.lapsed_days),
        "slipping": tr("away for {after} to {lapsed_days} days", after=(limits.slipping_days or 0) + 1, lapsed_days=limits.lapsed_days),
        "lapsed": tr("away for more than {lapsed_days} days", lapsed_days=limits.lapsed_days),
    }[stage]


def _flow_table(view: View, members: pl.DataFrame) -> pl.DataFrame:
    flows = members.group_by("stage_before", "stage").agg(pl.len().cast(pl.Int64).alias("member_count"), pl.col("sales").sum())
    flows = flows.with_columns(
        (pl.col("member_count") / pl.col("member_count").sum().over("stage_before")).alias("member_share"),
        view.major("sales").alias("sales"),
    )
    order = (NOT_YET, *STAGES, NO_ORDER)
    return in_order(flows, "stage_before", "stage", order=order).select("stage_before", "stage", "member_count", "member_share", "sales")


def _headline(view: View, members: pl.DataFrame, counts: dict[str, int], limits: Limits, before: date | None) -> str:
    n = members.height
    here = sum(counts[stage] for stage in _HERE)
    text = tr(
        "{where}, {here:,} of {members} are with us ({here_share}), of them {new:,} new and {returned:,} returned; "
        "{slipping:,} are slipping (away more than {slipping_days} days) and {lapsed:,} lapsed (more than "
        "{lapsed_days})",
        where=where(view),
        here=here,
        members=wording.some(n, "member"),
        here_share=wording.share(here / n),
        new=counts["new"],
        returned=counts["returned"],
        slipping=counts["slipping"],
        slipping_days=limits.slipping_days,
        lapsed=counts["lapsed"],
        lapsed_days=limits.lapsed_days,
    )
    if before is None:
        return tr("{words}.", words=text)
    was_here, is_here = pl.col("stage_before").is_in(_HERE), pl.col("stage").is_in(_HERE)
    away = pl.col("stage_before").is_in(("slipping", "lapsed"))
    lost, back = (int(members.select(expr.sum()).item()) for expr in (was_here & ~is_here, away & is_here))
    known = int(members.select(was_here.sum()).item())
    return tr(
        "{text}. Since {before}, {lost:,} of the {known:,} who were with us went quiet and {back:,} quiet ones came back.",
        text=text,
        before=before,
        lost=lost,
        known=known,
        back=back,
    )


def _notes(view: View, members: pl.DataFrame, limits: Limits, before: date | None) -> list[str | Note]:
    settings = view.settings.lifecycle
    verdict = None if limits.status == "proposed" else "REVIEW"
    widened = tr(" They were moved apart: {reason}.", reason=limits.reason) if limits.reason else ""
    unknown = view.first_day + timedelta(days=int(limits.lapsed_days or 0))
    recent = view.as_of - timedelta(days=settings.new_days - 1)
    notes: list[str | Note] = [
        Note(
            tr(
                "Limits from the shop's own repurchase curve: {slipping_quantile:.0%} of the pauses of members who come back "
                "end within {slipping_days} days, {lapsed_quantile:.0%} within {lapsed_days} ({closed_gap_count:,} pauses "
                "that ended; those still open are counted as open, each member weighs the same).{widened}",
                slipping_quantile=settings.slipping_quantile,
                slipping_days=limits.slipping_days,
                lapsed_quantile=settings.lapsed_quantile,
                lapsed_days=limits.lapsed_days,
                closed_gap_count=limits.closed_gap_count,
                widened=widened,
            ),
            verdict,  # type: ignore[arg-type]
        ),
        tr(
            "The receipts start on {first_day}: who was first seen up to {unknown} may have bought before, and is never called new.",
            first_day=view.first_day,
            unknown=unknown,
        ),
        sales_basis(view),
    ]
    if recent <= unknown:
        late = int(((members["first_on"] >= recent) & (members["first_on"] <= unknown)).sum())
        notes.append(
            Note(
                tr(
                    "{members} first seen in the last {new_days} days could not be told new from known.",
                    members=wording.some(late, "member"),
                    new_days=settings.new_days,
                ),
                "REVIEW",
            )
        )
    if before is not None:
        notes.append(
            tr(
                "Stages on {before} use the same limits; they are of the members in scope today, {not_yet} = no order up to that day.",
                before=before,
                not_yet=word(NOT_YET),
            )
        )
    silent = int((members["stage"] == NO_ORDER).sum())
    if silent:
        notes.append(
            Note(
                tr("{members} have no order (returns alone) and therefore no stage.", members=wording.some(silent, "member")),
                "NOT MEASURED",
            )
        )
    return notes


def _unmeasured(view: View, members: pl.DataFrame, limits: Limits) -> Finding:
    return Finding(
        headline=tr(
            "{where}, lifecycle stages are not measured: {reason} (n = {members}).",
            where=where(view),
            reason=limits.reason,
            members=wording.some(members.height, "member"),
        ),
        table=pl.DataFrame(schema={"stage": pl.String, "member_count": pl.Int64, "member_share": pl.Float64}),
        notes=[Note(tr("Lifecycle stages: {reason}.", reason=limits.reason), "NOT MEASURED")],
        ask_next=[("portrait.overview", {})],
    )


def _stage_chart(view: View, table: pl.DataFrame, n: int) -> alt.Chart | alt.LayerChart:
    return ranked_bars(
        table, label="stage", value="member_share", n="member_count", kind="share1", ranked=False, value_title=tr("Share of members"),
        title=tr("Lifecycle stages: {place}", place=view.place),
        subtitle=tr("as of {as_of}, n = {members}", as_of=view.as_of, members=wording.some(n, "member")),
    )  # fmt: skip


def _flow_chart(view: View, table: pl.DataFrame, before: date | None) -> alt.Chart | alt.LayerChart:
    return heatmap(
        table, column="stage", row="stage_before", value="member_share", n="member_count", kind="share",
        value_title=tr("Share of the row"), column_title=tr("Stage on {as_of}", as_of=view.as_of),
        row_title=tr("Stage on {before}", before=before), column_order=list(STAGES), row_order=[NOT_YET, *STAGES],
        title=tr("From stage to stage: {place}", place=view.place),
        subtitle=f"n = {wording.some(int(table['member_count'].sum()), 'member')}",
    )  # fmt: skip
