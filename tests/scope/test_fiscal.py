"""Weeks and fiscal years over forty years of days, and the National Retail Federation's own dates."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import groupby, pairwise
from pathlib import Path

import pytest

from tests.portrait.village import village_lines, village_products
from tests.shop import make_workspace
from toolkit.portrait import habits, overview
from toolkit.review.measures.store_months import fiscal_notes
from toolkit.scope.calendar import spans, unit_of
from toolkit.scope.fiscal import fiscal_unit, fiscal_week_of, year_start
from toolkit.scope.period import Period
from toolkit.scope.view import open_view
from toolkit.settings import CalendarSettings

DAYS = [date(2000, 1, 1) + timedelta(days=place) for place in range(40 * 365 + 10)]


@pytest.mark.parametrize(
    ("fiscal", "starts", "month", "begins"),
    [("4-5-4", "sunday", 2, "nearest"), ("4-4-5", "monday", 1, "within"), ("5-4-4", "saturday", 10, "nearest")],
)
def test_each_day_is_in_one_week_of_one_period(fiscal: str, starts: str, month: int, begins: str) -> None:
    calendar = CalendarSettings.model_validate({"fiscal": fiscal, "week_starts": starts, "fiscal_month": month, "fiscal_begins": begins})
    weeks = [(key, [*days]) for key, days in groupby(DAYS, key=lambda day: fiscal_week_of(day, calendar))][1:-1]
    assert {len(days) for _, days in weeks} == {7}
    assert {f"{days[0]:%A}".lower() for _, days in weeks} == {starts}
    assert len({key for key, _ in weeks}) == len(weeks)  # no week is met twice
    years = [(year_start(year + 1, calendar) - year_start(year, calendar)).days / 7 for year in range(2000, 2040)]
    assert set(years) == {52, 53}
    assert 6 <= years.count(53) <= 9  # once in five or six years
    for (one, first), (other, _) in pairwise(weeks):
        assert other == ((one[0], one[1] + 1) if other[0] == one[0] else (one[0] + 1, 1))
        assert fiscal_unit(first[0], "month", calendar) == fiscal_unit(first[-1], "month", calendar)  # no period parts a week
    for unit, most in (("month", 12), ("quarter", 4)):
        found = spans(Period(year_start(2005, calendar), year_start(2006, calendar) - timedelta(days=1)), unit, date(2000, 1, 1), calendar)  # type: ignore[arg-type]
        assert len(found) == most
        assert all(span.is_whole for span in found)
        lengths = [span.seen.days // 7 for span in found]
        assert lengths[:9] == [int(weeks) for weeks in fiscal.split("-")] * 3 if unit == "month" else lengths[:3] == [13] * 3


def test_the_calendar_of_the_retail_federation() -> None:
    nrf = CalendarSettings.model_validate({"fiscal": "4-5-4", "week_starts": "sunday"})
    begun = {2021: date(2021, 1, 31), 2022: date(2022, 1, 30), 2023: date(2023, 1, 29), 2024: date(2024, 2, 4), 2025: date(2025, 2, 2)}
    assert {year: year_start(year, nrf) for year in begun} == begun
    assert fiscal_week_of(date(2024, 2, 3), nrf) == (2023, 53)
    assert str(unit_of(date(2024, 3, 20), "month", nrf)) == "2024-03-03 to 2024-04-06"


def test_the_weeks_of_the_shop_are_those_of_overview_and_charts(tmp_path: Path) -> None:
    ws = make_workspace(tmp_path / "ws", village_lines(), {"products": village_products()})
    sunday = {"calendar": {"week_starts": "sunday"}}
    usual, own = overview(ws), overview(ws, settings=sunday)
    assert own.figures == usual.figures  # the period is as it was
    last = usual.as_of - timedelta(days=(usual.as_of.weekday() - 5) % 7)  # a Saturday
    assert last != usual.as_of
    assert f"to {last}" in str(own.chart.to_dict()["title"])  # type: ignore[union-attr]
    assert f"to {usual.as_of}" in str(usual.chart.to_dict()["title"])  # type: ignore[union-attr]
    week = habits(ws, by="weekday", settings=sunday).table["favourite"]
    assert week.to_list()[:2] == ["Sunday", "Monday"]
    assert habits(ws, by="weekday").table["favourite"][0] == "Monday"
    (note,) = fiscal_notes(open_view(ws, settings={"calendar": {"fiscal": "4-5-4"}}))
    assert "calendar months" in note.text  # type: ignore[union-attr]
    assert fiscal_notes(open_view(ws)) == []
