"""A year's spend at the level of the year behind: in a shop whose Decembers teach another level, and where too little lies behind."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl
import pytest

from benchmarks.strange_shops import Habits, december, receipts
from toolkit.models.future_spend import fit_future_spend, predict_future_spend
from toolkit.models.lifetime_value import fit_lifetime
from toolkit.models.reasons import Why
from toolkit.models.snapshots import labelled_snapshot, shopping_days
from toolkit.models.year_spend import fit_year_spend

AS_OF = date(2023, 12, 31)


@pytest.fixture(scope="module")
def seasonal() -> pl.DataFrame:
    """Return the days of 700 members whose weeks before Christmas bring sixteen times the usual visits."""
    lines = receipts(Habits(members=700, season=december(16)))
    orders = lines.select(pl.col("member").alias("member_code"), "day", pl.lit(True).alias("is_order"), (pl.col("amount") * 100).cast(int))
    return shopping_days(orders)


def test_at_the_turn_of_a_season_the_year_behind_tells_the_level(seasonal: pl.DataFrame) -> None:
    came = int(labelled_snapshot(seasonal, as_of=AS_OF, horizon_days=365)["spent"].sum())
    known = seasonal.filter(pl.col("day") <= AS_OF)
    year, latest = (fit(known, as_of=AS_OF, horizon_days=365) for fit in (fit_year_spend, fit_future_spend))
    now, before = (int(predict_future_spend(model, known, as_of=AS_OF)["expected_spend"].sum()) / came for model in (year, latest))
    assert 0.85 <= now <= 1.15
    assert before > 1.15  # windows that began before Christmas
    assert year.reason is not None
    assert year.reason.why is Why.YEAR_BEHIND_DRIFT
    assert year.stretch == pytest.approx((1 + year.reason.figures["drift"]) ** 0.5)
    assert year.held_out_total is None  # two years behind, and a quarter, would be needed
    assert fit_year_spend(seasonal, as_of=AS_OF) == year  # nothing after the day is read


def test_less_than_a_year_and_a_quarter_behind_is_one_season(seasonal: pl.DataFrame) -> None:
    for seen, status, season in ((455, "projected", "one season"), (460, "measured", None)):
        known = seasonal.filter(pl.col("day").is_between(AS_OF - timedelta(days=seen - 1), AS_OF))
        models = fit_lifetime(known, as_of=AS_OF, try_boosting=False)
        assert models.year.status == status
        assert (models.year_season.status if models.year_season else None) == season


def test_few_buyers_are_learned_from_in_four_windows(seasonal: pl.DataFrame) -> None:
    few = seasonal.filter(pl.col("member_code").is_in([f"M{number}" for number in range(250)]))
    year = fit_year_spend(few, as_of=AS_OF)
    assert year == fit_future_spend(few, as_of=AS_OF, horizon_days=365)
    assert year.status == "measured"
