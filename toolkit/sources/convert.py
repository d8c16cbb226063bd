"""Raw columns -> contract columns, row by row and lazily: what a row holds, and the first reason why it cannot be kept.

Whatever looks at one row is done here; what needs several (duplicate ids, an order with two members) is the importer's.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import polars as pl

from toolkit.errors import MappingError
from toolkit.language import tr
from toolkit.schemas import CONTRACT
from toolkit.sources.contract_columns import ContractColumn, Conversion
from toolkit.sources.currencies import Rates, read_rates
from toolkit.sources.joins import open_joined
from toolkit.sources.mapping import Mapping
from toolkit.sources.records.delimited import BROKEN, original_text
from toolkit.sources.records.shelf import Shelf
from toolkit.sources.records.source_file import SourceFile
from toolkit.sources.records.tables import Records, locate
from toolkit.sources.row_filters import filtered, unused_words
from toolkit.sources.styles.detection import Styles, find_styles

IDS = ("line_id", "member_id", "order_id", "store_id", "product_id", "channel")
STORED_NAMES = {"quantity": "quantity_milli"}
REJECTED = pl.Schema({"source_file": pl.String, "source_row": pl.Int64, "fault": pl.String, "raw": pl.String})


@dataclass(frozen=True)
class Typed:
    """One contract table, converted: see `typed_table`."""

    table: str
    frame: pl.LazyFrame
    every_row: pl.LazyFrame  # the same before the rows of a `distinct` table were put together
    files: tuple[SourceFile, ...]
    mapped: frozenset[str]
    notes: tuple[str, ...]
    id_dtypes: dict[str, pl.DataType]
    records: tuple[Records, ...]
    distinct: bool
    shelf: Shelf  # kept with the table: its scratch copies are read whenever a frame is collected
    joined: tuple[SourceFile, ...]  # files whose columns were added to the rows
    left_out: dict[str, int]  # rows that the mapping's keep and drop leave out, by reason
    out: pl.LazyFrame | None = None  # those rows, converted: the days they speak of
    rates: Rates | None = None  # of lines in several currencies

    @property
    def rows_in(self) -> int:
        """Data rows of all files, known before anything is collected; empty lines are no rows."""
        return sum(file.rows - file.empty for file in self.files)

    @property
    def kept(self) -> pl.LazyFrame:
        """The rows without a fault."""
        return self.frame.filter(pl.col("fault").is_null()).drop("fault")

    @property
    def rejected(self) -> pl.DataFrame:
        """The rows with a fault (source_file, source_row, fault, raw as JSON); reads the files again."""
        faults = self.frame.filter(pl.col("fault").is_not_null()).select("source_index", pl.col("fault").cast(pl.String))
        return self.reject(faults.collect(engine="streaming"))

    def reject(self, rows: pl.DataFrame | pl.LazyFrame) -> pl.DataFrame:
        """Return rows (source_index, fault) as source_file, source_row, fault and raw: the row's mapped cells as they were, as JSON."""
        rows = rows.lazy().collect()
        if rows.is_empty():
            return pl.DataFrame(schema=REJECTED)
        wanted = rows.lazy().select("source_index").unique()
        raw = [
            records.frame.join(wanted, on="source_index", how="semi")
            .select("source_index", _as_json(records).alias("raw"))
            .collect(engine="streaming")
            for records in self.records
        ]
        rows = rows.with_columns(pl.col("fault").cast(pl.String)).join(pl.concat(raw), on="source_index", how="left").sort("source_index")
        return locate(rows, self.files).select(REJECTED.names()).cast(REJECTED)  # type: ignore[arg-type]

    def conflicts(self) -> int:
        """Return how many keys of a `distinct` table have rows that differ; 0 for other tables. Reads the files again."""
        if not self.distinct:
            return 0
        columns = [name for name in self.frame.collect_schema().names() if name not in ("source_index", "fault", "rounded")]
        rows = self.every_row.filter(pl.col("fault").is_null()).select(columns).unique()
        counted = rows.group_by(CONTRACT[self.table].primary_key()).len().filter(pl.col("len") > 1)
        return int(counted.select(pl.len()).collect(engine="streaming").item())


