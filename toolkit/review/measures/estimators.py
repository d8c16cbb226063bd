"""The estimator that counts, its cross-checks, and the usual methods under their true names."""

from __future__ import annotations

from datetime import timedelta

from toolkit.language import tr, value
from toolkit.models.entropy_balancing import balanced_effect
from toolkit.models.lin import Effect
from toolkit.models.naive_effects import before_after, difference_in_differences, naive_difference
from toolkit.review.measures.case import Case
from toolkit.review.measures.estimate import measured_effect
from toolkit.review.measures.model_reasons import reason_text
from toolkit.review.measures.outcome import OUTCOMES, outcomes
from toolkit.review.measures.study import Study
from toolkit.scope.period import Period

WHAT_COUNTS = value("Lin's regression, as assigned")


def estimator_effects(measured: Study) -> list[tuple[str, Effect, str]]:
    """Return (estimator, effect, how to read it), what counts first. Ratios have the first two only."""
    case, claim = measured.case, measured.claim
    counts = tr("what counts") if claim.may_be_shown else tr("description: the checks or the size forbid a claim")
    if case.too_few is not None:
        return [(WHAT_COUNTS, measured.effect, case.say("not measured: {reason}", reason=case.too_few))]
    if case.nobody_alike is not None:  # the figure is there to be looked at, and nothing is claimed of it anywhere
        counts = case.say("description, extrapolated: {reason}", reason=case.nobody_alike)
    rows = [(WHAT_COUNTS, measured.effect, counts)]
    if case.neighbours.height:
        alone = ~case.members["elsewhere"].to_numpy()
        one = measured_effect(case, measured.frame, measured.outcome, rows=alone)
        rows.append((value("The same, without members of other campaigns"), one, tr("sensitivity: what neighbours may have done")))
    asked = OUTCOMES[measured.outcome]
    if asked.bottom is not None or measured.frame[asked.top].null_count():
        return rows
    treated = case.members["treated"].to_numpy()
    now = measured.frame[asked.top].to_numpy()
    if case.history_days > 0:
        one = balanced_effect(now, treated, case.past.values, least_arm=case.view.settings.review.least_arm)
        rows.append((value("Entropy balancing (cross-check)"), one, _cross_check(case, one)))
    rows.append((value("Arms as they are (naive difference)"), naive_difference(now, treated), _naive(case.is_randomised)))
    window = Period(case.campaign.starts_on - timedelta(days=case.seen.days), case.campaign.starts_on - timedelta(days=1))
    if window.start < case.view.first_day:
        return rows
    earlier = outcomes(case, window).frame[asked.top]
    if earlier.null_count():  # nobody bought then, so no margin is known either
        return rows
    before = earlier.to_numpy()
    change = before_after(now, before, treated)
    rows.append((value("Treated, before and after (no control)"), change, tr("holds season, trend and falling back to usual")))
    rows.append((value("Difference in differences"), difference_in_differences(now, before, treated), _naive(case.is_randomised)))
    return rows


def _naive(randomised: bool) -> str:
    return tr("sound, but wider than need be") if randomised else tr("compares people who differed before")


def _cross_check(case: Case, one: Effect) -> str:
    return (
        tr("agreement is description, not a pass") if one.measured else case.say("not measured: {reason}", reason=reason_text(one.reason))
    )
