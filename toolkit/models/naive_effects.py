"""The usual ways to reckon what a campaign did, under their true names: shown beside the estimate, never instead of it."""

from __future__ import annotations

import numpy as np

from toolkit.models.lin import Effect, effect_from, lin_effect, not_measured
from toolkit.models.reasons import Reason, Why


def naive_difference(outcome: np.ndarray, treated: np.ndarray) -> Effect:
    """Return treated less controls as they are; without random assignment it holds whatever set them apart before.

    >>> naive_difference(np.tile([9.0, 11.0, 11.0, 13.0], 20), np.tile([False, False, True, True], 20)).estimate
    2.0
    """
    return lin_effect(outcome, treated)


def before_after(outcome: np.ndarray, before: np.ndarray, treated: np.ndarray) -> Effect:
    """Return the treated during less before, as if nothing else had changed: season, trend and falling back to usual are all in it.

    `before` is the outcome in a window of the same length that ends the day before.
    """
    arm = np.asarray(treated).astype(bool)
    counts = int(arm.sum()), int((~arm).sum())
    change, past = (outcome - before)[arm], np.asarray(before, dtype=np.float64)[arm]
    if counts[0] < 2 or not np.ptp(change):
        return not_measured(Reason(Why.NO_CHANGE), *counts)
    root = np.sqrt(counts[0])
    return effect_from(
        float(change.mean()),
        float(change.std(ddof=1) / root),
        base=float(past.mean()),
        base_standard_error=float(past.std(ddof=1) / root),
        treated_count=counts[0],
        control_count=counts[1],
        freedom=counts[0] - 1,
    )


def difference_in_differences(outcome: np.ndarray, before: np.ndarray, treated: np.ndarray) -> Effect:
    """Return the change of the treated less the change of the controls; where the treated were chosen for what they had just done, they
    fall back on their own, and it takes that for an effect. `base` is what the treated did before plus the controls' change."""
    arm = np.asarray(treated).astype(bool)
    found = lin_effect(np.asarray(outcome, dtype=np.float64) - before, arm)
    if found.estimate is None or found.standard_error is None or found.base_standard_error is None or found.freedom is None:
        return found
    return effect_from(
        found.estimate,
        found.standard_error,
        base=float(np.mean(outcome[arm])) - found.estimate,
        base_standard_error=found.base_standard_error,
        treated_count=found.treated_count,
        control_count=found.control_count,
        freedom=found.freedom,
    )