def typed_table(mapping: Mapping, table: str, *, scratch: Path | None = None, shelf: Shelf | None = None) -> Typed:
    """Return a contract table as a lazy frame of its columns, with source_index, rounded and the first fault of each row.

    `shelf` holds the files that other tables of the import were read from; without one, text copies lie in `scratch`.

    Columns
    -------
    lines
        Always: line_id, member_id, order_id, store_id, product_id, channel (String, or Int64 where the files hold whole numbers),
        ordered_at (shop's wall clock), quantity_milli, amount, discount_amount, coupon_amount (Int64; discounts 0 where unmapped or empty).
        Where the mapping folds spellings or has an identity table, member_written: the member as it stands in the file. Where it
        converts currencies, row_currency, and foreign_amount: the amount before.
    other tables
        The mapped contract columns with the contract's types, money as Int64 minor units, and attributes as text.
    source_index, fault, rounded
        Row number over all files from 0; the first reason not to keep the row (null = keep); whether an amount lost decimals.

    Raises: `MappingError` with all faults at once (missing columns with the nearest name, formats that cannot be told); `DataError` where a
    file cannot be read.
    """
    shelf = shelf or Shelf(scratch)
    spec = mapping.tables[table]
    joined = open_joined(mapping, table, shelf)
    rows = filtered(mapping, table, joined.groups)
    groups = list(rows.groups)
    rates = read_rates(mapping, shelf) if table == "lines" else None
    mappings = [_as_for(mapping, table, records) for records in groups]
    styles = [find_styles(own, table, records) for own, records in zip(mappings, groups, strict=True)]
    faults = [fault for style in styles for fault in style.faults]
    if faults:
        raise MappingError("\n".join(dict.fromkeys(faults)))
    notes = [note for records in groups for note in _reading_notes(records)] + [note for style in styles for note in style.notes]
    if joined.files:  # rows of theirs that cannot be read are told by the join
        notes += _reading_notes(Records(pl.LazyFrame(), {}, tuple(replace(file, broken=0, totals=0) for file in joined.files)))
    notes += [*joined.notes, *rows.notes, *unused_words(mapping, table, groups)]
    if groups:
        read = zip(mappings, groups, styles, strict=True)
        every_row = _united([_converted(own, table, records, style, rates) for own, records, style in read])
    else:  # the files hold no line at all
        raw: dict[str, Any] = dict.fromkeys(spec.raw_columns, pl.String())
        every_row = _converted(mapping, table, Records(pl.LazyFrame(schema={**raw, "source_index": pl.Int64}), raw, ()), None, rates)
    frame = every_row
    if spec.distinct:
        notes.append(f"[{table}] keeps the most frequent value of each column per {' and '.join(CONTRACT[table].primary_key())}.")
        frame = _most_frequent(frame, CONTRACT[table].primary_key())
    schema = frame.collect_schema()
    return Typed(
        table=table,
        frame=frame,
        every_row=every_row,
        files=tuple(sorted((file for records in groups for file in records.files), key=lambda file: file.first_index)),
        mapped=frozenset([*spec.columns, *spec.attributes]),
        notes=tuple(dict.fromkeys(notes)),
        id_dtypes={name: schema[name] for name in IDS if name in schema},
        records=tuple(groups),
        distinct=spec.distinct,
        shelf=shelf,
        joined=joined.files,
        left_out=rows.left_out,
        out=_united([_converted(own, table, records, style, rates) for own, records, style in zip(mappings, rows.out, styles, strict=True)])
        if rows.out
        else None,
        rates=rates,
    )


def _as_for(mapping: Mapping, table: str, records: Records) -> Mapping:
    """Return the mapping with the table's section as it goes for some of its files."""
    if records.spec is None or records.spec is mapping.tables[table]:
        return mapping
    return mapping.model_copy(update={"tables": {**mapping.tables, table: records.spec}})


def _converted(mapping: Mapping, table: str, records: Records, styles: Styles | None, rates: Rates | None) -> pl.LazyFrame:
    conversion = Conversion(mapping, table, records.schema, styles or find_styles(mapping, table, records), rates)
    columns = conversion.columns()
    frame = records.frame
    for prepared in conversion.prepared:
        if prepared:
            frame = frame.with_columns(**prepared)
    values = [column.value.alias(STORED_NAMES.get(column.name, column.name) if table == "lines" else column.name) for column in columns]
    if table == "lines" and (mapping.fold_ids or mapping.identities):
        values.append(conversion.as_written().alias("member_written"))
    roundings = [column.rounded for column in columns if column.rounded is not None]
    rounded = pl.any_horizontal(roundings) if roundings else pl.lit(False)
    return frame.select(*values, "source_index", _first_fault(columns, records), rounded.alias("rounded"))


def _first_fault(columns: Sequence[ContractColumn], records: Records) -> pl.Expr:
    """Return the first reason of each row as an enum: no reason costs no text."""
    checks = [(pl.col("broken").str.slice(1, 1) == key, reason) for key, reason in BROKEN.items()] if records.has_broken else []
    checks += [(pl.col(mark), reason) for mark, reason in records.orphans.items()]
    checks += [check for column in columns for check in column.checks]
    reasons = list(dict.fromkeys(reason for _, reason in checks)) or ["none"]
    chain: Any = pl
    for test, reason in checks:
        chain = chain.when(test).then(pl.lit(reasons.index(reason), pl.UInt8))
    nothing = pl.lit(None, pl.UInt8)
    return (chain.otherwise(nothing) if checks else nothing).cat.to(pl.Enum(reasons)).alias("fault")


