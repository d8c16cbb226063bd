"""All questions at once: of a sample when a mapping is proposed, of all that is read when receipts come in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial

import polars as pl

from toolkit.sources.convert import Typed
from toolkit.sources.mapping import Mapping
from toolkit.sources.plausibility.names import is_called
from toolkit.sources.plausibility.of_amounts import amounts
from toolkit.sources.plausibility.of_discounts import rates
from toolkit.sources.plausibility.of_goods import columns_of_goods, lines_of_no_goods, no_goods
from toolkit.sources.plausibility.of_members import members
from toolkit.sources.plausibility.of_orders import doubled, order_totals, repeated, spellings, worth_nothing
from toolkit.sources.plausibility.of_quantities import constant_quantity
from toolkit.sources.plausibility.of_states import MOST_STATES, states
from toolkit.sources.plausibility.of_times import other_times
from toolkit.sources.plausibility.question import Question, is_answered
from toolkit.sources.plausibility.seen import Seen, decimal_of, member_of
from toolkit.sources.records.filled import filled_down
from toolkit.sources.records.source_file import SAMPLE_RECORDS, SourceFile, scan
from toolkit.sources.records.tables import Records, find_files
from toolkit.sources.row_filters import wanted_rows
from toolkit.sources.specs import CELLS, TableMapping
from toolkit.sources.spellings import folded, folded_texts

ASKED: tuple[Callable[[Seen], Iterator[Question]], ...] = (
    states, rates, amounts, constant_quantity, other_times, doubled, lines_of_no_goods, worth_nothing, order_totals, repeated, spellings,
    members,
)  # fmt: skip
DRAWN_LINES = 5_000
MOST_COLUMNS = 300
MEMBERS = "member_id"


def open_questions(mapping: Mapping, typed: Typed, lines: pl.LazyFrame, *, are_written: bool = False) -> tuple[Question, ...]:
    """Return what the receipts of a mapping leave open and its `[answers]` do not answer.

    `lines` are the converted lines that are kept (`Typed.kept`, or a copy of it; `are_written`: it is a file, and the members are counted
    there). Columns with a telling name, the products and the members are read to their end, in one scan of nothing else; of all columns a
    sample from several places.
    """
    spec = mapping.tables["lines"]
    used = {name for table in mapping.tables.values() if table.files == spec.files for name in table.raw_columns}
    used |= {name.removeprefix(f"{join.name}.") for join in spec.join for name in used}
    files = (*typed.files, *typed.joined)
    names = list(dict.fromkeys(name for file in files for name, dtype in file.schema.items() if not dtype.is_nested()))
    telling = [name for name in names if name not in used and is_called(name, "currency", "state", "happened")]
    telling += [name for name in _few_valued(typed.joined) if name not in used and name not in telling]
    is_goods_said = any("is_goods" in table.columns for table in mapping.tables.values())
    goods = [] if is_goods_said else [name for name in columns_of_goods(spec, names) if _is_text(files, name)]
    sampled = [name for name in names if name in spec.raw_columns or name in telling or len(names) <= MOST_COLUMNS]
    product = next((raw for raw in goods if are_written and spec.columns["product_id"].raw_columns == (raw,)), None)
    from_files = [name for name in dict.fromkeys([*telling, *goods]) if name != product]
    counts, every_member = _counted(files, spec, from_files, with_members=not are_written)
    if are_written:
        counted = [
            lines.group_by(name).agg(pl.len().alias("rows")).select(pl.col(name).cast(pl.String).alias("cell"), "rows")
            for name in ("member_id", *(["product_id"] if product else []))
        ]
        every_member, *products_of_lines = pl.collect_all(counted, engine="streaming")
        counts |= {str(product): frame.sort("cell") for frame in products_of_lines}
    elif every_member is not None and mapping.fold_ids:
        nobody = [code for code in folded_texts(spec.not_a_member, mapping.fold_ids) if code is not None]
        cells = folded(pl.col("cell"), mapping.fold_ids)
        every_member = every_member.with_columns(pl.when(~cells.is_in(nobody)).then(cells).alias("cell"))
    known = lines.filter(pl.col("member_id").is_not_null())
    products = {} if is_goods_said else _product_names(mapping, typed)
    questions: dict[str, Question] = {}
    for own, records in _ways(typed, spec):
        group = sorted((file for part in records for file in part.files), key=lambda file: file.first_index)
        seen = Seen(
            own,
            frozenset(used),
            _joined_sample(records[0], own) if typed.joined else _sample(group, sampled, own),
            counts,
            every_member,
            mapping.minor_digits,
            mapping.currency,
            is_goods_said,
            products,
            is_person_said=mapping.identities is not None,
            drawn=None if typed.joined else partial(_drawn, group, own),
            order_count=lambda: int(known.select(pl.struct("store_id", "order_id").n_unique()).collect(engine="streaming").item()),
        )
        for question in _asked(seen):
            questions.setdefault(question.key, question)
    return tuple(question for question in questions.values() if not is_answered(question, mapping.answers))


def questions_of_sample(
    spec: TableMapping, sample: pl.DataFrame, *, table: str = "lines", used: Iterable[str] = (), is_goods_said: bool = False
) -> tuple[Question, ...]:
    """Return what a sample of raw records (all columns, as text) leaves open where a section of lines (or of products) reads it.

    `used` are the columns that other sections read from the same file; `is_goods_said`: one of them says which products are goods.
    """
    if table == "products":
        names = columns_of_goods(spec, sample.columns)
        return () if is_goods_said else tuple(no_goods(table, {name: _values(sample[name]) for name in names}, None))
    seen = Seen(spec, frozenset([*spec.raw_columns, *used]), _filled(sample), is_goods_said=is_goods_said)
    orders = seen.orders.drop_nulls("member_id").select(pl.struct("store_id", "order_id").n_unique())
    return tuple(_asked(replace(seen, order_count=lambda: int(orders.item()))))


def _asked(seen: Seen) -> Iterator[Question]:
    for ask in ASKED if seen.sample.height else ():
        yield from ask(seen)


# -- what is read


def _ways(typed: Typed, spec: TableMapping) -> list[tuple[TableMapping, list[Records]]]:
    """Return the records in groups whose cells are written alike, each with the section as it goes for its files."""
    ways: dict[tuple, tuple[TableMapping, list[Records]]] = {}
    for records in typed.records:
        own = records.spec or spec
        is_text = all(file.dialect and not file.sheet for file in records.files)
        ways.setdefault((is_text, *(getattr(own, name) for name in CELLS)), (own, []))[1].append(records)
    return list(ways.values())


def _texts(frame: pl.DataFrame, spec: TableMapping) -> pl.DataFrame:
    """Return cells as text; numbers that are none in the file are written as the section says that numbers of the column are."""
    signs = [name for name, dtype in frame.schema.items() if dtype.is_float() and decimal_of(spec, name) == ","]
    texts = frame.cast(dict.fromkeys(frame.columns, pl.String), strict=False)  # type: ignore[arg-type]
    return texts.with_columns(pl.col(name).str.replace(".", ",", literal=True) for name in signs) if signs else texts


def _few_valued(joined: Sequence[SourceFile]) -> list[str]:
    """Return the columns of joined files that hold a few values, by a sample: they may tell orders apart, whatever they are called."""
    few: list[str] = []
    for file in joined:
        flat = [name for name, dtype in file.schema.items() if not dtype.is_nested()]
        if len(flat) <= MOST_COLUMNS:
            sample = scan([file], flat, with_broken=False).head(SAMPLE_RECORDS).select(flat).collect()
            few += [name for name in flat if 1 < sample[name].n_unique() <= MOST_STATES]
    return few


def _is_text(files: Sequence[SourceFile], name: str) -> bool:
    return any(not file.schema[name].is_numeric() for file in files if name in file.schema)


def _alike(files: Sequence[SourceFile], names: Iterable[str], spec: TableMapping) -> list[tuple[list[SourceFile], list[str]]]:
    """Return the files in groups of the same columns, types and filters, each with those of the names that it has."""
    groups: dict[tuple, list[SourceFile]] = {}
    for file in files:
        there = tuple((name, str(file.schema[name])) for name in names if name in file.schema)
        filters = tuple(name for name in (*spec.keep, *spec.drop, spec.within) if name in file.schema)
        groups.setdefault((file.dialect is None, filters, there), []).append(file)
    return [(group, [name for name, _ in there]) for (_, _, there), group in groups.items() if there]


def _values(cells: pl.Series) -> pl.Series:
    return _filled(cells.to_frame()).to_series().drop_nulls().str.strip_chars().unique().sort()


def _product_names(mapping: Mapping, typed: Typed) -> dict[str, pl.Series]:
    """Return what products are called in files of their own."""
    spec = mapping.tables.get("products")
    if spec is None or spec.files == mapping.tables["lines"].files:
        return {}
    files = [file for path, entry in find_files(mapping, "products") if (file := typed.shelf.open(path, spec.of(entry))) is not None]
    names = [name for name in columns_of_goods(spec, [name for file in files for name in file.schema]) if _is_text(files, name)]
    counts, _ = _counted(files, spec, names)
    return {name: _values(frame["cell"]) for name, frame in counts.items()}


def _raw(files: Sequence[SourceFile], names: Sequence[str], spec: TableMapping) -> pl.LazyFrame:
    """Return readable rows that the mapping's keep and drop ask for; order fields of the first line stand on those below, too."""
    filters = [name for name in dict.fromkeys([*spec.keep, *spec.drop]) if name in files[0].schema]
    order = [spec.within] if spec.within in files[0].schema else []
    read = {name: files[0].schema[name] for name in (*names, *filters, *order)}
    has_broken = any(file.has_broken for file in files)
    if order:
        parts = [filled_down(scan([file], read, with_broken=has_broken), read, spec, has_broken=has_broken) for file in files]
        records = pl.concat(parts)
    else:
        records = scan(files, read, with_broken=has_broken)
    if has_broken:
        records = records.filter(pl.col("broken").is_null())
    return records.filter(wanted_rows(spec, files[0].schema)) if filters else records


