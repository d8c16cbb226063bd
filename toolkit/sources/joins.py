"""Files joined to the files of a section, key by key, on the raw records: before keep and drop, before any column is made.

Each row of the section takes the columns of the one row of the joined files that has its keys. Keys are held against each other as
texts without the spaces around them (numbers of a typed file as they are written whole, 12 and not 12.0); "12.0" and "12" in text files
are two keys, which is said where it leaves rows without a partner, and one with `match = "number"`. An empty key has no partner.

A column that both have is the section's own; `NAME.column` is that of the joined file. A later join can use the columns of an earlier one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import polars as pl

from toolkit.errors import DataError, MappingError
from toolkit.language import tr, value
from toolkit.schemas import CONTRACT
from toolkit.sources.contract_columns import cell_text
from toolkit.sources.mapping import Mapping, did_you_mean
from toolkit.sources.records.shelf import Shelf
from toolkit.sources.records.source_file import SourceFile
from toolkit.sources.records.tables import MOST_FAULTS, Records, find_files, open_table
from toolkit.sources.specs import CELLS, ColumnSpec, Join, TableMapping


@dataclass(frozen=True)
class JoinedRecords:
    """The records of a table with the columns of the files joined to them."""

    groups: tuple[Records, ...]
    notes: tuple[str, ...] = ()
    files: tuple[SourceFile, ...] = ()  # the joined ones


@dataclass
class _Partner:
    """One join, looked at: its files, and which of their columns are wanted under which names."""

    join: Join
    shown: str  # the name of its file, for sentences
    mapping: Mapping
    table: str
    files: list[SourceFile]
    wanted: dict[str, str] = field(default_factory=dict)  # name in the mapping -> column of the joined files
    rows: pl.DataFrame = field(default_factory=pl.DataFrame)  # key0, key1, ... and the wanted columns, each key once

    @property
    def names(self) -> dict[str, pl.DataType]:
        """The columns of the joined files."""
        return {name: dtype for file in self.files for name, dtype in file.schema.items()}

    def keys(self, number: int) -> list[str]:
        """How the keys of the join with this number are called beside the records."""
        return [f"__key|{number}|{place}" for place in range(len(self.join.on))]


def open_joined(mapping: Mapping, table: str, shelf: Shelf) -> JoinedRecords:
    """Return the raw records of a table, with the columns of the files that its section joins to them.

    A row without a partner is marked: it has a reason to be set aside, unless the join is not required. Where a section joins nothing, its
    records are as `open_table` gives them.

    Raises
    ------
    MappingError
        A column or a key is in none of the files or in several (with the nearest name), a key stands in several rows of a joined file, or a
        file is joined to itself; all faults at once.
    DataError
        No row has a partner, or a file cannot be read.
    """
    spec = mapping.tables[table]
    if not spec.join:
        return JoinedRecords(tuple(open_table(mapping, table, shelf)))
    bare = _narrow(spec, spec.join[0].on)  # a key tells the sheet
    own = [file for path, entry in find_files(mapping, table) if (file := shelf.open(path, bare.of(entry))) is not None]
    partners = [_look_at(mapping, table, join, shelf) for join in spec.join]
    columns = _own_columns(mapping, table, own, partners)
    narrow = _narrow(spec, columns)
    groups = open_table(_reading(mapping, table, narrow), table, shelf)
    groups = [replace(records, spec=_section_for(mapping, table, records, narrow, partners)) for records in groups]
    notes = []
    for number, partner in enumerate(partners):
        notes += _read(partner, number, shelf)
    joined = [_joined(records, partners, shelf) for records in groups]
    for number, partner in enumerate(partners):
        notes += _orphans(mapping, table, joined, partner, number)
    return JoinedRecords(tuple(joined), tuple(notes), tuple(file for partner in partners for file in partner.files))


def _narrow(spec: TableMapping, columns: Iterable[str]) -> TableMapping:
    """Return the section as it reads these columns of its own files."""
    wanted = {name: ColumnSpec.model_validate(name) for name in columns}
    return spec.model_copy(update={"columns": wanted, "attributes": {}, "values": {}, "keep": {}, "drop": {}, "join": (), "also_read": ()})


def _reading(mapping: Mapping, table: str, spec: TableMapping) -> Mapping:
    return mapping.model_copy(update={"tables": {table: spec}})


def _look_at(mapping: Mapping, table: str, join: Join, shelf: Shelf) -> _Partner:
    section = f"{table}.join"
    bare = join.read_with(join.on.values())
    found = find_files(_reading(mapping, section, bare), section)
    files = [file for path, entry in found if (file := shelf.open(path, bare.of(entry))) is not None]
    title = files[0].title if files else found[0][0].name
    return _Partner(join, title + (f" and {len(found) - 1} more" if len(found) > 1 else ""), mapping, section, files)


def _section_for(mapping: Mapping, table: str, records: Records, narrow: TableMapping, partners: Sequence[_Partner]) -> TableMapping:
    """Return the section as it goes for some of its files; what these files state of their cells is not said of the joined ones.

    Raises: `MappingError` where nothing says how cells of joined files are written, and the section's files are written in several ways.
    """
    spec = mapping.tables[table]
    entry = next(entry for entry in spec.files if narrow.of(entry) == records.spec)
    if not set(entry.stated) & set(CELLS):
        return spec.of(entry)
    texts = {name for partner in partners for name, column in partner.wanted.items() if partner.names[column] == pl.String}
    theirs = {name: column for name, column in spec.columns.items() if texts & set(column.raw_columns)}
    faults = []
    for name, column in theirs.items():
        dtype = CONTRACT[table].columns()[name].dtype
        key = "decimal" if dtype.is_numeric() else "format" if dtype.is_temporal() else ""
        if (
            key
            and getattr(column, key) is None
            and {"decimal": {"decimal", "thousands"}, "format": {"time_format"}}[key] & set(entry.stated)
        ):
            faults.append(
                tr(
                    "{where} {column} is in a joined file, and the files of the section are written in several ways; say how it is written "
                    "there, in the column itself: {key} = ...",
                    where=f"{mapping.label} [{table}.columns]", column=name, key=key,
                )
            )  # fmt: skip
    if faults:
        raise MappingError("\n".join(faults))
    own = spec.of(entry)
    return own.model_copy(update={"columns": {**own.columns, **theirs}})


def _own_columns(mapping: Mapping, table: str, own: Sequence[SourceFile], partners: Sequence[_Partner]) -> tuple[str, ...]:
    """Return the columns to read from the section's own files, and note at each partner which of its columns are wanted."""
    spec = mapping.tables[table]
    own_names = {name for file in own for name in file.schema}
    own_records = {_read_from(file) for file in own}
    columns: dict[str, None] = {}
    faults = []

    def place(name: str, among: Sequence[_Partner], section: str) -> None:
        places = [(None, name)] if name in own_names else []
        places = places or [(partner, name.removeprefix(f"{partner.join.name}.")) for partner in among if _has(partner, name)]
        if len(places) == 1:
            partner, column = places[0]
            if partner is None:
                columns[name] = None
            else:
                partner.wanted[name] = column
            return
        if places:
            which = " or ".join(repr(f"{partner.join.name}.{name}") for partner, _ in places if partner)
            faults.append(
                tr(
                    "{section} names '{name}', which several joined files have; say which: {which}.",
                    section=section,
                    name=name,
                    which=which,
                )
            )
            return
        known = [*sorted(own_names), *(f"{column}" for partner in among for column in partner.names)]
        files = ", ".join([*dict.fromkeys(file.path.name for file in own[:1]), *(partner.shown for partner in among)])
        hint = did_you_mean(name, known, f"; they have: {', '.join(known[:30])}.")
        faults.append(tr("{section} names '{name}', which none of {files} has{hint}", section=section, name=name, files=files, hint=hint))

    for number, partner in enumerate(partners):
        where = f"{mapping.label} [[{table}.join]] {partner.join.name}"
        if any(_read_from(file) in own_records for file in partner.files):
            faults.append(tr("{where}: {file} is a file of [{table}] itself; a file cannot be joined to itself.",
                             where=where, file=partner.shown, table=table))  # fmt: skip
            continue
        for key, column in partner.join.on.items():
            place(key, partners[:number], f"{where} on")
            if partner.files and column not in partner.names:
                hint = did_you_mean(column, partner.names, f"; it has: {', '.join(list(partner.names)[:30])}.")
                faults.append(
                    tr("{where} on: {file} has no column '{column}'{hint}", where=where, file=partner.shown, column=column, hint=hint)
                )
    if not faults:
        for name in spec.raw_columns:
            place(name, partners, f"{mapping.label} [{table}]")
    if faults:
        raise MappingError("\n".join(dict.fromkeys(faults[:MOST_FAULTS])))
    return tuple(columns)


