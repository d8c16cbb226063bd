"""Migration: which segments members went to during a campaign, against what they would have done without it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from toolkit import columns as c
from toolkit.answer import Finding, Note
from toolkit.columns import AnswerTable
from toolkit.language import tr
from toolkit.models.lin import Effect, lin_effect, not_measured
from toolkit.registry import question
from toolkit.review.measures.case import ARMS, Case
from toolkit.review.measures.estimate import regression_options
from toolkit.review.measures.headline import Claim, claim_of
from toolkit.review.measures.moves import OTHERS, Moves, arm_values, flow_table, moves_of
from toolkit.review.measures.sentences import together
from toolkit.review.measures.study import study
from toolkit.review.measures.verdicts import worst_first
from toolkit.scope.hiding import unmeasured
from toolkit.scope.view import View
from toolkit.wording import capital

if TYPE_CHECKING:
    import altair as alt

MOVES = c.table(
    "one row per pair of segments; small ones stand together",
    c.text("segment_before", meaning="at launch"),
    c.text("segment", meaning="at the end, or at as_of while it runs"),
    ARMS,
    c.share("treated_share", "Share of the treated", "of the arm's members of that segment at launch"),
    c.share("control_share", "Control, share", "of the arm's members of that segment at launch", hidden_by="control_count"),
    c.interval(c.share("difference_share", "Difference", "Agresti-Caffo", null="no control, or others")),
    c.money(
        "moved_value",
        "Worth in 91 days",
        "the difference over all treated of the row, at what members of the two segments brought before",
        null="not known",
    ),
)


@question(
    "review",
    "Did the campaign move members to better segments?",
    words=(
        "migration between segments from launch to end, treated against control",
        "who became a better customer because of the campaign",
        "segment transitions and what they are worth",
        "客群迁移 分层变化",
        "活动 会员等级迁移",
    ),
    tables=MOVES,
    figures=(c.members("treated_members", "Members treated"), c.money("moved_value", "Worth in 91 days")),
)
def migration(view: View, *, campaign_id: str | int = "") -> Finding:
    """Return how members moved between segments from launch to end: one row per pair of segments, treated beside control.

    Both days are measured with the ruler in force at launch (scorecard and segment map), so that nobody moves because the ruler did. What
    the control did, the treated would have done anyway.

    Parameters
    ----------
    campaign_id
        The campaign; empty = the last one that ended.

    Raises
    ------
    UnknownName
        There is no such campaign.
    DataError
        There are no campaigns, or this one has not begun.

    Notes
    -----
    The value in the headline is Lin's regression of each member's segment value at the end on the arm, with the value at launch and the
    member's past. Values are of before the start: they say what such segments brought then, not what these members will bring.

    Example
    -------
    >>> tk.review.migration(ws, campaign_id="C001").table               # doctest: +SKIP
    """
    measured = study(view, campaign_id)
    case = measured.case
    if case.history_days == 0 or case.too_few_to_show:
        return _unmeasured(case)
    moves = moves_of(case)
    effect = _effect(case, moves)
    claim = claim_of(case, effect, measured.checks)
    shown = _table(view, moves)
    return Finding(
        headline=_headline(case, moves, effect, claim),
        table=shown,
        chart=lambda: _chart(case, moves, shown.frame),
        notes=[*_notes(case, moves, shown.frame), *worst_first(measured.checks)],
        ask_next=[(f"review.{name}", {"campaign_id": case.campaign.campaign_id}) for name in ("effect", "habits_after", "money")],
        figures={"treated_members": case.treated_count, "moved_value": effect.estimate if claim.may_be_shown else None},
    )


def _effect(case: Case, moves: Moves) -> Effect:
    """The effect on the value of a member's segment, in currency units per treated member."""
    counts = case.treated_count, case.control_count
    if case.too_few is not None:
        return not_measured(case.too_few, *counts)
    values = arm_values(moves)
    if values is None:
        return not_measured(tr("what a segment is worth is not known"), *counts)
    after, before = (side / case.view.minor_units for side in values)
    covariates = np.column_stack([before, case.past.values])
    return lin_effect(after, case.members["treated"].to_numpy(), covariates, **regression_options(case))


def _table(view: View, moves: Moves) -> AnswerTable:
    flows = flow_table(moves, view.least, view.settings.review.confidence)
    few = pl.col("control_count").is_between(1, view.least - 1)  # a difference and one of the shares would tell the other
    told = {"difference": "difference_share", "low": "difference_share_low", "high": "difference_share_high"}
    return MOVES.of(
        flows.select(
            pl.col("before").alias("segment_before"),
            pl.col("after").alias("segment"),
            "treated_count",
            "control_count",
            "treated_share",
            "control_share",
            *[pl.when(~few).then(pl.col(name)).alias(column) for name, column in told.items()],
            pl.when(~few).then(view.major("moved_value")).alias("moved_value"),
        ),
        view,
    )


