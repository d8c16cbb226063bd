"""Reusable arithmetic as polars expressions: pure, integer where the result must not depend on the order of rows."""

from __future__ import annotations

import polars as pl

BASIS_POINTS = 10_000
"""A whole, in basis points."""

_MICROSECONDS_A_DAY = 86_400_000_000
_MICROSECONDS_A_BAND = 4 * 3_600_000_000


def is_bought(quantity: pl.Expr) -> pl.Expr:
    """True for a line that brings something to the customer; false for returns and for lines without a quantity."""
    return quantity > 0


def makes_order(quantity: pl.Expr, amount: pl.Expr) -> pl.Expr:
    """True for a line by which an order has what it stands for: something was bought, or paid for without a quantity.

    Whether its receipt is an order is said in `toolkit.mart.orders`.
    """
    return (quantity > 0) | ((quantity == 0) & (amount > 0))


def day_number(ordered_at: pl.Expr) -> pl.Expr:
    """Days since 1970-01-01 as Int64; floors, so that times before 1970 fall on their own day.

    >>> from datetime import datetime
    >>> pl.select(day_number(pl.lit(datetime(1970, 1, 2, 23, 59)))).item()
    1
    """
    return ordered_at.to_physical() // _MICROSECONDS_A_DAY


def weekday_number(day: pl.Expr) -> pl.Expr:
    """Weekday of a day number: 1 = Monday ... 7 = Sunday (1970-01-01 was a Thursday)."""
    return (day + 3) % 7 + 1


def hour_band(ordered_at: pl.Expr) -> pl.Expr:
    """Four-hour band of the day: 0 = 00-04, ..., 5 = 20-24."""
    return (ordered_at.to_physical() % _MICROSECONDS_A_DAY) // _MICROSECONDS_A_BAND


def divide_half_up(part: pl.Expr, whole: pl.Expr) -> pl.Expr:
    """Integer quotient rounded to the nearest, halves up; `whole` must be above 0. Exact while 2 * part fits the type.

    >>> pl.select(divide_half_up(pl.lit(5), pl.lit(2))).item()
    3
    """
    return (2 * part + whole) // (2 * whole)


def share_in_basis_points(part: pl.Expr, whole: pl.Expr) -> pl.Expr:
    """Share of `part` in `whole` as Int64 basis points, rounded half up and clipped to 0..10,000; null where `whole` is not above 0.

    Integers, because a sum of them over days is the same in any order of the rows.
    """
    share = divide_half_up(BASIS_POINTS * part, pl.when(whole > 0).then(whole))
    return share.clip(0, BASIS_POINTS)


def in_currency(minor: pl.Expr, minor_digits: int) -> pl.Expr:
    """Money as people see it: minor units over 10 to the `minor_digits`, as Float64."""
    return minor / 10**minor_digits


def in_units(milli: pl.Expr) -> pl.Expr:
    """Quantities as people see them: thousandths over 1,000, as Float64."""
    return milli / 1_000