def _read_from(file: SourceFile) -> tuple[Path, str, str]:
    """Return what tells one source of records from another: sheets of a workbook are several."""
    return file.path.resolve(), file.sheet, file.unfolded


def _has(partner: _Partner, name: str) -> bool:
    return name in partner.names or name.removeprefix(f"{partner.join.name}.") in partner.names


def _key(column: str, dtype: pl.DataType, join: Join) -> pl.Expr:
    """Return a key as it is held against its partner: null where the cell is empty."""
    text = cell_text(column, dtype)
    if join.match == "number":
        text = _loose(text)
    return pl.when(text != "").then(text)


def _loose(text: pl.Expr) -> pl.Expr:
    """Return keys as numbers would be compared: 007, 7 and 7.0 are one."""
    return text.str.replace(r"^(\d+)[.,]0+$", "${1}").str.replace(r"^0+(.)", "${1}")


def _read(partner: _Partner, number: int, shelf: Shelf) -> list[str]:
    """Read the wanted columns of joined files, each key once; return what is to be said of it."""
    join, keys = partner.join, partner.keys(number)
    spec = join.read_with(dict.fromkeys([*join.on.values(), *partner.wanted.values()]))
    groups = open_table(_reading(partner.mapping, partner.table, spec), partner.table, shelf)
    frames, notes = [], []
    for records in groups:
        readable = records.frame.filter(pl.col("broken").is_null()) if records.has_broken else records.frame
        key = [_key(column, records.schema[column], join).alias(name) for name, column in zip(keys, join.on.values(), strict=True)]
        cells = [pl.col(column) if len(groups) == 1 else pl.col(column).cast(pl.String) for column in partner.wanted.values()]
        frames.append(readable.select(*key, *(cell.alias(name) for cell, name in zip(cells, partner.wanted, strict=True))))
        unread = _unread(records)
        if unread:
            notes.append(tr("{file}: rows that cannot be read are joined to nothing: {rows:,}.", file=partner.shown, rows=unread))
    if not frames:
        frames = [pl.LazyFrame(schema=dict.fromkeys([*keys, *partner.wanted], pl.String()))]
    rows = pl.concat(frames).drop_nulls(keys).collect(engine="streaming")
    if join.distinct:
        notes.append(
            tr("{file}: of the rows of a {keys} the most frequent value of each column is taken.",
               file=partner.shown, keys=" and ".join(join.on.values()))
        )  # fmt: skip
        partner.rows = _most_frequent(rows, keys)
        return notes
    again = rows.group_by(keys).len().filter(pl.col("len") > 1)
    if again.height:
        first = again.sort(pl.col("len"), *keys, descending=[True, *([False] * len(keys))]).row(0)
        raise MappingError(
            tr(
                "{label} [[{table}.join]] {name}: {file} holds keys in several rows ({several:,} of them, such as {key} in {rows:,} rows), "
                "but each key may stand there once. Name all columns that make the key in `on`, or write distinct = true, which takes the "
                "most frequent value of each column.",
                label=partner.mapping.label, table=partner.table.removesuffix(".join"), name=join.name, file=partner.shown,
                several=again.height, key=_shown(join.on.values(), first), rows=first[-1],
            )
        )  # fmt: skip
    partner.rows = rows
    return notes


