"""An identity table -> who is who: the ids of one person, found over all rows, and the member id that stays.

An id is the same in whichever column it stands. Two member numbers that share another id are a conflict: unless the mapping says that they
are one person, an id that stands beside one of them alone is that member's, and one beside both is nobody's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from toolkit.errors import DataError
from toolkit.importing.ties import tied_groups
from toolkit.language import tr
from toolkit.sources.contract_columns import CUT_BY_SPREADSHEET, cell_text
from toolkit.sources.convert import Typed
from toolkit.sources.mapping import Mapping
from toolkit.sources.records.delimited import BROKEN
from toolkit.sources.records.shelf import Shelf
from toolkit.sources.records.tables import Records, open_table
from toolkit.sources.specs import Identities
from toolkit.sources.spellings import folded, folded_texts

NO_ID = (
    "null", "none", "nan", "nil", "n/a", "na", "#n/a", "undefined", "unknown", "-", "--", "/", "\\n",
    "无", "無", "空", "未知", "暂无", "未填写", "なし", "нет",
)  # fmt: skip
"""Words that stand for no id, as zeros alone do."""
PLACEHOLDER = r"^(1\d{2}0{7,}|13800138000|0?123456789\d*|" + "|".join(f"{digit}{{6,}}" for digit in range(1, 10)) + ")$"
"""What is typed where a number is asked for and there is none: no id where it stands in more rows than one."""
SHOWN = 3
MOST_IDS_SHOWN = 5
NO_ID_AT_ALL = "no id"


@dataclass(frozen=True)
class People:
    """Who is who by an identity table."""

    typed: Typed  # its records: rows without any id are rejected
    rejected: pl.DataFrame  # source_index, fault
    ids: pl.Series  # every id of the table, sorted
    member_ids: pl.Series  # the member id that stands for it
    notes: tuple[str, ...] = field(default=())


@dataclass(frozen=True)
class _Ties:
    """The ids of a table as numbers, in the order of their texts."""

    ids: pl.Series
    rows: pl.DataFrame  # row, id (a number), column: each once
    groups: np.ndarray  # id -> smallest id that it is tied to
    is_member: np.ndarray  # ids that stand in the column of member numbers


def read_people(mapping: Mapping, shelf: Shelf) -> People | None:
    """Return who is who by the identity table of a mapping, or None where it has none.

    Raises
    ------
    MappingError
        The files lack a column.
    DataError
        More ids would be one person than the mapping allows; the id that ties them is named.
    """
    spec = mapping.identities
    if spec is None:
        return None
    groups = open_table(mapping.side_table("identities"), "identities", shelf)
    parts = [_cells(mapping, spec, records).collect(engine="streaming") for records in groups]
    cells = pl.concat(parts) if parts else pl.DataFrame(schema={"row": pl.Int64, "column": pl.Enum(spec.ids), "id": pl.String})
    typed = _as_typed(groups, shelf)
    cells, placeholders = _without_placeholders(cells, mapping, spec)
    ties = _ties(cells, spec)
    who, notes = _one_each(ties, spec)
    _refuse_towns(who, ties, mapping, spec)
    with_id = cells.select(source_index="row").unique()
    rejected = typed.frame.collect().join(with_id, on="source_index", how="anti", maintain_order="left")
    rejected = rejected.with_columns(pl.col("fault").fill_null(pl.lit(NO_ID_AT_ALL)))
    notes = [*_summary(ties, who), *notes, *_columns_note(ties), *placeholders]
    return People(typed, rejected, ties.ids, ties.ids.gather(who), tuple(notes))


def _cells(mapping: Mapping, spec: Identities, records: Records) -> pl.LazyFrame:
    """Return the filled cells as rows of row, column and id, in the spelling of the receipts' ids."""
    texts = [cell_text(name, records.schema[name]) for name in spec.ids]
    spelled = [folded(text, mapping.fold_ids).alias(name) for text, name in zip(texts, spec.ids, strict=True)]
    readable = records.frame.filter(pl.col("broken").is_null()) if records.has_broken else records.frame
    rows = readable.select(pl.col("source_index").alias("row"), *spelled)
    return (
        rows.unpivot(index="row", variable_name="column", value_name="id")
        .filter(pl.col("id").is_not_null())
        .with_columns(pl.col("column").cast(pl.Enum(spec.ids)))
    )


