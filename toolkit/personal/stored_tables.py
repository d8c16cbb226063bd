"""The small tables, dictionaries and import records of a workspace without somebody."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl

from toolkit.atomic import private_file, write_atomically
from toolkit.forgotten import FORGOTTEN, Forgotten, Names
from toolkit.importing.forgotten_members import record_without, set_aside_without
from toolkit.importing.tables import write_table
from toolkit.sources.spellings import MEMBER_IDS
from toolkit.workspace import ALIASES, ImportRecord, Workspace

OF_GOODS = ("products", "stores", "sales_targets", "stock", "tier_rules", "acquisition", "guides")
"""Tables that speak of no members: what looks like an id in them is a product or a store."""


def known_ids(ws: Workspace) -> pl.Series:
    """Return every id under which the workspace knows a member: of receipts, tables and aliases."""
    aliases = ws.aliases()
    ids = [ws.codes("member")["id"], aliases["id"], aliases["member_id"]]
    for name in ws.manifest.tables:
        table = ws.table(name)
        if table is not None and name not in OF_GOODS:
            columns = [column for column in MEMBER_IDS if column in table.collect_schema()]
            ids += [table.select(pl.col(column).cast(pl.String)).collect().to_series() for column in columns]
    return pl.concat([one.cast(pl.String) for one in ids]).drop_nulls().unique()


def all_ids_of(ws: Workspace, given: Sequence[str]) -> list[str]:
    """Return these ids and every other id of the same persons, sorted."""
    aliases = ws.aliases()
    stays = dict(aliases.iter_rows())
    members = {stays.get(one, one) for one in given}
    others = aliases.filter(pl.col("member_id").is_in(list(members)))["id"].to_list()
    return sorted({*given, *members, *others})


def tables_without(ws: Workspace, names: Names, folder: str) -> tuple[dict[str, str], dict[str, int]]:
    """Write the tables that name somebody without them; return the paths that change, and the rows gone by table.

    A row of theirs goes; where another row names them (`referred_by`, an attribute of the shop's) the cell is empty or says so.
    """
    paths, gone = {}, {}
    for name in ws.manifest.tables:
        table = ws.table(name)
        if table is None or name in OF_GOODS:
            continue
        before = table.collect()
        own = pl.col("member_id").cast(pl.String).is_in(list(names.ids)) if "member_id" in before.columns else pl.lit(False)
        if "person_id" in before.columns:  # all steps of a person who became one of them
            own = own | pl.col("person_id").is_in(before.filter(own.fill_null(False))["person_id"].implode())
        kept = before.filter(~own.fill_null(False))
        texts = [column for column in kept.columns if kept.schema[column] == pl.String]
        after = kept.with_columns(_without_cells(kept[one], names if one in MEMBER_IDS else names.in_prose()) for one in texts)
        if not after.equals(before):
            paths[name] = write_table(ws, folder, name, after)
            gone[name] = before.height - after.height
    return paths, gone


def codes_without(ws: Workspace, names: Names, forgotten: Forgotten, folder: str) -> dict[str, str]:
    """Write the dictionary of members (their code stays, with no id), the aliases and the list of the forgotten; return the paths."""
    member = ws.codes("member").with_columns(id=pl.when(~pl.col("id").is_in(list(names.ids))).then("id"))
    aliases = ws.aliases().filter(~pl.col("id").is_in(list(names.ids)) & ~pl.col("member_id").is_in(list(names.ids)))
    paths = {}
    for name, frame in (("member", member), (ALIASES, aliases), (FORGOTTEN, forgotten.frame)):
        if name == FORGOTTEN or name in ws.manifest.codes:
            path = ws.path / folder / f"{name}.parquet"
            path.parent.mkdir(parents=True, exist_ok=True)
            frame.write_parquet(private_file(path))
            paths[name] = f"{folder}/{name}.parquet"
    return paths


def member_codes(ws: Workspace, ids: Sequence[str]) -> list[int]:
    """Return the codes of some members."""
    return ws.codes("member").filter(pl.col("id").is_in(list(ids)))["code"].to_list()


def records_without(ws: Workspace, names: Names, folder: str) -> tuple[tuple[ImportRecord, ...], int]:
    """Return the import records with no id of theirs, their files of rows set aside written anew, and how many of these rows are gone."""
    records, gone = [], 0
    for record in ws.manifest.imports:
        clean = record_without(record, names)
        if clean.rejected_path and (ws.path / clean.rejected_path).exists():
            text, rows = set_aside_without((ws.path / clean.rejected_path).read_text("utf-8-sig"), names)
            if rows:
                path = f"{folder}/{clean.import_id}-{clean.table}.csv"
                (ws.path / folder).mkdir(parents=True, exist_ok=True)
                write_atomically(ws.path / path, "\ufeff" + text, private=True)
                clean, gone = clean.model_copy(update={"rejected_path": path}), gone + rows
        records.append(clean)
    return tuple(records), gone


def _without_cells(column: pl.Series, names: Names) -> pl.Series:
    texts = column.unique().drop_nulls().to_list()
    changes: dict[str, Any] = {one: None if one in names.ids else names.out_of(one) for one in texts if names.inside(one)}
    return column.replace(changes) if changes else column