def _unread(records: Records) -> int:
    """Return how many rows cannot be read, of a sheet those with a cell that cannot be believed among them; totals are none."""
    if not any(file.marked for file in records.files):
        return sum(file.broken - file.totals for file in records.files)
    broken = records.frame.select(pl.col("broken").is_not_null().sum()).collect(engine="streaming").item()
    return broken - sum(file.totals for file in records.files)


def _most_frequent(rows: pl.DataFrame, keys: list[str]) -> pl.DataFrame:
    """Return one row per key: each column's most frequent value, the smallest of equally frequent ones; empty cells do not count."""
    best = rows.select(keys).unique()
    for name in rows.columns[len(keys) :]:
        counted = rows.drop_nulls(name).group_by(*keys, name).len().sort("len", name, descending=[True, False])
        best = best.join(counted.unique(keys, keep="first", maintain_order=True).drop("len"), on=keys, how="left")
    return best


def _joined(records: Records, partners: Sequence[_Partner], shelf: Shelf) -> Records:
    """Return records with the columns of their partners, written down once: every later step reads them."""
    frame, schema = records.frame, dict(records.schema)
    reasons = {}
    for number, partner in enumerate(partners):
        keys, found = partner.keys(number), f"__found|{number}"
        own = [_key(column, schema[column], partner.join).alias(name) for name, column in zip(keys, partner.join.on, strict=True)]
        rows = partner.rows.lazy().with_columns(pl.lit(True).alias(found))
        frame = frame.with_columns(own).join(rows, on=keys, how="left", maintain_order="left")
        frame = frame.with_columns(pl.col(found).is_null().alias(found))
        schema |= {name: partner.rows.schema[name] for name in partner.wanted}
        if partner.join.required:
            reasons[found] = value("no row of {file} has its {keys}").format(file=partner.shown, keys=", ".join(partner.join.on))
    copy = shelf.place("joined.parquet")
    frame.sink_parquet(copy, compression="lz4", engine="streaming", maintain_order=True)
    wanted = {name: dtype for name, dtype in schema.items() if records.spec is None or name in records.spec.raw_columns}
    return replace(records, frame=pl.scan_parquet(copy), schema=wanted, orphans=reasons, is_copy=True)


