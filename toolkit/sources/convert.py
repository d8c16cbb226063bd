"""Raw columns -> contract columns, row by row and lazily: what a row holds, and the first reason why it cannot be kept.

Whatever looks at one row is done here; what needs several (duplicate ids, an order with two members) is the importer's.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from toolkit.errors import MappingError
from toolkit.schemas import CONTRACT
from toolkit.sources.cells import Cell, Reader, label
from toolkit.sources.delimited import BROKEN, original_text
from toolkit.sources.files import RawGroup, SourceFile, locate, open_table
from toolkit.sources.mapping import Mapping
from toolkit.sources.styles import find_styles

IDS = ("line_id", "member_id", "order_id", "store_id", "product_id", "channel")
STORED_NAMES = {"quantity": "quantity_milli"}
REJECTED = pl.Schema({"source_file": pl.String, "source_row": pl.Int64, "fault": pl.String, "raw": pl.String})


@dataclass(frozen=True)
class Typed:
    """One contract table, converted: see `typed_table`."""

    table: str
    frame: pl.LazyFrame
    files: tuple[SourceFile, ...]
    mapped: frozenset[str]
    notes: tuple[str, ...]
    id_dtypes: dict[str, pl.DataType]
    groups: tuple[RawGroup, ...] = ()
    distinct: bool = False
    _keep_alive: Any = field(default=None, repr=False)

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
        found = [
            group.frame.join(wanted, on="source_index", how="semi")
            .select("source_index", _as_json(group).alias("raw"))
            .collect(engine="streaming")
            for group in self.groups
        ]
        raw = pl.concat(found)
        joined = rows.with_columns(pl.col("fault").cast(pl.String)).join(raw, on="source_index", how="left").sort("source_index")
        return self.locate(joined).select(REJECTED.names()).cast(REJECTED)  # type: ignore[arg-type]

    def locate(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Return the rows with source_file and source_row in place of source_index."""
        return locate(rows, self.files)

    def conflicts(self) -> int:
        """Return how many keys of a `distinct` table have rows that differ; 0 for other tables. Reads the files again."""
        if not self.distinct:
            return 0
        key = CONTRACT[self.table].primary_key()
        columns = [name for name in self.frame.collect_schema().names() if name not in ("source_index", "fault", "rounded")]
        rows = _converted_groups(self).filter(pl.col("fault").is_null()).select(columns).unique()
        return int(rows.group_by(key).len().filter(pl.col("len") > 1).select(pl.len()).collect(engine="streaming").item())


def typed_table(mapping: Mapping, table: str, *, scratch: Path | None = None) -> Typed:
    """Return a contract table as a lazy frame of its columns, with source_index, rounded and the first fault of each row.

    Columns
    -------
    lines
        Always: line_id, member_id, order_id, store_id, product_id, channel (String, or Int64 where the files hold whole numbers),
        ordered_at (shop's wall clock), quantity_milli, amount, discount_amount, coupon_amount (Int64; discounts 0 where unmapped or empty).
    other tables
        The mapped contract columns with the contract's types, money as Int64 minor units, and attributes as text.
    source_index, fault, rounded
        Row number over all files from 0; the first reason not to keep the row (null = keep); whether an amount lost decimals.

    Raises: `MappingError` with all faults at once (missing columns with the nearest name, formats that cannot be told); `DataError` where a
    file cannot be read.
    """
    keep_alive = None
    if scratch is None:
        keep_alive = tempfile.TemporaryDirectory(prefix="toolkit-")
        scratch = Path(keep_alive.name)
    scratch.mkdir(parents=True, exist_ok=True)
    groups = open_table(mapping, table, scratch)
    notes = [note for group in groups for note in _reading_notes(group)]
    frames = []
    faults: list[str] = []
    for group in groups:
        styles, told = find_styles(mapping, table, group, faults)
        notes += told
        frames.append((group, styles))
    if faults:
        raise MappingError("\n".join(dict.fromkeys(faults)))
    converted = [_convert(mapping, table, group, styles) for group, styles in frames]
    spec = mapping.tables[table]
    names = [*spec.columns, *spec.attributes]
    frame = _united(converted) if converted else _nothing(mapping, table)
    if spec.distinct:
        notes.append(f"[{table}] keeps the most frequent value of each column per {' and '.join(CONTRACT[table].primary_key())}.")
        frame = _most_frequent(frame, CONTRACT[table].primary_key())
    schema = frame.collect_schema()
    return Typed(
        table=table,
        frame=frame,
        files=tuple(sorted((file for group in groups for file in group.files), key=lambda file: file.first_index)),
        mapped=frozenset(names),
        notes=tuple(dict.fromkeys(notes)),
        id_dtypes={name: schema[name] for name in IDS if name in schema},
        groups=tuple(groups),
        distinct=spec.distinct,
        _keep_alive=(keep_alive, converted),
    )


