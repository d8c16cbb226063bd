"""Expected spend over a year, at the level of the whole year behind: a window that begins in any other season teaches another level."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import polars as pl

from toolkit.models.calibration import spearman
from toolkit.models.future_spend import SpendModel, fit_future_spend, predict_future_spend
from toolkit.models.reasons import Reason, Why
from toolkit.models.snapshots import promised_over_came, with_outcome

DRIFT_DAYS, DRIFT_WEIGHT = 91, 0.5
"""A quarter is compared with that of a year before, and half of the difference believed: a quarter's chance is as large as most drifts."""


def fit_year_spend(days: pl.DataFrame, *, as_of: date, horizon_days: int = 365) -> SpendModel:
    """Return a model of what members spend in the year (`horizon_days`) after `as_of`, learned from nothing after `as_of`.

    In: the frame of `shopping_days`. The regression of `fit_future_spend` on the one snapshot whose window is the year behind, so that
    members are looked at in the same season as now; its promises are moved by half of what the same way, asked for the last quarter from a
    year before it, came out wrong (a shop that grows or shrinks as a whole is believed too little by features of single members). Where
    that snapshot does not carry a model (less than a year and a quarter behind, few buyers) it is that of `fit_future_spend`.
    """
    model = _at_year_behind(days, as_of, horizon_days)
    if model is None:
        return fit_future_spend(days, as_of=as_of, horizon_days=horizon_days)
    on = as_of - timedelta(days=horizon_days)
    earlier = _at_year_behind(days.filter(pl.col("day") <= on), on, horizon_days)
    judged = spend_that_came(earlier, days, on, horizon_days) if earlier is not None else None
    total = promised_over_came(judged)
    if judged is None or total is None:
        return model
    return replace(model, held_out_spearman=spearman(judged["promised"].to_numpy(), judged["came"].to_numpy()), held_out_total=total)


def _at_year_behind(days: pl.DataFrame, as_of: date, horizon_days: int) -> SpendModel | None:
    model = fit_future_spend(days, as_of=as_of, horizon_days=horizon_days, stands=(as_of - timedelta(days=horizon_days),))
    if model.status != "measured":
        return None
    drift = _drift(days, as_of, horizon_days)
    reason = Reason(Why.YEAR_BEHIND) if drift is None else Reason(Why.YEAR_BEHIND_DRIFT, drift=drift - 1)
    return replace(model, reason=reason, stretch=(drift or 1.0) ** DRIFT_WEIGHT)


def _drift(days: pl.DataFrame, as_of: date, horizon_days: int) -> float | None:
    """Return what the last quarter brought over what the same quarter of the year before makes one promise of it; None = not known."""
    on = as_of - timedelta(days=DRIFT_DAYS)
    known = days.filter(pl.col("day") <= on)
    model = fit_future_spend(known, as_of=on, horizon_days=DRIFT_DAYS, stands=(on - timedelta(days=horizon_days),))
    judged = spend_that_came(model, days, on, DRIFT_DAYS) if model.status == "measured" else None
    total = promised_over_came(judged)
    return 1 / total if total else None


def spend_that_came(model: SpendModel, days: pl.DataFrame, on: date, horizon_days: int) -> pl.DataFrame | None:
    """Return what a model promised of each member on an earlier day, and what came: `promised`, `came`; None where it promised nothing."""
    promised = predict_future_spend(model, days.filter(pl.col("day") <= on), as_of=on).rename({"expected_spend": "promised"})
    return with_outcome(promised, days, on, horizon_days, pl.col("spent").fill_null(0))
