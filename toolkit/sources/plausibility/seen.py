"""What is looked at before a question is asked: a sample of rows, all columns as text, and every value of the columns that tell."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, cached_property, reduce
from math import prod
from operator import mul, sub

import polars as pl

from toolkit.sources.columns.vocabulary import LIKELY, SURE, score, words_for
from toolkit.sources.plausibility.names import is_called, is_no_price
from toolkit.sources.specs import ColumnSpec, TableMapping
from toolkit.sources.styles.numbers import detect_decimal

FEWEST_ROWS = 5
"""What holds for fewer rows than this proves nothing."""
NEARLY_ALL = 0.95
WRITTEN = frozenset({"unit", "sign", "decimal", "format"})
"""How a column is written, which changes nothing about what it is."""
ORDER_COLUMNS = ("member_id", "order_id", "store_id", "product_id")


@dataclass(frozen=True)
class Seen:
    """Receipts as the questions look at them."""

    spec: TableMapping
    used: frozenset[str]  # columns of the files that some table of the mapping reads
    sample: pl.DataFrame  # rows from several places of the files: every column as text, null where a cell is empty
    counts: dict[str, pl.DataFrame] = field(default_factory=dict)  # (cell, rows) of the columns that were read to their end
    members: pl.DataFrame | None = None  # (cell, rows): every member and their lines; none = as in the sample
    minor_digits: int = 2
    currency: str = ""  # of the mapping, where it is known
    is_goods_said: bool = False
    products: dict[str, pl.Series] = field(default_factory=dict)  # what products are called in a file of their own
    is_person_said: bool = False  # an identity table says which ids are one person
    drawn: Callable[[Sequence[str]], pl.DataFrame] | None = None  # whole orders from all over the files, as the sample is
    order_count: Callable[[], int] | None = None  # orders of members in all files

    @cached_property
    def unused(self) -> list[str]:
        """Columns that no table reads."""
        return [name for name in self.sample.columns if name not in self.used]

    def cells(self, name: str) -> pl.Series:
        """Return the cells of a column: every different one where it was read to its end, else those of the sample."""
        return self.counts[name]["cell"] if name in self.counts else self.sample[name]

    def values(self, name: str) -> pl.Series:
        """Return the different values of a column, in order."""
        return self.cells(name).drop_nulls().unique().sort()

    @property
    def every_member(self) -> pl.DataFrame:
        """Every member and the number of their lines, the busiest first."""
        counted = (
            self.members if self.members is not None else self.text("member_id").value_counts(name="rows").rename({"member_id": "cell"})
        )
        counted = counted.drop_nulls("cell")
        return counted.group_by("cell").agg(pl.col("rows").sum()).sort("rows", "cell", descending=[True, False])

    # -- the mapped columns

    def column(self, contract: str) -> str | None:
        """Return the one raw column that a contract column is read from as it stands, if it is one."""
        spec = self.spec.columns.get(contract)
        return spec.column if spec is not None and spec.model_fields_set <= {"column", *WRITTEN} else None

    def text(self, contract: str) -> pl.Series:
        """Return an id or text of the lines, row by row; null where there is none."""
        return self.sample.with_columns(id_text(self.spec, contract).alias(contract))[contract]

    def amounts(self, contract: str) -> pl.Series:
        """Return a number of the lines (amount, quantity, discounts) in currency units, row by row; null where it is not mapped."""
        spec = self.spec.columns.get(contract)
        numbers = None if spec is None else _combined(spec, self)
        if numbers is None or spec is None:
            return pl.Series(contract, [None] * self.sample.height, dtype=pl.Float64)
        if spec.sign_of is not None:
            numbers = numbers.abs() * self.number(spec.sign_of).sign()
        in_minor = contract != "quantity" and (spec.unit or self.spec.amount_unit) == "minor"
        return (numbers * spec.sign / (10**self.minor_digits if in_minor else 1)).alias(contract)

    @cached_property
    def orders(self) -> pl.DataFrame:
        """Return the lines of the sample: ids as text, quantity and amount as numbers."""
        ids = [self.text(name) for name in ORDER_COLUMNS]
        return pl.DataFrame([*ids, self.amounts("quantity"), self.amounts("amount"), self.amounts("discount_amount").fill_null(0)])

    def of(self, sample: pl.DataFrame) -> Seen:
        """Return the same with other rows."""
        return replace(self, sample=sample)

    # -- the columns that are there besides

    def number(self, name: str) -> pl.Series:
        """Return a column as numbers, null where a cell is none."""
        return self._number(name)

    @cached_property
    def _number(self) -> Callable[[str], pl.Series]:
        return cache(lambda name: as_numbers(self.sample[name], self._decimal(name)))

    def _decimal(self, name: str) -> str | None:
        return decimal_of(self.spec, name)

    def is_number(self, name: str) -> bool:
        """Return whether nearly all cells of a column are numbers."""
        filled = self.sample.height - self.sample[name].null_count()
        return filled >= FEWEST_ROWS and self.number(name).count() >= NEARLY_ALL * filled

    @cached_property
    def prices(self) -> list[str]:
        """Columns that hold the price of a unit by their name, and numbers."""
        words, amount = words_for("lines", "unit_price"), self.column("amount")
        fits = {name: score(name, words) for name in self.sample.columns if name != amount}
        named = [
            name
            for name, points in fits.items()
            if points >= SURE or is_called(name, "list_price") or (points >= LIKELY and not is_no_price(name))
        ]
        return sorted((name for name in named if self.is_number(name)), key=lambda name: -fits[name])


def decimal_of(spec: TableMapping, name: str) -> str | None:
    """Return the decimal sign that a section states of a column of its files, or None where it states none."""
    columns = [column for column in spec.columns.values() if name in column.raw_columns]
    return next((column.decimal for column in columns if column.decimal), None) or spec.decimal


def id_text(spec: TableMapping, contract: str) -> pl.Expr:
    """Return the expression of an id from text columns: null where it is empty, or where the code means nobody."""
    raw = spec.columns[contract].raw_columns if contract in spec.columns else ()
    if not raw:
        return pl.lit(None, pl.String)
    text = pl.col(raw[0]) if len(raw) == 1 else pl.concat_str([pl.col(name) for name in raw], separator="|")
    return member_of(spec, text) if contract == "member_id" else text.str.strip_chars() if spec.strip_ids else text


def member_of(spec: TableMapping, text: pl.Expr) -> pl.Expr:
    """Return the expression of a member's id from its text: null where it is empty, or where the code means nobody."""
    text = text.str.strip_chars() if spec.strip_ids else text
    return pl.when(~text.str.strip_chars().is_in(["", *spec.not_a_member])).then(text)


