"""Amounts in other currencies -> the mapping's own, by a stated rate table (`[currency_rates]`): exact, rounded once a line, half to even.

Amounts of a foreign currency are first read with as many decimals as any of the currencies has, so that nothing is rounded before the rate.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import polars as pl

from toolkit.errors import MappingError
from toolkit.language import later, tr
from toolkit.sources.mapping import Mapping, minor_digits_of
from toolkit.sources.records.shelf import Shelf
from toolkit.sources.records.tables import Records, locate, open_table
from toolkit.sources.specs import CurrencyRates
from toolkit.sources.styles import times
from toolkit.sources.styles.numbers import LARGEST, NumberStyle, detect_decimal, read_number

MOST_DECIMALS = 12
MOST_FAULTS = 5
ALWAYS = date(1, 1, 1)
NO_CURRENCY = later("no currency")
NO_RATE, NO_RATE_YET = later("currency has no rate"), later("currency has no rate on or before the day")
"""Reasons to set a row aside."""
CURRENCY, RATE, FOREIGN = "row_currency", "__rate", "foreign_amount"
"""Columns of converted lines: the row's currency, its scaled rate, and the amount as it was, in `Rates.digits` decimals."""


@dataclass(frozen=True)
class Rates:
    """The rates of a mapping: units of its currency per unit of another, as whole numbers."""

    column: str
    own: str
    own_digits: int
    empty: str | None
    table: pl.DataFrame  # currency, day (from that day on), rate: times 10 ** decimals; sorted by day
    decimals: int
    digits: int  # decimals that all amounts are read with
    minor_digits: dict[str, int]  # currency -> decimals of its own minor unit

    def currency(self, cell: pl.Expr) -> pl.Expr:
        """Return the currency of a row from the text of its cell: capitals, or that of an empty cell."""
        code = cell.str.to_uppercase()
        return pl.when(code.str.len_bytes() > 0).then(code).otherwise(pl.lit(self.empty, pl.String))

    def rate(self, day: pl.Expr) -> pl.Expr:
        """Return the latest rate on or before a row's day; null where there is none."""
        return pl.struct(currency=pl.col(CURRENCY), day=day).map_batches(self._look_up, return_dtype=pl.Int64, is_elementwise=True)

    def _look_up(self, rows: pl.Series) -> pl.Series:
        asked = rows.struct.unnest().with_row_index("row")
        rated = asked.sort("day").join_asof(self.table, on="day", by="currency", strategy="backward", check_sortedness=False)
        return rated.sort("row")["rate"]

    def widened(self, minor: pl.Expr) -> pl.Expr:
        """Return amounts in minor units of the row's own currency with `digits` decimals."""
        shift = {code: 10 ** (self.digits - own) for code, own in self.minor_digits.items()}
        return minor.cast(pl.Int128) * pl.col(CURRENCY).replace_strict(shift, default=None, return_dtype=pl.Int64)

    def converted(self, amount: pl.Expr, *, is_minor: bool) -> pl.Expr:
        """Return amounts of rows (with `digits` decimals, or in minor units of the row's own currency) in the mapping's minor units."""
        product = (self.widened(amount) if is_minor else amount.cast(pl.Int128)) * pl.col(RATE)
        unit = 10 ** (self.decimals + self.digits - self.own_digits)
        whole, twice = product.abs() // unit, product.abs() % unit * 2
        # What is in the shop's own currency is rounded as without a rate table: half away from zero.
        up = (twice > unit) | ((twice == unit) & ((pl.col(CURRENCY) == self.own) | (whole % 2 == 1)))
        number = (whole + up.cast(pl.Int128)) * product.sign()
        return pl.when(number.abs() <= LARGEST).then(number).cast(pl.Int64, strict=False)

    def checks(self) -> list[tuple[pl.Expr, str]]:
        """Return why a row cannot be converted."""
        code, known = pl.col(CURRENCY), self.table["currency"].unique().to_list()
        return [
            (code.is_null(), NO_CURRENCY),
            (~code.is_in(known), NO_RATE),
            (pl.col(RATE).is_null(), NO_RATE_YET),
        ]

    def notes(self, lines: pl.LazyFrame) -> list[str]:
        """Return sentences on what was converted: lines and sums by currency of converted lines that are kept."""
        sums = lines.group_by(CURRENCY).agg(pl.len(), pl.col(FOREIGN).cast(pl.Int128).sum(), pl.col("amount").sum())
        return [
            tr(
                "[currency_rates] {lines:,} lines in {currency}: {before} {currency} were converted to {after} {own}.",
                lines=count, currency=code, own=self.own,
                before=_shown(before, self.digits, self.minor_digits.get(code, self.own_digits)),
                after=_shown(after, self.own_digits, self.own_digits),
            )
            for code, count, before, after in sums.collect(engine="streaming").sort(CURRENCY).iter_rows()
            if code != self.own
        ]  # fmt: skip


