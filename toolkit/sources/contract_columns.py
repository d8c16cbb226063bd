"""One contract column from its raw columns: the value, what is wrong with a cell, and whether decimals were lost.

The rules (may it be empty, its least value) are read from the contract's schemas; the sentences are made here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from operator import mul
from typing import Any

import polars as pl

from toolkit.schemas import CONTRACT, MONEY_COLUMNS
from toolkit.sources import reasons
from toolkit.sources.arithmetic import worked_out
from toolkit.sources.currencies import CURRENCY, FOREIGN, RATE, Rates
from toolkit.sources.mapping import Mapping
from toolkit.sources.specs import ColumnSpec, Condition, TableMapping
from toolkit.sources.spellings import MEMBER_IDS, folded, folded_texts
from toolkit.sources.styles import numbers, times
from toolkit.sources.styles.blanks import filled
from toolkit.sources.styles.detection import Styles, time_text

ZERO_WHEN_EMPTY = frozenset({"discount_amount", "coupon_amount"})
"""An empty cell in these columns says that there was none."""
LABELS = {
    "ordered_at": "time",
    "discount_amount": "discount",
    "coupon_amount": "coupon",
    "contacted_at": "contact time",
    "redeemed_at": "time",
    "occurred_at": "time",
}
QUANTITY_DIGITS = 3
LESS, WEIGHT = "|less", "|weight"
"""Ends of the names of further columns of lines: what is taken off per order, and the weight by which it is shared out."""
CUT_BY_SPREADSHEET = r"^\d([.,]\d+)?E\+\d{2,3}$"
YES = [
    "true", "t", "yes", "y", "1", "x", "ja", "j", "oui", "o", "si", "sí", "s", "sim", "tak", "da", "evet", "是", "有", "はい", "예", "да",
]  # fmt: skip
NO = [
    "false", "f", "no", "n", "0", "-", "nein", "non", "não", "nao", "nee", "nie", "ne", "hayır", "否", "无", "無", "いいえ", "아니요",
    "нет",
]  # fmt: skip


@dataclass(frozen=True)
class ContractColumn:
    """A contract column: its value, its checks (true = fault, with the reason) and whether digits were cut off."""

    name: str
    value: pl.Expr
    checks: Sequence[tuple[pl.Expr, str]] = ()
    rounded: pl.Expr | None = None


def cell_text(column: str, dtype: pl.DataType) -> pl.Expr:
    """Return a raw column as the texts that a mapping's values are held against: no spaces around them, nothing for an empty cell."""
    text = pl.col(column).cast(pl.String, strict=False).str.strip_chars()
    return (text.str.replace(r"\.0$", "") if dtype.is_float() else text).fill_null("")


def _moved(time: pl.Expr, move: Callable[[pl.Series], pl.Series]) -> pl.Expr:
    return time.map_batches(move, return_dtype=pl.Datetime("us"), is_elementwise=True)


def _are_cut(texts: pl.Series) -> pl.Series:
    longest: Any = texts.str.len_bytes().max() or 0
    if longest < len("1E+10"):
        return pl.repeat(False, texts.len(), eager=True).alias(texts.name)
    return texts.str.contains(CUT_BY_SPREADSHEET).fill_null(False)


def label(column: str) -> str:
    """Return what a contract column is called in a reason: `order_id` is an "order id"."""
    return LABELS.get(column, column.replace("_", " "))