def as_numbers(cells: pl.Series, decimal: str | None = None) -> pl.Series:
    """Return text as numbers where it plainly is one, without a sign of money or percent.

    >>> as_numbers(pl.Series(["1.234,50", "-3", "20%", "x"]), ",").to_list()
    [1234.5, -3.0, 20.0, None]
    """
    sign = decimal or detect_decimal(cells.drop_nulls().unique().to_list()) or "."
    bare = cells.str.replace_all(r"[%\s€$£¥￥元円]", "").str.replace("−", "-", literal=True)
    bare = bare.str.replace_all(r"^\((.*)\)$", "-${1}")
    plain = (
        bare.str.replace_all(".", "", literal=True).str.replace(",", ".", literal=True) if sign == "," else bare.str.replace_all(",", "")
    )
    return plain.cast(pl.Float64, strict=False).fill_nan(None)


def _combined(spec: ColumnSpec, seen: Seen) -> pl.Series | None:
    """Return the number that a column is made into, or None where it is made in another way than these."""
    if not spec.model_fields_set <= {"column", "add", "subtract", "multiply", "value", "sign_of", *WRITTEN}:
        return None
    if spec.value is not None:
        return pl.Series([float(spec.value)] * seen.sample.height, dtype=pl.Float64) if isinstance(spec.value, int | float) else None
    if any(name not in seen.sample.columns for name in spec.raw_columns):
        return None
    if spec.multiply:
        constant = prod(factor for factor in spec.multiply if not isinstance(factor, str))
        factors = [seen.number(factor) for factor in spec.multiply if isinstance(factor, str)]
        product = reduce(mul, factors) * constant
        return reduce(sub, [seen.number(name).fill_null(0) for name in spec.subtract], product)
    added = (spec.column,) if spec.column is not None else spec.add
    parts = [seen.number(name) for name in added] + [-seen.number(name) for name in spec.subtract]
    filled = pl.DataFrame({str(place): part for place, part in enumerate(parts)})
    none = pl.all_horizontal(pl.all().is_null())
    return filled.select(pl.when(~none).then(pl.sum_horizontal(pl.all()))).to_series() if parts else None
