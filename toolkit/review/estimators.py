"""The estimator that counts, its cross-checks, and the usual methods under their true names."""

from __future__ import annotations

from datetime import timedelta

import numpy as np

from toolkit.mart.view import Period
from toolkit.models.lin import Effect, effect_from, lin_effect, not_measured
from toolkit.review.estimate import measured_effect
from toolkit.review.outcome import OUTCOMES, outcomes
from toolkit.review.study import Study

WHAT_COUNTS = "Lin's regression, as assigned"


def estimator_effects(found: Study) -> list[tuple[str, Effect, str]]:
    """Return (estimator, effect, how to read it), what counts first. Ratios have the first two only."""
    case, claim = found.case, found.claim
    counts = "what counts" if claim.may_be_shown else "description: the checks or the size forbid a claim"
    rows = [(WHAT_COUNTS, found.effect, counts)]
    if case.too_few is not None:
        return [(WHAT_COUNTS, found.effect, f"not measured: {case.too_few}")]
    if case.neighbours.height:
        alone = ~case.members["elsewhere"].to_numpy()
        one = measured_effect(case, found.frame, found.outcome, rows=alone)
        rows.append(("The same, without members of other campaigns", one, "sensitivity: what neighbours may have done"))
    asked = OUTCOMES[found.outcome]
    if asked.bottom is not None or found.frame[asked.top].null_count():
        return rows
    treated = case.members["treated"].to_numpy()
    now = found.frame[asked.top].to_numpy()
    rows.append(("Arms as they are (naive difference)", lin_effect(now, treated), _naive(case.is_randomised)))
    window = Period(case.campaign.starts_on - timedelta(days=case.seen.days), case.campaign.starts_on - timedelta(days=1))
    if window.start < case.view.first_day:
        return rows
    before = outcomes(case, window).frame[asked.top].to_numpy()
    rows.append(
        (
            "Treated, before and after (no control)",
            _before_and_after(now[treated], before[treated], treated),
            "holds season, trend and falling back",
        )
    )
    rows.append(("Difference in differences", lin_effect(now - before, treated), _naive(case.is_randomised)))
    return rows


def _naive(randomised: bool) -> str:
    return "sound, but wider than need be" if randomised else "compares people who differed before"


def _before_and_after(now: np.ndarray, before: np.ndarray, treated: np.ndarray) -> Effect:
    """The mean change of the treated, as if nothing else had changed."""
    change, counts = now - before, (int(treated.sum()), int((~treated).sum()))
    if len(change) < 2 or not np.ptp(change):
        return not_measured("the treated did the same before and after", *counts)
    return effect_from(
        float(change.mean()), float(change.std(ddof=1) / np.sqrt(len(change))), base=float(before.mean()),
        base_standard_error=float(before.std(ddof=1) / np.sqrt(len(before))), treated_count=counts[0], control_count=counts[1],
        freedom=len(change) - 1,
    )  # fmt: skip
