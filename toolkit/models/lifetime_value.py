"""The three figures of life-time value for every member, and how each was come by."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import polars as pl

from toolkit.models.btyd import BtydFit, btyd_summary, p_alive
from toolkit.models.future_spend import SpendModel, fit_btyd_spend, fit_future_spend, predict_future_spend
from toolkit.models.next_purchase import PurchaseModel, fit_next_purchase, predict_next_purchase


@dataclass(frozen=True, slots=True)
class LifetimeModels:
    """The model behind each figure."""

    purchase: PurchaseModel
    spend: SpendModel
    year: SpendModel


def fit_lifetime(
    days: pl.DataFrame, *, as_of: date, purchase_days: int = 28, spend_days: int = 91, year_days: int = 365, try_boosting: bool = True
) -> LifetimeModels:
    """Return the fitted models at `as_of`; a shop too sparse for the purchase model gets BTYD for spend as well.

    In: the frame of `shopping_days`. Nothing after `as_of` is read.
    """
    purchase = fit_next_purchase(days, as_of=as_of, horizon_days=purchase_days, try_boosting=try_boosting)
    horizons = (spend_days, year_days)
    if isinstance(purchase.fitted, BtydFit):
        spend, year = (fit_btyd_spend(days, as_of=as_of, horizon_days=horizon, often=purchase.fitted) for horizon in horizons)
    else:
        spend, year = (fit_future_spend(days, as_of=as_of, horizon_days=horizon) for horizon in horizons)
    return LifetimeModels(purchase, spend, year)


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