@dataclass
class Conversion:
    """Makes contract columns of a table's records; text is parsed once, in the columns of `prepared`, stage by stage."""

    mapping: Mapping
    table: str
    schema: dict[str, pl.DataType]
    styles: Styles
    rates: Rates | None = None  # lines in several currencies
    prepared: list[dict[str, pl.Expr]] = field(default_factory=lambda: [{}, {}, {}, {}])
    before_rates: dict[str, pl.Expr] = field(default_factory=dict)  # amounts of lines in the currency of their row

    @property
    def spec(self) -> TableMapping:
        """What the mapping says of the table."""
        return self.mapping.tables[self.table]

    def columns(self) -> list[ContractColumn]:
        """Return the mapped columns in the contract's order, then the attributes; of the lines also those that are not mapped."""
        columns = []
        if self.rates:
            self._rate_rows(self.rates)
        for name in CONTRACT[self.table].columns():
            if name in self.spec.columns:
                columns.append(self._column(name, self.spec.columns[name]))
                columns += self._of_order(name, self.spec.columns[name])
            elif self.table == "lines" and name != "is_goods":  # a shop that says nothing of goods carries no column of it
                columns.append(ContractColumn(name, pl.lit(0, pl.Int64) if name in ZERO_WHEN_EMPTY else pl.lit(None, pl.String)))
        if self.rates:
            columns += [
                ContractColumn(CURRENCY, pl.col(CURRENCY)),
                ContractColumn(FOREIGN, self.before_rates["amount"].cast(pl.Int64, strict=False)),
            ]
        return columns + [self._attribute(name, spec) for name, spec in self.spec.attributes.items()]

    def _column(self, name: str, spec: ColumnSpec) -> ContractColumn:
        rule: Any = CONTRACT[self.table].columns()[name]
        if rule.dtype == pl.String:
            column = self._text(name, spec)
        elif rule.dtype == pl.Boolean:
            column = self._yes_no(name, spec)
        elif rule.dtype.is_temporal():
            column = self._time(name, spec, date=rule.dtype == pl.Date)
        else:
            column = self._number(name, spec, rule.dtype)
        value, checks = column.value, list(column.checks)
        if name in ZERO_WHEN_EMPTY and not spec.per_order:  # which may stand on one line of its order alone
            value = value.fill_null(0)
            if spec.rate is not None:  # what is given back took no discount
                value = pl.max_horizontal(value, 0)
        if self.table == "lines":  # of other tables the whole contract is checked, in checks.py
            if not rule.nullable and name not in ZERO_WHEN_EMPTY and not spec.per_order:
                checks.append((value.is_null(), f"no {label(name)}"))
            if getattr(rule, "min", None) == 0:
                checks.append((value < 0, f"negative {label(name)}"))
        return ContractColumn(name, value, checks, column.rounded)

    def as_written(self) -> pl.Expr:
        """Return the member ids of lines as they are written: what was folded can then be counted."""
        spelled = replace(self, mapping=self.mapping.model_copy(update={"fold_ids": ()}), rates=None)  # its text is prepared with ours
        return spelled._column("member_id", self.spec.columns["member_id"]).value.cast(pl.String)

    def _of_order(self, name: str, spec: ColumnSpec) -> list[ContractColumn]:
        """Return what a value of the whole order is shared out by, and what is taken off per order."""
        columns = []
        if spec.less_per_order:
            taken = ColumnSpec.model_validate({"add": spec.less_per_order, "decimal": spec.decimal})
            number = self._in_own_currency(f"{name}{LESS}", spec, self._integers(name, self._scale(name, spec), taken))
            columns.append(replace(number, name=f"{name}{LESS}", value=number.value.abs()))  # 10 and -10 take off the same
        if spec.by:
            weight = ColumnSpec.model_validate({"multiply": [*spec.by, 1], "decimal": spec.decimal})
            columns.append(replace(self._integers(f"{name}{WEIGHT}", QUANTITY_DIGITS, weight), rounded=None))
        return columns

    def _attribute(self, name: str, spec: ColumnSpec) -> ContractColumn:
        """Return a further column of the members, as it stands in the file."""
        if spec.column is not None and not isinstance(self.schema[spec.column], pl.String | pl.Categorical | pl.Enum):
            return ContractColumn(name, pl.col(spec.column))
        return ContractColumn(name, self._text(name, spec).value)

    # -- text and ids

    def _text(self, name: str, spec: ColumnSpec) -> ContractColumn:
        if spec.value is not None:
            return ContractColumn(name, self._spelled(name, pl.lit(str(spec.value) or None, pl.String)))
        if spec.join:
            parts = [
                self._spelled(name, self._id_text(column))
                .str.replace_all("\\", "\\\\", literal=True)
                .str.replace_all("|", "\\|", literal=True)
                for column in spec.join
            ]
            cut = [check for column in spec.join for check in self._cut(name, column)]
            return ContractColumn(name, self._member(name, pl.concat_str(parts, separator="|"), None), cut)
        assert spec.column is not None
        raw, dtype = pl.col(spec.column), self.schema[spec.column]
        if name in self.spec.values:
            words: dict[str, Any] = dict(self.spec.values[name])
            text = cell_text(spec.column, dtype)
            return ContractColumn(name, pl.when(text.is_in(list(words))).then(text.replace(words)).otherwise(self._id_text(spec.column)))
        if dtype.is_float() or isinstance(dtype, pl.Decimal):
            present = raw.fill_nan(None) if dtype.is_float() else raw
            whole = present.cast(pl.Int64, strict=False)
            value = whole if self.table == "lines" else whole.cast(pl.String)
            broken = present.is_not_null() & ((whole.cast(pl.Float64) != present.cast(pl.Float64)) | whole.is_null())
            return ContractColumn(name, self._member(name, value, whole), [(broken, reasons.NOT_WHOLE.format(column=label(name)))])
        if dtype.is_integer() and self.table == "lines" and dtype not in (pl.UInt64, pl.Int128):
            number = raw if dtype == pl.Int64 else raw.cast(pl.Int64)
            return ContractColumn(name, self._member(name, number, number))
        text = self._spelled(name, self._id_text(spec.column))
        return ContractColumn(name, self._member(name, text, None), self._cut(name, spec.column))

    def _id_text(self, column: str) -> pl.Expr:
        """Return a column as text: exactly as written, null where there is nothing but spaces."""
        raw, dtype = pl.col(column), self.schema[column]
        if dtype.is_float():
            return raw.fill_nan(None).cast(pl.Int64, strict=False).cast(pl.String)
        if dtype != pl.String:
            return raw.cast(pl.String, strict=False)
        text = pl.col(self._filled(column))
        return text.str.strip_chars() if self.spec.strip_ids else text

    def _spelled(self, name: str, text: pl.Expr) -> pl.Expr:
        """Return the text of an id in the one spelling that stays, where it names a member."""
        return folded(text, self.mapping.fold_ids) if self.mapping.fold_ids and name in MEMBER_IDS else text

    def _cut(self, name: str, column: str) -> list[tuple[pl.Expr, str]]:
        """A spreadsheet turns long codes into 6.90123E+12: the digits are lost and products fall together."""
        if self.schema[column] != pl.String or not name.endswith("_id"):
            return []
        cut = pl.col(column).map_batches(_are_cut, return_dtype=pl.Boolean, is_elementwise=True)
        return [(cut, reasons.CUT.format(column=label(name)))]

    def _member(self, name: str, value: pl.Expr, number: pl.Expr | None) -> pl.Expr:
        """Return a member id with the codes that mean nobody made null."""
        codes = self.spec.not_a_member
        if name != "member_id" or not codes:
            return value
        if number is None:
            spelled = folded_texts(codes, self.mapping.fold_ids) if self.mapping.fold_ids else codes
            return pl.when(~value.is_in([code for code in spelled if code is not None])).then(value)
        whole = [int(code) for code in codes if code.lstrip("-").isascii() and code.lstrip("-").isdigit()]
        return pl.when(~number.is_in(whole)).then(value) if whole else value

    # -- numbers

    def _number(self, name: str, spec: ColumnSpec, dtype: Any) -> ContractColumn:
        digits = self._scale(name, spec)
        column = self._in_own_currency(name, spec, self._integers(name, digits, spec))
        if self.table != "lines" and dtype.is_float() and name not in MONEY_COLUMNS:
            return replace(column, value=column.value / 10**digits, rounded=None)
        return column if name in MONEY_COLUMNS else replace(column, rounded=None)

    def _scale(self, name: str, spec: ColumnSpec) -> int:
        """Return how many digits a column keeps behind the point of what is written in the file."""
        if name in MONEY_COLUMNS:
            return 0 if self._is_minor(spec) else self.rates.digits if self.rates else self.mapping.minor_digits
        rule: Any = CONTRACT[self.table].columns()[name]
        return QUANTITY_DIGITS if rule.dtype.is_float() else 0

    def _is_minor(self, spec: ColumnSpec) -> bool:
        return (spec.unit or self.spec.amount_unit) == "minor"

    def _integers(self, name: str, scale: int, spec: ColumnSpec) -> ContractColumn:
        """Return what a spec makes of its columns as an integer, in units of 10 ** -scale."""
        single = spec.column or spec.per_order
        added = (single,) if single is not None else spec.add
        signed = [(column, spec.sign) for column in added] + [(column, -spec.sign) for column in spec.subtract]
        shown = label(name.removesuffix(WEIGHT))
        further: list[tuple[pl.Expr, str]] = []
        if spec.is_worked_out:
            number, further = worked_out(self, name, shown, scale, spec)
            parts = [number]
        elif spec.multiply:
            parts = [self._product(name, scale, tuple(map(str, spec.multiply)), spec)]
        else:
            parts = [self._integer(column, scale, spec, sign) for column, sign in signed]
        if spec.value is not None:
            constant = numbers.read_number(str(spec.value), numbers.NumberStyle())
            parts = [numbers.Integer(pl.lit(int((constant or 0) * 10**scale), pl.Int64), pl.lit(False), pl.lit(False), pl.lit(False))]
        value = parts[0].value if len(parts) == 1 else pl.sum_horizontal([part.value for part in parts], ignore_nulls=True)
        if len(parts) > 1:
            value = pl.when(~pl.all_horizontal([part.value.is_null() for part in parts])).then(value)
        if spec.sign_of is not None:
            value = value.abs() * pl.col(self.scaled(spec.sign_of, 0, spec)).sign().cast(pl.Int64)
        checks = [*further, *((part.unreadable, reasons.NOT_A_NUMBER.format(column=shown)) for part in parts)]
        checks += [(part.too_large, reasons.TOO_LARGE.format(column=shown)) for part in parts]
        rounded = pl.any_horizontal([part.rounded for part in parts]) if len(parts) > 1 else parts[0].rounded
        return ContractColumn(name, value, checks, rounded)

    def _rate_rows(self, rates: Rates) -> None:
        """Prepare the currency and the rate of every row."""
        self.prepared[0][CURRENCY] = rates.currency(cell_text(rates.column, self.schema[rates.column]))
        day = self._column("ordered_at", self.spec.columns["ordered_at"]).value.dt.date()
        self.prepared[3][RATE] = rates.rate(day)

    def _in_own_currency(self, name: str, spec: ColumnSpec, column: ContractColumn) -> ContractColumn:
        """Return money in the mapping's currency, with a check of what cannot be converted; other columns as they are."""
        rates = self.rates
        if rates is None or name.removesuffix(LESS) not in MONEY_COLUMNS:
            return column
        own = rates.converted(column.value, is_minor=self._is_minor(spec))
        self.before_rates[name] = rates.widened(column.value) if self._is_minor(spec) else column.value
        too_large = column.value.is_not_null() & pl.col(RATE).is_not_null() & own.is_null()
        checks = [*column.checks, *rates.checks(), (too_large, reasons.TOO_LARGE.format(column=label(name)))]
        return replace(column, value=own, checks=checks)

    def _integer(self, column: str, scale: int, spec: ColumnSpec, sign: int) -> numbers.Integer:
        if self.schema[column] == pl.String:
            return self._rounded(1, self.scaled(column, scale, spec), self.present(column), sign=sign)
        return numbers.from_typed(column, self.schema[column], 10**scale, sign=sign)

    def scaled(self, column: str, digits: int, spec: ColumnSpec) -> str:
        """Return the name of a prepared column: a raw one as Int128, scaled by 10 ** (digits + EXTRA_DIGITS)."""
        temporary = f"__{column}|{digits}|{spec.decimal}"
        if self.schema[column] == pl.String:
            self.prepared[0][temporary] = numbers.scaled_text(column, digits, self.styles.number(self.mapping, self.table, spec))
        else:
            self.prepared[0][temporary] = numbers.scaled_typed(column, self.schema[column], digits)
        return temporary

    def _product(self, name: str, scale: int, columns: tuple[str, ...], spec: ColumnSpec) -> numbers.Integer:
        """Return the exact product of two columns, rounded once."""
        first, *others = columns
        # Each factor is bounded so that the product of both still fits into 128 bits.
        factors = [pl.col(self.scaled(first, scale, spec)), *(pl.col(self.scaled(other, 0, spec)) for other in others)]
        bounded: list[Any] = [pl.when(factor.abs() < 10**17).then(factor) for factor in factors]
        temporary = f"__product|{name}"
        self.prepared[1][temporary] = reduce(mul, bounded)
        shift = numbers.EXTRA_DIGITS * len(factors)
        present = pl.all_horizontal([self.present(column) for column in columns])
        return self._rounded(2, temporary, present, shift=shift, sign=spec.sign)

    def _rounded(self, stage: int, scaled: str, present: pl.Expr, *, shift: int = numbers.EXTRA_DIGITS, sign: int) -> numbers.Integer:
        temporary = f"{scaled}|{shift}|{sign}"
        self.prepared[stage][temporary] = numbers.rounded(scaled, shift=shift, sign=sign)
        return numbers.from_rounded(temporary, present)

    def present(self, column: str) -> pl.Expr:
        """Return whether a raw cell is not empty."""
        return pl.col(self._filled(column) if self.schema[column] == pl.String else column).is_not_null()

    def _filled(self, column: str) -> str:
        """Return the name of a prepared column: a raw one of text, null where there is nothing but spaces."""
        temporary = f"__{column}|filled"
        self.prepared[0][temporary] = pl.col(column).map_batches(filled, return_dtype=pl.String, is_elementwise=True)
        return temporary

    # -- times

    def _time(self, name: str, spec: ColumnSpec, *, date: bool) -> ContractColumn:
        what = "date" if date else "time"
        shown = label(name)
        formats = self.styles.times.get(name, ())
        checks: list[tuple[pl.Expr, str]] = []
        temporary = f"__{name}"
        if spec.value is not None:
            self.prepared[0][temporary] = pl.lit(str(spec.value)).str.to_datetime(time_unit="us", strict=False)
        elif formats:
            text = time_text(spec, self.schema)
            zone = self.mapping.time_zone
            spelled = [pattern for form in formats for pattern in times.spelled(form)]
            self.prepared[0][f"{temporary}|text"] = text
            text = pl.col(f"{temporary}|text")
            self.prepared[1][temporary] = text.map_batches(
                lambda texts: times.read_times(texts, spelled, zone), return_dtype=pl.Datetime("us"), is_elementwise=True
            )
            is_said = shown == what or shown.endswith("time")
            unread = reasons.UNREAD if is_said else reasons.NO_DATE if date else reasons.NO_TIME
            checks.append((text.is_not_null() & pl.col(temporary).is_null(), unread.format(column=shown)))
        else:
            self.prepared[0][temporary] = self._typed_time(spec)
        local = pl.col(temporary)
        if not times.needs_zone(formats) and not self._has_zone(spec) and self.mapping.zone_of_times(self.table) and not date:
            local, skipped = self._from_source_zone(temporary)
            checks.append((skipped, reasons.SKIPPED.format(column=shown)))
        value = pl.when(times.possible(local)).then(local)
        checks.append((~times.possible(pl.col(temporary)), reasons.IS_IMPOSSIBLE.format(column=shown) if date else f"impossible {shown}"))
        return ContractColumn(name, value.dt.date() if date else value, checks)

    def _typed_time(self, spec: ColumnSpec) -> pl.Expr:
        columns = (spec.column,) if spec.column is not None else spec.join
        first = pl.col(str(columns[0]))
        dtype = self.schema[str(columns[0])]
        if len(columns) == 2 and self.schema[columns[1]] == pl.Time:
            day = first if dtype == pl.Date else first.dt.date()
            return day.dt.combine(pl.col(columns[1]), time_unit="us")
        if isinstance(dtype, pl.Datetime) and dtype.time_zone:
            zone, instants = (
                self.mapping.time_zone or "UTC",
                first.dt.convert_time_zone("UTC").dt.replace_time_zone(None).dt.cast_time_unit("us"),
            )
            return _moved(instants, lambda read: times.wall_clock(read, zone))
        return first.cast(pl.Datetime("us"))

    def _has_zone(self, spec: ColumnSpec) -> bool:
        dtype = self.schema.get(spec.column or "")
        return isinstance(dtype, pl.Datetime) and bool(dtype.time_zone)

    def _from_source_zone(self, temporary: str) -> tuple[pl.Expr, pl.Expr]:
        source, own = str(self.mapping.zone_of_times(self.table)), str(self.mapping.time_zone)
        moved = f"{temporary}|moved"
        self.prepared[2][moved] = _moved(pl.col(temporary), lambda read: times.wall_clock(times.instants_of(read, source), own))
        return pl.col(moved), pl.col(temporary).is_not_null() & pl.col(moved).is_null()

    # -- yes or no

    def _yes_no(self, name: str, spec: ColumnSpec) -> ContractColumn:
        if spec.value is not None:
            return ContractColumn(name, pl.lit(bool(spec.value)))
        if spec.true_if or spec.false_if:
            yes, no = (pl.any_horizontal(pl.lit(False), *map(self._holds, tests)) for tests in (spec.true_if, spec.false_if))
            if spec.true_if and spec.false_if:
                return ContractColumn(name, pl.when(yes).then(True).when(no).then(False))
            return ContractColumn(name, yes if spec.true_if else ~no)
        raw, dtype = pl.col(str(spec.column)), self.schema[str(spec.column)]
        if dtype == pl.Boolean and name not in self.spec.values:
            return ContractColumn(name, raw)
        text = raw.cast(pl.String, strict=False).str.strip_chars().str.to_lowercase().str.replace(r"^([01])\.0$", "${1}")
        value = pl.when(text.is_in(YES)).then(True).when(text.is_in(NO)).then(False)
        if words := self.spec.values.get(name):
            written = cell_text(str(spec.column), dtype)
            means = {given: word in (True, "yes", "true") for given, word in words.items()}
            listed = {truth: [given for given, meant in means.items() if meant is truth] for truth in (True, False)}
            value = pl.when(written.is_in(listed[True])).then(True).when(written.is_in(listed[False])).then(False).otherwise(value)
        return ContractColumn(name, value, [((text.str.len_bytes() > 0) & value.is_null(), reasons.NEITHER.format(column=label(name)))])

    @staticmethod
    def _holds(condition: Condition) -> pl.Expr:
        text = pl.col(condition.column).cast(pl.String, strict=False)
        tests = [text.is_in(list(condition.equals))] if condition.equals else []
        tests += [text.str.starts_with(start) for start in condition.starts_with]
        return pl.any_horizontal(tests).fill_null(False)
