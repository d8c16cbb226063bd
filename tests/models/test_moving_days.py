"""Weeks around a holiday that moves are compared with those around it a year ago, where the shop says that it keeps it."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl
import pytest

from benchmarks.strange_shops import EID, NEW_YEAR, received, strange_shop
from tests.models.test_season import days_of, seen
from toolkit.models.lifetime_value import fit_lifetime, predict_lifetime
from toolkit.models.moving_days import YEAR_DAYS, Feast, year_before
from toolkit.models.season import season_ahead
from toolkit.settings.calendar import HOLIDAYS


def feasts(*kept: str) -> list[Feast]:
    years = range(2020, 2027)
    return [
        Feast(name, one.before_days, one.after_days, tuple(day for year in years for day in one.falls_on(year)), name in kept)
        for name, one in HOLIDAYS.items()
    ]


def test_the_almanac_is_the_librarys() -> None:
    for name, days in (("Chinese New Year", NEW_YEAR), ("Eid al-Fitr", EID)):
        assert [HOLIDAYS[name].falls_on(day.year) for day in days] == [(day,) for day in days]
    assert HOLIDAYS["Thanksgiving"].falls_on(2024) == (date(2024, 11, 28),)
    assert HOLIDAYS["Mid-Autumn"].falls_on(2025) == (date(2025, 10, 6),)


@pytest.mark.parametrize(
    ("on", "horizon", "then"),
    [
        (date(2024, 1, 31), 28, date(2023, 1, 12)),  # ten days before it, in both years
        (date(2024, 2, 29), 91, date(2023, 2, 10)),  # nineteen days after it
        (date(2024, 12, 31), 28, date(2024, 1, 12)),
        (date(2023, 11, 30), 91, date(2022, 12, 1)),  # whole in both windows: the calendar stays
        (date(2024, 7, 31), 91, date(2023, 8, 2)),  # far from it
    ],
)
def test_the_day_of_a_year_ago(on: date, horizon: int, then: date) -> None:
    assert year_before(on, feasts("Chinese New Year"), horizon_days=horizon).on == then
    assert year_before(on, feasts(), horizon_days=horizon).on == on - timedelta(days=YEAR_DAYS)


@pytest.fixture(scope="module")
def shops() -> dict[str, pl.DataFrame]:
    return {name: days_of(name) for name in ("new_year", "ramadan", "seasonal_x3")}


BEFORE_AND_AFTER = {
    "new_year": ("Chinese New Year", [date(2023, 12, 31), date(2024, 1, 31), date(2024, 2, 29), date(2024, 12, 31)]),
    "ramadan": ("Eid al-Fitr", [date(2024, 2, 29), date(2024, 4, 30), date(2025, 2, 28)]),
}


@pytest.mark.parametrize(("name", "as_of"), [(name, day) for name, (_, days) in BEFORE_AND_AFTER.items() for day in days])
def test_what_is_promised_comes_before_and_after_the_feast(name: str, as_of: date, shops: dict[str, pl.DataFrame]) -> None:
    known, first = seen(shops[name], as_of), as_of - timedelta(days=669)
    models = fit_lifetime(known, as_of=as_of, feasts=feasts(BEFORE_AND_AFTER[name][0]), try_boosting=False)
    value = predict_lifetime(models, known, as_of=as_of)
    buyers, spend = (received(strange_shop(name), as_of, days, first_day=first)[place] for days, place in ((28, 0), (91, 1)))
    assert "moved" not in (models.purchase_season.status, models.spend_season.status)
    assert 0.85 <= value["p_buys"].sum() / buyers <= 1.15
    assert 0.85 <= value["expected_spend"].sum() / 100 / spend <= 1.15


def test_without_the_setting_the_shop_is_told_that_its_peak_moves(shops: dict[str, pl.DataFrame]) -> None:
    for name, (feast, days) in BEFORE_AND_AFTER.items():
        for as_of in days:
            found = season_ahead(seen(shops[name], as_of), as_of=as_of, horizon_days=28, feasts=feasts())
            if year_before(as_of, feasts(feast), horizon_days=28).feast:
                assert found.status == "moved"
                assert found.year_ago is not None
                assert found.year_ago.feast == feast, (name, as_of)


def test_no_holiday_moves_in_a_shop_that_keeps_none(shops: dict[str, pl.DataFrame]) -> None:
    for month in range(1, 12):
        as_of = date(2024, month + 1, 1) - timedelta(days=1)
        for horizon in (28, 91):
            found = season_ahead(seen(shops["seasonal_x3"], as_of), as_of=as_of, horizon_days=horizon, feasts=feasts())
            assert found.status != "moved", (as_of, horizon, found.year_ago)