def _shown(number: int, digits: int, at_least: int) -> str:
    """Return a sum with the decimals that it has, those of its currency at least."""
    text = f"{Decimal(int(number)).scaleb(-digits):,.{digits}f}"
    while digits > at_least and text.endswith("0"):
        text, digits = text[:-1], digits - 1
    return text.removesuffix(".")


def read_rates(mapping: Mapping, shelf: Shelf) -> Rates | None:
    """Return the rates of a mapping, or None where it states none.

    Raises: `MappingError` with all faults of the rates at once.
    """
    spec = mapping.currency_rates
    if spec is None:
        return None
    faults: list[str] = []
    rows = _of_files(mapping, spec, shelf, faults) if spec.table else _of_section(mapping, spec, faults)
    own = mapping.currency.upper()
    wrong = next((rate for code, _, rate in rows if code == own and rate != 1), None)
    if wrong is not None:
        faults.append(
            tr(
                "{where}: {currency} is the currency of the mapping itself, but its rate is {rate}; rates are units of it per unit of "
                "another.",
                where=_where(mapping), currency=own, rate=wrong,
            )
        )  # fmt: skip
    if faults:
        raise MappingError("\n".join([*faults[:MOST_FAULTS], *([_more(len(faults) - MOST_FAULTS)] if len(faults) > MOST_FAULTS else [])]))
    rows = [row for row in rows if row[0] != own] + [(own, ALWAYS, Decimal(1))]
    minor = {code: mapping.minor_digits if code == own else _digits(code, mapping.minor_digits) for code, _, _ in rows}
    decimals = max(_decimals(rate) for _, _, rate in rows)
    table = pl.DataFrame(
        [(code, day, int(rate.scaleb(decimals))) for code, day, rate in rows],
        schema={"currency": pl.String, "day": pl.Date, "rate": pl.Int64},
        orient="row",
    )
    empty = spec.empty.strip().upper() if spec.empty else None
    return Rates(spec.column, own, mapping.minor_digits, empty, table.sort("day"), decimals, max(minor.values()), minor)


def _where(mapping: Mapping) -> str:
    return f"{mapping.label} [currency_rates]"


def _more(count: int) -> str:
    return tr("... and {count} more like these.", count=count)


def _decimals(rate: Decimal) -> int:
    exponent = rate.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def _digits(code: str, otherwise: int) -> int:
    from babel.numbers import is_currency

    return minor_digits_of(code) if is_currency(code) else otherwise


def _fault(rate: Decimal | None) -> bool:
    return rate is None or rate <= 0 or _decimals(rate) > MOST_DECIMALS or rate >= 10**6


def _rate_fault(where: str, cell: object) -> str:
    return tr(
        "{where}: a rate must be a number above 0 and below 1,000,000 with {decimals} decimals at most, but {cell} came.",
        where=where, decimals=MOST_DECIMALS, cell=repr(cell),
    )  # fmt: skip


def _of_section(mapping: Mapping, spec: CurrencyRates, faults: list[str]) -> list[tuple[str, date, Decimal]]:
    rows: dict[str, tuple[str, date, Decimal]] = {}
    for name, text in spec.rates.items():
        code, rate = name.strip().upper(), _number(text)
        if rate is None or _fault(rate):
            faults.append(_rate_fault(f"{_where(mapping)} rates.{name}", text))
        elif code in rows:
            faults.append(tr("{where} rates names {currency} twice.", where=_where(mapping), currency=code))
        else:
            rows[code] = (code, ALWAYS, rate)
    return list(rows.values())


