"""The holdout in money: what a control group of a given share can see, how long it takes, and what it costs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import polars as pl

from toolkit import columns as c
from toolkit.answer import Finding, Note
from toolkit.columns import AnswerTable, Row
from toolkit.differentiation.measures.visible import NO_LIFT, Visible, measure_spread
from toolkit.errors import BadValue, DataError
from toolkit.language import tr
from toolkit.ledger.global_control import read_global_control
from toolkit.models.power import chance_to_see, members_needed, smallest_lift
from toolkit.registry import question
from toolkit.scope.view import View

if TYPE_CHECKING:
    import altair as alt

LADDER = (7, 14, 28, 56, 91)
"""Lengths of a campaign in days at which the spread is measured."""
SPLITS = (0.05, 0.1, 0.2, 0.3, 0.5)
"""Control shares that are shown beside the one asked for."""
HOLDOUT = c.table(
    "one row per control share, smallest first",
    c.share("control_share", "Control, share"),
    c.count("control_count", "Compared with", "members held out"),
    c.count("treated_count", "Treated", "members treated"),
    c.share("smallest_lift_share", "Smallest visible lift", "found with the chance campaigns.power: 4 in 5",
            null="an arm below campaigns.least_arm, or none is, however large"),
    c.share("chance_share", "Chance to see it", "of finding `lift`", null="an arm below campaigns.least_arm"),
    c.count("needed_count", "Members needed", "in both arms, to find `lift` with that chance"),
    c.days("needed_days", "Days needed", "the shortest of the lengths in which the members there are find it", null="none of them",
           dtype=pl.Int64),
    c.money("forgone_sales", "Sales forgone", "what the control members do not buy if the lift is true"),
)  # fmt: skip


@question(
    "differentiation",
    "How many members must be held out, for how long, and what does it cost?",
    words=(
        "how large a control group do we need",
        "what lift could a test see, statistical power, sample size",
        "sales forgone by a holdout",
        "对照组 留出组 样本量 要多少人",
    ),
    tables=HOLDOUT,
    figures=(
        c.share("smallest_lift_share", "Smallest visible lift"),
        c.count("needed_count", "Members needed"),
        c.money("forgone_sales", "Sales forgone"),
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
        visible = measure_spread(view, [days])  # as a plan measures it, so that both say the same
    except DataError as error:
        return _unmeasured(view, count, splits, str(error))
    table = _table(view, visible, _others(view, lengths, days), count, splits, days, lift)
    chosen = next(row for row in table.rows() if row["control_share"] == control_share)
    return Finding(
        headline=_headline(view, chosen, count, days, lift),
        table=table,
        chart=lambda: _chart(view, table, days),
        notes=_notes(view, visible, chosen, days, lift),
        ask_next=[("differentiation.global_control", {})],
        figures={name: chosen[name] for name in ("smallest_lift_share", "needed_count", "forgone_sales")},
    )


def _check(shares: Sequence[float], lengths: Sequence[int], lift: float, members: int | None) -> None:
    faults = [
        tr("control_share is {control_share:g}; a share between 0 and 1 was needed, such as 0.2.", control_share=one)
        for one in dict.fromkeys(shares)
        if not 1e-6 <= one < 1
    ]
    faults += [
        tr("days is {days}; 7 to 91 days were needed, such as 28: shorter shows nothing, longer blurs with everything else.", days=days)
        for days in dict.fromkeys(lengths)
        if not 7 <= days <= 91
    ]
    if not 1e-6 <= lift <= 5:
        faults.append(tr("lift is {lift:g}; a share above 0 was needed, such as 0.05 for 5% more spend.", lift=lift))
    if members is not None and members < 1:
        faults.append(tr("members is {members}; a number of members from 1 was needed.", members=members))
    if faults:
        raise BadValue("\n".join(f"differentiation.holdout: {fault}" for fault in faults))


def _others(view: View, lengths: Sequence[int], days: int) -> Visible | None:
    """Measure as many other lengths as the receipts allow; None where they allow none."""
    ladder = sorted({*lengths} - {days})
    while ladder:
        try:
            return measure_spread(view, ladder)
        except DataError:
            ladder.pop()
    return None


def _table(view: View, visible: Visible, others: Visible | None, members: int, shares: list[float], days: int, lift: float) -> AnswerTable:
    power = view.settings.campaigns.power
    rows = []
    for split in shares:
        control, spread = round(members * split), visible.spread(days, split)
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
    return HOLDOUT.of(pl.DataFrame(rows, schema=HOLDOUT.schema), view)


def _headline(view: View, chosen: Row, members: int, days: int, lift: float) -> str:
    if chosen["chance_share"] is None:
        return view.say(
            "{where}, holding out {control_share:.0%} of {members:member} makes an arm too small to be reviewed ({smallest}); "
            "{needed_count:member} are needed to see a lift of {lift:share}.",
            chosen, members=members, smallest=min(chosen["control_count"], chosen["treated_count"]), lift=lift,
        )  # fmt: skip
    needed = chosen["needed_days"]
    return view.say(
        "{where}, holding out {control_share:.0%} of {members:member} for {days} days shows [smallest_lift_share?a lift of "
        "{smallest_lift_share} or more|no lift, however large] (chance {campaigns.power:.0%}); a lift of {lift:share} is "
        "[is_seen?seen|seen only with chance {chance_share:.0%}]: [is_shorter?{needed_days} days show it too|[is_longer?{needed_days} days "
        "would show it|{needed_count:member} are needed for it]]. The {control_count} held out forgo {forgone_sales} of sales if it is "
        "true.",
        chosen, members=members, days=days, lift=lift, is_seen=chosen["chance_share"] >= view.settings.campaigns.power,
        is_shorter=bool(needed and needed < days), is_longer=bool(needed and needed > days),
    )  # fmt: skip


def _notes(view: View, visible: Visible, chosen: Row, days: int, lift: float) -> list[str | Note]:
    settings, notes = view.settings.campaigns, list[str | Note]()
    spread = visible.spread(days, chosen["control_share"])
    chance = chosen["chance_share"]
    if chance is not None and chance >= settings.power:
        notes.append(Note(view.say("A lift of {lift:share} would be seen with chance {chance_share:.0%}.", chosen, lift=lift), "PASS"))
    elif chance is not None:  # else the arm is too small, which is said below
        underpowered = view.say(
            "Underpowered for a lift of {lift:share}: it would be missed {missed:.0%} of the time. Hold out more, run longer, widen the "
            "audience to {needed_count:member}, or plan for a larger lift.",
            chosen, lift=lift, missed=1 - chance,
        )  # fmt: skip
        notes.append(Note(underpowered, "REVIEW"))
    if chance is not None and chosen["smallest_lift_share"] is None:
        notes.append(view.say("No lift is shown with chance {campaigns.power:.0%}, however large. {no_lift}", no_lift=tr(NO_LIFT)))
    least = min(chosen["control_count"], chosen["treated_count"])
    if least < settings.least_arm:
        too_small = view.say(
            "An arm of {least_count:member} is too small to be reviewed: {campaigns.least_arm} were needed (setting campaigns.least_arm). "
            "The audience is smaller than its holdout needs.",
            least_count=least,
        )
        notes.append(Note(too_small, "FAIL"))
    notes.append(
        view.say(
            "Measured on {n:member} chosen by the same rule on {since} and followed for {days} days: {mean:minor} each, spread (CV) "
            "{cv:.2f}, of which their past tells {known:.0%} (rho {rho:.2f}). Another season may spread otherwise.",
            n=spread.member_count, since=visible.since, days=days, mean=spread.mean, cv=spread.cv, known=spread.rho**2, rho=spread.rho,
        )
    )  # fmt: skip
    if visible.fixed_list:
        fixed_list = tr(
            "The audience is a list of ids, which cannot be chosen anew on an earlier day: if picked for what they did lately, their past "
            "is no guide to their spend. Save the rule as an expression for a sounder figure."
        )
        notes.append(Note(fixed_list, "REVIEW"))
    control = read_global_control(view.workspace)
    if control.share:
        notes.append(
            view.say("The global control ({share:share} of the chain) is left out of every campaign besides.", share=control.share)
        )
    return notes


def _unmeasured(view: View, members: int, shares: list[float], reason: str) -> Finding:
    rows = [(split, round(members * split), members - round(members * split)) for split in shares]
    frame = pl.DataFrame(rows, schema=["control_share", "control_count", "treated_count"], orient="row")
    return Finding(
        headline=view.say("{where}, what a holdout of {members:member} could see is not measured.", members=members),
        table=HOLDOUT.of(frame, view),
        notes=[Note(reason, "NOT MEASURED")],
    )


def _chart(view: View, table: AnswerTable, days: int) -> alt.Chart | alt.LayerChart:
    from toolkit.charts.bars import ranked_bars

    drawn = table.frame.select(
        pl.format("{}% held out", (100 * pl.col("control_share")).round(1).cast(pl.String).str.strip_suffix(".0")).alias("split"),
        "smallest_lift_share",
        "control_count",
    )
    return ranked_bars(
        drawn, label="split", value="smallest_lift_share", n="control_count", kind="share", ranked=False,
        title=view.say("Smallest lift that a holdout shows: {place}"),
        subtitle=view.say("{days} days, found with chance {campaigns.power:.0%}; n = members held out", days=days),
        value_title=tr("Smallest visible lift"),
    )  # fmt: skip