def _as_typed(groups: Sequence[Records], shelf: Shelf) -> Typed:
    none = pl.lit(None, pl.String)
    kinds = pl.col("broken").str.slice(1, 1).replace_strict(dict(BROKEN), default=None, return_dtype=pl.String)
    frames = [records.frame.select("source_index", (kinds if records.has_broken else none).alias("fault")) for records in groups]
    frame = pl.concat(frames) if frames else pl.LazyFrame(schema={"source_index": pl.Int64, "fault": pl.String})
    files = tuple(sorted((file for records in groups for file in records.files), key=lambda file: file.first_index))
    return Typed(
        "identities", frame, frame, files, mapped=frozenset(), notes=(), id_dtypes={}, records=tuple(groups), distinct=False, shelf=shelf,
        left_out={}, joined=(),
    )  # fmt: skip


def _without_placeholders(cells: pl.DataFrame, mapping: Mapping, spec: Identities) -> tuple[pl.DataFrame, list[str]]:
    """Return the cells that hold an id, and a sentence on those that hold a word or a number in place of one."""
    stated = {text for text in folded_texts([*spec.not_an_id, *mapping.tables["lines"].not_a_member], mapping.fold_ids) if text is not None}
    shaped = cells.filter(pl.col("id").str.contains(PLACEHOLDER), pl.col("column") != (spec.member_id or ""))
    several = shaped.group_by("id").agg(pl.col("row").n_unique()).filter(pl.col("row") > 1)["id"]
    id = pl.col("id")
    none = id.str.to_lowercase().is_in(NO_ID) | id.str.contains(r"^0+([.,]0+)?$") | id.is_in(sorted(stated)) | id.is_in(several.implode())
    none = none | id.str.to_uppercase().str.contains(CUT_BY_SPREADSHEET)
    left = cells.filter(none)
    if left.is_empty():
        return cells, []
    counts = left["id"].value_counts(sort=True).sort("count", "id", descending=[True, False])
    note = tr(
        "[identities] {cells:,} cells hold no id but a placeholder, such as {examples}; they tie nobody.",
        cells=left.height, examples=", ".join(map(repr, counts["id"].head(SHOWN))),
    )  # fmt: skip
    return cells.filter(~none), [note]


def _ties(cells: pl.DataFrame, spec: Identities) -> _Ties:
    ids = cells["id"].unique().sort()
    numbers = pl.DataFrame({"id": ids, "number": pl.Series(range(len(ids)), dtype=pl.Int64)})
    rows = cells.join(numbers, on="id").select("row", pl.col("number").alias("id"), "column").sort("row", "id")
    neighbours = rows.select("id", after=pl.col("id").shift(-1), same=pl.col("row") == pl.col("row").shift(-1)).filter("same")
    is_member = np.zeros(len(ids), dtype=bool)
    is_member[_in_column(rows, spec.member_id)["id"].to_numpy()] = True
    return _Ties(ids, rows, tied_groups(neighbours["id"].to_numpy(), neighbours["after"].to_numpy(), len(ids)), is_member)


def _one_each(ties: _Ties, spec: Identities) -> tuple[np.ndarray, list[str]]:
    """Return for each id the id that stays, and sentences on member numbers that are tied and are not taken for one person."""
    numbers = np.arange(len(ties.ids))
    members = pl.DataFrame({"group": ties.groups[ties.is_member], "member": numbers[ties.is_member]})
    of_group = members.group_by("group").agg(pl.col("member").min(), pl.len().alias("members"))
    stays_of = np.arange(len(ties.ids))
    stays_of[of_group["group"].to_numpy()] = of_group["member"].to_numpy()
    stays = stays_of[ties.groups]
    several = of_group.filter(pl.col("members") > 1)["group"].to_numpy()
    if spec.merge_members or not len(several):
        return stays, []
    torn = np.isin(ties.groups, several)
    own = numbers.copy()
    beside = _beside_members(ties, spec).join(pl.DataFrame({"id": numbers[torn]}), on="id", how="semi")
    single = beside.filter(pl.col("members") == 1)
    own[single["id"].to_numpy()] = single["member"].to_numpy()
    own[ties.is_member] = numbers[ties.is_member]
    stays[torn] = own[torn]
    return stays, [_conflict_note(ties, beside.filter(pl.col("members") > 1), len(several))]


def _in_column(cells: pl.DataFrame, column: str | None, *, is_there: bool = True) -> pl.DataFrame:
    """Return the cells of a column (or of all others); there is none without a name."""
    return cells.filter((pl.col("column") == column) == is_there) if column is not None else cells.head(0) if is_there else cells


def _beside_members(ties: _Ties, spec: Identities) -> pl.DataFrame:
    """Return id, member (the first), members (how many numbers it stands beside): ids that share a row with a member number."""
    numbered = _in_column(ties.rows, spec.member_id).select("row", member="id")
    pairs = ties.rows.join(numbered, on="row").filter(pl.col("id") != pl.col("member"))
    return pairs.group_by("id").agg(
        pl.col("member").min(), pl.col("member").n_unique().alias("members"), pl.col("member").max().alias("last")
    )


