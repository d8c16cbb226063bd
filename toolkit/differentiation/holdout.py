"""The holdout in money: what a control group of a given share can see, how long it takes, and what it costs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import polars as pl

from toolkit import wording
from toolkit.answer import Finding, Note
from toolkit.differentiation.measures.visible import NO_LIFT, Visible, measure_spread
from toolkit.errors import BadValue, DataError
from toolkit.language import tr
from toolkit.ledger.global_control import read_global_control
from toolkit.models.power import chance_to_see, members_needed, smallest_lift
from toolkit.registry import question
from toolkit.scope.phrases import where
from toolkit.scope.view import View
from toolkit.wording import share, some

if TYPE_CHECKING:
    import altair as alt

LADDER = (7, 14, 28, 56, 91)
"""Lengths of a campaign in days at which the spread is measured."""
SPLITS = (0.05, 0.1, 0.2, 0.3, 0.5)
"""Control shares that are shown beside the one asked for."""


@question(
    "differentiation",
    "How many members must be held out, for how long, and what does it cost?",
    words=(
        "how large a control group do we need",
        "what lift could a test see, statistical power, sample size",
        "sales forgone by a holdout",
        "对照组 留出组 样本量 要多少人",
    ),
)
def holdout(
    view: View,
    *,
    control_share: float = 0.2,
    days: int = 28,
    lift: float = 0.05,
    shares: Sequence[float] = SPLITS,
    lengths: Sequence[int] = LADDER,
    members: int | None = None,
) -> Finding:
    """Return what a holdout can see, for several control shares: one row per control share, smallest first.

    Parameters
    ----------
    control_share
        The share of the members in scope who would be held out (above 0, below 1).
    days
        Days of the campaign: 7 to 91.
    lift
        The extra spend of a treated member that is hoped for, as a share of what they would spend anyway (0.05 = 5%).
    shares
        Control shares that are shown beside `control_share` (each above 0, below 1; empty = none, which is quicker).
    lengths
        Lengths of a campaign in days (7 to 91) beside `days` at which it is looked whether the lift is found, for `needed_days` (empty =
        none, which is quicker).
    members
        How many take part, where that is not everybody in scope: a plan leaves out who is in another campaign or may not be contacted.

    Returns
    -------
    Answer
        Table columns: `control_share`; `control_count`, `treated_count` (members); `smallest_lift_share` (the smallest lift found with the
        chance campaigns.power: 4 in 5; null = an arm below campaigns.least_arm, or none is, however large), `chance_share` (of finding
        `lift`); `needed_count` (in both arms, to find `lift` with that chance); `needed_days` (the shortest of the lengths in which the
        members there are find it; null = none of them); `forgone_sales` (what the control members do not buy if the lift is true; currency
        units).

    Raises
    ------
    BadValue
        A share, a number of days, a lift or a number of members out of its range.

    Notes
    -----
    Members needed = 7.85 CV^2 (1 - rho^2) (1 - s + s (1 + lift)^2) / (lift^2 s (1 - s)), 80% power, two-sided at 5%; the middle factor
    since a lift of each member's own spend widens the spread of the treated. CV and rho are measured: the audience is chosen by the same
    rule on an earlier day and followed over as many days as the campaign has; rho is how well spend, days and recency before that day tell
    the spend after it, as far as the review's regression can learn it from a control group of that share: arms are drawn where nothing was
    done. Source: DEFINITIONS.md section 3.

    Example
    -------
    >>> tk.differentiation.holdout(ws, audience="order_count_91d >= 6", control_share=0.1, days=28).table      # doctest: +SKIP
    """
    _check((control_share, *shares), (days, *lengths), lift, members)
    count, splits = view.members.height if members is None else members, sorted({*shares, control_share})
    try:
        found = measure_spread(view, [days])  # as a plan measures it, so that both say the same
    except DataError as error:
        return _unmeasured(view, count, splits, str(error))
    table = _table(view, found, _others(view, lengths, days), count, splits, days, lift)
    chosen = table.filter(pl.col("control_share") == control_share).row(0, named=True)
    return Finding(
        headline=_headline(view, chosen, count, days, lift),
        table=table,
        chart=lambda: _chart(view, table, days),
        notes=_notes(view, found, chosen, days, lift),
        ask_next=[("differentiation.global_control", {})],
        figures={
            **({"smallest_lift_share": chosen["smallest_lift_share"]} if chosen["smallest_lift_share"] is not None else {}),
            "needed_count": chosen["needed_count"],
            "forgone_sales": chosen["forgone_sales"],
        },
    )


def _check(shares: Sequence[float], lengths: Sequence[int], lift: float, members: int | None) -> None:
    said = [
        tr("control_share is {control_share:g}; a share between 0 and 1 was needed, such as 0.2.", control_share=one)
        for one in dict.fromkeys(shares)
        if not 0 < one < 1
    ]
    said += [
        tr("days is {days}; 7 to 91 days were needed, such as 28: shorter shows nothing, longer blurs with everything else.", days=days)
        for days in dict.fromkeys(lengths)
        if not 7 <= days <= 91
    ]
    if not 0 < lift <= 5:
        said.append(tr("lift is {lift:g}; a share above 0 was needed, such as 0.05 for 5% more spend.", lift=lift))
    if members is not None and members < 1:
        said.append(tr("members is {members}; a number of members from 1 was needed.", members=members))
    if said:
        raise BadValue("\n".join(f"differentiation.holdout: {one}" for one in said))


def _others(view: View, lengths: Sequence[int], days: int) -> Visible | None:
    """Measure as many other lengths as the receipts allow; None where they allow none."""
    ladder = sorted({*lengths} - {days})
    while ladder:
        try:
            return measure_spread(view, ladder)
        except DataError:
            ladder.pop()
    return None


def _table(view: View, found: Visible, others: Visible | None, members: int, shares: list[float], days: int, lift: float) -> pl.DataFrame:
    power = view.settings.campaigns.power
    rows = []
    for split in shares:
        control, spread = round(members * split), found.spread(days, split)
        enough = min(control, members - control) >= view.settings.campaigns.least_arm
        noises = {days: spread.unexplained} if enough else {}
        if enough and others is not None:  # they only say how long it takes: rough is enough
            noises |= {step: others.spread(step, split, rough=True).unexplained for step in others.spent}
        seen = {step: smallest_lift(members, noise, split, power=power) for step, noise in noises.items()}
        rows.append(
            {
                "control_share": split,
                "control_count": control,
                "treated_count": members - control,
                "smallest_lift_share": seen.get(days),
                "chance_share": chance_to_see(lift, members, spread.unexplained, split) if enough else None,
                "needed_count": members_needed(lift, spread.unexplained, split, power=power),
                "needed_days": min((step for step, least in seen.items() if least is not None and least <= lift), default=None),
                "forgone_sales": control * spread.mean * lift / view.minor_units,
            }
        )
    return pl.DataFrame(rows, schema_overrides={"needed_days": pl.Int64, "smallest_lift_share": pl.Float64, "chance_share": pl.Float64})


def _headline(view: View, chosen: dict, members: int, days: int, lift: float) -> str:
    power = view.settings.campaigns.power
    if chosen["chance_share"] is None:
        return tr(
            "{where}, holding out {control_share} of {members} makes an arm too small to be reviewed ({smallest:,}); "
            "{needed} are needed to see a lift of {lift}.",
            where=where(view),
            control_share=share(chosen["control_share"], 0),
            members=some(members, "member"),
            smallest=min(chosen["control_count"], chosen["treated_count"]),
            needed=some(chosen["needed_count"], "member"),
            lift=share(lift),
        )
    enough = chosen["chance_share"] >= power
    shown = (
        tr("no lift, however large")
        if chosen["smallest_lift_share"] is None
        else tr("a lift of {smallest_lift_share} or more", smallest_lift_share=share(chosen["smallest_lift_share"]))
    )
    longer = (
        tr("{needed_days} days show it too", needed_days=chosen["needed_days"])
        if chosen["needed_days"] and chosen["needed_days"] < days
        else tr("{needed_days} days would show it", needed_days=chosen["needed_days"])
        if chosen["needed_days"] and chosen["needed_days"] > days
        else tr("{members} are needed for it", members=some(chosen["needed_count"], "member"))
    )
    return tr(
        "{where}, holding out {control_share} of {members} for {days} days shows {shown} (chance {power}); a lift of "
        "{lift} is {seen}: {longer}. The {control_count:,} held out forgo {forgone_sales} of sales if it is true.",
        where=where(view),
        control_share=share(chosen["control_share"], 0),
        members=some(members, "member"),
        days=days,
        shown=shown,
        power=share(power, 0),
        lift=share(lift),
        seen=tr("seen") if enough else tr("seen only with chance {chance}", chance=share(chosen["chance_share"], 0)),
        longer=longer,
        control_count=chosen["control_count"],
        forgone_sales=wording.money(chosen["forgone_sales"], view.currency),
    )


def _notes(view: View, found: Visible, chosen: dict, days: int, lift: float) -> list[str | Note]:
    settings, notes = view.settings.campaigns, list[str | Note]()
    spread = found.spread(days, chosen["control_share"])
    if chosen["chance_share"] is None:
        pass  # said below: the arm is too small
    elif chosen["chance_share"] >= settings.power:
        notes.append(
            Note(
                tr(
                    "A lift of {lift} would be seen with chance {chance_share}.",
                    lift=share(lift),
                    chance_share=share(chosen["chance_share"], 0),
                ),
                "PASS",
            )
        )
    else:
        notes.append(
            Note(
                tr(
                    "Underpowered for a lift of {lift}: it would be missed {missed} of the time. Hold out more, run longer, widen "
                    "the audience to {members}, or plan for a larger lift.",
                    lift=share(lift),
                    missed=share(1 - chosen["chance_share"], 0),
                    members=some(chosen["needed_count"], "member"),
                ),
                "REVIEW",
            )
        )
    if chosen["chance_share"] is not None and chosen["smallest_lift_share"] is None:
        notes.append(
            tr("No lift is shown with chance {power}, however large. {no_lift}", power=share(settings.power, 0), no_lift=tr(NO_LIFT))
        )
    least = min(chosen["control_count"], chosen["treated_count"])
    if least < settings.least_arm:
        notes.append(
            Note(
                tr(
                    "An arm of {members} is too small to be reviewed: {least_arm} were needed (setting campaigns.least_arm). The "
                    "audience is smaller than its holdout needs.",
                    members=some(least, "member"),
                    least_arm=settings.least_arm,
                ),
                "FAIL",
            )
        )
    notes.append(
        tr(
            "Measured on {members} chosen by the same rule on {since} and followed for {days} days: {mean} each, spread "
            "(CV) {cv:.2f}, of which their past tells {told} (rho {rho:.2f}). Another season may spread otherwise.",
            members=some(spread.member_count, "member"),
            since=found.since,
            days=days,
            mean=wording.money(spread.mean / view.minor_units, view.currency),
            cv=spread.cv,
            told=share(spread.rho**2, 0),
            rho=spread.rho,
        )
    )
    if found.fixed_list:
        notes.append(
            Note(
                tr(
                    "The audience is a list of ids, which cannot be chosen anew on an earlier day: if picked for what they did "
                    "lately, their past is no guide to their spend. Save the rule as an expression for a sounder figure."
                ),
                "REVIEW",
            )
        )
    control = read_global_control(view.workspace)
    if control.share:
        notes.append(tr("The global control ({share} of the chain) is left out of every campaign besides.", share=share(control.share)))
    return notes


def _unmeasured(view: View, members: int, shares: list[float], reason: str) -> Finding:
    schema = ["control_share", "control_count", "treated_count"]
    rows = [(split, round(members * split), members - round(members * split)) for split in shares]
    table = pl.DataFrame(rows, schema=schema, orient="row")
    return Finding(
        headline=tr("{where}, what a holdout of {members} could see is not measured.", where=where(view), members=some(members, "member")),
        table=table,
        notes=[Note(reason, "NOT MEASURED")],
    )


def _chart(view: View, table: pl.DataFrame, days: int) -> alt.Chart | alt.LayerChart:
    from toolkit.charts.bars import ranked_bars

    shown = table.select(
        pl.format("{}% held out", (100 * pl.col("control_share")).round(1).cast(pl.String).str.strip_suffix(".0")).alias("split"),
        "smallest_lift_share",
        "control_count",
    )
    return ranked_bars(
        shown, label="split", value="smallest_lift_share", n="control_count", kind="share", ranked=False,
        title=tr("Smallest lift that a holdout shows: {place}", place=view.place),
        subtitle=tr("{days} days, found with chance {chance}; n = members held out", days=days,
                    chance=share(view.settings.campaigns.power, 0)),
        value_title=tr("Smallest visible lift"),
    )  # fmt: skip
