"""The import, step by step: read, check, set aside, code, partition, replace, commit.

Everything is written beside the live data first; the manifest is replaced last and in one step.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from toolkit.atomic import private_file, private_folder
from toolkit.edits import edit_notes
from toolkit.errors import DataError, MappingError
from toolkit.forgotten import FORGOTTEN
from toolkit.importing import lines as line_steps
from toolkit.importing.absent_members import absent_members
from toolkit.importing.admission import admitted, plan_orders, replaced_sources
from toolkit.importing.aliases import aliases_of, members_that_stay, moved_lines, new_aliases, table_in_one_name, typed_in_one_name
from toolkit.importing.cancellations import cancelled_orders, mirrored_question
from toolkit.importing.changed_types import changed_types, types_of
from toolkit.importing.forgotten_members import ForgottenMembers, forgotten_of
from toolkit.importing.goods import MARKS, told_apart
from toolkit.importing.identities import People, read_people
from toolkit.importing.merge_notes import merge_notes
from toolkit.importing.order_values import is_shared, share_out
from toolkit.importing.overlap import overlaps
from toolkit.importing.progress import LINES, ORDERS, TABLES, VALUES, WRITING, Progress, silent
from toolkit.importing.repeated import repeated_orders
from toolkit.importing.replace import Replacement, held_days, plan_replacement, surviving
from toolkit.importing.respread import needs_respreading, partitions_for, respread
from toolkit.importing.retained import DOCUMENT as PERSONAL
from toolkit.importing.retained import without_old_members
from toolkit.importing.set_aside import many_set_aside, nothing_kept, reasons_of, refusal, unread_cells
from toolkit.importing.since import left_out_since, rows_since
from toolkit.importing.tables import lay_over, outside_words, split_table, write_table
from toolkit.language import tr
from toolkit.roles import require_role
from toolkit.sources.convert import Typed, typed_table
from toolkit.sources.mapping import Mapping, read_mapping, with_first_rows
from toolkit.sources.plausibility import Question, is_answered, open_questions
from toolkit.sources.presets.complete_journey import complete_journey
from toolkit.sources.records.shelf import Shelf
from toolkit.workspace import ALIASES, ImportRecord, LineFile, Workspace

COMPLETE_JOURNEY = "complete-journey"
"""The name by which the demo receipts are imported."""
SEARCHED_ROWS, SEARCHED_SHARE = 200_000, 0.02
"""Without a word in the mapping, cancellations are looked for in imports of this many rows at most, or where orders worth less than nothing
are this share of the rows: two more passes over the lines cost a third of a large import."""
ASKED_SHARE = 0.01
"""Mirrored orders that hold this share of the rows are asked about; fewer are a note: now and then a whole order is brought back."""
STORE_DAY = ("store_id", "order_id", pl.col("ordered_at").dt.date().alias("day"))


@dataclass(frozen=True)
class ImportReport:
    """What an import did, table by table; rows in = rows kept + rows set aside + rows that the mapping leaves out."""

    workspace: Path
    records: tuple[ImportRecord, ...]
    questions: tuple[Question, ...] = ()  # what the values leave open and the mapping does not answer; each is also a note of the lines

    @property
    def rejected(self) -> int:
        """Rows set aside in all tables."""
        return sum(record.rows_rejected for record in self.records)

    def __str__(self) -> str:
        return "\n".join(line for record in self.records for line in describe(record, self.workspace))


def import_receipts(
    source: Mapping | str | Path,
    workspace: str | Path,
    *,
    allow_shrinking: bool = False,
    accept_defaults: bool = False,
    announce: Callable[[str], object] = str,
    progress: Progress | None = None,
) -> ImportReport:
    """Import what a mapping describes into a workspace (made if it is not there) and report every row.

    Parameters
    ----------
    source
        Path of a mapping file, a `Mapping`, or `"complete-journey"`.
    workspace
        The workspace's folder.
    allow_shrinking
        Replace store days even where less than half of their lines would be left, or of their orders come again.
    accept_defaults
        Go on where the values leave a question open; the report says which were not answered.
    announce
        Called with each sentence on what the import replaces, before it does.
    progress
        Told each step as it is done: its name, how many of its parts are done, and of how many.

    Returns
    -------
    ImportReport
        Per table: rows in, kept, set aside by reason, left out by the mapping, lines replaced.

    Raises
    ------
    MappingError
        The mapping and the files do not fit; all faults at once.
    DataError
        No line of the receipts could be kept, or their values leave questions open (all of them at once).
    ImportRefused
        The import would wipe out days of receipts, or bring orders that are there from another source.
    WorkspaceError
        Another process writes there, the disk is full, or the workspace is from a newer version. The workspace is as it was.

    Example
    -------
    >>> import toolkit as tk
    >>> print(tk.import_receipts("complete-journey", "demo/workspace"))     # doctest: +SKIP
    """
    mapping, tell = open_source(source), progress or silent
    with (
        Workspace.for_import(workspace, currency=mapping.currency, minor_digits=mapping.minor_digits) as ws,
        ws.writing() as commit_id,
    ):
        require_role(ws, "owner", tr("bringing receipts in"))
        staging = private_folder(ws.path / "staging" / commit_id)
        shelf = Shelf(staging / "files")
        changes, records = {}, []
        questions: tuple[Question, ...] = ()
        people = read_people(mapping, shelf)
        names = aliases_of(ws, mapping.fold_ids, people)
        gone = forgotten_of(ws, names, people)
        known = gone.known_aliases(names)
        tables: dict[str, tuple[pl.DataFrame, pl.DataFrame]] = {}
        for number, name in enumerate(mapping.tables):
            if name != "lines":
                tell(TABLES, number, len(mapping.tables))
                converted = typed_table(mapping, name, shelf=shelf)
                gone = gone.with_those_of(converted, names)
                typed = typed_in_one_name(converted, names)
                kept, rejected = split_table(name, typed)
                rows_in = kept.height + rejected.height if typed.distinct else typed.rows_in
                kept, forgotten = gone.out_of_rows(kept)
                tables[name] = (kept, rejected)
                left_out = ({} if typed.distinct else typed.left_out) | forgotten  # a `distinct` table counts keys, not rows
                record = _record(ws, commit_id, mapping, name, typed, rows_in, kept.height, rejected, left_out)
                questions += changed_types(ws, mapping, name, typed)
                words = outside_words(mapping, name, typed, rejected)
                records.append(record.model_copy(update={"notes": (*record.notes, *words)}))
                if rows_in and not kept.height and not left_out:
                    questions += tuple(one for one in [nothing_kept(record, words)] if not is_answered(one, mapping.answers))
        if questions and not accept_defaults:
            raise DataError(refusal(mapping, questions))
        if "members" in tables:
            absent = absent_members(ws, mapping, tables["members"][0], allow_shrinking=allow_shrinking)
            records = [one.model_copy(update={"notes": one.notes + absent.notes}) if one.table == "members" else one for one in records]
        whole = {name: lay_over(ws, name, kept, mapping.source_name, known) for name, (kept, _) in tables.items()}
        if "members" in whole:
            whole["members"] = absent.laid_on(whole["members"])
        changes["tables"] = {
            **ws.manifest.tables,
            **{name: write_table(ws, f"tables/{commit_id}", name, table) for name, table in whole.items()},
            **_renamed_tables(ws, commit_id, known, [name for name in ws.manifest.tables if name not in tables]),
        }
        extra = {
            name: tables[table][0][column]
            for name, table, column in (("product", "products", "product_id"), ("store", "stores", "store_id"))
            if table in tables
        }
        if people is not None:
            records.append(_people_record(ws, commit_id, mapping, people))
        if "lines" in mapping.tables:
            products = whole["products"] if "products" in whole else ws.table("products")
            line_changes, record, asked = _import_lines(
                ws,
                mapping,
                commit_id,
                staging,
                shelf,
                extra,
                products,
                names,
                gone,
                people,
                announce,
                tell,
                allow_shrinking=allow_shrinking,
                accept_defaults=accept_defaults,
            )
            changes.update(line_changes)
            records.insert(0, record)
            questions += asked
        records = [gone.out_of_record(ws, one) for one in records]
        ws.commit(imports=(*ws.manifest.imports, *records), **changes)
    return ImportReport(ws.path, tuple(records), questions)


def check_receipts(
    source: Mapping | str | Path,
    workspace: str | Path | None = None,
    *,
    allow_shrinking: bool = False,
    announce: Callable[[str], object] = str,
    first_rows: int | None = None,
) -> ImportReport:
    """Check what a mapping describes without importing it; the report is that of an import, open questions are in it.

    With a workspace, it is that of an import into it: what would be replaced is announced, and what would be refused is raised.
    With `first_rows`, no more rows than these are read of each table of a database; the report says so.

    Raises as `import_receipts`, but for open questions. Nothing is kept.
    """
    with tempfile.TemporaryDirectory(prefix="toolkit-check-") as folder:
        beside = Path(folder) / "workspace"
        if workspace is not None and (Path(workspace) / "manifest.json").exists():
            Workspace(workspace).sketch(beside)
        source = open_source(source) if first_rows is None else with_first_rows(open_source(source), first_rows)
        return import_receipts(source, beside, allow_shrinking=allow_shrinking, accept_defaults=True, announce=announce)


def open_source(source: Mapping | str | Path) -> Mapping:
    """Return the mapping of a source: a mapping file, a folder that holds a mapping.toml, or the name of the demo."""
    if isinstance(source, Mapping):
        return source
    if str(source) == COMPLETE_JOURNEY:
        return complete_journey()
    path = Path(source)
    if path.is_dir() and (path / "mapping.toml").exists():
        path = path / "mapping.toml"
    if not path.exists():
        raise MappingError(
            tr(
                "There is no mapping file {path}. Propose one with `toolkit map FILES > mapping.toml`, or import '{example}'.",
                path=path,
                example=COMPLETE_JOURNEY,
            )
        )
    return read_mapping(path)


def _import_lines(
    ws: Workspace,
    mapping: Mapping,
    commit_id: str,
    staging: Path,
    shelf: Shelf,
    extra: dict[str, pl.Series],
    products: pl.DataFrame | pl.LazyFrame | None,
    names: pl.DataFrame,
    gone: ForgottenMembers,
    people: People | None,
    announce: Callable[[str], object],
    tell: Progress,
    *,
    allow_shrinking: bool,
    accept_defaults: bool,
) -> tuple[dict, ImportRecord, tuple[Question, ...]]:
    """Bring the lines in beside the live ones; return the changes of the manifest, the record and what stays open."""
    tell(LINES, 0, 1)
    converted = typed_table(mapping, "lines", shelf=shelf)
    gone = gone.with_those_of(converted, names)
    typed = gone.out_of_lines(typed_in_one_name(converted, names))
    names = gone.known_aliases(names)
    lines = typed.kept
    in_other_zone = mapping.zone_of_times("lines") not in (None, mapping.time_zone)
    are_written = bool(names.height or gone.ids or in_other_zone or any(file.dialect for file in typed.files))
    if are_written:  # parse text, move times once, not once per pass
        lines = line_steps.written(lines, staging / "typed", typed.rows_in, typed.mapped)
    earlier = 0
    if mapping.since is not None:
        lines, earlier = rows_since(typed, lines, mapping.since)
    unshared = pl.DataFrame(schema={"source_index": pl.Int64, "fault": pl.String})
    if is_shared(mapping.tables["lines"]):
        if "line_id" in typed.mapped:  # a line that came twice takes no second share
            again = line_steps.duplicate_line_ids(lines)
            lines = lines.join(again.lazy().select("source_index"), on="source_index", how="anti", maintain_order="none")
            unshared = again
        lines, unfit = share_out(lines, mapping.tables["lines"], staging, typed.rows_in)
        unshared = pl.concat([unshared, unfit])
    tell(VALUES, 0, 1)
    questions = (*changed_types(ws, mapping, "lines", typed), *open_questions(mapping, typed, lines, are_written=are_written))
    if questions and not accept_defaults:
        raise DataError(refusal(mapping, questions))
    tell(ORDERS, 0, 1)
    faults = line_steps.order_faults(lines, typed.files)
    rejected, files_disagree = faults.rows, ""
    if faults.in_files.len():
        repeated, files_disagree = repeated_orders(lines, faults.in_files, line_steps.order_key(), typed.files)
        rejected = pl.concat([rejected, repeated]).unique("source_index", keep="first", maintain_order=True)
    if "line_id" in typed.mapped:
        again = line_steps.duplicate_line_ids(lines)
        rejected = pl.concat([again, rejected]).unique("source_index", keep="first", maintain_order=True)
    if rejected.height:
        lines = lines.join(rejected.lazy().select("source_index"), on="source_index", how="anti", maintain_order="none")
    lines = without_old_members(ws, lines)
    rejected = pl.concat([unshared, rejected])
    left_out, notes = dict(typed.left_out), ()
    if earlier:
        left_out[tr("of days that were read on an earlier night")] = earlier
    out = None if typed.out is None else left_out_since(typed, typed.out.filter(pl.col("fault").is_null()), mapping.since)
    unwanted = [] if out is None else [out.select(*STORE_DAY)]
    wish = mapping.tables["lines"].cancellations
    asked = typed.rows_in <= SEARCHED_ROWS or faults.negative.height >= SEARCHED_SHARE * typed.rows_in
    if faults.negative.height and (wish == "mirrored" or (wish is None and asked)):
        cancelled = cancelled_orders(lines, faults.negative, line_steps.order_key())
        if wish == "mirrored" and cancelled.rows.height:
            lines = lines.join(cancelled.rows.lazy().select("source_index"), on="source_index", how="anti", maintain_order="none")
            left_out[tr("of orders that were cancelled, and their cancellations")] = cancelled.rows.height
            unwanted.append(cancelled.rows.lazy().select("store_id", "order_id", "day"))
        elif cancelled.pairs.height:
            question = mirrored_question(cancelled, mapping.tables["lines"].columns["order_id"].raw_columns)
            if not is_answered(question, mapping.answers):
                if cancelled.rows.height < ASKED_SHARE * typed.rows_in:
                    notes = (str(question),)
                else:
                    questions = (*questions, question)
                    if not accept_defaults:
                        raise DataError(refusal(mapping, questions))
    goods = told_apart(ws, mapping, typed, lines, products)
    lines = goods.lines
    left_out |= goods.left_out
    notes += goods.notes
    if goods.out is not None:
        unwanted.append(goods.out.select(*STORE_DAY))
    fresh = new_aliases(ws, names)
    if fresh.height:
        extra = {**extra, "member": members_that_stay(ws, fresh)}
    codes = line_steps.codes_of(ws, lines, extra)
    if goods.marks.height or MARKS in ws.manifest.codes:
        codes[MARKS] = goods.marks
    total = sum(file.rows for file in ws.manifest.line_files)
    partitions = partitions_for(ws, typed.rows_in)
    coded = line_steps.code_lines(lines.with_columns(line_steps.order_key().alias("order_key")), codes, typed, partitions)
    stored, days = _write_lines(
        ws, coded, f"lines/{commit_id}", staging / "partitions", partitions, mapping.source_name, tell, several_times=faults.several_times
    )
    rows_kept = sum(file.rows for file in stored)
    record = _record(ws, commit_id, mapping, "lines", typed, typed.rows_in, rows_kept, rejected, left_out, found_later=True)
    if unread := many_set_aside(record, rejected.height, mapping.answers):
        questions = (*questions, unread)
        if rows_kept and not accept_defaults:
            raise DataError(refusal(mapping, questions))
    if not rows_kept:
        shown = {reason: tr(" ({cell} in row {row})", cell=repr(cell), row=row) for reason, (cell, row) in record.examples.items()}
        reasons = "; ".join(f"{reason}: {rows:,}{shown.get(reason, '')}" for reason, rows in (record.reasons | record.left_out).items())
        if not typed.rows_in and (empty := [file.title for file in typed.files if file.source]):
            raise DataError(tr("{tables} holds no row: nothing was imported, and nothing was changed.", tables=tr(", ").join(empty)))
        reasons = reasons or tr("the files hold no rows")
        raise DataError(
            tr(
                "No line of '{name}' could be kept ({reasons}). Nothing was changed. Mend the mapping or the files and import again.",
                name=mapping.name,
                reasons=reasons,
            )
        )
    left_orders = _left_orders(unwanted if ws.manifest.line_files else [], codes["store"])
    days = _with_days_of(left_orders, days)
    held = held_days(ws, days)
    found = overlaps(ws, stored, left_orders, held, mapping.source_name)
    held = held.of(replaced_sources(mapping, found))
    by_order = mapping.tables["lines"].replaces == "orders"
    replacement = plan_orders(ws, stored, left_orders, held) if by_order else plan_replacement(held, days)
    told, beside = admitted(mapping, found, replacement, codes["store"], allow_shrinking=allow_shrinking)
    for sentence in told + beside:
        announce(sentence)
    kept_files = _replace(ws, commit_id, replacement)
    kept_files, moved = moved_lines(ws, kept_files, codes["member"], fresh, f"lines/{commit_id}")
    if moved:
        notes = (*notes, tr("{lines:,} lines that were there before have the member now whose id they name.", lines=moved))
    if needs_respreading(ws, kept_files, partitions):
        kept_files = respread(ws, kept_files, f"lines/{commit_id}/respread", partitions)
    columns = {
        *ws.manifest.line_columns,
        *(name for name in typed.mapped if name in ("discount_amount", "coupon_amount", "channel", "line_id", "guide_id")),
    }
    changes = {
        "partitions": partitions,
        "line_files": (*kept_files, *stored),
        "line_columns": tuple(sorted(columns)),
        "codes": {
            **{name: path for name, path in ws.manifest.codes.items() if name == FORGOTTEN},
            **{
                name: _write_codes(ws, commit_id, name, frame) for name, frame in (codes | ({ALIASES: names} if len(names) else {})).items()
            },
        },
    }
    first, last = min(file.first_day for file in stored), max(file.last_day for file in stored)
    notes = (
        record.notes
        + notes
        + tuple(filter(None, [files_disagree, *beside]))
        + tuple(merge_notes(mapping, typed, lines, people))
        + ((tr("{total:,} lines were there before.", total=total),) if total else ())
    )
    notes += tuple(tr("not answered: {question}", question=question) for question in questions)
    notes += (*gone.note, *edit_notes(ws.path, [f"{PERSONAL}.toml"]))
    record = record.model_copy(update={"rows_replaced": replacement.rows, "first_day": first, "last_day": last, "notes": notes})
    return changes, gone.out_of_record(ws, record), questions


def _renamed_tables(ws: Workspace, commit_id: str, names: pl.DataFrame, tables: Sequence[str]) -> dict[str, str]:
    """Write the tables that an import does not bring and in which it gives members another id; return their paths."""
    if new_aliases(ws, names).is_empty():
        return {}
    before = {name: frame.collect() for name in tables if (frame := ws.table(name)) is not None}
    after = {name: table_in_one_name(name, frame, names) for name, frame in before.items()}
    return {name: write_table(ws, f"tables/{commit_id}", name, after[name]) for name in after if not after[name].equals(before[name])}


def _people_record(ws: Workspace, commit_id: str, mapping: Mapping, people: People) -> ImportRecord:
    rows = people.typed.rows_in
    kept = rows - people.rejected.height
    record = _record(ws, commit_id, mapping.side_table("identities"), "identities", people.typed, rows, kept, people.rejected, {})
    return record.model_copy(update={"notes": (*record.notes, *people.notes)})


def _left_orders(unwanted: Sequence[pl.LazyFrame], stores: pl.DataFrame) -> pl.DataFrame:
    """Return store_code, day, id (a hash) of the orders that the files hold and that are not wanted."""
    order = (pl.col("store_id").cast(pl.String).alias("store"), "day", pl.col("order_id").cast(pl.String).hash(seed=1).alias("id"))
    spoken = [frame.select(order).unique().collect(engine="streaming") for frame in unwanted]
    if not spoken:
        return pl.DataFrame(schema={"store_code": pl.UInt32, "day": pl.Date, "id": pl.UInt64})
    return pl.concat(spoken).join(stores, left_on="store", right_on="id").select("day", "id", store_code="code")


def _with_days_of(left_orders: pl.DataFrame, days: pl.DataFrame) -> pl.DataFrame:
    """Return the store days of the new lines, and with no lines those that only unwanted orders speak of: they are replaced as well."""
    if left_orders.is_empty():
        return days
    spoken = left_orders.select("store_code", "day", lines_now=pl.lit(0, pl.UInt32)).cast(days.schema)  # type: ignore[arg-type]
    return pl.concat([days, spoken]).group_by("store_code", "day").agg(pl.col("lines_now").sum())


def _write_lines(
    ws: Workspace, coded: pl.LazyFrame, folder: str, staging: Path, partitions: int, source: str, tell: Progress, *, several_times: bool
) -> tuple[list[LineFile], pl.DataFrame]:
    """Write the partitions; return their entries and the lines per store day."""
    (ws.path / folder).mkdir(parents=True)
    number = int(folder.rsplit("/", 1)[1]) * line_steps.MOST_PARTITIONS
    files, days = [], []
    tell(WRITING, 0, partitions)
    for partition, scan in enumerate(line_steps.staged_partitions(coded, staging, partitions)):
        tell(WRITING, partition, partitions)
        if scan is None:
            continue
        rows = scan.drop("partition", strict=False).collect(engine="streaming").rechunk()  # gathers from many chunks are slow
        if rows.is_empty():
            continue
        stored, ids = line_steps.sort_partition(rows, number + partition, several_times=several_times)
        files.append(line_steps.write_partition(ws, folder, partition, stored, ids, source=source))
        days.append(line_steps.lines_per_store_day(stored))
    if not days:
        return [], pl.DataFrame(schema={"store_code": pl.UInt32, "day": pl.Date, "lines_now": pl.UInt32})
    return files, pl.concat(days).group_by("store_code", "day").agg(pl.col("lines_now").sum())


def _replace(ws: Workspace, commit_id: str, replacement: Replacement) -> list[LineFile]:
    """Return the live files as they will be: untouched ones, and touched ones rewritten without the replaced store days."""
    files = []
    for number, file in enumerate(ws.manifest.line_files):
        if file not in replacement.files:
            files.append(file)
            continue
        rest = surviving(ws, file, replacement)
        if rest.is_empty():
            continue
        ids = pl.read_parquet(ws.data_file(file.ids_path)).join(
            rest.select("order_code").unique(), on="order_code", how="semi", maintain_order="left"
        )
        folder = f"lines/{commit_id}/kept-{number:05d}"
        (ws.path / folder).mkdir(parents=True)
        files.append(line_steps.write_partition(ws, folder, file.partition, rest, ids, source=file.source))
    return files


def _write_codes(ws: Workspace, commit_id: str, name: str, frame: pl.DataFrame) -> str:
    path = f"codes/{commit_id}/{name}.parquet"
    (ws.path / path).parent.mkdir(parents=True, exist_ok=True)
    frame.write_parquet(private_file(ws.path / path))
    return path


def _record(
    ws: Workspace,
    commit_id: str,
    mapping: Mapping,
    table: str,
    typed: Typed,
    rows_in: int,
    rows_kept: int,
    rejected: pl.DataFrame,
    left_out: dict[str, int],
    *,
    found_later: bool = False,
) -> ImportRecord:
    """Write the rows that were set aside and return the record; the sum of rows is checked, not assumed."""
    path = None
    reasons: Counter[str] = Counter()
    examples: dict[str, tuple[str, int]] = {}
    set_aside = rows_in - rows_kept - sum(left_out.values())
    if set_aside:
        path = f"rejected/{commit_id}/{table}.csv"
        (ws.path / path).parent.mkdir(parents=True, exist_ok=True)
        parts = [typed.reject(rejected).lazy()] if rejected.height else []
        if found_later and set_aside != rejected.height:
            parts.append(typed.rejected.lazy())
        rows = pl.concat(parts).select(pl.lit(table).alias("table"), pl.all()).sort("source_file", "source_row").collect(engine="streaming")
        rows.write_csv(private_file(ws.path / path), include_bom=True)
        reasons = Counter(dict(rows["fault"].value_counts(sort=True).iter_rows()))
        examples = unread_cells(rows, mapping.tables[table])
        if rows.height != set_aside:
            raise DataError(
                tr(
                    "{table}: {rows_in:,} rows came in, {rows_kept:,} were kept and {set_aside:,} set aside, which does not add up. "
                    "Nothing was changed. The files may have been written to during the import: run it again.",
                    table=table,
                    rows_in=rows_in,
                    rows_kept=rows_kept,
                    set_aside=rows.height,
                )
            )
    return ImportRecord(
        import_id=commit_id,
        name=mapping.name,
        source=mapping.source_name,
        table=table,
        rows_in=rows_in,
        rows_kept=rows_kept,
        rows_rejected=set_aside,
        rejected_path=path,
        reasons=dict(reasons.most_common()),
        examples=examples,
        left_out=left_out,
        notes=tuple(typed.notes),
        types=types_of(typed),
    )


def describe(record: ImportRecord, workspace: Path) -> list[str]:
    """Return the lines that tell a person what happened to one table."""
    lines = [
        tr(
            "{table}: {rows_in:,} rows in = {kept:,} kept + {aside:,} set aside",
            table=record.table, rows_in=record.rows_in, kept=record.rows_kept, aside=record.rows_rejected,
        )
    ]  # fmt: skip
    if record.left_out:
        lines[0] += tr(" + {rows:,} left out by the mapping", rows=record.rows_left_out)
    if record.first_day:
        lines[0] += tr(" ({first_day} to {last_day})", first_day=record.first_day, last_day=record.last_day)
    if record.rows_replaced:
        lines.append(tr("  {rows:,} lines of the same store days were there before and were replaced", rows=record.rows_replaced))
    lines += [f"  {text}" for text in reasons_of(record)]
    lines += [tr("  {rows:,} x left out: {reason}", rows=rows, reason=reason) for reason, rows in record.left_out.items()]
    if record.rejected_path:
        lines.append(f"  see {workspace / record.rejected_path}")
    lines += [tr("  note: {note}", note=note) for note in record.notes]
    return lines


__all__ = ["ImportReport", "check_receipts", "describe", "import_receipts", "open_source"]
