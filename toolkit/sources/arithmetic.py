"""A number worked out from several columns: products with constants, quotients and rates, in whole numbers and rounded once at the end.

What is read has `EXTRA_DIGITS` digits behind the last one kept, a rate eight behind the point. All factors are multiplied as 128-bit
integers, numerator and denominator apart; the one division at the end rounds half away from zero. An empty factor makes an empty value,
an empty rate is none (0). A rate is a fraction, 0.2, unless the mapping says percent or tenths (8 折); a cell with a % sign is a percentage
either way.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from functools import reduce
from operator import mul
from typing import TYPE_CHECKING, Any

import polars as pl

from toolkit.language import value
from toolkit.sources import reasons
from toolkit.sources.specs import RATE_PARTS, ColumnSpec
from toolkit.sources.styles import numbers

if TYPE_CHECKING:
    from toolkit.sources.contract_columns import Conversion

ONE = 10**numbers.RATE_DIGITS
FEW, MANY = 4, 2
"""Digits behind the point, beside the extra ones, of the factors after the first: where they are few, and where they are many."""
MOST = 1e37
"""A product above this does not fit into 128 bits for sure."""
Checks = list[tuple[pl.Expr, str]]


def worked_out(conversion: Conversion, name: str, shown: str, scale: int, spec: ColumnSpec) -> tuple[numbers.Integer, Checks]:
    """Return the number that a spec makes of its columns, in units of 10 ** -scale, and what can be wrong with it as (test, reason)."""
    columns = [factor for factor in spec.multiply if isinstance(factor, str)]
    divisors = [factor for factor in spec.divide if isinstance(factor, str)]
    further = FEW if len(columns) + len(divisors) <= 2 else MANY  # digits that the factors after the first have behind the point
    if columns:
        bases = [conversion.scaled(columns[0], scale, spec)]
        factors = [conversion.scaled(column, further, spec) for column in columns[1:]]
        above: list[Any] = [pl.col(name) for name in (*bases, *factors)]
    else:
        columns = [*((spec.column,) if spec.column is not None else spec.add), *spec.subtract]
        bases, factors = [conversion.scaled(column, scale, spec) for column in columns], []
        signs = [1] * (len(columns) - len(spec.subtract)) + [-1] * len(spec.subtract)
        above = [pl.sum_horizontal([pl.col(name).fill_null(0) * sign for name, sign in zip(bases, signs, strict=True)])]
    parts = [conversion.scaled(column, further, spec) for column in divisors]
    below: list[Any] = [pl.col(name) for name in parts]
    shift = numbers.EXTRA_DIGITS + (numbers.EXTRA_DIGITS + further) * (len(factors) - len(parts))
    constant = Fraction(1)
    for number in spec.multiply:
        constant *= 1 if isinstance(number, str) else Fraction(str(number))
    for number in spec.divide:
        constant /= 1 if isinstance(number, str) else Fraction(str(number))
    above.append(pl.lit(constant.numerator * 10 ** max(0, -shift), pl.Int128))
    below.append(pl.lit(constant.denominator * 10 ** max(0, shift), pl.Int128))
    checks: Checks = [(pl.col(part) == 0, value("{column} is divided by 0").format(column=shown)) for part in parts]
    if spec.rate is not None:
        checks += _apply_rate(conversion, shown, spec, above, below)
    off = spec.subtract if spec.multiply else ()
    less = [conversion.scaled(column, scale, spec) for column in off]
    every_cell = [conversion.present(column) for column in (*columns, *divisors, *off)]
    one_base = pl.any_horizontal(every_cell[: len(bases)])  # of a sum, empty cells are 0 as long as one is there
    present = pl.all_horizontal([one_base, *every_cell[len(bases) : len(every_cell) - len(off)]])
    read = zip(every_cell, (*bases, *factors, *parts, *less), strict=True)
    unreadable = pl.any_horizontal([there & pl.col(scaled).is_null() for there, scaled in read])
    fits = (_size(above) < MOST) & (_size(below) < MOST)
    numerator, denominator = f"__above|{name}", f"__below|{name}"
    total = reduce(mul, above)
    for name_of in less:  # in units of 10 ** -(scale + EXTRA_DIGITS): the product's denominator has those digits too
        total = total - pl.col(name_of).fill_null(0) * (reduce(mul, below) // 10**numbers.EXTRA_DIGITS)
    conversion.prepared[1][numerator] = pl.when(present & fits).then(total) * spec.sign
    conversion.prepared[1][denominator] = pl.when(fits).then(reduce(mul, below))
    integer = numbers.from_ratio(numerator, denominator, unreadable)
    too_large = (integer.too_large | (present & ~fits)).fill_null(False)
    return numbers.Integer(integer.value, unreadable, too_large, integer.rounded), checks


def _apply_rate(conversion: Conversion, shown: str, spec: ColumnSpec, above: list[Any], below: list[Any]) -> Checks:
    """Add a rate to the factors above and below the line; return what can be wrong with it."""
    rate, one = pl.col(_rate(conversion, str(spec.rate), spec)), pl.lit(ONE, pl.Int128)
    given = conversion.present(str(spec.rate))
    share = pl.when(given).then(rate).otherwise(pl.lit(0, pl.Int128))
    above.append(one - share if spec.less_rate else share)
    below.append(one - share if spec.after_rate else one)
    outside = value("{column} has a rate that is not between 0 and 1")
    if spec.rate_unit is None:
        outside = value('{column} has a rate that is not between 0 and 1 (rate_unit = "percent" reads 20 as 20%)')
    checks = [(given & rate.is_null(), reasons.NOT_A_NUMBER.format(column=shown)), (~rate.is_between(0, ONE), outside.format(column=shown))]
    if spec.after_rate:
        checks.append((rate == ONE, value("{column} cannot be told from what a rate of 100% left").format(column=shown)))
    return checks


def _rate(conversion: Conversion, column: str, spec: ColumnSpec) -> str:
    """Return the name of a prepared column: a raw one as a rate in Int128, scaled by 10 ** RATE_DIGITS."""
    name, style = f"__rate|{column}|{spec.rate_unit}", conversion.styles.number(conversion.mapping, conversion.table, spec)
    parts = RATE_PARTS[spec.rate_unit or "fraction"]
    conversion.prepared[0][name] = numbers.scaled_rate(column, conversion.schema[column], style, parts=parts)
    return name


def _size(factors: Iterable[Any]) -> pl.Expr:
    return reduce(mul, [factor.cast(pl.Float64).abs() for factor in factors])