def _united(frames: Sequence[pl.LazyFrame]) -> pl.LazyFrame:
    """Return the groups as one frame: ids that are numbers in one file and text in another become text, faults one enum."""
    if len(frames) == 1:
        return frames[0]
    schemas = [frame.collect_schema() for frame in frames]
    mixed = [name for name in schemas[0] if name != "fault" and len({str(schema[name]) for schema in schemas}) > 1]
    reasons = list(dict.fromkeys(reason for schema in schemas for reason in schema["fault"].categories))  # type: ignore[attr-defined]
    casts = [pl.col(name).cast(pl.String) for name in mixed]
    return pl.concat([frame.with_columns(*casts, pl.col("fault").cast(pl.Enum(reasons))) for frame in frames])


def _most_frequent(frame: pl.LazyFrame, key: list[str]) -> pl.LazyFrame:
    """Return one row per key: each column's most frequent value, the smallest of equally frequent ones; empty cells do not count.

    Rows without a key, or with another fault, stay as they are.
    """
    names = [name for name in frame.collect_schema().names() if name not in (*key, "source_index", "fault", "rounded")]
    good = frame.filter(pl.col("fault").is_null())
    rows = good.group_by(key).agg(pl.col("source_index").min(), pl.col("fault").first(), pl.col("rounded").any())
    for name in names:
        counted = good.filter(pl.col(name).is_not_null()).group_by(*key, name).len()
        best = counted.sort(*key, pl.col("len"), name, descending=[False] * len(key) + [True, False]).unique(
            key, keep="first", maintain_order=True
        )
        rows = rows.join(best.drop("len"), on=key, how="left")
    order = frame.collect_schema().names()
    return pl.concat([rows.select(order), frame.filter(pl.col("fault").is_not_null())])


def _as_json(records: Records) -> pl.Expr:
    """Return the raw cells of a row as a JSON text; of a row that could not be read, its text as it stood in the file."""
    cells = pl.struct(pl.col(name) for name in records.schema).struct.json_encode() if records.schema else pl.lit("{}")
    if not records.has_broken:
        return cells
    separator = next((file.dialect.separator for file in records.files if file.dialect), ",")

    def lines(marked: pl.Series) -> pl.Series:
        texts = [None if text is None else original_text(text[2:], separator) for text in marked.to_list()]
        return pl.Series([None if text is None else json.dumps({"line": text}, ensure_ascii=False) for text in texts], dtype=pl.String)

    return pl.coalesce(pl.col("broken").map_batches(lines, return_dtype=pl.String, is_elementwise=True), cells)


def _reading_notes(records: Records) -> list[str]:
    """Return sentences about how the files are read: one per way of writing, and what was passed over or cannot be read."""
    notes = []
    ways: dict[str, list[str]] = {}
    for file in records.files:
        if file.dialect:
            shown = {"\t": "tab", "whitespace": "spaces"}.get(file.dialect.delimiter, repr(file.dialect.delimiter))
            above = file.dialect.skip_lines - (1 if file.dialect.header else 0)
            way = (
                tr("sheet {sheet}", sheet=repr(file.sheet))
                if file.sheet
                else f"{file.dialect.encoding}, delimiter {shown}" + (f", {above} lines above the header" if above else "")
            )
            ways.setdefault(way, []).append(file.path.name)
        if file.unfolded:
            way = tr("JSON, a row for each item of '{items}'; the other fields of a record are repeated on its rows", items=file.unfolded)
            ways.setdefault(way, []).append(file.path.name)
        if file.sheet and file.path.suffix.lower() == ".xls":
            notes.append(
                tr("{file}: in an .xls, cells that hold an error read as empty; save it as .xlsx where it has any.", file=file.path.name)
            )
        if file.beside:
            shown = ", ".join(file.beside[:10])
            notes.append(
                tr(
                    "{file}: other files of the zip lack columns that are asked for and are left out: {names}.",
                    file=file.path.name,
                    names=shown,
                )
            )
        if file.first_rows:
            notes.append(tr("{file}: the first {rows:,} rows were looked at, and no more.", file=file.title, rows=file.first_rows))
        if file.empty:
            notes.append(f"{file.path.name}: {file.empty} empty line{'s were' if file.empty > 1 else ' was'} passed over.")
        if unread := file.broken - file.totals:
            notes.append(f"{file.path.name}: {unread} row{'s' if unread > 1 else ''} set aside that cannot be read.")
    reading = [f"{names[0]}{f' and {len(names) - 1} more' if len(names) > 1 else ''}: read as {way}." for way, names in ways.items()]
    return reading + notes
