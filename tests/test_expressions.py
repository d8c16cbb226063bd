from __future__ import annotations

from datetime import date, datetime

import polars as pl

from toolkit import expressions


def values(expression: pl.Expr, **columns) -> list:
    return pl.DataFrame(columns).select(expression).to_series().to_list()


def test_what_makes_an_order():
    made = values(expressions.makes_order(pl.col("q"), pl.col("a")), q=[1, 0, 0, 0, -1, -1], a=[0, 5, 0, -5, -3, 5])
    assert made == [True, True, False, False, False, False]
    assert values(expressions.is_bought(pl.col("q")), q=[1, 0, -1]) == [True, False, False]


def test_days_weekdays_and_bands_agree_with_the_calendar():
    times = [datetime(1969, 12, 31, 23, 59), datetime(1970, 1, 1), datetime(2024, 2, 29, 3, 59, 59), datetime(2024, 3, 3, 20, 0)]
    day = expressions.day_number(pl.col("t"))
    assert values(day, t=times) == [(when.date() - date(1970, 1, 1)).days for when in times]
    assert values(expressions.weekday_number(day), t=times) == [when.isoweekday() for when in times]
    assert values(expressions.hour_band(pl.col("t")), t=times) == [5, 0, 0, 5]


def test_shares_are_rounded_half_up_clipped_and_null_without_a_whole():
    share = expressions.share_in_basis_points(pl.col("part"), pl.col("whole"))
    assert values(share, part=[1, 1, 5, -5, 1, 1], whole=[3, 20_000, 4, 4, 0, -2]) == [3_333, 1, 10_000, 0, None, None]
    assert values(share, part=[1, 2, 9, -1, 4], whole=[3, 3, 5, 5, -4]) == [3_333, 6_667, 10_000, 0, None]


def test_units_of_money_and_goods():
    assert values(expressions.in_currency(pl.col("x"), 2), x=[1_250]) == [12.5]
    assert values(expressions.in_currency(pl.col("x"), 0), x=[1_250]) == [1_250.0]
    assert values(expressions.in_units(pl.col("x")), x=[375]) == [0.375]
