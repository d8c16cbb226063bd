"""A column of rates where money was looked for: the lines of a mapping that make money of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import polars as pl

from toolkit.language import tr
from toolkit.sources.columns.contents import Contents
from toolkit.sources.columns.matching import match_columns, quoted
from toolkit.sources.specs import RATE_PARTS, TableMapping

NEARLY_ALL = 0.9
"""Share of the rows that must agree before it is written which amount is before and which after a rate."""
FEWEST_WHOLE, MOST_WHOLE = 5, 0.1
"""So many lines, and this share of them, with a rate of the whole (1, 100%) and money for it: the rate is what is left."""


def per_order(contract: str, column: str, by: Sequence[str] = ()) -> str:
    """Return the line that shares out a value of the whole order.

    >>> per_order("amount", "Total", ["Price", "Qty"])
    'amount = { per_order = "Total", by = ["Price", "Qty"] }'
    """
    weight = f", by = [{', '.join(map(quoted, by))}]" if by else ""
    return f"{contract} = {{ per_order = {quoted(column)}{weight} }}"


def is_what_is_left(rate: str, numbers: pl.Series, amounts: pl.Series) -> bool:
    """Return whether rates say what is left to pay: 0.85 or 85 or 8.5 折, where 15% were taken off.

    Lines that a rate of the whole left money for prove it, and so do numbers of 折, which are said so.

    >>> is_what_is_left("rate", pl.Series([1.0] * 9 + [0.8]), pl.Series([5.0] * 10))
    True
    >>> is_what_is_left("rate", pl.Series([0.2]), pl.Series([5.0]))
    False
    """
    given = numbers.drop_nulls()
    if given.is_empty():
        return False
    whole = next((part for part in RATE_PARTS.values() if float(given.max()) <= part), 0)  # type: ignore[arg-type]
    whole = 10 if whole == 100 and float(given.max()) <= 10 and "折" in rate else whole  # type: ignore[arg-type]
    rows = pl.DataFrame({"rate": numbers, "amount": amounts}).drop_nulls()
    full = rows.filter((pl.col("rate") == whole) & (pl.col("amount") > 0)).height
    is_said = "折" in rate and "折让" not in rate and bool((given > 0).mean() >= NEARLY_ALL)  # type: ignore[operator]
    return is_said or (whole > 0 and full >= FEWEST_WHOLE and full >= MOST_WHOLE * rows.height)


def discount_of_rate(
    contract: str, rate: str, cells: pl.Series, amount: str = "", factors: Sequence[str] = (), *, left: bool = False
) -> str:
    """Return the line that makes the money of a discount of its rate: of price x quantity where given, else of the amount it left.

    >>> discount_of_rate("discount_amount", "Off", pl.Series(["0.2"]), "amount")
    'discount_amount = { column = "amount", after_rate = "Off" }'
    >>> discount_of_rate("discount_amount", "Off", pl.Series(["20", "5"]), factors=["Price", "Qty"])
    'discount_amount = { multiply = ["Price", "Qty"], times_rate = "Off", rate_unit = "percent" }'
    >>> discount_of_rate("discount_amount", "折扣率", pl.Series(["0.85"]), "实收", left=True)
    'discount_amount = { column = "实收", divide = "折扣率", less_rate = "折扣率" }'
    """
    unit = _unit(cells, rate)
    if factors:
        return f"{contract} = {{ {_product(factors)}, {'less_rate' if left else 'times_rate'} = {quoted(rate)}{unit} }}"
    if left:  # amount / share x (1 - share)
        parts = next((part for name, part in RATE_PARTS.items() if name in unit), 1)
        base = f"column = {quoted(amount)}" if parts == 1 else f"multiply = [{quoted(amount)}, {parts}]"
        return f"{contract} = {{ {base}, divide = {quoted(rate)}, less_rate = {quoted(rate)}{unit} }}"
    return f"{contract} = {{ column = {quoted(amount)}, after_rate = {quoted(rate)}{unit} }}"


def amount_less_rate(rate: str, cells: pl.Series, factors: Sequence[str], *, left: bool = False) -> str:
    """Return the line that takes the rate off price x quantity.

    >>> amount_less_rate("Off", pl.Series(["20%"]), ["Price", "Qty"])
    'amount = { multiply = ["Price", "Qty"], less_rate = "Off" }'
    """
    return f"amount = {{ {_product(factors)}, {'times_rate' if left else 'less_rate'} = {quoted(rate)}{_unit(cells, rate)} }}"


def rate_lines(spec: TableMapping, contents: Contents, column: str, rate: str) -> dict[str, Callable[[str], list[str]]]:
    """Return by contract column what becomes of its line where a discount is a rate.

    The rows tell whether the amount is before or after it where a list price stands beside it; a proposed amount of price x quantity is
    before it. Where nothing tells, the amount is what the shop received, after it, and the old line stays as a TODO.
    """
    amount = spec.columns.get("amount")
    if amount is None or not (amount.column or amount.multiply):
        return {column: lambda line: [f"# TODO {line}"]}
    cells, columns = contents.texts(rate), match_columns("lines", contents)
    left = is_what_is_left(rate, *(contents.sample.select(_number(name)).to_series() for name in (rate, amount.column or rate)))
    factors = [columns[name] for name in ("unit_price", "quantity") if name in columns]
    if amount.multiply:
        factors = [factor for factor in amount.multiply if isinstance(factor, str)]
        comment = tr("guessed: the column '{rate}' holds rates, which are taken off price x quantity", rate=rate)
        return {
            "amount": lambda _: [f"{amount_less_rate(rate, cells, factors, left=left)}  # {comment}"],
            column: lambda _: [discount_of_rate(column, rate, cells, factors=factors, left=left)],
        }
    paid = str(amount.column)
    before = _agree(contents, factors, paid, rate, after=False, left=left)
    if before and not _agree(contents, factors, paid, rate, after=True, left=left):
        comment = tr("price x quantity: the rates of the column '{rate}' are not taken off yet", rate=rate)
        off, kept = ("times_rate", "less_rate") if left else ("less_rate", "times_rate")
        unit = _unit(cells, rate)
        return {
            "amount": lambda _: [f"amount = {{ column = {quoted(paid)}, {off} = {quoted(rate)}{unit} }}  # {comment}"],
            column: lambda _: [f"{column} = {{ column = {quoted(paid)}, {kept} = {quoted(rate)}{unit} }}"],
        }
    if not before and _agree(contents, factors, paid, rate, after=True, left=left):
        comment = tr("the column '{rate}' holds rates; the amount is price x quantity less them", rate=rate)
        return {column: lambda _: [f"{discount_of_rate(column, rate, cells, factors=factors, left=left)}  # {comment}"]}
    if left and (cells.str.contains("[%％]").any() or cells.str.contains("^[0.,]+$").any()):
        return {column: lambda line: [f"# TODO {line}"]}  # what is left cannot be divided by
    comment = tr("guessed: the column '{rate}' holds rates and the amount is what they left", rate=rate)
    return {column: lambda line: [f"{discount_of_rate(column, rate, cells, paid, left=left)}  # {comment}", f"# TODO {line}"]}


def _agree(contents: Contents, factors: Sequence[str], amount: str, rate: str, *, after: bool, left: bool) -> bool:
    """Return whether amounts are price x quantity, less the rate or not, in nearly all rows that have a rate."""
    if len(factors) < 2:
        return False
    numbers = contents.sample.select(_number(name).alias(name) for name in dict.fromkeys([*factors, amount, rate]))
    unit = _unit(contents.texts(rate), rate)
    parts = next((part for name, part in RATE_PARTS.items() if name in unit), 1)
    share = pl.col(rate) / (100 if contents.texts(rate).str.contains("[%％]").any() else parts)
    whole = 1 if left else 0
    paid = pl.col(factors[0]) * pl.col(factors[1]) * ((share if left else 1 - share) if after else 1)
    agrees = numbers.filter((pl.col(rate) > 0) & (share != whole)).select(((paid - pl.col(amount)).abs() <= 0.011).mean()).item()
    return agrees is not None and agrees >= NEARLY_ALL


def _number(name: str) -> pl.Expr:
    """Return text as a number where it plainly is one, without a sign of money or percent."""
    bare = pl.col(name).str.replace_all(r"[%％\s€$£¥￥]", "").str.replace(",", ".", literal=True)
    return bare.cast(pl.Float64, strict=False)


def _product(factors: Sequence[str]) -> str:
    return f"multiply = [{', '.join(map(quoted, factors))}]"


def _unit(cells: pl.Series, rate: str) -> str:
    """Return how the mapping says that rates are percents or tenths (折); a % sign says it by itself."""
    bare = cells.drop_nulls().filter(~cells.drop_nulls().str.contains("[%％]"))
    most = bare.str.replace(",", ".", literal=True).str.replace_all(r"[^\d.]", "").cast(pl.Float64, strict=False).max()
    if most is None or float(most) <= 1:  # type: ignore[arg-type]
        return ""
    return f', rate_unit = "{"tenths" if "折" in rate and float(most) <= 10 else "percent"}"'  # type: ignore[arg-type]
