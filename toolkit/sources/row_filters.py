"""The rows that a mapping leaves out by the values of their cells (`keep` and `drop`), counted, and what its sections name in vain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import polars as pl

from toolkit.errors import DataError
from toolkit.language import tr
from toolkit.sources.contract_columns import cell_text
from toolkit.sources.joins import open_joined
from toolkit.sources.mapping import Mapping
from toolkit.sources.records.shelf import Shelf
from toolkit.sources.records.tables import Records
from toolkit.sources.specs import TableMapping

MOST_VALUES_SHOWN = 5


@dataclass(frozen=True)
class FilteredRows:
    """The records of a table that the mapping asks for, and those that it leaves out."""

    groups: tuple[Records, ...]
    out: tuple[Records, ...] = ()
    left_out: dict[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def filtered(mapping: Mapping, table: str, groups: Sequence[Records]) -> FilteredRows:
    """Return the records that `keep` and `drop` ask for; a row that cannot be read or has no partner is not theirs:
    it is set aside as ever.

    Raises: `DataError` where they leave no row.
    """
    spec = mapping.tables[table]
    columns = tuple(dict.fromkeys([*spec.keep, *spec.drop]))
    if not columns or not groups:
        return FilteredRows(tuple(groups))
    counts = _counted(groups, columns)
    drops = [(column, value) for column, values in spec.drop.items() for value in values]
    reasons = [(pl.col(column) == value, f"drop {column} = {value!r}") for column, value in drops]
    reasons += [(~pl.col(column).is_in(values), f"keep {column} = {', '.join(map(repr, values))}") for column, values in spec.keep.items()]
    reason = pl.coalesce([pl.when(test).then(pl.lit(text)) for test, text in reasons]).alias("reason")
    by_reason = counts.group_by(reason, maintain_order=True).agg(pl.col("rows").sum()).sort("rows", descending=True)
    left_out = {text: int(rows) for text, rows in by_reason.iter_rows() if text is not None}
    total = int(counts["rows"].sum())
    if total and sum(left_out.values()) == total:
        shown = "; ".join(f"{column}: {_shown(counts, column)}" for column in columns)
        raise DataError(
            tr(
                "{label} [{table}]: keep and drop leave none of the {rows:,} rows; the columns hold: {shown}.",
                label=mapping.label, table=table, rows=total, shown=shown,
            )
        )  # fmt: skip
    notes = [
        note
        for section, listed in (("keep", spec.keep), ("drop", spec.drop))
        for column, values in listed.items()
        if total and (note := _absent(table, section, column, [value for value in values if value not in counts[column]], counts))
    ]
    wanted, out = [], []
    for records in groups:
        left = ~wanted_rows(spec, records.schema)
        if (unusable := records.unusable) is not None:
            left = left & ~unusable
        wanted.append(records.narrowed(~left))
        out.append(records.narrowed(left))
    return FilteredRows(tuple(wanted), tuple(out), left_out, tuple(notes))


def wanted_rows(spec: TableMapping, schema: dict[str, pl.DataType]) -> pl.Expr:
    """Return the condition of the rows that `keep` and `drop` ask for; columns that the schema does not have ask for nothing."""
    cells = {column: cell_text(column, schema[column]) for column in (*spec.keep, *spec.drop) if column in schema}
    dropped = [cells[column].is_in(list(values)) for column, values in spec.drop.items() if column in cells]
    left_out = [*dropped, *(~cells[column].is_in(list(values)) for column, values in spec.keep.items() if column in cells)]
    return ~pl.any_horizontal(left_out) if left_out else pl.lit(True)


def _absent(table: str, section: str, column: str, values: Sequence[str], counts: pl.DataFrame) -> str:
    """Return a sentence on values that `keep` or `drop` lists and no row holds; nothing where there are none."""
    if not values:
        return ""
    if len(values) == 1:
        return tr(
            "[{table}.{section}] {column}: {value} occurs in no row; the column holds: {shown}.",
            table=table, section=section, column=column, value=repr(values[0]), shown=_shown(counts, column),
        )  # fmt: skip
    return tr(
        "[{table}.{section}] {column}: {values} occur in no row; the column holds: {shown}.",
        table=table, section=section, column=column, values=tr(", ").join(map(repr, values)), shown=_shown(counts, column),
    )  # fmt: skip


def unused_words(mapping: Mapping, table: str, groups: Sequence[Records]) -> list[str]:
    """Return a sentence for each value of the mapping's value maps that no row holds."""
    spec = mapping.tables[table]
    notes = []
    for column, words in spec.values.items() if groups else ():
        raw = str(spec.columns[column].column)
        counts = _counted(groups, (raw,))
        notes += [
            tr(
                "[{table}.{section}] {column}: {value} occurs in no row; the column holds: {shown}.",
                table=table, section="values", column=column, value=repr(word), shown=_shown(counts, raw),
            )
            for word in words
            if counts.height and word not in counts[raw]
        ]  # fmt: skip
    return notes


def values_in(mapping: Mapping, table: str, column: str) -> dict[str, int]:
    """Return the different values of a column of a table's files as texts, with their rows, the most frequent first."""
    spec = mapping.tables[table]
    asked = spec.model_copy(update={"drop": {**spec.drop, column: ("",)}})  # its records are to hold the column
    shelf = Shelf()  # its copies are read below, and go with it
    groups = open_joined(mapping.model_copy(update={"tables": {**mapping.tables, table: asked}}), table, shelf).groups
    counts = _counted(groups, (column,)).sort("rows", column, descending=[True, False]) if groups else pl.DataFrame()
    return dict(counts.select(column, "rows").iter_rows()) if counts.height else {}


def _counted(groups: Sequence[Records], columns: Sequence[str]) -> pl.DataFrame:
    """Return how many readable rows hold each combination of values in these columns, as texts."""
    counted = []
    for records in groups:
        readable = records.frame if (unusable := records.unusable) is None else records.frame.filter(~unusable)
        texts = [cell_text(column, records.schema[column]).alias(column) for column in columns]
        counted.append(readable.select(texts).group_by(columns).agg(pl.len().alias("rows")))
    return pl.concat(counted).group_by(columns).agg(pl.col("rows").sum()).sort(columns).collect(engine="streaming")


def _shown(counts: pl.DataFrame, column: str) -> str:
    """Return the most frequent values of a column, for a sentence."""
    values = counts.group_by(column).agg(pl.col("rows").sum()).sort("rows", column, descending=[True, False])[column].to_list()
    return ", ".join(map(repr, values[:MOST_VALUES_SHOWN])) + (", ..." if len(values) > MOST_VALUES_SHOWN else "")
