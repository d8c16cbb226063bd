"""The three figures of life-time value for every member, and how each was come by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

import polars as pl

from toolkit.models.btyd import BtydFit, btyd_summary, p_alive
from toolkit.models.calibration import logit_shift, prediction_quality, spearman
from toolkit.models.future_spend import SpendModel, fit_btyd_spend, fit_future_spend, predict_future_spend
from toolkit.models.glm import Regression
from toolkit.models.moving_days import YEAR_DAYS, Feast
from toolkit.models.next_purchase import PurchaseModel, fit_next_purchase, predict_next_purchase
from toolkit.models.season import Season, season_ahead
from toolkit.models.snapshots import promised_over_came, snapshot, with_outcome
from toolkit.models.year_spend import fit_year_spend, spend_that_came


@dataclass(frozen=True, slots=True)
class LifetimeModels:
    """The model behind each figure, and what is known of the season ahead.

    `purchase_held` and `spend_held`: what the same way promised over what came, at the same season of a year before (1 = right); null where
    the receipts do not reach back far enough to have promised anything then, or to have known the season as it is known now. `year_season`
    is null where the year holds every season, and every season was seen.
    """

    purchase: PurchaseModel
    spend: SpendModel
    year: SpendModel
    purchase_season: Season
    spend_season: Season
    year_season: Season | None = None
    purchase_held: float | None = None
    spend_held: float | None = None


def fit_lifetime(
    days: pl.DataFrame,
    *,
    as_of: date,
    purchase_days: int = 28,
    spend_days: int = 91,
    year_days: int = 365,
    try_boosting: bool = True,
    feasts: Sequence[Feast] = (),
) -> LifetimeModels:
    """Return the fitted models at `as_of`; a shop too sparse for the purchase model gets BTYD for spend as well.

    In: the frame of `shopping_days`. Nothing after `as_of` is read. In a seasonal shop (`season_ahead`) the level is that of a model
    learned from the same weeks of a year ago (`feasts`: the holidays that move them), while the latest windows go on telling members
    apart; the year is learned from the year behind (`year_spend`). That way is judged on the last complete window, as the plain one is.
    """
    purchase, purchase_season = _purchase(days, as_of, purchase_days, try_boosting, feasts)
    if isinstance(purchase.fitted, BtydFit):
        spend, year = (
            fit_btyd_spend(days, as_of=as_of, horizon_days=horizon, often=purchase.fitted) for horizon in (spend_days, year_days)
        )
        spend_season = season_ahead(days, as_of=as_of, horizon_days=spend_days, feasts=feasts)
        year_season = spend_season if spend_season.status == "one season" else None
    else:
        spend, spend_season = _spend(days, as_of, spend_days, feasts)
        year, year_season = _year(days, as_of, year_days, feasts)
    is_btyd = purchase.method == "btyd"
    calendar = as_of - timedelta(days=YEAR_DAYS)
    bought_on, spent_on = (
        season.year_ago.on if season.year_ago and season.status != "moved" else calendar for season in (purchase_season, spend_season)
    )
    if purchase_season.stands and not is_btyd:
        judged = _bought(days, as_of - timedelta(days=purchase_days), purchase_days, is_btyd, try_boosting, feasts)
        if judged is not None:
            purchase = replace(purchase, held_out=prediction_quality(judged["came"].to_numpy(), judged["promised"].to_numpy()))
    if spend_season.stands and isinstance(spend.fitted, Regression):
        judged = _spent(days, as_of - timedelta(days=spend_days), spend_days, feasts)
        if judged is not None:
            ranks = spearman(judged["promised"].to_numpy(), judged["came"].to_numpy())
            spend = replace(spend, held_out_spearman=ranks, held_out_total=promised_over_came(judged))
    return LifetimeModels(
        purchase, spend, year, purchase_season, spend_season, year_season,
        promised_over_came(_bought(days, bought_on, purchase_days, is_btyd, try_boosting, feasts, like=purchase_season)),
        promised_over_came(_spent(days, spent_on, spend_days, feasts, like=spend_season)) if isinstance(spend.fitted, Regression) else None,
    )  # fmt: skip


def _purchase(
    days: pl.DataFrame, as_of: date, horizon_days: int, try_boosting: bool, feasts: Sequence[Feast]
) -> tuple[PurchaseModel, Season]:
    """Return the model of a purchase, at the level of the season ahead, and what is known of that."""
    season = season_ahead(days, as_of=as_of, horizon_days=horizon_days, feasts=feasts)
    model = fit_next_purchase(days, as_of=as_of, horizon_days=horizon_days, try_boosting=try_boosting)
    if not season.stands:
        return model, season
    then = fit_next_purchase(days, as_of=as_of, horizon_days=horizon_days, stands=season.stands)
    if then.method != "logistic":
        return model, season
    if model.method not in ("logistic", "boosting"):
        return then, season
    level, own = (predict_next_purchase(one, days, as_of=as_of)["p_buys"].sort().to_numpy() for one in (then, model))
    return replace(model, shift=logit_shift(own, float(level.sum()))), season


def _spend(days: pl.DataFrame, as_of: date, horizon_days: int, feasts: Sequence[Feast]) -> tuple[SpendModel, Season]:
    """Return the model of spend, at the level of the season ahead, and what is known of that."""
    season = season_ahead(days, as_of=as_of, horizon_days=horizon_days, feasts=feasts)
    model = fit_future_spend(days, as_of=as_of, horizon_days=horizon_days)
    if not season.stands:
        return model, season
    then = fit_future_spend(days, as_of=as_of, horizon_days=horizon_days, stands=season.stands)
    if then.status != "measured" or model.status != "measured":
        return (then if then.status == "measured" else model), season
    level, own = (float(predict_future_spend(one, days, as_of=as_of)["expected_spend"].sum()) for one in (then, model))
    return (replace(model, stretch=level / own, reason=then.reason) if own > 0 and level > 0 else model), season


def _year(days: pl.DataFrame, as_of: date, horizon_days: int, feasts: Sequence[Feast]) -> tuple[SpendModel, Season | None]:
    """Return the model of a year's spend, and what is known of its season: nothing is asked of a year that was seen whole."""
    if horizon_days < YEAR_DAYS:
        return _spend(days, as_of, horizon_days, feasts)
    model = fit_year_spend(days, as_of=as_of, horizon_days=horizon_days)
    return model, Season("one season") if model.status == "projected" else None