def _converted_groups(typed: Typed) -> pl.LazyFrame:
    return _united(typed._keep_alive[1])


def _convert(mapping: Mapping, table: str, group: RawGroup, styles: Any) -> pl.LazyFrame:
    reader = Reader(mapping, table, group.schema, styles)
    cells = _cells(mapping, table, reader)
    frame = group.frame
    for prepared in reader.prepared:
        if prepared:
            frame = frame.with_columns(**prepared)
    values = [cell.value.alias(STORED_NAMES.get(cell.name, cell.name) if table == "lines" else cell.name) for cell in cells]
    frame = frame.select(
        *values, "source_index", _first_fault(cells, group.has_broken), _any([cell.rounded for cell in cells]).alias("rounded")
    )
    return frame


def _cells(mapping: Mapping, table: str, reader: Reader) -> list[Cell]:
    spec = mapping.tables[table]
    cells = []
    for name in CONTRACT[table].columns():
        if name in spec.columns:
            cells.append(reader.cell(name, spec.columns[name], required_values=table == "lines"))
        elif table == "lines":
            cells.append(_absent(name))
    return cells + [reader.attribute(name, given) for name, given in spec.attributes.items()]


def _absent(name: str) -> Cell:
    """Return the cell of a lines column that the mapping does not name."""
    empty = pl.lit(0, pl.Int64) if name in ("discount_amount", "coupon_amount") else pl.lit(None, pl.String)
    return Cell(name, empty, ())


def _first_fault(cells: Sequence[Cell], has_broken: bool) -> pl.Expr:
    """Return the first reason of each row as an enum: no reason costs no text."""
    checks = [check for cell in cells for check in cell.checks]
    if has_broken:
        marks = [(pl.col("broken").str.slice(1, 1) == key, reason) for key, reason in BROKEN.items()]
        checks = marks + checks
    reasons = list(dict.fromkeys(reason for _, reason in checks)) or ["none"]
    kind = pl.Enum(reasons)
    chain: Any = None
    for test, reason in checks:
        code = pl.lit(reasons.index(reason), pl.UInt8)
        chain = pl.when(test).then(code) if chain is None else chain.when(test).then(code)
    if chain is None:
        return pl.lit(None, pl.UInt8).cat.to(kind).alias("fault")
    return chain.otherwise(pl.lit(None, pl.UInt8)).cat.to(kind).alias("fault")


def _any(tests: Sequence[pl.Expr | None]) -> pl.Expr:
    real = [test for test in tests if test is not None]
    return pl.any_horizontal(real) if real else pl.lit(False)


