"""A column of rates where money was looked for: the lines of a mapping that make money of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import polars as pl

from toolkit.language import tr
from toolkit.sources.columns.contents import Contents
from toolkit.sources.columns.matching import match_columns, quoted
from toolkit.sources.specs import TableMapping

NEARLY_ALL = 0.9
"""Share of the rows that must agree before it is written which amount is before and which after a rate."""


def per_order(contract: str, column: str, by: Sequence[str] = ()) -> str:
    """Return the line that shares out a value of the whole order.

    >>> per_order("amount", "Total", ["Price", "Qty"])
    'amount = { per_order = "Total", by = ["Price", "Qty"] }'
    """
    weight = f", by = [{', '.join(map(quoted, by))}]" if by else ""
    return f"{contract} = {{ per_order = {quoted(column)}{weight} }}"


def discount_of_rate(contract: str, rate: str, cells: pl.Series, amount: str = "", factors: Sequence[str] = ()) -> str:
    """Return the line that makes the money of a discount of its rate: of price x quantity where given, else of the amount it left.

    >>> discount_of_rate("discount_amount", "Off", pl.Series(["0.2"]), "amount")
    'discount_amount = { column = "amount", after_rate = "Off" }'
    >>> discount_of_rate("discount_amount", "Off", pl.Series(["20", "5"]), factors=["Price", "Qty"])
    'discount_amount = { multiply = ["Price", "Qty"], times_rate = "Off", rate_unit = "percent" }'
    """
    if factors:
        return f"{contract} = {{ {_product(factors)}, times_rate = {quoted(rate)}{_unit(cells)} }}"
    return f"{contract} = {{ column = {quoted(amount)}, after_rate = {quoted(rate)}{_unit(cells)} }}"


def amount_less_rate(rate: str, cells: pl.Series, factors: Sequence[str]) -> str:
    """Return the line that takes the rate off price x quantity.

    >>> amount_less_rate("Off", pl.Series(["20%"]), ["Price", "Qty"])
    'amount = { multiply = ["Price", "Qty"], less_rate = "Off" }'
    """
    return f"amount = {{ {_product(factors)}, less_rate = {quoted(rate)}{_unit(cells)} }}"


def rate_lines(spec: TableMapping, contents: Contents, column: str, rate: str) -> dict[str, Callable[[str], list[str]]]:
    """Return by contract column what becomes of its line where a discount is a rate.

    The rows tell whether the amount is before or after it where a list price stands beside it; a proposed amount of price x quantity is
    before it. Where nothing tells, the amount is what the shop received, after it, and the old line stays as a TODO.
    """
    amount = spec.columns.get("amount")
    if amount is None or not (amount.column or amount.multiply):
        return {column: lambda line: [f"# TODO {line}"]}
    cells, columns = contents.texts(rate), match_columns("lines", contents)
    factors = [columns[name] for name in ("unit_price", "quantity") if name in columns]
    if amount.multiply:
        factors = [factor for factor in amount.multiply if isinstance(factor, str)]
        comment = tr("guessed: the column '{rate}' holds rates, which are taken off price x quantity", rate=rate)
        return {
            "amount": lambda _: [f"{amount_less_rate(rate, cells, factors)}  # {comment}"],
            column: lambda _: [discount_of_rate(column, rate, cells, factors=factors)],
        }
    paid = str(amount.column)
    before = _agree(contents, factors, paid, rate, after=False)
    if before and not _agree(contents, factors, paid, rate, after=True):
        comment = tr("price x quantity: the rates of the column '{rate}' are not taken off yet", rate=rate)
        return {
            "amount": lambda _: [f"amount = {{ column = {quoted(paid)}, less_rate = {quoted(rate)}{_unit(cells)} }}  # {comment}"],
            column: lambda _: [f"{column} = {{ column = {quoted(paid)}, times_rate = {quoted(rate)}{_unit(cells)} }}"],
        }
    if not before and _agree(contents, factors, paid, rate, after=True):
        comment = tr("the column '{rate}' holds rates; the amount is price x quantity less them", rate=rate)
        return {column: lambda _: [f"{discount_of_rate(column, rate, cells, factors=factors)}  # {comment}"]}
    comment = tr("guessed: the column '{rate}' holds rates and the amount is what they left", rate=rate)
    return {column: lambda line: [f"{discount_of_rate(column, rate, cells, paid)}  # {comment}", f"# TODO {line}"]}


def _agree(contents: Contents, factors: Sequence[str], amount: str, rate: str, *, after: bool) -> bool:
    """Return whether amounts are price x quantity, less the rate or not, in nearly all rows that have a rate."""
    if len(factors) < 2:
        return False
    numbers = contents.sample.select(_number(name).alias(name) for name in dict.fromkeys([*factors, amount, rate]))
    share = pl.col(rate) / (100 if _unit(contents.texts(rate)) or contents.texts(rate).str.contains("[%％]").any() else 1)
    left = pl.col(factors[0]) * pl.col(factors[1]) * ((1 - share) if after else 1)
    agrees = numbers.filter(pl.col(rate) > 0).select(((left - pl.col(amount)).abs() <= 0.011).mean()).item()
    return agrees is not None and agrees >= NEARLY_ALL


def _number(name: str) -> pl.Expr:
    """Return text as a number where it plainly is one, without a sign of money or percent."""
    bare = pl.col(name).str.replace_all(r"[%％\s€$£¥￥]", "").str.replace(",", ".", literal=True)
    return bare.cast(pl.Float64, strict=False)


def _product(factors: Sequence[str]) -> str:
    return f"multiply = [{', '.join(map(quoted, factors))}]"


def _unit(cells: pl.Series) -> str:
    """Return how the mapping says that rates are percents; a % sign says it by itself."""
    bare = cells.drop_nulls().filter(~cells.drop_nulls().str.contains("[%％]"))
    most = bare.str.replace(",", ".", literal=True).str.replace_all(r"[^\d.]", "").cast(pl.Float64, strict=False).max()
    return ', rate_unit = "percent"' if most is not None and float(most) > 1 else ""  # type: ignore[arg-type]