def _number(text: str) -> Decimal | None:
    try:
        rate = Decimal(text.strip())  # 6.1e-05 is how a small rate of a TOML file reads
    except ArithmeticError:
        return None
    return rate if rate.is_finite() else None


def _of_files(mapping: Mapping, spec: CurrencyRates, shelf: Shelf, faults: list[str]) -> list[tuple[str, date, Decimal]]:
    rows: dict[tuple[str, date], tuple[str, date, Decimal]] = {}
    for records in open_table(mapping.side_table("currency_rates"), "currency_rates", shelf):
        frame, is_number = _texts(spec, records).collect(), records.schema[spec.named("rate")].is_numeric()
        section = records.spec or spec.table
        is_day = records.schema[spec.named("day")].is_temporal()
        days = _days(mapping, spec, frame["day"], section.time_format if section and not is_day else None, faults)
        sign = (section.decimal if section else None) or detect_decimal(frame["rate"].drop_nulls().to_list())
        if sign is None and not is_number:
            shown = frame["rate"].drop_nulls().head(2).to_list()
            faults.append(
                tr(
                    '{where}: it cannot be told which sign is the decimal one in the rates {cells}; state decimal = "." or decimal = ",".',
                    where=_where(mapping), cells=", ".join(map(repr, shown)),
                )
            )  # fmt: skip
            continue
        sign = sign or "."
        style = NumberStyle(sign, "." if sign == "," else ",")
        places = locate(frame.select("source_index"), records.files)
        for (path, line), day, shown, code, cell in zip(
            places.iter_rows(), days, frame["day"].to_list(), frame["currency"].to_list(), frame["rate"].to_list(), strict=True
        ):
            where = tr("{file} row {row}", file=path, row=line)
            rate = None if cell is None else _number(cell) if is_number else read_number(cell, style)
            if code is None or day is None:
                faults.append(
                    tr("{where}: a rate needs a day and a currency, but {cells} came.", where=where, cells=f"{shown!r}, {code!r}")
                )
            elif rate is None or _fault(rate):
                faults.append(_rate_fault(where, cell))
            elif rows.setdefault((code, day), (code, day, rate))[2] != rate:
                faults.append(
                    tr(
                        "{where}: {currency} has the rates {first} and {second} on {day}; keep one of them.",
                        where=where, currency=code, first=rows[code, day][2], second=rate, day=day,
                    )
                )  # fmt: skip
    if not rows and not faults:
        faults.append(tr("{where} files hold no rate.", where=_where(mapping)))
    return list(rows.values())


def _texts(spec: CurrencyRates, records: Records) -> pl.LazyFrame:
    """Return the cells of a rate file as texts without blanks at their ends; null where there is nothing."""
    cells = {name: pl.col(spec.named(name)).cast(pl.String).str.strip_chars() for name in ("day", "currency", "rate")}
    filled = {name: pl.when(cell.str.len_bytes() > 0).then(cell) for name, cell in cells.items()}
    return records.frame.select("source_index", filled["day"].alias("day"), filled["currency"].str.to_uppercase().alias("currency"),
                                filled["rate"].alias("rate"))  # fmt: skip


def _days(mapping: Mapping, spec: CurrencyRates, cells: pl.Series, stated: str | None, faults: list[str]) -> Sequence[date | None]:
    style = times.TimeStyle((stated,)) if stated else times.time_style(cells)
    doubt = style.doubt
    if style.twins:
        doubt = tr(
            "it cannot be told which is the month in {cells}; state time_format", cells=", ".join(map(repr, cells.drop_nulls().head(2)))
        )
    if doubt:
        faults.append(f"{_where(mapping)} {spec.named('day')}: {doubt}.")
        return [None] * cells.len()
    patterns = [pattern for form in style.formats for pattern in times.spelled(form)]
    return times.read_times(cells, patterns, mapping.time_zone or "UTC").dt.date().to_list()