def _united(frames: Sequence[pl.LazyFrame]) -> pl.LazyFrame:
    """Return the groups as one frame: ids that are numbers in one file and text in another become text, faults one enum."""
    if len(frames) == 1:
        return frames[0]
    schemas = [frame.collect_schema() for frame in frames]
    mixed = [name for name in schemas[0] if name != "fault" and len({str(schema[name]) for schema in schemas}) > 1]
    reasons = list(dict.fromkeys(reason for schema in schemas for reason in schema["fault"].categories))  # type: ignore[attr-defined]
    casts = [pl.col(name).cast(pl.String) for name in mixed]
    return pl.concat([frame.with_columns(*casts, pl.col("fault").cast(pl.Enum(reasons))) for frame in frames])


def _nothing(mapping: Mapping, table: str) -> pl.LazyFrame:
    """Return the frame of a table whose files hold no line at all."""
    raw = dict.fromkeys(mapping.tables[table].raw_columns, pl.String())
    empty = RawGroup(pl.LazyFrame(schema={**raw, "source_index": pl.Int64}), raw, (), False)  # type: ignore[arg-type]
    faults: list[str] = []
    return _convert(mapping, table, empty, find_styles(mapping, table, empty, faults)[0])


def _most_frequent(frame: pl.LazyFrame, key: list[str]) -> pl.LazyFrame:
    """Return one row per key: each column's most frequent value, the smallest of equally frequent ones; empty cells do not count.

    Rows without a key, or with another fault, stay as they are.
    """
    names = [name for name in frame.collect_schema().names() if name not in (*key, "source_index", "fault", "rounded")]
    good = frame.filter(pl.col("fault").is_null())
    result = good.group_by(key).agg(pl.col("source_index").min(), pl.col("fault").first(), pl.col("rounded").any())
    for name in names:
        counted = good.filter(pl.col(name).is_not_null()).group_by(*key, name).len()
        best = counted.sort(*key, pl.col("len"), name, descending=[False] * len(key) + [True, False]).unique(
            key, keep="first", maintain_order=True
        )
        result = result.join(best.drop("len"), on=key, how="left")
    order = frame.collect_schema().names()
    return pl.concat([result.select(order), frame.filter(pl.col("fault").is_not_null())])


def _as_json(group: RawGroup) -> pl.Expr:
    """Return the raw cells of a row as a JSON text; of a row that could not be read, its text as it stood in the file."""
    cells = pl.struct(pl.col(name) for name in group.schema).struct.json_encode() if group.schema else pl.lit("{}")
    if not group.has_broken:
        return cells
    dialect = next(file.dialect for file in group.files if file.dialect)
    separator = dialect.separator if dialect else ","
    text = pl.col("broken").map_batches(
        lambda lines: pl.Series(
            [
                None if line is None else json.dumps({"line": original_text(line[2:], separator)}, ensure_ascii=False)
                for line in lines.to_list()
            ],
            dtype=pl.String,
        ),
        return_dtype=pl.String,
        is_elementwise=True,
    )
    return pl.coalesce(text, cells)


def _reading_notes(group: RawGroup) -> list[str]:
    """Return sentences about how the files are read: one per way of writing, and what was passed over or cannot be read."""
    notes = []
    ways: dict[str, list[str]] = {}
    for file in group.files:
        if file.dialect:
            shown = {"\t": "tab", "whitespace": "spaces"}.get(file.dialect.delimiter, repr(file.dialect.delimiter))
            above = file.dialect.skip_lines - (1 if file.dialect.header else 0)
            ways.setdefault(
                f"{file.dialect.encoding}, delimiter {shown}" + (f", {above} lines above the header" if above else ""), []
            ).append(file.path.name)
        if file.empty:
            notes.append(f"{file.path.name}: {file.empty} empty line{'s were' if file.empty > 1 else ' was'} passed over.")
        if file.broken:
            notes.append(f"{file.path.name}: {file.broken} row{'s' if file.broken > 1 else ''} set aside that cannot be read.")
    told = [f"{names[0]}{f' and {len(names) - 1} more' if len(names) > 1 else ''}: read as {way}." for way, names in ways.items()]
    return told + notes


__all__ = ["Typed", "label", "typed_table"]
