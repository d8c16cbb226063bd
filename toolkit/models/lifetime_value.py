"""The three figures of life-time value for every member, and how each was come by."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta

import polars as pl

from toolkit.models.btyd import BtydFit, btyd_summary, p_alive
from toolkit.models.calibration import prediction_quality, spearman
from toolkit.models.future_spend import SpendModel, fit_btyd_spend, fit_future_spend, predict_future_spend
from toolkit.models.glm import Regression
from toolkit.models.next_purchase import PurchaseModel, fit_next_purchase, predict_next_purchase
from toolkit.models.reasons import Why
from toolkit.models.season import YEAR_DAYS, Season, season_ahead
from toolkit.models.snapshots import outcome


@dataclass(frozen=True, slots=True)
class LifetimeModels:
    """The model behind each figure, and what is known of the season ahead.

    `purchase_held` and `spend_held`: what the same way promised over what came, at the same season of a year before (1 = right); null where
    the receipts do not reach back far enough to have promised anything then.
    """

    purchase: PurchaseModel
    spend: SpendModel
    year: SpendModel
    purchase_season: Season
    spend_season: Season
    purchase_held: float | None = None
    spend_held: float | None = None


def fit_lifetime(
    days: pl.DataFrame, *, as_of: date, purchase_days: int = 28, spend_days: int = 91, year_days: int = 365, try_boosting: bool = True
) -> LifetimeModels:
    """Return the fitted models at `as_of`; a shop too sparse for the purchase model gets BTYD for spend as well.

    In: the frame of `shopping_days`. Nothing after `as_of` is read. A seasonal shop (`season_ahead`) is learned from the same weeks of a
    year ago instead of the latest ones, but for the year, which holds every season; that way is judged on the last complete window as well.
    """
    fitted = _fit(days, as_of, purchase_days, spend_days, year_days, try_boosting)
    purchase, spend = fitted.purchase, fitted.spend
    if purchase.reason.why is Why.SAME_WEEKS:
        judged = _bought(days, as_of - timedelta(days=purchase_days), purchase_days, purchase.method, try_boosting)
        if judged is not None:
            purchase = replace(purchase, held_out=prediction_quality(judged["came"].to_numpy(), judged["promised"].to_numpy()))
    if spend.reason is not None and spend.reason.why is Why.SAME_WEEKS:
        judged = _spent(days, as_of - timedelta(days=spend_days), spend_days)
        if judged is not None:
            ranks = spearman(judged["promised"].to_numpy(), judged["came"].to_numpy())
            spend = replace(spend, held_out_spearman=ranks, held_out_total=_ratio(judged))
    a_year_ago = as_of - timedelta(days=YEAR_DAYS)
    return replace(
        fitted, purchase=purchase, spend=spend,
        purchase_held=_ratio(_bought(days, a_year_ago, purchase_days, purchase.method, try_boosting)),
        spend_held=_ratio(_spent(days, a_year_ago, spend_days)) if isinstance(spend.fitted, Regression) else None,
    )  # fmt: skip


def _fit(days: pl.DataFrame, as_of: date, purchase_days: int, spend_days: int, year_days: int, try_boosting: bool) -> LifetimeModels:
    seasons = [season_ahead(days, as_of=as_of, horizon_days=horizon) for horizon in (purchase_days, spend_days)]
    purchase = fit_next_purchase(days, as_of=as_of, horizon_days=purchase_days, try_boosting=try_boosting, stands=seasons[0].stands)
    if isinstance(purchase.fitted, BtydFit):
        spend, year = (
            fit_btyd_spend(days, as_of=as_of, horizon_days=horizon, often=purchase.fitted) for horizon in (spend_days, year_days)
        )
    else:
        spend = fit_future_spend(days, as_of=as_of, horizon_days=spend_days, stands=seasons[1].stands)
        year = fit_future_spend(days, as_of=as_of, horizon_days=year_days)
    return LifetimeModels(purchase, spend, year, purchase_season=seasons[0], spend_season=seasons[1])


def _bought(days: pl.DataFrame, on: date, horizon_days: int, method: str, try_boosting: bool) -> pl.DataFrame | None:
    """Return the probability that an earlier day gave each member, and whether they bought: `promised`, `came`; None where it gave none."""
    known = days.filter(pl.col("day") <= on)
    season = season_ahead(known, as_of=on, horizon_days=horizon_days)
    model = fit_next_purchase(known, as_of=on, horizon_days=horizon_days, try_boosting=try_boosting, stands=season.stands)
    if model.method == "not measured" or (model.method == "btyd") != (method == "btyd"):
        return None
    promised = predict_next_purchase(model, known, as_of=on).rename({"p_buys": "promised"})
    return _with_outcome(promised, days, on, horizon_days, pl.col("bought").fill_null(False))


def _spent(days: pl.DataFrame, on: date, horizon_days: int) -> pl.DataFrame | None:
    """Return the spend that an earlier day promised of each member, and what came: `promised`, `came`; None where it promised none."""
    known = days.filter(pl.col("day") <= on)
    season = season_ahead(known, as_of=on, horizon_days=horizon_days)
    model = fit_future_spend(known, as_of=on, horizon_days=horizon_days, stands=season.stands)
    if not isinstance(model.fitted, Regression) or model.status != "measured":
        return None
    promised = predict_future_spend(model, known, as_of=on).rename({"expected_spend": "promised"})
    return _with_outcome(promised, days, on, horizon_days, pl.col("spent").fill_null(0))


def _with_outcome(promised: pl.DataFrame, days: pl.DataFrame, on: date, horizon_days: int, came: pl.Expr) -> pl.DataFrame | None:
    if promised.is_empty():
        return None
    followed = outcome(days, as_of=on, horizon_days=horizon_days)
    return promised.join(followed, on="member_code", how="left", maintain_order="left").select("promised", came.alias("came"))


def _ratio(judged: pl.DataFrame | None) -> float | None:
    """Return what was promised over what came; sorted first, so that the sum does not rest on the order of members."""
    received = float(judged["came"].sum()) if judged is not None else 0.0
    return float(judged["promised"].sort().sum()) / received if judged is not None and received > 0 else None


def predict_lifetime(models: LifetimeModels, days: pl.DataFrame, *, as_of: date) -> pl.DataFrame:
    """Return one row per member with a shopping day up to `as_of`, sorted by member.

    Out: `member_code`, `p_buys` (0..1 within the purchase horizon), `expected_spend`, `expected_spend_year` (minor units), `p_alive`
    (BTYD only, and never after a single purchase: null otherwise). A figure that is `not measured` is null for all.
    """
    value = (
        predict_next_purchase(models.purchase, days, as_of=as_of)
        .join(predict_future_spend(models.spend, days, as_of=as_of), on="member_code", how="left", maintain_order="left")
        .join(
            predict_future_spend(models.year, days, as_of=as_of).rename({"expected_spend": "expected_spend_year"}),
            on="member_code",
            how="left",
            maintain_order="left",
        )
    )
    if not isinstance(models.purchase.fitted, BtydFit):
        return value.with_columns(pl.lit(None, dtype=pl.Float64).alias("p_alive"))
    summary = btyd_summary(days, as_of=as_of)
    return value.with_columns(p_alive(models.purchase.fitted, summary))