def _conflict_note(ties: _Ties, shared: pl.DataFrame, groups: int) -> str:
    if shared.is_empty():
        return tr(
            "[identities] Conflicts: {groups:,}. Several member numbers are tied by a chain of ids; each id is the member's beside whose "
            "number it stands. Where they are one person each, write under [identities]: merge_members = true",
            groups=groups,
        )  # fmt: skip
    shown = "; ".join(
        tr("{id} beside {first} and {second}", id=repr(ties.ids[id]), first=repr(ties.ids[first]), second=repr(ties.ids[last]))
        for id, first, last in shared.sort("id").select("id", "member", "last").head(SHOWN).iter_rows()
    )
    return tr(
        "[identities] Conflicts: {groups:,}. Ids that stand beside several member numbers: {ids:,} ({examples}). Such an id is nobody's, "
        "and those members stay apart. Where they are one person each, write under [identities]: merge_members = true",
        groups=groups, ids=shared.height, examples=shown,
    )  # fmt: skip


def _refuse_towns(who: np.ndarray, ties: _Ties, mapping: Mapping, spec: Identities) -> None:
    """Raise where more ids are one person than the mapping allows."""
    sizes = pl.DataFrame({"stays": who}).group_by("stays").len().filter(pl.col("len") > spec.largest_person)
    if sizes.is_empty():
        return
    faults = []
    for stays, size in sizes.sort("len", "stays", descending=[True, False]).head(SHOWN).iter_rows():
        inside = ties.rows.filter(pl.col("id").is_in(np.flatnonzero(who == stays)))
        beside = inside.join(inside.select("row", other="id"), on="row").filter(pl.col("id") != pl.col("other"))
        degree = beside.group_by("id").agg(pl.col("other").n_unique().alias("others")).sort("others", "id", descending=[True, False])
        hub, others = degree.row(0)
        column = inside.filter(id=hub)["column"].cast(pl.String).sort()[0]
        examples = ties.ids.gather(np.sort(beside.filter(id=hub)["other"].unique().to_numpy())[:SHOWN]).to_list()
        faults.append(
            tr(
                "{where}: {size:,} ids would be one person through {hub} in the column '{column}', which stands beside {others:,} others, "
                "such as {examples}. A person has {largest} ids at most: write not_an_id = [{line}] under [identities] where it is "
                "nobody's id, or raise largest_person.",
                where=f"{mapping.label} [identities]", size=size, hub=repr(ties.ids[hub]), column=column, others=others,
                examples=", ".join(map(repr, examples)), largest=spec.largest_person, line=f'"{ties.ids[hub]}"',
            )
        )  # fmt: skip
    raise DataError("\n".join(faults))


def _summary(ties: _Ties, who: np.ndarray) -> list[str]:
    """Return how many ids are how many people, and the largest of them."""
    if not len(ties.ids):
        return []
    people = pl.DataFrame({"stays": who}).group_by("stays").len()
    largest = people.filter(pl.col("len") > 1).sort("len", "stays", descending=[True, False]).head(SHOWN)
    listed = {stays: ties.ids.gather(np.flatnonzero(who == stays)[:MOST_IDS_SHOWN]).to_list() for stays in largest["stays"]}
    shown = "; ".join(
        f"{ties.ids[stays]!r} ({', '.join(listed[stays])}{', ...' if count > MOST_IDS_SHOWN else ''})"
        for stays, count in largest.iter_rows()
    )
    single = ties.rows.group_by("row").agg(different=pl.col("id").min() != pl.col("id").max()).filter(~pl.col("different")).height
    notes = [tr("[identities] {ids:,} ids are {people:,} people.", ids=len(ties.ids), people=people.height)]
    if shown:
        notes.append(tr("[identities] Those of most ids: {largest}.", largest=shown))
    if single:
        notes.append(tr("[identities] {single:,} rows name one id only and tie nothing.", single=single))
    return notes


def _columns_note(ties: _Ties) -> list[str]:
    """Return a sentence on ids that stand in several columns: they are taken for the same id."""
    number = pl.col("column").to_physical()
    several = ties.rows.group_by("id").agg(several=number.min() != number.max()).filter("several").sort("id")
    if several.is_empty():
        return []
    id = several["id"][0]
    columns = ties.rows.filter(id=id)["column"].unique().cast(pl.String).sort()
    return [
        tr(
            "[identities] {ids:,} ids stand in several columns, such as {id} in {columns}; each is taken for one and the same id.",
            ids=several.height, id=repr(ties.ids[id]), columns=", ".join(map(repr, columns)),
        )
    ]  # fmt: skip
