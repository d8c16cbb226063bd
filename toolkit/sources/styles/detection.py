"""How numbers and times are written in the records of a table: stated in the mapping, or proved by the cells; never guessed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import polars as pl

from toolkit.language import tr
from toolkit.schemas import CONTRACT
from toolkit.sources.mapping import Mapping
from toolkit.sources.records.tables import Records
from toolkit.sources.specs import ColumnSpec, TableMapping
from toolkit.sources.styles import times
from toolkit.sources.styles.numbers import NumberStyle, detect_decimal


@dataclass
class Styles:
    """The formats of a table's text: the decimal sign, and per contract column the formats of its times (none = already typed)."""

    decimal: str = "."
    times: dict[str, tuple[str, ...]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)  # sentences on what was detected
    faults: list[str] = field(default_factory=list)  # sentences on what cannot be told

    def number(self, mapping: Mapping, table: str, spec: ColumnSpec) -> NumberStyle:
        """Return how the numbers of one column are written."""
        decimal = spec.decimal or self.decimal
        stated = mapping.tables[table].thousands
        stated = None if stated == decimal else stated  # it is said of other cells than those of this column
        return NumberStyle(decimal, stated or ("." if decimal == "," else ","), mapping.currency)


def find_styles(mapping: Mapping, table: str, records: Records) -> Styles:
    """Return the styles of a table's records."""
    spec = mapping.tables[table]
    styles = Styles(spec.decimal or ".")
    texts = [name for name in _number_columns(table, spec) if records.schema[name] == pl.String]
    if texts and spec.decimal is None:
        sign = _decimal(records, texts, whole_only=mapping.minor_digits == 0 and not mapping.currency_rates)
        if sign is None:
            cells = records.sample.select(pl.concat([pl.col(name).cast(pl.String) for name in texts])).to_series()
            shown = cells.filter(cells.str.contains("[.,]")).head(3).to_list() if cells.len() else []
            styles.faults.append(
                f"{mapping.label} [{table}]: it cannot be told which sign is the decimal one in {', '.join(map(repr, shown))}; "
                'state decimal = "," or decimal = ".".'
            )
        elif sign:
            styles.decimal = sign
            styles.notes.append(f"[{table}] numbers have a decimal {'comma' if sign == ',' else 'point'}.")
    for name, column in spec.columns.items():
        if CONTRACT[table].columns()[name].dtype.is_temporal() and column.value is None:
            _add_time_style(styles, mapping, table, records, name)
    return styles


def _number_columns(table: str, spec: TableMapping) -> list[str]:
    contract = CONTRACT[table].columns()
    numeric = [column for name, column in spec.columns.items() if contract[name].dtype.is_numeric() and column.decimal is None]
    return list(dict.fromkeys(raw for column in numeric for raw in column.raw_columns))


def _decimal(records: Records, names: Sequence[str], *, whole_only: bool) -> str | None:
    """Return the decimal sign; where the sample does not prove it, all cells are asked."""
    sign = detect_decimal(text for name in names for text in records.sample[name].drop_nulls().to_list())
    if sign:
        return sign
    cells = [records.frame.select(pl.col(name).alias("text")).filter(pl.col("text").str.contains("[.,]")).unique() for name in names]
    every = pl.concat(cells).unique().collect(engine="streaming")["text"].to_list()
    sign = detect_decimal(every)
    if sign is None and whole_only:
        # A currency without decimals: a sign before three digits can only set thousands apart.
        thousands = {sign for text in every for sign in ".," if sign in text}
        sign = {frozenset("."): ",", frozenset(","): "."}.get(frozenset(thousands))
    return sign


def time_text(spec: ColumnSpec, schema: dict[str, pl.DataType]) -> pl.Expr:
    """Return the text of a time, its parts joined by a space; null where a part is empty."""
    parts = []
    for position, name in enumerate((spec.column,) if spec.column is not None else spec.join):
        raw, dtype = pl.col(str(name)), schema[str(name)]
        if isinstance(dtype, pl.Datetime):
            raw = (raw.dt.date() if position == 0 and spec.join else raw).cast(pl.String)
        elif dtype.is_float():
            raw = raw.cast(pl.String).str.replace(r"\.0$", "")
        elif dtype != pl.String:
            raw = raw.cast(pl.String)
        raw = raw.str.strip_chars()
        parts.append(pl.when(raw.str.len_bytes() > 0).then(raw))
    return parts[0] if len(parts) == 1 else pl.concat_str(parts, separator=" ")


