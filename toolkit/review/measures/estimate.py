"""An effect from a case: Lin's regression on what members did, as assigned, with what they did before; ratios by the delta method."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from toolkit.language import tr
from toolkit.models.lin import Effect, effect_from, lin_effect, not_measured
from toolkit.review.measures.case import Case, too_few_of
from toolkit.review.measures.outcome import OUTCOMES, Outcome


def measured_effect(case: Case, frame: pl.DataFrame, outcome: str, *, rows: np.ndarray | None = None) -> Effect:
    """Return the effect on an outcome per treated member, in currency units, orders or a share.

    In: `frame` of `Outcomes`, rows as in the case; `rows` (true or false per member) narrows both arms. Out: an `Effect` without figures
    and with the reason where the case cannot carry one.

    Source: DEFINITIONS.md section 4. Ratios: the arms' totals divided, error by linearisation (Deng et al., KDD 2018).
    """
    asked = OUTCOMES[outcome]
    inside = np.ones(frame.height, dtype=bool) if rows is None else rows
    treated = case.members["treated"].to_numpy()[inside]
    counts = int(treated.sum()), int((~treated).sum())
    if case.too_few is not None and rows is None:
        return not_measured(case.too_few, *counts)
    if frame[asked.top].null_count():
        return not_measured(tr("what the goods cost is not known"), *counts)
    if too_few := too_few_of(case.view, *counts):
        return not_measured(too_few, *counts)
    past = case.past.values[inside]
    top = frame[asked.top].to_numpy()[inside]
    options = regression_options(case)
    if asked.bottom is None:
        return lin_effect(top, treated, past, **options)
    return _ratio(asked, top, frame[asked.bottom].to_numpy()[inside], treated, past, options)


def regression_options(case: Case) -> dict[str, Any]:
    """Return how the regression of a case is to be run: where members were picked it needs all it can carry to make the arms alike."""
    how = {"by_chance": True} if case.is_randomised else {"members_per_covariate": 10}
    return {"least_arm": case.view.settings.review.least_arm, **how}


def _ratio(asked: Outcome, top: np.ndarray, bottom: np.ndarray, treated: np.ndarray, past: np.ndarray, options: dict[str, Any]) -> Effect:
    """The difference between arms of total over total, the controls as if they were like the treated."""
    above, below = (lin_effect(values, treated, past, **options) for values in (top, bottom))
    counts = above.treated_count, above.control_count
    if above.base is None or below.base is None:
        return not_measured(above.reason or below.reason, *counts)
    if below.base <= 0 or bottom[treated].mean() <= 0:
        return not_measured(tr("an arm has no orders to divide by"), *counts)
    ratio = np.where(treated, top[treated].mean() / bottom[treated].mean(), above.base / below.base)
    spread = (top - ratio * bottom) / np.where(treated, bottom[treated].mean(), below.base)
    error = lin_effect(spread, treated, past, **options)
    if error.standard_error is None or error.base_standard_error is None:
        return not_measured(error.reason, *counts)
    base = above.base / below.base
    return effect_from(
        float(top[treated].mean() / bottom[treated].mean() - base),
        error.standard_error,
        base=base,
        base_standard_error=error.base_standard_error,
        treated_count=counts[0],
        control_count=counts[1],
        freedom=error.freedom or np.inf,
        effective_controls=error.effective_controls,
    )