def _sample(files: Sequence[SourceFile], names: Sequence[str], spec: TableMapping) -> pl.DataFrame:
    """Return rows of the first, the middle and the last file as text; of Parquet also from within, since it costs no more."""
    frames = []
    shown = sorted({0, len(files) // 2, len(files) - 1}) if files and names else ()
    for number in shown:
        file = files[number]
        there = [name for name in names if name in file.schema]
        rows = _raw([file], there, spec).select(there)
        if file.dialect or file.rows <= SAMPLE_RECORDS:
            parts = [rows.head(SAMPLE_RECORDS)]
        else:
            starts = (0, file.rows // 3, 2 * file.rows // 3) if len(shown) == 1 else (0, file.rows // 2)
            parts = [rows.slice(start, SAMPLE_RECORDS // len(starts)) for start in starts]
        for part in parts:
            frames.append(_texts(part.collect(), spec))  # noqa: PERF401
    return _filled(pl.concat(frames, how="diagonal")) if frames else pl.DataFrame()


def _joined_sample(records: Records, spec: TableMapping) -> pl.DataFrame:
    """Return rows of the files with what is joined to them, as text: the columns that the mapping reads."""
    return _filled(_texts(records.frame.select(list(records.schema)).head(SAMPLE_RECORDS).collect(), spec))


def _filled(sample: pl.DataFrame) -> pl.DataFrame:
    """Return the sample with null for cells that hold nothing but blanks."""
    return sample.select(pl.when(pl.col(name).str.strip_chars() != "").then(pl.col(name)).alias(name) for name in sample.columns)


def _counted(
    files: Sequence[SourceFile], spec: TableMapping, names: Sequence[str], *, with_members: bool = False
) -> tuple[dict[str, pl.DataFrame], pl.DataFrame | None]:
    """Return every value of columns with its rows, and every member: one scan of these columns and no other."""
    counts: dict[str, list[pl.DataFrame]] = {}
    raw = spec.columns["member_id"].raw_columns if with_members and "member_id" in spec.columns else ()
    if not names and not raw:
        return {}, None
    for group, there in _alike(files, [*names, *(name for name in raw if name not in names)], spec):
        records = _raw(group, there, spec)
        wanted = {name: pl.col(name) for name in there if name in names}
        if raw and set(raw) <= set(there):
            wanted[MEMBERS + "|"] = (
                pl.col(raw[0]) if len(raw) == 1 else pl.concat_str([pl.col(name).cast(pl.String) for name in raw], separator="|")
            )
        counted = [records.select(expression.alias("cell")).group_by("cell").agg(pl.len().alias("rows")) for expression in wanted.values()]
        for name, frame in zip(wanted, pl.collect_all(counted, engine="streaming"), strict=True):
            counts.setdefault(name, []).append(frame.select(pl.col("cell").cast(pl.String, strict=False), "rows"))
    merged = {name: pl.concat(parts).group_by("cell").agg(pl.col("rows").sum()) for name, parts in counts.items()}
    cells = merged.pop(MEMBERS + "|", None)
    every_member = None if cells is None else cells.select(member_of(spec, pl.col("cell")).alias("cell"), "rows")
    bare = {
        name: frame.select(
            pl.when(pl.col("cell").str.strip_chars() != "").then(pl.col("cell").str.strip_chars()).alias("cell"), "rows"
        ).sort("cell")
        for name, frame in merged.items()
    }
    return bare, every_member


def _drawn(files: Sequence[SourceFile], spec: TableMapping, raw: Sequence[str]) -> pl.DataFrame:
    """Return all lines of some orders as text, drawn by the order's id."""
    parts, rows = [], sum(file.rows - file.empty for file in files)
    order = spec.columns["order_id"].raw_columns
    for group, there in _alike(files, raw, spec):
        chosen = pl.struct(order).hash() % max(1, rows // DRAWN_LINES) == 0
        parts.append(_texts(_raw(group, there, spec).filter(chosen).select(there).collect(engine="streaming"), spec))
    return _filled(pl.concat(parts, how="diagonal"))