def _add_time_style(styles: Styles, mapping: Mapping, table: str, records: Records, name: str) -> None:
    spec = mapping.tables[table].columns[name]
    where = f"{mapping.label} [{table}.columns] {name}"
    dtypes = [records.schema[raw] for raw in spec.raw_columns]
    zoned = any(isinstance(dtype, pl.Datetime) and dtype.time_zone for dtype in dtypes)
    if not all(dtype.is_temporal() for dtype in dtypes):
        stated = spec.format or mapping.tables[table].time_format
        formats, fault = ((stated,), _contradicted(records, spec, stated)) if stated else _detected(records, spec)
        if fault:
            styles.faults.append(f"{where}: {fault}")
            return
        styles.times[name] = formats
        zoned = times.needs_zone([pattern for form in formats if form != "iso" for pattern in times.spelled(form)])
        if "iso" in formats:
            zoned = _iso_with_zone(records, spec)
            if not zoned:
                styles.times[name] = times.ISO[:3]
        if not stated:
            styles.notes.append(f"[{table}] {name} is read as {' or '.join(repr(form) for form in formats)}.")
    if zoned and not mapping.time_zone:
        styles.faults.append(
            f'{where} carries a time zone (or counts seconds since 1970); state the shop\'s own, such as time_zone = "Europe/Berlin".'
        )
    if mapping.zone_of_times(table) and not mapping.time_zone:
        styles.faults.append(f"{mapping.label} states source_time_zone without time_zone: the shop's own zone is needed as well.")


def _detected(records: Records, spec: ColumnSpec) -> tuple[tuple[str, ...], str]:
    """Return the formats of a time, or why they cannot be told; where the sample fits day-month and month-day, every row is asked."""
    text = time_text(spec, records.schema).alias("text")
    cells = records.sample.select(text)["text"]
    style = times.time_style(cells)
    if style.formats == ("excel",) and any(file.counts_from_1904 for file in records.files):
        return ("days since 1904-01-01",), ""
    if style.twins is None:
        return style.formats, f"{style.doubt}." if style.doubt else ""
    swapped = times.swap(style.formats, style.twins)
    every = records.frame.select(text).unique().with_columns(first=_reads(style.formats), second=_reads(swapped))
    first, second = pl.col("first"), pl.col("second")
    every = every.select((first & ~second).sum().alias("first"), (second & ~first).sum().alias("second"))
    only_first, only_second = every.collect(engine="streaming").row(0)
    if bool(only_first) != bool(only_second):
        return (style.formats if only_first else swapped), ""
    why = "no row proves which is the month" if not only_first else "some rows only fit the one, some only the other"
    return (), (
        f"{' and '.join(map(repr, cells.drop_nulls().head(2).to_list()))} may be day-month or month-day and {why}; "
        f'state time_format = "{style.formats[0]}" or "{swapped[0]}".'
    )


def _contradicted(records: Records, spec: ColumnSpec, stated: str) -> str:
    """Return what to do where a stated format reads none of the first cells, but another one (nearly) all; or nothing."""
    cells = records.sample.select(time_text(spec, records.schema).alias("text"))["text"].drop_nulls()

    def reads(formats: Sequence[str]) -> int:
        patterns = [pattern for form in formats for pattern in times.spelled(form)]
        return cells.len() - times.read_times(cells, patterns, "UTC").null_count()

    if not cells.len() or reads((stated,)):
        return ""
    style = times.time_style(cells)
    if not style.formats or reads(style.formats) < 0.9 * cells.len():
        return ""
    return tr(
        "{stated} is stated, but reads none of the first {cells:,} cells, such as {cell}; leave it out and they are read as {form}.",
        stated=repr(stated), cells=cells.len(), cell=repr(cells[0]), form=repr(style.formats[0]),
    )  # fmt: skip


def _reads(formats: Sequence[str]) -> pl.Expr:
    parsed = pl.col("text").map_batches(
        lambda texts: times.read_times(texts, formats, "UTC"), return_dtype=pl.Datetime("us"), is_elementwise=True
    )
    return times.possible(parsed).fill_null(False)


def _iso_with_zone(records: Records, spec: ColumnSpec) -> bool:
    """Return whether any time of the column ends with a zone; looked up in all rows, since a late one would otherwise be lost."""
    zoned = time_text(spec, records.schema).str.contains(r"\d{2}:\d{2}.*([zZ]|[+-]\d{2}:?\d{2})$").any()
    return bool(records.frame.select(zoned.alias("zoned")).collect(engine="streaming").item())