def _headline(case: Case, moves: Moves, effect: Effect, claim: Claim) -> str:
    rose, fell = _rose_and_fell(moves, treated=True)
    control_rose, control_fell = _rose_and_fell(moves, treated=False)
    treated = moves.members.filter("treated")
    moved = case.say(
        "{opening}{name}: [valued?{rose:share} of the treated rose to a segment worth more[running? so far] and {fell:share} "
        "fell[compared?, of those compared with {control_rose:share} rose and {control_fell:share} fell]|{stayed:share} of the treated "
        "ended[running? so far] in the segment they began in] ({arms}).",
        valued=not moves.values.is_empty(), running=case.is_running, compared=case.control_count >= case.view.least, rose=rose, fell=fell,
        control_rose=control_rose, control_fell=control_fell, stayed=float((treated["before"] == treated["after"]).mean() or 0),  # type: ignore[arg-type]
    )  # fmt: skip
    figures = {"mean": effect.estimate, "low": effect.low, "high": effect.high}
    if not claim.may_be_shown or effect.estimate is None:
        worth = case.say("What of it the campaign did [not_measured?is not measured|cannot be told]: {reason}", claim.parts)
    elif claim.word == "not shown":
        worth = case.say(
            "No move because of it is shown: worth {low:money} to {high:money} per treated member in 91 days, zero included.", figures
        )
    else:
        worth = case.say(
            "That is [likely?[very?very ]probably ]worth {mean:money} of {basis:word} per treated member in the 91 days after (95% "
            "interval "
            "{low:money} to {high:money}), {total:money} in all, if segments stay worth what they were.",
            {**claim.parts, **figures}, basis=moves.basis, total=effect.estimate * case.treated_count,
        )  # fmt: skip
    return together(capital(moved), worth)


def _rose_and_fell(moves: Moves, *, treated: bool) -> tuple[float, float]:
    members = moves.members.filter(pl.col("treated") == treated)
    gain = members["after_value"] - members["before_value"]
    return float((gain > 0).fill_null(False).mean() or 0), float((gain < 0).fill_null(False).mean() or 0)  # type: ignore[arg-type]


def _notes(case: Case, moves: Moves, flows: pl.DataFrame) -> list[str | Note]:
    view, notes = case.view, list[str | Note]()
    notes.append(
        case.say(
            "Segments of {launch} and of {end}, both by the ruler in force at launch; F and M are ranks among members of each day.",
            launch=moves.launch,
            end=moves.end,
        )
    )
    if case.is_running:
        notes.append(Note(case.say("It is still running: moves up to {end}.", end=moves.end), "REVIEW"))
    if case.control == "none":
        notes.append(Note(tr("Without a control nothing says who would have moved anyway: members always move."), "NOT MEASURED"))
    elif case.control_count < view.least:
        notes.append(Note(case.say("Fewer than {least} members to compare with: their moves are not shown."), "NOT MEASURED"))
    judged = flows.drop_nulls("difference_share_low")
    clear = judged.filter((pl.col("difference_share_low") > 0) | (pl.col("difference_share_high") < 0)).height
    if judged.height:
        notes.append(
            case.say(
                "{clear} of {intervals:interval} [one?is|are] clear of zero; chance alone would make about {wanted:.1f} so.",
                clear=clear, one=clear == 1, intervals=judged.height, wanted=judged.height * (1 - view.settings.review.confidence),
            )
        )  # fmt: skip
    if OTHERS in {*flows["segment_before"], *flows["segment"]}:
        notes.append(case.say("Segments and moves of fewer than {least} members (setting scope.minimum_members) stand together as others."))
    return [*notes, *moves.notes]


def _unmeasured(case: Case) -> Finding:
    why = case.too_few_to_show
    if case.history_days == 0:
        why = case.say(
            "it started on {starts_on}, before the receipts do ({first_day}): nobody's segment at launch is known",
            starts_on=case.campaign.starts_on,
            first_day=case.view.first_day,
        )
    headline = case.say("{opening}{name}: moves between segments are not measured: {why} ({arms}).", why=why)
    return unmeasured(MOVES, capital(headline), case.say("Migration: {why}.", why=why))


def _chart(case: Case, moves: Moves, flows: pl.DataFrame) -> alt.Chart | alt.LayerChart:
    from toolkit.charts.heatmap import heatmap

    compared = flows["difference_share"].count() > 0
    value = "difference_share" if compared else "treated_share"
    order = [name for name in (*moves.segments, OTHERS) if name in {*flows["segment_before"], *flows["segment"]}]
    return heatmap(
        flows.drop_nulls(value), column="segment", row="segment_before", value=value, n="treated_count", kind="share1",
        value_title=tr("Difference") if compared else tr("Share"),
        column_title=case.say("Segment on {day}", day=moves.end), row_title=case.say("Segment on {day}", day=moves.launch),
        column_order=order, row_order=order, title=case.say("{name}: from segment to segment"),
        subtitle=case.say(
            "[compared?treated less control, share of the row|share of the row's treated members; nobody to compare with]; n = "
            "{treated:treated member}",
            compared=compared, treated=case.treated_count,
        ),
    )  # fmt: skip
