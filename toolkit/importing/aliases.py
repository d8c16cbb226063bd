"""Ids that are one member's under another id: kept in the workspace, put right in what comes and in what is there.

A code never changes. Where an id that has receipts becomes another member's, its lines are written anew with that member's code, once, by
the import that says so; what was tied once stays tied in those receipts until they are imported again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl

from toolkit.schemas import CONTRACT
from toolkit.sources.spellings import MEMBER_IDS, folded
from toolkit.workspace import LineFile, Workspace

if TYPE_CHECKING:
    from toolkit.importing.identities import People
    from toolkit.sources.convert import Typed

AGAIN = "the same member again, under another id"
LONGEST_WAY = 20
"""Steps from an id to the member; ways come of tables laid over each other, and one is short."""


def aliases_of(workspace: Workspace, fold_ids: Sequence[str], people: People | None) -> pl.DataFrame:
    """Return (id, member_id) of every id that is a member's under another id: what was known, and what this import says.

    What an identity table says of an id replaces what was known of it; other ids stay as they were.
    """
    known = workspace.aliases()
    if fold_ids:
        text = pl.concat([workspace.codes("member")["id"], known["id"], known["member_id"]]).unique()
        spelled = pl.DataFrame({"id": text}).with_columns(member_id=folded(pl.col("id"), fold_ids)).drop_nulls()
        spelled = spelled.filter(pl.col("id") != pl.col("member_id"))
        known = _laid_over(known.with_columns(folded(pl.col("id", "member_id"), fold_ids)).drop_nulls(), spelled)
    if people is not None:
        known = _laid_over(known, pl.DataFrame({"id": people.ids, "member_id": people.member_ids}))
    return known


def _laid_over(old: pl.DataFrame, new: pl.DataFrame) -> pl.DataFrame:
    """Return aliases, each with the member at the end of its way."""
    rest = old.sort("id", "member_id").unique("id", keep="first", maintain_order=True).join(new, on="id", how="anti")
    both = pl.concat([new, rest]).filter(pl.col("id") != pl.col("member_id"))
    for _ in range(LONGEST_WAY):
        further = both.join(both.select(member_id="id", end="member_id"), on="member_id", how="left")
        if further["end"].null_count() == further.height:
            break
        both = further.select("id", pl.coalesce("end", "member_id").alias("member_id")).filter(pl.col("id") != pl.col("member_id"))
    return both.sort("id")


def new_aliases(workspace: Workspace, aliases: pl.DataFrame) -> pl.DataFrame:
    """Return the aliases that the workspace does not have yet."""
    return aliases.join(workspace.aliases(), on=["id", "member_id"], how="anti")


def members_that_stay(workspace: Workspace, aliases: pl.DataFrame) -> pl.Series:
    """Return the members to whom receipts of the workspace go by these aliases: they need a code."""
    return aliases.join(workspace.codes("member"), on="id", how="semi")["member_id"].unique()


def in_one_name(frame: pl.LazyFrame, aliases: pl.DataFrame) -> pl.LazyFrame:
    """Return a table with every id of a member as the one that stays."""
    for column in MEMBER_IDS:
        if column in frame.collect_schema():
            names = aliases.lazy().select(pl.col("id").alias(column), pl.col("member_id").alias("stays"))
            frame = (
                frame.with_columns(pl.col(column).cast(pl.String))
                .join(names, on=column, how="left", maintain_order="left")
                .with_columns(pl.coalesce("stays", column).alias(column))
                .drop("stays")
            )
    return frame


def typed_in_one_name(typed: Typed, aliases: pl.DataFrame) -> Typed:
    """Return a converted table with every id of a member as the one that stays; rows that thereby come twice get a fault."""
    if aliases.is_empty():
        return typed
    written = pl.col("member_id").cast(pl.String).alias("member_before")
    key = CONTRACT[typed.table].primary_key()
    if "member_id" not in key:
        return replace(typed, frame=in_one_name(typed.frame, aliases), id_dtypes={**typed.id_dtypes, "member_id": pl.String()})
    frame = in_one_name(typed.frame.with_columns(written), aliases).collect(engine="streaming")
    own = pl.col("member_before") == pl.col("member_id")
    order = frame.filter(pl.col("fault").is_null()).sort(~own, "source_index").with_columns(own=own)
    again = order.filter(~pl.struct(key).is_first_distinct() & (~pl.col("own").all().over(key)))["source_index"]
    fault = pl.when(pl.col("source_index").is_in(again.implode())).then(pl.lit(AGAIN)).otherwise(pl.col("fault").cast(pl.String))
    return replace(typed, frame=frame.with_columns(fault.alias("fault")).drop("member_before").lazy())


def table_in_one_name(name: str, frame: pl.DataFrame, aliases: pl.DataFrame) -> pl.DataFrame:
    """Return a table of the workspace with every id of a member as the one that stays; of several rows of a key that of its own id, or the
    first.
    """
    if "member_id" not in frame.columns or aliases.is_empty():
        return frame
    key = CONTRACT[name].primary_key()
    renamed = in_one_name(frame.with_columns(member_before="member_id").lazy(), aliases).collect()
    if key:
        own = pl.col("member_before") == pl.col("member_id")
        renamed = renamed.sort(~own, maintain_order=True).unique(key, keep="first", maintain_order=True)
    return renamed.drop("member_before")


def moved_lines(
    workspace: Workspace, files: Sequence[LineFile], codes: pl.DataFrame, aliases: pl.DataFrame, folder: str
) -> tuple[list[LineFile], int]:
    """Return live files in which the lines of ids that are a member's under another id have that member's code, and how many moved.

    Parameters
    ----------
    codes
        The dictionary of members, every member that stays in it.
    aliases
        Those that are new (`new_aliases`): of the others no line is left.
    """
    stays = codes.select(member_id="id", stays="code")
    moves = aliases.join(codes, on="id").join(stays, on="member_id").select(member_code="code", stays="stays")
    if moves.is_empty():
        return list(files), 0
    partitions = workspace.manifest.partitions or 1
    is_moved = pl.col("member_code").is_in(moves["member_code"].implode())
    left: list[LineFile] = []
    count = 0
    for place, (old, source) in enumerate(sorted({(file.partition, file.source) for file in files})):
        away, ids = [], []  # of one source's part of a partition at a time: that is what memory is bounded by
        for number, file in enumerate(files):
            if (file.partition, file.source) != (old, source):
                continue
            path = workspace.data_file(file.path)
            if not pl.scan_parquet(path).select(is_moved.any()).collect().item():
                left.append(file)
                continue
            rows, own_ids = pl.read_parquet(path), pl.read_parquet(workspace.data_file(file.ids_path))
            away.append(rows.filter(is_moved))
            ids.append(own_ids)
            rest = rows.filter(~is_moved.fill_null(False))
            if rest.height:
                left.append(_written(workspace, f"{folder}/left-{number:05d}", old, rest, own_ids, source))
        if not away:
            continue
        moved = pl.concat(away).join(moves, on="member_code").with_columns(member_code="stays").drop("stays")
        count += moved.height
        placed = moved.sort("member_code", "ordered_at", "order_code").with_columns(partition=pl.col("member_code") % partitions)
        for (partition,), part in sorted(placed.partition_by("partition", as_dict=True, include_key=False, maintain_order=True).items()):
            left.append(_written(workspace, f"{folder}/moved-{place:05d}", int(partition), part, pl.concat(ids, how="diagonal"), source))
    return left, count


def _written(workspace: Workspace, folder: str, partition: int, lines: pl.DataFrame, ids: pl.DataFrame, source: str) -> LineFile:
    (workspace.path / folder).mkdir(parents=True, exist_ok=True)
    own = ids.join(lines.select("order_code").unique(), on="order_code", how="semi", maintain_order="left")
    from toolkit.importing.lines import write_partition  # who only reads ids here need not load what reads files

    return write_partition(workspace, folder, partition, lines, own, source=source)
