"""Migration: which segments members went to during a campaign, against what they would have done without it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from toolkit.answer import Finding, Note
from toolkit.language import later, tr, trn, word
from toolkit.models.lin import Effect, lin_effect, not_measured
from toolkit.registry import question
from toolkit.review.measures.case import Case
from toolkit.review.measures.headline import Claim, claim_of, first_reason, untold
from toolkit.review.measures.moves import OTHERS, Moves, arm_values, flow_table, moves_of
from toolkit.review.measures.study import study
from toolkit.review.measures.verdicts import worst_first
from toolkit.scope.view import View
from toolkit.wording import capital, share, some

if TYPE_CHECKING:
    import altair as alt

_SCHEMA = {"segment_before": pl.String, "segment": pl.String, "treated_count": pl.Int64, "treated_share": pl.Float64}


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
)
def migration(view: View, *, campaign_id: str | int = "") -> Finding:
    """Return how members moved between segments from launch to end: one row per pair of segments, treated beside control.

    Both days are measured with the ruler in force at launch (scorecard and segment map), so that nobody moves because the ruler did. What
    the control did, the treated would have done anyway.

    Parameters
    ----------
    campaign_id
        The campaign; empty = the last one that ended.

    Returns
    -------
    Answer
        Table columns: `segment_before` (at launch), `segment` (at the end, or at as_of while it runs); `treated_count`, `control_count`;
        `treated_share`, `control_share` (0..1 of the arm's members of that segment at launch); `difference_share`, `difference_share_low`,
        `difference_share_high` (95% interval, Agresti-Caffo); `moved_value` (currency units in 91 days: the difference over all treated
        members of the row, valued at what members of the two segments brought before; null = not known). Small segments stand together.

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
    found = study(view, campaign_id)
    case, least = found.case, view.settings.scope.minimum_members
    if case.history_days == 0 or case.treated_count < least:
        return _unmeasured(case, least)
    moves = moves_of(case)
    effect = _effect(case, moves)
    claim = claim_of(case, effect, found.checks)
    flows = flow_table(moves, least, view.settings.review.confidence)
    if 0 < case.control_count < least:
        flows = flows.with_columns(
            pl.lit(None, pl.Float64).alias(name) for name in ("control_share", "difference", "low", "high", "moved_value")
        )
    return Finding(
        headline=_headline(case, moves, effect, claim),
        table=_table(view, flows),
        chart=lambda: _chart(case, moves, flows),
        notes=[*_notes(case, moves, flows, claim), *worst_first(found.checks)],
        ask_next=[(f"review.{name}", {"campaign_id": case.campaign.campaign_id}) for name in ("effect", "habits_after", "money")],
        figures=_figures(case, effect, claim),
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
    return lin_effect(after, case.members["treated"].to_numpy(), covariates, least_arm=case.view.settings.review.least_arm)


def _table(view: View, flows: pl.DataFrame) -> pl.DataFrame:
    return flows.select(
        pl.col("before").alias("segment_before"),
        pl.col("after").alias("segment"),
        "treated_count",
        "control_count",
        "treated_share",
        "control_share",
        pl.col("difference").alias("difference_share"),
        pl.col("low").alias("difference_share_low"),
        pl.col("high").alias("difference_share_high"),
        view.major("moved_value").alias("moved_value"),
    )


def _headline(case: Case, moves: Moves, effect: Effect, claim: Claim) -> str:
    view, so_far = case.view, tr(" so far") if case.is_running else ""
    rose, fell = _rose_and_fell(moves, treated=True)
    plain = tr(
        "{rose} of the treated rose to a segment worth more{so_far} and {fell} fell", rose=share(rose), so_far=so_far, fell=share(fell)
    )
    if case.control_count >= view.settings.scope.minimum_members:
        rose, fell = _rose_and_fell(moves, treated=False)
        plain += tr(", of those compared with {rose} rose and {fell} fell", rose=share(rose), fell=share(fell))
    if moves.values.is_empty():
        stayed = float((moves.members.filter("treated")["before"] == moves.members.filter("treated")["after"]).mean() or 0)  # type: ignore[arg-type]
        plain = tr("{stayed} of the treated ended{so_far} in the segment they began in", stayed=share(stayed), so_far=so_far)
    start = capital(tr("{opening}{name}: {moves} ({arms})", opening=case.opening, name=case.name, moves=plain, arms=case.arms))
    if not claim.may_be_shown or effect.estimate is None or effect.low is None or effect.high is None:
        return tr(
            "{start}. What of it the campaign did {untold}: {first_reason}",
            start=start,
            untold=untold(claim),
            first_reason=first_reason(claim),
        )
    low, high, mean = (view.money(value * view.minor_units) for value in (effect.low, effect.high, effect.estimate))
    if claim.word == "not shown":
        return tr(
            "{start}. No move because of it is shown: worth {low} to {high} per treated member in 91 days, zero included.",
            start=start,
            low=low,
            high=high,
        )
    total = view.money(effect.estimate * case.treated_count * view.minor_units)
    return tr(
        _WORTH if claim.word == "proven" else _PROBABLY_WORTH,
        start=start,
        mean=mean,
        basis=word(moves.basis),
        low=low,
        high=high,
        total=total,
    )


_WORTH = later(
    "{start}. That is worth {mean} of {basis} per treated member in the 91 days after (95% interval "
    "{low} to {high}), {total} in all, if segments stay worth what they were."
)
_PROBABLY_WORTH = later(
    "{start}. That is probably worth {mean} of {basis} per treated member in the 91 days after (95% interval "
    "{low} to {high}), {total} in all, if segments stay worth what they were."
)


def _rose_and_fell(moves: Moves, *, treated: bool) -> tuple[float, float]:
    members = moves.members.filter(pl.col("treated") == treated)
    gain = members["after_value"] - members["before_value"]
    return float((gain > 0).fill_null(False).mean() or 0), float((gain < 0).fill_null(False).mean() or 0)  # type: ignore[arg-type]


def _notes(case: Case, moves: Moves, flows: pl.DataFrame, claim: Claim) -> list[str | Note]:
    view, notes = case.view, list[str | Note]()
    notes.append(
        tr(
            "Segments of {launch} and of {end}, both by the ruler in force at launch; F and M are ranks among members of each day.",
            launch=moves.launch,
            end=moves.end,
        )
    )
    if case.is_running:
        notes.append(Note(tr("It is still running: moves up to {end}.", end=moves.end), "REVIEW"))
    if case.control == "none":
        notes.append(Note(tr("Without a control nothing says who would have moved anyway: members always move."), "NOT MEASURED"))
    elif case.control_count < view.settings.scope.minimum_members:
        notes.append(
            Note(
                tr("Only {members} to compare with: their moves are not shown.", members=some(case.control_count, "member")), "NOT MEASURED"
            )
        )
    judged = flows.drop_nulls("low")
    clear = judged.filter((pl.col("low") > 0) | (pl.col("high") < 0)).height
    if judged.height:
        wanted = judged.height * (1 - view.settings.review.confidence)
        notes.append(
            trn(
                "{clear} of {intervals} is clear of zero; chance alone would make about {wanted:.1f} so.",
                "{clear} of {intervals} are clear of zero; chance alone would make about {wanted:.1f} so.",
                clear,
                clear=clear,
                intervals=some(judged.height, "interval"),
                wanted=wanted,
            )
        )
    if (flows.select((pl.col("before") == OTHERS) | (pl.col("after") == OTHERS)).to_series()).any():
        least = view.settings.scope.minimum_members
        notes.append(
            tr("Segments and moves of fewer than {least} members (setting scope.minimum_members) stand together as others.", least=least)
        )
    notes += list(moves.notes)
    return notes


def _figures(case: Case, effect: Effect, claim: Claim) -> dict[str, float]:
    shown = claim.may_be_shown and effect.estimate is not None
    return {"treated_members": case.treated_count, **({"moved_value": effect.estimate} if shown and effect.estimate is not None else {})}


def _unmeasured(case: Case, least: int) -> Finding:
    if case.history_days == 0:
        why = tr(
            "it started on {starts_on}, before the receipts do ({first_day}): nobody's segment at launch is known",
            starts_on=case.campaign.starts_on,
            first_day=case.view.first_day,
        )
    else:
        why = tr(
            "{treated_members} in scope, fewer than the {least} that figures may speak of",
            treated_members=some(case.treated_count, "treated member"),
            least=least,
        )
    return Finding(
        headline=capital(
            tr(
                "{opening}{name}: moves between segments are not measured: {why} ({arms}).",
                opening=case.opening,
                name=case.name,
                why=why,
                arms=case.arms,
            )
        ),
        table=pl.DataFrame(schema=_SCHEMA),
        notes=[Note(tr("Migration: {why}.", why=why), "NOT MEASURED")],
    )


def _chart(case: Case, moves: Moves, flows: pl.DataFrame) -> alt.Chart | alt.LayerChart:
    from toolkit.charts.heatmap import heatmap

    compared = flows["difference"].count() > 0
    value = "difference" if compared else "treated_share"
    order = [name for name in (*moves.segments, OTHERS) if name in set(flows["before"]) | set(flows["after"])]
    beside = tr("treated less control, share of the row") if compared else tr("share of the row's treated members; nobody to compare with")
    return heatmap(
        flows.drop_nulls(value), column="after", row="before", value=value, n="treated_count", kind="share1",
        value_title=tr("Difference") if compared else tr("Share"),
        column_title=tr("Segment on {day}", day=moves.end), row_title=tr("Segment on {day}", day=moves.launch),
        column_order=order, row_order=order, title=tr("{name}: from segment to segment", name=case.name),
        subtitle=tr("{beside}; n = {members}", beside=beside, members=some(case.treated_count, "treated member")),
    )  # fmt: skip
