"""How numbers and times are written in a group of files: stated in the mapping, or proved by the cells; never guessed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import polars as pl

from toolkit.schemas import CONTRACT
from toolkit.sources import times
from toolkit.sources.files import RawGroup
from toolkit.sources.mapping import Mapping
from toolkit.sources.numbers import NumberStyle, detect_decimal
from toolkit.sources.specs import ColumnSpec, TableMapping


@dataclass
class Styles:
    """The formats of a group's text: the decimal sign, and per contract column the formats of its times (none = already typed)."""

    decimal: str = "."
    times: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def number(self, mapping: Mapping, table: str, spec: ColumnSpec) -> NumberStyle:
        """Return how the numbers of one column are written."""
        decimal = spec.decimal or self.decimal
        stated = mapping.tables[table].thousands
        return NumberStyle(decimal, stated or ("." if decimal == "," else ","), mapping.currency)


def find_styles(mapping: Mapping, table: str, group: RawGroup, faults: list[str]) -> tuple[Styles, list[str]]:
    """Return the styles of a group and sentences on what was detected; what cannot be told is added to `faults`."""
    spec = mapping.tables[table]
    styles = Styles(spec.decimal or ".")
    notes: list[str] = []
    where = f"{mapping.label} [{table}]"
    texts = [name for name in _number_columns(table, spec) if group.schema[name] == pl.String]
    if texts and spec.decimal is None:
        found = _decimal(group, texts, whole_only=mapping.minor_digits == 0)
        if found is None:
            example = _sample(group).select(pl.concat([pl.col(name).cast(pl.String) for name in texts])).to_series()
            shown = example.filter(example.str.contains("[.,]")).head(3).to_list() if example.len() else []
            faults.append(
                f"{where}: it cannot be told which sign is the decimal one in {', '.join(map(repr, shown))}; "
                'state decimal = "," or decimal = ".".'
            )
        elif found:
            styles.decimal = found
            notes.append(f"[{table}] numbers have a decimal {'comma' if found == ',' else 'point'}.")
    for name, column in spec.columns.items():
        if CONTRACT[table].columns()[name].dtype.is_temporal() and column.value is None:
            _time_style(mapping, table, group, name, column, styles, notes, faults)
    return styles, notes


def _number_columns(table: str, spec: TableMapping) -> list[str]:
    contract = CONTRACT[table].columns()
    numeric = [column for name, column in spec.columns.items() if contract[name].dtype.is_numeric()]
    names = [raw for column in numeric if column.decimal is None for raw in column.raw_columns]
    return list(dict.fromkeys(names))


def _sample(group: RawGroup) -> pl.DataFrame:
    return pl.concat([frame.head(2000) for frame in group.samples]).collect() if group.samples else group.frame.head(2000).collect()


def _decimal(group: RawGroup, names: Sequence[str], *, whole_only: bool) -> str | None:
    """Return the decimal sign; where the sample does not prove it, all cells are asked."""
    sample = _sample(group)
    found = detect_decimal(text for name in names for text in sample[name].drop_nulls().to_list())
    if not found:
        cells = [group.frame.select(pl.col(name).alias("text")).filter(pl.col("text").str.contains("[.,]")).unique() for name in names]
        every = pl.concat(cells).unique().collect(engine="streaming")["text"].to_list()
        found = detect_decimal(every)
        if found is None and whole_only:
            # A currency without decimals: a sign before three digits can only set thousands apart.
            signs = {sign for text in every for sign in ".," if sign in text}
            found = {frozenset("."): ",", frozenset(","): "."}.get(frozenset(signs))
    return found


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


def _time_style(
    mapping: Mapping, table: str, group: RawGroup, name: str, spec: ColumnSpec, styles: Styles, notes: list[str], faults: list[str]
) -> None:
    where = f"{mapping.label} [{table}.columns] {name}"
    dtypes = [group.schema[raw] for raw in spec.raw_columns]
    typed = dtypes[0].is_temporal() and all(dtype.is_temporal() for dtype in dtypes)
    zoned = any(isinstance(dtype, pl.Datetime) and dtype.time_zone for dtype in dtypes)
    if not typed:
        stated = spec.format or mapping.tables[table].time_format
        formats = (stated,) if stated else _detected(group, spec, where, faults)
        if not formats:
            return
        styles.times[name] = formats
        zoned = times.needs_zone([pattern for form in formats if form != "iso" for pattern in times.spelled(form)])
        if "iso" in formats:
            zoned = _iso_with_zone(group, spec)
            if not zoned:
                styles.times[name] = times.ISO[:3]
        if not stated:
            notes.append(f"[{table}] {name} is read as {' or '.join(repr(form) for form in formats)}.")
    if zoned and not mapping.time_zone:
        faults.append(
            f'{where} carries a time zone (or counts seconds since 1970); state the shop\'s own, such as time_zone = "Europe/Berlin".'
        )
    if mapping.source_time_zone and not mapping.time_zone:
        faults.append(f"{mapping.label} states source_time_zone without time_zone: the shop's own zone is needed as well.")


def _detected(group: RawGroup, spec: ColumnSpec, where: str, faults: list[str]) -> tuple[str, ...]:
    text = time_text(spec, group.schema).alias("text")
    found = times.find_format(_sample(group).select(text)["text"])
    if not found.formats:
        faults.append(f"{where}: {found.doubt}.")
        return ()
    if found.twins is None:
        return found.formats
    swapped = times.swap(found.formats, found.twins)
    every = group.frame.select(text).unique().with_columns(first=_reads(found.formats), second=_reads(swapped))
    first, second = pl.col("first"), pl.col("second")
    every = every.select((first & ~second).sum().alias("first"), (second & ~first).sum().alias("second"))
    only_first, only_second = every.collect(engine="streaming").row(0)
    if bool(only_first) == bool(only_second):
        example = _sample(group).select(text)["text"].drop_nulls().head(2).to_list()
        why = "no row proves which is the month" if not only_first else "some rows only fit the one, some only the other"
        faults.append(
            f"{where}: {' and '.join(map(repr, example))} may be day-month or month-day and {why}; "
            f'state time_format = "{found.formats[0]}" or "{swapped[0]}".'
        )
        return ()
    return found.formats if only_first else swapped


def _reads(formats: Sequence[str]) -> pl.Expr:
    parsed = pl.col("text").map_batches(
        lambda texts: times.read_times(texts, formats, "UTC"), return_dtype=pl.Datetime("us"), is_elementwise=True
    )
    return times.possible(parsed).fill_null(False)


def _iso_with_zone(group: RawGroup, spec: ColumnSpec) -> bool:
    """Return whether any time of the column ends with a zone; looked up in all rows, since a late one would otherwise be lost."""
    text = time_text(spec, group.schema)
    zoned = text.str.contains(r"\d{2}:\d{2}.*([zZ]|[+-]\d{2}:?\d{2})$").any()
    return bool(group.frame.select(zoned.alias("zoned")).collect(engine="streaming").item())