def _bought(
    days: pl.DataFrame,
    on: date,
    horizon_days: int,
    is_btyd: bool,
    try_boosting: bool,
    feasts: Sequence[Feast],
    *,
    like: Season | None = None,
) -> pl.DataFrame | None:
    """Return the probability that an earlier day gave each member, and whether they bought: `promised`, `came`; None where it gave none.

    With `like`, None too where the season was not known then as it is now: what a way blind to it promised says nothing of this one.
    """
    known = days.filter(pl.col("day") <= on)
    model, season = _purchase(known, on, horizon_days, try_boosting, feasts)
    if model.method == "not measured" or (model.method == "btyd") != is_btyd or not _same_way(season, like):
        return None
    promised = predict_next_purchase(model, known, as_of=on).rename({"p_buys": "promised"})
    return with_outcome(promised, days, on, horizon_days, pl.col("bought").fill_null(False))


def _spent(days: pl.DataFrame, on: date, horizon_days: int, feasts: Sequence[Feast], *, like: Season | None = None) -> pl.DataFrame | None:
    """Return the spend that an earlier day promised of each member, and what came: `promised`, `came`; None where it promised none.

    `like` as in `_bought`.
    """
    known = days.filter(pl.col("day") <= on)
    model, season = _spend(known, on, horizon_days, feasts)
    if not isinstance(model.fitted, Regression) or model.status != "measured" or not _same_way(season, like):
        return None
    return spend_that_came(model, days, on, horizon_days)


def _same_way(season: Season, like: Season | None) -> bool:
    return like is None or season.status != "one season" or not like.stands


def predict_lifetime(models: LifetimeModels, days: pl.DataFrame, *, as_of: date) -> pl.DataFrame:
    """Return one row per member with a shopping day up to `as_of`, sorted by member.

    Out: `member_code`, `p_buys` (0..1 within the purchase horizon), `expected_spend`, `expected_spend_year` (minor units), `p_alive`
    (BTYD only, and never after a single purchase: null otherwise). A figure that is `not measured` is null for all.
    """
    rhythm = snapshot(days, as_of=as_of)
    value = predict_next_purchase(models.purchase, days, as_of=as_of, rhythm=rhythm)
    for model, name in ((models.spend, "expected_spend"), (models.year, "expected_spend_year")):
        expected = predict_future_spend(model, days, as_of=as_of, rhythm=rhythm).rename({"expected_spend": name})
        value = value.join(expected, on="member_code", how="left", maintain_order="left")
    if not isinstance(models.purchase.fitted, BtydFit):
        return value.with_columns(pl.lit(None, dtype=pl.Float64).alias("p_alive"))
    summary = btyd_summary(days, as_of=as_of)
    return value.with_columns(p_alive(models.purchase.fitted, summary))