def _orphans(mapping: Mapping, table: str, joined: Sequence[Records], partner: _Partner, number: int) -> list[str]:
    """Return what is to be said of rows without a partner, on both sides.

    Raises: `DataError` where no row has one.
    """
    keys, found, join = partner.keys(number), f"__found|{number}", partner.join
    readable = [records.frame.filter(pl.col("broken").is_null()) if records.has_broken else records.frame for records in joined]
    if not readable:
        return []
    counts = pl.concat([frame.group_by(*keys, found).len() for frame in readable]).collect(engine="streaming")
    alone = counts.filter(found)
    rows, without = int(counts["len"].sum()), int(alone["len"].sum())
    used = counts.filter(~pl.col(found)).select(keys)
    unused = partner.rows.select(keys).join(used, on=keys, how="anti", maintain_order="left")
    near = _nearly(alone.drop_nulls(keys), unused, keys) if alone.height and join.match == "text" else ""
    if rows and without == rows:
        own = (
            _shown(join.on, alone.drop_nulls(keys).sort(keys).select(keys).row(0)) if alone.drop_nulls(keys).height else "only empty cells"
        )
        theirs = _shown(join.on.values(), unused.sort(keys).row(0)) if unused.height else "no row"
        raise DataError(
            tr(
                "{label} [[{table}.join]] {name}: none of the {rows:,} rows of [{table}] has a partner in {file}: the rows hold {own}, the "
                "file holds {theirs}. Name in `on` the columns that hold the same values.{near}",
                label=mapping.label, table=table, name=join.name, rows=rows, file=partner.shown, own=own, theirs=theirs, near=near,
            )
        )  # fmt: skip
    notes = []
    if without and not join.required:
        notes.append(
            tr(
                "Rows without a partner in {file}: {rows:,}; its columns are empty there.{near}",
                rows=without,
                file=partner.shown,
                near=near,
            )
        )
    elif near:
        notes.append(tr("Rows without a partner in {file}: {rows:,}.{near}", rows=without, file=partner.shown, near=near))
    if unused.height:
        notes.append(
            tr("{file}: rows that belong to no row of [{table}]: {rows:,}, such as {key}.",
               file=partner.shown, rows=unused.height, table=table, key=_shown(join.on.values(), unused.sort(keys).row(0)))
        )  # fmt: skip
    return notes


def _nearly(alone: pl.DataFrame, unused: pl.DataFrame, keys: Sequence[str]) -> str:
    """Return how a key without a partner would have one if keys were numbers."""
    loose = [_loose(pl.col(name)).alias(f"{name}|loose") for name in keys]
    pairs = alone.with_columns(loose).join(unused.with_columns(loose), on=[f"{name}|loose" for name in keys], suffix="|theirs")
    if pairs.is_empty():
        return ""
    first = pairs.sort(list(keys)).row(0, named=True)
    own, theirs = next((first[name], first[f"{name}|theirs"]) for name in keys if first[name] != first[f"{name}|theirs"])
    return tr(
        " Keys differ by zeros alone, such as {own} and {theirs}; where they are the same, write under the join: match = {number}.",
        own=repr(own), theirs=repr(theirs), number='"number"',
    )  # fmt: skip


def _shown(columns: Iterable[str], values: Iterable) -> str:
    return ", ".join(f"{column} {value!r}" for column, value in zip(columns, values, strict=False))
